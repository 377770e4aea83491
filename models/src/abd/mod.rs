//! An atomic register on majorities, with many writers: no primary, no order, no failover.
//!
//! Attiya, Bar-Noy and Dolev, "Sharing Memory Robustly in Message-Passing Systems" (JACM 1995); many
//! writers after Lynch and Shvartsman, "Robust Emulation of Shared Memory Using Dynamic Quorum-
//! Acknowledged Broadcasts" (FTCS 1997).
//!
//! Any node takes any read or write and carries it out in two phases. First it asks all nodes what
//! they hold, and waits for a majority. Then a write chooses a greater timestamp, number and node,
//! and a read takes the greatest that it has found; all nodes are told, and it is done when a
//! majority has it on disk.
//!
//! # Promise
//!
//! Linearizable reads and writes; an operation ends as long as its node reaches a majority.
//! `abd-steady.toml`, `abd-under-chaos.toml`, `abd-without-a-minority.toml` test it.
//!
//! # Tolerated
//!
//! Crashes of any node with whatever they do to what was not synced, sync errors, stalls and full
//! disks; messages lost, doubled, late and out of order; partitions of any shape; pauses; wall clocks
//! that do anything at all: there are no leases and no timeouts but for asking again. A timestamp is
//! on its writer's disk before anyone else hears of it, so that none is given twice after a crash;
//! the papers' nodes do not come back from a crash.
//!
//! # Not promised
//!
//! Compare-and-swap is refused: it needs consensus, which this is not (Herlihy, 1991). A call that a
//! client sends to two nodes may be done twice: nobody remembers calls. Nodes that were away are not
//! caught up; whoever reads does it, key by key. Monotonic clocks must not go back over a restart:
//! they tell the answers to operations before it from those after.
//!
//! # Cost when nothing fails, with n nodes
//!
//! A write: 4 (n - 1) messages in two round trips, n forced writes, answered after six message
//! delays, the client's two among them, and two syncs. A read: the same messages and delays; no
//! forced write if all hold what it has found. Of a key that was never written: one round trip,
//! 2 (n - 1) messages.
//! `tests/costs.rs` pins it.

mod config;
mod invariants;
mod message;
mod mutants;
mod registers;
mod replica;
#[cfg(test)]
mod tests;

use murphy_sim::{CallId, Context, Digest, Invariant, LogIndex, NodeId, Process, Role, View};

pub use self::{
    config::Config,
    message::{Message, Record, Tagged, Ticket, Timer, Timestamp},
    mutants::Mutant,
};
use self::{registers::Registers, replica::Operations};
use crate::{
    protocol::{self, MutantInfo, Parameters, Protocol},
    service::{Service, kv},
};

/// A node: all are alike.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Abd {
    config: Config,
    registers: Registers,
    operations: Operations,
}

impl Process for Abd {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Request = kv::Request;
    type Response = kv::Response;
    type View = kv::View;

    fn start(config: &Config, disk: &[Record], ctx: &mut Context<'_, Self>) -> Abd {
        Abd::begin(*config, disk, ctx)
    }

    fn on_request(&mut self, call: CallId, request: kv::Request, ctx: &mut Context<'_, Self>) {
        self.react_to_request(call, &request, ctx);
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, Self>) {
        self.react_to_message(from, message, ctx);
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_, Self>) {
        self.react_to_timer(timer, ctx);
    }

    fn on_synced(&mut self, upto: LogIndex, ctx: &mut Context<'_, Self>) {
        self.react_to_sync(upto, ctx);
    }

    fn role(&self) -> Role {
        Role("replica")
    }

    /// Replicas need not agree: any majority does, and that is enough.
    fn view(&self) -> View<kv::View> {
        View::nothing(self.operations.open() == 0)
    }

    fn abstraction(&self) -> u64 {
        Digest::of(&("replica", self.operations.open().min(3)))
    }
}

impl Protocol for Abd {
    const NAME: &'static str = "abd";
    const SERVICE: Service = Service::Kv;
    const PROMISE: &'static str = "linearizable reads and writes, without compare-and-swap, at any \
                                   node that reaches a majority";
    const MODES: &'static [protocol::Mode] = &[];
    const MUTANTS: &'static [MutantInfo] = mutants::MUTANTS;
    const ROLES: &'static [&'static str] = &["replica"];
    const OPTIONS: &'static [&'static str] = config::OPTIONS;
    const MESSAGES: &'static [&'static str] = <Message as strum::VariantNames>::VARIANTS;
    const LABELS: &'static [&'static str] = &["asked-again"];

    fn configure(parameters: &Parameters) -> Result<Config, String> {
        Config::from_parameters(parameters)
    }

    fn invariants(_: &Config) -> Vec<Box<dyn Invariant<Abd>>> {
        invariants::all()
    }
}
