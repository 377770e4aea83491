//! The bugs that can be planted. Each is one arm or one constant beside its clean twin, found by
//! searching for its name.

use crate::protocol::MutantInfo;

/// A planted bug.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::EnumIter,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Mutant {
    /// A read answers what it has found without writing it back.
    AbdReadWithoutWriteBack,
    /// Timestamps of two writers can be equal.
    AbdTimestampWithoutNodeId,
    /// A node says that it has an update before its disk does.
    AbdAckBeforeSync,
    /// Half of the nodes, rounded down, are enough.
    AbdMinorityQuorum,
}

/// What is known of each of them.
pub(super) const MUTANTS: &[MutantInfo] = &[
    MutantInfo {
        name: "abd-read-without-write-back",
        mode: "",
        anomaly: "stale-read",
        story: "A read finds a value that is on its way to a majority and answers; the next read \
                asks others and finds the one before: the new-old inversion.",
    },
    MutantInfo {
        name: "abd-timestamp-without-node-id",
        mode: "",
        anomaly: "stale-read",
        story: "Two writers choose the same number at once: some nodes keep the one value, some \
                the other, and a read finds either.",
    },
    MutantInfo {
        name: "abd-ack-before-sync",
        mode: "",
        anomaly: "stale-read",
        story: "Nodes say that they have an update before their disks do: they crash, and an \
                acknowledged write is seen by nobody who does not hear its writer.",
    },
    MutantInfo {
        name: "abd-minority-quorum",
        mode: "",
        anomaly: "stale-read",
        story: "A read asks two nodes of five, a write told two others.",
    },
];

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;

    #[test]
    fn every_mutant_is_known_by_its_name() {
        let names: Vec<&str> = Mutant::iter().map(Into::into).collect();
        let known: Vec<&str> = MUTANTS.iter().map(|mutant| mutant.name).collect();
        assert_eq!(names, known);
    }
}
