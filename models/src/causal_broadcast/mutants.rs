//! The bugs that can be planted in causal broadcast.

use crate::protocol::MutantInfo;

/// The bugs that can be planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Mutant {
    /// A cast is delivered as soon as the one before it of the same origin is.
    CausalDeliveryWithoutTheDependencyCheck,
    /// A cast says what its origin had sent, not what it had delivered.
    CausalClockWithoutDeliveries,
    /// What was lost on the way is never asked for.
    CausalNeverRepairs,
    /// An event is told to others before it is durable where it was published.
    CausalToldBeforeSync,
}

pub(super) const MUTANTS: &[MutantInfo] = &[
    MutantInfo {
        name: "causal-delivery-without-the-dependency-check",
        mode: "",
        anomaly: "causal-order",
        story: "A node delivers a cast when it has those before it of the same origin, whatever else \
                the origin had seen: an answer comes before what it answers.",
    },
    MutantInfo {
        name: "causal-clock-without-deliveries",
        mode: "",
        anomaly: "causal-order",
        story: "A cast is stamped with what its origin had sent and not with what it had delivered: \
                nobody can know what it depends on.",
    },
    MutantInfo {
        name: "causal-never-repairs",
        mode: "",
        anomaly: "lost-event",
        story: "A lost message is never asked for: whoever was cut off misses the event, and all that \
                comes after it.",
    },
    MutantInfo {
        name: "causal-told-before-sync",
        mode: "",
        anomaly: "lost-event",
        story: "A node tells others of its event before it is durable, crashes, and gives the same \
                number to another event: those who have the first one never take the second.",
    },
];
