//! A participant's side from its vote on, while nothing fails.

use murphy_sim::{Context, NodeId};

use super::{
    AfterSync, ThreePhaseCommit,
    message::{Message, Record, Timer},
    termination::Term,
};
use crate::shared::transactions::{ActKind, Answer, Decision, Prepare, Stage, TransactionId, Vote};

impl ThreePhaseCommit {
    /// The coordinator asks for a vote: every shard has done its steps.
    pub(super) fn on_prepare(&mut self, from: NodeId, prepare: &Prepare, ctx: &mut Context<Self>) {
        let transaction = prepare.transaction;
        if self.recovering.contains_key(&transaction) {
            return;
        }
        match self.shard.on_prepare(&mut self.book, prepare, ctx) {
            Answer::Say(vote) => ctx.send(from, Message::Vote { transaction, vote }),
            Answer::Nothing => {}
            Answer::Write(prepared) => {
                let record = Record::Prepared {
                    transaction,
                    prepared,
                };
                self.force(record, AfterSync::CastVote(transaction), ctx);
            }
        }
    }

    /// The prepare record is durable: it is uncertain from here on.
    pub(super) fn cast_vote(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        let Some(coordinator) = self.shard.prepared(transaction, ctx) else {
            // It has been told how it ends.
            return;
        };
        let vote = Vote::Yes;
        self.book.vote(transaction, vote);
        ctx.send(coordinator, Message::Vote { transaction, vote });
        let here = self.shard.get(transaction).expect("it has just voted");
        self.terms
            .insert(transaction, Term::new(coordinator, &here.peers));
        self.listen(transaction, ctx);
    }

    /// Its coordinator has been heard of, and will be again if it does not fail.
    pub(super) fn listen(&self, transaction: TransactionId, ctx: &mut Context<Self>) {
        ctx.set_timer(Timer::Silence(transaction), self.config.patience());
    }

    /// All have voted yes.
    pub(super) fn on_pre_commit(
        &mut self,
        from: NodeId,
        transaction: TransactionId,
        ctx: &mut Context<Self>,
    ) {
        // Who has crashed since its vote has no term: it is not operational, and counts as failed.
        let Some(term) = self.terms.get_mut(&transaction) else {
            return;
        };
        if term.follows(from) {
            term.committable = true;
            ctx.reached("pre-committed");
            ctx.send(from, Message::PreCommitted { transaction });
            self.listen(transaction, ctx);
        }
    }

    /// Someone who knows says how it ends.
    pub(super) fn on_decide(
        &mut self,
        transaction: TransactionId,
        decision: Decision,
        ctx: &mut Context<Self>,
    ) {
        match self.shard.get(transaction) {
            Some(here) if here.stage >= Stage::Preparing => self.end(transaction, decision, ctx),
            Some(here) => {
                if here.is_update && decision == Decision::Abort {
                    let what = ActKind::Decided(decision);
                    self.book.decide(transaction, what);
                }
                self.shard.leave_before_vote(transaction, ctx);
            }
            // A coordinator that holds nothing of it and has crashed, or was taken for failed.
            None if self.recovering.contains_key(&transaction)
                || self.coordinating.contains_key(&transaction) =>
            {
                self.end(transaction, decision, ctx);
            }
            // The request to execute may still be under way.
            None if decision == Decision::Abort && self.book.decision(transaction).is_none() => {
                self.shard.never(transaction);
            }
            None => {}
        }
    }

    /// Commits or aborts what it has prepared. A crash may take the record: whoever decided to commit
    /// has one that is durable, and without one all abort.
    pub(super) fn end(
        &mut self,
        transaction: TransactionId,
        decision: Decision,
        ctx: &mut Context<Self>,
    ) {
        ctx.append(Record::Decided {
            transaction,
            decision,
        });
        let what = ActKind::Decided(decision);
        self.book.decide(transaction, what);
        self.terms.remove(&transaction);
        self.rounds.remove(&transaction);
        self.recovering.remove(&transaction);
        ctx.cancel_timer(Timer::Silence(transaction));
        ctx.cancel_timer(Timer::Round(transaction));
        ctx.cancel_timer(Timer::Recover(transaction));
        if let Some(mine) = self.coordinating.remove(&transaction) {
            // The others have ended it without their coordinator.
            let reply = mine.reply(decision);
            ctx.reply(transaction, reply);
        }
        if self.shard.get(transaction).is_some() {
            self.shard.leave(transaction, decision, ctx);
        }
    }

    /// Tells these how it ends.
    pub(super) fn tell(
        &self,
        transaction: TransactionId,
        to: &[NodeId],
        decision: Decision,
        ctx: &mut Context<Self>,
    ) {
        for node in to {
            ctx.send(
                *node,
                Message::Decide {
                    transaction,
                    decision,
                },
            );
        }
    }
}
