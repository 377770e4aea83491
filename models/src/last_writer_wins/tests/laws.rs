//! Stores join in any order and however often to the same store, and only grow (Shapiro et al. 2011:
//! a join semilattice).

use proptest::prelude::*;

use super::*;

/// Writes with stamps that no two of them share.
fn stores() -> impl Strategy<Value = Store> {
    let writes = (0..3_u32, 0..3_u32, 1..5_u32, 0..3_u64);
    proptest::collection::vec(writes, 0..8).prop_map(|writes| {
        let mut store = Store::default();
        for (key, node, counter, physical) in writes {
            let value = u64::from(100 * node + counter);
            store.take(key, entry(node, counter, physical, counter, value));
        }
        store
    })
}

fn joined(one: &Store, other: &Store) -> Store {
    let mut joined = one.clone();
    for (key, entry) in other.entries() {
        joined.take(key, *entry);
    }
    joined
}

proptest! {
    #[test]
    fn the_join_is_commutative_associative_and_idempotent(
        a in stores(), b in stores(), c in stores(),
    ) {
        prop_assert_eq!(joined(&a, &b), joined(&b, &a));
        prop_assert_eq!(joined(&joined(&a, &b), &c), joined(&a, &joined(&b, &c)));
        prop_assert_eq!(joined(&a, &a), a);
    }

    #[test]
    fn a_join_never_goes_back(a in stores(), b in stores()) {
        let both = joined(&a, &b);
        for (key, entry) in a.entries() {
            let kept = both.get(key).expect("nothing is taken out");
            prop_assert!(kept.stamp >= entry.stamp);
        }
    }
}
