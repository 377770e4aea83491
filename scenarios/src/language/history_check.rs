//! The judges of what clients saw, by level. A level is spelt as the checkers spell it.
//!
//! Which of them suit which workload the judges say, each for its service.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A judge of what clients saw.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::IntoStaticStr,
    strum::VariantNames,
    strum::EnumIter,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum HistoryCheck {
    /// Every call seems to take effect at one moment while it is open (kv).
    Linearizable,
    /// Calls seem to take effect one after the other, in each client's own order (kv).
    Sequential,
    /// Nobody sees an effect without its causes: one order of all that keeps causality, for
    /// clients' sessions.
    Causal,
    /// Each client sees the writes of every other client in the order in which they were made.
    Pram,
    /// A client reads what it has itself written, or something later.
    ReadYourWrites,
    /// A client never reads something older than it has read before.
    MonotonicReads,
    /// The writes of one client are seen in their order.
    MonotonicWrites,
    /// Whoever sees a write sees what its writer had read before it.
    WritesFollowReads,
    /// What was acknowledged is there in the end: the final reads find nothing that had
    /// certainly been overwritten (kv).
    Durable,
    /// Where concurrent writes are kept side by side: none is gone that no later writer had seen
    /// (kv).
    Siblings,
    /// Siblings, and every read shows each write that was acknowledged before it began, or what took
    /// its place (kv).
    Regular,
    /// Regular, and no read misses what an earlier one has shown (kv).
    Atomic,
    /// Objects that many change at once: no acknowledged update is lost in the end, nothing that
    /// was seen and taken away comes back, and lists have one order (objects).
    Eventual,
    /// Serializable, in an order that real time allows.
    StrictSerializable,
    /// Serializable, in an order that keeps each client's own.
    StrongSessionSerializable,
    /// Transactions seem to run one after the other.
    Serializable,
    /// Transactions that write are serializable, and each reader sees an order of them (PL-3U).
    UpdateSerializable,
    /// Snapshot isolation, and snapshots have all that was committed before they began.
    StrongSnapshotIsolation,
    /// Snapshot isolation, and snapshots have all that the client did before.
    StrongSessionSnapshotIsolation,
    /// Transactions read from a snapshot, and no update is lost.
    SnapshotIsolation,
    /// Snapshot isolation, whose snapshots may miss independent writes in different orders.
    ParallelSnapshotIsolation,
    /// Snapshots are prefixes of one order of the commits.
    Prefix,
    /// Transactions are seen whole, and never without what they depend on.
    CausalCerone,
    /// Transactions are seen whole, and no update is lost.
    UpdateAtomic,
    /// Transactions are seen whole or not at all.
    ReadAtomic,
    /// Items do not change under a transaction that has read them (PL-2.99).
    RepeatableRead,
    /// Consistent view, as of one moment after the transaction began (PL-FCV).
    ForwardConsistentView,
    /// What a transaction reads fits together (PL-2+).
    ConsistentView,
    /// Reads of a transaction come from snapshots that do not go back (PL-MSR).
    MonotonicSnapshotRead,
    /// What a transaction has seen a part of, it goes on seeing (PL-2L).
    MonotonicView,
    /// Once a transaction has seen an effect of another, it sees all of them.
    MonotonicAtomicView,
    /// No update of an item that was read is lost (PL-CS).
    CursorStability,
    /// Read committed, in an order that real time allows.
    StrongReadCommitted,
    /// Read committed, in an order that keeps each client's own.
    StrongSessionReadCommitted,
    /// Nothing is read that was not, or not yet, committed.
    ReadCommitted,
    /// Writes are ordered, as real time allows.
    StrongReadUncommitted,
    /// Writes are ordered, as each client's own order says.
    StrongSessionReadUncommitted,
    /// Writes of two transactions do not interleave (PL-1).
    ReadUncommitted,
    /// Money is neither made nor lost.
    Bank,
    /// Money is neither made nor lost in the end, as far as the final reads tell.
    FinalBank,
    /// Sagas end with all their steps, or with those that took effect compensated, once each and
    /// the latest first.
    Saga,
    /// All participants decide alike (AC1 to AC5).
    AtomicCommit,
    /// Events: none made up, none lost after its acknowledgement, none applied twice.
    Delivery,
    /// The same, and events of one key in the order of their publication.
    OrderedDelivery,
    /// Delivery, and no event is applied before one that its client had published or read
    /// before it.
    CausalDelivery,
    /// Events of one client are applied in the order of their publication, whatever their keys.
    ProducerOrder,
    /// All nodes have the same events, and those of one key in one order.
    TotalOrder,
    /// An event that one node has applied, acknowledged or not, all have in the end.
    Agreement,
    /// No event is lost after its acknowledgement; some may be applied twice.
    AtLeastOnce,
    /// No event is applied twice; some may be lost.
    AtMostOnce,
    /// A partitioned log: what is polled was sent, in one order for each partition, all of it.
    Log,
    /// A consumer group's position passes only what its members were given, and never goes back.
    ConsumerGroup,
    /// A node that stays down is held to have failed by every other, within the protocol's bound.
    Completeness,
    /// A node is held to have failed only while it is out of reach for longer than the protocol
    /// tolerates, or until it has been back for as long as it takes to come back.
    Accuracy,
    /// Nobody even suspects a node that is up and working, whatever becomes of messages.
    Unsuspected,
    /// What one node says of another never goes back, in the order of incarnations.
    IncarnationOrder,
}
