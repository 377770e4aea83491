//! What nodes say to each other, write down and remind themselves of.

use murphy_sim::NodeId;
use serde::{Deserialize, Serialize};

use crate::shared::transactions::{
    Alarm, Decision, Execute, Executed, Prepare, Prepared, TransactionId, Work,
};

/// Ballot 0 is the resource managers' own; the others belong to leaders, each to one.
pub type Ballot = u64;

/// What was proposed for these resource managers, true for prepared.
pub type Votes = Vec<(NodeId, bool)>;

/// Messages.
#[derive(
    Clone, Debug, PartialEq, Hash, Serialize, Deserialize, strum::IntoStaticStr, strum::VariantNames,
)]
pub enum Message {
    /// Coordinator to shard: do these steps, in this order.
    Execute(Execute),
    /// Shard to coordinator: done, but for writing it down.
    Executed(Executed),
    /// Shard to coordinator: it has let go, and will not prepare.
    Refuse {
        /// The transaction.
        transaction: TransactionId,
    },
    /// Either way: I know of it and cannot say more yet.
    Undecided {
        /// The transaction.
        transaction: TransactionId,
    },
    /// Coordinator to a shard that has not voted: it has aborted, or is not known.
    Leave {
        /// The transaction.
        transaction: TransactionId,
    },
    /// Shard to coordinator, before its vote: what has become of it?
    Inquire {
        /// The transaction.
        transaction: TransactionId,
    },
    /// Leader to resource manager: get ready to commit.
    Prepare(Prepare),
    /// Leader to acceptor: promise to accept nothing of a lower ballot, and say what you have
    /// accepted.
    Phase1a {
        /// The transaction.
        transaction: TransactionId,
        /// The leader's ballot.
        ballot: Ballot,
    },
    /// Acceptor to leader: promised, and this is what I have accepted for each resource manager.
    Phase1b {
        /// The transaction.
        transaction: TransactionId,
        /// Which is promised.
        ballot: Ballot,
        /// The resource manager, in which ballot, and what.
        accepted: Vec<(NodeId, Ballot, bool)>,
    },
    /// To an acceptor: accept these. In ballot 0 a resource manager proposes for itself; in others a
    /// leader proposes for all.
    Phase2a {
        /// The transaction.
        transaction: TransactionId,
        /// In which ballot.
        ballot: Ballot,
        /// Who waits for the answer.
        leader: NodeId,
        /// All resource managers.
        participants: Vec<NodeId>,
        /// What is proposed.
        votes: Votes,
    },
    /// Acceptor to leader: accepted, for all resource managers in one message.
    Phase2b {
        /// The transaction.
        transaction: TransactionId,
        /// In which ballot.
        ballot: Ballot,
        /// What.
        votes: Votes,
    },
    /// Acceptor to leader: another has a higher ballot.
    Superseded {
        /// The transaction.
        transaction: TransactionId,
        /// Which.
        ballot: Ballot,
    },
    /// Leader to resource manager: this is how it ends.
    Decide {
        /// The transaction.
        transaction: TransactionId,
        /// The end.
        decision: Decision,
    },
    /// A resource manager in doubt to whoever might lead: how does it end? Find out.
    TakeOver {
        /// The transaction.
        transaction: TransactionId,
        /// All resource managers.
        participants: Vec<NodeId>,
    },
}

impl From<Prepare> for Message {
    fn from(prepare: Prepare) -> Message {
        Message::Prepare(prepare)
    }
}

impl From<Work> for Message {
    fn from(work: Work) -> Message {
        match work {
            Work::Execute(execute) => Message::Execute(execute),
            Work::Executed(executed) => Message::Executed(executed),
            Work::Refuse(transaction) => Message::Refuse { transaction },
            Work::Undecided(transaction) => Message::Undecided { transaction },
            Work::Inquire(transaction) => Message::Inquire { transaction },
        }
    }
}

/// Log records. Those of a resource manager and of an acceptor share one log.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize)]
pub enum Record {
    /// Resource manager, forced before it proposes that it is prepared.
    Prepared {
        /// The transaction.
        transaction: TransactionId,
        /// What it will do.
        prepared: Prepared,
    },
    /// Resource manager, not forced: the acceptors remember it.
    Decided {
        /// The transaction.
        transaction: TransactionId,
        /// Its end.
        decision: Decision,
    },
    /// Acceptor, forced before it answers either phase: all that it has promised and accepted.
    Accepted {
        /// The transaction.
        transaction: TransactionId,
        /// The highest ballot it has heard of.
        promised: Ballot,
        /// The resource manager, in which ballot, and what.
        accepted: Vec<(NodeId, Ballot, bool)>,
    },
}

/// Timers, one of each for a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Coordinator: say it again to those that have not answered.
    Repeat(TransactionId),
    /// Leader: this ballot has taken too long, begin another.
    Ballot(TransactionId),
    /// Resource manager: the wait for a lock has taken too long.
    LockWait(TransactionId),
    /// Resource manager: nothing was heard for a while; ask.
    Ask(TransactionId),
}

impl From<Alarm> for Timer {
    fn from(alarm: Alarm) -> Timer {
        match alarm {
            Alarm::LockWait(transaction) => Timer::LockWait(transaction),
            Alarm::Ask(transaction) => Timer::Ask(transaction),
        }
    }
}
