//! A worker's coordinator side: it reads a snapshot, locks what is to be written, the primary first, and
//! turns the locks into versions, the primary first again. Peng & Dabek (2010), section 2.2, figure 6.
//!
//! All in memory: a crash leaves locks behind, which others clean up.

use std::collections::{BTreeMap, BTreeSet};

use murphy_sim::{CallId, Context, NodeId, Reply, Time};

use super::{
    Percolator,
    message::{Lock, Message, Timer, Timestamp},
    timestamps::Want,
    worker::Worker,
};
use crate::{
    service::txn::{Datum, Key, MicroOp, Request, Response, Store},
    shared::transactions::{Step, backoff, install, run},
};

/// A transaction of a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Transaction {
    call: CallId,
    stage: Stage,
    steps: Vec<Step>,
    /// What it has read of its snapshot.
    snapshot: BTreeMap<Key, Datum>,
    /// What its steps have found, for the client.
    found: Vec<Option<Datum>>,
    /// What it leaves in each cell that it writes; the first of them is the primary.
    writes: BTreeMap<Key, Datum>,
    /// Those that have not answered in this stage.
    awaited: BTreeSet<NodeId>,
    /// When one of them was last heard of.
    heard: Time,
    attempts: u32,
}

/// How far a transaction has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Stage {
    Reading,
    /// Its primary is being locked.
    PrewritingPrimary,
    /// The other cells are.
    PrewritingSecondaries,
    /// It waits for its commit timestamp.
    Stamping,
    /// Its primary is to become a version. From here on it may be committed.
    CommittingPrimary(Timestamp),
    /// It is committed, and the client knows.
    CommittingSecondaries(Timestamp),
}

impl Transaction {
    /// A small number for the stage.
    pub(super) const fn stage(&self) -> u32 {
        match self.stage {
            Stage::Reading => 0,
            Stage::PrewritingPrimary => 1,
            Stage::PrewritingSecondaries => 2,
            Stage::Stamping => 3,
            Stage::CommittingPrimary(_) => 4,
            Stage::CommittingSecondaries(_) => 5,
        }
    }

    fn lock(&self, start: Timestamp) -> Lock {
        let primary = self.writes.keys().next();
        Lock {
            start,
            transaction: self.call,
            primary: *primary.expect("a transaction that only reads has no locks"),
        }
    }

    /// The cells that it reads: writing alone does not look.
    fn reads(&self) -> BTreeSet<Key> {
        let looks = |op: &MicroOp| !matches!(op, MicroOp::Write { .. });
        let ops = self.steps.iter().map(|(_, op)| op);
        ops.filter(|op| looks(op)).map(MicroOp::key).collect()
    }
}

impl Worker {
    /// A client asks for a transaction.
    pub(super) fn on_request(
        &mut self,
        call: CallId,
        request: Request,
        ctx: &mut Context<Percolator>,
    ) {
        if self.is_known(call) {
            return;
        }
        self.calls.remember(call, ());
        if request.0.is_empty() {
            return ctx.reply(call, Reply::Ok(Response(Vec::new())));
        }
        self.want(Want::Begin(call, request), ctx);
    }

    /// It has its start timestamp: its snapshot is of that moment.
    pub(super) fn begin(
        &mut self,
        start: Timestamp,
        call: CallId,
        request: Request,
        ctx: &mut Context<Percolator>,
    ) {
        let found = vec![None; request.0.len()];
        let transaction = Transaction {
            call,
            stage: Stage::Reading,
            steps: (0..).zip(request.0).collect(),
            snapshot: BTreeMap::new(),
            found,
            writes: BTreeMap::new(),
            awaited: BTreeSet::new(),
            heard: ctx.elapsed(),
            attempts: 0,
        };
        let nodes = self.config.by_node(transaction.reads());
        self.transactions.insert(start, transaction);
        if nodes.is_empty() {
            return self.work(start, ctx);
        }
        self.enter(start, Stage::Reading, nodes.into_keys().collect(), ctx);
    }

    /// Begins a stage, in which these are to answer.
    fn enter(
        &mut self,
        start: Timestamp,
        stage: Stage,
        awaited: BTreeSet<NodeId>,
        ctx: &mut Context<Percolator>,
    ) {
        let transaction = self
            .transactions
            .get_mut(&start)
            .expect("only an open transaction goes on");
        transaction.stage = stage;
        transaction.awaited = awaited;
        transaction.heard = ctx.elapsed();
        transaction.attempts = 0;
        self.say(start, ctx);
    }

    /// Says what is to be said now to all that have not answered, and will say it again.
    fn say(&self, start: Timestamp, ctx: &mut Context<Percolator>) {
        let transaction = &self.transactions[&start];
        let wait = backoff(self.config.repeat, transaction.attempts).min(self.config.patience / 4);
        ctx.set_timer(Timer::Repeat(start), wait);
        let cells = match transaction.stage {
            Stage::Reading => self.config.by_node(transaction.reads()),
            _ => self.config.by_node(transaction.writes.keys().copied()),
        };
        for node in &transaction.awaited {
            let keys = cells[node].clone();
            let message = match transaction.stage {
                Stage::Reading => Message::Get { start, keys },
                Stage::PrewritingPrimary | Stage::PrewritingSecondaries => Message::Prewrite {
                    lock: transaction.lock(start),
                    writes: keys
                        .into_iter()
                        .map(|key| (key, transaction.writes[&key].clone()))
                        .collect(),
                },
                Stage::Stamping => unreachable!("the oracle is asked for all at once"),
                Stage::CommittingPrimary(commit) | Stage::CommittingSecondaries(commit) => {
                    let lock = transaction.lock(start);
                    Message::Commit { lock, commit, keys }
                }
            };
            ctx.send(*node, message);
        }
    }

    /// Repeats what was not answered, or gives up when somebody has been silent for too long.
    pub(super) fn repeat(&mut self, start: Timestamp, ctx: &mut Context<Percolator>) {
        let Some(transaction) = self.transactions.get_mut(&start) else {
            return;
        };
        let is_silent = ctx.elapsed().since(transaction.heard) > self.config.patience;
        if is_silent && transaction.stage <= Stage::Stamping {
            ctx.reached("silence");
            return self.abort(start, ctx);
        }
        transaction.attempts += 1;
        self.say(start, ctx);
    }

    /// The transaction, if it is in this stage and awaits this node, which has just answered.
    fn hear(
        &mut self,
        from: NodeId,
        start: Timestamp,
        suits: impl Fn(Stage) -> bool,
    ) -> Option<&mut Transaction> {
        let transaction = self.transactions.get_mut(&start)?;
        let is_awaited = suits(transaction.stage) && transaction.awaited.contains(&from);
        is_awaited.then_some(transaction)
    }

    /// A tablet tells what was there.
    pub(super) fn on_got(
        &mut self,
        from: NodeId,
        start: Timestamp,
        found: Vec<(Key, Option<Datum>)>,
        ctx: &mut Context<Percolator>,
    ) {
        let Some(transaction) = self.hear(from, start, |stage| stage == Stage::Reading) else {
            return;
        };
        transaction.awaited.remove(&from);
        let is_last = transaction.awaited.is_empty();
        for (key, datum) in &found {
            if let Some(datum) = datum {
                transaction.snapshot.insert(*key, datum.clone());
            }
        }
        for (key, _) in found {
            self.met.remove(&key);
        }
        if is_last {
            self.work(start, ctx);
        }
    }

    /// A tablet has locks in the way of a read: they may become versions of its snapshot. Tries again
    /// soon.
    pub(super) fn on_blocked(
        &mut self,
        from: NodeId,
        start: Timestamp,
        locks: &[(Key, Lock)],
        ctx: &mut Context<Percolator>,
    ) {
        let (now, retry) = (ctx.elapsed(), self.config.retry);
        let Some(transaction) = self.hear(from, start, |stage| stage == Stage::Reading) else {
            return;
        };
        transaction.heard = now;
        let wait = backoff(retry, transaction.attempts);
        ctx.set_timer(Timer::Repeat(start), wait);
        self.meet(locks, ctx);
    }

    /// Its snapshot is whole: does the steps on it, and begins to lock what they write.
    fn work(&mut self, start: Timestamp, ctx: &mut Context<Percolator>) {
        let transaction = self
            .transactions
            .get_mut(&start)
            .expect("only an open transaction works");
        let mut store = Store {
            opening_balance: self.config.opening_balance,
            data: std::mem::take(&mut transaction.snapshot),
        };
        let Ok((found, changes)) = run(&transaction.steps, &store) else {
            ctx.reached("refused");
            return self.abort(start, ctx);
        };
        for (place, datum) in found {
            transaction.found[place as usize] = datum;
        }
        install(&changes, &mut store);
        for (key, _) in changes {
            let datum = store.get(key).expect("what is written is there");
            transaction.writes.insert(key, datum);
        }
        if transaction.writes.is_empty() {
            return self.finish(start, ctx);
        }
        let primary = transaction.lock(start).primary;
        let first = BTreeSet::from([self.config.tablet(primary)]);
        self.enter(start, Stage::PrewritingPrimary, first, ctx);
    }

    /// A tablet has locked its cells.
    pub(super) fn on_prewritten(
        &mut self,
        from: NodeId,
        start: Timestamp,
        ctx: &mut Context<Percolator>,
    ) {
        let suits = |stage| {
            matches!(
                stage,
                Stage::PrewritingPrimary | Stage::PrewritingSecondaries
            )
        };
        let Some(transaction) = self.hear(from, start, suits) else {
            return;
        };
        transaction.awaited.remove(&from);
        if !transaction.awaited.is_empty() {
            return;
        }
        let stage = transaction.stage;
        let others = self.secondaries(start);
        if stage == Stage::PrewritingPrimary && !others.is_empty() {
            return self.enter(start, Stage::PrewritingSecondaries, others, ctx);
        }
        ctx.reached("all-locked");
        self.enter(start, Stage::Stamping, BTreeSet::new(), ctx);
        self.want(Want::Commit(start), ctx);
    }

    /// The tablets of what it writes, but for the primary's.
    fn secondaries(&self, start: Timestamp) -> BTreeSet<NodeId> {
        let transaction = &self.transactions[&start];
        let primary = self.config.tablet(transaction.lock(start).primary);
        let nodes = transaction
            .writes
            .keys()
            .map(|key| self.config.tablet(*key));
        nodes.filter(|node| *node != primary).collect()
    }

    /// Another was faster.
    pub(super) fn on_conflict(
        &mut self,
        from: NodeId,
        start: Timestamp,
        locks: &[(Key, Lock)],
        ctx: &mut Context<Percolator>,
    ) {
        let suits = |stage| {
            matches!(
                stage,
                Stage::PrewritingPrimary | Stage::PrewritingSecondaries
            )
        };
        if self.hear(from, start, suits).is_some() {
            ctx.reached("conflict");
            self.abort(start, ctx);
            self.meet(locks, ctx);
        }
    }

    /// It has its commit timestamp, and had all its locks before it asked for it: whoever reads at a
    /// later moment meets them.
    pub(super) fn commit(
        &mut self,
        start: Timestamp,
        commit: Timestamp,
        ctx: &mut Context<Percolator>,
    ) {
        let Some(transaction) = self.transactions.get(&start) else {
            // It has given up meanwhile.
            return;
        };
        if transaction.stage == Stage::Stamping {
            let primary = self.config.tablet(transaction.lock(start).primary);
            let stage = Stage::CommittingPrimary(commit);
            self.enter(start, stage, BTreeSet::from([primary]), ctx);
        }
    }

    /// A tablet has versions where its locks were. With the primary's the transaction is committed.
    pub(super) fn on_committed(
        &mut self,
        from: NodeId,
        start: Timestamp,
        ctx: &mut Context<Percolator>,
    ) {
        let suits = |stage| stage > Stage::Stamping;
        let Some(transaction) = self.hear(from, start, suits) else {
            return;
        };
        transaction.awaited.remove(&from);
        if !transaction.awaited.is_empty() {
            return;
        }
        if let Stage::CommittingPrimary(commit) = transaction.stage {
            ctx.reached("committed");
            let answer = Response(transaction.found.clone());
            ctx.reply(transaction.call, Reply::Ok(answer));
            let others = self.secondaries(start);
            if !others.is_empty() {
                let stage = Stage::CommittingSecondaries(commit);
                return self.enter(start, stage, others, ctx);
            }
        }
        self.close(start, ctx);
    }

    /// Its lock on the primary is gone: others have rolled it back.
    pub(super) fn on_gone(
        &mut self,
        from: NodeId,
        start: Timestamp,
        ctx: &mut Context<Percolator>,
    ) {
        let suits = |stage| matches!(stage, Stage::CommittingPrimary(_));
        if self.hear(from, start, suits).is_some() {
            ctx.reached("lock-lost");
            self.abort(start, ctx);
        }
    }

    /// It has only read, and is done.
    fn finish(&mut self, start: Timestamp, ctx: &mut Context<Percolator>) {
        let transaction = self.close(start, ctx);
        ctx.reached("read-only");
        ctx.reply(transaction.call, Reply::Ok(Response(transaction.found)));
    }

    fn close(&mut self, start: Timestamp, ctx: &mut Context<Percolator>) -> Transaction {
        ctx.cancel_timer(Timer::Repeat(start));
        self.transactions
            .remove(&start)
            .expect("only an open transaction ends")
    }

    /// Gives a transaction up that cannot have been committed, and removes what it may have locked. The
    /// word may be lost: then others remove it.
    fn abort(&mut self, start: Timestamp, ctx: &mut Context<Percolator>) {
        let transaction = self.close(start, ctx);
        ctx.reached("abort");
        ctx.reply(transaction.call, Reply::Fail);
        if transaction.stage == Stage::Reading {
            return;
        }
        let lock = transaction.lock(start);
        let primary = self.config.tablet(lock.primary);
        let has_asked = |node| transaction.stage > Stage::PrewritingPrimary || node == primary;
        for (node, keys) in self.config.by_node(transaction.writes.keys().copied()) {
            if has_asked(node) {
                ctx.send(node, Message::Rollback { lock, keys });
            }
        }
    }
}
