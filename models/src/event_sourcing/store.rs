//! The store: one stream of events for each aggregate, and all of them in one order.
//!
//! Appends what was decided on the version that the aggregate has, and nothing else (Young, "the
//! expected version"): of two handlers that decide at once, one is refused.

use std::collections::{BTreeMap, VecDeque};

use murphy_sim::{Context, LogIndex, NodeId, View};

use super::{Config, EventSourcing, Message, Mutant, Record, Version};
use crate::{
    service::events::{self, EventId, Key},
    shared::{
        commit_log::{Change, CommitLog},
        group_commit::GroupCommit,
    },
};

/// The store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Store {
    config: Config,
    /// All events: the one at position `p` is the `p`th record.
    log: CommitLog,
    /// The version of each aggregate, with what is not durable.
    versions: BTreeMap<Key, Version>,
    /// Answers that wait until the event at a position is durable.
    answers: VecDeque<(u64, NodeId, Message)>,
    commits: GroupCommit,
}

type Ctx<'a> = Context<'a, EventSourcing>;

impl Store {
    pub(super) fn start(config: Config, disk: &[Record]) -> Store {
        let mut store = Store {
            config,
            log: CommitLog::default(),
            versions: BTreeMap::new(),
            answers: VecDeque::new(),
            commits: GroupCommit::default(),
        };
        for record in disk {
            let Record::Event(change) = record else {
                unreachable!("a store writes events only, not {record:?}");
            };
            store.push(change.key, change.event);
        }
        store.log.make_durable(store.log.length());
        store
    }

    fn push(&mut self, key: Key, event: EventId) -> (Change, Version) {
        let version = self.versions.entry(key).or_default();
        *version += 1;
        (self.log.push(key, event), *version)
    }

    pub(super) fn on_message(&mut self, from: NodeId, message: &Message, ctx: &mut Ctx<'_>) {
        match *message {
            Message::Append {
                key,
                expected,
                event,
            } => self.append(from, key, expected, event, ctx),
            Message::Load { key, after } => {
                let stream = self.stream(key);
                let events = stream[stream.len().min(after as usize)..].to_vec();
                ctx.send(from, Message::Loaded { key, after, events });
            }
            Message::Follow { after } => {
                let upto = self
                    .log
                    .durable()
                    .min(after.saturating_add(self.config.batch));
                let changes = self.log.slice(after, upto).to_vec();
                if !changes.is_empty() {
                    ctx.send(from, Message::Events { changes });
                }
            }
            Message::Loaded { .. }
            | Message::Appended { .. }
            | Message::Conflict { .. }
            | Message::Events { .. } => unreachable!("{message:?} is not meant for a store"),
        }
    }

    fn append(
        &mut self,
        from: NodeId,
        key: Key,
        expected: Version,
        event: EventId,
        ctx: &mut Ctx<'_>,
    ) {
        let version = self.versions.get(&key).copied().unwrap_or(0);
        if version != expected && !self.config.has(Mutant::ExpectedVersionIgnored) {
            ctx.reached("conflict");
            return self.answer(from, Message::Conflict { key, expected }, ctx);
        }
        let (change, version) = self.push(key, event);
        let index = ctx.append(Record::Event(change));
        assert_eq!(index.0, change.position, "an event is a record");
        self.commits.written(ctx);
        ctx.reached("appending");
        let answer = Message::Appended {
            key,
            version,
            event,
        };
        if self.config.has(Mutant::StoreAnswersBeforeSync) {
            return ctx.send(from, answer);
        }
        self.answer(from, answer, ctx);
    }

    /// Says something that all of the log so far is behind. A handler that is refused looks again at
    /// once: what it was refused for must be there to be seen, or the two would ask and refuse each
    /// other as fast as the network allows for as long as the disk takes.
    fn answer(&mut self, to: NodeId, message: Message, ctx: &mut Ctx<'_>) {
        let position = self.log.length();
        if position <= self.log.durable() {
            ctx.send(to, message);
        } else {
            self.answers.push_back((position, to, message));
        }
    }

    pub(super) fn synced(&mut self, upto: LogIndex, ctx: &mut Ctx<'_>) {
        self.commits.synced(ctx);
        self.log.make_durable(upto.0);
        while self
            .answers
            .front()
            .is_some_and(|(position, ..)| *position <= upto.0)
        {
            let front = self.answers.pop_front();
            let (_, to, answer) = front.expect("there is one: it was looked at");
            ctx.send(to, answer);
        }
    }

    pub(super) fn view(&self) -> View<events::View> {
        View {
            of: 0,
            state: Some(self.log.view().clone()),
            settled: self.log.durable() == self.log.length(),
        }
    }

    /// The durable events of an aggregate.
    pub fn stream(&self, key: Key) -> &[EventId] {
        self.log.view().get(&key).map_or(&[], Vec::as_slice)
    }

    /// All events, durable or not.
    pub const fn log(&self) -> &CommitLog {
        &self.log
    }
}
