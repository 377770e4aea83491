//! The bugs that can be planted. Each is one arm or one constant beside its clean twin, found by
//! searching for its name.

use crate::protocol::MutantInfo;

/// A planted bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Mutant {
    /// Read repair writes what the first node that lags has, as the newest version.
    ReadRepairWritesTheOlder,
    /// What is kept for a node counts as stored by it, in a quorum that is called strict.
    HintsCountTowardsW,
    /// N - W answers are enough for a read.
    RPlusWEqualsN,
    /// An acknowledgement counts as often as it comes.
    AcksCountedTwice,
    /// A hint is dropped when it is sent to its node, and not when that has it.
    HintDroppedBeforeItIsHandedOver,
    /// The Merkle tree does not change with what clients write.
    MerkleTreeNotUpdatedOnWrite,
    /// A node says that it has stored what is not durable.
    AckBeforeSync,
    /// A coordinator tells others of a version whose name is not durable.
    NameToldBeforeSync,
}

/// What is known of each of them.
pub(super) const MUTANTS: &[MutantInfo] = &[
    MutantInfo {
        name: "read-repair-writes-the-older",
        mode: "",
        anomaly: "lost-acknowledged-write",
        story: "Where answers to a read differ, repair takes the one that lags and writes it as a new \
                version that has seen all others: what these had is replaced by what came before.",
    },
    MutantInfo {
        name: "hints-count-towards-w",
        mode: "strict-quorum",
        anomaly: "stale-read",
        story: "What is kept for a node that does not answer counts as stored by it: a write is \
                acknowledged that a read quorum of the others has not heard of.",
    },
    MutantInfo {
        name: "r-plus-w-equals-n",
        mode: "strict-quorum",
        anomaly: "stale-read",
        story: "N - W answers are taken for a read quorum, which need not meet the W that have stored \
                a write.",
    },
    MutantInfo {
        name: "acks-counted-twice",
        mode: "strict-quorum",
        anomaly: "stale-read",
        story: "An acknowledgement that the network doubles counts as two nodes, and W copies are \
                fewer than W.",
    },
    MutantInfo {
        name: "hint-dropped-before-it-is-handed-over",
        mode: "sloppy-quorum",
        anomaly: "lost-acknowledged-write",
        story: "A hint is dropped when it is sent to its node, which is still cut off, and nobody has \
                the write any more.",
    },
    MutantInfo {
        name: "merkle-tree-not-updated-on-write",
        mode: "",
        anomaly: "diverged",
        story: "Hashes are brought up to date by repair and not by writes: trees are equal over ranges \
                that are not, and what a node has missed it never gets.",
    },
    MutantInfo {
        name: "ack-before-sync",
        mode: "",
        anomaly: "lost-acknowledged-write",
        story: "A node says that it has stored a version before that is durable, and crashes.",
    },
    MutantInfo {
        name: "name-told-before-sync",
        mode: "",
        anomaly: "lost-acknowledged-write",
        story: "A coordinator tells others of a version before its name is durable, crashes, and gives \
                the name to another version: where they meet, one takes the place of the other.",
    },
];
