//! A participant's side from its vote on: vote, and learn how it ends.

use murphy_sim::{Context, NodeId};

use super::{
    AfterSync, Telling, TwoPhase,
    message::{Asking, Decision, Message, Record, TransactionId, Vote},
    mutants::Mutant,
};
use crate::shared::transactions::{ActKind, Answer, Control, Prepare, Stage};

impl<C: Control> TwoPhase<C> {
    /// The coordinator asks for a vote: every shard has done its steps.
    pub(super) fn on_prepare(
        &mut self,
        from: NodeId,
        mut prepare: Prepare,
        ctx: &mut Context<Self>,
    ) {
        if self.config.has(Mutant::LostLocksUnnoticed) {
            prepare.life = self.shard.life();
        }
        let transaction = prepare.transaction;
        match self.shard.on_prepare(&mut self.book, &prepare, ctx) {
            Answer::Say(vote) => ctx.send(from, Message::Vote { transaction, vote }),
            Answer::Nothing => {}
            Answer::Write(prepared) => {
                let record = Record::Prepared {
                    transaction,
                    prepared,
                };
                self.force(record, AfterSync::CastVote(transaction), ctx);
                if self.config.has(Mutant::VoteBeforeSync) {
                    self.cast_vote(transaction, ctx);
                }
            }
        }
    }

    /// The prepare record is durable.
    pub(super) fn cast_vote(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        // Otherwise the coordinator has not waited for it.
        if let Some(coordinator) = self.shard.prepared(transaction, ctx) {
            let vote = Vote::Yes;
            self.book.vote(transaction, vote);
            ctx.send(coordinator, Message::Vote { transaction, vote });
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
        let Some(here) = self.shard.get(transaction) else {
            return self.hear_again(from, transaction, decision, ctx);
        };
        if here.stage == Stage::Prepared && from != here.coordinator {
            ctx.reached("cooperative-termination");
        }
        match here.stage {
            Stage::Preparing | Stage::Prepared => self.end(transaction, decision, ctx),
            // A commit is a late copy of what it has read and voted on in an earlier life: one that
            // changes something here needs a yes vote from here.
            Stage::Waiting | Stage::Executed => {
                if here.is_update && decision == Decision::Abort {
                    let what = ActKind::Decided(Decision::Abort);
                    self.book.decide(transaction, what);
                }
                self.shard.leave_before_vote(transaction, ctx);
                self.acknowledge(from, transaction, decision, ctx);
            }
        }
    }

    fn acknowledge(
        &self,
        to: NodeId,
        transaction: TransactionId,
        decision: Decision,
        ctx: &mut Context<Self>,
    ) {
        if self.config.presumption.is_acknowledged(decision) {
            ctx.send(to, Message::Acknowledge { transaction });
        }
    }

    /// Commits or aborts what it has prepared.
    fn end(&mut self, transaction: TransactionId, decision: Decision, ctx: &mut Context<Self>) {
        let here = self.shard.get(transaction);
        let coordinator = here.expect("it has prepared it").coordinator;
        let record = Record::Decided {
            transaction,
            decision,
        };
        if self.config.presumption.is_acknowledged(decision) {
            let then = AfterSync::Acknowledge(transaction, coordinator);
            self.force(record, then, ctx);
        } else {
            // If a crash takes the record, the coordinator will presume the same again.
            ctx.append(record);
        }
        let what = ActKind::Decided(decision);
        self.book.decide(transaction, what);
        self.shard.leave(transaction, decision, ctx);
    }

    /// It is told of a transaction that it takes no part in, or none any more.
    fn hear_again(
        &mut self,
        from: NodeId,
        transaction: TransactionId,
        decision: Decision,
        ctx: &mut Context<Self>,
    ) {
        // The request to execute may still be under way.
        if decision == Decision::Abort && self.book.decision(transaction).is_none() {
            self.shard.never(transaction);
        }
        let under_way = |(_, then): &(_, AfterSync)| matches!(then, AfterSync::Acknowledge(id, _) if *id == transaction);
        // Otherwise what it decided is durable, or it would know that it is in doubt.
        if !self.after_sync.iter().any(under_way) {
            self.acknowledge(from, transaction, decision, ctx);
        }
    }

    /// Nothing was heard for a while.
    pub(super) fn ask(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        if !self.shard.ask(transaction, ctx) {
            return;
        }
        if self.config.has(Mutant::ParticipantAbortsAloneAfterItsVote) {
            return self.end(transaction, Decision::Abort, ctx);
        }
        let here = self.shard.get(transaction).expect("it is in doubt");
        let asking = Asking::Coordinator;
        let question = Message::Inquire {
            transaction,
            asking,
        };
        ctx.send(here.coordinator, question);
        if here.asked > 1 {
            ctx.reached("asked-peers");
            let (me, coordinator) = (self.node, here.coordinator);
            let others = |peer: &&NodeId| **peer != me && **peer != coordinator;
            for peer in here.peers.iter().filter(others) {
                let asking = Asking::Peer;
                let question = Message::Inquire {
                    transaction,
                    asking,
                };
                ctx.send(*peer, question);
            }
        }
    }

    /// The other side knows of it and can say no more: it is not gone.
    pub(super) fn on_undecided(
        &mut self,
        from: NodeId,
        transaction: TransactionId,
        ctx: &mut Context<Self>,
    ) {
        self.hear(from, transaction, ctx.elapsed());
        self.shard.on_undecided(from, transaction);
    }

    /// Someone asks how a transaction ends (BHG 7.4; Mohan 1986, section 3).
    pub(super) fn on_inquire(
        &mut self,
        from: NodeId,
        transaction: TransactionId,
        asking: Asking,
        ctx: &mut Context<Self>,
    ) {
        match asking {
            Asking::Peer => self.tell_peer(from, transaction, ctx),
            Asking::BeforeVote | Asking::Coordinator => {
                if let Some(mine) = self.coordinating.get(&transaction) {
                    return match mine.told() {
                        Some(decision) => {
                            self.tell(from, transaction, decision, Telling::Again, ctx);
                        }
                        None => ctx.send(from, Message::Undecided { transaction }),
                    };
                }
                if asking == Asking::BeforeVote {
                    return ctx.send(from, Message::Leave { transaction });
                }
                let decision = self.config.presumption.answer();
                ctx.reached(match decision {
                    Decision::Abort => "presumed-abort",
                    Decision::Commit => "presumed-commit",
                });
                self.tell(from, transaction, decision, Telling::Again, ctx);
            }
        }
    }

    fn tell_peer(&mut self, from: NodeId, transaction: TransactionId, ctx: &mut Context<Self>) {
        if let Some(decision) = self.book.decision(transaction) {
            return self.tell(from, transaction, decision, Telling::Again, ctx);
        }
        // Who is in doubt itself cannot help.
        if self.shard.never_votes(&mut self.book, transaction, ctx) {
            self.tell(from, transaction, Decision::Abort, Telling::Again, ctx);
        }
    }
}
