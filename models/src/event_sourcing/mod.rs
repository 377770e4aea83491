//! Event sourcing: aggregates kept as streams of events, command handlers that append to them under
//! optimistic concurrency, and projections with snapshots.
//!
//! Young, "CQRS Documents" (2010), "Events as a storage mechanism" (append with the expected version,
//! rolling snapshots); Richardson, Microservices Patterns (2018), ch. 6; Kung and Robinson, "On
//! Optimistic Methods for Concurrency Control" (1981), for why a version is enough. A command is
//! accepted if the aggregate does not have its event yet: a handler decides that on the aggregate as
//! it knows it, and the store refuses what was decided on an older version.
//!
//! The first node is the store, the next `handlers` take commands, the others have a projection each.
//!
//! # Promise
//!
//! An acknowledged command's event is in its aggregate's stream, once, however often and at however
//! many handlers the command was tried; a projection applies every event once, in the order of the
//! store, so that no effect comes before its cause, and is never seen to go back; all projections
//! converge to the streams.
//! `event-sourcing-steady.toml` and `event-sourcing-under-chaos.toml` test it. Handlers that decide on
//! what is old are refused, look again and lose nothing: `event-sourcing-contention.toml` tests it.
//!
//! # Tolerated
//!
//! Lost, doubled, reordered and late messages, partitions, pauses, slow and failing disks, clocks that
//! do anything, and crashes of any node as long as what was synced survives. Without the store no
//! command is accepted.
//!
//! # Not promised
//!
//! That a projection has what was acknowledged, before all is quiet, or that two projections are the
//! same at one moment.
//!
//! # Cost
//!
//! A command on an aggregate that its handler knows costs two messages and one forced write, and its
//! event a message and a forced write at each projection, beside their polls. A conflict costs three
//! messages more and a second try. `tests.rs` pins it.

mod handler;
mod invariants;
mod projection;
mod store;
#[cfg(test)]
mod tests;

use murphy_sim::{
    CallId, Context, Digest, Invariant, LogIndex, NodeId, Process, Reply, Role, Span, View,
};
use serde::{Deserialize, Serialize};

pub use self::{handler::Handler, projection::Projection, store::Store};
use crate::{
    protocol::{Mode, MutantInfo, Parameters, Protocol},
    service::{
        Service,
        events::{self, EventId, Key, Request, Response},
    },
    shared::commit_log::Change,
};

/// Where the store is.
pub const STORE: NodeId = NodeId(0);
/// Where the first handler is.
pub const FIRST_HANDLER: NodeId = NodeId(1);

/// How many events an aggregate has had.
pub type Version = u64;

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum EventSourcing {
    /// Keeps the streams.
    Store(Store),
    /// Takes commands.
    Handler(Handler),
    /// Applies all streams to a view.
    Projection(Projection),
}

/// What a node is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Nodes that take commands, from the second on.
    pub handlers: u32,
    /// From one question of a projection to the next.
    pub poll: Span,
    /// How long a handler waits for the store before it asks again.
    pub retry: Span,
    /// The most events in one message.
    pub batch: u64,
    /// After so many events a handler writes down an aggregate, and a projection itself.
    pub snapshot: u64,
    /// The planted bug.
    pub mutant: Option<Mutant>,
}

/// The bugs that can be planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Mutant {
    /// The store appends whatever version a handler has decided on.
    ExpectedVersionIgnored,
    /// A projection writes a snapshot of itself with the position of the one before.
    SnapshotWithoutItsPosition,
    /// A handler does not look whether the aggregate has the event already.
    CommandNotDeduplicated,
    /// The store answers before its log is synced.
    StoreAnswersBeforeSync,
}

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
    /// Handler to store: what has become of this aggregate?
    Load {
        /// Which.
        key: Key,
        /// What the handler knows.
        after: Version,
    },
    /// Store to handler.
    Loaded {
        /// Which aggregate.
        key: Key,
        /// What the handler knew.
        after: Version,
        /// What came next, in order.
        events: Vec<EventId>,
    },
    /// Handler to store: append this, if the aggregate is as I know it.
    Append {
        /// To which aggregate.
        key: Key,
        /// The version that it was decided on.
        expected: Version,
        /// What.
        event: EventId,
    },
    /// Store to handler: it is there, durably.
    Appended {
        /// In which aggregate.
        key: Key,
        /// The version that the aggregate has with it.
        version: Version,
        /// What.
        event: EventId,
    },
    /// Store to handler: the aggregate is not as expected.
    Conflict {
        /// Which.
        key: Key,
        /// What was expected.
        expected: Version,
    },
    /// Projection to store: what comes next?
    Follow {
        /// The last position that it has.
        after: u64,
    },
    /// Store to projection.
    Events {
        /// In the order of the store; never empty.
        changes: Vec<Change>,
    },
}

/// What nodes remind themselves of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// A projection asks for more.
    Poll,
    /// A handler has had no answer about this aggregate.
    Retry(Key),
}

/// What is written to disk.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Record {
    /// Store: the next event. Projection: it has applied this event.
    Event(Change),
    /// Handler: an aggregate with all its events up to now, whose number is its version. Not forced
    /// to disk: it saves asking for them.
    Aggregate(Key, Vec<EventId>),
    /// Projection: all that it shows, and its position.
    Snapshot {
        /// It has every event up to here and none after.
        position: u64,
        /// What it shows.
        rows: Vec<(Key, Vec<EventId>)>,
    },
}

impl Process for EventSourcing {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Request = Request;
    type Response = Response;
    type View = events::View;

    fn start(config: &Config, disk: &[Record], ctx: &mut Context<Self>) -> EventSourcing {
        let node = ctx.node();
        if node == STORE {
            EventSourcing::Store(Store::start(*config, disk))
        } else if node < config.first_projection() {
            EventSourcing::Handler(Handler::start(*config, disk, ctx))
        } else {
            EventSourcing::Projection(Projection::start(*config, disk, ctx))
        }
    }

    fn on_request(&mut self, call: CallId, request: Request, ctx: &mut Context<Self>) {
        match (self, request) {
            (EventSourcing::Handler(handler), Request::Publish { key, event }) => {
                handler.command(call, key, event, ctx);
            }
            (EventSourcing::Projection(projection), Request::Read { key }) => {
                ctx.reply(call, Reply::Ok(Response::Applied(projection.read(key))));
            }
            // Any handler and any projection will do: the client asks around.
            (_, Request::Publish { .. } | Request::Read { .. }) => {
                ctx.reply(call, Reply::Redirect(None));
            }
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Self>) {
        match self {
            EventSourcing::Store(store) => store.on_message(from, &message, ctx),
            EventSourcing::Handler(handler) => handler.on_message(message, ctx),
            EventSourcing::Projection(projection) => projection.on_message(&message, ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<Self>) {
        match (self, timer) {
            (EventSourcing::Handler(handler), Timer::Retry(key)) => handler.retry(key, ctx),
            (EventSourcing::Projection(projection), Timer::Poll) => projection.poll(ctx),
            (node, timer) => unreachable!("a {} never sets {timer:?}", node.role()),
        }
    }

    fn on_synced(&mut self, upto: LogIndex, ctx: &mut Context<Self>) {
        match self {
            EventSourcing::Store(store) => store.synced(upto, ctx),
            EventSourcing::Handler(_) => unreachable!("a handler forces nothing to disk"),
            EventSourcing::Projection(projection) => projection.synced(upto, ctx),
        }
    }

    fn role(&self) -> Role {
        Role(match self {
            EventSourcing::Store(_) => "store",
            EventSourcing::Handler(_) => "handler",
            EventSourcing::Projection(_) => "projection",
        })
    }

    fn view(&self) -> View<events::View> {
        match self {
            EventSourcing::Store(store) => store.view(),
            EventSourcing::Handler(handler) => View::nothing(handler.open() == 0),
            EventSourcing::Projection(projection) => projection.view(),
        }
    }

    fn abstraction(&self) -> u64 {
        let open = match self {
            EventSourcing::Handler(handler) => handler.open(),
            EventSourcing::Store(_) | EventSourcing::Projection(_) => 0,
        };
        Digest::of(&(self.role().0, Process::view(self).settled, open))
    }
}

impl Protocol for EventSourcing {
    const NAME: &'static str = "event-sourcing";
    const SERVICE: Service = Service::Events;
    const PROMISE: &'static str = "an acknowledged command's event is in its aggregate's stream, \
         once, and every projection applies it once, in the order of the store";
    const MODES: &'static [Mode] = &[];
    const MUTANTS: &'static [MutantInfo] = &[
        MutantInfo {
            name: "expected-version-ignored",
            mode: "",
            anomaly: "duplicate-effect",
            story: "The store appends what was decided on an older version: two handlers, or one \
                    that had no answer, append one event twice.",
        },
        MutantInfo {
            name: "snapshot-without-its-position",
            mode: "",
            anomaly: "duplicate-effect",
            story: "A projection writes a snapshot of itself with an older position: it crashes, \
                    and applies again what it has.",
        },
        MutantInfo {
            name: "command-not-deduplicated",
            mode: "",
            anomaly: "duplicate-effect",
            story: "A handler does not look whether the aggregate has the event: a command that is \
                    tried again is accepted again.",
        },
        MutantInfo {
            name: "store-answers-before-sync",
            mode: "",
            anomaly: "lost-event",
            story: "The store answers before its log is durable: it crashes, and an acknowledged \
                    event is in no stream.",
        },
    ];
    const ROLES: &'static [&'static str] = &["store", "handler", "projection"];
    const OPTIONS: &'static [&'static str] = &["handlers", "poll", "retry", "batch", "snapshot"];
    const MESSAGES: &'static [&'static str] = <Message as strum::VariantNames>::VARIANTS;
    const LABELS: &'static [&'static str] = &[
        "appending",
        "conflict",
        "deduplicated",
        "retried",
        "snapshot",
        "projection-resumed",
        "handler-resumed",
    ];

    fn configure(parameters: &Parameters) -> Result<Config, String> {
        parameters.know_only(Self::OPTIONS)?;
        parameters.chosen_mode::<String>(Self::NAME, Self::MODES)?;
        if parameters.spares > 0 {
            return Err("event-sourcing has no use for spare nodes: set `spares` to 0".to_owned());
        }
        let handlers = parameters.count("handlers", 2)? as u64;
        if u64::from(parameters.nodes) < handlers + 2 {
            return Err(format!(
                "event-sourcing with {} nodes has no projection beside its store and {handlers} \
                 handlers: set `nodes` to {} or more",
                parameters.nodes,
                handlers + 2
            ));
        }
        Ok(Config {
            handlers: handlers as u32,
            poll: parameters.span("poll", Span::millis(10))?,
            retry: parameters.span("retry", Span::millis(100))?,
            batch: parameters.count("batch", 64)? as u64,
            snapshot: parameters.count("snapshot", 8)? as u64,
            mutant: parameters.planted(Self::NAME, Self::MUTANTS)?,
        })
    }

    fn invariants(_: &Config) -> Vec<Box<dyn Invariant<EventSourcing>>> {
        invariants::all()
    }
}

impl Config {
    /// Where the first projection is; every node from here on has one.
    pub const fn first_projection(&self) -> NodeId {
        NodeId(FIRST_HANDLER.0 + self.handlers)
    }

    fn has(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}
