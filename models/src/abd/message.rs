//! What nodes say to each other, what they are reminded of, and what they write to disk.

use murphy_sim::{NodeId, Time};
use serde::{Deserialize, Serialize};

use crate::service::kv::{Key, Value};

/// When a value was written, in the order of writes: first by number, then by writer (Lynch and
/// Shvartsman, section 4: tags).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Timestamp {
    /// One more than the greatest that the writer had found.
    pub number: u64,
    /// The writer; two of them can find the same.
    pub node: NodeId,
}

/// What a node holds under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Tagged {
    /// When it was written.
    pub timestamp: Timestamp,
    /// What.
    pub value: Value,
}

/// Names an operation of one node, and tells it from those before a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ticket {
    /// When the node started, by its monotonic clock.
    pub since: Time,
    /// Which operation since.
    pub number: u64,
}

/// What nodes say to each other.
#[derive(
    Clone,
    Copy,
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
    /// What do you hold? First phase of both kinds of operation.
    Query {
        /// For which operation.
        ticket: Ticket,
        /// Under which key.
        key: Key,
    },
    /// This; or nothing.
    Found {
        /// The operation.
        ticket: Ticket,
        /// What is held.
        held: Option<Tagged>,
    },
    /// Hold this, unless you hold something later. Second phase.
    Update {
        /// For which operation.
        ticket: Ticket,
        /// Under which key.
        key: Key,
        /// What.
        tagged: Tagged,
    },
    /// It is on my disk, or something later is.
    Updated {
        /// The operation.
        ticket: Ticket,
    },
}

/// What nodes are reminded of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Have enough answered this phase of the operation?
    Resend(Ticket),
}

/// What is written to disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Record {
    /// The node holds this.
    Held {
        /// Under which key.
        key: Key,
        /// What.
        tagged: Tagged,
    },
}
