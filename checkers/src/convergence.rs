//! Convergence: replicas that have been left alone for long enough hold equal views.
//!
//! Reads samples of views over time; a view is anything that can be compared. Also measures when a
//! group converged, and how stale its replicas were on the way.

pub mod strong;

use crate::anomaly::AnomalyName;
use crate::verdict::{Anomaly, Reason, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Debug;

/// What one replica held at one time (nanoseconds).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample<V> {
    /// When it was taken.
    pub at: u64,
    /// The group whose members should be equal: a shard, a partition.
    pub group: u32,
    /// The replica.
    pub replica: u32,
    /// What a reader of everything there would have seen.
    pub view: V,
    /// How many updates it contained, where that is known: what staleness is counted in.
    pub version: Option<u64>,
}

/// When replicas must be equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectation {
    /// When the last fault was healed and the last update was made.
    pub quiet_since: u64,
    /// How long after that they may still differ.
    pub within: u64,
}

/// How far behind the replicas of a group were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staleness {
    /// The longest that a replica lacked what another one had, in nanoseconds.
    pub time_max: u64,
    /// The most updates that a replica was behind another one.
    pub versions_max: u64,
}

/// The answer for all groups together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Were all replicas equal in time?
    pub verdict: Verdict,
    /// From when on each group was equal in every sample; none where it never was.
    pub equal_since: BTreeMap<u32, Option<u64>>,
    /// How long after `quiet_since` the last group became equal for good.
    pub time_to_converge: Option<u64>,
    /// How stale each group's replicas were.
    pub staleness: BTreeMap<u32, Staleness>,
}

/// Judges samples, given in order of time.
pub fn check<V: PartialEq + Debug>(samples: &[Sample<V>], expectation: Expectation) -> Report {
    assert!(
        samples.is_sorted_by_key(|sample| sample.at),
        "samples come in order of time"
    );
    let mut groups: BTreeMap<u32, Vec<&Sample<V>>> = BTreeMap::new();
    for sample in samples {
        groups.entry(sample.group).or_default().push(sample);
    }
    let deadline = expectation.quiet_since.saturating_add(expectation.within);
    let mut report = Report {
        verdict: Verdict::Holds,
        equal_since: BTreeMap::new(),
        time_to_converge: (!groups.is_empty()).then_some(0),
        staleness: BTreeMap::new(),
    };
    for (group, samples) in groups {
        let since = equal_since(&samples);
        let verdict = judge(group, &samples, since, deadline);
        report.verdict = std::mem::replace(&mut report.verdict, Verdict::Holds).and(verdict);
        report.equal_since.insert(group, since);
        report.staleness.insert(group, staleness(&samples));
        report.time_to_converge = since
            .zip(report.time_to_converge)
            .map(|(since, longest)| longest.max(since.saturating_sub(expectation.quiet_since)));
    }
    report
}

/// From when on the latest samples of all replicas were always equal.
fn equal_since<V: PartialEq>(samples: &[&Sample<V>]) -> Option<u64> {
    let mut latest: BTreeMap<u32, &V> = BTreeMap::new();
    let mut since = None;
    let rounds = samples.chunk_by(|one, other| one.at == other.at);
    for round in rounds {
        latest.extend(round.iter().map(|sample| (sample.replica, &sample.view)));
        let mut views = latest.values();
        let first = views.next();
        if views.all(|view| Some(view) == first) {
            since = since.or(Some(round[0].at));
        } else {
            since = None;
        }
    }
    since
}

fn judge<V: PartialEq + Debug>(
    group: u32,
    samples: &[&Sample<V>],
    since: Option<u64>,
    deadline: u64,
) -> Verdict {
    let last = samples
        .last()
        .expect("a group is made by its first sample")
        .at;
    if last < deadline {
        let words = format!(
            "group {group} was last looked at {last} ns, before it had to be equal ({deadline} ns)"
        );
        return Verdict::Unknown(Reason::NotEnoughKnown(words));
    }
    // The first look at or after the deadline is what counts.
    let first_look = samples
        .iter()
        .map(|sample| sample.at)
        .find(|at| *at >= deadline)
        .unwrap_or(last);
    if since.is_some_and(|since| since <= first_look) {
        return Verdict::Holds;
    }
    let mut latest: BTreeMap<u32, &Sample<V>> = BTreeMap::new();
    for sample in samples
        .iter()
        .filter(|sample| since.is_none() || sample.at <= first_look)
    {
        latest.insert(sample.replica, sample);
    }
    let views = latest.values().map(|sample| {
        format!(
            "replica {} at {} ns: {}",
            sample.replica,
            sample.at,
            brief(&sample.view)
        )
    });
    let explanation = match since {
        None => format!("the replicas of group {group} are not equal by the end, at {last} ns"),
        Some(since) => format!(
            "the replicas of group {group} are equal since {since} ns, but had to be by {deadline} ns"
        ),
    };
    Verdict::from_anomalies(vec![
        Anomaly::new(AnomalyName::Diverged, explanation).with_steps(views),
    ])
}

/// Characters of a view that are told.
const VIEW_CHARACTERS_MAX: usize = 400;

fn brief<V: Debug>(view: &V) -> String {
    let told = format!("{view:?}");
    match told.char_indices().nth(VIEW_CHARACTERS_MAX) {
        Some((end, _)) => format!("{}...", &told[..end]),
        None => told,
    }
}

/// Behind whom, for how long, by how many updates.
fn staleness<V>(samples: &[&Sample<V>]) -> Staleness {
    // When any replica was first seen with at least so many updates.
    let mut reached: Vec<(u64, u64)> = Vec::new();
    let mut worst = Staleness::default();
    for round in samples.chunk_by(|one, other| one.at == other.at) {
        let at = round[0].at;
        let newest = round.iter().filter_map(|sample| sample.version).max();
        if let Some(newest) =
            newest.filter(|newest| reached.last().is_none_or(|(version, _)| version < newest))
        {
            reached.push((newest, at));
        }
        for version in round.iter().filter_map(|sample| sample.version) {
            let newer = reached.partition_point(|(reached, _)| *reached <= version);
            if let Some((_, since)) = reached.get(newer) {
                worst.time_max = worst.time_max.max(at - since);
            }
            if let Some((most, _)) = reached.last() {
                worst.versions_max = worst.versions_max.max(most.saturating_sub(version));
            }
        }
    }
    worst
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(at: u64, replica: u32, version: u64) -> Sample<u64> {
        Sample {
            at,
            group: 0,
            replica,
            view: version,
            version: Some(version),
        }
    }

    const EXPECTATION: Expectation = Expectation {
        quiet_since: 10,
        within: 20,
    };

    #[test]
    fn replicas_that_become_equal_in_time_converge() {
        let samples = [
            sample(0, 1, 0),
            sample(0, 2, 0),
            sample(10, 1, 3),
            sample(10, 2, 1),
            sample(20, 1, 3),
            sample(20, 2, 3),
            sample(30, 1, 3),
            sample(30, 2, 3),
        ];
        let report = check(&samples, EXPECTATION);
        assert_eq!(report.verdict, Verdict::Holds);
        assert_eq!(report.time_to_converge, Some(10));
        assert_eq!(
            report.staleness[&0],
            Staleness {
                time_max: 0,
                versions_max: 2
            }
        );
    }

    #[test]
    fn replicas_that_stay_different_have_diverged() {
        let samples = [
            sample(10, 1, 3),
            sample(10, 2, 1),
            sample(30, 1, 3),
            sample(30, 2, 2),
        ];
        let report = check(&samples, EXPECTATION);
        assert_eq!(report.verdict.names(), [AnomalyName::Diverged]);
        assert_eq!(report.time_to_converge, None);
        assert_eq!(
            report.staleness[&0],
            Staleness {
                time_max: 20,
                versions_max: 2
            }
        );
    }

    #[test]
    fn becoming_equal_too_late_is_told_apart() {
        let samples = [
            sample(30, 1, 3),
            sample(30, 2, 1),
            sample(40, 1, 3),
            sample(40, 2, 3),
        ];
        let report = check(&samples, EXPECTATION);
        assert!(
            report.verdict.has(AnomalyName::Diverged),
            "{}",
            report.verdict
        );
        assert_eq!(report.time_to_converge, Some(30));
    }

    #[test]
    fn without_a_late_look_nothing_is_known() {
        let report = check(&[sample(20, 1, 3), sample(20, 2, 3)], EXPECTATION);
        assert!(report.verdict.is_unknown());
    }
}
