//! A participant's side: lock, execute, vote, and learn how it ends.

use std::collections::BTreeMap;

use murphy_sim::{Context, NodeId};

use super::{
    AfterSync, TwoPhaseCommit, backoff,
    message::{ActKind, Change, Decision, Message, Record, Step, Timer, TransactionId, Vote},
    mutants::Mutant,
    work::{install, needs, run},
};
use crate::{
    service::txn::{Datum, Key, Refused},
    shared::locks::LockMode,
};

/// How often a participant that has not voted asks a silent coordinator before it aborts.
const UNANSWERED: u32 = 4;

/// A transaction that this node takes part in and does not know the end of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Participation {
    pub(super) coordinator: NodeId,
    begun: u64,
    steps: Vec<Step>,
    /// The locks that its steps need: the strongest for each key.
    pub(super) needs: BTreeMap<Key, LockMode>,
    pub(super) state: State,
    found: Vec<(u32, Option<Datum>)>,
    changes: Vec<(Key, Change)>,
    peers: Vec<NodeId>,
    /// How often it has asked for the end and not been answered.
    asked: u32,
}

/// How far a participant has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum State {
    /// It waits for locks.
    Waiting,
    /// Its steps are done under locks, in memory.
    Executed,
    /// Its prepare record is on its way to the disk.
    Preparing,
    /// It has voted yes: in doubt.
    Prepared,
}

impl Participation {
    /// One that a crash has interrupted after its prepare record was durable.
    pub(super) fn recovered(
        coordinator: NodeId,
        begun: u64,
        peers: &[NodeId],
        changes: &[(Key, Change)],
        reads: &[Key],
    ) -> Participation {
        let exclusive = changes.iter().map(|(key, _)| (*key, LockMode::Exclusive));
        let shared = reads.iter().map(|key| (*key, LockMode::Shared));
        Participation {
            coordinator,
            begun,
            steps: Vec::new(),
            needs: exclusive.chain(shared).collect(),
            state: State::Prepared,
            found: Vec::new(),
            changes: changes.to_vec(),
            peers: peers.to_vec(),
            asked: 0,
        }
    }

    pub(super) fn may_withdraw(&self) -> bool {
        matches!(self.state, State::Waiting | State::Executed)
    }

    pub(super) fn is_in_doubt(&self) -> bool {
        self.state == State::Prepared
    }

    pub(super) fn stage(&self) -> u32 {
        self.state as u32
    }

    pub(super) fn changes(&self) -> &[(Key, Change)] {
        &self.changes
    }

    fn is_update(&self) -> bool {
        self.needs.values().any(|mode| *mode == LockMode::Exclusive)
    }

    fn reads(&self) -> Vec<Key> {
        let shared = self
            .needs
            .iter()
            .filter(|(_, mode)| **mode == LockMode::Shared);
        shared.map(|(key, _)| *key).collect()
    }
}

impl TwoPhaseCommit {
    /// The coordinator asks for steps to be done.
    pub(super) fn on_execute(
        &mut self,
        from: NodeId,
        transaction: TransactionId,
        begun: u64,
        steps: Vec<Step>,
        ctx: &mut Context<Self>,
    ) {
        if let Some(here) = self.participating.get(&transaction) {
            return match here.state {
                State::Waiting => ctx.send(from, Message::Undecided { transaction }),
                State::Executed => self.say_executed(transaction, ctx),
                // A copy that was long under way: it has been answered.
                State::Preparing | State::Prepared => {}
            };
        }
        match (
            self.over.get(&transaction),
            self.decisions.get(&transaction),
        ) {
            (Some(Vote::No), _) | (None, Some(Decision::Abort)) => {
                let vote = Vote::No;
                return ctx.send(from, Message::Vote { transaction, vote });
            }
            // A copy that was long under way.
            (Some(Vote::Yes | Vote::ReadOnly), _) | (None, Some(Decision::Commit)) => return,
            (None, None) => {}
        }
        let needs = needs(&steps);
        let granted = self.lock(transaction, &needs);
        let here = Participation {
            coordinator: from,
            begun,
            steps,
            needs,
            state: State::Waiting,
            found: Vec::new(),
            changes: Vec::new(),
            peers: Vec::new(),
            asked: 0,
        };
        self.participating.insert(transaction, here);
        ctx.set_timer(Timer::Ask(transaction), self.config.ask);
        if granted {
            self.execute(transaction, ctx);
        } else {
            self.wait(transaction, ctx);
        }
    }

    /// Asks for the locks; true when they are granted at once.
    pub(super) fn lock(
        &mut self,
        transaction: TransactionId,
        needs: &BTreeMap<Key, LockMode>,
    ) -> bool {
        let no_reads = self.config.has(Mutant::ReadLocksOmitted);
        let wanted = needs
            .iter()
            .filter(|(_, mode)| !no_reads || **mode == LockMode::Exclusive);
        self.locks
            .request(transaction, wanted.map(|(key, mode)| (*key, *mode)))
    }

    /// Wound-wait (Rosenkrantz, Stearns & Lewis 1978): the younger ones in the way that have not
    /// voted abort; for the others it waits, but not for ever.
    fn wait(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        if self.config.has(Mutant::DeadlockIgnored) {
            return;
        }
        ctx.set_timer(Timer::LockWait(transaction), self.config.lock_wait);
        let age = |id: TransactionId, here: &Participation| (here.begun, id);
        let mine = age(transaction, &self.participating[&transaction]);
        for other in self.locks.blockers(transaction) {
            let younger = self
                .participating
                .get(&other)
                .is_some_and(|here| here.may_withdraw() && age(other, here) > mine);
            if younger {
                ctx.reached("wound");
                self.withdraw(other, ctx);
            }
        }
    }

    /// A transaction has waited for a lock for too long.
    pub(super) fn tire_of_waiting(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        let here = self.participating.get(&transaction);
        if here.is_some_and(|here| here.state == State::Waiting) {
            ctx.reached("lock-timeout");
            self.withdraw(transaction, ctx);
        }
    }

    /// All locks are held: does the steps.
    fn execute(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        ctx.cancel_timer(Timer::LockWait(transaction));
        let here = self
            .participating
            .get_mut(&transaction)
            .expect("only who takes part has locks");
        assert_eq!(here.state, State::Waiting, "steps are done once");
        match run(&here.steps, &self.store) {
            Ok((found, changes)) => {
                here.state = State::Executed;
                here.found = found;
                here.changes = changes;
                self.say_executed(transaction, ctx);
            }
            Err(Refused) => {
                ctx.reached("refused");
                self.withdraw(transaction, ctx);
            }
        }
    }

    fn say_executed(&self, transaction: TransactionId, ctx: &mut Context<Self>) {
        let here = &self.participating[&transaction];
        let message = Message::Executed {
            transaction,
            life: self.life,
            found: here.found.clone(),
        };
        ctx.send(here.coordinator, message);
    }

    /// Takes no part in a transaction before its vote, as everyone may (BHG 7.3), and votes no from
    /// now on. Nothing is decided by that: the word may be lost, and a later life may do the steps.
    pub(super) fn withdraw(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        let here = &self.participating[&transaction];
        assert!(here.may_withdraw(), "after a yes vote nobody withdraws");
        let (coordinator, vote) = (here.coordinator, Vote::No);
        self.over.insert(transaction, vote);
        ctx.send(coordinator, Message::Vote { transaction, vote });
        self.leave(transaction, ctx);
    }

    /// Votes no when asked to prepare, or when a peer is told so. The coordinator has settled on the
    /// life in which the steps were done, so no later life can undo it: that is a decision.
    pub(super) fn vote_no(&mut self, transaction: TransactionId) {
        self.over.insert(transaction, Vote::No);
        if !self.decisions.contains_key(&transaction) {
            self.act(transaction, ActKind::Voted(Vote::No));
            let what = ActKind::Decided(Decision::Abort);
            self.decide(transaction, Decision::Abort, what);
        }
    }

    /// Lets go of a transaction and of its locks, and lets those go on that waited for them.
    fn leave(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        self.participating
            .remove(&transaction)
            .expect("only who takes part can leave");
        ctx.cancel_timer(Timer::LockWait(transaction));
        ctx.cancel_timer(Timer::Ask(transaction));
        self.release(transaction, ctx);
    }

    fn release(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        for next in self.locks.release(transaction) {
            // Who has voted has its locks already, unless a mutant has given them away.
            let waits = |here: &Participation| here.state == State::Waiting;
            if self.participating.get(&next).is_some_and(waits) {
                self.execute(next, ctx);
            }
        }
    }

    /// The coordinator asks for a vote: every shard has executed, so every lock is held.
    pub(super) fn on_prepare(
        &mut self,
        from: NodeId,
        transaction: TransactionId,
        life: u64,
        peers: Vec<NodeId>,
        ctx: &mut Context<Self>,
    ) {
        let Some(here) = self.participating.get_mut(&transaction) else {
            return self.vote_again(from, transaction, &peers, ctx);
        };
        match here.state {
            State::Waiting | State::Executed => {
                let same_life = life == self.life || self.config.has(Mutant::LostLocksUnnoticed);
                if here.state == State::Waiting || !same_life {
                    // The coordinator believes what an earlier life has read, under locks that are
                    // gone.
                    ctx.reached("lost-locks");
                    if here.is_update() {
                        self.vote_no(transaction);
                    }
                    return self.withdraw(transaction, ctx);
                }
                here.peers = peers;
                self.prepare(transaction, ctx);
            }
            State::Preparing => {}
            State::Prepared => {
                let vote = Vote::Yes;
                ctx.send(from, Message::Vote { transaction, vote });
            }
        }
    }

    /// It is asked to prepare what it takes no part in, or none any more.
    fn vote_again(
        &mut self,
        from: NodeId,
        transaction: TransactionId,
        peers: &[NodeId],
        ctx: &mut Context<Self>,
    ) {
        let vote = match (
            self.over.get(&transaction),
            self.decisions.get(&transaction),
        ) {
            (Some(vote), _) => *vote,
            // A copy that was long under way.
            (None, Some(Decision::Commit)) => return,
            (None, Some(Decision::Abort)) => Vote::No,
            // A crash has taken its locks and what it had done.
            (None, None) => {
                ctx.reached("lost-locks");
                Vote::No
            }
        };
        // One that only reads has no peers and takes no part in the decision: this may be a copy of
        // what it has answered in an earlier life.
        if vote == Vote::No && peers.contains(&self.node) {
            self.vote_no(transaction);
        }
        ctx.send(from, Message::Vote { transaction, vote });
    }

    fn prepare(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        let here = self
            .participating
            .get_mut(&transaction)
            .expect("only who takes part prepares");
        if !here.is_update() {
            // The lock point has passed, so it may let go (Mohan 1986, section 3.3).
            ctx.reached("read-only");
            let (coordinator, vote) = (here.coordinator, Vote::ReadOnly);
            self.over.insert(transaction, vote);
            self.act(transaction, ActKind::Voted(vote));
            ctx.send(coordinator, Message::Vote { transaction, vote });
            return self.leave(transaction, ctx);
        }
        here.state = State::Preparing;
        let record = Record::Prepared {
            transaction,
            coordinator: here.coordinator,
            begun: here.begun,
            peers: here.peers.clone(),
            changes: here.changes.clone(),
            reads: here.reads(),
        };
        self.force(record, AfterSync::CastVote(transaction), ctx);
        if self.config.has(Mutant::VoteBeforeSync) {
            self.cast_vote(transaction, ctx);
        }
    }

    /// The prepare record is durable.
    pub(super) fn cast_vote(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        let Some(here) = self.participating.get_mut(&transaction) else {
            // The coordinator has not waited for it.
            return;
        };
        if here.state != State::Preparing {
            return;
        }
        here.state = State::Prepared;
        here.asked = 0;
        here.found = Vec::new();
        let (coordinator, vote) = (here.coordinator, Vote::Yes);
        self.act(transaction, ActKind::Voted(vote));
        ctx.reached("in-doubt");
        ctx.send(coordinator, Message::Vote { transaction, vote });
        ctx.set_timer(Timer::Ask(transaction), self.config.ask);
        if self.config.has(Mutant::LocksReleasedAtPrepare) {
            self.release(transaction, ctx);
        }
    }

    /// Someone who knows says how it ends.
    pub(super) fn on_decide(
        &mut self,
        from: NodeId,
        transaction: TransactionId,
        decision: Decision,
        ctx: &mut Context<Self>,
    ) {
        let Some(here) = self.participating.get(&transaction) else {
            return self.hear_again(from, transaction, decision, ctx);
        };
        if here.is_in_doubt() && from != here.coordinator {
            ctx.reached("cooperative-termination");
        }
        match (here.state, decision) {
            (State::Preparing | State::Prepared, _) => self.end(transaction, decision, ctx),
            (State::Waiting | State::Executed, Decision::Abort) => {
                if here.is_update() {
                    let what = ActKind::Decided(Decision::Abort);
                    self.decide(transaction, Decision::Abort, what);
                }
                self.over.insert(transaction, Vote::No);
                self.leave(transaction, ctx);
            }
            // A late copy of what it has read and voted on in an earlier life. A commit that changes
            // something here needs a yes vote from here.
            (State::Waiting | State::Executed, Decision::Commit) => {
                self.over.insert(transaction, Vote::No);
                self.leave(transaction, ctx);
                ctx.send(from, Message::Acknowledge { transaction });
            }
        }
    }

    /// Commits or aborts what it has prepared.
    fn end(&mut self, transaction: TransactionId, decision: Decision, ctx: &mut Context<Self>) {
        let here = &self.participating[&transaction];
        let record = Record::Decided {
            transaction,
            decision,
        };
        match decision {
            Decision::Commit => {
                install(&here.changes, &mut self.store);
                let then = AfterSync::Acknowledge(transaction, here.coordinator);
                self.force(record, then, ctx);
            }
            // If a crash takes the record, the coordinator will presume the same again.
            Decision::Abort => {
                ctx.append(record);
            }
        }
        self.decide(transaction, decision, ActKind::Decided(decision));
        self.leave(transaction, ctx);
    }

    /// It is told of a transaction that it takes no part in, or none any more.
    fn hear_again(
        &mut self,
        from: NodeId,
        transaction: TransactionId,
        decision: Decision,
        ctx: &mut Context<Self>,
    ) {
        let under_way = |(_, then): &(_, AfterSync)| matches!(then, AfterSync::Acknowledge(id, _) if *id == transaction);
        match decision {
            Decision::Commit if self.after_sync.iter().any(under_way) => {}
            // Its commit is durable, or it would know that it is in doubt.
            Decision::Commit => ctx.send(from, Message::Acknowledge { transaction }),
            // The request to execute may still be under way.
            Decision::Abort => {
                if !self.decisions.contains_key(&transaction) {
                    self.over.entry(transaction).or_insert(Vote::No);
                }
            }
        }
    }

    /// Nothing was heard for a while.
    pub(super) fn ask(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        let Some(here) = self.participating.get_mut(&transaction) else {
            return;
        };
        here.asked += 1;
        match here.state {
            State::Waiting | State::Executed if here.asked > UNANSWERED => {
                return self.withdraw(transaction, ctx);
            }
            State::Waiting | State::Executed => {
                ctx.send(here.coordinator, Message::Inquire { transaction });
            }
            State::Preparing => {}
            State::Prepared if self.config.has(Mutant::ParticipantAbortsAloneAfterItsVote) => {
                return self.end(transaction, Decision::Abort, ctx);
            }
            State::Prepared => {
                ctx.send(here.coordinator, Message::Inquire { transaction });
                if here.asked > 1 {
                    ctx.reached("asked-peers");
                    let (me, coordinator) = (self.node, here.coordinator);
                    let others = |peer: &&NodeId| **peer != me && **peer != coordinator;
                    for peer in here.peers.iter().filter(others) {
                        ctx.send(*peer, Message::Inquire { transaction });
                    }
                }
            }
        }
        let wait = backoff(self.config.ask, here.asked);
        ctx.set_timer(Timer::Ask(transaction), wait);
    }

    /// The other side knows of it and can say no more: it is not gone.
    pub(super) fn on_undecided(
        &mut self,
        from: NodeId,
        transaction: TransactionId,
        ctx: &mut Context<Self>,
    ) {
        self.hear(from, transaction, ctx.elapsed());
        if let Some(here) = self.participating.get_mut(&transaction)
            && here.coordinator == from
        {
            here.asked = 0;
        }
    }
}
