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
    /// The coordinator commits on the votes, without the second phase.
    SkipsThePreCommit,
    /// Who misses its coordinator decides by its own state and asks nobody.
    TerminatesByItsOwnState,
    /// An elected coordinator does not look for pre-commits.
    PreCommitsIgnored,
    /// Who has crashed after its vote aborts when it is back.
    AbortsAloneAfterACrash,
}

/// What is known of each of them.
pub(super) const MUTANTS: &[MutantInfo] = &[
    MutantInfo {
        name: "skips-the-pre-commit",
        mode: "",
        anomaly: "non-atomic-commit",
        story: "The coordinator commits as soon as all have voted and fails: the others, who do not \
                know that all have voted, abort.",
    },
    MutantInfo {
        name: "terminates-by-its-own-state",
        mode: "",
        anomaly: "non-atomic-commit",
        story: "A participant that misses its coordinator asks nobody: who has heard the pre-commit \
                commits, who has not aborts.",
    },
    MutantInfo {
        name: "pre-commits-ignored",
        mode: "",
        anomaly: "non-atomic-commit",
        story: "An elected coordinator aborts unless someone has committed, though the one that \
                failed may have: all had heard its pre-commit.",
    },
    MutantInfo {
        name: "aborts-alone-after-a-crash",
        mode: "",
        anomaly: "non-atomic-commit",
        story: "A participant that comes back in doubt aborts what the others have committed without \
                it.",
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
