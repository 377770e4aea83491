//! What nodes say to each other, write down and remind themselves of.

use murphy_sim::NodeId;
use serde::{Deserialize, Serialize};

use crate::shared::transactions::{Alarm, Execute, Executed, Prepare, Prepared, Work};
pub use crate::shared::transactions::{Decision, TransactionId, Vote};

/// Who asks how a transaction ends, and whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Asking {
    /// A shard that has not voted asks its coordinator.
    BeforeVote,
    /// A participant in doubt asks its coordinator.
    Coordinator,
    /// A participant in doubt asks another.
    Peer,
}

/// Messages.
#[derive(
    Clone, Debug, PartialEq, Hash, Serialize, Deserialize, strum::IntoStaticStr, strum::VariantNames,
)]
pub enum Message {
    /// Coordinator to shard: do these steps, in this order.
    Execute(Execute),
    /// Shard to coordinator: done, but for writing it down.
    Executed(Executed),
    /// Either way: I know of it and cannot say more yet.
    Undecided {
        /// The transaction.
        transaction: TransactionId,
    },
    /// Coordinator to a shard that has not voted: it has aborted, or is not known, and no vote will be
    /// asked for.
    Leave {
        /// The transaction.
        transaction: TransactionId,
    },
    /// Coordinator to participant: get ready to commit.
    Prepare(Prepare),
    /// Participant to coordinator. A `No` can come at any time before a `Yes`.
    Vote {
        /// The transaction.
        transaction: TransactionId,
        /// The vote.
        vote: Vote,
    },
    /// To a participant: this is how it ends.
    Decide {
        /// The transaction.
        transaction: TransactionId,
        /// The end.
        decision: Decision,
    },
    /// Participant to coordinator: the decision is durable here, you may forget it.
    Acknowledge {
        /// The transaction.
        transaction: TransactionId,
    },
    /// Participant to coordinator or peer: how does it end?
    Inquire {
        /// The transaction.
        transaction: TransactionId,
        /// Who asks whom.
        asking: Asking,
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
            Work::Refuse(transaction) => Message::Vote {
                transaction,
                vote: Vote::No,
            },
            Work::Undecided(transaction) => Message::Undecided { transaction },
            Work::Inquire(transaction) => Message::Inquire {
                transaction,
                asking: Asking::BeforeVote,
            },
        }
    }
}

/// Log records. Those of a coordinator and of a participant share one log.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize)]
pub enum Record {
    /// Participant, forced before it votes yes: all it needs to commit after a crash.
    Prepared {
        /// The transaction.
        transaction: TransactionId,
        /// What it will do.
        prepared: Prepared,
    },
    /// Participant: forced if it is to be acknowledged.
    Decided {
        /// The transaction.
        transaction: TransactionId,
        /// Its end.
        decision: Decision,
    },
    /// Coordinator that presumes commit, forced before anyone is asked to prepare: unless a decision
    /// follows the transaction has aborted.
    Collecting {
        /// The transaction.
        transaction: TransactionId,
        /// Who will be asked.
        participants: Vec<NodeId>,
    },
    /// Coordinator, forced before anyone is told: the transaction is committed from here on. Its
    /// absence means abort.
    Commit {
        /// The transaction.
        transaction: TransactionId,
        /// Who has to acknowledge.
        participants: Vec<NodeId>,
    },
    /// Coordinator that presumes nothing, forced before anyone is told.
    Abort {
        /// The transaction.
        transaction: TransactionId,
        /// Who has to acknowledge.
        participants: Vec<NodeId>,
    },
    /// Coordinator, not forced: everyone has acknowledged.
    End {
        /// The transaction.
        transaction: TransactionId,
    },
}

/// Timers, one of each for a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Coordinator: say it again to those that have not answered.
    Repeat(TransactionId),
    /// Participant: the wait for a lock has taken too long.
    LockWait(TransactionId),
    /// Participant: nothing was heard for a while; ask.
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
