//! Multi-master registers that keep every concurrent write: a register holds siblings, a reader gets
//! all of them, and what that client writes next takes the place of what it has read.
//!
//! Parker et al., Detection of Mutual Inconsistency in Distributed Systems (IEEE TSE 1983); Preguica et
//! al., Dotted Version Vectors (arXiv:1011.5808, 2010; PODC 2012), whose dots tell concurrent writes
//! through one node apart; DeCandia et al., Dynamo (SOSP 2007), section 4.4, for what clients make of it.
//!
//! Promise: no acknowledged write is lost unless a client that had seen it wrote the key again, and
//! siblings are concurrent; replicas converge soon after the heal (`siblings-steady.toml`,
//! `siblings-under-chaos.toml`, `siblings-across-a-partition.toml`). A client that stays at a node sees
//! its own writes.
//!
//! Not promised: an order of concurrent writes. A client carries what it has been shown from each answer
//! to its next question, and loses it with a call whose end is unknown: what it writes then may stand
//! beside what it meant to replace, never the other way round. A client that writes without reading piles up siblings beside those of others.
//! Compare-and-swap is refused, and a write that is retried at another node becomes its own sibling.
//!
//! Tolerates lost, doubled, reordered and late messages, partitions, pauses, failing disks, any clocks
//! (none is asked), and crashes of any number of nodes as long as what was synced survives. Costs when
//! nothing fails: a write one forced write at each of n nodes and n-1 messages, none of which the
//! client waits for but its own node's disk; a read nothing; a round without news one message.

mod invariants;
mod mutants;
mod replica;
#[cfg(test)]
mod tests;

use murphy_sim::{
    CallId, Context, Digest, Invariant, LogIndex, NodeId, Process, Reply, Role, Span, View,
};
use serde::{Deserialize, Serialize};

pub use self::{
    invariants::{EqualVersionsEqualStates, SiblingsAreConcurrent},
    mutants::Mutant,
    replica::VersionVectors,
};
use crate::{
    protocol::{Mode, MutantInfo, Parameters, Protocol},
    service::{
        Service,
        kv::{self, Answered, Asked, Key, Request},
    },
    shared::{siblings::Siblings, version_vector::VersionVector},
};

/// What a node is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Nodes.
    pub nodes: u32,
    /// From one round of a node to its next.
    pub interval: Span,
    /// The planted bug.
    pub mutant: Option<Mutant>,
}

/// All that was written between two states of knowledge and is still there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Delta {
    /// It says nothing new of what is known here already, and needs all of it.
    pub since: VersionVector,
    /// Who has taken it knows all of this.
    pub upto: VersionVector,
    /// All siblings of each key that was written, in order of keys.
    pub entries: Vec<(Key, Siblings)>,
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

impl Process for VersionVectors {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Delta;
    type Request = Asked;
    type Response = Answered;
    type View = kv::View;

    const CARRIES: bool = true;

    fn start(config: &Config, disk: &[Delta], ctx: &mut Context<VersionVectors>) -> VersionVectors {
        let replica = VersionVectors::restore(*config, disk, ctx);
        if config.nodes > 1 {
            let phase = ctx.rng().span(Span::ZERO, config.interval);
            ctx.set_timer(Timer::Round, phase);
        }
        replica
    }

    fn on_request(&mut self, call: CallId, asked: Asked, ctx: &mut Context<VersionVectors>) {
        let shown = asked.shown;
        match asked.request {
            Request::Read { key } => self.read(call, key, shown, ctx),
            Request::Write { key, value } => self.write(call, (key, value), shown, ctx),
            // It would take agreement.
            Request::Cas { .. } => ctx.reply(call, Reply::Fail),
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<VersionVectors>) {
        match message {
            Message::Digest(theirs) => self.compare(from, &theirs, ctx),
            Message::Ask(theirs) => self.tell(from, &theirs, ctx),
            Message::Delta(delta) => self.take(from, delta, ctx),
        }
    }

    fn on_timer(&mut self, Timer::Round: Timer, ctx: &mut Context<VersionVectors>) {
        self.begin_round(ctx);
    }

    fn on_synced(&mut self, upto: LogIndex, ctx: &mut Context<VersionVectors>) {
        self.synced(upto, ctx);
    }

    fn role(&self) -> Role {
        Role("replica")
    }

    fn view(&self) -> View<kv::View> {
        let shown = |(key, siblings): (Key, &Siblings)| (key, siblings.as_one_number());
        View {
            of: 0,
            state: Some(self.registers().map(shown).collect()),
            settled: self.is_settled(),
        }
    }

    fn carry(planned: Asked, last: Option<&Answered>) -> Asked {
        planned.after(last)
    }

    fn abstraction(&self) -> u64 {
        let most = self.registers().map(|(_, siblings)| siblings.len()).max();
        Digest::of(&(most, self.is_settled()))
    }
}

impl Protocol for VersionVectors {
    const NAME: &'static str = "version-vectors";
    const SERVICE: Service = Service::Kv;
    const PROMISE: &'static str = "no acknowledged write is lost unless a client that had seen it \
         wrote again; replicas converge";
    const MODES: &'static [Mode] = &[];
    const MUTANTS: &'static [MutantInfo] = mutants::MUTANTS;
    const ROLES: &'static [&'static str] = &["replica"];
    const OPTIONS: &'static [&'static str] = &["interval"];
    const MESSAGES: &'static [&'static str] = <Message as strum::VariantNames>::VARIANTS;
    const LABELS: &'static [&'static str] = &[
        "siblings",
        "superseded",
        "merged",
        "gap-found",
        "asked",
        "resumed",
    ];

    fn configure(parameters: &Parameters) -> Result<Config, String> {
        parameters.know_only(Self::OPTIONS)?;
        if parameters.spares > 0 {
            return Err("version-vectors has no use for spare nodes: set `spares` to 0".to_owned());
        }
        parameters.chosen_mode::<String>(Self::NAME, Self::MODES)?;
        Ok(Config {
            nodes: parameters.nodes,
            interval: parameters.span("interval", Span::millis(100))?,
            mutant: parameters.planted(Self::NAME, Self::MUTANTS)?,
        })
    }

    fn invariants(_: &Config) -> Vec<Box<dyn Invariant<VersionVectors>>> {
        invariants::all()
    }
}

impl Config {
    fn has(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}
