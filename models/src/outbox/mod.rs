//! Transactional outbox: a database, a relay that polls it, a broker, and idempotent consumers.
//!
//! Richardson, Microservices Patterns (2018), ch. 3 (transactional outbox, polling publisher,
//! idempotent consumer); Kleppmann, Designing Data-Intensive Applications (2017), ch. 11 (offsets,
//! redelivery, effects exactly once). Promise: no event is lost once acknowledged, each takes effect
//! exactly once, in the order of its key, and every consumer's view converges to the database's.
//! Tolerates lost, doubled, reordered and late messages, partitions, pauses, slow and failing disks,
//! and crashes of any node as long as what was synced survives. No clock is asked for the time.
//! `outbox-steady.toml`, `outbox-under-chaos.toml` and `outbox-relay-crash-loop.toml` test it.

mod broker;
mod consumer;
mod database;
mod invariants;
mod relay;
#[cfg(test)]
mod tests;

use murphy_sim::{
    CallId, Context, Digest, Invariant, LogIndex, NodeId, Process, Reply, Role, Span, View,
};
use serde::{Deserialize, Serialize};

pub use self::{
    broker::Broker,
    consumer::Consumer,
    database::Database,
    invariants::{CursorBehindBroker, EffectOnce, KeyOrder, NoPhantom, OffsetBehindConsumer},
    relay::Relay,
};
use crate::{
    protocol::{Mode, MutantInfo, Parameters, Protocol},
    service::{
        Service,
        events::{self, EventId, Key, Request, Response},
    },
};

/// Where the database is.
pub const DATABASE: NodeId = NodeId(0);
/// Where the relay is.
pub const RELAY: NodeId = NodeId(1);
/// Where the broker is.
pub const BROKER: NodeId = NodeId(2);
/// Where the first consumer is; every node from here on is one, with a view of its own.
pub const FIRST_CONSUMER: NodeId = NodeId(3);

/// One node of the pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Outbox {
    /// Takes publications.
    Database(Database),
    /// Carries rows from the database to the broker.
    Relay(Relay),
    /// Keeps them in a log and delivers them.
    Broker(Broker),
    /// Applies them to a view.
    Consumer(Consumer),
}

/// What a node is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Nodes; those from the fourth on are consumers.
    pub nodes: u32,
    /// From one poll of the relay to the next.
    pub poll: Span,
    /// How long the relay and the broker wait for an answer before they send again.
    pub retry: Span,
    /// The most rows in one message.
    pub batch: usize,
    /// The planted bug.
    pub mutant: Option<Mutant>,
}

/// The bugs that can be planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Mutant {
    /// The relay sees rows before their transaction is durable.
    PublishBeforeCommit,
    /// The relay moves its cursor when it sends, not when the broker has answered.
    CursorMovesBeforePublish,
    /// The consumer applies whatever is delivered.
    NoDeDuplication,
    /// The consumer acknowledges what it has not made durable.
    AcknowledgeBeforeProcessing,
    /// The relay publishes the rows of a batch side by side.
    ParallelRelayBreaksKeyOrder,
    /// The broker answers the relay before its log is synced.
    BrokerAnswersBeforeSync,
}

/// A row of the outbox: where its transaction stands among all, and what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Row {
    /// From 1, in the order of commitment.
    pub position: u64,
    /// What it is ordered by.
    pub key: Key,
    /// The event.
    pub event: EventId,
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
    /// Relay to database: what has been committed since?
    Poll {
        /// The last position that the relay has seen to.
        after: u64,
    },
    /// Database to relay.
    Rows {
        /// What the relay asked for.
        after: u64,
        /// What comes next, in order; never empty.
        rows: Vec<Row>,
    },
    /// Relay to broker: put these at the end of the log.
    Publish {
        /// In order; never empty.
        rows: Vec<Row>,
    },
    /// Broker to relay: a publication that ended with this position is durable.
    Published {
        /// The last of its rows.
        upto: u64,
    },
    /// Broker to consumer: the next of the log.
    Deliver {
        /// The offset of the last of them.
        upto: u64,
        /// In the order of the log.
        rows: Vec<Row>,
    },
    /// Consumer to broker: what was delivered up to this offset has taken effect, durably.
    Acknowledge {
        /// The offset.
        upto: u64,
    },
}

/// What nodes remind themselves of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// The relay asks the database again.
    Poll,
    /// The relay has had no answer from the broker.
    Republish,
    /// The broker has had no answer from this consumer.
    Redeliver(NodeId),
}

/// What is written to disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Record {
    /// Database: one transaction, which is both the business row and its row in the outbox.
    Committed {
        /// What the event is ordered by.
        key: Key,
        /// The event.
        event: EventId,
    },
    /// Relay: everything up to here is in the broker's log.
    Cursor(u64),
    /// Broker: the next entry of the log.
    Entry(Row),
    /// Broker: a consumer has acknowledged everything up to this offset.
    Offset(NodeId, u64),
    /// Consumer: one transaction, which is both the change of the view and the mark that this event
    /// has been processed.
    Applied(Row),
}

impl Process for Outbox {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Request = Request;
    type Response = Response;
    type View = events::View;

    fn start(config: &Config, disk: &[Record], ctx: &mut Context<Outbox>) -> Outbox {
        match ctx.node() {
            DATABASE => Outbox::Database(Database::start(*config, disk)),
            RELAY => Outbox::Relay(Relay::start(*config, disk, ctx)),
            BROKER => Outbox::Broker(Broker::start(*config, disk, ctx)),
            _ => Outbox::Consumer(Consumer::start(*config, disk)),
        }
    }

    fn on_request(&mut self, call: CallId, request: Request, ctx: &mut Context<Outbox>) {
        match (self, request) {
            (Outbox::Database(database), Request::Publish { key, event }) => {
                database.publish(call, key, event, ctx);
            }
            (_, Request::Publish { .. }) => ctx.reply(call, Reply::Redirect(Some(DATABASE))),
            (Outbox::Consumer(consumer), Request::Read { key }) => {
                ctx.reply(call, Reply::Ok(Response::Applied(consumer.read(key))));
            }
            (_, Request::Read { .. }) => ctx.reply(call, Reply::Redirect(Some(FIRST_CONSUMER))),
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Outbox>) {
        match (self, message) {
            (Outbox::Database(database), Message::Poll { after }) => {
                database.answer(from, after, ctx);
            }
            (Outbox::Relay(relay), Message::Rows { after, rows }) => relay.take(after, &rows, ctx),
            (Outbox::Broker(broker), Message::Publish { rows }) => broker.append(from, &rows, ctx),
            (Outbox::Relay(relay), Message::Published { upto }) => relay.published(upto, ctx),
            (Outbox::Consumer(consumer), Message::Deliver { upto, rows }) => {
                consumer.process(from, upto, &rows, ctx);
            }
            (Outbox::Broker(broker), Message::Acknowledge { upto }) => {
                broker.acknowledged(from, upto, ctx);
            }
            (node, message) => unreachable!("{message:?} is not meant for a {}", node.role()),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<Outbox>) {
        match (self, timer) {
            (Outbox::Relay(relay), Timer::Poll) => relay.poll(ctx),
            (Outbox::Relay(relay), Timer::Republish) => relay.republish(ctx),
            (Outbox::Broker(broker), Timer::Redeliver(consumer)) => {
                broker.redeliver(consumer, ctx);
            }
            (node, timer) => unreachable!("a {} never sets {timer:?}", node.role()),
        }
    }

    fn on_synced(&mut self, upto: LogIndex, ctx: &mut Context<Outbox>) {
        match self {
            Outbox::Database(database) => database.synced(upto, ctx),
            Outbox::Relay(relay) => relay.synced(upto, ctx),
            Outbox::Broker(broker) => broker.synced(upto, ctx),
            Outbox::Consumer(consumer) => consumer.synced(upto, ctx),
        }
    }

    fn role(&self) -> Role {
        Role(match self {
            Outbox::Database(_) => "database",
            Outbox::Relay(_) => "relay",
            Outbox::Broker(_) => "broker",
            Outbox::Consumer(_) => "consumer",
        })
    }

    fn view(&self) -> View<events::View> {
        match self {
            Outbox::Database(database) => database.view(),
            Outbox::Relay(relay) => View::nothing(relay.is_settled()),
            Outbox::Broker(broker) => View::nothing(broker.is_settled()),
            Outbox::Consumer(consumer) => consumer.view(),
        }
    }

    fn abstraction(&self) -> u64 {
        let state = match self {
            Outbox::Database(database) => database.is_settled(),
            Outbox::Relay(relay) => relay.is_settled(),
            Outbox::Broker(broker) => broker.is_settled(),
            Outbox::Consumer(consumer) => consumer.is_settled(),
        };
        Digest::of(&(self.role().0, state))
    }
}

impl Protocol for Outbox {
    const NAME: &'static str = "outbox";
    const SERVICE: Service = Service::Events;
    const PROMISE: &'static str = "no event is lost once acknowledged, each takes effect exactly \
         once at every consumer, in the order of its key";
    const MODES: &'static [Mode] = &[];
    const MUTANTS: &'static [MutantInfo] = &[
        MutantInfo {
            name: "publish-before-commit",
            mode: "",
            anomaly: "phantom-event",
            story: "The relay reads rows whose transaction is not durable yet: the database crashes, \
                    and consumers have applied an event that was never committed.",
        },
        MutantInfo {
            name: "cursor-moves-before-publish",
            mode: "",
            anomaly: "lost-event",
            story: "The relay moves its cursor when it sends: it crashes before the broker has the \
                    rows, and goes on behind them.",
        },
        MutantInfo {
            name: "no-de-duplication",
            mode: "",
            anomaly: "duplicate-effect",
            story: "The consumer applies whatever is delivered, and delivery is at least once.",
        },
        MutantInfo {
            name: "acknowledge-before-processing",
            mode: "",
            anomaly: "lost-event",
            story: "The consumer acknowledges before its transaction is durable: it crashes, and the \
                    broker never delivers that event again.",
        },
        MutantInfo {
            name: "parallel-relay-breaks-key-order",
            mode: "",
            anomaly: "out-of-order",
            story: "The relay publishes the rows of a batch side by side, so that two events of one \
                    key overtake each other on their way to the broker.",
        },
        MutantInfo {
            name: "broker-answers-before-sync",
            mode: "",
            anomaly: "lost-event",
            story: "The broker answers before its log is durable: it crashes, and the relay has moved \
                    its cursor over rows that nobody holds.",
        },
    ];
    const ROLES: &'static [&'static str] = &["database", "relay", "broker", "consumer"];
    const OPTIONS: &'static [&'static str] = &["poll", "retry", "batch"];
    const MESSAGES: &'static [&'static str] = <Message as strum::VariantNames>::VARIANTS;
    const LABELS: &'static [&'static str] = &[
        "row-written",
        "publishing",
        "republished",
        "relay-resumed",
        "entry-written",
        "redelivered",
        "caught-up",
        "applying",
        "deduplicated",
    ];

    fn configure(parameters: &Parameters) -> Result<Config, String> {
        parameters.know_only(Self::OPTIONS)?;
        if parameters.nodes <= FIRST_CONSUMER.0 {
            return Err(format!(
                "an outbox of {} nodes has no consumer: set `nodes` to {} or more (database, relay, \
                 broker, consumers)",
                parameters.nodes,
                FIRST_CONSUMER.0 + 1
            ));
        }
        if parameters.spares > 0 {
            return Err("an outbox has no use for spare nodes: set `spares` to 0".to_owned());
        }
        parameters.chosen_mode::<String>(Self::NAME, Self::MODES)?;
        Ok(Config {
            nodes: parameters.nodes,
            poll: parameters.span("poll", Span::millis(10))?,
            retry: parameters.span("retry", Span::millis(100))?,
            batch: parameters.count("batch", 64)?,
            mutant: parameters.planted(Self::NAME, Self::MUTANTS)?,
        })
    }

    fn invariants(_: &Config) -> Vec<Box<dyn Invariant<Outbox>>> {
        invariants::all()
    }
}

impl Config {
    fn consumers(&self) -> impl Iterator<Item = NodeId> + use<> {
        (FIRST_CONSUMER.0..self.nodes).map(NodeId)
    }

    fn has(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}

impl Row {
    /// Adds it to what a reader sees.
    fn apply(self, view: &mut events::View) {
        view.entry(self.key).or_default().push(self.event);
    }
}
