//! The leader's side: the coordinator leads ballot 0, in which each resource manager proposes for
//! itself; whoever takes over begins a ballot of its own, and finds out what may have been chosen.

use std::collections::{BTreeMap, BTreeSet};

use murphy_sim::{CallId, Context, NodeId, Reply};

use super::{
    PaxosCommit,
    message::{Ballot, Message, Timer, Votes},
    mutants::Mutant,
};
use crate::{
    service::txn::{Request, Response},
    shared::transactions::{ActKind, Decision, Executed, Gathering, Part, TransactionId, backoff},
};

/// After how many doublings the wait before the next ballot grows no further: a leader that was
/// superseded by one that is done waits for nobody.
const BALLOT_DOUBLINGS: u32 = 2;

/// A transaction that this node coordinates because a client has asked for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Coordination {
    work: Gathering,
    attempts: u32,
}

/// A transaction whose end this node tries to bring about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Leading {
    participants: Vec<NodeId>,
    ballot: Ballot,
    /// The highest ballot heard of.
    seen: Ballot,
    phase: Phase,
    attempts: u32,
}

/// What was told for each resource manager, and in which ballot it was accepted.
type Accepted = Vec<(NodeId, Ballot, bool)>;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase {
    /// What each acceptor has accepted before.
    Asking(BTreeMap<NodeId, Accepted>),
    /// Which acceptors have accepted what is proposed for each resource manager.
    Proposing(BTreeMap<(NodeId, bool), BTreeSet<NodeId>>),
}

impl Leading {
    pub(super) fn stage(&self) -> u32 {
        match (&self.phase, self.ballot) {
            (Phase::Proposing(_), 0) => 0,
            (Phase::Asking(_), _) => 1,
            (Phase::Proposing(_), _) => 2,
        }
    }
}

impl PaxosCommit {
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
        let work = Gathering::new(layout, request, ctx.elapsed());
        let coordination = Coordination { work, attempts: 0 };
        self.coordinating.insert(call, coordination);
        self.say(call, ctx);
    }

    /// Says what is to be said now to all that have not answered, and will say it again.
    fn say(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        let layout = &self.config.layout;
        let mine = &self.coordinating[&transaction];
        match self.leading.contains_key(&transaction) {
            false => mine.work.ask_to_execute(transaction, ctx),
            true => mine.work.ask_to_prepare(transaction, ctx),
        }
        let wait = backoff(layout.repeat, mine.attempts).min(layout.patience / 4);
        ctx.set_timer(Timer::Repeat(transaction), wait);
    }

    /// Repeats what was not answered, or gives up when a shard has been silent for too long.
    pub(super) fn repeat(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        let (now, patience) = (ctx.elapsed(), self.config.layout.patience);
        let leads = self.leading.get(&transaction).map(|leading| leading.ballot);
        let Some(mine) = self.coordinating.get_mut(&transaction) else {
            return;
        };
        // In later ballots nobody is asked to prepare any more.
        if leads.is_some_and(|ballot| ballot > 0) {
            return;
        }
        let undone = |part: &Part| part.executed.is_none();
        if leads.is_none() && mine.work.is_silent(now, patience, undone) {
            ctx.reached("silence");
            return self.abort(transaction, ctx);
        }
        mine.attempts += 1;
        self.say(transaction, ctx);
    }

    /// A shard is still waiting for locks.
    pub(super) fn hear(&mut self, from: NodeId, transaction: TransactionId, ctx: &Context<Self>) {
        if let Some(mine) = self.coordinating.get_mut(&transaction) {
            mine.work.hear(from, ctx.elapsed());
        }
    }

    /// A shard has let go before anyone was asked to prepare. Later its vote says so.
    pub(super) fn on_refuse(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        if self.coordinating.contains_key(&transaction) && !self.leading.contains_key(&transaction)
        {
            self.abort(transaction, ctx);
        }
    }

    /// Gives a transaction up before anyone was asked to prepare: no instance of Paxos has begun.
    fn abort(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        let mine = self
            .coordinating
            .remove(&transaction)
            .expect("only an open transaction is given up");
        ctx.cancel_timer(Timer::Repeat(transaction));
        let what = ActKind::Aborted;
        self.book.decide(transaction, what);
        ctx.reached("abort");
        for node in mine.work.parts.keys() {
            ctx.send(*node, Message::Leave { transaction });
        }
        ctx.reply(transaction, Reply::Fail);
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
        if self.leading.contains_key(&transaction) || !mine.work.on_executed(from, executed) {
            return;
        }
        mine.attempts = 0;
        let leading = Leading {
            participants: mine.work.participants(),
            ballot: 0,
            seen: 0,
            phase: Phase::Proposing(BTreeMap::new()),
            attempts: 0,
        };
        self.leading.insert(transaction, leading);
        let patience = self.config.layout.patience;
        ctx.set_timer(Timer::Ballot(transaction), patience);
        self.say(transaction, ctx);
    }

    /// A resource manager in doubt asks how it ends, and has this node find out.
    pub(super) fn on_take_over(
        &mut self,
        from: NodeId,
        transaction: TransactionId,
        participants: Vec<NodeId>,
        ctx: &mut Context<Self>,
    ) {
        if let Some(decision) = self.book.decision(transaction) {
            return ctx.send(
                from,
                Message::Decide {
                    transaction,
                    decision,
                },
            );
        }
        if self.leading.contains_key(&transaction) {
            return;
        }
        ctx.reached("took-over");
        let leading = Leading {
            participants,
            ballot: 0,
            seen: 0,
            phase: Phase::Asking(BTreeMap::new()),
            attempts: 0,
        };
        self.leading.insert(transaction, leading);
        if self.config.has(Mutant::PaxosCommitAbortsWithoutABallot) {
            return self.decide(transaction, Decision::Abort, ctx);
        }
        self.next_ballot(transaction, ctx);
    }

    /// Begins a ballot of its own, higher than any it has heard of.
    pub(super) fn next_ballot(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        let (nodes, me) = (u64::from(self.config.layout.nodes), u64::from(self.node.0));
        let ask = self.config.layout.ask;
        let Some(leading) = self.leading.get_mut(&transaction) else {
            return;
        };
        ctx.reached("ballot");
        let round = leading.seen.max(leading.ballot) / nodes + 1;
        let ballot = round * nodes + me;
        leading.ballot = ballot;
        leading.phase = Phase::Asking(BTreeMap::new());
        // Leaders that compete wait for different times, and so one of them gets through.
        let wait = backoff(ask, leading.attempts);
        let wait = wait + ctx.rng().span(murphy_sim::Span::ZERO, wait);
        leading.attempts = (leading.attempts + 1).min(BALLOT_DOUBLINGS);
        ctx.set_timer(Timer::Ballot(transaction), wait);
        for acceptor in self.config.acceptors() {
            ctx.send(
                acceptor,
                Message::Phase1a {
                    transaction,
                    ballot,
                },
            );
        }
    }

    /// Another leader has a higher ballot: it may get through; if not, the next ballot is higher.
    pub(super) fn on_superseded(&mut self, transaction: TransactionId, ballot: Ballot) {
        if let Some(leading) = self.leading.get_mut(&transaction) {
            leading.seen = leading.seen.max(ballot);
        }
    }

    /// An acceptor has promised.
    pub(super) fn on_phase1b(
        &mut self,
        from: NodeId,
        transaction: TransactionId,
        ballot: Ballot,
        accepted: Accepted,
        ctx: &mut Context<Self>,
    ) {
        let majority = self.config.majority();
        let Some(leading) = self.leading.get_mut(&transaction) else {
            return;
        };
        let Phase::Asking(told) = &mut leading.phase else {
            return;
        };
        if ballot != leading.ballot {
            return;
        }
        told.insert(from, accepted);
        if told.len() < majority {
            return;
        }
        // What was accepted in the highest ballot may have been chosen; where nothing was accepted
        // nothing was chosen, and abort is free to be (Gray & Lamport, section 4.1).
        let mut highest: BTreeMap<NodeId, (Ballot, bool)> = BTreeMap::new();
        for (node, in_ballot, prepared) in told.values().flatten() {
            let best = highest.entry(*node).or_insert((*in_ballot, *prepared));
            *best = (*best).max((*in_ballot, *prepared));
        }
        if self.config.has(Mutant::PaxosCommitHighestAcceptedIgnored) {
            highest.clear();
        }
        let proposed = |node: &NodeId| highest.get(node).is_some_and(|(_, prepared)| *prepared);
        let votes: Votes = leading
            .participants
            .iter()
            .map(|node| (*node, proposed(node)))
            .collect();
        leading.phase = Phase::Proposing(BTreeMap::new());
        for acceptor in self.config.acceptors() {
            let message = Message::Phase2a {
                transaction,
                ballot,
                leader: self.node,
                participants: leading.participants.clone(),
                votes: votes.clone(),
            };
            ctx.send(acceptor, message);
        }
    }

    /// An acceptor has accepted.
    pub(super) fn on_phase2b(
        &mut self,
        from: NodeId,
        transaction: TransactionId,
        ballot: Ballot,
        votes: Votes,
        ctx: &mut Context<Self>,
    ) {
        let majority = match self.config.has(Mutant::PaxosCommitOneAcceptorIsEnough) {
            true => 1,
            false => self.config.majority(),
        };
        let Some(leading) = self.leading.get_mut(&transaction) else {
            return;
        };
        let Phase::Proposing(accepted) = &mut leading.phase else {
            return;
        };
        if ballot != leading.ballot {
            return;
        }
        for vote in votes {
            accepted.entry(vote).or_default().insert(from);
        }
        let chosen = |node: NodeId, prepared: bool| {
            let by = accepted.get(&(node, prepared));
            by.is_some_and(|by| by.len() >= majority)
        };
        let mut participants = leading.participants.iter();
        if participants.any(|node| chosen(*node, false)) {
            return self.decide(transaction, Decision::Abort, ctx);
        }
        let mut participants = leading.participants.iter();
        if participants.all(|node| chosen(*node, true)) {
            self.decide(transaction, Decision::Commit, ctx);
        }
    }

    /// The end is known. The leader writes nothing down: the acceptors have.
    pub(super) fn decide(
        &mut self,
        transaction: TransactionId,
        decision: Decision,
        ctx: &mut Context<Self>,
    ) {
        let leading = self
            .leading
            .remove(&transaction)
            .expect("only a leader decides");
        ctx.cancel_timer(Timer::Ballot(transaction));
        let what = match decision {
            Decision::Commit => ActKind::Committed(leading.participants.clone()),
            Decision::Abort => ActKind::Aborted,
        };
        self.book.decide(transaction, what);
        ctx.reached(match decision {
            Decision::Commit => "committed",
            Decision::Abort => "abort",
        });
        if let Some(mine) = self.coordinating.remove(&transaction) {
            ctx.cancel_timer(Timer::Repeat(transaction));
            let reply = match decision {
                Decision::Commit => Reply::Ok(Response(mine.work.found)),
                Decision::Abort => Reply::Fail,
            };
            ctx.reply(transaction, reply);
        }
        for node in leading.participants {
            ctx.send(
                node,
                Message::Decide {
                    transaction,
                    decision,
                },
            );
        }
    }
}
