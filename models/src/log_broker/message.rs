//! What brokers and the controller say to each other, remind themselves of and write down.

use std::collections::{BTreeMap, BTreeSet};

use murphy_sim::{CallId, ClientId, NodeId};
use serde::{Deserialize, Serialize};

use crate::service::log::{Generation, Offset, Partition, Value};

/// The term of one leader of one partition; a later one is greater (KIP-101).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Epoch(pub u32);

/// One place of a partition's log.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Entry {
    /// Of the leader that put it there.
    pub epoch: Epoch,
    /// What it says.
    pub payload: Payload,
}

/// What an entry says. Messages are in the partitions of the topic, all else is in the partition of
/// the group's offsets.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Payload {
    /// A message.
    Message {
        /// Which call sent it: the producer and its sequence number.
        call: CallId,
        /// What was sent.
        value: Value,
    },
    /// The group has another assignment.
    Group {
        /// Its number.
        generation: Generation,
        /// Partition `p` is assigned to the member in place `p`, modulo their number.
        members: Vec<ClientId>,
    },
    /// A member has committed.
    Commit {
        /// As a member of which assignment.
        generation: Generation,
        /// By which call: a later call of the member has the greater number.
        call: CallId,
        /// What it reads next, by partition.
        positions: BTreeMap<Partition, Offset>,
    },
}

/// Who leads a partition, and who is in sync with it: the controller's decision.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Leadership {
    /// The leader's term.
    pub epoch: Epoch,
    /// Grows with every decision, those about the in-sync set included.
    pub version: u32,
    /// The leader.
    pub leader: NodeId,
    /// Those that hold everything that is committed, the leader among them (Kafka's ISR).
    pub in_sync: BTreeSet<NodeId>,
}

/// What a broker knows of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Standing {
    /// The latest epoch that it has joined.
    pub epoch: Epoch,
    /// The latest decision that it has heard of since it started.
    pub version: u32,
    /// Whether it leads. After a restart it does not, though the controller may think so.
    pub leads: bool,
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
    /// Broker to controller: I am here, and this is what I know, by partition.
    Alive {
        /// The place in the list is the partition.
        standings: Vec<Standing>,
    },
    /// Controller to brokers: a decision.
    Led {
        /// About which partition.
        partition: Partition,
        /// The decision.
        leadership: Leadership,
    },
    /// Leader to controller: this should be the in-sync set (KIP-497).
    AlterInSync {
        /// Of which partition.
        partition: Partition,
        /// The leader's term.
        epoch: Epoch,
        /// The decision that this is to change.
        version: u32,
        /// The set.
        in_sync: BTreeSet<NodeId>,
    },
    /// Follower to leader: what comes next? It says, too, what the follower has on its disk.
    Fetch {
        /// Of which partition.
        partition: Partition,
        /// The leader's term.
        epoch: Epoch,
        /// How many entries the follower has durably.
        from: Offset,
        /// The epoch of the last of them (KIP-595).
        last_epoch: Epoch,
        /// What the follower takes for committed.
        high_watermark: Offset,
    },
    /// Leader to follower: what comes next.
    Fetched {
        /// Of which partition.
        partition: Partition,
        /// The leader's term.
        epoch: Epoch,
        /// The offset of the first entry.
        from: Offset,
        /// In order; empty when only the high watermark is news.
        entries: Vec<Entry>,
        /// Everything before this is committed.
        high_watermark: Offset,
    },
    /// Leader to follower: our logs part somewhere (KIP-101, KIP-279).
    Diverged {
        /// In which partition.
        partition: Partition,
        /// The leader's term.
        epoch: Epoch,
        /// What the follower said of its log: a later log is not meant.
        from: Offset,
        /// The epoch of its last entry.
        last_epoch: Epoch,
        /// The latest epoch in the leader's log that is not later than the follower's last.
        end_epoch: Epoch,
        /// Where it ends there.
        end: Offset,
    },
    /// Coordinator to leader: what may a consumer read from here?
    Consume {
        /// For which poll.
        call: CallId,
        /// In which partition.
        partition: Partition,
        /// From where.
        from: Offset,
    },
    /// Leader to coordinator.
    Consumed {
        /// For which poll.
        call: CallId,
        /// In order, from the offset that was asked for.
        values: Vec<Value>,
    },
}

/// What nodes remind themselves of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// A broker tells the controller that it is there, and asks its leaders for more.
    Heartbeat,
    /// A leader looks who keeps up; a coordinator looks which members are still there.
    Lag,
    /// The controller looks which brokers are still there.
    Watch,
    /// A poll has waited long enough for the leader of a partition.
    PollWait(CallId),
}

/// What is written to disk.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Record {
    /// Controller: a decision.
    Led(Partition, Leadership),
    /// Broker: it takes part in this epoch, and in none before it.
    Joined(Partition, Epoch),
    /// Broker: the next entry.
    Entry(Partition, Entry),
    /// Broker: all but the first so many entries are gone.
    Cut(Partition, Offset),
    /// Broker: so many entries are committed; not forced to disk.
    HighWatermark(Partition, Offset),
}
