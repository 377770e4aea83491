//! Levels of consistency, which implies which, and what each forbids.
//!
//! The hierarchy is the literature's as Elle draws it: Adya (PL-1 to PL-3, PL-2+, PL-FCV, PL-SI,
//! PL-MSR, PL-2L, PL-CS), Bailis et al. (MAV, RYW and the other session guarantees), Cerone et al.
//! (read atomic, causal, prefix, parallel SI), Daudjee & Salem (strong session SI and
//! serializability), Liu et al. (update atomic), Bernstein et al. (serializability).

use crate::anomaly::AnomalyName::{self, *};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

macro_rules! levels {
    ($($variant:ident = $name:literal;)+) => {
        /// A level of consistency, in Elle's spelling.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Level {
            $(#[doc = concat!("`", $name, "`")] $variant,)+
        }

        impl Level {
            /// Every level, in no order of strength.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The spelling, as on the command line.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

levels! {
    ReadUncommitted = "read-uncommitted";
    ReadCommitted = "read-committed";
    CursorStability = "cursor-stability";
    MonotonicView = "monotonic-view";
    MonotonicSnapshotRead = "monotonic-snapshot-read";
    MonotonicAtomicView = "monotonic-atomic-view";
    ConsistentView = "consistent-view";
    ForwardConsistentView = "forward-consistent-view";
    RepeatableRead = "repeatable-read";
    ReadAtomic = "read-atomic";
    UpdateAtomic = "update-atomic";
    CausalCerone = "causal-cerone";
    Prefix = "prefix";
    ParallelSnapshotIsolation = "parallel-snapshot-isolation";
    SnapshotIsolation = "snapshot-isolation";
    UpdateSerializable = "update-serializable";
    ViewSerializable = "view-serializable";
    Serializable = "serializable";
    StrongSessionReadUncommitted = "strong-session-read-uncommitted";
    StrongSessionReadCommitted = "strong-session-read-committed";
    StrongSessionSnapshotIsolation = "strong-session-snapshot-isolation";
    StrongSessionSerializable = "strong-session-serializable";
    StrongReadUncommitted = "strong-read-uncommitted";
    StrongReadCommitted = "strong-read-committed";
    StrongSnapshotIsolation = "strong-snapshot-isolation";
    StrictSerializable = "strict-serializable";
    Linearizable = "linearizable";
    Sequential = "sequential";
    Causal = "causal";
    Pram = "pram";
    MonotonicReads = "monotonic-reads";
    MonotonicWrites = "monotonic-writes";
    ReadYourWrites = "read-your-writes";
    WritesFollowReads = "writes-follow-reads";
}

impl Level {
    /// What is broken where this level is: itself, and every level that implies it.
    pub fn broken(self) -> Boundary {
        let stronger = Self::ALL.iter().copied();
        let mut also_not: Vec<Self> = stronger
            .filter(|other| *other != self && other.implied().contains(&self))
            .collect();
        also_not.sort_unstable_by_key(|level| level.as_str());
        Boundary {
            not: vec![self],
            also_not,
        }
    }
}

/// Other spellings that are in use.
const ALIASES: &[(&str, Level)] = &[
    ("strong-serializable", Level::StrictSerializable),
    ("conflict-serializable", Level::Serializable),
    ("PL-1", Level::ReadUncommitted),
    ("PL-2", Level::ReadCommitted),
    ("PL-CS", Level::CursorStability),
    ("PL-2L", Level::MonotonicView),
    ("PL-MSR", Level::MonotonicSnapshotRead),
    ("PL-2+", Level::ConsistentView),
    ("PL-FCV", Level::ForwardConsistentView),
    ("PL-2.99", Level::RepeatableRead),
    ("PL-SI", Level::SnapshotIsolation),
    ("PL-3U", Level::UpdateSerializable),
    ("PL-3", Level::Serializable),
    ("PL-SS", Level::StrictSerializable),
    ("ROLA", Level::UpdateAtomic),
    ("PRAM", Level::Pram),
];

/// What each level implies directly.
const IMPLIES: &[(Level, &[Level])] = &[
    (Level::ReadCommitted, &[Level::ReadUncommitted]),
    (Level::CursorStability, &[Level::ReadCommitted]),
    (Level::MonotonicView, &[Level::ReadCommitted]),
    (Level::MonotonicSnapshotRead, &[Level::ReadCommitted]),
    (Level::MonotonicAtomicView, &[Level::ReadCommitted]),
    (
        Level::ConsistentView,
        &[Level::CursorStability, Level::MonotonicView],
    ),
    (Level::ForwardConsistentView, &[Level::ConsistentView]),
    (
        Level::RepeatableRead,
        &[Level::CursorStability, Level::MonotonicAtomicView],
    ),
    (Level::ReadAtomic, &[Level::MonotonicAtomicView]),
    (Level::UpdateAtomic, &[Level::ReadAtomic]),
    (Level::CausalCerone, &[Level::ReadAtomic]),
    (Level::Prefix, &[Level::CausalCerone]),
    (
        Level::ParallelSnapshotIsolation,
        &[Level::CausalCerone, Level::UpdateAtomic],
    ),
    (
        Level::SnapshotIsolation,
        &[
            Level::ForwardConsistentView,
            Level::MonotonicAtomicView,
            Level::MonotonicSnapshotRead,
            Level::ParallelSnapshotIsolation,
            Level::Prefix,
        ],
    ),
    (Level::UpdateSerializable, &[Level::ForwardConsistentView]),
    (
        Level::Serializable,
        &[
            Level::RepeatableRead,
            Level::SnapshotIsolation,
            Level::UpdateSerializable,
            Level::ViewSerializable,
        ],
    ),
    (
        Level::StrongSessionReadUncommitted,
        &[Level::ReadUncommitted],
    ),
    (
        Level::StrongSessionReadCommitted,
        &[Level::ReadCommitted, Level::StrongSessionReadUncommitted],
    ),
    (
        Level::StrongSessionSnapshotIsolation,
        &[Level::SnapshotIsolation, Level::StrongSessionReadCommitted],
    ),
    (
        Level::StrongSessionSerializable,
        &[Level::Serializable, Level::StrongSessionSnapshotIsolation],
    ),
    (
        Level::StrongReadUncommitted,
        &[Level::StrongSessionReadUncommitted],
    ),
    (
        Level::StrongReadCommitted,
        &[
            Level::StrongSessionReadCommitted,
            Level::StrongReadUncommitted,
        ],
    ),
    (
        Level::StrongSnapshotIsolation,
        &[
            Level::StrongSessionSnapshotIsolation,
            Level::StrongReadCommitted,
        ],
    ),
    (
        Level::StrictSerializable,
        &[
            Level::StrongSessionSerializable,
            Level::StrongSnapshotIsolation,
            Level::Linearizable,
        ],
    ),
    (Level::Linearizable, &[Level::Sequential]),
    (Level::Sequential, &[Level::Causal, Level::Pram]),
    // Causal is causal convergence (CCv) here, which does not imply PRAM: Bouajjani et al. 2017,
    // figure 3b. Causal memory would, and does not imply convergence.
    (
        Level::Causal,
        &[
            Level::MonotonicReads,
            Level::MonotonicWrites,
            Level::ReadYourWrites,
            Level::WritesFollowReads,
        ],
    ),
    (
        Level::Pram,
        &[
            Level::MonotonicReads,
            Level::MonotonicWrites,
            Level::ReadYourWrites,
        ],
    ),
];

/// What each level forbids beyond what the levels that it implies forbid.
const FORBIDS: &[(Level, &[AnomalyName])] = &[
    (
        Level::ReadUncommitted,
        &[G0, Internal, DuplicateElements, CyclicVersions, GarbageRead],
    ),
    (Level::ReadCommitted, &[G1a, G1b, G1c]),
    (Level::CursorStability, &[LostUpdate]),
    (Level::ConsistentView, &[GSingle]),
    (Level::RepeatableRead, &[G2Item]),
    (Level::ReadAtomic, &[FutureRead, FracturedRead]),
    (Level::CausalCerone, &[NonCausal]),
    (Level::Prefix, &[LongFork]),
    (Level::UpdateAtomic, &[LostUpdate]),
    (Level::SnapshotIsolation, &[GNonadjacent]),
    (Level::Serializable, &[G2]),
    (Level::StrongSessionReadUncommitted, &[G0Process]),
    (Level::StrongSessionReadCommitted, &[G1cProcess]),
    (
        Level::StrongSessionSnapshotIsolation,
        &[GNonadjacentProcess],
    ),
    (Level::StrongSessionSerializable, &[G2Process]),
    (Level::StrongReadUncommitted, &[G0Realtime]),
    (Level::StrongReadCommitted, &[G1cRealtime]),
    (Level::StrongSnapshotIsolation, &[GNonadjacentRealtime]),
    (Level::StrictSerializable, &[G2Realtime]),
    (
        Level::Linearizable,
        &[Nonlinearizable, StaleRead, LostWrite, PhantomRead],
    ),
    (Level::Sequential, &[NonSequential]),
    (Level::Causal, &[NonCausal]),
    (Level::Pram, &[NonPram]),
    (Level::MonotonicReads, &[NonMonotonicRead]),
    (Level::MonotonicWrites, &[NonMonotonicWrite]),
    (Level::ReadYourWrites, &[OwnWriteUnseen]),
    (Level::WritesFollowReads, &[WriteBeforeRead]),
];

/// Anomalies that are a special case of others, or a proof of them.
const SPECIAL_CASES: &[(AnomalyName, &[AnomalyName])] = &[
    (G0, &[G1c, G0Process]),
    (G0Process, &[G1cProcess, G0Realtime]),
    (G0Realtime, &[G1cRealtime]),
    (G1c, &[G1cProcess]),
    (G1cProcess, &[G1cRealtime]),
    (
        GSingleItem,
        &[GSingle, GSingleItemProcess, GNonadjacentItem],
    ),
    (
        GSingleItemProcess,
        &[GSingleProcess, GSingleItemRealtime, GNonadjacentItemProcess],
    ),
    (
        GSingleItemRealtime,
        &[GSingleRealtime, GNonadjacentItemRealtime],
    ),
    (GSingle, &[GNonadjacent, GSingleProcess]),
    (GSingleProcess, &[GNonadjacentProcess, GSingleRealtime]),
    (GSingleRealtime, &[GNonadjacentRealtime]),
    (
        GNonadjacentItem,
        &[GNonadjacent, G2Item, GNonadjacentItemProcess],
    ),
    (
        GNonadjacentItemProcess,
        &[GNonadjacentProcess, G2ItemProcess, GNonadjacentItemRealtime],
    ),
    (
        GNonadjacentItemRealtime,
        &[G2ItemRealtime, GNonadjacentRealtime],
    ),
    (GNonadjacent, &[G2, GNonadjacentProcess]),
    (GNonadjacentProcess, &[G2Process, GNonadjacentRealtime]),
    (GNonadjacentRealtime, &[G2Realtime]),
    (G2, &[G2Process]),
    (G2Item, &[G2, G2ItemProcess]),
    (G2ItemProcess, &[G2Process, G2ItemRealtime]),
    (G2ItemRealtime, &[G2Realtime]),
    (G2Process, &[G2Realtime]),
    (IncompatibleOrder, &[G1a]),
    (FutureRead, &[G1c]),
    (DirtyUpdate, &[G1a]),
    (LostUpdate, &[G2Item]),
    (LongFork, &[G2Item]),
];

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = Self::ALL.iter().map(|level| (level.as_str(), *level));
        known
            .chain(ALIASES.iter().copied())
            .find(|(spelling, _)| *spelling == name)
            .map(|(_, level)| level)
            .ok_or_else(|| {
                let names: Vec<&str> = Self::ALL.iter().map(|level| level.as_str()).collect();
                format!(
                    "there is no level `{name}`; levels are {}",
                    names.join(", ")
                )
            })
    }
}

impl Serialize for Level {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Level {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl Level {
    /// This level and every weaker one that it implies.
    pub fn implied(self) -> BTreeSet<Self> {
        closure([self], |level| rows(IMPLIES, &level))
    }

    /// Everything that this level forbids, special cases included.
    pub fn forbidden(self) -> BTreeSet<AnomalyName> {
        let direct = self
            .implied()
            .into_iter()
            .flat_map(|level| rows(FORBIDS, &level));
        proofs_of(direct)
    }
}

/// These anomalies and all that are special cases of them.
pub fn proofs_of(anomalies: impl IntoIterator<Item = AnomalyName>) -> BTreeSet<AnomalyName> {
    closure(anomalies, |anomaly| {
        let is_case =
            move |(_, general): &&(AnomalyName, &[AnomalyName])| general.contains(&anomaly);
        SPECIAL_CASES
            .iter()
            .filter(is_case)
            .map(|(special, _)| *special)
            .collect()
    })
}

/// These anomalies and all that they are special cases of.
pub fn implications_of(anomalies: impl IntoIterator<Item = AnomalyName>) -> BTreeSet<AnomalyName> {
    closure(anomalies, |anomaly| rows(SPECIAL_CASES, &anomaly))
}

/// The levels that cannot have been provided, in the face of some anomalies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boundary {
    /// The weakest levels that are broken.
    pub not: Vec<Level>,
    /// All stronger levels, which are broken with them.
    pub also_not: Vec<Level>,
}

/// The weakest levels that these anomalies break, and all that follow.
pub fn boundary(anomalies: impl IntoIterator<Item = AnomalyName>) -> Boundary {
    let found = implications_of(anomalies);
    let direct = FORBIDS
        .iter()
        .filter(|(_, forbidden)| forbidden.iter().any(|anomaly| found.contains(anomaly)))
        .map(|(level, _)| *level);
    let broken = closure(direct, |level| {
        let implies = move |(_, weaker): &&(Level, &[Level])| weaker.contains(&level);
        IMPLIES
            .iter()
            .filter(implies)
            .map(|(stronger, _)| *stronger)
            .collect()
    });
    let is_weakest = |level: &Level| level.implied().intersection(&broken).count() == 1;
    let (mut not, mut also_not): (Vec<Level>, Vec<Level>) =
        broken.iter().copied().partition(is_weakest);
    not.sort_unstable_by_key(|level| level.as_str());
    also_not.sort_unstable_by_key(|level| level.as_str());
    Boundary { not, also_not }
}

fn rows<K: PartialEq, V: Copy>(table: &[(K, &[V])], key: &K) -> Vec<V> {
    table
        .iter()
        .filter(|(row, _)| row == key)
        .flat_map(|(_, values)| values.iter().copied())
        .collect()
}

fn closure<T: Ord + Copy>(
    from: impl IntoIterator<Item = T>,
    next: impl Fn(T) -> Vec<T>,
) -> BTreeSet<T> {
    let mut reached: BTreeSet<T> = from.into_iter().collect();
    let mut fringe: Vec<T> = reached.iter().copied().collect();
    while let Some(item) = fringe.pop() {
        fringe.extend(
            next(item)
                .into_iter()
                .filter(|other| reached.insert(*other)),
        );
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_is_spelled_once_and_read_back() {
        for level in Level::ALL {
            assert_eq!(level.as_str().parse(), Ok(*level));
        }
        assert_eq!("strong-serializable".parse(), Ok(Level::StrictSerializable));
        assert!("perfect".parse::<Level>().is_err());
    }

    #[test]
    fn a_stronger_level_forbids_all_that_a_weaker_one_does() {
        for level in Level::ALL {
            for weaker in level.implied() {
                assert!(
                    weaker.forbidden().is_subset(&level.forbidden()),
                    "{level} and {weaker}"
                );
            }
        }
    }

    #[test]
    fn snapshot_isolation_allows_write_skew_and_forbids_read_skew() {
        let forbidden = Level::SnapshotIsolation.forbidden();
        assert!(!forbidden.contains(&G2Item));
        for anomaly in [G0, G1a, G1c, GSingleItem, GNonadjacentItem, LostUpdate] {
            assert!(forbidden.contains(&anomaly), "{anomaly}");
        }
        assert!(!forbidden.contains(&GSingleItemProcess));
        assert!(Level::Serializable.forbidden().contains(&G2Item));
    }

    #[test]
    fn the_boundary_is_the_weakest_level_broken() {
        let not = |anomaly| boundary([anomaly]).not;
        assert_eq!(not(G0), [Level::ReadUncommitted]);
        assert_eq!(not(G1a), [Level::ReadCommitted]);
        assert_eq!(
            not(LostUpdate),
            [Level::CursorStability, Level::UpdateAtomic]
        );
        assert_eq!(
            not(GSingleItem),
            [Level::ConsistentView, Level::RepeatableRead]
        );
        assert_eq!(not(G2Item), [Level::RepeatableRead]);
        assert_eq!(not(G1cProcess), [Level::StrongSessionReadCommitted]);
        assert_eq!(not(GSingleItemRealtime), [Level::StrongSnapshotIsolation]);
        assert!(
            boundary([G2Item])
                .also_not
                .contains(&Level::StrictSerializable)
        );
        assert_eq!(boundary([]), Boundary::default());
    }
}
