//! A worker: it keeps cells, and runs the transactions that clients bring to it. Here is the tablet's
//! side, which answers when what it says is on disk. The row transactions of Bigtable that Percolator
//! is built on are here that a node does one thing at a time and writes it down as one record.

use std::collections::{BTreeMap, VecDeque};

use murphy_sim::{CallId, Context, Digest, LogIndex, NodeId, View};

use super::{
    Config, Mutant, Percolator,
    coordinator::Transaction,
    message::{End, Lock, Message, Met, Record, Timestamp},
    tablet::{Committable, Ended, Lockable, Tablet},
    timestamps::Timestamps,
};
use crate::{
    service::txn::{self, Datum, Key},
    shared::{
        gate::Gate,
        sessions::{Asked, Sessions},
    },
};

/// A worker.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Worker {
    pub(super) config: Config,
    node: NodeId,
    /// Another one after every crash.
    life: u64,
    tablet: Tablet,
    gate: Gate<Message, txn::Response>,
    /// How many locks had ended when each record was written that is not durable yet.
    unsynced: VecDeque<(LogIndex, usize)>,
    /// How many have ended for good.
    ended: usize,
    /// The calls that were taken on in this life.
    pub(super) calls: Sessions<()>,
    pub(super) timestamps: Timestamps,
    /// Transactions that have their start timestamp and not their end.
    pub(super) transactions: BTreeMap<Timestamp, Transaction>,
    /// Locks that were in the way of transactions of this worker.
    pub(super) met: BTreeMap<Key, Met>,
}

impl Worker {
    pub(super) fn start(config: &Config, disk: &[Record], ctx: &mut Context<Percolator>) -> Worker {
        let life = ctx.rng().bits();
        let mut tablet = Tablet::default();
        for record in disk {
            tablet.apply(record);
        }
        if !tablet.is_unlocked() {
            ctx.reached("recovered-locks");
        }
        let ended = tablet.ended().len();
        Worker {
            config: config.clone(),
            node: ctx.node(),
            life,
            tablet,
            gate: Gate::new(ctx),
            unsynced: VecDeque::new(),
            ended,
            calls: Sessions::default(),
            timestamps: Timestamps::new(life),
            transactions: BTreeMap::new(),
            met: BTreeMap::new(),
        }
    }

    pub(super) fn on_message(
        &mut self,
        from: NodeId,
        message: Message,
        ctx: &mut Context<Percolator>,
    ) {
        match message {
            Message::AskTimestamps { .. } => unreachable!("a worker hands out no timestamps"),
            Message::Timestamps { question, first } => self.on_timestamps(question, first, ctx),
            Message::Get { start, keys } => self.on_get(from, start, &keys, ctx),
            Message::Got { start, found } => self.on_got(from, start, found, ctx),
            Message::Blocked { start, locks } => self.on_blocked(from, start, &locks, ctx),
            Message::Prewrite { lock, writes } => self.on_prewrite(from, lock, writes, ctx),
            Message::Prewritten { start } => self.on_prewritten(from, start, ctx),
            Message::Conflict { start, locks } => self.on_conflict(from, start, &locks, ctx),
            Message::Commit { lock, commit, keys } => self.on_commit(from, lock, commit, keys, ctx),
            Message::Committed { start } => self.on_committed(from, start, ctx),
            Message::Gone { start } => self.on_gone(from, start, ctx),
            Message::Rollback { lock, keys } => self.on_rollback(lock, &keys, ctx),
            Message::Inquire { lock } => self.on_inquire(from, lock, ctx),
            Message::Outcome { lock, end } => self.follow(lock, end, ctx),
        }
    }

    fn write(&mut self, record: Record, ctx: &mut Context<Percolator>) {
        self.tablet.apply(&record);
        let index = self.gate.write(record, ctx);
        self.unsynced.push_back((index, self.tablet.ended().len()));
    }

    fn on_get(
        &mut self,
        from: NodeId,
        start: Timestamp,
        keys: &[Key],
        ctx: &mut Context<Percolator>,
    ) {
        let blind = self.config.has(Mutant::PercolatorReadIgnoresLocks);
        let answer = match self.tablet.read(start, keys, blind) {
            Ok(found) => Message::Got { start, found },
            Err(locks) => {
                ctx.reached("read-blocked");
                Message::Blocked { start, locks }
            }
        };
        self.gate.send(from, answer, ctx);
    }

    fn on_prewrite(
        &mut self,
        from: NodeId,
        lock: Lock,
        writes: Vec<(Key, Datum)>,
        ctx: &mut Context<Percolator>,
    ) {
        let start = lock.start;
        let keys: Vec<Key> = writes.iter().map(|(key, _)| *key).collect();
        let heedless = self.config.has(Mutant::PercolatorConflictIgnored);
        let answer = match self.tablet.lockable(&lock, &keys, heedless) {
            Lockable::Yes => {
                self.write(Record::Prewritten { lock, writes }, ctx);
                Message::Prewritten { start }
            }
            Lockable::Already => Message::Prewritten { start },
            Lockable::No(locks) => Message::Conflict { start, locks },
        };
        self.gate.send(from, answer, ctx);
    }

    fn on_commit(
        &mut self,
        from: NodeId,
        lock: Lock,
        commit: Timestamp,
        keys: Vec<Key>,
        ctx: &mut Context<Percolator>,
    ) {
        let start = lock.start;
        let careless = self.config.has(Mutant::PercolatorCommitsWithoutItsLock);
        let answer = match self.tablet.committable(&lock, &keys) {
            Committable::No if !careless => Message::Gone { start },
            Committable::Yes | Committable::No => {
                self.write(Record::Committed { lock, commit, keys }, ctx);
                Message::Committed { start }
            }
            Committable::Already => Message::Committed { start },
        };
        self.gate.send(from, answer, ctx);
    }

    fn on_rollback(&mut self, lock: Lock, keys: &[Key], ctx: &mut Context<Percolator>) {
        let keys = self.tablet.open(&lock, keys);
        if !keys.is_empty() {
            self.write(Record::RolledBack { lock, keys }, ctx);
        }
    }

    /// Someone has met a lock for too long. What is not committed by now never will be.
    fn on_inquire(&mut self, from: NodeId, lock: Lock, ctx: &mut Context<Percolator>) {
        let end = self.tablet.end(&lock).unwrap_or_else(|| {
            ctx.reached("primary-rolled-back");
            let keys = vec![lock.primary];
            self.write(Record::RolledBack { lock, keys }, ctx);
            End::RolledBack
        });
        self.gate.send(from, Message::Outcome { lock, end }, ctx);
    }

    pub(super) fn on_synced(&mut self, upto: LogIndex, ctx: &mut Context<Percolator>) {
        self.gate.synced(upto, ctx);
        while let Some((index, ended)) = self.unsynced.front().copied()
            && index <= upto
        {
            self.unsynced.pop_front();
            self.ended = ended;
        }
    }

    /// What became of locks in this life, for good, and which life that is.
    pub(super) fn ended(&self) -> (u64, &[Ended]) {
        (self.life, &self.tablet.ended()[..self.ended])
    }

    pub(super) fn view(&self) -> View<txn::View> {
        View {
            of: self.node.0,
            state: Some(self.tablet.view()),
            settled: self.tablet.is_unlocked() && self.is_idle() && self.gate.is_open(),
        }
    }

    /// Whether no client waits for it, and no other tablet.
    pub(super) fn is_idle(&self) -> bool {
        self.transactions.is_empty() && self.timestamps.is_idle()
    }

    pub(super) fn abstraction(&self) -> u64 {
        let stages = self.transactions.values().map(Transaction::stage);
        Digest::of(&(
            stages.fold(0, |bits, stage| bits | 1_u64 << stage),
            self.tablet.is_unlocked(),
            self.met.is_empty(),
        ))
    }

    /// Whether this call is a copy of one that was taken on.
    pub(super) fn is_known(&self, call: CallId) -> bool {
        self.calls.look(call) != Asked::New
    }
}
