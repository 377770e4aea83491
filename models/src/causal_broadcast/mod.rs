//! Causal broadcast: whoever sees an event has seen everything that its sender had seen before it.
//!
//! Birman, Schiper & Stephenson, Lightweight Causal and Atomic Group Multicast (TOCS 1991), section
//! 5.1 (CBCAST); Schwarz & Mattern, Detecting Causal Relationships (1994). A cast names its place
//! among its origin's casts and what the origin had delivered before (a version vector); a node that
//! lacks any of that holds the cast back. What the network loses is asked for: every now and then a
//! node tells one drawn at random how far it is, and gets what it lacks.
//!
//! **Promise.** Causal order across all keys, for clients that stay with a node; every acknowledged
//! event reaches every node, none twice, none invented. Concurrent events come in any order, another
//! one at each node. `causal-steady.toml`, `causal-under-chaos.toml` and
//! `causal-behind-a-slow-link.toml` test it. Tolerates lost, doubled, reordered and late messages,
//! partitions, pauses, slow and failing disks, and crashes of any number of nodes as long as what was
//! synced survives. No clock is asked for the time.
//! **Not promised.** A client that goes on at another node takes nothing along: what it saw at the
//! first may come after what it says at the second. Casts are never forgotten: a run is short.
//! **Cost**, when nothing fails: a message to every other node and a forced write at every node for
//! each event; the client waits for one forced write and for no message between nodes.

mod invariants;
mod mutants;
mod state;
#[cfg(test)]
mod tests;

use murphy_sim::{
    CallId, Context, Digest, Invariant, LogIndex, NodeId, Process, Reply, Role, Span, View,
};
use serde::{Deserialize, Serialize};

pub use self::{
    invariants::{CausalDelivery, OneNameOneEvent},
    mutants::Mutant,
    state::CausalBroadcast,
};
use crate::{
    protocol::{Mode, MutantInfo, Parameters, Protocol},
    service::{
        Service,
        events::{self, EventId, Key, Request, Response},
    },
    shared::peers::any_other,
    shared::version_vector::{Dot, VersionVector},
};

/// What a node is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Nodes.
    pub nodes: u32,
    /// From one comparison of a node with another to its next.
    pub interval: Span,
    /// The most casts in one message.
    pub batch: usize,
    /// The planted bug.
    pub mutant: Option<Mutant>,
}

impl Config {
    fn has(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}

/// One event under way, and what must come before it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cast {
    /// The how-manieth of its origin.
    pub dot: Dot,
    /// What its origin had delivered, its own casts included.
    pub after: VersionVector,
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
    /// This is new, or this is what you lack; in an order that respects what comes after what.
    Casts(Vec<Cast>),
    /// This is how far I am: what do I lack?
    Digest(VersionVector),
}

/// What nodes remind themselves of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// The next comparison.
    Repair,
}

impl Process for CausalBroadcast {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Cast;
    type Request = Request;
    type Response = Response;
    type View = events::View;

    fn start(config: &Config, disk: &[Cast], ctx: &mut Context<Self>) -> CausalBroadcast {
        let node = CausalBroadcast::restore(*config, disk, ctx);
        if config.nodes > 1 {
            let phase = ctx.rng().span(Span::ZERO, config.interval);
            ctx.set_timer(Timer::Repair, phase);
        }
        node
    }

    fn on_request(&mut self, call: CallId, request: Request, ctx: &mut Context<Self>) {
        match request {
            Request::Publish { key, event } => self.publish(call, key, event, ctx),
            Request::Read { key } => {
                let applied = self.delivered_under(key);
                ctx.reply(call, Reply::Ok(Response::Applied(applied)));
            }
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Self>) {
        match message {
            Message::Casts(casts) => self.receive(from, casts, ctx),
            Message::Digest(theirs) => self.tell_what_is_lacking(from, &theirs, ctx),
        }
    }

    fn on_timer(&mut self, Timer::Repair: Timer, ctx: &mut Context<Self>) {
        if !self.config().has(Mutant::CausalNeverRepairs) {
            let peer = any_other(self.config().nodes, ctx);
            ctx.send(peer, Message::Digest(self.written().clone()));
        }
        ctx.set_timer(Timer::Repair, self.config().interval);
    }

    fn on_synced(&mut self, upto: LogIndex, ctx: &mut Context<Self>) {
        self.synced(upto, ctx);
    }

    fn role(&self) -> Role {
        Role("peer")
    }

    /// Each node has an order of its own, so no two views are compared with each other.
    fn view(&self) -> View<events::View> {
        View {
            of: self.node().0,
            state: Some(self.shown()),
            settled: self.is_settled(),
        }
    }

    fn abstraction(&self) -> u64 {
        let size = usize::BITS - self.delivered().len().leading_zeros();
        Digest::of(&(size, self.held_back().min(4), self.is_settled()))
    }
}

impl Protocol for CausalBroadcast {
    const NAME: &'static str = "causal-broadcast";
    const SERVICE: Service = Service::Events;
    const PROMISE: &'static str = "causal order for clients that stay with a node; every \
         acknowledged event reaches every node, none twice";
    const MODES: &'static [Mode] = &[];
    const MUTANTS: &'static [MutantInfo] = mutants::MUTANTS;
    const ROLES: &'static [&'static str] = &["peer"];
    const OPTIONS: &'static [&'static str] = &["interval", "batch"];
    const MESSAGES: &'static [&'static str] = <Message as strum::VariantNames>::VARIANTS;
    const LABELS: &'static [&'static str] = &[
        "event-written",
        "published-again",
        "held-back",
        "let-go",
        "deduplicated",
        "repaired",
        "resumed",
    ];

    fn configure(parameters: &Parameters) -> Result<Config, String> {
        parameters.know_only(Self::OPTIONS)?;
        if parameters.spares > 0 {
            return Err("causal-broadcast has no use for spare nodes: remove `spares`".to_owned());
        }
        parameters.chosen_mode::<String>(Self::NAME, Self::MODES)?;
        Ok(Config {
            nodes: parameters.nodes,
            interval: parameters.span("interval", Span::millis(100))?,
            batch: parameters.count("batch", 256)?,
            mutant: parameters.planted(Self::NAME, Self::MUTANTS)?,
        })
    }

    fn invariants(_: &Config) -> Vec<Box<dyn Invariant<Self>>> {
        invariants::all()
    }
}
