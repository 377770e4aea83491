//! A counter that only grows: one number for each node, which that node alone raises.
//!
//! Shapiro et al. 2011 (RR-7506), Specification 6. The join takes the greater number of each node; the
//! value is their sum.

use std::collections::BTreeMap;

use murphy_sim::NodeId;
use serde::{Deserialize, Serialize};

use super::lattice::Lattice;

/// How much each node has counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GCounter(BTreeMap<NodeId, u64>);

impl GCounter {
    /// Counts so many more at this node, and says what has changed.
    pub fn count(&mut self, node: NodeId, by: u64) -> GCounter {
        let counted = self.0.entry(node).or_default();
        *counted = counted.saturating_add(by);
        GCounter([(node, *counted)].into())
    }

    /// All that was counted; more than can be told is told as the most that can.
    pub fn value(&self) -> i64 {
        let sum = self
            .0
            .values()
            .fold(0, |sum: u64, n| sum.saturating_add(*n));
        i64::try_from(sum).unwrap_or(i64::MAX)
    }

    /// Adds what the other has counted, as if it were news each time: a bug.
    pub(super) fn merge_by_addition(&mut self, other: &GCounter) {
        for (node, theirs) in &other.0 {
            self.count(*node, *theirs);
        }
    }
}

impl Lattice for GCounter {
    fn join(&mut self, other: &GCounter) {
        for (node, theirs) in &other.0 {
            let ours = self.0.entry(*node).or_default();
            *ours = (*theirs).max(*ours);
        }
    }
}
