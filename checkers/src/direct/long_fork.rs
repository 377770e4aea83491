//! Long fork: two readers see two independent writes in opposite orders.
//!
//! Each key is written once; reads look at several keys. Two reads that look at common keys must be
//! comparable: one of them sees everything that the other does. Sovran et al. 2011; Jepsen's
//! long-fork workload.

use super::TOLD_MAX;
use crate::anomaly::AnomalyName;
use crate::transactions::{MicroOp, TxnHistory};
use crate::verdict::{Anomaly, Reason, Verdict};
use std::collections::BTreeMap;

/// Is there no long fork? Reads are grouped by the set of keys that they look at.
pub fn long_fork(history: &TxnHistory) -> Verdict {
    let mut written: BTreeMap<u64, usize> = BTreeMap::new();
    let mut groups: BTreeMap<Vec<u64>, BTreeMap<Vec<bool>, usize>> = BTreeMap::new();
    for (id, operation) in history.operations().iter().enumerate() {
        let steps = operation.response().unwrap_or(&operation.call);
        let mut reads: Vec<(u64, bool)> = Vec::new();
        for step in steps {
            match step {
                MicroOp::Write(key, _) | MicroOp::Append(key, _) => {
                    if let Some(first) = written.insert(*key, id) {
                        let words = format!(
                            "key {key} is written by #{first} and by #{id}; here every key is \
                             written once"
                        );
                        return Verdict::Unknown(Reason::NotEnoughKnown(words));
                    }
                }
                MicroOp::Read(key, value) => reads.push((*key, value.is_some())),
                MicroOp::ReadList(key, values) => reads.push((*key, !values.is_empty())),
            }
        }
        if operation.is_ok() && reads.len() > 1 {
            reads.sort_unstable();
            let (keys, seen) = reads.into_iter().unzip();
            groups.entry(keys).or_default().entry(seen).or_insert(id);
        }
    }
    let forks = groups.iter().flat_map(|(keys, views)| forks(keys, views));
    Verdict::from_anomalies(forks.take(TOLD_MAX).collect())
}

/// Sorted by how much they see, every view of a chain contains the one before it.
fn forks(keys: &[u64], views: &BTreeMap<Vec<bool>, usize>) -> Vec<Anomaly> {
    let mut ordered: Vec<(&Vec<bool>, usize)> =
        views.iter().map(|(view, id)| (view, *id)).collect();
    ordered.sort_by_key(|(view, _)| view.iter().filter(|seen| **seen).count());
    let fork = |pair: &[(&Vec<bool>, usize)]| {
        let [(less, first), (more, second)] = pair else {
            return None;
        };
        let only = |one: &[bool], other: &[bool]| {
            (0..keys.len())
                .find(|place| one[*place] && !other[*place])
                .map(|place| keys[place])
        };
        let (mine, theirs) = (only(less, more)?, only(more, less)?);
        let words = format!(
            "#{first} sees key {mine} and not key {theirs}, #{second} sees key {theirs} and not \
             key {mine}"
        );
        Some(Anomaly::new(AnomalyName::LongFork, words).with_operations([*first, *second]))
    };
    ordered.windows(2).filter_map(fork).collect()
}
