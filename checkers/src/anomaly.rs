//! The names of everything that a checker can find, in the field's vocabulary and Elle's spelling.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

macro_rules! anomaly_names {
    ($($variant:ident = $name:literal, $meaning:literal;)+) => {
        /// What went wrong, by its name in the field.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum AnomalyName {
            $(#[doc = $meaning] $variant,)+
        }

        impl AnomalyName {
            /// Every name that a checker of this crate can give.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The spelling, as in files and reports.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// One sentence that says what the name means.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)+ }
            }
        }
    };
}

anomaly_names! {
    // Single objects.
    Nonlinearizable = "nonlinearizable", "No order of the calls, within their intervals, explains the answers.";
    StaleRead = "stale-read", "A read gave a value that had been overwritten before the read was invoked.";
    PhantomRead = "phantom-read", "A read gave a value that only a failed call wrote.";
    GarbageRead = "garbage-read", "A read gave a value that nobody wrote.";
    FutureRead = "future-read", "A read gave a value whose write began only after the read had ended.";
    LostWrite = "lost-write", "An acknowledged write is seen by nobody, though nothing overwrote it.";
    LostUpdate = "lost-update", "Two updates read the same version and both were acknowledged.";
    NonSequential = "nonsequential", "No interleaving of the processes' calls explains the answers.";
    NonCausal = "noncausal", "Some process saw effects in an order that causality excludes.";
    NonPram = "nonpram", "Some process saw the writes of another in an order other than its program's.";
    NonMonotonicRead = "non-monotonic-read", "A process read an older version after a newer one.";
    NonMonotonicWrite = "non-monotonic-write", "The writes of one process were seen in an order other than its own.";
    NewOldInversion = "new-old-inversion", "A read missed what another read had shown that ended before it began.";
    OwnWriteUnseen = "own-write-unseen", "A process did not read what it had itself written before.";
    FalseSibling = "false-sibling", "A value is kept beside another whose writer had seen it.";
    WriteBeforeRead = "write-before-read", "A write was seen without what its writer had read before it.";
    FracturedRead = "fractured-read", "A transaction saw some effects of another transaction and missed others.";
    // Transactions.
    G0 = "G0", "Dirty write: a cycle of write-write dependencies alone.";
    G0Process = "G0-process", "A cycle of write-write dependencies and process order.";
    G0Realtime = "G0-realtime", "A cycle of write-write dependencies and real-time order.";
    G1a = "G1a", "Aborted read: a committed transaction read what an aborted one wrote.";
    G1b = "G1b", "Intermediate read: a transaction read a version that its writer overwrote itself.";
    G1c = "G1c", "Circular information flow: a cycle of write-write and write-read dependencies.";
    G1cProcess = "G1c-process", "A cycle of write-write and write-read dependencies and process order.";
    G1cRealtime = "G1c-realtime", "A cycle of write-write and write-read dependencies and real-time order.";
    GSingle = "G-single", "Read skew: a cycle with exactly one anti-dependency.";
    GSingleProcess = "G-single-process", "A cycle with one anti-dependency and process order.";
    GSingleRealtime = "G-single-realtime", "A cycle with one anti-dependency and real-time order.";
    GSingleItem = "G-single-item", "Read skew: a cycle with exactly one anti-dependency, on an item.";
    GSingleItemProcess = "G-single-item-process", "A cycle with one anti-dependency, on an item, and process order.";
    GSingleItemRealtime = "G-single-item-realtime", "A cycle with one anti-dependency, on an item, and real-time order.";
    GNonadjacent = "G-nonadjacent", "A cycle with several anti-dependencies, no two of them adjacent.";
    GNonadjacentProcess = "G-nonadjacent-process", "A cycle with several anti-dependencies, no two adjacent, and process order.";
    GNonadjacentRealtime = "G-nonadjacent-realtime", "A cycle with several anti-dependencies, no two adjacent, and real-time order.";
    GNonadjacentItem = "G-nonadjacent-item", "A cycle with several anti-dependencies on items, no two of them adjacent.";
    GNonadjacentItemProcess = "G-nonadjacent-item-process", "A cycle with several anti-dependencies on items, no two adjacent, and process order.";
    GNonadjacentItemRealtime = "G-nonadjacent-item-realtime", "A cycle with several anti-dependencies on items, no two adjacent, and real-time order.";
    G2Item = "G2-item", "Write skew: a cycle with two or more anti-dependencies on items, two of them adjacent.";
    G2ItemProcess = "G2-item-process", "A cycle with adjacent anti-dependencies on items and process order.";
    G2ItemRealtime = "G2-item-realtime", "A cycle with adjacent anti-dependencies on items and real-time order.";
    G2 = "G2", "A cycle with two or more anti-dependencies.";
    G2Process = "G2-process", "A cycle with two or more anti-dependencies and process order.";
    G2Realtime = "G2-realtime", "A cycle with two or more anti-dependencies and real-time order.";
    Internal = "internal", "A transaction contradicts its own earlier reads and writes.";
    DirtyUpdate = "dirty-update", "A committed version was built on what an aborted transaction wrote.";
    IncompatibleOrder = "incompatible-order", "Two committed reads cannot come from one order of the key's versions.";
    DuplicateElements = "duplicate-elements", "A read gave one appended element twice.";
    CyclicVersions = "cyclic-versions", "The inferred order of a key's versions contains a cycle.";
    LongFork = "long-fork", "Two readers saw two independent writes in opposite orders.";
    // Atomic commit.
    NonAtomicCommit = "non-atomic-commit", "One transaction was committed at one participant and aborted at another.";
    DecisionReversed = "decision-reversed", "A participant decided one way and later the other.";
    CommitWithoutVotes = "commit-without-votes", "A transaction was committed though some participant had not voted yes.";
    AbortWithoutCause = "abort-without-cause", "A transaction was aborted though all voted yes and nothing failed.";
    Undecided = "undecided", "A participant had not decided long after every failure was repaired.";
    OrphanLock = "orphan-lock", "A lock was held for a transaction that had ended or that nobody would end.";
    StaleFence = "stale-fence", "A write was accepted under a fencing token older than one already seen.";
    DoubleLock = "double-lock", "A lock was held by two owners at once.";
    // Sagas.
    MissingCompensation = "missing-compensation", "A saga that did not complete left a step uncompensated.";
    NeedlessCompensation = "needless-compensation", "A step was compensated though its saga completed, or though it never took effect.";
    RepeatedCompensation = "repeated-compensation", "A step was compensated more than once.";
    CompensationOutOfOrder = "compensation-out-of-order", "Compensations did not run in the reverse order of the steps.";
    UnfinishedSaga = "unfinished-saga", "A saga neither completed nor compensated by the end.";
    // Money and direct checks.
    WrongTotal = "wrong-total", "A full read of the accounts does not add up to the total that there is.";
    NegativeBalance = "negative-balance", "An account went below zero.";
    MissingAccount = "missing-account", "A full read lacks an account that exists, or has one that does not.";
    CounterOutOfBounds = "counter-out-of-bounds", "A counter was read outside of what the increments allow.";
    LostElement = "lost-element", "An acknowledged element of a set is missing from reads for good.";
    NeverRead = "never-read", "An acknowledged element was never in any later read.";
    StaleElement = "stale-element", "An acknowledged element was missing from a read that began later.";
    PhantomElement = "phantom-element", "An element was read that nobody added.";
    DuplicateElement = "duplicate-element", "An element was read more than once.";
    DuplicateIds = "duplicate-ids", "One id was given out twice.";
    NonMonotonicKey = "non-monotonic-key", "The versions of a key that only grows were seen to shrink.";
    // Queues and logs.
    PhantomMessage = "phantom-message", "A message was taken that nobody put.";
    LostMessage = "lost-message", "An acknowledged message was never taken.";
    DuplicateMessage = "duplicate-message", "A message was taken more often than it was put.";
    UnseenMessage = "unseen", "An acknowledged message has not been polled by the end.";
    AbortedRead = "aborted-read", "A poll gave a message whose sending failed.";
    PrecommittedRead = "precommitted-read", "A transaction polled a message that it had sent itself and not yet committed.";
    InconsistentOffsets = "inconsistent-offsets", "One offset of a partition holds different messages.";
    IntPollSkip = "int-poll-skip", "One transaction's polls skipped messages between two of its polls.";
    ExtPollSkip = "poll-skip", "Successive polls of one process skipped messages between them.";
    IntNonMonotonicPoll = "int-nonmonotonic-poll", "One transaction's polls went back in a partition.";
    ExtNonMonotonicPoll = "nonmonotonic-poll", "Successive polls of one process went back in a partition.";
    IntSendSkip = "int-send-skip", "One transaction's sends skip offsets that others filled.";
    NonMonotonicCommit = "nonmonotonic-commit", "A consumer group's committed position went back.";
    IntNonMonotonicSend = "int-nonmonotonic-send", "One transaction's sends went back in a partition.";
    ExtNonMonotonicSend = "nonmonotonic-send", "Successive sends of one process went back in a partition.";
    // Events.
    PhantomEvent = "phantom-event", "An event was delivered that nobody published, or whose transaction aborted.";
    LostEvent = "lost-event", "An acknowledged event did not arrive.";
    DuplicateEffect = "duplicate-effect", "An event took effect more than once.";
    DuplicateDelivery = "duplicate-delivery", "An event was delivered to one receiver more than once.";
    OutOfOrder = "out-of-order", "Events of one key were delivered out of the order of their publication.";
    CausalOrder = "causal-order", "An event was delivered before one that it depends on.";
    TotalOrder = "total-order", "Two receivers delivered two events in opposite orders.";
    DeliveryDisagreement = "delivery-disagreement", "One receiver delivered an event that another never did.";
    OffsetReused = "offset-reused", "One offset was given to two events.";
    OffsetGap = "offset-gap", "The offsets of a partition have a hole.";
    TwoOwners = "two-owners", "A partition had two owners in one epoch.";
    UncommittedEffect = "uncommitted-effect", "An effect appeared for a change that was not committed.";
    // Membership.
    UndetectedFailure = "undetected-failure", "A member that had been down for long was not held to have failed.";
    FalsePositive = "false-positive", "A member that was up and in reach was held to have failed.";
    NotReadmitted = "not-readmitted", "A member that had come back long ago was still held to have failed.";
    FalseSuspicion = "false-suspicion", "A member that was up was suspected.";
    IncarnationWentBack = "incarnation-went-back", "Something was said of a member that had been overridden before.";
    // Replicas.
    BrokenPrefix = "broken-prefix", "A view shows an update without one that comes before it.";
    Diverged = "diverged", "Replicas that should be equal by now are not.";
    UnequalStates = "unequal-states", "Two replicas had delivered the same updates and were in different states.";
    ResurrectedDelete = "resurrected-delete", "A deleted element came back though nobody added it again.";
    LostAcknowledgedWrite = "lost-acknowledged-write", "A write that was acknowledged is not there any more.";
}

impl fmt::Display for AnomalyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for AnomalyName {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|anomaly| anomaly.as_str() == name)
            .ok_or_else(|| format!("no checker finds an anomaly named `{name}`"))
    }
}

impl Serialize for AnomalyName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for AnomalyName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_name_is_spelled_once_and_read_back() {
        let spellings: BTreeSet<&str> = AnomalyName::ALL.iter().map(|name| name.as_str()).collect();
        assert_eq!(spellings.len(), AnomalyName::ALL.len());
        for name in AnomalyName::ALL {
            assert_eq!(name.as_str().parse(), Ok(*name));
            assert!(name.meaning().ends_with('.'), "{name} has a sentence");
        }
        assert!("G3".parse::<AnomalyName>().is_err());
    }
}
