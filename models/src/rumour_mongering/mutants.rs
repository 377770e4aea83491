//! The bugs that can be planted in rumour mongering.

use crate::protocol::MutantInfo;

/// The bugs that can be planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Mutant {
    /// Nothing goes behind the rumours.
    RumourWithoutAntiEntropy,
    /// A node says that it knows everything up to the last that it knows of each origin.
    RumourGapTakenForKnown,
    /// An event is told to others before it is durable where it was published.
    RumourToldBeforeSync,
}

pub(super) const MUTANTS: &[MutantInfo] = &[
    MutantInfo {
        name: "rumour-without-anti-entropy",
        mode: "",
        anomaly: "lost-event",
        story: "Nobody compares notes behind the rumours: a node that no rumour happened to reach \
                before all had lost interest never hears of the event.",
    },
    MutantInfo {
        name: "rumour-gap-taken-for-known",
        mode: "",
        anomaly: "lost-event",
        story: "A node compares notes by the last event that it knows of each origin, although rumours \
                come with gaps: what it missed before that one nobody tells it again.",
    },
    MutantInfo {
        name: "rumour-told-before-sync",
        mode: "",
        anomaly: "lost-event",
        story: "A node tells a rumour of its own event before that is durable, crashes, and gives the \
                same name to another event: those who know the first one never take the second.",
    },
];
