//! Primary-backup replication of registers, with failover by a monitor that grants leases.
//!
//! Budhiraja, Marzullo, Schneider and Toueg, "The Primary-Backup Approach" (1993); leases after Gray
//! and Cheriton (1989); epochs, the in-sync set and its changes after PacificA (Lin et al., 2008);
//! the log and its tail after Raft (Ongaro and Ousterhout, 2014).
//!
//! The last node is the monitor, the others are replicas. The monitor writes down who is primary, in
//! which epoch, and (synchronous mode) which replicas are in sync. A primary serves only under a
//! lease; no other is made before that lease must have run out.
//!
//! # Promise, by mode
//!
//! - **synchronous**: linearizable. A write is answered when every replica of the in-sync set has it
//!   on disk; one that does not answer is first taken out of the set, on the monitor's disk. Serves
//!   while the monitor and one replica of the set do. `synchronous-*.toml` test it.
//! - **semi-synchronous**: linearizable. A write is answered when one backup has it on disk too, and
//!   a new primary is the one with the longest log when all replicas but one have answered: no
//!   failure of one replica, and no order of such failures, loses an acknowledged write. Two that
//!   are out at once stop it and lose nothing. `semi-synchronous-*.toml` test it.
//! - **asynchronous**: linearizable while there is no failover, which may lose acknowledged writes
//!   (`lost-write`); replicas converge after the heal. `asynchronous-*.toml` test it.
//!
//! In every mode a call is applied at most once, under however many attempts.
//!
//! # Tolerated
//!
//! Crashes of any node with whatever they do to what was not synced, sync errors, stalls and full
//! disks; messages lost, doubled, late and out of order; partitions of any shape; pauses; wall clocks
//! that do anything at all. Without the monitor nobody is primary for longer than a lease: it is one
//! node here and a replicated one in PacificA.
//!
//! Monotonic clocks must run within `drift-ppm` of true time, also over pauses and restarts: leases
//! are measured on them. Disks must keep what they have synced: one that is lost or rots is outside
//! the promise.

mod backup;
mod config;
mod invariants;
mod message;
mod monitor;
mod primary;
mod replica;
#[cfg(test)]
mod tests;

use murphy_sim::{CallId, Context, Digest, Invariant, LogIndex, NodeId, Process, Role, View};

pub use self::{
    config::{Config, Mode, Mutant},
    message::{Configuration, Entry, Epoch, Message, Position, Record, Timer},
    monitor::Monitor,
    replica::Replica,
};
use crate::{
    protocol::{self, MutantInfo, Parameters, Protocol},
    service::{Service, kv},
};

/// A node of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PrimaryBackup {
    /// The last node.
    Monitor(Monitor),
    /// Any other.
    Replica(Replica),
}

impl Process for PrimaryBackup {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Request = kv::Request;
    type Response = kv::Response;
    type View = kv::View;

    fn start(config: &Config, disk: &[Record], ctx: &mut Context<'_, Self>) -> PrimaryBackup {
        if ctx.node() == config.monitor() {
            PrimaryBackup::Monitor(Monitor::start(*config, disk, ctx))
        } else {
            PrimaryBackup::Replica(Replica::start(*config, disk, ctx))
        }
    }

    fn on_request(&mut self, call: CallId, request: kv::Request, ctx: &mut Context<'_, Self>) {
        match self {
            PrimaryBackup::Monitor(monitor) => monitor.on_request(call, ctx),
            PrimaryBackup::Replica(replica) => replica.on_request(call, request, ctx),
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, Self>) {
        match self {
            PrimaryBackup::Monitor(monitor) => monitor.on_message(from, message, ctx),
            PrimaryBackup::Replica(replica) => replica.on_message(from, message, ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_, Self>) {
        match self {
            PrimaryBackup::Monitor(monitor) => monitor.on_timer(timer, ctx),
            PrimaryBackup::Replica(replica) => replica.on_timer(timer, ctx),
        }
    }

    fn on_synced(&mut self, upto: LogIndex, ctx: &mut Context<'_, Self>) {
        match self {
            PrimaryBackup::Monitor(monitor) => monitor.on_synced(upto, ctx),
            PrimaryBackup::Replica(replica) => replica.on_synced(upto, ctx),
        }
    }

    fn role(&self) -> Role {
        match self {
            PrimaryBackup::Monitor(_) => Role("monitor"),
            PrimaryBackup::Replica(replica) => replica.role(),
        }
    }

    fn view(&self) -> View<kv::View> {
        match self {
            PrimaryBackup::Monitor(_) => View::nothing(true),
            PrimaryBackup::Replica(replica) => replica.view(),
        }
    }

    fn abstraction(&self) -> u64 {
        match self {
            PrimaryBackup::Monitor(monitor) => Digest::of(&("monitor", monitor.abstraction())),
            PrimaryBackup::Replica(replica) => {
                Digest::of(&(replica.role().0, replica.abstraction()))
            }
        }
    }
}

impl Protocol for PrimaryBackup {
    const NAME: &'static str = "primary-backup";
    const SERVICE: Service = Service::Kv;
    const PROMISE: &'static str = "one primary at a time, under a lease, replicates a log to its \
                                   backups; what an answer is worth depends on the mode";
    const MODES: &'static [protocol::Mode] = config::MODES;
    const MUTANTS: &'static [MutantInfo] = config::MUTANTS;
    const ROLES: &'static [&'static str] =
        &["monitor", "primary", "suspended", "backup", "recovering"];
    const OPTIONS: &'static [&'static str] = config::OPTIONS;
    const MESSAGES: &'static [&'static str] = <Message as strum::VariantNames>::VARIANTS;
    const LABELS: &'static [&'static str] = &[
        "redirect",
        "failover",
        "takeover",
        "lease-lost",
        "evicted",
        "admitted",
        "rejoin",
        "tail-cut",
    ];

    fn configure(parameters: &Parameters) -> Result<Config, String> {
        Config::read(parameters, Self::NAME)
    }

    fn invariants(config: &Config) -> Vec<Box<dyn Invariant<PrimaryBackup>>> {
        invariants::all(config)
    }
}
