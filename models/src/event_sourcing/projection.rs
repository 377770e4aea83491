//! A projection: applies every event once, in the order of the store, and writes a snapshot of itself
//! now and then, its position in the same record.
//!
//! Young, "Rolling Snapshots"; Kleppmann ch. 11, "Deriving several views from the same event log".

use murphy_sim::{Context, LogIndex, View};

use super::{Config, EventSourcing, Message, Mutant, Record, STORE, Timer};
use crate::{
    service::events::{self, EventId, Key},
    shared::{
        commit_log::Change,
        group_commit::GroupCommit,
        materialised::{Materialised, State, Step},
    },
};

/// A projection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Projection {
    config: Config,
    state: Materialised,
    /// The position of the last snapshot.
    snapshot: u64,
    commits: GroupCommit,
}

type Ctx<'a> = Context<'a, EventSourcing>;

impl Projection {
    pub(super) fn start(config: Config, disk: &[Record], ctx: &mut Ctx<'_>) -> Projection {
        let step = |record: &Record| match record {
            Record::Event(change) => Step::Apply(*change),
            Record::Snapshot { position, rows } => Step::Replace(State {
                position: *position,
                rows: rows.iter().cloned().collect(),
            }),
            Record::Aggregate(..) => unreachable!("a projection has no aggregates: {record:?}"),
        };
        let state = Materialised::restored(disk.iter().map(step));
        if !disk.is_empty() {
            ctx.reached("projection-resumed");
        }
        let projection = Projection {
            config,
            snapshot: state.written().position,
            state,
            commits: GroupCommit::default(),
        };
        projection.poll(ctx);
        projection
    }

    /// Asks for what comes next.
    pub(super) fn poll(&self, ctx: &mut Ctx<'_>) {
        let after = self.state.written().position;
        ctx.send(STORE, Message::Follow { after });
        ctx.set_timer(Timer::Poll, self.config.poll);
    }

    pub(super) fn on_message(&mut self, message: &Message, ctx: &mut Ctx<'_>) {
        let Message::Events { changes } = message else {
            unreachable!("{message:?} is not meant for a projection");
        };
        let new = self.state.next_of(changes);
        if new.is_empty() {
            return; // It was asked for twice.
        }
        for change in new {
            self.apply(change, ctx);
        }
        self.commits.written(ctx);
    }

    fn apply(&mut self, change: Change, ctx: &mut Ctx<'_>) {
        let index = ctx.append(Record::Event(change));
        self.state.write(index, Step::Apply(change));
        let written = self.state.written().clone();
        if written.position < self.snapshot + self.config.snapshot {
            return;
        }
        ctx.reached("snapshot");
        let position = if self.config.has(Mutant::SnapshotWithoutItsPosition) {
            self.snapshot
        } else {
            written.position
        };
        self.snapshot = written.position;
        let rows = written.rows.clone().into_iter().collect();
        let index = ctx.append(Record::Snapshot { position, rows });
        self.state.write(index, Step::Replace(written));
    }

    pub(super) fn synced(&mut self, upto: LogIndex, ctx: &mut Ctx<'_>) {
        self.commits.synced(ctx);
        if let Some(before) = self.state.synced(upto) {
            ctx.truncate(before);
        }
    }

    pub(super) fn read(&self, key: Key) -> Vec<EventId> {
        let rows = &self.state.shown().rows;
        rows.get(&key).cloned().unwrap_or_default()
    }

    pub(super) fn view(&self) -> View<events::View> {
        View {
            of: 0,
            state: Some(self.state.shown().rows.clone()),
            settled: self.state.is_settled(),
        }
    }

    /// What a reader sees, and which events it has.
    pub const fn shown(&self) -> &State {
        self.state.shown()
    }
}
