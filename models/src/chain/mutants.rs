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
    /// The head acknowledges what its own disk has.
    ChainHeadAcknowledges,
    /// Any node of the chain answers reads from what it knows to be committed.
    ChainReadAtAMiddleNode,
    /// A node takes a new successor for having all that it has itself.
    ChainNoResendAfterMending,
    /// A node that was granted a lease once never lets go of it.
    ChainOldTailNotFenced,
    /// A recovered node becomes tail as soon as it asks, and serves at once.
    ChainNewTailWithoutCatchUp,
    /// A node answers a read of a dirty key with its newest version.
    CraqDirtyRead,
}

/// What is known of each of them.
pub(super) const MUTANTS: &[MutantInfo] = &[
    MutantInfo {
        name: "chain-head-acknowledges",
        mode: "chain",
        anomaly: "lost-write",
        story: "The head acknowledges an update that only its own disk has: it is cut off, and \
                the chain goes on without it.",
    },
    MutantInfo {
        name: "chain-read-at-a-middle-node",
        mode: "chain",
        anomaly: "stale-read",
        story: "A node that has not yet heard what the tail has acknowledged answers a read.",
    },
    MutantInfo {
        name: "chain-no-resend-after-mending",
        mode: "chain",
        anomaly: "diverged",
        story: "A middle node dies with updates that it has not passed on, and its predecessor \
                does not send them again to the new successor.",
    },
    MutantInfo {
        name: "chain-old-tail-not-fenced",
        mode: "chain",
        anomaly: "stale-read",
        story: "The old tail, cut off with clients, keeps answering reads after its lease.",
    },
    MutantInfo {
        name: "chain-new-tail-without-catch-up",
        mode: "chain",
        anomaly: "stale-read",
        story: "A recovered node becomes the tail with what it had when it was removed, and \
                answers reads of the past until its predecessor has sent it the rest.",
    },
    MutantInfo {
        name: "craq-dirty-read",
        mode: "craq",
        anomaly: "stale-read",
        story: "A node answers with an update that the tail has not got yet; the next read, at \
                another node, goes back before it.",
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
