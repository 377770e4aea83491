//! The coordinator's side: execute, collect votes, decide, tell.

use std::collections::BTreeMap;

use murphy_sim::{CallId, Context, NodeId, Reply, Time};

use super::{
    AfterSync, Telling, TwoPhaseCommit, backoff,
    message::{ActKind, Decision, Message, Record, Step, Timer, TransactionId, Vote},
    mutants::Mutant,
};
use crate::service::txn::{Datum, Request, Response};

/// A transaction that this node coordinates.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Coordination {
    phase: Phase,
    /// By its monotonic clock.
    begun: Time,
    parts: BTreeMap<NodeId, Part>,
    /// What the steps found, in the order of the request.
    found: Vec<Option<Datum>>,
    attempts: u32,
    /// Yes votes that came in. Only a mutant looks at it.
    yes_votes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Phase {
    /// Shards are locking and doing the steps.
    Executing,
    /// Participants are voting.
    Preparing,
    /// The commit record is on its way to the disk: there is no way back.
    Committing,
    /// Participants are being told.
    Committed,
}

/// One shard's part in a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Part {
    steps: Vec<Step>,
    /// The life in which the shard did the steps.
    executed: Option<u64>,
    vote: Option<Vote>,
    acknowledged: bool,
    /// When it was last heard of.
    heard: Time,
}

impl Part {
    fn new(heard: Time) -> Part {
        Part {
            steps: Vec::new(),
            executed: None,
            vote: None,
            acknowledged: false,
            heard,
        }
    }

    fn is_update(&self) -> bool {
        self.steps.iter().any(|(_, op)| op.is_update())
    }
}

impl Coordination {
    /// One that a crash has interrupted after its commit record was durable.
    pub(super) fn recovered(participants: &[NodeId], now: Time) -> Coordination {
        Coordination {
            phase: Phase::Committed,
            begun: now,
            parts: participants
                .iter()
                .map(|node| (*node, Part::new(now)))
                .collect(),
            found: Vec::new(),
            attempts: 0,
            yes_votes: 0,
        }
    }

    pub(super) fn has_committed(&self) -> bool {
        self.phase == Phase::Committed
    }

    pub(super) fn stage(&self) -> u32 {
        self.phase as u32
    }

    /// Those that change something: they vote yes or no, and are told.
    fn participants(&self) -> Vec<NodeId> {
        let updates = self.parts.iter().filter(|(_, part)| part.is_update());
        updates.map(|(node, _)| *node).collect()
    }

    fn all_have_voted(&self, counts_twice: bool) -> bool {
        if counts_twice {
            return self.yes_votes >= self.parts.len();
        }
        self.parts.values().all(|part| part.vote.is_some())
    }
}

impl TwoPhaseCommit {
    /// A client asks for a transaction.
    pub(super) fn begin(&mut self, call: CallId, request: Request, ctx: &mut Context<Self>) {
        if self.node.0 >= self.config.coordinators {
            let coordinator = NodeId(call.client.0 % self.config.coordinators);
            return ctx.reply(call, Reply::Redirect(Some(coordinator)));
        }
        // At most once: a second copy of a request that is known here is not looked at.
        if self.coordinating.contains_key(&call) || self.decisions.contains_key(&call) {
            return;
        }
        if request.0.is_empty() {
            return ctx.reply(call, Reply::Ok(Response(Vec::new())));
        }
        let now = ctx.elapsed();
        let found = vec![None; request.0.len()];
        let mut parts = BTreeMap::new();
        for (place, op) in request.0.into_iter().enumerate() {
            let part = parts
                .entry(self.config.shard(op.key()))
                .or_insert_with(|| Part::new(now));
            part.steps.push((place as u32, op));
        }
        let coordination = Coordination {
            phase: Phase::Executing,
            begun: now,
            parts,
            found,
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
        let peers = mine.participants();
        for (node, part) in &mine.parts {
            let message = match (mine.phase, part.executed) {
                (Phase::Executing, None) => Message::Execute {
                    transaction,
                    begun: mine.begun.0,
                    steps: part.steps.clone(),
                },
                (Phase::Preparing, Some(life)) if part.vote.is_none() => Message::Prepare {
                    transaction,
                    life,
                    peers: if part.is_update() {
                        peers.clone()
                    } else {
                        Vec::new()
                    },
                },
                // It has answered, or there is nothing to say before the disk has.
                (Phase::Executing | Phase::Preparing | Phase::Committing, _) => continue,
                (Phase::Committed, _) if part.acknowledged => continue,
                (Phase::Committed, _) => {
                    let telling = match mine.attempts {
                        0 => Telling::First,
                        _ => Telling::Again,
                    };
                    self.tell(*node, transaction, Decision::Commit, telling, ctx);
                    continue;
                }
            };
            ctx.send(*node, message);
        }
        let wait = backoff(self.config.repeat, mine.attempts);
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
        for part in mine.parts.values_mut() {
            part.heard = now;
        }
        self.say(transaction, ctx);
    }

    /// Repeats what was not answered, or aborts where that is still possible and someone has been
    /// silent for too long.
    pub(super) fn repeat(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        let (now, patience) = (ctx.elapsed(), self.config.patience);
        let Some(mine) = self.coordinating.get_mut(&transaction) else {
            return;
        };
        let silent = |part: &Part| now.since(part.heard) > patience;
        let is_lost = match mine.phase {
            Phase::Executing => mine
                .parts
                .values()
                .any(|p| p.executed.is_none() && silent(p)),
            Phase::Preparing => mine.parts.values().any(|p| p.vote.is_none() && silent(p)),
            Phase::Committing | Phase::Committed => false,
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
        transaction: TransactionId,
        life: u64,
        found: Vec<(u32, Option<Datum>)>,
        ctx: &mut Context<Self>,
    ) {
        let Some(mine) = self.coordinating.get_mut(&transaction) else {
            // A shard that has executed and not voted cannot have been part of a commit.
            return self.tell(from, transaction, Decision::Abort, Telling::Again, ctx);
        };
        let Some(part) = mine.parts.get_mut(&from) else {
            return;
        };
        // The first answer counts: a later one tells of another life, whose locks are not those that
        // were held when the others executed.
        if mine.phase != Phase::Executing || part.executed.is_some() {
            return;
        }
        part.executed = Some(life);
        for (place, datum) in found {
            mine.found[place as usize] = datum;
        }
        if mine.parts.values().all(|part| part.executed.is_some()) {
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
                self.on_inquire(from, transaction, ctx);
            }
            return;
        };
        let Some(part) = mine.parts.get_mut(&from) else {
            return;
        };
        match (mine.phase, vote) {
            (Phase::Executing | Phase::Preparing, Vote::No) => {
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
            (Phase::Committed, Vote::Yes) => {
                self.tell(from, transaction, Decision::Commit, Telling::Again, ctx);
            }
            // A copy of what has been heard before.
            (Phase::Executing | Phase::Committing | Phase::Committed, _) => {}
        }
    }

    /// Everyone can commit.
    fn commit(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        ctx.reached("prepared-everywhere");
        let mine = self
            .coordinating
            .get_mut(&transaction)
            .expect("it was found when the vote came");
        let participants = mine.participants();
        if participants.is_empty() {
            // Nobody has anything to lose: no record, no second phase.
            return self.finish_reading(transaction, ctx);
        }
        mine.phase = Phase::Committing;
        ctx.cancel_timer(Timer::Repeat(transaction));
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
        ctx.cancel_timer(Timer::Repeat(transaction));
        let voters = mine.parts.keys().copied().collect();
        self.decide(transaction, Decision::Commit, ActKind::Committed(voters));
        ctx.reached("committed");
        ctx.reply(transaction, Reply::Ok(Response(mine.found)));
    }

    /// The commit record is durable.
    pub(super) fn tell_commit(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        let mine = self
            .coordinating
            .get_mut(&transaction)
            .expect("nothing ends a transaction while its commit record is written");
        let voters = mine.parts.keys().copied().collect();
        let found = std::mem::take(&mut mine.found);
        // Those that have only read have let go, and are not told.
        mine.parts.retain(|_, part| part.is_update());
        self.decide(transaction, Decision::Commit, ActKind::Committed(voters));
        ctx.reached("committed");
        ctx.reply(transaction, Reply::Ok(Response(found)));
        self.enter(transaction, Phase::Committed, ctx);
    }

    /// Aborts: nothing is written, and nobody acknowledges.
    fn abort(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        let mine = self
            .coordinating
            .remove(&transaction)
            .expect("only an open transaction is aborted");
        assert!(
            mine.phase < Phase::Committing,
            "a transaction with a commit record is not aborted"
        );
        ctx.cancel_timer(Timer::Repeat(transaction));
        self.decide(transaction, Decision::Abort, ActKind::Aborted);
        ctx.reached("abort");
        for (node, part) in &mine.parts {
            match part.vote {
                // They have let go already.
                Some(Vote::No | Vote::ReadOnly) => {}
                Some(Vote::Yes) | None => {
                    self.tell(*node, transaction, Decision::Abort, Telling::First, ctx);
                }
            }
        }
        ctx.reply(transaction, Reply::Fail);
    }

    /// A participant has committed, durably.
    pub(super) fn on_acknowledge(
        &mut self,
        from: NodeId,
        transaction: TransactionId,
        ctx: &mut Context<Self>,
    ) {
        let Some(mine) = self.coordinating.get_mut(&transaction) else {
            return;
        };
        let Some(part) = mine.parts.get_mut(&from) else {
            return;
        };
        part.acknowledged = true;
        if mine.has_committed() && mine.parts.values().all(|part| part.acknowledged) {
            self.coordinating.remove(&transaction);
            ctx.cancel_timer(Timer::Repeat(transaction));
            ctx.append(Record::End { transaction });
        }
    }

    /// A shard is still waiting for locks.
    pub(super) fn hear(&mut self, from: NodeId, transaction: TransactionId, now: Time) {
        let mine = self.coordinating.get_mut(&transaction);
        if let Some(part) = mine.and_then(|mine| mine.parts.get_mut(&from)) {
            part.heard = now;
        }
    }

    /// Goes on telling a commit that a crash has interrupted.
    pub(super) fn tell_on(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        ctx.reached("recovered-commit");
        let mine = self
            .coordinating
            .get_mut(&transaction)
            .expect("recovery has just found it");
        mine.attempts = 1;
        self.say(transaction, ctx);
    }
}
