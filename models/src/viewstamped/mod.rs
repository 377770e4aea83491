//! Viewstamped replication: a log of operations ordered by the primary of a view, kept in memory.
//!
//! Liskov and Cowling, "Viewstamped Replication Revisited" (MIT-CSAIL-TR-2012-021): normal operation
//! (section 4.1), view change (4.2), recovery with a nonce (4.3), state transfer (5.2), client table
//! (4.1). Each file cites its section. Reads are operations like any other.
//!
//! # Promise
//!
//! Linearizable, while no more than f of 2f + 1 replicas are without their memory at once; serves
//! while f + 1 that have it reach each other. A call is executed at most once, under however many
//! attempts. `viewstamped-steady.toml`, `viewstamped-under-chaos.toml`,
//! `viewstamped-loses-one-memory-after-another.toml` and `viewstamped-primary-cut-off.toml` test it.
//!
//! # Tolerated
//!
//! A crash takes all of a replica's memory, and it recovers from the others; a sync that fails is a
//! crash like any other. Messages lost, doubled, late and out of order; partitions of any shape;
//! pauses; clocks that do anything at all, since time decides only when a backup has waited long
//! enough.
//!
//! # What is on the disk
//!
//! Operations are not: that is the point. The view-number is, before a replica says that it wants a
//! view, as in the first paper (Oki and Liskov, 1988, section 4.2). The revisited protocol does
//! without; but then a replica that votes for a view, crashes and recovers into the one before helps
//! to commit what its vote does not know of (Michael et al., "Recovering Shared Objects Without
//! Stable Storage", DISC 2017, section 4). One record at the first start tells a replica that was
//! never there from one that has lost its memory.
//!
//! # Not promised
//!
//! More than f replicas that lose their memory before they have recovered: what only they held is
//! gone, and if they are all, nobody answers ever again. Reads under leases, batching by the
//! primary, witnesses and reconfiguration (sections 6 and 7) are left out; so are application
//! checkpoints (5.1): a log is sent whole.
//!
//! # Cost when nothing fails, with n replicas
//!
//! Any operation: n - 1 messages to backups and n - 1 back, no forced write, answered after four
//! message delays, the client's two among them. When the primary has died: (n - 1)^2 messages that
//! want the next view, n - 2 with logs to its primary, n - 1 that begin it; a forced write at each
//! that is left, and two message delays until the new primary serves. `tests/costs.rs` pins both.

mod config;
mod invariants;
mod message;
mod mutants;
mod normal;
mod recovery;
mod replica;
#[cfg(test)]
mod tests;
mod view_change;

use murphy_sim::{CallId, Context, Digest, Invariant, LogIndex, NodeId, Process, Role, View};

use self::replica::{Status, Store};
pub use self::{
    config::Config,
    message::{Entry, Epoch, Message, Nonce, Record, Timer, ViewNumber, Whole},
    mutants::Mutant,
};
use crate::{
    protocol::{self, MutantInfo, Parameters, Protocol},
    service::{Service, kv},
};

/// A replica.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Viewstamped {
    store: Store,
    status: Status,
}

impl Process for Viewstamped {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Request = kv::Request;
    type Response = kv::Response;
    type View = kv::View;

    fn start(config: &Config, disk: &[Record], ctx: &mut Context<'_, Self>) -> Viewstamped {
        Viewstamped::begin(*config, disk, ctx)
    }

    fn on_request(&mut self, call: CallId, request: kv::Request, ctx: &mut Context<'_, Self>) {
        self.react_to_request(call, request, ctx);
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
        self.role_now()
    }

    fn view(&self) -> View<kv::View> {
        self.view_now()
    }

    fn abstraction(&self) -> u64 {
        let log = &self.store.log;
        let is_committed = log.applied() == log.length();
        Digest::of(&(self.role().0, is_committed, self.store.has_promised()))
    }
}

impl Protocol for Viewstamped {
    const NAME: &'static str = "viewstamped";
    const SERVICE: Service = Service::Kv;
    const PROMISE: &'static str = "linearizable, without a forced write for an operation, while no \
                                   more than f of 2f + 1 replicas are without memory at once";
    const MODES: &'static [protocol::Mode] = &[];
    const MUTANTS: &'static [MutantInfo] = mutants::MUTANTS;
    const ROLES: &'static [&'static str] = &["primary", "backup", "view-change", "recovering"];
    const OPTIONS: &'static [&'static str] = config::OPTIONS;
    const MESSAGES: &'static [&'static str] = <Message as strum::VariantNames>::VARIANTS;
    const LABELS: &'static [&'static str] = &[
        "installed",
        "redirect",
        "view-change",
        "view-started",
        "state-transfer",
        "recovered",
    ];

    fn configure(parameters: &Parameters) -> Result<Config, String> {
        Config::from_parameters(parameters)
    }

    fn invariants(_: &Config) -> Vec<Box<dyn Invariant<Viewstamped>>> {
        invariants::all()
    }
}
