//! The bugs that can be planted. Each is one arm or one constant beside its clean twin, found by
//! searching for its name.

use crate::protocol::MutantInfo;

/// A planted bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Mutant {
    /// All nodes count in one slot of a tally.
    GCounterOfOneSlot,
    /// The join of counters adds.
    PnCounterMergesByAddition,
    /// The tag of an insertion names its element and its node, not the insertion.
    OrSetWithoutUniqueTags,
    /// A node forgets what it removed from sets as soon as it has told one other node of it.
    TombstonesCollectedTooEarly,
    /// A field that is deleted leaves no stamp behind.
    LwwMapForgetsDeletes,
    /// Of two elements put behind the same one, the one that arrives later is nearer.
    RgaTiesByArrival,
    /// A delta is taken for received when it is sent.
    DeltaNotResent,
    /// An update is acknowledged before it is durable.
    AckBeforeSync,
}

/// What is known of each of them.
pub(super) const MUTANTS: &[MutantInfo] = &[
    MutantInfo {
        name: "g-counter-of-one-slot",
        mode: "",
        anomaly: "counter-out-of-bounds",
        story: "All nodes count in one slot, and the join takes the greater number: what two nodes \
                count at once is counted once.",
    },
    MutantInfo {
        name: "pn-counter-merges-by-addition",
        mode: "state-based",
        anomaly: "counter-out-of-bounds",
        story: "The join of counters adds what the other has, each time that it comes.",
    },
    MutantInfo {
        name: "or-set-without-unique-tags",
        mode: "",
        anomaly: "lost-element",
        story: "An insertion bears the tag of the last one of that element at that node, which has \
                been removed: what is put back in is gone when replicas meet.",
    },
    MutantInfo {
        name: "tombstones-collected-too-early",
        mode: "",
        anomaly: "resurrected-delete",
        story: "A node forgets what it removed when it has told one other node: a third, which had \
                not heard, brings it back.",
    },
    MutantInfo {
        name: "lww-map-forgets-deletes",
        mode: "",
        anomaly: "resurrected-delete",
        story: "A field that is deleted is dropped with its stamp: whoever still has the value \
                brings it back.",
    },
    MutantInfo {
        name: "rga-ties-by-arrival",
        mode: "",
        anomaly: "incompatible-order",
        story: "Of two elements put behind the same one each node has the one nearer of which it \
                heard last: readers see them in different orders.",
    },
    MutantInfo {
        name: "delta-not-resent",
        mode: "delta-based",
        anomaly: "diverged",
        story: "A delta is taken for received when it is sent: who does not get it never does.",
    },
    MutantInfo {
        name: "ack-before-sync",
        mode: "",
        anomaly: "counter-out-of-bounds",
        story: "An update is acknowledged before it is durable: its node crashes, and it never was.",
    },
];
