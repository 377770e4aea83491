//! What every type here is: a join semilattice whose least element is its default.
//!
//! Shapiro et al., A Comprehensive Study of Convergent and Commutative Replicated Data Types (INRIA
//! RR-7506, 2011). The tests hold every type to the laws: the join is commutative,
//! associative and idempotent, and every update goes up (inflationary).

use std::collections::BTreeMap;

/// A value that only grows, and of which any two have a least one above both.
pub trait Lattice: Clone + Default + Eq {
    /// Grows to the least value that is above both.
    fn join(&mut self, other: &Self);
}

/// Key by key; what is absent is at its default.
impl<K: Copy + Ord, L: Lattice> Lattice for BTreeMap<K, L> {
    fn join(&mut self, other: &BTreeMap<K, L>) {
        for (key, value) in other {
            self.entry(*key).or_default().join(value);
        }
    }
}
