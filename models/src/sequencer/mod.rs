//! Total-order broadcast by a sequencer, with failover.
//!
//! Defago, Schiper & Urban, Total Order Broadcast and Multicast Algorithms (ACM Computing Surveys
//! 2004), section 4.1 (fixed sequencer) for the order; Birman & Joseph, Reliable Communication in the
//! Presence of Failures (TOCS 1987), for why a failover must collect what was ordered; Liskov &
//! Cowling, Viewstamped Replication Revisited (2012), section 4.2, for how.
//!
//! Time is cut into epochs, and each has one sequencer, the node of its number modulo the nodes. The
//! sequencer puts events one after the other; an event is **stable**, and is delivered and
//! acknowledged, when a majority has it on disk in this epoch. A node that has not heard from its
//! sequencer for a while takes over: it gets a majority's promises not to listen to earlier epochs,
//! and goes on from the longest order of the latest epoch among them, so that no number is ever given
//! to two stable events.
//!
//! **Promise.** All nodes deliver the same events in one order, uniformly: what any node has
//! delivered, even one that crashed, every node delivers at that place; every acknowledged event is
//! delivered. It goes on while a majority is up and can talk. `sequencer-steady.toml`,
//! `sequencer-under-chaos.toml` and `sequencer-failover.toml` test it. Tolerates lost, doubled,
//! reordered and late messages, partitions, pauses, bad clocks, slow and failing disks, and crashes of
//! any number of nodes as long as what was synced survives.
//! **Not promised.** A node that was cut off shows old orders to readers until it catches up.
//! **Cost**, when nothing fails: two messages for each other node and a forced write at every node;
//! a client waits for two messages of its own, two between nodes and one forced write.

mod config;
mod failover;
mod invariants;
mod mutants;
mod order;
mod replica;
#[cfg(test)]
mod tests;

use murphy_sim::{
    CallId, Context, Digest, Invariant, LogIndex, NodeId, Process, Reply, Role, View,
};
use serde::{Deserialize, Serialize};

pub use self::{
    config::Config,
    invariants::{DeliveriesStay, OneSequencer, UniformTotalOrder},
    mutants::Mutant,
    replica::Sequencer,
};
use crate::{
    protocol::{Mode, MutantInfo, Parameters, Protocol},
    service::{
        Service,
        events::{self, EventId, Key, Request, Response},
    },
    shared::log::Epoch,
};

/// One event in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ordered {
    /// Under which key.
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
    /// The sequencer's order from a place on; a sign of life when it is empty.
    Order {
        /// Whose order.
        epoch: Epoch,
        /// How long the order was that the epoch began with.
        base: u64,
        /// How many events stand before these.
        from: u64,
        /// The events.
        events: Vec<Ordered>,
        /// How many events of the order are stable.
        stable: u64,
    },
    /// So much of the epoch's order is on disk here.
    Written {
        /// Whose order.
        epoch: Epoch,
        /// How many events.
        length: u64,
    },
    /// The order here does not reach to where the last message began.
    Missing {
        /// Whose order.
        epoch: Epoch,
        /// How many events are surely the same here.
        length: u64,
    },
    /// Somebody wants to be the sequencer of this epoch.
    TakeOver {
        /// Which epoch.
        epoch: Epoch,
    },
    /// No earlier epoch is listened to from here on.
    Promise {
        /// Which epoch begins.
        epoch: Epoch,
        /// In which epoch the order here was last written to.
        written_in: Epoch,
        /// The order here.
        events: Vec<Ordered>,
        /// How many of its events are known to be stable.
        stable: u64,
    },
}

/// What nodes write down.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Record {
    /// No earlier epoch is listened to from here on.
    Promised(Epoch),
    /// The order from a place on is this, in this epoch.
    Order {
        /// Whose order.
        epoch: Epoch,
        /// How many events stand before these; what stood there is void.
        from: u64,
        /// The events.
        events: Vec<Ordered>,
        /// How many events of the order were known to be stable.
        stable: u64,
    },
}

/// What nodes remind themselves of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// The sequencer gives a sign of life, and tells again what nobody has answered.
    Heartbeat,
    /// The sequencer has not been heard from for too long.
    Patience,
}

impl Process for Sequencer {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Request = Request;
    type Response = Response;
    type View = events::View;

    fn start(config: &Config, disk: &[Record], ctx: &mut Context<Self>) -> Sequencer {
        Sequencer::restore(*config, disk, ctx)
    }

    fn on_request(&mut self, call: CallId, request: Request, ctx: &mut Context<Self>) {
        match request {
            Request::Publish { key, event } => self.publish(call, Ordered { key, event }, ctx),
            Request::Read { key } => {
                let applied = self.delivered_under(key);
                ctx.reply(call, Reply::Ok(Response::Applied(applied)));
            }
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Self>) {
        match message {
            Message::Order {
                epoch,
                base,
                from: place,
                events,
                stable,
            } => self.on_order(from, (epoch, base), (place, events), stable, ctx),
            Message::Written { epoch, length } => self.on_written(from, epoch, length, ctx),
            Message::Missing { epoch, length } => self.on_missing(from, epoch, length, ctx),
            Message::TakeOver { epoch } => self.on_take_over(from, epoch, ctx),
            Message::Promise {
                epoch,
                written_in,
                events,
                stable,
            } => self.on_promise(from, epoch, (written_in, events, stable), ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<Self>) {
        match timer {
            Timer::Heartbeat => self.heartbeat(ctx),
            Timer::Patience => self.lose_patience(ctx),
        }
    }

    fn on_synced(&mut self, upto: LogIndex, ctx: &mut Context<Self>) {
        self.synced(upto, ctx);
    }

    fn role(&self) -> Role {
        Role(if self.is_sequencer() {
            "sequencer"
        } else {
            "member"
        })
    }

    fn view(&self) -> View<events::View> {
        View {
            of: 0,
            state: Some(self.shown()),
            settled: self.is_settled(),
        }
    }

    fn abstraction(&self) -> u64 {
        Digest::of(&(self.role().0, self.promised().0.min(4), self.is_settled()))
    }
}

impl Protocol for Sequencer {
    const NAME: &'static str = "sequencer";
    const SERVICE: Service = Service::Events;
    const PROMISE: &'static str = "all nodes deliver the same events in one order, and every \
         acknowledged one; goes on while a majority does";
    const MODES: &'static [Mode] = &[];
    const MUTANTS: &'static [MutantInfo] = mutants::MUTANTS;
    const ROLES: &'static [&'static str] = &["sequencer", "member"];
    const OPTIONS: &'static [&'static str] = config::OPTIONS;
    const MESSAGES: &'static [&'static str] = <Message as strum::VariantNames>::VARIANTS;
    const LABELS: &'static [&'static str] = &[
        "ordered",
        "published-again",
        "lost-patience",
        "took-over",
        "adopted",
        "void-tail",
        "resumed",
        "told-again",
    ];

    fn configure(parameters: &Parameters) -> Result<Config, String> {
        Config::read(parameters, Self::NAME)
    }

    fn invariants(_: &Config) -> Vec<Box<dyn Invariant<Self>>> {
        invariants::all()
    }
}
