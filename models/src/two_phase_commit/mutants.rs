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
    /// The coordinator tells its commit without forcing it to its log.
    CoordinatorForgetsItsDecision,
    /// A participant votes yes before its prepare record is durable.
    VoteBeforeSync,
    /// A participant that waits too long after its yes vote aborts.
    ParticipantAbortsAloneAfterItsVote,
    /// Locks are let go of when a participant votes yes.
    LocksReleasedAtPrepare,
    /// Reads take no locks.
    ReadLocksOmitted,
    /// Decisions are told once.
    DecisionNotResent,
    /// Who waits for a lock waits for ever, and wounds nobody.
    DeadlockIgnored,
    /// The coordinator counts yes votes, not voters.
    VotesCountedTwice,
    /// A participant does not notice that a crash took its locks since it executed.
    LostLocksUnnoticed,
    /// A coordinator that presumes commit asks for votes before it has written down whom it asks.
    PresumedCommitWithoutItsFirstRecord,
}

/// What is known of each of them.
pub(super) const MUTANTS: &[MutantInfo] = &[
    MutantInfo {
        name: "coordinator-forgets-its-decision",
        mode: "",
        anomaly: "non-atomic-commit",
        story: "The coordinator tells its commit before its commit record is durable: it crashes, \
                finds nothing in its log and presumes abort where another has committed.",
    },
    MutantInfo {
        name: "vote-before-sync",
        mode: "",
        anomaly: "wrong-total",
        story: "A participant votes yes before its prepare record is durable: it crashes, and its \
                half of a committed transfer is lost.",
    },
    MutantInfo {
        name: "participant-aborts-alone-after-its-vote",
        mode: "",
        anomaly: "non-atomic-commit",
        story: "A participant tires of being in doubt and aborts what the others commit.",
    },
    MutantInfo {
        name: "locks-released-at-prepare",
        mode: "",
        anomaly: "wrong-total",
        story: "A participant lets go of its locks when it votes yes: others read and overwrite \
                what the transaction is about to replace.",
    },
    MutantInfo {
        name: "read-locks-omitted",
        mode: "",
        anomaly: "G-single-item",
        story: "Reads take no locks: a transaction reads what another is about to change, at one shard \
                before and at the next one after.",
    },
    MutantInfo {
        name: "decision-not-resent",
        mode: "",
        anomaly: "undecided",
        story: "A decision is told once: when that message is lost, a participant stays in doubt \
                and holds its locks for ever.",
    },
    MutantInfo {
        name: "deadlock-ignored",
        mode: "",
        anomaly: "no-progress",
        story: "Two transactions wait for each other at two shards, and nobody breaks the deadlock.",
    },
    MutantInfo {
        name: "votes-counted-twice",
        mode: "",
        anomaly: "commit-without-votes",
        story: "The coordinator counts yes votes, not voters: a vote that arrives twice stands in \
                for one that has not come.",
    },
    MutantInfo {
        name: "lost-locks-unnoticed",
        mode: "",
        anomaly: "G-single-item",
        story: "A participant crashes between executing and preparing, executes a late copy of the \
                request and votes yes on reads that others have overwritten meanwhile.",
    },
    MutantInfo {
        name: "presumed-commit-without-its-first-record",
        mode: "presumed-commit",
        anomaly: "commit-without-votes",
        story: "A coordinator that presumes commit crashes between the votes, with nothing in its \
                log: whoever has voted yes is told to commit what others have not voted on.",
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
