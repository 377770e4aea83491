//! Multi-master registers in which the last writer wins: every node takes writes at once, tells the
//! others afterwards, and of two writes to a key the one with the later stamp stays.
//!
//! Thomas, A Majority Consensus Approach (TODS 1979), for the rule; Demers et al. (PODC
//! 1987), section 1.3, for the anti-entropy; Petersen et al., Flexible Update Propagation (SOSP 1997),
//! for versions that tell what a node lacks; Kulkarni et al., Logical Physical Clocks (OPODIS 2014), for
//! the hybrid clock.
//!
//! Promise, both modes: replicas converge soon after the heal, and nodes that know of the same writes
//! hold the same (`lww-wall-clock-steady.toml`, `lww-wall-clock-under-chaos.toml`, `lww-steady.toml`,
//! `lww-under-chaos.toml`). On hybrid logical clocks a client that stays at a node reads what it wrote
//! and never goes back in time, and what it sees is causal: a write with all that its writer had seen
//! (`lww-steady.toml`, `lww-under-chaos.toml`, `lww-under-clock-skew.toml`).
//!
//! Not promised: of concurrent writes all but one are lost, acknowledged or not. On wall clocks even a
//! later write is lost to an earlier one of a node whose clock is ahead
//! (`lww-wall-clock-loses-later-writes.toml` shows it). Nothing is promised to a client that goes to
//! another node, and a write that is retried there counts as written again. Compare-and-swap is refused.
//!
//! Tolerates lost, doubled, reordered and late messages, partitions, pauses, failing disks, crashes of
//! any number of nodes as long as what was synced survives, and clocks that are off, jump or run
//! backwards. Costs when nothing fails: a write one forced write at each of n nodes and n-1 messages,
//! none of which the client waits for but its own node's disk; a read nothing; a round without news
//! one message.

mod invariants;
mod mutants;
mod replica;
mod store;
#[cfg(test)]
mod tests;

use murphy_sim::{
    CallId, Context, Digest, Invariant, LogIndex, NodeId, Process, Reply, Role, Span, View,
};
use serde::{Deserialize, Serialize};

pub use self::{
    invariants::{ClockNotBehind, EqualVersionsEqualStates, OneWriteADot},
    mutants::Mutant,
    replica::LastWriterWins,
    store::{Entry, Store},
};
use crate::{
    protocol::{self, MutantInfo, Parameters, Protocol},
    service::{
        Service,
        kv::{self, Key, Request, Response},
    },
    shared::version_vector::VersionVector,
};

/// What a node is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Nodes.
    pub nodes: u32,
    /// What writes are stamped by.
    pub mode: Mode,
    /// From one round of a node to its next.
    pub interval: Span,
    /// The planted bug.
    pub mutant: Option<Mutant>,
}

/// What writes are stamped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Mode {
    /// The hybrid logical clock of the node, which is never behind a write that the node knows.
    HybridLogicalClock,
    /// The wall clock of the node, in milliseconds; of writes in one millisecond the order is
    /// arbitrary, and everywhere the same.
    WallClock,
}

/// All that was written between two states of knowledge and is still there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Delta {
    /// It says nothing new of what is known here already, and needs all of it.
    pub since: VersionVector,
    /// Who has taken it knows all of this.
    pub upto: VersionVector,
    /// The writes, in order of keys.
    pub entries: Vec<(Key, Entry)>,
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
    /// A round begins: this much I know.
    Digest(VersionVector),
    /// This much I know; tell me what else there is.
    Ask(VersionVector),
    /// News.
    Delta(Delta),
}

/// What nodes remind themselves of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// The next round.
    Round,
}

impl Process for LastWriterWins {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Delta;
    type Request = Request;
    type Response = Response;
    type View = kv::View;

    fn start(config: &Config, disk: &[Delta], ctx: &mut Context<LastWriterWins>) -> LastWriterWins {
        let replica = LastWriterWins::restore(*config, disk, ctx);
        if config.nodes > 1 {
            let phase = ctx.rng().span(Span::ZERO, config.interval);
            ctx.set_timer(Timer::Round, phase);
        }
        replica
    }

    fn on_request(&mut self, call: CallId, request: Request, ctx: &mut Context<LastWriterWins>) {
        match request {
            Request::Read { key } => self.read(call, key, ctx),
            Request::Write { key, value } => self.write(call, key, value, ctx),
            // It would take agreement.
            Request::Cas { .. } => ctx.reply(call, Reply::Fail),
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<LastWriterWins>) {
        match message {
            Message::Digest(theirs) => self.compare(from, &theirs, ctx),
            Message::Ask(theirs) => self.tell(from, &theirs, ctx),
            Message::Delta(delta) => self.take(from, delta, ctx),
        }
    }

    fn on_timer(&mut self, Timer::Round: Timer, ctx: &mut Context<LastWriterWins>) {
        self.begin_round(ctx);
    }

    fn on_synced(&mut self, upto: LogIndex, ctx: &mut Context<LastWriterWins>) {
        self.synced(upto, ctx);
    }

    fn role(&self) -> Role {
        Role("replica")
    }

    fn view(&self) -> View<kv::View> {
        View {
            of: 0,
            state: Some(self.store().values()),
            settled: self.is_settled(),
        }
    }

    fn abstraction(&self) -> u64 {
        Digest::of(&(self.store().len(), self.is_settled()))
    }
}

impl Protocol for LastWriterWins {
    const NAME: &'static str = "last-writer-wins";
    const SERVICE: Service = Service::Kv;
    const PROMISE: &'static str = "replicas converge; of concurrent writes one survives";
    const MODES: &'static [protocol::Mode] = &[
        protocol::Mode {
            name: "hybrid-logical-clock",
            promise: "replicas converge; causal for clients that stay at a node; of concurrent \
                      writes one survives",
        },
        protocol::Mode {
            name: "wall-clock",
            promise: "replicas converge; an acknowledged write is lost to any with a later stamp, \
                      even to one that came before it",
        },
    ];
    const MUTANTS: &'static [MutantInfo] = mutants::MUTANTS;
    const ROLES: &'static [&'static str] = &["replica"];
    const OPTIONS: &'static [&'static str] = &["interval"];
    const MESSAGES: &'static [&'static str] = <Message as strum::VariantNames>::VARIANTS;
    const LABELS: &'static [&'static str] = &[
        "written",
        "overtaken",
        "merged",
        "gap-found",
        "asked",
        "resumed",
    ];

    fn configure(parameters: &Parameters) -> Result<Config, String> {
        parameters.know_only(Self::OPTIONS)?;
        if parameters.spares > 0 {
            return Err(
                "last-writer-wins has no use for spare nodes: set `spares` to 0".to_owned(),
            );
        }
        Ok(Config {
            nodes: parameters.nodes,
            mode: parameters
                .chosen_mode(Self::NAME, Self::MODES)?
                .unwrap_or(Mode::HybridLogicalClock),
            interval: parameters.span("interval", Span::millis(100))?,
            mutant: parameters.planted(Self::NAME, Self::MUTANTS)?,
        })
    }

    fn invariants(config: &Config) -> Vec<Box<dyn Invariant<LastWriterWins>>> {
        invariants::all(config.mode)
    }
}

impl Config {
    fn has(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}
