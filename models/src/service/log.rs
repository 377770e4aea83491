//! A partitioned log: messages are sent to the partition of their key, polled by the members of one
//! consumer group, and taken for processed when the group commits its position.
//!
//! Where a consumer is belongs to the consumer: it carries a [`Session`] from the answer to one poll
//! to its next question ([`Request::carry`]), as a Kafka client does.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What messages are ordered by.
pub type Key = u32;
/// What is sent. Workloads send each value at most once.
pub type Value = u64;
/// One of the logs that a topic is cut into.
pub type Partition = u32;
/// A place in a partition, from 0.
pub type Offset = u64;
/// Which assignment of partitions to members; a later one is greater.
pub type Generation = u32;

/// What a reader of everything would see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct View {
    /// The messages of each partition that consumers may read, in order of their offsets.
    pub messages: BTreeMap<Partition, Vec<Value>>,
    /// Up to where the group has committed each partition.
    pub committed: BTreeMap<Partition, Offset>,
}

/// What a member of the group knows of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Session {
    /// The assignment that it belongs to.
    pub generation: Generation,
    /// The partitions that it was assigned, and the offset that it reads next in each.
    pub positions: BTreeMap<Partition, Offset>,
}

/// One message that was polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Polled {
    /// Where it was.
    pub partition: Partition,
    /// Its place there.
    pub offset: Offset,
    /// What it says.
    pub value: Value,
}

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// Put this at the end of the partition of its key.
    Send {
        /// What it is ordered by.
        key: Key,
        /// What it says.
        value: Value,
    },
    /// Give this member of the group what comes next. Without a session it joins.
    Poll {
        /// What it knows of itself.
        session: Option<Session>,
    },
    /// All that this member was given has been processed.
    Commit {
        /// What it knows of itself.
        session: Option<Session>,
    },
    /// Everything in the partition of a key, to a reader of no group.
    Read {
        /// The key.
        key: Key,
    },
}

/// What a client is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Response {
    /// As much was done as the mode waits for.
    Sent {
        /// Where it was put.
        partition: Partition,
        /// Its place there; none where the broker did not wait to know.
        offset: Option<Offset>,
    },
    /// What comes next, and what the member knows of itself from now on. A session of another
    /// generation than the one that asked comes with no messages: the member begins anew from what
    /// the group has committed.
    Polled {
        /// In order of their offsets, from one partition.
        messages: Vec<Polled>,
        /// To be carried to the next question.
        session: Session,
    },
    /// The group starts behind these positions, whoever continues.
    Committed {
        /// As it was asked.
        session: Session,
    },
    /// All that may be read of the partition, in order of offsets.
    Read {
        /// Which partition.
        partition: Partition,
        /// The first is at offset 0.
        values: Vec<Value>,
    },
}

impl Request {
    /// The request with the session that the client has from its last answer.
    #[must_use]
    pub fn carry(self, last: Option<&Response>) -> Request {
        let session = match last {
            Some(Response::Polled { session, .. } | Response::Committed { session }) => {
                Some(session.clone())
            }
            Some(Response::Sent { .. } | Response::Read { .. }) | None => None,
        };
        match self {
            Request::Poll { .. } => Request::Poll { session },
            Request::Commit { .. } => Request::Commit { session },
            Request::Send { .. } | Request::Read { .. } => self,
        }
    }
}
