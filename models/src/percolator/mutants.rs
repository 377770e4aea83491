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
    strum::EnumString,
    strum::IntoStaticStr,
    strum::EnumIter,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Mutant {
    /// A read does not look at locks.
    PercolatorReadIgnoresLocks,
    /// Whoever meets an old lock removes it.
    PercolatorCleansUpWithoutAskingThePrimary,
    /// The oracle begins again at the beginning after a crash.
    PercolatorOracleGoesBack,
    /// A transaction commits whether or not its primary is still locked.
    PercolatorCommitsWithoutItsLock,
    /// A prewrite looks at locks, not at what was written since the transaction began.
    PercolatorConflictIgnored,
}

/// What is known of each of them.
pub(super) const MUTANTS: &[MutantInfo] = &[
    MutantInfo {
        name: "percolator-read-ignores-locks",
        mode: "",
        anomaly: "wrong-total",
        story: "A read does not look at locks: it sees what a transaction has committed in one cell, \
                and what was there before in another, whose lock has not become a version yet.",
    },
    MutantInfo {
        name: "percolator-cleans-up-without-asking-the-primary",
        mode: "",
        anomaly: "wrong-total",
        story: "Whoever meets an old lock takes its owner for dead and removes it, though the primary \
                is committed: half of a transaction is undone.",
    },
    MutantInfo {
        name: "percolator-oracle-goes-back",
        mode: "",
        anomaly: "G-single-item-realtime",
        story: "The timestamp oracle begins again at the beginning after a crash: snapshots are of a \
                time before what was committed long ago.",
    },
    MutantInfo {
        name: "percolator-commits-without-its-lock",
        mode: "",
        anomaly: "wrong-total",
        story: "A coordinator that was slow commits its primary, which others have rolled back \
                meanwhile with what they found of the transaction.",
    },
    MutantInfo {
        name: "percolator-conflict-ignored",
        mode: "",
        anomaly: "wrong-total",
        story: "A prewrite looks at locks, and not at what was written since the transaction began: \
                updates are lost.",
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
