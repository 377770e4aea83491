//! What a coordinator that knows nothing of a transaction answers, and what it must write down so
//! that the answer is right: the three variants of two-phase commit.
//!
//! Mohan, Lindsay & Obermarck (1986), section 3; Lampson & Lomet, "A New Presumed Commit Optimization
//! for Two Phase Commit" (1993), section 2, whose table the tests in `tests/costs.rs` pin.

use super::message::Decision;

/// What is presumed of a transaction that its coordinator knows nothing of.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::EnumIter,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Presumption {
    /// That it has aborted: aborts leave no trace at the coordinator and are not acknowledged.
    #[default]
    PresumedAbort,
    /// Nothing: every decision is forced everywhere and acknowledged. Only a transaction that a
    /// crash has taken before its decision is answered with abort, since none was ever made.
    PresumedNothing,
    /// That it has committed: commits are not acknowledged, and forced at the coordinator only. So
    /// it writes down who takes part before it asks them, and those without a commit have aborted.
    PresumedCommit,
}

impl Presumption {
    /// Whether a participant forces this decision and acknowledges it, so that the coordinator can
    /// forget it.
    pub(super) fn is_acknowledged(self, decision: Decision) -> bool {
        match self {
            Presumption::PresumedNothing => true,
            Presumption::PresumedAbort => decision == Decision::Commit,
            Presumption::PresumedCommit => decision == Decision::Abort,
        }
    }

    /// What one who has voted yes is told by a coordinator that knows nothing.
    pub(super) const fn answer(self) -> Decision {
        match self {
            Presumption::PresumedNothing | Presumption::PresumedAbort => Decision::Abort,
            Presumption::PresumedCommit => Decision::Commit,
        }
    }

    /// Whether a coordinator forces the names of those it will ask before it asks them.
    pub(super) fn collects(self) -> bool {
        self == Presumption::PresumedCommit
    }

    /// Whether shards that have only read are spared the second phase: the basic protocol has no such
    /// optimization (Mohan 1986, sections 2 and 3.3).
    pub(super) fn spares_readers(self) -> bool {
        self != Presumption::PresumedNothing
    }
}
