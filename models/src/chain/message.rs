//! What nodes say to each other, what they are reminded of, and what they write to disk.

use murphy_sim::{NodeId, Time};
use serde::{Deserialize, Serialize};

pub use crate::shared::log::{Entry, Epoch, Position};

/// The chain, as the master has decided.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Configuration {
    /// Its epoch: each has one chain, for ever.
    pub epoch: Epoch,
    /// The nodes of the chain, from the head to the tail. Every one holds every acknowledged update.
    pub chain: Vec<NodeId>,
}

impl Configuration {
    /// Where the node stands in the chain, counted from the head.
    pub fn place(&self, node: NodeId) -> Option<usize> {
        self.chain.iter().position(|other| *other == node)
    }

    /// The first node of the chain, to which updates go.
    pub fn head(&self) -> Option<NodeId> {
        self.chain.first().copied()
    }

    /// The last node of the chain, which acknowledges.
    pub fn tail(&self) -> Option<NodeId> {
        self.chain.last().copied()
    }
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
    /// Replica to master: I am here, and in no chain that I know of. How are things?
    Hello,
    /// Anyone to a replica: the master has decided this.
    Configured(Configuration),
    /// Node of the chain to master: let me stay.
    Renew {
        /// The epoch that the node is in.
        epoch: Epoch,
        /// When, by the node's clock: its lease will begin then.
        sent: Time,
        /// The node that the tail has caught up and wants for its successor.
        admit: Option<NodeId>,
    },
    /// Master to a node of the chain: you are not removed for the length of a lease from when you
    /// asked.
    Granted {
        /// When the node asked, by its own clock.
        sent: Time,
        /// How things are.
        configuration: Configuration,
    },
    /// Node outside the chain to the tail: let me catch up.
    Follow {
        /// The epoch that the node knows.
        epoch: Epoch,
        /// How far its log goes; it need not be the chain's.
        length: u64,
    },
    /// Predecessor to successor, or tail to one that catches up: updates.
    Forward {
        /// The sender's epoch.
        epoch: Epoch,
        /// Where the entries go: right after this position.
        previous: Position,
        /// The entries, in the head's order.
        entries: Vec<Entry>,
    },
    /// Successor to predecessor: the tail has these.
    Acknowledge {
        /// The sender's epoch.
        epoch: Epoch,
        /// How many entries the sender holds durably as the predecessor does.
        length: u64,
        /// How many the tail has, as far as the sender knows.
        committed: u64,
    },
    /// Successor to predecessor: my log does not reach there, or reaches it with another entry.
    Mismatch {
        /// The sender's epoch.
        epoch: Epoch,
        /// How many entries may be as the predecessor's, from the first.
        length: u64,
    },
    /// Any node to the tail: a dirty key is read; which updates are committed? (CRAQ)
    AskVersion {
        /// The sender's epoch.
        epoch: Epoch,
        /// Which question.
        ticket: u64,
    },
    /// Tail to the node that asked: these.
    Version {
        /// The epoch of the question.
        epoch: Epoch,
        /// Which question.
        ticket: u64,
        /// How many updates are committed, from the first.
        committed: u64,
    },
}

/// What nodes are reminded of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// The master: is anyone's lease over?
    Watch,
    /// A replica outside the chain: time to ask to be let in.
    Hello,
    /// A node of the chain: time to renew the lease.
    Renew,
    /// A node of the chain: has this one acknowledged what was sent?
    Resend(NodeId),
}

/// What is written to disk.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Record {
    /// The master has decided; a replica knows of it and has nothing to do with earlier epochs.
    Configured(Configuration),
    /// The log has grown by this.
    Entry(Entry),
    /// The log has been cut to so many entries.
    Cut {
        /// How many are left.
        keep: u64,
    },
}
