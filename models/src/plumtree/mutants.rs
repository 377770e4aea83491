//! The bugs that can be planted in Plumtree.

use crate::protocol::MutantInfo;

/// The bugs that can be planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Mutant {
    /// What was announced and does not come is never asked for.
    PlumtreeNeverRepairs,
    /// What was announced and does not come is asked for once.
    PlumtreeAsksOnce,
    /// What a node holds is announced once, when it comes.
    PlumtreeAnnouncesOnce,
    /// Of two links that bring an event, the one that brought it first is pruned.
    PlumtreePrunesTheFirstLink,
    /// Who is grafted sends the event and does not push the next ones.
    PlumtreeGraftedOnOneSide,
    /// Only what came since the last crash is sent to those who graft.
    PlumtreeForgetsPayloads,
    /// After a crash a node does not know what it had delivered before.
    PlumtreeForgetsWhatItDelivered,
    /// An event is pushed before it is durable where it was published.
    PlumtreePushedBeforeSync,
}

pub(super) const MUTANTS: &[MutantInfo] = &[
    MutantInfo {
        name: "plumtree-never-repairs",
        mode: "",
        anomaly: "lost-event",
        story: "No GRAFT is ever sent: what a broken branch of the tree did not bring never comes, \
                however often it is announced.",
    },
    MutantInfo {
        name: "plumtree-asks-once",
        mode: "",
        anomaly: "lost-event",
        story: "The timer of a missing event is not set again after the first GRAFT: where that or its \
                answer is lost, nobody else is ever asked.",
    },
    MutantInfo {
        name: "plumtree-announces-once",
        mode: "",
        anomaly: "lost-event",
        story: "An event is announced on each lazy link once: whoever was cut off then never hears \
                that it exists.",
    },
    MutantInfo {
        name: "plumtree-prunes-the-first-link",
        mode: "",
        anomaly: "diverged",
        story: "A duplicate prunes the link by which the event had come first: the tree falls apart \
                again and again, and events come late, when timers have run out.",
    },
    MutantInfo {
        name: "plumtree-grafted-on-one-side",
        mode: "",
        anomaly: "diverged",
        story: "Who gets a GRAFT answers it and keeps its link lazy: the tree is never mended, and \
                every event must be asked for anew.",
    },
    MutantInfo {
        name: "plumtree-forgets-payloads",
        mode: "",
        anomaly: "lost-event",
        story: "A node keeps what it may be asked for in memory: back from a crash it announces what \
                it cannot send.",
    },
    MutantInfo {
        name: "plumtree-forgets-what-it-delivered",
        mode: "",
        anomaly: "duplicate-effect",
        story: "A node keeps the names of what it has received in memory: back from a crash it grafts \
                what it has, and delivers it again.",
    },
    MutantInfo {
        name: "plumtree-pushed-before-sync",
        mode: "",
        anomaly: "lost-event",
        story: "A node pushes its event before that is durable, crashes, and gives the same name to \
                another event: those who have the first one prune the second.",
    },
];
