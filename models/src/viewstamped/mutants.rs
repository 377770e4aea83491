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
    /// A recovering replica takes answers to an earlier recovery for answers to this one.
    VrRecoveryWithoutANonce,
    /// A recovering replica does not look which view it had promised to go to.
    VrViewNumberForgotten,
    /// The primary commits what it has in its own log.
    VrCommitsWithoutAMajority,
    /// The new primary starts its view with the log that it has.
    VrStartsViewWithAStaleLog,
    /// Nobody remembers which calls were made.
    VrClientTableForgotten,
}

/// What is known of each of them.
pub(super) const MUTANTS: &[MutantInfo] = &[
    MutantInfo {
        name: "vr-recovery-without-a-nonce",
        mode: "",
        anomaly: "lost-write",
        story: "A replica that recovers for the second time takes late answers to its first \
                recovery: it goes on, and votes, without operations that it has acknowledged in \
                between.",
    },
    MutantInfo {
        name: "vr-view-number-forgotten",
        mode: "",
        anomaly: "lost-write",
        story: "A replica votes for a later view, loses its memory, and recovers into the earlier \
                one, where it helps to commit what its vote knows nothing of.",
    },
    MutantInfo {
        name: "vr-commits-without-a-majority",
        mode: "",
        anomaly: "lost-write",
        story: "The primary answers with what only it has; cut off, it acknowledges what the next \
                view never hears of.",
    },
    MutantInfo {
        name: "vr-starts-view-with-a-stale-log",
        mode: "",
        anomaly: "lost-write",
        story: "The new primary has missed the last operations and does not look at the logs that \
                it was sent: they are gone in its view.",
    },
    MutantInfo {
        name: "vr-client-table-forgotten",
        mode: "",
        anomaly: "stale-read",
        story: "A client that hears nothing asks again, and its write is done again, over another \
                one that came in between.",
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
