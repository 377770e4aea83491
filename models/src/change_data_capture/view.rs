//! A materialised view: begins with a snapshot, goes on with the stream from the snapshot's position,
//! and writes itself down now and then, its position with it.
//!
//! A reader sees a change when it is durable here. A snapshot that is being taken is seen when it is
//! whole.

use murphy_sim::{Context, LogIndex, View as Seen};

use super::{CAPTURE, ChangeDataCapture, Config, Message, Mutant, Record, Rows, Timer};
use crate::{
    service::events::{self, EventId, Key},
    shared::{
        commit_log::Change,
        group_commit::GroupCommit,
        materialised::{Materialised, State, Step},
    },
};

/// A view.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct View {
    config: Config,
    state: Materialised,
    /// The snapshot that it takes; none while it follows the stream.
    snapshot: Option<Snapshot>,
    /// Snapshots are numbered, so that late chunks of one are not taken for another's.
    round: u64,
    /// The position that was written down whole last, and how many changes since.
    checkpoint: (u64, u64),
    /// Changes that are to be written when their position is durable: in a mutant only.
    held: Vec<Change>,
    commits: GroupCommit,
}

/// A snapshot that is being taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Snapshot {
    /// Where it is of; not known before the first chunk.
    at: Option<u64>,
    /// The last row that is there.
    behind: Option<Key>,
    rows: events::View,
}

type Ctx<'a> = Context<'a, ChangeDataCapture>;

impl View {
    pub(super) fn start(config: Config, disk: &[Record], ctx: &mut Ctx<'_>) -> View {
        let step = |record: &Record| match record {
            Record::Change(change) => Step::Apply(*change),
            Record::Whole { position, rows } => Step::Replace(State {
                position: *position,
                rows: rows.iter().cloned().collect(),
            }),
            Record::Position(position) => Step::Move(*position),
            Record::Committed { .. } => unreachable!("a view commits nothing: {record:?}"),
        };
        let state = Materialised::restored(disk.iter().map(step));
        let is_new = disk.is_empty();
        let view = View {
            config,
            checkpoint: (state.written().position, 0),
            state,
            snapshot: is_new.then(Snapshot::default),
            // Chunks that were asked for in another life are of another round.
            round: ctx.elapsed().0,
            held: Vec::new(),
            commits: GroupCommit::default(),
        };
        if is_new {
            ctx.set_timer(Timer::Begin, config.bootstrap);
        } else {
            ctx.reached("view-resumed");
            view.poll(ctx);
        }
        view
    }

    /// Begins a snapshot. What is shown stays until it is whole.
    pub(super) fn begin(&mut self, ctx: &mut Ctx<'_>) {
        ctx.reached("snapshot-begun");
        self.snapshot = Some(Snapshot::default());
        self.round += 1;
        self.poll(ctx);
    }

    /// Asks for what comes next: rows of a snapshot, or changes.
    pub(super) fn poll(&self, ctx: &mut Ctx<'_>) {
        let message = match &self.snapshot {
            Some(snapshot) => Message::Select {
                view: ctx.node(),
                round: self.round,
                // All chunks are of one position, that of the first.
                at: snapshot
                    .at
                    .filter(|_| !self.config.has(Mutant::OverlapBetweenSnapshotAndStream)),
                behind: snapshot.behind,
            },
            None => Message::Poll {
                after: self.state.written().position,
            },
        };
        ctx.send(CAPTURE, message);
        ctx.set_timer(Timer::Poll, self.config.poll);
    }

    pub(super) fn on_message(&mut self, message: Message, ctx: &mut Ctx<'_>) {
        match message {
            Message::Changes { changes } if self.snapshot.is_none() => self.apply(&changes, ctx),
            Message::TooLate { after }
                if self.snapshot.is_none() && after == self.state.written().position =>
            {
                ctx.reached("too-late");
                self.begin(ctx);
            }
            // They were asked for before the snapshot was begun, or the question has an answer.
            Message::Changes { .. } | Message::TooLate { .. } => {}
            Message::Chunk {
                round,
                at,
                behind,
                rows,
                is_last,
                end,
                ..
            } => {
                let is_next = |snapshot: &&mut Snapshot| snapshot.behind == behind;
                if round == self.round
                    && let Some(snapshot) = self.snapshot.as_mut().filter(is_next)
                {
                    let at = *snapshot.at.get_or_insert(at);
                    snapshot.behind = rows.last().map_or(behind, |(key, _)| Some(*key));
                    snapshot.rows.extend(rows);
                    if is_last {
                        self.whole(at, end, ctx);
                    } else {
                        self.poll(ctx);
                    }
                }
            }
            Message::Poll { .. } | Message::Select { .. } => {
                unreachable!("{message:?} is not meant for a view")
            }
        }
    }

    /// The snapshot is whole: the stream goes on from the position that it is of (DBLog, section 4:
    /// what lies between the watermarks is in one of the two only).
    fn whole(&mut self, at: u64, end: u64, ctx: &mut Ctx<'_>) {
        let snapshot = self.snapshot.take().expect("the caller has looked");
        if at < self.state.written().position {
            return self.poll(ctx); // It was asked for before what is shown was there.
        }
        ctx.reached("snapshot-whole");
        let position = if self.config.has(Mutant::GapBetweenSnapshotAndStream) {
            end.max(at)
        } else {
            at
        };
        let rows = snapshot.rows;
        self.write_whole(State { position, rows }, position, ctx);
        self.poll(ctx);
    }

    /// Writes down all that it shows, and its position in the same record.
    fn write_whole(&mut self, state: State, position: u64, ctx: &mut Ctx<'_>) {
        let rows: Rows = state.rows.clone().into_iter().collect();
        let index = ctx.append(Record::Whole { position, rows });
        self.checkpoint = (state.position, 0);
        self.state.write(index, Step::Replace(state));
        self.commits.written(ctx);
    }

    /// Changes that come twice, or from behind a hole, are left out: the position says which.
    fn apply(&mut self, changes: &[Change], ctx: &mut Ctx<'_>) {
        let new = self.state.next_of(changes);
        if new.is_empty() || !self.held.is_empty() {
            return;
        }
        ctx.reached("applying");
        if self.config.has(Mutant::PositionSavedBeforeApply) {
            let next = new.last().map_or(0, |change| change.position);
            let index = ctx.append(Record::Position(next));
            self.state.write(index, Step::Move(next));
            self.held = new;
            return self.commits.written(ctx);
        }
        self.write(&new, ctx);
        self.poll(ctx);
    }

    fn write(&mut self, changes: &[Change], ctx: &mut Ctx<'_>) {
        for change in changes {
            let index = ctx.append(Record::Change(*change));
            self.state.write(index, Step::Apply(*change));
        }
        self.commits.written(ctx);
        self.checkpoint.1 += changes.len() as u64;
        if self.checkpoint.1 >= self.config.checkpoint {
            ctx.reached("checkpointed");
            let position = if self.config.has(Mutant::ViewSnapshotWithoutItsPosition) {
                self.checkpoint.0
            } else {
                self.state.written().position
            };
            self.write_whole(self.state.written().clone(), position, ctx);
        }
    }

    pub(super) fn synced(&mut self, upto: LogIndex, ctx: &mut Ctx<'_>) {
        self.commits.synced(ctx);
        if let Some(before) = self.state.synced(upto) {
            ctx.truncate(before);
        }
        let held = std::mem::take(&mut self.held);
        if !held.is_empty() {
            self.write(&held, ctx);
            self.poll(ctx);
        }
    }

    pub(super) fn read(&self, key: Key) -> Vec<EventId> {
        self.state
            .shown()
            .rows
            .get(&key)
            .cloned()
            .unwrap_or_default()
    }

    pub(super) const fn is_bootstrapping(&self) -> bool {
        self.snapshot.is_some()
    }

    pub(super) fn view(&self) -> Seen<events::View> {
        Seen {
            of: 0,
            state: Some(self.state.shown().rows.clone()),
            settled: self.state.is_settled() && self.snapshot.is_none(),
        }
    }

    /// What a reader sees, and which changes it has.
    pub const fn shown(&self) -> &State {
        self.state.shown()
    }
}
