//! What nodes say to each other, write down and remind themselves of.

use std::fmt;

use murphy_sim::Time;
use serde::{Deserialize, Serialize};

use crate::{
    service::txn::{Datum, Key},
    shared::transactions::TransactionId,
};

/// A moment by the oracle. Each is handed out once.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What stands in the lock column of every cell that a transaction is about to write: whose it is, and
/// where to ask how it has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Lock {
    /// When its snapshot is from.
    pub start: Timestamp,
    /// The transaction.
    pub transaction: TransactionId,
    /// The cell whose lock decides for all.
    pub primary: Key,
}

/// How a transaction has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum End {
    /// At this moment, with all that it writes.
    Committed(Timestamp),
    /// With nothing.
    RolledBack,
}

/// Messages.
#[derive(
    Clone,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
    strum::VariantNames,
)]
pub enum Message {
    /// Worker to oracle: so many timestamps, for all who wait for one.
    AskTimestamps {
        /// Of the questions of this worker.
        question: u64,
        /// How many.
        count: u64,
    },
    /// Oracle to worker: so many, from the first on.
    Timestamps {
        /// Which question this answers.
        question: u64,
        /// The first.
        first: Timestamp,
    },
    /// Coordinator to tablet: what was in these cells at that moment?
    Get {
        /// The moment, by which the transaction goes.
        start: Timestamp,
        /// The cells.
        keys: Vec<Key>,
    },
    /// Tablet to coordinator.
    Got {
        /// The moment that was asked for.
        start: Timestamp,
        /// What was there.
        found: Vec<(Key, Option<Datum>)>,
    },
    /// Tablet to coordinator: these locks are older than that moment, so nobody can say.
    Blocked {
        /// The moment that was asked for.
        start: Timestamp,
        /// What stands there.
        locks: Vec<(Key, Lock)>,
    },
    /// Coordinator to tablet: lock these cells, all or none, and keep what is to be written.
    Prewrite {
        /// The lock.
        lock: Lock,
        /// What is to be written.
        writes: Vec<(Key, Datum)>,
    },
    /// Tablet to coordinator: it is on disk.
    Prewritten {
        /// Whose.
        start: Timestamp,
    },
    /// Tablet to coordinator: another has locked or written them since that moment.
    Conflict {
        /// Whose.
        start: Timestamp,
        /// The locks that are in the way.
        locks: Vec<(Key, Lock)>,
    },
    /// Whoever knows that it may to tablet: replace these locks by versions as of then. Only its
    /// coordinator may say so of a primary.
    Commit {
        /// The lock.
        lock: Lock,
        /// The moment of the versions.
        commit: Timestamp,
        /// The cells.
        keys: Vec<Key>,
    },
    /// Tablet to whoever said so: it is on disk.
    Committed {
        /// Whose.
        start: Timestamp,
    },
    /// Tablet to whoever said so: a lock is gone, and so the transaction was rolled back.
    Gone {
        /// Whose.
        start: Timestamp,
    },
    /// Whoever knows that it may to tablet: remove these locks, and let none like them come.
    Rollback {
        /// The lock.
        lock: Lock,
        /// The cells.
        keys: Vec<Key>,
    },
    /// Whoever has met an old lock to the primary's tablet: how has this ended? If it has not, it
    /// shall end now.
    Inquire {
        /// The lock.
        lock: Lock,
    },
    /// The primary's tablet to whoever has inquired.
    Outcome {
        /// The lock.
        lock: Lock,
        /// How it has ended.
        end: End,
    },
}

/// What is written to disk.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize)]
pub enum Record {
    /// Oracle, forced before it hands any of them out: all timestamps up to this one are taken.
    Allocated(Timestamp),
    /// Tablet, forced before it answers, like those that follow: cells are locked.
    Prewritten {
        /// The lock.
        lock: Lock,
        /// What is to be written.
        writes: Vec<(Key, Datum)>,
    },
    /// Tablet: cells have a new version, and no lock.
    Committed {
        /// The lock that was there.
        lock: Lock,
        /// The moment of the version.
        commit: Timestamp,
        /// The cells.
        keys: Vec<Key>,
    },
    /// Tablet: cells have no lock, and never have this one again.
    RolledBack {
        /// The lock that may have been there.
        lock: Lock,
        /// The cells.
        keys: Vec<Key>,
    },
}

/// Timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// The oracle has not answered: ask again.
    Timestamps,
    /// Coordinator: say it again to those that have not answered, or try again to read.
    Repeat(Timestamp),
}

/// A lock that was in the way, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Met {
    pub(super) lock: Lock,
    /// By the monotonic clock of who has met it.
    pub(super) since: Time,
}
