//! Percolator: transactions with snapshot isolation over cells that know only row transactions.
//!
//! Peng & Dabek, "Large-scale Incremental Processing Using Distributed Transactions and Notifications",
//! OSDI 2010, sections 2.1 to 2.3. Not its notifications.
//!
//! **Layout.** The first node is the timestamp oracle. All others are workers: each has a tablet with the
//! cells that fall on it, modulo their number, and coordinates the transactions of the clients that come
//! to it, as the paper's client library does.
//!
//! **A transaction** gets a start timestamp and reads the versions of that moment; where an older lock
//! stands it waits. It then locks all that it writes, the primary's tablet first and then the others, and
//! aborts where it meets a lock or a version since its start. With all locks it gets its commit timestamp
//! and replaces its locks by versions of that moment, the primary's first: at that moment it is committed.
//! The cells of one tablet go in one message and one write.
//!
//! **A coordinator** has nothing on disk. What it leaves behind when it crashes is cleaned up by whoever
//! meets it: the primary tells whether locks are rolled forward or back.
//!
//! **Promise.** Strong snapshot isolation and all or nothing, whatever crashes, is lost, doubled,
//! reordered, cut, late or skewed: `percolator-steady.toml`, `percolator-under-chaos.toml`,
//! `percolator-keeps-the-money.toml`, `percolator-registers.toml`. No crash of a coordinator blocks
//! others for long: `percolator-coordinators-crash.toml`.
//! **Not promised.** Serializability: two transactions may each write what the other has read, as
//! `percolator-permits-write-skew.toml` shows. Anything while the oracle is down. That anyone gets
//! through: the first to lock wins, and aborted transactions are not tried again here. Clients must not
//! retry a call, which would make a second transaction of it. A disk that is lost or rots takes its cells
//! with it. Old versions are never collected: a run is short.
//!
//! **Costs**, pinned by `tests/costs.rs`: of a transaction that writes at n tablets 4n + 4 messages and 2n
//! forced writes, 10 message delays and 3 writes before the client is answered; to read at m tablets adds
//! 2m messages and 2 delays. One forced write of the oracle for a whole range of timestamps.

mod clean_up;
mod coordinator;
mod invariants;
mod message;
mod mutants;
mod oracle;
mod tablet;
#[cfg(test)]
mod tests;
mod timestamps;
mod worker;

use std::collections::BTreeMap;

use murphy_sim::{
    CallId, Context, Digest, Invariant, LogIndex, NodeId, Process, Reply, Role, Span, View,
};

pub use self::{
    message::{End, Lock, Message, Record, Timer, Timestamp},
    mutants::Mutant,
    oracle::Oracle,
    worker::Worker,
};
use crate::{
    protocol::{Mode, MutantInfo, Parameters, Protocol},
    service::{
        Service,
        txn::{self, Key, Request, Response},
    },
};

/// Where the timestamp oracle is; the workers are behind it.
pub const ORACLE: NodeId = NodeId(0);

/// What every node is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Nodes, the oracle among them.
    pub nodes: u32,
    /// The balance of accounts that were never touched.
    pub opening_balance: Option<i64>,
    /// How many timestamps the oracle takes at once on disk.
    pub range: u64,
    /// Whoever is not answered asks again after this long, then after twice as long, and so on.
    pub repeat: Span,
    /// A coordinator aborts a transaction when a tablet or the oracle has been silent for this long.
    pub patience: Span,
    /// A read that was blocked is tried again after this long, then after twice as long, and so on.
    pub retry: Span,
    /// A lock that has been in the way for this long is cleaned up.
    pub lock_age: Span,
    /// The planted bug.
    pub mutant: Option<Mutant>,
}

impl Config {
    /// So many nodes, and everything else as it is by default.
    pub const fn new(nodes: u32) -> Config {
        Config {
            nodes,
            opening_balance: None,
            range: 32,
            repeat: Span::millis(50),
            patience: Span::millis(400),
            retry: Span::millis(5),
            lock_age: Span::millis(250),
            mutant: None,
        }
    }

    /// The worker that has this cell.
    const fn tablet(&self, key: Key) -> NodeId {
        NodeId(1 + key % (self.nodes - 1))
    }

    /// Cells by the workers that have them.
    fn by_node(&self, keys: impl IntoIterator<Item = Key>) -> BTreeMap<NodeId, Vec<Key>> {
        let mut nodes = BTreeMap::<NodeId, Vec<Key>>::new();
        for key in keys {
            nodes.entry(self.tablet(key)).or_default().push(key);
        }
        nodes
    }

    fn has(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Percolator {
    /// Hands out timestamps.
    Oracle(Oracle),
    /// Has cells and coordinates.
    Worker(Box<Worker>),
}

impl Process for Percolator {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Request = Request;
    type Response = Response;
    type View = txn::View;

    fn start(config: &Config, disk: &[Record], ctx: &mut Context<Percolator>) -> Percolator {
        match ctx.node() {
            ORACLE => Percolator::Oracle(Oracle::start(config, disk, ctx)),
            _ => Percolator::Worker(Box::new(Worker::start(config, disk, ctx))),
        }
    }

    fn on_request(&mut self, call: CallId, request: Request, ctx: &mut Context<Percolator>) {
        match self {
            Percolator::Oracle(_) => {
                let worker = NodeId(1 + call.client.0 % (ctx.nodes() - 1));
                ctx.reply(call, Reply::Redirect(Some(worker)));
            }
            Percolator::Worker(worker) => worker.on_request(call, request, ctx),
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Percolator>) {
        match self {
            Percolator::Oracle(oracle) => oracle.on_message(from, &message, ctx),
            Percolator::Worker(worker) => worker.on_message(from, message, ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<Percolator>) {
        let Percolator::Worker(worker) = self else {
            unreachable!("the oracle sets no timer");
        };
        match timer {
            Timer::Timestamps => worker.ask_oracle_again(ctx),
            Timer::Repeat(start) => worker.repeat(start, ctx),
        }
    }

    fn on_synced(&mut self, upto: LogIndex, ctx: &mut Context<Percolator>) {
        match self {
            Percolator::Oracle(oracle) => oracle.on_synced(upto, ctx),
            Percolator::Worker(worker) => worker.on_synced(upto, ctx),
        }
    }

    fn role(&self) -> Role {
        Role(match self {
            Percolator::Oracle(_) => "oracle",
            Percolator::Worker(worker) if worker.is_idle() => "tablet",
            Percolator::Worker(_) => "coordinator",
        })
    }

    fn view(&self) -> View<txn::View> {
        match self {
            Percolator::Oracle(oracle) => oracle.view(),
            Percolator::Worker(worker) => worker.view(),
        }
    }

    fn abstraction(&self) -> u64 {
        match self {
            Percolator::Oracle(oracle) => Digest::of(&oracle.handed_out().1),
            Percolator::Worker(worker) => worker.abstraction(),
        }
    }
}

impl Protocol for Percolator {
    const NAME: &'static str = "percolator";
    const SERVICE: Service = Service::Txn;
    const PROMISE: &'static str =
        "strong snapshot isolation, all or nothing; permits write skew, and waits for its oracle";
    const MODES: &'static [Mode] = &[];
    const MUTANTS: &'static [MutantInfo] = mutants::MUTANTS;
    const ROLES: &'static [&'static str] = &["oracle", "tablet", "coordinator"];
    const OPTIONS: &'static [&'static str] = &["range", "repeat", "patience", "retry", "lock-age"];
    const MESSAGES: &'static [&'static str] = <Message as strum::VariantNames>::VARIANTS;
    const LABELS: &'static [&'static str] = &[
        "range-taken",
        "recovered-locks",
        "read-blocked",
        "read-only",
        "refused",
        "conflict",
        "silence",
        "all-locked",
        "committed",
        "lock-lost",
        "abort",
        "asked-the-primary",
        "primary-rolled-back",
        "rolled-forward",
        "rolled-back",
    ];

    fn configure(parameters: &Parameters) -> Result<Config, String> {
        parameters.know_only(Self::OPTIONS)?;
        parameters.chosen_mode::<String>(Self::NAME, Self::MODES)?;
        if parameters.nodes < 2 {
            return Err(format!(
                "percolator of {} nodes has no worker: set `nodes` to 2 or more (oracle, workers)",
                parameters.nodes
            ));
        }
        if parameters.spares > 0 {
            return Err("percolator has a fixed number of tablets: remove `spares`".to_owned());
        }
        let default = Config::new(parameters.nodes);
        Ok(Config {
            opening_balance: parameters.opening_balance,
            range: parameters.count("range", default.range)? as u64,
            repeat: parameters.span("repeat", default.repeat)?,
            patience: parameters.span("patience", default.patience)?,
            retry: parameters.span("retry", default.retry)?,
            lock_age: parameters.span("lock-age", default.lock_age)?,
            mutant: parameters.planted(Self::NAME, Self::MUTANTS)?,
            ..default
        })
    }

    fn invariants(_: &Config) -> Vec<Box<dyn Invariant<Self>>> {
        invariants::all()
    }
}
