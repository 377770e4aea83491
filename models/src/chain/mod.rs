//! Chain replication of registers, mended and extended by a master; and CRAQ, which reads anywhere.
//!
//! Van Renesse and Schneider, "Chain Replication for Supporting High Throughput and Availability"
//! (OSDI 2004); Terrace and Freedman, "Object Storage on CRAQ" (USENIX ATC 2009), sections 2.1 to
//! 2.4; leases after Gray and Cheriton (1989).
//!
//! The last node is the master, the others are replicas, at first all of them in the chain. Updates
//! enter at the head, go down node by node as each has them on its disk, and are answered by the
//! tail; its acknowledgement goes up again. What a node has and does not know to be at the tail is in
//! process: the paper's Sent list. It is sent again, to a new successor too, until it is
//! acknowledged.
//!
//! # Promise, by mode
//!
//! - **chain**: linearizable; the tail answers reads under a lease. `chain-steady.toml`,
//!   `chain-under-chaos.toml`, `chain-mended.toml` (each place of the chain dies and comes back) and
//!   `chain-tail-cut-off.toml` test it.
//! - **craq**: linearizable; every node answers reads, of a dirty key after asking the tail which
//!   updates are committed. `craq-steady.toml`, `craq-under-chaos.toml` and
//!   `craq-nodes-cut-off.toml` test it.
//!
//! Serves while the master and one node of the chain do. An update is applied at most once, under
//! however many attempts.
//!
//! # Tolerated
//!
//! The paper's servers are fail-stop and its links reliable and in order; neither is so here. A node
//! is taken out of the chain only when its lease is over, so one that is only cut off has stopped
//! answering by then. Whatever belongs to an earlier epoch is refused. A node that comes back catches
//! up behind the tail, which commits nothing without it from before it asks the master to append it.
//! So: crashes of any node, sync errors, stalls and full disks; messages lost, doubled, late and out
//! of order; partitions of any shape; pauses; wall clocks that do anything at all.
//!
//! # Not promised
//!
//! The master is one node that is taken to be there (the paper replicates it with Paxos): it
//! recovers from its disk, and while it is down nobody is removed or let in, and nobody reads for
//! longer than a lease. Monotonic clocks must run within `drift-ppm` of true time. Disks must keep
//! what they have synced.
//!
//! # Cost when nothing fails, with n nodes in the chain
//!
//! A write: n - 1 messages down and n - 1 up, n forced writes, answered after n + 1 message delays
//! and n syncs. A read at the tail, a clean read of CRAQ: none, and two delays. A dirty read of CRAQ:
//! two messages more. `tests/costs.rs` pins it.

mod config;
mod invariants;
mod link;
mod master;
mod member;
mod message;
mod mutants;
mod replica;
mod store;
#[cfg(test)]
mod tests;

use murphy_sim::{CallId, Context, Digest, Invariant, LogIndex, NodeId, Process, Role, View};

pub use self::{
    config::{Config, Mode},
    master::Master,
    message::{Configuration, Entry, Epoch, Message, Position, Record, Timer},
    mutants::Mutant,
    replica::Replica,
};
use crate::{
    protocol::{self, MutantInfo, Parameters, Protocol},
    service::{Service, kv},
};

/// A node of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Chain {
    /// The last node.
    Master(Master),
    /// Any other.
    Replica(Replica),
}

impl Process for Chain {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Request = kv::Request;
    type Response = kv::Response;
    type View = kv::View;

    fn start(config: &Config, disk: &[Record], ctx: &mut Context<'_, Self>) -> Chain {
        if ctx.node() == config.master() {
            Chain::Master(Master::start(*config, disk, ctx))
        } else {
            Chain::Replica(Replica::start(*config, disk, ctx))
        }
    }

    fn on_request(&mut self, call: CallId, request: kv::Request, ctx: &mut Context<'_, Self>) {
        match self {
            Chain::Master(master) => master.on_request(call, &request, ctx),
            Chain::Replica(replica) => replica.on_request(call, &request, ctx),
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, Self>) {
        match self {
            Chain::Master(master) => master.on_message(from, &message, ctx),
            Chain::Replica(replica) => replica.on_message(from, message, ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_, Self>) {
        match (self, timer) {
            (Chain::Master(master), Timer::Watch) => master.on_watch(ctx),
            (Chain::Master(_), Timer::Hello | Timer::Renew | Timer::Resend(_)) => {
                unreachable!("the master sets no timer of a replica")
            }
            (Chain::Replica(replica), timer) => replica.on_timer(timer, ctx),
        }
    }

    fn on_synced(&mut self, upto: LogIndex, ctx: &mut Context<'_, Self>) {
        match self {
            Chain::Master(master) => master.on_synced(upto, ctx),
            Chain::Replica(replica) => replica.on_synced(upto, ctx),
        }
    }

    fn role(&self) -> Role {
        match self {
            Chain::Master(_) => Role("master"),
            Chain::Replica(replica) => replica.role(),
        }
    }

    fn view(&self) -> View<kv::View> {
        match self {
            Chain::Master(_) => View::nothing(true),
            Chain::Replica(replica) => replica.view(),
        }
    }

    fn abstraction(&self) -> u64 {
        match self {
            Chain::Master(master) => Digest::of(&("master", master.abstraction())),
            Chain::Replica(replica) => Digest::of(&(replica.role().0, replica.abstraction())),
        }
    }
}

impl Protocol for Chain {
    const NAME: &'static str = "chain";
    const SERVICE: Service = Service::Kv;
    const PROMISE: &'static str = "updates go down a chain that a master mends, and are answered \
                                   at its end; who answers reads depends on the mode";
    const MODES: &'static [protocol::Mode] = config::MODES;
    const MUTANTS: &'static [MutantInfo] = mutants::MUTANTS;
    const ROLES: &'static [&'static str] =
        &["master", "head", "middle", "tail", "joining", "outside"];
    const OPTIONS: &'static [&'static str] = config::OPTIONS;
    const MESSAGES: &'static [&'static str] = <Message as strum::VariantNames>::VARIANTS;
    const LABELS: &'static [&'static str] = &[
        "redirect",
        "removed",
        "restored",
        "admitted",
        "rejoin",
        "mended",
        "tail-cut",
        "dirty-read",
    ];

    fn configure(parameters: &Parameters) -> Result<Config, String> {
        Config::read(parameters, Self::NAME)
    }

    fn invariants(config: &Config) -> Vec<Box<dyn Invariant<Chain>>> {
        invariants::all(config)
    }
}
