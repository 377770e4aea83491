//! Strong eventual consistency: at every step, replicas that have delivered the same updates are in
//! the same state.
//!
//! Shapiro et al., "Conflict-free Replicated Data Types", 2011, section 2: this is what convergence
//! at the end does not see, for instance a state that depends on the order of delivery and is put
//! right later. An update that is delivered again adds nothing to what was delivered.

use crate::anomaly::AnomalyName;
use crate::hash::{Table, hash_of};
use crate::verdict::{Anomaly, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

/// One replica after it delivered an update, or as it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step<V> {
    /// The group whose members deliver the same updates: a shard, a partition.
    pub group: u32,
    /// The replica.
    pub replica: u32,
    /// When, in nanoseconds.
    pub at: u64,
    /// The update that it delivered just now; none where it is only looked at.
    pub update: Option<u64>,
    /// Its state after that.
    pub state: V,
}

/// What is hashed with an update: the hash of a zero alone is zero, and would add nothing.
const SALT: u64 = 0x5851_f42d_4c95_7f2d;

/// Findings that are told before the rest is left out.
const TOLD_MAX: usize = 16;

/// Judges the steps of all replicas, given in the order in which each took its own.
pub fn check<V: PartialEq + Debug>(steps: &[Step<V>]) -> Verdict {
    let mut delivered: BTreeMap<(u32, u32), BTreeSet<u64>> = BTreeMap::new();
    // For each group, the steps at which a set with these sums of hashes was first delivered; more
    // than one where two sets have the same sums.
    let mut known: Table<(u32, [u64; 2]), Vec<usize>> = Table::default();
    let mut sums: BTreeMap<(u32, u32), [u64; 2]> = BTreeMap::new();
    let mut found = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        let member = (step.group, step.replica);
        let set = delivered.entry(member).or_default();
        let sum = sums.entry(member).or_default();
        if let Some(update) = step.update.filter(|update| set.insert(*update)) {
            for (sum, salt) in sum.iter_mut().zip([SALT, !SALT]) {
                *sum = sum.wrapping_add(hash_of(&(salt, update)));
            }
        }
        let candidates = known.entry((step.group, *sum)).or_default();
        // The sums stand for the set until states differ; only then are the sets compared.
        if let [only] = candidates[..]
            && steps[only].state == step.state
        {
            continue;
        }
        let same = candidates
            .iter()
            .find(|other| delivered_by(steps, **other) == delivered[&member]);
        match same {
            Some(other) if steps[*other].state == step.state => {}
            Some(_) if found.len() == TOLD_MAX => break,
            Some(other) => found.push(tell(&steps[*other], step, &delivered[&member])),
            None => candidates.push(at),
        }
    }
    Verdict::from_anomalies(found)
}

/// What a replica had delivered at one of its steps.
fn delivered_by<V>(steps: &[Step<V>], at: usize) -> BTreeSet<u64> {
    let here = &steps[at];
    steps[..=at]
        .iter()
        .filter(|step| (step.group, step.replica) == (here.group, here.replica))
        .filter_map(|step| step.update)
        .collect()
}

fn tell<V: Debug>(one: &Step<V>, other: &Step<V>, delivered: &BTreeSet<u64>) -> Anomaly {
    let words = if one.replica == other.replica {
        format!(
            "replica {} of group {} changed its state without a new update, between {} and {} ns",
            one.replica, one.group, one.at, other.at
        )
    } else {
        format!(
            "replicas {} and {} of group {} had delivered the same {} updates and were in \
             different states",
            one.replica,
            other.replica,
            one.group,
            delivered.len()
        )
    };
    let line = |step: &Step<V>| {
        format!(
            "replica {} at {} ns: {:?}",
            step.replica, step.at, step.state
        )
    };
    Anomaly::new(AnomalyName::UnequalStates, words)
        .with_step(format!("delivered: {delivered:?}"))
        .with_steps([line(one), line(other)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(replica: u32, update: u64, state: &'static str) -> Step<&'static str> {
        Step {
            group: 0,
            replica,
            at: update,
            update: Some(update),
            state,
        }
    }

    #[test]
    fn the_order_of_delivery_does_not_matter_to_the_state() {
        let good = [
            step(1, 10, "a"),
            step(2, 20, "b"),
            step(1, 20, "ab"),
            step(2, 10, "ab"),
            step(2, 10, "ab"),
        ];
        assert_eq!(check(&good), Verdict::Holds);
        let bad = [
            step(1, 10, "a"),
            step(2, 20, "b"),
            step(1, 20, "ab"),
            step(2, 10, "ba"),
        ];
        let verdict = check(&bad);
        assert_eq!(verdict.names(), [AnomalyName::UnequalStates]);
        assert!(verdict.anomalies()[0].steps[0].contains("{10, 20}"));
    }

    #[test]
    fn it_is_seen_even_if_it_is_put_right_later() {
        let steps = [
            step(1, 10, "a"),
            step(2, 10, "?"),
            step(1, 20, "ab"),
            step(2, 20, "ab"),
        ];
        assert!(check(&steps).is_violated());
    }

    #[test]
    fn an_update_that_comes_again_changes_nothing() {
        let twice = [step(1, 10, "1"), step(1, 10, "2")];
        assert!(check(&twice).is_violated());
    }
}
