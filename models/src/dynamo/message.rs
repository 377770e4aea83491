//! What nodes say to each other, what they write down and what they remind themselves of.

use murphy_sim::{LogIndex, NodeId};
use serde::{Deserialize, Serialize};

use super::ring::Range;
use crate::{
    service::kv::Key,
    shared::{
        merkle::{Bucket, Place},
        siblings::Siblings,
        version_vector::Dot,
    },
};

/// What a node keeps for another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Hint {
    /// Whose it is.
    pub of: NodeId,
    /// Under which key.
    pub key: Key,
    /// What is there.
    pub siblings: Siblings,
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
    /// Store this version.
    Put {
        /// Under which key.
        key: Key,
        /// Its name.
        dot: Dot,
        /// The version.
        siblings: Siblings,
        /// The place of the preference list that it is for: the receiver's own, or that of a node for
        /// which it is to be kept.
        at: NodeId,
    },
    /// The version is durable here.
    Stored {
        /// Its key.
        key: Key,
        /// Its name.
        dot: Dot,
        /// The place that it is for.
        at: NodeId,
    },
    /// What is there?
    Get {
        /// A nonce, for the answer.
        read: u64,
        /// Under which key.
        key: Key,
    },
    /// This is there.
    Got {
        /// The nonce of the question.
        read: u64,
        /// All that the sender holds, for itself or for others.
        siblings: Siblings,
    },
    /// A read has shown that the receiver lacks some of this.
    Repair {
        /// Under which key.
        key: Key,
        /// What is there.
        siblings: Siblings,
    },
    /// This was kept for the receiver, by places of the sender's log.
    HandOver(Vec<(LogIndex, Hint)>),
    /// What was at these places of the receiver's log is durable here.
    HandedOver(Vec<LogIndex>),
    /// Hashes of the sender's tree, to be compared.
    Compare {
        /// The range that it is over.
        range: Range,
        /// All of one level.
        hashes: Vec<(Place, u64)>,
    },
    /// What is in buckets that differ.
    Contents {
        /// Of which range.
        range: Range,
        /// Registers, in order of keys.
        entries: Vec<(Key, Siblings)>,
        /// The buckets of which the sender wants to know in turn what it lacks.
        and_yours: Vec<Bucket>,
    },
}

/// What is written to disk.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Record {
    /// This is held under a key, joined with what was there.
    Stored {
        /// The key.
        key: Key,
        /// What was put or told.
        siblings: Siblings,
    },
    /// A version of a key that others hold was given this name.
    Named {
        /// The key.
        key: Key,
        /// The how-manieth version of this node.
        counter: u32,
    },
    /// This is kept for another node.
    Hinted(Hint),
    /// What was at these places of the log is not kept any longer.
    HandedOver(Vec<LogIndex>),
}

/// What nodes remind themselves of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Not all have stored a write.
    Write {
        /// Its key.
        key: Key,
        /// Its name.
        dot: Dot,
    },
    /// Not all have answered a read.
    Read(u64),
    /// The next round of handing over and comparing.
    Round,
}
