//! Change data capture: a database with a commit log, a process that captures it, and materialised
//! views that begin with a snapshot and go on with the stream of changes.
//!
//! Andreakis and Papapanagiotou, "DBLog: A Watermark Based Change-Data-Capture Framework" (2020): a
//! snapshot in chunks, and the position in the log that it belongs to, so that no change is left out
//! or applied twice where it meets the stream. Kleppmann, Designing Data-Intensive Applications
//! (2017), ch. 11, "Change Data Capture" (initial snapshot, log compaction). DBLog brackets a chunk
//! with two marks written to the log, since most databases cannot say at which position a query has
//! read; this one can, and reads every chunk of a snapshot as of one position.
//!
//! # Promise
//!
//! A view is at every moment what the rows were after some prefix of the commit log, and never goes
//! back to an earlier one; each change takes effect once, and none before its cause. All views converge
//! to the rows.
//! `cdc-steady.toml` and `cdc-under-chaos.toml` test it. A view that is new, or that is so far behind
//! that the stream no longer has what it needs, begins with a snapshot while changes go on, and shows
//! what it had until the snapshot is whole: `cdc-views-fall-behind.toml` tests it.
//!
//! # Tolerated
//!
//! Lost, doubled, reordered and late messages, partitions, pauses, slow and failing disks, clocks that
//! do anything, and crashes of any node as long as what was synced survives.
//!
//! # Not promised
//!
//! That two views, or a view and the rows, are the same at one moment, or that a client reads what it
//! has written.
//!
//! # Cost
//!
//! A change costs a message to the capture and one to each view, beside the polls that ask for them,
//! and a forced write at each of these and at the database. `tests.rs` pins it.

mod capture;
mod database;
mod invariants;
#[cfg(test)]
mod tests;
mod view;

use murphy_sim::{
    CallId, Context, Digest, Invariant, LogIndex, NodeId, Process, Reply, Role, Span, View as Seen,
};
use serde::{Deserialize, Serialize};

pub use self::{capture::Capture, database::Database, view::View};
use crate::{
    protocol::{Mode, MutantInfo, Parameters, Protocol},
    service::{
        Service,
        events::{self, EventId, Key, Request, Response},
    },
    shared::commit_log::Change,
};

/// Where the database is.
pub const DATABASE: NodeId = NodeId(0);
/// Where the capture is.
pub const CAPTURE: NodeId = NodeId(1);
/// Where the first view is; every node from here on has one.
pub const FIRST_VIEW: NodeId = NodeId(2);

/// One node of the pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ChangeDataCapture {
    /// Takes publications, and commits them to its rows.
    Database(Database),
    /// Copies the commit log into a stream of its own.
    Capture(Capture),
    /// Applies the stream to a view.
    View(View),
}

/// What a node is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// From one question for more to the next.
    pub poll: Span,
    /// How long a new view waits before it begins: there should be something to take a snapshot of.
    pub bootstrap: Span,
    /// How many changes the stream holds; whoever needs earlier ones needs a snapshot.
    pub retention: u64,
    /// The most changes in one message.
    pub batch: u64,
    /// The most rows in one chunk of a snapshot.
    pub chunk: usize,
    /// After so many changes a view writes itself down whole, and forgets them.
    pub checkpoint: u64,
    /// The planted bug.
    pub mutant: Option<Mutant>,
}

/// The bugs that can be planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Mutant {
    /// A view goes on from the end of the stream as it is when its snapshot is whole.
    GapBetweenSnapshotAndStream,
    /// Every chunk is read when it is asked for, and the stream joined where the first one was.
    OverlapBetweenSnapshotAndStream,
    /// A view writes down its position, and then what it has applied.
    PositionSavedBeforeApply,
    /// A view that writes itself down whole does not write its position with it.
    ViewSnapshotWithoutItsPosition,
    /// The capture sees changes before they are durable.
    CaptureReadsUncommitted,
}

/// Rows as they were: a part of a snapshot.
pub type Rows = Vec<(Key, Vec<EventId>)>;

/// What nodes say to each other.
#[derive(
    Clone,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
    strum::VariantNames,
)]
pub enum Message {
    /// Capture to database, view to capture: what has changed since?
    Poll {
        /// The last position that it has.
        after: u64,
    },
    /// The answer, if there is anything.
    Changes {
        /// What comes next, in order; never empty.
        changes: Vec<Change>,
    },
    /// Capture to view: the stream begins later than that; take a snapshot.
    TooLate {
        /// What was asked for.
        after: u64,
    },
    /// View to capture, and capture to database in its name: the next rows.
    Select {
        /// Whose snapshot.
        view: NodeId,
        /// Which one of the view's.
        round: u64,
        /// As of which position; the first chunk is of now.
        at: Option<u64>,
        /// From behind this row.
        behind: Option<Key>,
    },
    /// Database to capture, and capture to view.
    Chunk {
        /// Whose snapshot.
        view: NodeId,
        /// Which one of the view's.
        round: u64,
        /// As of which position.
        at: u64,
        /// From behind this row.
        behind: Option<Key>,
        /// The rows, in order of their keys.
        rows: Rows,
        /// There are no rows after them.
        is_last: bool,
        /// Where the stream ends as this passes the capture; zero before.
        end: u64,
    },
}

/// What nodes remind themselves of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// A capture or a view asks for more.
    Poll,
    /// A new view begins.
    Begin,
}

/// What is written to disk.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Record {
    /// Database: one transaction.
    Committed {
        /// The row.
        key: Key,
        /// What was added to it.
        event: EventId,
    },
    /// Capture: the next change of the stream. View: it has applied this change.
    Change(Change),
    /// View: all that it shows, and its position.
    Whole {
        /// What it shows has every change up to here and none after.
        position: u64,
        /// What it shows.
        rows: Rows,
    },
    /// View with a planted bug: its position, apart from what it shows.
    Position(u64),
}

impl Process for ChangeDataCapture {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Request = Request;
    type Response = Response;
    type View = events::View;

    fn start(config: &Config, disk: &[Record], ctx: &mut Context<Self>) -> ChangeDataCapture {
        match ctx.node() {
            DATABASE => ChangeDataCapture::Database(Database::start(*config, disk)),
            CAPTURE => ChangeDataCapture::Capture(Capture::start(*config, disk, ctx)),
            _ => ChangeDataCapture::View(View::start(*config, disk, ctx)),
        }
    }

    fn on_request(&mut self, call: CallId, request: Request, ctx: &mut Context<Self>) {
        match (self, request) {
            (ChangeDataCapture::Database(database), Request::Publish { key, event }) => {
                database.publish(call, key, event, ctx);
            }
            (_, Request::Publish { .. }) => ctx.reply(call, Reply::Redirect(Some(DATABASE))),
            (ChangeDataCapture::View(view), Request::Read { key }) => {
                ctx.reply(call, Reply::Ok(Response::Applied(view.read(key))));
            }
            (_, Request::Read { .. }) => ctx.reply(call, Reply::Redirect(Some(FIRST_VIEW))),
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Self>) {
        match self {
            ChangeDataCapture::Database(database) => database.on_message(from, &message, ctx),
            ChangeDataCapture::Capture(capture) => capture.on_message(from, message, ctx),
            ChangeDataCapture::View(view) => view.on_message(message, ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<Self>) {
        match (self, timer) {
            (ChangeDataCapture::Capture(capture), Timer::Poll) => capture.poll(ctx),
            (ChangeDataCapture::View(view), Timer::Poll) => view.poll(ctx),
            (ChangeDataCapture::View(view), Timer::Begin) => view.begin(ctx),
            (node, timer) => unreachable!("a {} never sets {timer:?}", node.role()),
        }
    }

    fn on_synced(&mut self, upto: LogIndex, ctx: &mut Context<Self>) {
        match self {
            ChangeDataCapture::Database(database) => database.synced(upto, ctx),
            ChangeDataCapture::Capture(capture) => capture.synced(upto, ctx),
            ChangeDataCapture::View(view) => view.synced(upto, ctx),
        }
    }

    fn role(&self) -> Role {
        Role(match self {
            ChangeDataCapture::Database(_) => "database",
            ChangeDataCapture::Capture(_) => "capture",
            ChangeDataCapture::View(view) if view.is_bootstrapping() => "bootstrapping",
            ChangeDataCapture::View(_) => "view",
        })
    }

    fn view(&self) -> Seen<events::View> {
        match self {
            ChangeDataCapture::Database(database) => database.view(),
            ChangeDataCapture::Capture(capture) => Seen::nothing(capture.is_settled()),
            ChangeDataCapture::View(view) => view.view(),
        }
    }

    fn abstraction(&self) -> u64 {
        let is_settled = Process::view(self).settled;
        Digest::of(&(self.role().0, is_settled))
    }
}

impl Protocol for ChangeDataCapture {
    const NAME: &'static str = "change-data-capture";
    const SERVICE: Service = Service::Events;
    const PROMISE: &'static str = "views that begin with a snapshot and follow the stream of \
         changes: each change takes effect once, in the order of commitment, and views never go back";
    const MODES: &'static [Mode] = &[];
    const MUTANTS: &'static [MutantInfo] = &[
        MutantInfo {
            name: "gap-between-snapshot-and-stream",
            mode: "",
            anomaly: "lost-event",
            story: "A view goes on from the end of the stream when its snapshot is whole: what was \
                    committed while it was taken is in neither.",
        },
        MutantInfo {
            name: "overlap-between-snapshot-and-stream",
            mode: "",
            anomaly: "duplicate-effect",
            story: "Chunks of a snapshot are read one after the other, and the stream is joined \
                    where the first was: what was committed between is in both.",
        },
        MutantInfo {
            name: "position-saved-before-apply",
            mode: "",
            anomaly: "lost-event",
            story: "A view writes down its position before what it has applied: it crashes, and \
                    goes on behind changes that it does not have.",
        },
        MutantInfo {
            name: "view-snapshot-without-its-position",
            mode: "",
            anomaly: "duplicate-effect",
            story: "A view writes itself down whole with an older position: it crashes, and applies \
                    again what it has.",
        },
        MutantInfo {
            name: "capture-reads-uncommitted",
            mode: "",
            anomaly: "phantom-event",
            story: "The capture reads changes that are not durable yet: the database crashes, and \
                    views have applied what was never committed.",
        },
    ];
    const ROLES: &'static [&'static str] = &["database", "capture", "view", "bootstrapping"];
    const OPTIONS: &'static [&'static str] = &[
        "poll",
        "bootstrap",
        "retention",
        "batch",
        "chunk",
        "checkpoint",
    ];
    const MESSAGES: &'static [&'static str] = <Message as strum::VariantNames>::VARIANTS;
    const LABELS: &'static [&'static str] = &[
        "committing",
        "captured",
        "capture-resumed",
        "snapshot-begun",
        "snapshot-whole",
        "too-late",
        "applying",
        "checkpointed",
        "view-resumed",
    ];

    fn configure(parameters: &Parameters) -> Result<Config, String> {
        parameters.know_only(Self::OPTIONS)?;
        if parameters.nodes <= FIRST_VIEW.0 {
            return Err(format!(
                "change-data-capture with {} nodes has no view: set `nodes` to {} or more \
                 (database, capture, views)",
                parameters.nodes,
                FIRST_VIEW.0 + 1
            ));
        }
        if parameters.spares > 0 {
            return Err(
                "change-data-capture has no use for spare nodes: set `spares` to 0".to_owned(),
            );
        }
        parameters.chosen_mode::<String>(Self::NAME, Self::MODES)?;
        Ok(Config {
            poll: parameters.span("poll", Span::millis(10))?,
            bootstrap: parameters.span("bootstrap", Span::millis(1_500))?,
            retention: parameters.count("retention", 20)? as u64,
            batch: parameters.count("batch", 64)? as u64,
            chunk: parameters.count("chunk", 1)?,
            checkpoint: parameters.count("checkpoint", 8)? as u64,
            mutant: parameters.planted(Self::NAME, Self::MUTANTS)?,
        })
    }

    fn invariants(_: &Config) -> Vec<Box<dyn Invariant<ChangeDataCapture>>> {
        invariants::all()
    }
}

impl Config {
    fn has(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}
