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
    strum::VariantNames,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Mutant {
    /// Who does not answer is confirmed to have failed at once.
    NoSuspicion,
    /// A suspect says that it is alive, in the incarnation that is suspected.
    IncarnationNotRaised,
    /// A suspect raises its incarnation and tells nobody.
    RefutationNotDisseminated,
    /// Every update is told once by each node.
    UpdatesSentOnce,
    /// Nobody is asked to probe who does not answer.
    NoIndirectProbes,
    /// Whoever is asked to probe a member answers for it.
    RelayAnswersForTheTarget,
    /// A node begins its first life at every start.
    IncarnationForgottenAtRestart,
    /// A node tells of its new life before its disk has it.
    LifeToldBeforeSync,
    /// Who was confirmed to have failed is never taken back.
    ConfirmedForEver,
    /// Nobody knocks at those that were confirmed to have failed.
    NeverReconnects,
    /// A suspicion overrides whatever is held of a member that is alive.
    StaleSuspicionBelieved,
}

/// What is known of each of them.
pub(super) const MUTANTS: &[MutantInfo] = &[
    MutantInfo {
        name: "no-suspicion",
        mode: "",
        anomaly: "false-positive",
        story: "A member whose answer was lost is confirmed to have failed at once: it is up, and \
                nobody asks it.",
    },
    MutantInfo {
        name: "incarnation-not-raised",
        mode: "",
        anomaly: "false-positive",
        story: "A suspect says that it is alive, but in the incarnation that is suspected, which \
                overrides nothing.",
    },
    MutantInfo {
        name: "refutation-not-disseminated",
        mode: "",
        anomaly: "false-positive",
        story: "A suspect raises its incarnation and tells nobody, so that the suspicion runs out.",
    },
    MutantInfo {
        name: "updates-sent-once",
        mode: "",
        anomaly: "false-positive",
        story: "Each node tells every update once: where messages are lost, refutations die out on \
                their way.",
    },
    MutantInfo {
        name: "no-indirect-probes",
        mode: "",
        anomaly: "false-suspicion",
        story: "A member is suspected by the one node whose link to it is cut, though all others \
                reach it.",
    },
    MutantInfo {
        name: "relay-answers-for-the-target",
        mode: "",
        anomaly: "undetected-failure",
        story: "Whoever is asked to probe a member says that it is alive because its list says so: \
                nobody finds out that it has failed.",
    },
    MutantInfo {
        name: "incarnation-forgotten-at-restart",
        mode: "",
        anomaly: "not-readmitted",
        story: "A node begins its first life at every start; once another life of it was confirmed \
                to have failed, nothing that it says counts.",
    },
    MutantInfo {
        name: "life-told-before-sync",
        mode: "",
        anomaly: "incarnation-reused",
        story: "A node tells of its new life before its disk has it, crashes, and begins the same \
                life once more.",
    },
    MutantInfo {
        name: "confirmed-for-ever",
        mode: "",
        anomaly: "not-readmitted",
        story: "What was confirmed to have failed stays so, whatever life it is in: a node that \
                comes back is shut out.",
    },
    MutantInfo {
        name: "never-reconnects",
        mode: "",
        anomaly: "not-readmitted",
        story: "Nobody knocks at those that were confirmed to have failed, so that the sides of a \
                partition never meet again.",
    },
    MutantInfo {
        name: "stale-suspicion-believed",
        mode: "",
        anomaly: "incarnation-went-back",
        story: "A suspicion of an incarnation that was refuted long ago overrides the one that \
                refuted it.",
    },
];
