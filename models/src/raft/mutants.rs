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
    strum::EnumString,
    strum::IntoStaticStr,
    strum::EnumIter,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Mutant {
    /// A vote is kept in memory alone.
    VoteNotPersisted,
    /// A term that was heard of is kept in memory alone.
    TermNotPersisted,
    /// An entry counts before it is on the disk.
    AcknowledgeBeforeSync,
    /// An entry of an earlier term is committed when a majority holds it.
    CommitsPreviousTermByCounting,
    /// A vote goes to whoever asks first, whatever its log holds.
    NoUpToDateCheck,
    /// A leader answers reads without asking whether it still leads.
    ReadsFromADeposedLeader,
    /// The lease is measured on the wall clock.
    LeaseOnTheWallClock,
    /// A snapshot is written without the entries that come after it.
    SnapshotDropsTheTail,
    /// A follower makes its log end where every message of entries does.
    TruncatesOnAnyAppendEntries,
    /// A call is applied as often as it is in the log.
    RetryAppliedTwice,
    /// A leader changes the membership before it has committed anything in its term.
    SingleServerChangeWithoutOwnTermEntry,
    /// A heartbeat tells what is committed beyond what the follower is known to hold.
    CommitBeyondMatched,
}

const fn info(
    name: &'static str,
    mode: &'static str,
    anomaly: &'static str,
    story: &'static str,
) -> MutantInfo {
    MutantInfo {
        name,
        mode,
        anomaly,
        story,
    }
}

/// What is known of each of them.
pub(super) const MUTANTS: &[MutantInfo] = &[
    info(
        "vote-not-persisted",
        "",
        "stale-read",
        "A node votes, crashes, forgets, and votes for another in the same term: both lead.",
    ),
    info(
        "term-not-persisted",
        "",
        "lost-write",
        "A node joins a term, crashes, and is back in an earlier one: it votes again where it has \
         voted, and follows whom it had left.",
    ),
    info(
        "acknowledge-before-sync",
        "",
        "lost-write",
        "A follower says that it has an entry which its disk has not; crashes lose what was \
         acknowledged to the client.",
    ),
    info(
        "commits-previous-term-by-counting",
        "",
        "lost-write",
        "Figure 8: an entry of an earlier term is taken to be committed when a majority holds it; \
         another leader overwrites it.",
    ),
    info(
        "no-up-to-date-check",
        "",
        "lost-write",
        "A node that missed writes is elected, and everybody else forgets them too.",
    ),
    info(
        "reads-from-a-deposed-leader",
        "read-index",
        "stale-read",
        "A leader, cut off with its clients, answers reads while its successor takes writes.",
    ),
    info(
        "lease-on-the-wall-clock",
        "lease",
        "stale-read",
        "A leader's wall clock is set back while it is cut off: it takes its lease for longer than \
         the others do.",
    ),
    info(
        "snapshot-drops-the-tail",
        "",
        "lost-write",
        "A snapshot is written and the entries after it are not: a restart loses what was \
         acknowledged.",
    ),
    info(
        "truncates-on-any-append-entries",
        "",
        "lost-write",
        "An old message of entries comes late and cuts off newer ones, which were acknowledged.",
    ),
    info(
        "retry-applied-twice",
        "",
        "stale-read",
        "A client asks again, its write is applied twice, and overwrites what came between.",
    ),
    info(
        "single-server-change-without-own-term-entry",
        "",
        "stale-read",
        "The error of 2015: two leaders of two terms each change the membership by one node, and \
         end with majorities that share nobody.",
    ),
    info(
        "commit-beyond-matched",
        "",
        "lost-write",
        "A follower with a tail that nobody else has takes the leader's commit index to be about \
         that tail.",
    ),
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
