//! A counter that grows and shrinks: two that only grow, one for each direction.
//!
//! Shapiro et al. 2011 (RR-7506), Specification 7. Nothing keeps it above zero: that would take
//! agreement.

use murphy_sim::NodeId;
use serde::{Deserialize, Serialize};

use super::{g_counter::GCounter, lattice::Lattice};

/// What was added and what was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PnCounter {
    up: GCounter,
    down: GCounter,
}

impl PnCounter {
    /// Adds this much at this node, which may be negative, and says what has changed.
    pub fn add(&mut self, node: NodeId, amount: i64) -> PnCounter {
        let mut delta = PnCounter::default();
        let by = amount.unsigned_abs();
        if amount >= 0 {
            delta.up = self.up.count(node, by);
        } else {
            delta.down = self.down.count(node, by);
        }
        delta
    }

    /// The sum.
    pub fn value(&self) -> i64 {
        self.up.value().saturating_sub(self.down.value())
    }

    /// Adds the other's numbers to its own: a bug.
    pub(super) fn merge_by_addition(&mut self, other: &PnCounter) {
        self.up.merge_by_addition(&other.up);
        self.down.merge_by_addition(&other.down);
    }
}

impl Lattice for PnCounter {
    fn join(&mut self, other: &PnCounter) {
        self.up.join(&other.up);
        self.down.join(&other.down);
    }
}
