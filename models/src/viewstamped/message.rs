//! What replicas say to each other, what they are reminded of, and the little that they write to
//! disk. Names are those of the paper.

use serde::{Deserialize, Serialize};

pub use crate::shared::log::{Entry, Epoch};

/// A period with one primary.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ViewNumber(pub u64);

/// What tells the answers to one recovery from those to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Nonce(pub u64);

/// A log as it is sent whole, and how much of it is committed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Whole {
    /// Operations, from the first.
    pub entries: Vec<Entry>,
    /// The commit-number: so many of them are committed.
    pub committed: u64,
}

/// What replicas say to each other. An op-number is the length of a log here.
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
    /// Primary to backups: operations (section 4.1).
    Prepare {
        /// The primary's view.
        view: ViewNumber,
        /// How many operations come before these.
        previous: u64,
        /// The operations.
        entries: Vec<Entry>,
        /// The commit-number.
        committed: u64,
    },
    /// Backup to primary: my log goes so far.
    PrepareOk {
        /// The backup's view.
        view: ViewNumber,
        /// Its op-number.
        length: u64,
    },
    /// Primary to backups, when there is nothing else to say.
    Commit {
        /// The primary's view.
        view: ViewNumber,
        /// The commit-number.
        committed: u64,
    },
    /// Replica to all: I want this view (section 4.2).
    StartViewChange {
        /// Which.
        view: ViewNumber,
    },
    /// Replica to the next primary: enough want it, and this is what I have.
    DoViewChange {
        /// Which view.
        view: ViewNumber,
        /// The last view in which the sender's status was normal.
        last_normal: ViewNumber,
        /// Its log.
        log: Whole,
    },
    /// New primary to backups: the view begins.
    StartView {
        /// Which.
        view: ViewNumber,
        /// The log that it begins with.
        log: Whole,
    },
    /// A replica without memory to all: how are things? (section 4.3)
    Recovery {
        /// Tells this recovery from others.
        nonce: Nonce,
        /// The view that the sender had promised to go to, from its disk.
        promised: ViewNumber,
    },
    /// A replica to one without memory.
    RecoveryResponse {
        /// Its view.
        view: ViewNumber,
        /// Which recovery it answers.
        nonce: Nonce,
        /// The log, if it is the view's primary.
        log: Option<Whole>,
    },
    /// A replica that has missed something, to the primary (section 5.2).
    GetState {
        /// The view that the sender knows of.
        view: ViewNumber,
        /// How many operations, from the first, it is sure of.
        length: u64,
    },
    /// The answer.
    NewState {
        /// The view.
        view: ViewNumber,
        /// How many operations come before these.
        previous: u64,
        /// The operations.
        entries: Vec<Entry>,
        /// The commit-number.
        committed: u64,
    },
}

/// What replicas are reminded of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// The primary: time to say something.
    Heartbeat,
    /// A backup: has the primary been heard?
    Watch,
    /// In a view change or a recovery: time to say it again.
    Again,
}

/// What is written to disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Record {
    /// The replica has nothing to do with earlier views. Zero is written once, when it is installed:
    /// a replica with an empty disk has never said anything.
    View(ViewNumber),
}
