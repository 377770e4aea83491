//! The bugs that can be planted in the sequencer.

use crate::protocol::MutantInfo;

/// The bugs that can be planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Mutant {
    /// A new sequencer goes on from its own order, whatever the others have.
    SequencerReusesNumbersAfterFailover,
    /// An event is acknowledged when the sequencer alone has it on disk.
    SequencerAcknowledgesAlone,
    /// A member says that it has written what is only on its way to the disk.
    SequencerWrittenBeforeSync,
}

pub(super) const MUTANTS: &[MutantInfo] = &[
    MutantInfo {
        name: "sequencer-reuses-numbers-after-failover",
        mode: "",
        anomaly: "lost-event",
        story: "Whoever takes over goes on from its own order and not from the latest of a majority: \
                places that are taken are given away again.",
    },
    MutantInfo {
        name: "sequencer-acknowledges-alone",
        mode: "",
        anomaly: "lost-event",
        story: "The sequencer acknowledges what only its own disk has: the next one never hears of it.",
    },
    MutantInfo {
        name: "sequencer-written-before-sync",
        mode: "",
        anomaly: "lost-event",
        story: "A member answers for an event before it is durable: a majority crashes, and an \
                acknowledged event is nowhere.",
    },
];
