//! The coordinator's side up to the votes, and the rounds that follow them, which an elected
//! coordinator goes through as the first one does: pre-commit, acknowledgements, commit.

use std::collections::BTreeSet;

use murphy_sim::{CallId, Context, NodeId, Reply};

use super::{
    AfterSync, ThreePhaseCommit,
    message::{Message, Record, Timer},
    mutants::Mutant,
    termination::Asked,
};
use crate::{
    service::txn::{Request, Response},
    shared::transactions::{
        ActKind, Decision, Executed, Gathering, Part, TransactionId, Vote, backoff,
    },
};

/// A transaction that this node coordinates because a client has asked for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Coordination {
    phase: Phase,
    work: Gathering,
    attempts: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Phase {
    /// Shards are locking and doing the steps.
    Executing,
    /// The names of those who will be asked are on their way to the disk.
    Starting,
    /// Participants are voting.
    Preparing,
    /// All have voted yes: what follows is a [`Round`].
    Agreed,
}

/// What a coordinator, elected or not, is waiting for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Round {
    /// Elected: where the others stand.
    Asking(Asked),
    /// That these know that all have voted yes.
    PreCommitting(BTreeSet<NodeId>),
    /// That its commit record is durable.
    Writing,
}

impl Coordination {
    pub(super) const fn stage(&self) -> u32 {
        self.phase as u32
    }

    /// What the client is told.
    pub(super) fn reply(self, decision: Decision) -> Reply<Response> {
        match decision {
            Decision::Commit => Reply::Ok(Response(self.work.found)),
            Decision::Abort => Reply::Fail,
        }
    }
}

impl ThreePhaseCommit {
    /// A client asks for a transaction.
    pub(super) fn begin(&mut self, call: CallId, request: Request, ctx: &mut Context<Self>) {
        let layout = &self.config.layout;
        if self.node.0 >= layout.coordinators {
            let coordinator = NodeId(call.client.0 % layout.coordinators);
            return ctx.reply(call, Reply::Redirect(Some(coordinator)));
        }
        // At most once: a second copy of a request that is known here is not looked at.
        if self.coordinating.contains_key(&call)
            || self.recovering.contains_key(&call)
            || self.book.decision(call).is_some()
        {
            return;
        }
        if request.0.is_empty() {
            return ctx.reply(call, Reply::Ok(Response(Vec::new())));
        }
        let mut work = Gathering::new(layout, request, ctx.elapsed());
        for part in work.parts.values_mut() {
            part.takes_part = part.is_update();
        }
        let coordination = Coordination {
            phase: Phase::Executing,
            work,
            attempts: 0,
        };
        self.coordinating.insert(call, coordination);
        self.ask_to_execute(call, ctx);
    }

    fn ask_to_execute(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        let layout = &self.config.layout;
        let mine = &self.coordinating[&transaction];
        mine.work.ask_to_execute(transaction, ctx);
        let wait = backoff(layout.repeat, mine.attempts).min(layout.patience / 4);
        ctx.set_timer(Timer::Repeat(transaction), wait);
    }

    /// Repeats what was not answered, or aborts when a shard has been silent for too long.
    pub(super) fn repeat(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        let (now, patience) = (ctx.elapsed(), self.config.layout.patience);
        let Some(mine) = self.coordinating.get_mut(&transaction) else {
            return;
        };
        if mine.phase != Phase::Executing {
            return;
        }
        let undone = |part: &Part| part.executed.is_none();
        if mine.work.is_silent(now, patience, undone) {
            ctx.reached("silence");
            return self.abort(transaction, ctx);
        }
        mine.attempts += 1;
        self.ask_to_execute(transaction, ctx);
    }

    /// A shard is still waiting for locks.
    pub(super) fn hear(&mut self, from: NodeId, transaction: TransactionId, ctx: &Context<Self>) {
        if let Some(mine) = self.coordinating.get_mut(&transaction) {
            mine.work.hear(from, ctx.elapsed());
        }
    }

    /// A shard has done its steps.
    pub(super) fn on_executed(
        &mut self,
        from: NodeId,
        executed: Executed,
        ctx: &mut Context<Self>,
    ) {
        let transaction = executed.transaction;
        let Some(mine) = self.coordinating.get_mut(&transaction) else {
            return;
        };
        if mine.phase != Phase::Executing || !mine.work.on_executed(from, executed) {
            return;
        }
        ctx.cancel_timer(Timer::Repeat(transaction));
        mine.phase = Phase::Starting;
        let participants = mine.work.participants();
        if participants.is_empty() {
            // Nobody has anything to lose, so nothing must be known after a crash.
            return self.ask_to_prepare(transaction, ctx);
        }
        let record = Record::Start {
            transaction,
            participants,
        };
        self.force(record, AfterSync::AskToPrepare(transaction), ctx);
    }

    /// The names of those who will be asked are durable.
    pub(super) fn ask_to_prepare(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        let Some(mine) = self.coordinating.get_mut(&transaction) else {
            // A shard has withdrawn meanwhile.
            return;
        };
        mine.phase = Phase::Preparing;
        mine.work.ask_to_prepare(transaction, ctx);
        ctx.set_timer(Timer::Round(transaction), self.config.round_trip());
    }

    /// A participant has voted.
    pub(super) fn on_vote(
        &mut self,
        from: NodeId,
        transaction: TransactionId,
        vote: Vote,
        ctx: &mut Context<Self>,
    ) {
        let Some(mine) = self.coordinating.get_mut(&transaction) else {
            return;
        };
        let Some(part) = mine.work.parts.get_mut(&from) else {
            return;
        };
        if mine.phase == Phase::Agreed || part.vote.is_some() {
            return;
        }
        part.vote = Some(vote);
        if vote == Vote::No {
            return self.abort(transaction, ctx);
        }
        if mine.work.parts.values().all(|part| part.vote.is_some()) {
            self.agree(transaction, ctx);
        }
    }

    /// All have voted yes.
    fn agree(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        ctx.reached("prepared-everywhere");
        let mine = self
            .coordinating
            .get_mut(&transaction)
            .expect("it was found when the vote came");
        mine.phase = Phase::Agreed;
        let participants = mine.work.participants();
        if participants.is_empty() || self.config.has(Mutant::SkipsThePreCommit) {
            return self.commit(transaction, participants, ctx);
        }
        self.pre_commit(transaction, participants, ctx);
    }

    /// Lets these know that all have voted yes. When each does or has failed, nobody that is
    /// operational is uncertain, and whoever is left will commit too.
    pub(super) fn pre_commit(
        &mut self,
        transaction: TransactionId,
        uncertain: Vec<NodeId>,
        ctx: &mut Context<Self>,
    ) {
        for node in &uncertain {
            ctx.send(*node, Message::PreCommit { transaction });
        }
        let round = Round::PreCommitting(uncertain.into_iter().collect());
        self.rounds.insert(transaction, round);
        ctx.set_timer(Timer::Round(transaction), self.config.round_trip());
    }

    /// One knows.
    pub(super) fn on_pre_committed(
        &mut self,
        from: NodeId,
        transaction: TransactionId,
        ctx: &mut Context<Self>,
    ) {
        if let Some(Round::PreCommitting(awaited)) = self.rounds.get_mut(&transaction) {
            awaited.remove(&from);
            if awaited.is_empty() {
                self.commit_round(transaction, ctx);
            }
        }
    }

    /// Who has not answered in time has failed (the network is synchronous).
    pub(super) fn on_round(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        match self.rounds.get(&transaction) {
            Some(Round::Asking(_)) => self.conclude(transaction, ctx),
            Some(Round::PreCommitting(_)) => {
                ctx.reached("silence");
                self.commit_round(transaction, ctx);
            }
            Some(Round::Writing) => {}
            None => {
                let mine = self.coordinating.get(&transaction);
                if mine.is_some_and(|mine| mine.phase == Phase::Preparing) {
                    ctx.reached("silence");
                    self.abort(transaction, ctx);
                }
            }
        }
    }

    fn commit_round(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        let participants = match self.coordinating.get(&transaction) {
            Some(mine) => mine.work.participants(),
            None => match self.shard.get(transaction) {
                Some(here) => here.peers.clone(),
                // It was told how it ends before its round was over.
                None => return,
            },
        };
        self.commit(transaction, participants, ctx);
    }

    /// Commits: forced before anyone is told.
    pub(super) fn commit(
        &mut self,
        transaction: TransactionId,
        participants: Vec<NodeId>,
        ctx: &mut Context<Self>,
    ) {
        ctx.cancel_timer(Timer::Round(transaction));
        ctx.cancel_timer(Timer::Silence(transaction));
        if participants.is_empty() {
            return self.tell_commit(transaction, ctx);
        }
        self.rounds.insert(transaction, Round::Writing);
        ctx.reached("committing");
        let record = Record::Commit {
            transaction,
            participants,
        };
        self.force(record, AfterSync::TellCommit(transaction), ctx);
    }

    /// The commit record is durable.
    pub(super) fn tell_commit(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        self.rounds.remove(&transaction);
        let (voters, told) = match self.coordinating.remove(&transaction) {
            Some(mine) => {
                let told = mine.work.participants();
                ctx.reply(transaction, Reply::Ok(Response(mine.work.found)));
                (mine.work.parts.into_keys().collect(), told)
            }
            None => {
                let Some(here) = self.shard.get(transaction) else {
                    return;
                };
                (here.peers.clone(), here.peers.clone())
            }
        };
        ctx.reached("committed");
        let what = ActKind::Committed(voters);
        self.book.decide(transaction, what);
        self.tell(transaction, &told, Decision::Commit, ctx);
    }

    /// Aborts what not all have voted for, as its first coordinator.
    fn abort(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        let mine = self
            .coordinating
            .remove(&transaction)
            .expect("only an open transaction is aborted");
        assert!(mine.phase < Phase::Agreed, "what all want is not aborted");
        ctx.cancel_timer(Timer::Repeat(transaction));
        ctx.cancel_timer(Timer::Round(transaction));
        let what = ActKind::Aborted;
        self.book.decide(transaction, what);
        ctx.reached("abort");
        if mine.phase > Phase::Executing {
            let decision = Decision::Abort;
            ctx.append(Record::Decided {
                transaction,
                decision,
            });
        }
        for (node, part) in &mine.work.parts {
            match (part.vote, mine.phase) {
                // They have let go already.
                (Some(Vote::No | Vote::ReadOnly), _) => {}
                (_, Phase::Preparing) => {
                    self.tell(transaction, &[*node], Decision::Abort, ctx);
                }
                (_, _) => ctx.send(*node, Message::Leave { transaction }),
            }
        }
        ctx.reply(transaction, Reply::Fail);
    }
}
