//! The coordinator's side: execute, collect votes, decide, tell.

use murphy_sim::{CallId, Context, NodeId, Reply, Time};

use super::{
    AfterSync, Telling, TwoPhase,
    message::{Asking, Decision, Message, Record, Timer, TransactionId, Vote},
    mutants::Mutant,
};
use crate::{
    service::txn::{Request, Response},
    shared::transactions::{ActKind, Control, Executed, Gathering, Part, backoff},
};

/// A transaction that this node coordinates.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Coordination {
    phase: Phase,
    work: Gathering,
    attempts: u32,
    /// Yes votes that came in. Only a mutant looks at it.
    yes_votes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Phase {
    /// Shards are locking and doing the steps.
    Executing,
    /// The names of those who will be asked are on their way to the disk.
    Collecting,
    /// Participants are voting.
    Preparing,
    /// The decision is on its way to the disk: there is no way back.
    Writing(Decision),
    /// Participants are being told.
    Telling(Decision),
}

impl Coordination {
    /// One that a crash has interrupted after its decision was made.
    pub(super) fn recovered(participants: &[NodeId], decision: Decision, now: Time) -> Self {
        Coordination {
            phase: Phase::Telling(decision),
            work: Gathering::recovered(participants, now),
            // It may have been told before.
            attempts: 1,
            yes_votes: 0,
        }
    }

    /// The decision, if it is out.
    pub(super) const fn told(&self) -> Option<Decision> {
        match self.phase {
            Phase::Telling(decision) => Some(decision),
            Phase::Executing | Phase::Collecting | Phase::Preparing | Phase::Writing(_) => None,
        }
    }

    pub(super) const fn stage(&self) -> u32 {
        match self.phase {
            Phase::Executing => 0,
            Phase::Collecting => 1,
            Phase::Preparing => 2,
            Phase::Writing(_) => 3,
            Phase::Telling(Decision::Commit) => 4,
            Phase::Telling(Decision::Abort) => 5,
        }
    }

    fn all_have_voted(&self, counts_twice: bool) -> bool {
        let mut parts = self.work.parts.values();
        if counts_twice {
            return self.yes_votes >= parts.len();
        }
        parts.all(|part| part.vote.is_some())
    }
}

impl<C: Control> TwoPhase<C> {
    /// A client asks for a transaction.
    pub(super) fn begin(&mut self, call: CallId, request: Request, ctx: &mut Context<Self>) {
        let layout = &self.config.layout;
        if self.node.0 >= layout.coordinators {
            let coordinator = NodeId(call.client.0 % layout.coordinators);
            return ctx.reply(call, Reply::Redirect(Some(coordinator)));
        }
        // At most once: a second copy of a request that is known here is not looked at.
        if self.coordinating.contains_key(&call) || self.book.decision(call).is_some() {
            return;
        }
        if request.0.is_empty() {
            return ctx.reply(call, Reply::Ok(Response(Vec::new())));
        }
        let mut work = Gathering::new(layout, request, ctx.elapsed());
        let updates = work.parts.values().any(Part::is_update);
        let readers_too = !self.config.presumption.spares_readers()
            || updates && C::readers_take_part(&self.config.rules);
        for part in work.parts.values_mut() {
            part.takes_part = readers_too || part.is_update();
        }
        let coordination = Coordination {
            phase: Phase::Executing,
            work,
            attempts: 0,
            yes_votes: 0,
        };
        self.coordinating.insert(call, coordination);
        self.say(call, ctx);
    }

    /// Says what is to be said now to all that have not answered, and will say it again.
    fn say(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        let Some(mine) = self.coordinating.get(&transaction) else {
            return;
        };
        let layout = &self.config.layout;
        let wait = backoff(layout.repeat, mine.attempts);
        let wait = match mine.phase {
            Phase::Executing => {
                mine.work.ask_to_execute(transaction, ctx);
                // Who is to answer within the patience is asked several times within it.
                wait.min(layout.patience / 4)
            }
            Phase::Preparing => {
                mine.work.ask_to_prepare(transaction, ctx);
                wait.min(layout.patience / 4)
            }
            // There is nothing to say before the disk has answered.
            Phase::Collecting | Phase::Writing(_) => return,
            Phase::Telling(decision) => {
                let telling = match mine.attempts {
                    0 => Telling::First,
                    _ => Telling::Again,
                };
                for (node, part) in &mine.work.parts {
                    if !part.acknowledged {
                        self.tell(*node, transaction, decision, telling, ctx);
                    }
                }
                wait
            }
        };
        ctx.set_timer(Timer::Repeat(transaction), wait);
    }

    /// Enters a phase in which something new is said.
    fn enter(&mut self, transaction: TransactionId, phase: Phase, ctx: &mut Context<Self>) {
        let now = ctx.elapsed();
        let mine = self
            .coordinating
            .get_mut(&transaction)
            .expect("only an open transaction enters a phase");
        assert!(phase > mine.phase, "a transaction goes forward");
        mine.phase = phase;
        mine.attempts = 0;
        mine.work.hear_all(now);
        self.say(transaction, ctx);
    }

    /// Repeats what was not answered, or aborts where that is still possible and someone has been
    /// silent for too long.
    pub(super) fn repeat(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        let (now, patience) = (ctx.elapsed(), self.config.layout.patience);
        let Some(mine) = self.coordinating.get_mut(&transaction) else {
            return;
        };
        let work = &mine.work;
        let is_lost = match mine.phase {
            Phase::Executing => work.is_silent(now, patience, |part| part.executed.is_none()),
            Phase::Preparing => work.is_silent(now, patience, |part| part.vote.is_none()),
            Phase::Collecting | Phase::Writing(_) | Phase::Telling(_) => false,
        };
        if is_lost {
            ctx.reached("silence");
            return self.abort(transaction, ctx);
        }
        mine.attempts += 1;
        self.say(transaction, ctx);
    }

    /// A shard has done its steps.
    pub(super) fn on_executed(
        &mut self,
        from: NodeId,
        executed: Executed,
        ctx: &mut Context<Self>,
    ) {
        // A shard that does not know that the transaction is over will ask.
        let transaction = executed.transaction;
        let Some(mine) = self.coordinating.get_mut(&transaction) else {
            return;
        };
        if mine.phase != Phase::Executing || !mine.work.on_executed(from, executed) {
            return;
        }
        let collects = self.config.presumption.collects()
            && !self.config.has(Mutant::PresumedCommitWithoutItsFirstRecord);
        if !collects {
            return self.enter(transaction, Phase::Preparing, ctx);
        }
        mine.phase = Phase::Collecting;
        ctx.cancel_timer(Timer::Repeat(transaction));
        let record = Record::Collecting {
            transaction,
            participants: mine.work.participants(),
        };
        self.force(record, AfterSync::AskToPrepare(transaction), ctx);
    }

    /// The names of those who will be asked are durable.
    pub(super) fn ask_to_prepare(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        let mine = self.coordinating.get(&transaction);
        // Otherwise a shard has withdrawn meanwhile.
        if mine.is_some_and(|mine| mine.phase == Phase::Collecting) {
            self.enter(transaction, Phase::Preparing, ctx);
        }
    }

    /// A participant has voted.
    pub(super) fn on_vote(
        &mut self,
        from: NodeId,
        transaction: TransactionId,
        vote: Vote,
        ctx: &mut Context<Self>,
    ) {
        let counts_twice = self.config.has(Mutant::VotesCountedTwice);
        let Some(mine) = self.coordinating.get_mut(&transaction) else {
            if vote == Vote::Yes {
                let asking = Asking::Coordinator;
                self.on_inquire(from, transaction, asking, ctx);
            }
            return;
        };
        let Some(part) = mine.work.parts.get_mut(&from) else {
            return;
        };
        match (mine.phase, vote) {
            (Phase::Executing | Phase::Collecting | Phase::Preparing, Vote::No) => {
                // One that has let go after reading may say no in its next life: too late.
                if part.vote.is_none() {
                    part.vote = Some(vote);
                    self.abort(transaction, ctx);
                }
            }
            (Phase::Preparing, Vote::Yes | Vote::ReadOnly) => {
                part.vote = Some(vote);
                mine.yes_votes += 1;
                if mine.all_have_voted(counts_twice) {
                    self.commit(transaction, ctx);
                }
            }
            (Phase::Telling(decision), Vote::Yes) => {
                self.tell(from, transaction, decision, Telling::Again, ctx);
            }
            // A copy of what has been heard before.
            (Phase::Executing | Phase::Collecting | Phase::Writing(_) | Phase::Telling(_), _) => {}
        }
    }

    /// Everyone can commit.
    fn commit(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        ctx.reached("prepared-everywhere");
        let mine = self
            .coordinating
            .get_mut(&transaction)
            .expect("it was found when the vote came");
        let participants = mine.work.participants();
        ctx.cancel_timer(Timer::Repeat(transaction));
        if participants.is_empty() {
            // Nobody has anything to lose: no second phase, and nothing that must be durable.
            if self.config.presumption.collects() {
                ctx.append(Record::Commit {
                    transaction,
                    participants,
                });
            }
            return self.finish_reading(transaction, ctx);
        }
        mine.phase = Phase::Writing(Decision::Commit);
        let record = Record::Commit {
            transaction,
            participants,
        };
        if self.config.has(Mutant::CoordinatorForgetsItsDecision) {
            ctx.append(record);
            return self.tell_commit(transaction, ctx);
        }
        self.force(record, AfterSync::TellCommit(transaction), ctx);
    }

    fn finish_reading(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        let mine = self
            .coordinating
            .remove(&transaction)
            .expect("it was found when the vote came");
        let voters = mine.work.parts.keys().copied().collect();
        let what = ActKind::Committed(voters);
        self.book.decide(transaction, what);
        ctx.reached("committed");
        ctx.reply(transaction, Reply::Ok(Response(mine.work.found)));
    }

    /// The commit record is durable.
    pub(super) fn tell_commit(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        let mine = self
            .coordinating
            .get_mut(&transaction)
            .expect("nothing ends a transaction while its commit record is written");
        let voters = mine.work.parts.keys().copied().collect();
        let found = std::mem::take(&mut mine.work.found);
        // Those that have only read have let go, and are not told.
        mine.work.parts.retain(|_, part| part.takes_part);
        let what = ActKind::Committed(voters);
        self.book.decide(transaction, what);
        ctx.reached("committed");
        ctx.reply(transaction, Reply::Ok(Response(found)));
        self.enter(transaction, Phase::Telling(Decision::Commit), ctx);
        if self.forget_if_presumed(transaction, Decision::Commit) {
            ctx.cancel_timer(Timer::Repeat(transaction));
        }
    }

    /// What would be presumed anyway is forgotten as soon as it is told.
    pub(super) fn forget_if_presumed(
        &mut self,
        transaction: TransactionId,
        decision: Decision,
    ) -> bool {
        let presumed = !self.config.presumption.is_acknowledged(decision);
        if presumed {
            self.coordinating.remove(&transaction);
        }
        presumed
    }

    /// Aborts. Before anyone is asked to prepare nothing is written and nobody acknowledges,
    /// whatever is presumed.
    fn abort(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        let presumption = self.config.presumption;
        let mine = self
            .coordinating
            .get_mut(&transaction)
            .expect("only an open transaction is aborted");
        assert!(
            mine.phase <= Phase::Preparing,
            "a transaction that is decided is not aborted"
        );
        ctx.cancel_timer(Timer::Repeat(transaction));
        // Who has voted no has aborted and forgotten it.
        let parts = &mut mine.work.parts;
        parts.retain(|_, part| part.vote != Some(Vote::No));
        if mine.phase == Phase::Executing {
            for node in parts.keys() {
                ctx.send(*node, Message::Leave { transaction });
            }
            self.coordinating.remove(&transaction);
            return self.book_abort(transaction, ctx);
        }
        let acknowledged = presumption.is_acknowledged(Decision::Abort);
        if acknowledged && !presumption.collects() {
            mine.phase = Phase::Writing(Decision::Abort);
            let record = Record::Abort {
                transaction,
                participants: mine.work.participants(),
            };
            return self.force(record, AfterSync::TellAbort(transaction), ctx);
        }
        self.tell_abort(transaction, ctx);
    }

    fn book_abort(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        let what = ActKind::Aborted;
        self.book.decide(transaction, what);
        ctx.reached("abort");
        ctx.reply(transaction, Reply::Fail);
    }

    /// The abort is durable, or need not be.
    pub(super) fn tell_abort(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        let mine = self
            .coordinating
            .get_mut(&transaction)
            .expect("nothing ends a transaction while its abort is written");
        // Who has only read has let go already.
        let parts = &mut mine.work.parts;
        parts.retain(|_, part| part.vote != Some(Vote::ReadOnly));
        self.book_abort(transaction, ctx);
        self.enter(transaction, Phase::Telling(Decision::Abort), ctx);
        if self.forget_if_presumed(transaction, Decision::Abort) {
            return ctx.cancel_timer(Timer::Repeat(transaction));
        }
        // Who has only read and not voted yet is told once.
        let mine = self.coordinating.get_mut(&transaction);
        let mine = mine.expect("it is being told");
        mine.work.parts.retain(|_, part| part.takes_part);
        self.finish(transaction, ctx);
    }

    /// A participant has decided, durably.
    pub(super) fn on_acknowledge(
        &mut self,
        from: NodeId,
        transaction: TransactionId,
        ctx: &mut Context<Self>,
    ) {
        let Some(mine) = self.coordinating.get_mut(&transaction) else {
            return;
        };
        if mine.told().is_none() {
            return;
        }
        if let Some(part) = mine.work.parts.get_mut(&from) {
            part.acknowledged = true;
            self.finish(transaction, ctx);
        }
    }

    /// Forgets what everyone has acknowledged.
    fn finish(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        let mine = &self.coordinating[&transaction];
        if mine.work.parts.values().all(|part| part.acknowledged) {
            self.coordinating.remove(&transaction);
            ctx.cancel_timer(Timer::Repeat(transaction));
            ctx.append(Record::End { transaction });
        }
    }

    /// A shard is still waiting for locks.
    pub(super) fn hear(&mut self, from: NodeId, transaction: TransactionId, now: Time) {
        if let Some(mine) = self.coordinating.get_mut(&transaction) {
            mine.work.hear(from, now);
        }
    }

    /// Goes on telling what a crash has interrupted.
    pub(super) fn tell_on(&mut self, ctx: &mut Context<Self>) {
        // Nobody is to be told of what only read.
        self.coordinating
            .retain(|_, mine| !mine.work.parts.is_empty());
        let open: Vec<_> = self.coordinating.keys().copied().collect();
        for transaction in open {
            if self.coordinating[&transaction].told() == Some(Decision::Abort) {
                let what = ActKind::Aborted;
                self.book.decide(transaction, what);
                ctx.reached("recovered-abort");
            } else {
                ctx.reached("recovered-commit");
            }
            self.say(transaction, ctx);
        }
    }
}
