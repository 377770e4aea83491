//! What nodes say to each other, write down and remind themselves of.

use murphy_sim::{CallId, NodeId};
use serde::{Deserialize, Serialize};

use crate::service::txn::{Datum, Key, MicroOp};

/// A transaction goes by the name of the call that asked for it.
pub type TransactionId = CallId;

/// How a transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Decision {
    /// With all of its effects.
    Commit,
    /// With none of them.
    Abort,
}

/// What a participant says when it is asked to prepare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Vote {
    /// It can commit, whatever happens, and will if it is told to.
    Yes,
    /// It has aborted.
    No,
    /// It has only read: it has let go of its locks and does not care how the transaction ends.
    ReadOnly,
}

/// A step of a transaction and its place among all of them.
pub type Step = (u32, MicroOp);

/// Messages.
#[derive(
    Clone, Debug, PartialEq, Hash, Serialize, Deserialize, strum::IntoStaticStr, strum::VariantNames,
)]
pub enum Message {
    /// Coordinator to shard: do these steps, in this order, under locks.
    Execute {
        /// The transaction.
        transaction: TransactionId,
        /// When it began, by its coordinator's monotonic clock: the older of two goes first.
        begun: u64,
        /// What is to be done here.
        steps: Vec<Step>,
    },
    /// Shard to coordinator: done, but for writing it down.
    Executed {
        /// The transaction.
        transaction: TransactionId,
        /// In which life of the shard: a crash takes the locks, and with them what was read.
        life: u64,
        /// What each step found.
        found: Vec<(u32, Option<Datum>)>,
    },
    /// Either way: I know of it and cannot say more yet.
    Undecided {
        /// The transaction.
        transaction: TransactionId,
    },
    /// Coordinator to participant: get ready to commit.
    Prepare {
        /// The transaction.
        transaction: TransactionId,
        /// The life of the shard in which it was executed.
        life: u64,
        /// All participants that change something, whom to ask when the coordinator is gone.
        peers: Vec<NodeId>,
    },
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
    /// Participant to coordinator: my commit is durable, you may forget it.
    Acknowledge {
        /// The transaction.
        transaction: TransactionId,
    },
    /// Participant to coordinator or peer: how does it end?
    Inquire {
        /// The transaction.
        transaction: TransactionId,
    },
}

/// What a committed transaction does to a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Change {
    /// The number that is there afterwards.
    Put(i64),
    /// What is appended to the list there.
    Append(Vec<i64>),
}

/// Log records. Those of a coordinator and of a participant share one log.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize)]
pub enum Record {
    /// Participant, forced before it votes yes: all it needs to commit after a crash.
    Prepared {
        /// The transaction.
        transaction: TransactionId,
        /// Whom to ask first.
        coordinator: NodeId,
        /// When the transaction began.
        begun: u64,
        /// Whom to ask next.
        peers: Vec<NodeId>,
        /// What to do to each key that is locked exclusively.
        changes: Vec<(Key, Change)>,
        /// Keys that are locked for reading only.
        reads: Vec<Key>,
    },
    /// Participant: forced before a commit is acknowledged; never forced for an abort.
    Decided {
        /// The transaction.
        transaction: TransactionId,
        /// Its end.
        decision: Decision,
    },
    /// Coordinator, forced before anyone is told: the transaction is committed from here on. Its
    /// absence means abort.
    Commit {
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

/// What a node does that the properties of atomic commitment speak of, in the order it did it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Act {
    /// About which transaction.
    pub(super) transaction: TransactionId,
    /// What.
    pub(super) what: ActKind,
}

/// Kinds of acts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum ActKind {
    /// It voted, as a participant.
    Voted(Vote),
    /// It reached a decision, as a participant.
    Decided(Decision),
    /// It aborted the transaction, as its coordinator.
    Aborted,
    /// It committed the transaction, as its coordinator, on the votes of these.
    Committed(Vec<NodeId>),
}
