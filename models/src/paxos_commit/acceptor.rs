//! The acceptor's side: one instance of Paxos for each resource manager of a transaction, all of them
//! answered together.

use std::collections::BTreeMap;

use murphy_sim::{Context, NodeId};

use super::{
    AfterSync, PaxosCommit,
    message::{Ballot, Message, Record, Votes},
    mutants::Mutant,
};
use crate::shared::transactions::TransactionId;

/// What an acceptor has promised and accepted for one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Acceptor {
    /// It accepts nothing of a lower ballot.
    promised: Ballot,
    /// The last that it has accepted for each resource manager.
    accepted: BTreeMap<NodeId, (Ballot, bool)>,
}

/// What an acceptor has told a leader, for invariants to read on from where they were.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Said {
    pub(super) transaction: TransactionId,
    pub(super) ballot: Ballot,
    /// What it has accepted in that ballot; empty for a promise.
    pub(super) votes: Votes,
}

impl Acceptor {
    fn all(&self) -> Vec<(NodeId, Ballot, bool)> {
        let accepted = self.accepted.iter();
        accepted
            .map(|(node, (ballot, prepared))| (*node, *ballot, *prepared))
            .collect()
    }

    /// What it has accepted in this ballot.
    fn votes(&self, ballot: Ballot) -> Votes {
        let accepted = self.accepted.iter();
        let here = accepted.filter(|(_, (in_ballot, _))| *in_ballot == ballot);
        here.map(|(node, (_, prepared))| (*node, *prepared))
            .collect()
    }

    /// Takes these over unless it has them already; true when something is new.
    fn accept(&mut self, ballot: Ballot, votes: &Votes) -> bool {
        let mut is_new = self.promised < ballot;
        self.promised = ballot;
        for (node, prepared) in votes {
            let before = self.accepted.insert(*node, (ballot, *prepared));
            is_new |= before != Some((ballot, *prepared));
        }
        is_new
    }
}

impl PaxosCommit {
    /// Answers when what it has promised and accepted is durable.
    fn remember(
        &mut self,
        transaction: TransactionId,
        to: NodeId,
        answer: Message,
        ctx: &mut Context<Self>,
    ) {
        if self.config.has(Mutant::PaxosCommitAcceptorForgetsItsBallot) {
            return self.answer(to, answer, ctx);
        }
        let acceptor = &self.acceptors[&transaction];
        let record = Record::Accepted {
            transaction,
            promised: acceptor.promised,
            accepted: acceptor.all(),
        };
        self.force(record, AfterSync::Answer(to, answer), ctx);
    }

    pub(super) fn answer(&mut self, to: NodeId, answer: Message, ctx: &mut Context<Self>) {
        match &answer {
            Message::Phase1b {
                transaction,
                ballot,
                ..
            } => self.said.push(Said {
                transaction: *transaction,
                ballot: *ballot,
                votes: Votes::new(),
            }),
            Message::Phase2b {
                transaction,
                ballot,
                votes,
            } => self.said.push(Said {
                transaction: *transaction,
                ballot: *ballot,
                votes: votes.clone(),
            }),
            _ => unreachable!("an acceptor answers the two phases"),
        }
        ctx.send(to, answer);
    }

    /// A log tells what it has promised and accepted.
    pub(super) fn replay_accepted(
        &mut self,
        transaction: TransactionId,
        promised: Ballot,
        accepted: &[(NodeId, Ballot, bool)],
    ) {
        let accepted = accepted.iter();
        let acceptor = Acceptor {
            promised,
            accepted: accepted
                .map(|(node, ballot, prepared)| (*node, (*ballot, *prepared)))
                .collect(),
        };
        self.acceptors.insert(transaction, acceptor);
    }

    /// A leader begins a ballot.
    pub(super) fn on_phase1a(
        &mut self,
        from: NodeId,
        transaction: TransactionId,
        ballot: Ballot,
        ctx: &mut Context<Self>,
    ) {
        let acceptor = self.acceptors.entry(transaction).or_default();
        if ballot < acceptor.promised {
            let ballot = acceptor.promised;
            return ctx.send(
                from,
                Message::Superseded {
                    transaction,
                    ballot,
                },
            );
        }
        acceptor.promised = ballot;
        let answer = Message::Phase1b {
            transaction,
            ballot,
            accepted: acceptor.all(),
        };
        self.remember(transaction, from, answer, ctx);
    }

    /// A resource manager in ballot 0, or a leader, proposes.
    pub(super) fn on_phase2a(
        &mut self,
        transaction: TransactionId,
        ballot: Ballot,
        leader: NodeId,
        (participants, votes): (&[NodeId], &Votes),
        ctx: &mut Context<Self>,
    ) {
        let acceptor = self.acceptors.entry(transaction).or_default();
        if ballot < acceptor.promised {
            let ballot = acceptor.promised;
            return ctx.send(
                leader,
                Message::Superseded {
                    transaction,
                    ballot,
                },
            );
        }
        let is_new = acceptor.accept(ballot, votes);
        let votes = acceptor.votes(ballot);
        let aborts = votes.iter().any(|(_, prepared)| !prepared);
        // One message and one write for all instances (Gray & Lamport, section 4.2).
        if votes.len() < participants.len() && !aborts {
            return;
        }
        let answer = Message::Phase2b {
            transaction,
            ballot,
            votes,
        };
        let is_written =
            |(_, then): &(_, AfterSync)| *then == AfterSync::Answer(leader, answer.clone());
        if is_new {
            self.remember(transaction, leader, answer, ctx);
        } else if !self.after_sync.iter().any(is_written) {
            // A copy of what was written before.
            self.answer(leader, answer, ctx);
        }
    }
}
