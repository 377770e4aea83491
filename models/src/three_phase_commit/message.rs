//! What nodes say to each other, write down and remind themselves of.

use murphy_sim::NodeId;
use serde::{Deserialize, Serialize};

use crate::shared::transactions::{
    Alarm, Decision, Execute, Executed, Prepare, Prepared, TransactionId, Vote, Work,
};

/// Where a process stands, as it tells whoever terminates a transaction (Bernstein, Hadzilacos &
/// Goodman 1987, section 7.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Standing {
    /// It has aborted, or has not voted and never will.
    Aborted,
    /// It has voted yes and heard nothing since.
    Uncertain,
    /// It has heard that all have voted yes.
    Committable,
    /// It has committed.
    Committed,
    /// It has crashed since it voted: it is not operational, and may only be told how it ended.
    Recovering,
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
    /// Shard to coordinator, before its vote: what has become of it?
    Inquire {
        /// The transaction.
        transaction: TransactionId,
    },
    /// Coordinator to participant: get ready to commit.
    Prepare(Prepare),
    /// Participant to coordinator.
    Vote {
        /// The transaction.
        transaction: TransactionId,
        /// The vote.
        vote: Vote,
    },
    /// Coordinator to participant: all have voted yes.
    PreCommit {
        /// The transaction.
        transaction: TransactionId,
    },
    /// Participant to coordinator: I know that all have voted yes.
    PreCommitted {
        /// The transaction.
        transaction: TransactionId,
    },
    /// To a participant: this is how it ends.
    Decide {
        /// The transaction.
        transaction: TransactionId,
        /// The end.
        decision: Decision,
    },
    /// Elected coordinator to participant: where do you stand?
    AskStanding {
        /// The transaction.
        transaction: TransactionId,
    },
    /// Here.
    Stand {
        /// The transaction.
        transaction: TransactionId,
        /// Where.
        standing: Standing,
    },
    /// One that has crashed since it voted, or asked for votes, to all: how did it end?
    Recover {
        /// The transaction.
        transaction: TransactionId,
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
            Work::Inquire(transaction) => Message::Inquire { transaction },
        }
    }
}

/// Log records. Pre-commits are not written down: who crashes learns the end from the others.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize)]
pub enum Record {
    /// Coordinator, forced before it asks anyone to prepare: whom to ask after a crash.
    Start {
        /// The transaction.
        transaction: TransactionId,
        /// Who will be asked.
        participants: Vec<NodeId>,
    },
    /// Participant, forced before it votes yes.
    Prepared {
        /// The transaction.
        transaction: TransactionId,
        /// What it will do.
        prepared: Prepared,
    },
    /// Whoever decides to commit, forced before anyone is told.
    Commit {
        /// The transaction.
        transaction: TransactionId,
        /// On whose votes.
        participants: Vec<NodeId>,
    },
    /// Who was told, or has decided to abort; not forced.
    Decided {
        /// The transaction.
        transaction: TransactionId,
        /// Its end.
        decision: Decision,
    },
}

/// Timers, one of each for a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Coordinator: say it again to shards that have not done their steps.
    Repeat(TransactionId),
    /// Participant: the wait for a lock has taken too long.
    LockWait(TransactionId),
    /// Participant: nothing was heard for a while before its vote; ask.
    Ask(TransactionId),
    /// Coordinator, elected or not: who has not answered has failed.
    Round(TransactionId),
    /// Participant: its coordinator has failed.
    Silence(TransactionId),
    /// One that has crashed: ask again.
    Recover(TransactionId),
}

impl From<Alarm> for Timer {
    fn from(alarm: Alarm) -> Timer {
        match alarm {
            Alarm::LockWait(transaction) => Timer::LockWait(transaction),
            Alarm::Ask(transaction) => Timer::Ask(transaction),
        }
    }
}
