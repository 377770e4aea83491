//! Conflict-free replicated data types: counters, sets, maps and lists that every node changes at once
//! and that replicas join without asking anyone.
//!
//! Shapiro et al., A Comprehensive Study of Convergent and Commutative Replicated Data Types (INRIA
//! RR-7506, 2011) and Conflict-free Replicated Data Types (SSS 2011); Roh et al., Replicated Abstract
//! Data Types (JPDC 2011); Almeida et al., Delta State Replicated Data Types (JPDC 2018). Each type has
//! its file: [`g_counter`], [`pn_counter`], [`or_set`], [`lww_map`], [`rga`].
//!
//! Promise, both modes: strong eventual consistency. Replicas that have delivered the same updates are
//! in the same state, at every step, and every acknowledged update reaches every replica soon after the
//! heal. Counters count every increment once (`crdt-tally-*.toml`, `crdt-counter-*.toml`); of an
//! insertion into a set and a removal that did not see it the insertion wins, and what was removed
//! stays out (`crdt-set-*.toml`); the last writer of a map's field wins (`crdt-map-*.toml`); a list has
//! one order (`crdt-list-*.toml`). The same from deltas (`crdt-delta-steady.toml`,
//! `crdt-delta-*-under-chaos.toml` for every type). A client that stays at a node sees what it did.
//!
//! Not promised: a limit on any value, such as a counter above zero, which takes agreement; one
//! moment at which all replicas are equal; and that a call that is retried at another node counts
//! once.
//!
//! Tolerates lost, doubled, reordered and late messages, partitions, pauses, failing disks, any clocks,
//! and crashes of any number of nodes as long as what was synced survives. Costs when nothing fails: an
//! update one forced write at its node, which is all that the client waits for, and a read nothing.
//! By states, a round of a node is one message as large as all objects together; by deltas, one as
//! large as what the other lacks and one to confirm it, and none when it lacks nothing.

pub mod g_counter;
mod invariants;
pub mod lattice;
pub mod lww_map;
mod mutants;
mod objects;
pub mod or_set;
pub mod pn_counter;
mod replica;
pub mod rga;
#[cfg(test)]
mod tests;

use murphy_sim::{CallId, Context, Digest, Invariant, LogIndex, NodeId, Process, Role, Span, View};
use serde::{Deserialize, Serialize};

pub use self::{
    invariants::{EqualDeliveriesEqualStates, StatesGrow},
    mutants::Mutant,
    objects::Objects,
    replica::Replica,
};
use crate::{
    protocol::{self, MutantInfo, Parameters, Protocol},
    service::{
        Service,
        objects::{self as service, Request, Response},
    },
};

/// What a node is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Nodes.
    pub nodes: u32,
    /// What nodes tell each other.
    pub mode: Mode,
    /// From one round of a node to its next.
    pub interval: Span,
    /// The planted bug.
    pub mutant: Option<Mutant>,
}

/// What nodes tell each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Mode {
    /// All that they hold.
    StateBased,
    /// What the other has not confirmed.
    DeltaBased,
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
    /// All that the sender holds.
    State(Objects),
    /// What the sender has changed or joined since the receiver last confirmed, or all that it holds.
    Delta {
        /// That.
        delta: Objects,
        /// Up to this place of the sender's log.
        upto: LogIndex,
    },
    /// The sender has all that it was told up to this place of the receiver's log.
    Confirm {
        /// That place.
        upto: LogIndex,
    },
}

/// What nodes remind themselves of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// The next round.
    Round,
}

impl Process for Replica {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Objects;
    type Request = Request;
    type Response = Response;
    type View = service::View;

    fn start(config: &Config, disk: &[Objects], ctx: &mut Context<Replica>) -> Replica {
        let replica = Replica::restore(*config, disk, ctx);
        if config.nodes > 1 {
            let phase = ctx.rng().span(Span::ZERO, config.interval);
            ctx.set_timer(Timer::Round, phase);
        }
        replica
    }

    fn on_request(&mut self, call: CallId, request: Request, ctx: &mut Context<Replica>) {
        match request {
            Request::Read { .. } => self.read(call, &request, ctx),
            _ => self.update(call, &request, ctx),
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Replica>) {
        match message {
            Message::State(theirs) => self.hear(theirs, ctx),
            Message::Delta { delta, upto } => self.hear_delta(from, (delta, upto), ctx),
            Message::Confirm { upto } => self.confirm(from, upto, ctx),
        }
    }

    fn on_timer(&mut self, Timer::Round: Timer, ctx: &mut Context<Replica>) {
        self.begin_round(ctx);
    }

    fn on_synced(&mut self, upto: LogIndex, ctx: &mut Context<Replica>) {
        self.synced(upto, ctx);
    }

    fn role(&self) -> Role {
        Role("replica")
    }

    fn view(&self) -> View<service::View> {
        View {
            of: 0,
            state: Some(self.objects().view()),
            settled: self.is_settled(),
        }
    }

    fn abstraction(&self) -> u64 {
        Digest::of(&(usize::BITS - self.kept().leading_zeros(), self.is_settled()))
    }
}

impl Protocol for Replica {
    const NAME: &'static str = "crdt";
    const SERVICE: Service = Service::Objects;
    const PROMISE: &'static str = "strong eventual consistency: replicas that have delivered the same \
         updates are in the same state, and every acknowledged update reaches all";
    const MODES: &'static [protocol::Mode] = &[
        protocol::Mode {
            name: "state-based",
            promise: "strong eventual consistency; nodes tell each other all that they hold",
        },
        protocol::Mode {
            name: "delta-based",
            promise: "strong eventual consistency; nodes tell each other what is not confirmed",
        },
    ];
    const MUTANTS: &'static [MutantInfo] = mutants::MUTANTS;
    const ROLES: &'static [&'static str] = &["replica"];
    const OPTIONS: &'static [&'static str] = &["interval"];
    const MESSAGES: &'static [&'static str] = <Message as strum::VariantNames>::VARIANTS;
    const LABELS: &'static [&'static str] = &["updated", "joined", "whole-state-sent", "resumed"];

    fn configure(parameters: &Parameters) -> Result<Config, String> {
        parameters.know_only(Self::OPTIONS)?;
        if parameters.spares > 0 {
            return Err("crdt has no use for spare nodes: set `spares` to 0".to_owned());
        }
        Ok(Config {
            nodes: parameters.nodes,
            mode: parameters
                .chosen_mode(Self::NAME, Self::MODES)?
                .unwrap_or(Mode::StateBased),
            interval: parameters.span("interval", Span::millis(100))?,
            mutant: parameters.planted(Self::NAME, Self::MUTANTS)?,
        })
    }

    fn invariants(_: &Config) -> Vec<Box<dyn Invariant<Replica>>> {
        invariants::all()
    }
}

impl Config {
    fn has(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}
