//! What a node did, in the order it did it: what the properties of atomic commitment speak of.

use std::collections::BTreeMap;

use murphy_sim::{NodeId, Process};

use super::{Decision, TransactionId, Vote};

/// The book of one life of a node. Replaying a log writes it again up to where it was.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Book {
    /// Another one after every crash.
    life: u64,
    acts: Vec<Act>,
    /// How transactions ended, as far as this node has decided, as coordinator or participant.
    decisions: BTreeMap<TransactionId, Decision>,
}

/// Something that a node did.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Act {
    /// About which transaction.
    pub(crate) transaction: TransactionId,
    /// What.
    pub(crate) what: ActKind,
}

/// Kinds of acts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ActKind {
    /// It voted, as a participant.
    Voted(Vote),
    /// It reached a decision, as a participant or by asking others.
    Decided(Decision),
    /// It aborted the transaction, as its coordinator.
    Aborted,
    /// It committed the transaction, as its coordinator, on the votes of these.
    Committed(Vec<NodeId>),
}

/// A protocol whose nodes keep a book.
pub(crate) trait Commits: Process {
    /// What the node did.
    fn book(&self) -> &Book;
}

impl Book {
    pub(crate) const fn new(life: u64) -> Book {
        Book {
            life,
            acts: Vec::new(),
            decisions: BTreeMap::new(),
        }
    }

    /// It votes.
    pub(crate) fn vote(&mut self, transaction: TransactionId, vote: Vote) {
        let what = ActKind::Voted(vote);
        self.acts.push(Act { transaction, what });
    }

    /// A transaction has ended here. Nobody decides twice (AC2); a clean protocol never tries to
    /// decide otherwise, and invariants see one that does.
    pub(crate) fn decide(&mut self, transaction: TransactionId, what: ActKind) {
        let decision = what.decision().expect("a vote is not a decision");
        self.decisions.insert(transaction, decision);
        self.acts.push(Act { transaction, what });
    }

    /// How it ended, if this node has decided.
    pub(crate) fn decision(&self, transaction: TransactionId) -> Option<Decision> {
        self.decisions.get(&transaction).copied()
    }

    /// Whether it has voted yes on this transaction.
    pub(crate) fn has_voted_yes(&self, transaction: TransactionId) -> bool {
        let yes = ActKind::Voted(Vote::Yes);
        let mut acts = self.acts.iter();
        acts.any(|act| act.transaction == transaction && act.what == yes)
    }

    /// How transactions ended here, true for commit.
    pub(crate) fn decisions(&self) -> BTreeMap<TransactionId, bool> {
        let decisions = self.decisions.iter();
        decisions
            .map(|(transaction, decision)| (*transaction, *decision == Decision::Commit))
            .collect()
    }

    /// How this node voted, true for yes. Who has only read does not care how it ends, and takes no
    /// part in ending it.
    pub(crate) fn votes(&self) -> BTreeMap<TransactionId, bool> {
        let votes = self.acts.iter().filter_map(|act| match act.what {
            ActKind::Voted(Vote::ReadOnly) => None,
            ActKind::Voted(vote) => Some((act.transaction, vote == Vote::Yes)),
            ActKind::Decided(_) | ActKind::Aborted | ActKind::Committed(_) => None,
        });
        votes.collect()
    }

    pub(crate) const fn life(&self) -> u64 {
        self.life
    }

    pub(super) fn acts(&self) -> &[Act] {
        &self.acts
    }
}

impl ActKind {
    /// The decision that it is, if it is one.
    pub(super) const fn decision(&self) -> Option<Decision> {
        match self {
            ActKind::Voted(_) => None,
            ActKind::Decided(decision) => Some(*decision),
            ActKind::Aborted => Some(Decision::Abort),
            ActKind::Committed(_) => Some(Decision::Commit),
        }
    }
}
