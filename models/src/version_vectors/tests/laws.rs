//! Registers of replicas that write and merge in any order join in any order and however often to the
//! same, and nothing that nobody had seen is lost.

use std::collections::BTreeSet;

use proptest::{prelude::*, sample::Index};

use super::*;

/// One step of three replicas.
#[derive(Clone, Debug)]
enum Step {
    /// A client that has seen all that a replica holds writes there, or one that has seen nothing.
    Write { at: usize, has_read: bool },
    /// One replica merges what another holds.
    Merge { from: usize, to: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..3_usize, any::<bool>()).prop_map(|(at, has_read)| Step::Write { at, has_read }),
        (0..3_usize, 0..3_usize).prop_map(|(from, to)| Step::Merge { from, to }),
    ];
    proptest::collection::vec(step, 0..20)
}

/// What each replica held after each step, the writes, and those whose writer was seen to replace them.
fn play(steps: &[Step]) -> (Vec<Siblings>, BTreeSet<u64>) {
    let mut held = [const { None::<(Siblings, VersionVector)> }; 3].map(Option::unwrap_or_default);
    let mut all = vec![Siblings::default()];
    let mut seen = BTreeSet::new();
    for (value, step) in (1..).zip(steps) {
        match *step {
            Step::Write { at, has_read } => {
                let (siblings, versions) = &mut held[at];
                let past = match has_read {
                    true => DotContext::from(versions.clone()),
                    false => DotContext::default(),
                };
                if has_read {
                    seen.extend(siblings.values());
                }
                let dot = versions.next(NodeId(at as u32));
                siblings.write(dot, Version { value, past });
                all.push(siblings.clone());
            }
            Step::Merge { from, to } => {
                let (theirs, upto) = held[from].clone();
                let (siblings, versions) = &mut held[to];
                siblings.join(&theirs);
                versions.join(&upto);
                all.push(siblings.clone());
            }
        }
    }
    (all, seen)
}

fn joined(one: &Siblings, other: &Siblings) -> Siblings {
    let mut joined = one.clone();
    joined.join(other);
    joined
}

proptest! {
    #[test]
    fn the_join_is_commutative_associative_and_idempotent(
        steps in steps(), a in any::<Index>(), b in any::<Index>(), c in any::<Index>(),
    ) {
        let (all, _) = play(&steps);
        let (a, b, c) = (a.get(&all), b.get(&all), c.get(&all));
        prop_assert_eq!(joined(a, b), joined(b, a));
        prop_assert_eq!(joined(&joined(a, b), c), joined(a, &joined(b, c)));
        prop_assert_eq!(&joined(a, a), a);
        prop_assert_eq!(joined(&joined(a, b), a), joined(a, b), "inflationary: it holds both");
    }

    #[test]
    fn only_what_somebody_has_read_and_replaced_is_gone_when_all_is_merged(steps in steps()) {
        let (all, seen) = play(&steps);
        let whole = all.iter().fold(Siblings::default(), |whole, held| joined(&whole, held));
        let kept: BTreeSet<u64> = whole.values().into_iter().collect();
        for (value, step) in (1_u64..).zip(&steps) {
            if matches!(step, Step::Write { .. }) {
                prop_assert_eq!(kept.contains(&value), !seen.contains(&value), "{}", value);
            }
        }
    }
}
