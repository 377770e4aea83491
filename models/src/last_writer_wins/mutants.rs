//! The bugs that can be planted. Each is one arm or one constant beside its clean twin, found by
//! searching for its name.

use crate::protocol::MutantInfo;

/// A planted bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Mutant {
    /// Of two writes in one millisecond each node keeps the one it heard of first.
    LwwTieNotBroken,
    /// The hybrid clock does not move when a message comes.
    HlcWithoutTheMessagePart,
    /// A write is acknowledged before it is durable.
    AckBeforeSync,
    /// A node tells others of its write before it is durable.
    DotReusedAfterRestart,
    /// News is taken although something before it is missing.
    GapNotNoticed,
    /// Writes are told once, when they are made.
    NoAntiEntropy,
}

/// What is known of each of them.
pub(super) const MUTANTS: &[MutantInfo] = &[
    MutantInfo {
        name: "lww-tie-not-broken",
        mode: "wall-clock",
        anomaly: "diverged",
        story: "Of two writes stamped with the same millisecond each node keeps the one that it \
                heard of first, and nodes hear in different orders.",
    },
    MutantInfo {
        name: "hlc-without-the-message-part",
        mode: "hybrid-logical-clock",
        anomaly: "noncausal",
        story: "The hybrid clock moves on local events alone: a node whose wall clock is behind \
                stamps a write lower than one it knows, and its client does not read what it wrote.",
    },
    MutantInfo {
        name: "ack-before-sync",
        mode: "hybrid-logical-clock",
        anomaly: "noncausal",
        story: "A write is acknowledged before it is durable: the node crashes and answers the same \
                client from the past.",
    },
    MutantInfo {
        name: "dot-reused-after-restart",
        mode: "",
        anomaly: "diverged",
        story: "A node tells others of its write before it is durable, crashes, and gives the same \
                number to another write, which those who know the first never ask for.",
    },
    MutantInfo {
        name: "gap-not-noticed",
        mode: "",
        anomaly: "diverged",
        story: "News is taken although what came before it was lost: the node believes that it \
                knows that too, and nobody tells it again.",
    },
    MutantInfo {
        name: "no-anti-entropy",
        mode: "",
        anomaly: "diverged",
        story: "A write is told once, when it is made: who does not hear it then never does.",
    },
];
