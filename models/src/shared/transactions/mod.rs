//! What protocols that commit transactions over shards have in common, up to the vote: steps are done
//! at the shards that hold their keys, under a concurrency control; their coordinator gathers what
//! they found. How the votes then become a decision is each protocol's own.
//!
//! It also keeps the book of what a node did, which the properties AC1 to AC3 are checked on.

mod book;
mod control;
mod gathering;
pub(crate) mod invariants;
mod layout;
mod locking;
mod shard;
mod steps;

use murphy_sim::{CallId, NodeId, Process};
use serde::{Deserialize, Serialize};

pub(crate) use self::{
    book::{ActKind, Book, Commits},
    gathering::{Gathering, Part},
    layout::backoff,
    shard::{Answer, Shard, Stage},
};
pub use self::{
    control::{Control, Found, Kept, Outcome, Outcomes},
    layout::Layout,
    locking::{Locking, LockingRules},
    steps::{Writes, install, run},
};
use crate::service::txn::{Key, MicroOp};

/// A transaction goes by the name of the call that asked for it.
pub type TransactionId = CallId;

/// How a transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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

/// What a committed transaction does to a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Change {
    /// The number that is there afterwards.
    Put(i64),
    /// What is appended to the list there.
    Append(Vec<i64>),
}

/// Coordinator to shard: do these steps, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Execute {
    /// The transaction.
    pub transaction: TransactionId,
    /// When it began, by its coordinator's monotonic clock: the older of two goes first.
    pub begun: u64,
    /// What is to be done here.
    pub steps: Vec<Step>,
}

/// Shard to coordinator: done, but for writing it down.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Executed {
    /// The transaction.
    pub transaction: TransactionId,
    /// In which life of the shard: a crash takes the locks, and with them what was read.
    pub life: u64,
    /// What each step found.
    pub found: Found,
}

/// Coordinator to participant: get ready to commit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Prepare {
    /// The transaction.
    pub transaction: TransactionId,
    /// The life of the shard in which it was executed.
    pub life: u64,
    /// All that take part in the decision, whom to ask when the coordinator is gone; empty for a
    /// shard that does not.
    pub peers: Vec<NodeId>,
}

/// What a participant writes down before it votes yes: all it needs to commit after a crash.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Prepared {
    /// Whom to ask first.
    pub coordinator: NodeId,
    /// When the transaction began.
    pub begun: u64,
    /// Whom to ask next.
    pub peers: Vec<NodeId>,
    /// What to do to each key that is written.
    pub changes: Vec<(Key, Change)>,
    /// Keys that are only read.
    pub reads: Vec<Key>,
}

/// What coordinators and shards say to each other before the vote.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// Coordinator to shard.
    Execute(Execute),
    /// Shard to coordinator.
    Executed(Executed),
    /// Shard to coordinator: it has let go, and will not vote for it.
    Refuse(TransactionId),
    /// Shard to coordinator: it knows of it and can say no more yet.
    Undecided(TransactionId),
    /// Shard to coordinator, before its vote: what has become of it?
    Inquire(TransactionId),
}

/// What a shard reminds itself of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Alarm {
    /// The wait for a lock has taken too long.
    LockWait(TransactionId),
    /// Nothing was heard for a while; ask.
    Ask(TransactionId),
}

/// A protocol whose nodes do the steps of transactions.
pub trait Executes: Process<Message: From<Work>, Timer: From<Alarm>> {}
impl<P: Process<Message: From<Work>, Timer: From<Alarm>>> Executes for P {}
