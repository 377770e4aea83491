//! The resource manager's side: prepare, propose it, and learn how it ends.

use murphy_sim::{Context, NodeId};

use super::{
    AfterSync, PaxosCommit,
    message::{Message, Record},
};
use crate::shared::transactions::{ActKind, Answer, Decision, Prepare, Stage, TransactionId, Vote};

impl PaxosCommit {
    /// The leader asks for a vote: every shard has done its steps.
    pub(super) fn on_prepare(&mut self, from: NodeId, prepare: &Prepare, ctx: &mut Context<Self>) {
        let transaction = prepare.transaction;
        match self.shard.on_prepare(&mut self.book, prepare, ctx) {
            Answer::Write(prepared) => {
                let record = Record::Prepared {
                    transaction,
                    prepared,
                };
                self.force(record, AfterSync::CastVote(transaction), ctx);
            }
            // It has proposed `prepared`, and there is one proposal in a ballot: that the transaction
            // has aborted since is no reason for another.
            Answer::Say(Vote::No) if self.book.has_voted_yes(transaction) => {}
            // Asked again: some acceptor may not have heard it.
            Answer::Say(vote) => {
                let all: Vec<NodeId> = self.config.acceptors().collect();
                let is_prepared = vote == Vote::Yes;
                self.propose(transaction, is_prepared, from, &prepare.peers, &all, ctx);
            }
            Answer::Nothing => {}
        }
    }

    /// Proposes for itself in ballot 0, which is its own.
    fn propose(
        &self,
        transaction: TransactionId,
        is_prepared: bool,
        leader: NodeId,
        participants: &[NodeId],
        acceptors: &[NodeId],
        ctx: &mut Context<Self>,
    ) {
        for acceptor in acceptors {
            let message = Message::Phase2a {
                transaction,
                ballot: 0,
                leader,
                participants: participants.to_vec(),
                votes: vec![(self.node, is_prepared)],
            };
            ctx.send(*acceptor, message);
        }
    }

    /// The prepare record is durable. As many acceptors as must accept are told, and the others only
    /// when it takes long (Gray & Lamport, section 4.2).
    pub(super) fn cast_vote(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        let Some(coordinator) = self.shard.prepared(transaction, ctx) else {
            // It has been told how it ends.
            return;
        };
        self.book.vote(transaction, Vote::Yes);
        let here = self.shard.get(transaction).expect("it has just voted");
        let near = self.config.near(coordinator);
        self.propose(transaction, true, coordinator, &here.peers, &near, ctx);
    }

    /// A leader knows how it ends.
    pub(super) fn on_decide(
        &mut self,
        transaction: TransactionId,
        decision: Decision,
        ctx: &mut Context<Self>,
    ) {
        // Another leader was faster.
        if self.leading.contains_key(&transaction) {
            self.decide(transaction, decision, ctx);
        }
        let what = ActKind::Decided(decision);
        match self.shard.get(transaction) {
            Some(here) if here.stage >= Stage::Preparing => {
                ctx.append(Record::Decided {
                    transaction,
                    decision,
                });
                self.book.decide(transaction, what);
                self.shard.leave(transaction, decision, ctx);
            }
            // Others can only have aborted what it has not voted for.
            Some(_) => {
                self.book.decide(transaction, what);
                self.shard.leave_before_vote(transaction, ctx);
            }
            // The request to execute may still be under way.
            None if decision == Decision::Abort && self.book.decision(transaction).is_none() => {
                self.shard.never(transaction);
            }
            None => {}
        }
    }

    /// Nothing was heard for a while. In doubt it tells all acceptors, then asks its coordinator and
    /// the acceptors in turn to take over.
    pub(super) fn ask(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        if !self.shard.ask(transaction, ctx) {
            return;
        }
        let here = self.shard.get(transaction).expect("it is in doubt");
        let (coordinator, participants) = (here.coordinator, here.peers.clone());
        let acceptors: Vec<NodeId> = self.config.acceptors().collect();
        let whom = match here.asked {
            0 | 1 => {
                self.propose(
                    transaction,
                    true,
                    coordinator,
                    &participants,
                    &acceptors,
                    ctx,
                );
                coordinator
            }
            asked => acceptors[(asked + self.node.0) as usize % acceptors.len()],
        };
        ctx.send(
            whom,
            Message::TakeOver {
                transaction,
                participants,
            },
        );
    }
}
