//! A participant's side up to its vote: it does the steps it is asked to do, tells what they found,
//! and lets go of what nobody asks it to prepare.
//!
//! Until it is prepared a shard may withdraw from any transaction, whenever it likes (Bernstein,
//! Hadzilacos & Goodman 1987, section 7.3).

use std::collections::{BTreeMap, BTreeSet};

use murphy_sim::{Context, NodeId};

use super::{
    ActKind, Alarm, Book, Control, Decision, Execute, Executed, Executes, Found, Layout, Outcome,
    Outcomes, Prepare, Prepared, TransactionId, Vote, Work, backoff,
};
use crate::service::txn;

/// How often a participant that has not voted asks a silent coordinator before it withdraws.
const UNANSWERED: u32 = 4;

/// The transactions that a node takes part in, over a concurrency control.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Shard<C> {
    layout: Layout,
    life: u64,
    pub(crate) control: C,
    running: BTreeMap<TransactionId, Running>,
    /// Transactions that this node takes no part in any more in this life, and the vote to repeat.
    over: BTreeMap<TransactionId, Vote>,
}

/// A transaction that this node takes part in and does not know the end of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Running {
    pub(crate) coordinator: NodeId,
    pub(crate) stage: Stage,
    /// All that take part, once it is known.
    pub(crate) peers: Vec<NodeId>,
    /// How often it has asked for the end and not been answered.
    pub(crate) asked: u32,
    /// Whether it changes something here.
    pub(crate) is_update: bool,
    begun: u64,
    found: Found,
}

/// What a shard answers when it is asked to prepare.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    /// Nothing before this is durable; then yes.
    Write(Prepared),
    /// This.
    Say(Vote),
    /// Nothing: it is being written, or the question is a late copy.
    Nothing,
}

/// How far a participant has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Stage {
    /// Its steps are not done: it waits for others.
    Waiting,
    /// Its steps are done, in memory.
    Executed,
    /// Its prepare record is on its way to the disk.
    Preparing,
    /// It has voted yes: in doubt.
    Prepared,
}

impl Running {
    pub(crate) fn may_withdraw(&self) -> bool {
        self.stage < Stage::Preparing
    }
}

impl<C: Control> Shard<C> {
    pub(crate) fn new(layout: &Layout, rules: &C::Rules, life: u64) -> Shard<C> {
        Shard {
            layout: layout.clone(),
            life,
            control: C::new(layout.opening_balance, rules),
            running: BTreeMap::new(),
            over: BTreeMap::new(),
        }
    }

    /// Its life: every crash begins another.
    pub(crate) const fn life(&self) -> u64 {
        self.life
    }

    pub(crate) fn get(&self, transaction: TransactionId) -> Option<&Running> {
        self.running.get(&transaction)
    }

    /// The vote to repeat on a transaction that this node takes no part in any more.
    pub(crate) fn over(&self, transaction: TransactionId) -> Option<Vote> {
        self.over.get(&transaction).copied()
    }

    /// Takes no part in it from now on, unless it takes part already.
    pub(crate) fn never(&mut self, transaction: TransactionId) {
        self.over.entry(transaction).or_insert(Vote::No);
    }

    /// Whether it takes part in nothing.
    pub(crate) fn is_idle(&self) -> bool {
        self.running.is_empty()
    }

    /// Transactions that this node has voted for and does not know the end of.
    pub(crate) fn in_doubt(&self) -> BTreeSet<TransactionId> {
        let running = self.running.iter();
        let prepared = running.filter(|(_, here)| here.stage == Stage::Prepared);
        prepared.map(|(transaction, _)| *transaction).collect()
    }

    /// What a reader of everything here would see.
    pub(crate) fn view(&self, book: &Book) -> txn::View {
        txn::View {
            data: self.control.store().data.clone(),
            votes: book.votes(),
            decisions: book.decisions(),
            in_doubt: self.in_doubt(),
            locked: self.control.locked(),
            sagas: Vec::new(),
        }
    }

    /// The stages that transactions are in, as bits.
    pub(crate) fn stages(&self) -> u64 {
        let running = self.running.values();
        running.fold(0, |bits, here| bits | 1 << here.stage as u32)
    }

    /// The coordinator asks for steps to be done. `decided` is how the transaction has ended here,
    /// if it has.
    pub(crate) fn on_execute<P: Executes>(
        &mut self,
        from: NodeId,
        execute: Execute,
        decided: Option<Decision>,
        ctx: &mut Context<P>,
    ) {
        let transaction = execute.transaction;
        if let Some(here) = self.running.get(&transaction) {
            return match here.stage {
                Stage::Waiting => ctx.send(from, Work::Undecided(transaction).into()),
                Stage::Executed => self.say_executed(transaction, ctx),
                // A copy that was long under way: it has been answered.
                Stage::Preparing | Stage::Prepared => {}
            };
        }
        match (self.over(transaction), decided) {
            (Some(Vote::No), _) | (None, Some(Decision::Abort)) => {
                return ctx.send(from, Work::Refuse(transaction).into());
            }
            // A copy that was long under way.
            (Some(Vote::Yes | Vote::ReadOnly), _) | (None, Some(Decision::Commit)) => return,
            (None, None) => {}
        }
        let running = Running {
            coordinator: from,
            stage: Stage::Waiting,
            peers: Vec::new(),
            asked: 0,
            is_update: execute.steps.iter().any(|(_, op)| op.is_update()),
            begun: execute.begun,
            found: Vec::new(),
        };
        self.running.insert(transaction, running);
        ctx.set_timer(Alarm::Ask(transaction).into(), self.layout.ask);
        let outcomes = self
            .control
            .arrive(transaction, execute.begun, execute.steps);
        self.settle(outcomes, ctx);
    }

    /// Tells what has become of transactions.
    fn settle<P: Executes>(&mut self, outcomes: Outcomes, ctx: &mut Context<P>) {
        for (transaction, outcome) in outcomes {
            match outcome {
                Outcome::Executed(found) => {
                    ctx.cancel_timer(Alarm::LockWait(transaction).into());
                    let here = self
                        .running
                        .get_mut(&transaction)
                        .expect("only what runs here is done");
                    here.stage = Stage::Executed;
                    here.found = found;
                    self.say_executed(transaction, ctx);
                }
                Outcome::Waits => {
                    let wait = self.layout.lock_wait;
                    ctx.set_timer(Alarm::LockWait(transaction).into(), wait);
                }
                Outcome::Refused => {
                    ctx.reached("refused");
                    self.turn_away(transaction, ctx);
                }
                Outcome::Wounded => {
                    ctx.reached("wound");
                    self.turn_away(transaction, ctx);
                }
            }
        }
    }

    fn say_executed<P: Executes>(&self, transaction: TransactionId, ctx: &mut Context<P>) {
        let here = &self.running[&transaction];
        let executed = Executed {
            transaction,
            life: self.life,
            found: here.found.clone(),
        };
        ctx.send(here.coordinator, Work::Executed(executed).into());
    }

    /// Votes no from now on. Nothing is decided by that: the word may be lost, and a later life may
    /// do the steps.
    fn turn_away<P: Executes>(&mut self, transaction: TransactionId, ctx: &mut Context<P>) {
        let here = self
            .running
            .remove(&transaction)
            .expect("only what runs here is turned away");
        assert!(here.may_withdraw(), "after a yes vote nobody withdraws");
        self.over.insert(transaction, Vote::No);
        ctx.send(here.coordinator, Work::Refuse(transaction).into());
        ctx.cancel_timer(Alarm::LockWait(transaction).into());
        ctx.cancel_timer(Alarm::Ask(transaction).into());
    }

    /// Takes no part in a transaction before its vote, as everyone may.
    pub(crate) fn withdraw<P: Executes>(
        &mut self,
        transaction: TransactionId,
        ctx: &mut Context<P>,
    ) {
        self.turn_away(transaction, ctx);
        let outcomes = self.control.end(transaction, Decision::Abort);
        self.settle(outcomes, ctx);
    }

    /// It has ended here: lets go of it, and lets those go on that waited for it.
    pub(crate) fn leave<P: Executes>(
        &mut self,
        transaction: TransactionId,
        decision: Decision,
        ctx: &mut Context<P>,
    ) {
        self.running
            .remove(&transaction)
            .expect("only who takes part can leave");
        ctx.cancel_timer(Alarm::LockWait(transaction).into());
        ctx.cancel_timer(Alarm::Ask(transaction).into());
        let outcomes = self.control.end(transaction, decision);
        self.settle(outcomes, ctx);
    }

    /// It has only read, and what it read still stands: it lets go without hearing how it ends.
    fn leave_reading<P: Executes>(&mut self, transaction: TransactionId, ctx: &mut Context<P>) {
        ctx.reached("read-only");
        self.over.insert(transaction, Vote::ReadOnly);
        self.leave(transaction, Decision::Abort, ctx);
    }

    /// It is told to abort, or that nobody knows of it any more, before its vote.
    pub(crate) fn leave_before_vote<P: Executes>(
        &mut self,
        transaction: TransactionId,
        ctx: &mut Context<P>,
    ) {
        self.over.insert(transaction, Vote::No);
        self.leave(transaction, Decision::Abort, ctx);
    }

    /// The coordinator asks for a vote: every shard has done its steps, in these lives. Says what is
    /// to be answered; a no is a decision and goes into the book.
    pub(crate) fn on_prepare<P: Executes>(
        &mut self,
        book: &mut Book,
        prepare: &Prepare,
        ctx: &mut Context<P>,
    ) -> Answer {
        let transaction = prepare.transaction;
        let takes_part = prepare.peers.contains(&ctx.node());
        let Some(here) = self.running.get(&transaction) else {
            return self.vote_again(book, prepare, ctx);
        };
        match here.stage {
            Stage::Waiting | Stage::Executed => {
                if here.stage == Stage::Waiting || prepare.life != self.life {
                    // The coordinator believes what an earlier life has read, under locks that are
                    // gone.
                    ctx.reached("lost-locks");
                } else if let Some(prepared) = self.prepare(transaction, &prepare.peers) {
                    if takes_part {
                        return Answer::Write(prepared);
                    }
                    book.vote(transaction, Vote::ReadOnly);
                    self.leave_reading(transaction, ctx);
                    return Answer::Say(Vote::ReadOnly);
                } else {
                    ctx.reached("conflict");
                }
                self.leave_before_vote(transaction, ctx);
                if takes_part {
                    self.vote_no(book, transaction);
                }
                Answer::Say(Vote::No)
            }
            Stage::Preparing => Answer::Nothing,
            Stage::Prepared => Answer::Say(Vote::Yes),
        }
    }

    /// It is asked to prepare what it takes no part in, or none any more.
    fn vote_again<P: Executes>(
        &mut self,
        book: &mut Book,
        prepare: &Prepare,
        ctx: &mut Context<P>,
    ) -> Answer {
        let transaction = prepare.transaction;
        let vote = match (self.over(transaction), book.decision(transaction)) {
            (Some(vote), _) => vote,
            // A copy that was long under way.
            (None, Some(Decision::Commit)) => return Answer::Nothing,
            (None, Some(Decision::Abort)) => Vote::No,
            // A crash has taken its locks and what it had done.
            (None, None) => {
                ctx.reached("lost-locks");
                Vote::No
            }
        };
        // One that only reads has no peers and takes no part in the decision: this may be a copy of
        // what it has answered in an earlier life.
        if vote == Vote::No && prepare.peers.contains(&ctx.node()) {
            self.vote_no(book, transaction);
        }
        Answer::Say(vote)
    }

    /// Votes no when asked to prepare, or when a peer is told so. The coordinator has settled on the
    /// life in which the steps were done, so no later life can undo it: that is a decision.
    fn vote_no(&mut self, book: &mut Book, transaction: TransactionId) {
        self.never(transaction);
        if book.decision(transaction).is_none() {
            book.vote(transaction, Vote::No);
            let what = ActKind::Decided(Decision::Abort);
            book.decide(transaction, what);
        }
    }

    /// A peer in doubt asks. One that has not voted now never will, so whoever has voted can abort;
    /// nor has one that knows nothing, for a vote is durable. False when it has voted.
    pub(crate) fn never_votes<P: Executes>(
        &mut self,
        book: &mut Book,
        transaction: TransactionId,
        ctx: &mut Context<P>,
    ) -> bool {
        match self.running.get(&transaction) {
            Some(here) if !here.may_withdraw() => return false,
            Some(_) => {
                self.withdraw(transaction, ctx);
                self.vote_no(book, transaction);
            }
            None => self.never(transaction),
        }
        true
    }

    /// It is told that no vote will be asked for.
    pub(crate) fn on_leave<P: Executes>(
        &mut self,
        book: &Book,
        transaction: TransactionId,
        ctx: &mut Context<P>,
    ) {
        match self.running.get(&transaction) {
            Some(here) if here.may_withdraw() => self.leave_before_vote(transaction, ctx),
            // A late answer to what it asked before it voted.
            Some(_) => {}
            // The request to execute may still be under way.
            None if book.decision(transaction).is_none() => self.never(transaction),
            None => {}
        }
    }

    /// What is to be written down before it votes yes; none when it cannot.
    fn prepare(&mut self, transaction: TransactionId, peers: &[NodeId]) -> Option<Prepared> {
        let kept = self.control.prepare(transaction)?;
        let here = self
            .running
            .get_mut(&transaction)
            .expect("only who takes part prepares");
        assert_eq!(here.stage, Stage::Executed, "it prepares what it has done");
        here.stage = Stage::Preparing;
        here.peers = peers.to_vec();
        Some(Prepared {
            coordinator: here.coordinator,
            begun: here.begun,
            peers: here.peers.clone(),
            changes: kept.changes,
            reads: kept.reads,
        })
    }

    /// The prepare record is durable: its vote may leave, and from now on it is in doubt. None when
    /// it has ended meanwhile, or has been here already; otherwise its coordinator.
    pub(crate) fn prepared<P: Executes>(
        &mut self,
        transaction: TransactionId,
        ctx: &mut Context<P>,
    ) -> Option<NodeId> {
        let here = self.running.get_mut(&transaction)?;
        if here.stage != Stage::Preparing {
            return None;
        }
        here.stage = Stage::Prepared;
        here.asked = 0;
        here.found = Vec::new();
        let coordinator = here.coordinator;
        ctx.reached("in-doubt");
        ctx.set_timer(Alarm::Ask(transaction).into(), self.layout.ask);
        let outcomes = self.control.voted(transaction);
        self.settle(outcomes, ctx);
        Some(coordinator)
    }

    /// One that a crash has interrupted after its prepare record was durable.
    pub(crate) fn recover(&mut self, transaction: TransactionId, prepared: &Prepared) {
        self.control.recover(transaction, prepared);
        let running = Running {
            coordinator: prepared.coordinator,
            stage: Stage::Prepared,
            peers: prepared.peers.clone(),
            asked: 0,
            is_update: !prepared.changes.is_empty(),
            begun: prepared.begun,
            found: Vec::new(),
        };
        self.running.insert(transaction, running);
    }

    /// It had ended when the crash came.
    pub(crate) fn replay_end(&mut self, transaction: TransactionId, decision: Decision) {
        if self.running.remove(&transaction).is_some() {
            let woken = self.control.end(transaction, decision);
            assert!(woken.is_empty(), "nothing waits while a log is replayed");
        }
    }

    /// What is in doubt after a crash will ask.
    pub(crate) fn ask_on<P: Executes>(&self, ctx: &mut Context<P>) {
        for transaction in self.running.keys() {
            ctx.reached("recovered-in-doubt");
            ctx.set_timer(Alarm::Ask(*transaction).into(), self.layout.ask);
        }
    }

    /// It has waited for too long.
    pub(crate) fn tire_of_waiting<P: Executes>(
        &mut self,
        transaction: TransactionId,
        ctx: &mut Context<P>,
    ) {
        let here = self.running.get(&transaction);
        if here.is_some_and(|here| here.stage == Stage::Waiting) {
            ctx.reached("lock-timeout");
            self.withdraw(transaction, ctx);
        }
    }

    /// Nothing was heard for a while. Before its vote it asks its coordinator, and withdraws when
    /// that is silent for too long. True when it is in doubt, and must ask in the protocol's way.
    pub(crate) fn ask<P: Executes>(
        &mut self,
        transaction: TransactionId,
        ctx: &mut Context<P>,
    ) -> bool {
        let Some(here) = self.running.get_mut(&transaction) else {
            return false;
        };
        here.asked += 1;
        if here.may_withdraw() {
            if here.asked > UNANSWERED {
                self.withdraw(transaction, ctx);
                return false;
            }
            ctx.send(here.coordinator, Work::Inquire(transaction).into());
        }
        let wait = backoff(self.layout.ask, here.asked);
        ctx.set_timer(Alarm::Ask(transaction).into(), wait);
        here.stage == Stage::Prepared
    }

    /// The coordinator knows of it and can say no more: it is not gone.
    pub(crate) fn on_undecided(&mut self, from: NodeId, transaction: TransactionId) {
        if let Some(here) = self.running.get_mut(&transaction)
            && here.coordinator == from
        {
            here.asked = 0;
        }
    }
}
