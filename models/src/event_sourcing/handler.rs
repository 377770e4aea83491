//! A command handler: decides on aggregates as it knows them, and looks again when it is refused.
//!
//! What it knows is some prefix of the stream; the store tells it when that is too little. It loses
//! nothing in a crash but time: an aggregate that it has written down is loaded from there on.

use std::collections::{BTreeMap, VecDeque};

use murphy_sim::{CallId, Context, Reply};

use super::{Config, EventSourcing, Message, Mutant, Record, STORE, Timer, Version};
use crate::service::events::{EventId, Key, Response};

/// A command handler.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Handler {
    config: Config,
    aggregates: BTreeMap<Key, Aggregate>,
}

/// What a handler knows of an aggregate, and what it has to do with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Aggregate {
    /// The first events of its stream; their number is the version.
    events: Vec<EventId>,
    /// Commands that are not decided: the first of them is with the store.
    commands: VecDeque<Command>,
    /// Its version when it was written down last.
    written: Version,
}

/// A command, and the calls that wait for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Command {
    event: EventId,
    calls: Vec<CallId>,
}

impl Aggregate {
    const fn version(&self) -> Version {
        self.events.len() as Version
    }
}

type Ctx<'a> = Context<'a, EventSourcing>;

impl Handler {
    pub(super) fn start(config: Config, disk: &[Record], ctx: &mut Ctx<'_>) -> Handler {
        let mut aggregates: BTreeMap<Key, Aggregate> = BTreeMap::new();
        for record in disk {
            let Record::Aggregate(key, events) = record else {
                unreachable!("a handler writes aggregates only, not {record:?}");
            };
            let aggregate = aggregates.entry(*key).or_default();
            aggregate.events.clone_from(events);
            aggregate.written = aggregate.version();
        }
        if !disk.is_empty() {
            ctx.reached("handler-resumed");
        }
        Handler { config, aggregates }
    }

    /// A client's command. One that the aggregate has had already is done.
    pub(super) fn command(&mut self, call: CallId, key: Key, event: EventId, ctx: &mut Ctx<'_>) {
        let aggregate = self.aggregates.entry(key).or_default();
        if let Some(command) = aggregate.commands.iter_mut().find(|c| c.event == event) {
            return command.calls.push(call);
        }
        let calls = vec![call];
        aggregate.commands.push_back(Command { event, calls });
        if aggregate.commands.len() == 1 {
            self.decide(key, ctx);
        }
    }

    /// Goes through the commands on an aggregate until one has to be asked about.
    fn decide(&mut self, key: Key, ctx: &mut Ctx<'_>) {
        let deduplicates = !self.config.has(Mutant::CommandNotDeduplicated);
        let aggregate = self.aggregates.entry(key).or_default();
        while let Some(command) = aggregate.commands.front() {
            if !(deduplicates && aggregate.events.contains(&command.event)) {
                let append = Message::Append {
                    key,
                    expected: aggregate.version(),
                    event: command.event,
                };
                ctx.send(STORE, append);
                ctx.set_timer(Timer::Retry(key), self.config.retry);
                return;
            }
            ctx.reached("deduplicated");
            finish(aggregate, ctx);
        }
        ctx.cancel_timer(Timer::Retry(key));
    }

    /// The store has not answered: whether it has appended, only the stream can say.
    pub(super) fn retry(&mut self, key: Key, ctx: &mut Ctx<'_>) {
        ctx.reached("retried");
        let load = self.load(key);
        ctx.send(STORE, load);
        ctx.set_timer(Timer::Retry(key), self.config.retry);
    }

    fn load(&self, key: Key) -> Message {
        let after = self.aggregates.get(&key).map_or(0, Aggregate::version);
        Message::Load { key, after }
    }

    pub(super) fn on_message(&mut self, message: Message, ctx: &mut Ctx<'_>) {
        match message {
            Message::Appended {
                key,
                version,
                event,
            } => self.appended(key, version, event, ctx),
            Message::Conflict { key, expected } => {
                let load = self.load(key);
                if load
                    == (Message::Load {
                        key,
                        after: expected,
                    })
                {
                    ctx.send(STORE, load);
                }
            }
            Message::Loaded { key, after, events } => self.loaded(key, after, events, ctx),
            Message::Load { .. }
            | Message::Append { .. }
            | Message::Follow { .. }
            | Message::Events { .. } => unreachable!("{message:?} is not meant for a handler"),
        }
    }

    fn appended(&mut self, key: Key, version: Version, event: EventId, ctx: &mut Ctx<'_>) {
        let aggregate = self.aggregates.entry(key).or_default();
        if version == aggregate.version() + 1 {
            aggregate.events.push(event);
        }
        let is_awaited = aggregate.commands.front().is_some_and(|c| c.event == event);
        if is_awaited {
            finish(aggregate, ctx);
            self.write(key, ctx);
            self.decide(key, ctx);
        }
    }

    /// The stream from where this handler knew it: now it can decide anew.
    fn loaded(&mut self, key: Key, after: Version, events: Vec<EventId>, ctx: &mut Ctx<'_>) {
        let aggregate = self.aggregates.entry(key).or_default();
        if after == aggregate.version() && !aggregate.commands.is_empty() {
            aggregate.events.extend(events);
            self.write(key, ctx);
            self.decide(key, ctx);
        }
    }

    /// Writes an aggregate down now and then, so that its stream need not be loaded from the first.
    fn write(&mut self, key: Key, ctx: &mut Ctx<'_>) {
        let aggregate = self.aggregates.entry(key).or_default();
        if aggregate.version() >= aggregate.written + self.config.snapshot {
            aggregate.written = aggregate.version();
            ctx.append(Record::Aggregate(key, aggregate.events.clone()));
        }
    }

    /// How many aggregates it has commands for.
    pub(super) fn open(&self) -> usize {
        let aggregates = self.aggregates.values();
        aggregates
            .filter(|aggregate| !aggregate.commands.is_empty())
            .count()
    }

    /// What it knows of each aggregate: the first events of its stream.
    pub fn known(&self) -> impl Iterator<Item = (Key, &[EventId])> {
        let aggregates = self.aggregates.iter();
        aggregates.map(|(key, aggregate)| (*key, aggregate.events.as_slice()))
    }
}

/// The first command is done.
fn finish(aggregate: &mut Aggregate, ctx: &mut Ctx<'_>) {
    let done = aggregate
        .commands
        .pop_front()
        .expect("the caller has looked");
    for call in done.calls {
        ctx.reply(call, Reply::Ok(Response::Published));
    }
}
