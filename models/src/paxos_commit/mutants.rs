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
    /// An acceptor keeps its ballot and what it has accepted in memory.
    PaxosCommitAcceptorForgetsItsBallot,
    /// A leader that takes over proposes abort, whatever has been accepted.
    PaxosCommitHighestAcceptedIgnored,
    /// Who is asked to take over declares the transaction aborted.
    PaxosCommitAbortsWithoutABallot,
    /// A leader takes what one acceptor has accepted for chosen.
    PaxosCommitOneAcceptorIsEnough,
}

/// What is known of each of them.
pub(super) const MUTANTS: &[MutantInfo] = &[
    MutantInfo {
        name: "paxos-commit-acceptor-forgets-its-ballot",
        mode: "",
        anomaly: "non-atomic-commit",
        story: "An acceptor keeps its ballot and what it has accepted in memory: after a crash a new \
                leader hears that nothing was accepted, and aborts what others have committed.",
    },
    MutantInfo {
        name: "paxos-commit-highest-accepted-ignored",
        mode: "",
        anomaly: "non-atomic-commit",
        story: "A leader that takes over proposes abort, though the acceptors tell it that prepared \
                was accepted, and perhaps chosen.",
    },
    MutantInfo {
        name: "paxos-commit-aborts-without-a-ballot",
        mode: "",
        anomaly: "non-atomic-commit",
        story: "A node that is asked to take over takes silence for failure and declares the \
                transaction aborted, without asking the acceptors.",
    },
    MutantInfo {
        name: "paxos-commit-one-acceptor-is-enough",
        mode: "",
        anomaly: "non-atomic-commit",
        story: "A leader commits on the word of one acceptor; the next leader asks the others, and \
                aborts.",
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
