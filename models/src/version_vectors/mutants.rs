//! The bugs that can be planted. Each is one arm or one constant beside its clean twin, found by
//! searching for its name.

use crate::protocol::MutantInfo;

/// A planted bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Mutant {
    /// Of concurrent siblings the merge keeps the one that comes.
    SiblingsDroppedOnMerge,
    /// A write takes the place of all that its node holds, read or not.
    VectorWithoutDots,
    /// A write takes the place of nothing that its client had read.
    ContextForgotten,
    /// The merge keeps what was superseded.
    SupersededKeptOnMerge,
    /// A write is acknowledged before it is durable.
    AckBeforeSync,
}

/// What is known of each of them.
pub(super) const MUTANTS: &[MutantInfo] = &[
    MutantInfo {
        name: "siblings-dropped-on-merge",
        mode: "",
        anomaly: "lost-acknowledged-write",
        story: "A merge keeps the siblings that come and drops its own, as if they had been seen by \
                whoever wrote those.",
    },
    MutantInfo {
        name: "vector-without-dots",
        mode: "",
        anomaly: "lost-acknowledged-write",
        story: "A version vector by nodes orders all writes through one node: the later of two \
                clients that had not seen each other's write silently wins.",
    },
    MutantInfo {
        name: "context-forgotten",
        mode: "",
        anomaly: "false-sibling",
        story: "A write does not carry what its client had read, and stands beside what it was to \
                replace: siblings pile up.",
    },
    MutantInfo {
        name: "superseded-kept-on-merge",
        mode: "",
        anomaly: "false-sibling",
        story: "A merge takes the union of both sides: what was superseded comes back from whoever \
                had not heard of it.",
    },
    MutantInfo {
        name: "ack-before-sync",
        mode: "",
        anomaly: "lost-acknowledged-write",
        story: "A write is acknowledged before it is durable: its node crashes, and nobody has it.",
    },
];
