//! Anti-entropy gossip of events: every node now and then compares notes with one drawn at random.
//!
//! Demers et al., Epidemic Algorithms for Replicated Database Maintenance (PODC 1987), section 1.3;
//! Karp et al., Randomized Rumor Spreading (FOCS 2000). Promise: every acknowledged event reaches
//! every node, with probability 1 while rounds go on and within O(log n) of them with high
//! probability; nothing is invented, nothing is there twice; nodes that have heard of the same events
//! show the same. No order is promised. Tolerates lost, doubled, reordered and late messages,
//! partitions, pauses, slow and failing disks, and crashes of any number of nodes as long as what was
//! synced survives. No clock is asked for the time. `gossip-steady.toml`, `gossip-under-chaos.toml` and
//! `gossip-across-a-bridge.toml` test it, `gossip-push-*.toml` and `gossip-pull-*.toml` where only one
//! of the two tells the other.

mod exchange;
mod invariants;
mod state;
#[cfg(test)]
mod tests;

use murphy_sim::{
    CallId, Context, Digest, Invariant, LogIndex, NodeId, Process, Reply, Role, Span, View,
};
use serde::{Deserialize, Serialize};

pub use self::{
    invariants::{KnowledgeGrows, NothingInvented},
    state::Gossip,
};
use crate::{
    protocol::{self, MutantInfo, Parameters, Protocol},
    service::{
        Service,
        events::{self, EventId, Key, Request, Response},
    },
};

/// What a node is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Nodes.
    pub nodes: u32,
    /// Which way events travel.
    pub mode: Mode,
    /// From one round of a node to its next.
    pub interval: Span,
    /// The most events in one message.
    pub batch: usize,
    /// The planted bug.
    pub mutant: Option<Mutant>,
}

/// Which way events travel when two nodes compare notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Mode {
    /// Both ways.
    PushPull,
    /// From the one that begins to the one it has drawn.
    Push,
    /// From the one that was drawn to the one that begins.
    Pull,
}

/// The bugs that can be planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Mutant {
    /// A node tells what it has heard for so many rounds and then no more.
    GossipStopsTooEarly,
    /// A publication is acknowledged before it is durable.
    AckBeforeSync,
    /// After a restart a node knows up to where it had heard, but not what.
    ForgetsOnRestart,
    /// What is pulled replaces what is there under the same key.
    MergeOverwrites,
    /// A node tells others of its own event before it is durable.
    CounterReusedAfterRestart,
}

/// One event and its identity: the how-manieth of the node where it was published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rumour {
    /// Where it was published.
    pub origin: NodeId,
    /// From 1, without gaps.
    pub counter: u32,
    /// Under which key.
    pub key: Key,
    /// The event.
    pub event: EventId,
}

/// How far a node has heard: for each origin the counter up to which it has everything; in order of
/// origins, those of which it has nothing left out.
pub type Versions = Vec<(NodeId, u32)>;

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
    /// A round begins: this is how far I have heard.
    Digest(Versions),
    /// This you lack; and if there is something that I lack, this is how far I have heard.
    Answer {
        /// What the other lacks.
        rumours: Vec<Rumour>,
        /// How far the sender has heard, if it lacks something.
        versions: Option<Versions>,
    },
    /// And this is what you lack.
    Rumours(Vec<Rumour>),
}

/// What nodes remind themselves of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// The next round.
    Round,
}

impl Process for Gossip {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Rumour;
    type Request = Request;
    type Response = Response;
    type View = events::View;

    fn start(config: &Config, disk: &[Rumour], ctx: &mut Context<Gossip>) -> Gossip {
        let gossip = Gossip::restore(*config, disk, ctx);
        if config.nodes > 1 {
            let phase = ctx.rng().span(Span::ZERO, config.interval);
            ctx.set_timer(Timer::Round, phase);
        }
        gossip
    }

    fn on_request(&mut self, call: CallId, request: Request, ctx: &mut Context<Gossip>) {
        match request {
            Request::Publish { key, event } => self.publish(call, key, event, ctx),
            Request::Read { key } => {
                ctx.reply(call, Reply::Ok(Response::Applied(self.read(key))));
            }
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Gossip>) {
        match message {
            Message::Digest(theirs) => self.answer(from, &theirs, ctx),
            Message::Answer { rumours, versions } => self.answered(from, &rumours, versions, ctx),
            Message::Rumours(rumours) => self.pushed(&rumours, ctx),
        }
    }

    fn on_timer(&mut self, Timer::Round: Timer, ctx: &mut Context<Gossip>) {
        self.begin_round(ctx);
    }

    fn on_synced(&mut self, upto: LogIndex, ctx: &mut Context<Gossip>) {
        self.synced(upto, ctx);
    }

    fn role(&self) -> Role {
        Role("peer")
    }

    fn view(&self) -> View<events::View> {
        View {
            of: 0,
            state: Some(self.shown()),
            settled: self.is_settled(),
        }
    }

    fn abstraction(&self) -> u64 {
        let size = usize::BITS - self.known().leading_zeros();
        Digest::of(&(size, self.is_settled()))
    }
}

impl Protocol for Gossip {
    const NAME: &'static str = "gossip";
    const SERVICE: Service = Service::Events;
    const PROMISE: &'static str = "every acknowledged event reaches every node, none twice; nodes \
         that have heard of the same events show the same";
    const MODES: &'static [protocol::Mode] = &[
        protocol::Mode {
            name: "push-pull",
            promise: "every acknowledged event reaches every node; fewest rounds",
        },
        protocol::Mode {
            name: "push",
            promise: "every acknowledged event reaches every node; the last ones wait longest",
        },
        protocol::Mode {
            name: "pull",
            promise: "every acknowledged event reaches every node; the first ones wait longest",
        },
    ];
    const MUTANTS: &'static [MutantInfo] = &[
        MutantInfo {
            name: "gossip-stops-too-early",
            mode: "",
            anomaly: "lost-event",
            story: "A node tells what it has heard for a fixed number of rounds and never again: \
                    whoever was cut off for longer never hears it.",
        },
        MutantInfo {
            name: "ack-before-sync",
            mode: "",
            anomaly: "lost-event",
            story: "A publication is acknowledged before it is durable: the node crashes, and nobody \
                    has the event.",
        },
        MutantInfo {
            name: "forgets-on-restart",
            mode: "",
            anomaly: "lost-event",
            story: "After a crash a node knows up to where it had heard but not what, so that nobody \
                    tells it again.",
        },
        MutantInfo {
            name: "merge-overwrites",
            mode: "",
            anomaly: "lost-event",
            story: "What a node pulls replaces what it has under the same key.",
        },
        MutantInfo {
            name: "counter-reused-after-restart",
            mode: "",
            anomaly: "lost-event",
            story: "A node tells others of its event before it is durable, crashes, and gives the same \
                    counter to another event: those who have heard of the first never ask for the \
                    second.",
        },
    ];
    const ROLES: &'static [&'static str] = &["peer"];
    const OPTIONS: &'static [&'static str] = &["interval", "batch"];
    const MESSAGES: &'static [&'static str] = <Message as strum::VariantNames>::VARIANTS;
    const LABELS: &'static [&'static str] = &[
        "event-written",
        "published-again",
        "learned-by-pull",
        "learned-by-push",
        "deduplicated",
        "resumed",
        "caught-up",
    ];

    fn configure(parameters: &Parameters) -> Result<Config, String> {
        parameters.know_only(Self::OPTIONS)?;
        if parameters.spares > 0 {
            return Err("gossip has no use for spare nodes: set `spares` to 0".to_owned());
        }
        Ok(Config {
            nodes: parameters.nodes,
            mode: parameters
                .chosen_mode(Self::NAME, Self::MODES)?
                .unwrap_or(Mode::PushPull),
            interval: parameters.span("interval", Span::millis(100))?,
            batch: parameters.count("batch", 256)?,
            mutant: parameters.planted(Self::NAME, Self::MUTANTS)?,
        })
    }

    fn invariants(_: &Config) -> Vec<Box<dyn Invariant<Gossip>>> {
        invariants::all()
    }
}

impl Config {
    fn has(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}
