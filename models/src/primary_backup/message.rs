//! What nodes say to each other, what they are reminded of, and what they write to disk.

use std::collections::BTreeSet;

use murphy_sim::{NodeId, Time};
use serde::{Deserialize, Serialize};

pub use crate::shared::log::{Entry, Epoch, Position};

/// Who does what, as the monitor has decided.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Configuration {
    /// Its epoch.
    pub epoch: Epoch,
    /// The epoch's primary.
    pub primary: NodeId,
    /// How many configurations there were before.
    pub version: u64,
    /// The replicas that hold every acknowledged write, the primary among them. Synchronous mode
    /// alone looks at it.
    pub in_sync: BTreeSet<NodeId>,
}

/// What nodes say to each other.
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
    /// Replica to monitor: who is primary?
    Hello,
    /// Monitor to replica: this is how things are. It makes the primary that it names one.
    Configured(Configuration),
    /// Primary to monitor: let me go on.
    Renew {
        /// The primary's epoch.
        epoch: Epoch,
        /// When, by the primary's clock: its lease will begin then.
        sent: Time,
        /// The in-sync set that the primary wants instead of that of this version.
        wanted: Option<(u64, BTreeSet<NodeId>)>,
    },
    /// Monitor to primary: you may go on for the length of a lease from when you asked.
    Granted {
        /// When the primary asked, by its own clock.
        sent: Time,
        /// How things are.
        configuration: Configuration,
    },
    /// Monitor to replica: what have you got?
    Inquire {
        /// Which inquiry.
        round: Time,
    },
    /// Replica to monitor: this much, and durable.
    Standing {
        /// Which inquiry.
        round: Time,
        /// How far the durable log goes.
        last: Position,
    },
    /// Primary to backup: entries, maybe none.
    Append {
        /// The primary's epoch.
        epoch: Epoch,
        /// Which of the primary's messages of this kind.
        sequence: u64,
        /// Where the entries go: right after this position.
        previous: Position,
        /// The entries.
        entries: Vec<Entry>,
        /// How many entries are committed, from the first.
        committed: u64,
    },
    /// Backup to primary: done, and durable.
    Appended {
        /// The epoch of the message that is answered.
        epoch: Epoch,
        /// Which message is answered.
        sequence: u64,
        /// How many entries are known to be as the primary's, from the first.
        length: u64,
    },
    /// Backup to primary: my log does not reach there, or reaches it with another entry.
    Mismatch {
        /// The epoch of the message that is answered.
        epoch: Epoch,
        /// Which message is answered.
        sequence: u64,
        /// How many entries may be as the primary's, from the first.
        length: u64,
    },
    /// Backup to one that was primary: there is a later one.
    Refused {
        /// The later epoch.
        epoch: Epoch,
    },
}

/// What nodes are reminded of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// The monitor: has the lease run out?
    Watch,
    /// The monitor: has everybody answered?
    Inquire,
    /// A replica that is not primary: has the primary been heard of?
    Hello,
    /// The primary: time to renew the lease.
    Renew,
    /// The primary: the lease is over.
    LeaseEnds,
    /// The primary: time to send to this backup, for the first time or again.
    Send(NodeId),
}

/// What is written to disk.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Record {
    /// The monitor has decided.
    Configured(Configuration),
    /// The replica has joined this epoch and will have nothing to do with earlier ones.
    Epoch(Epoch),
    /// The log has grown by this.
    Entry(Entry),
    /// The log has been cut to so many entries.
    Cut {
        /// How many are left.
        keep: u64,
    },
}
