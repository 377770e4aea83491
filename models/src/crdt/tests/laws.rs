//! Every type is a join semilattice on which updates only go up (Shapiro et al., RR-7506, 2011), and a
//! delta has the effect of its update (Almeida et al. 2018).

use proptest::{prelude::*, sample::Index};

use super::*;

/// One step of three replicas.
#[derive(Clone, Debug)]
enum Step {
    /// A replica changes something.
    Update { at: usize, request: Request },
    /// One replica joins what another holds.
    Join { from: usize, to: usize },
}

fn requests() -> impl Strategy<Value = Request> {
    let (key, few) = (7, 0..4_u64);
    prop_oneof![
        (1..5_u32).prop_map(move |by| Request::Count { key, by }),
        (-5..5_i64).prop_map(move |amount| Request::Add { key, amount }),
        few.clone()
            .prop_map(move |element| Request::Insert { key, element }),
        few.clone()
            .prop_map(move |element| Request::Remove { key, element }),
        (0..3_u32, 0..100_u64).prop_map(move |(field, value)| Request::Put { key, field, value }),
        (0..3_u32).prop_map(move |field| Request::Delete { key, field }),
        (proptest::option::of(few.clone()), few.clone()).prop_map(move |(after, element)| {
            Request::InsertAfter {
                key,
                after,
                element,
            }
        }),
        few.prop_map(move |element| Request::Erase { key, element }),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..3_usize, requests()).prop_map(|(at, request)| Step::Update { at, request }),
        1 => (0..3_usize, 0..3_usize).prop_map(|(from, to)| Step::Join { from, to }),
    ];
    proptest::collection::vec(step, 0..24)
}

/// Every state that a replica was in, and every delta.
struct Played {
    states: Vec<Objects>,
    deltas: Vec<Objects>,
}

/// Plays the steps, and holds every update to its laws.
fn play(steps: &[Step]) -> Played {
    let mut held = [(); 3].map(|()| Objects::default());
    let mut played = Played {
        states: vec![Objects::default()],
        deltas: Vec::new(),
    };
    for (time, step) in (1..).zip(steps) {
        match step {
            Step::Update { at, request } => {
                let node = NodeId(*at as u32);
                let named = (
                    held[*at].delivered().clone().next(node),
                    stamp(node.0, time, 0),
                );
                let before = held[*at].clone();
                let Some(delta) = held[*at].update(request, named, None) else {
                    assert_eq!(held[*at], before, "what cannot be done changes nothing");
                    continue;
                };
                assert_eq!(joined(&before, &held[*at]), held[*at], "updates go up");
                assert_eq!(joined(&before, &delta), held[*at], "a delta is its update");
                played.deltas.push(delta);
                played.states.push(held[*at].clone());
            }
            Step::Join { from, to } => {
                let theirs = held[*from].clone();
                held[*to].join(&theirs);
                played.states.push(held[*to].clone());
            }
        }
    }
    played
}

fn joined(one: &Objects, other: &Objects) -> Objects {
    let mut joined = one.clone();
    joined.join(other);
    joined
}

proptest! {
    #[test]
    fn joins_are_commutative_associative_idempotent_and_inflationary(
        steps in steps(), a in any::<Index>(), b in any::<Index>(), c in any::<Index>(),
    ) {
        let Played { states, deltas } = play(&steps);
        let all: Vec<&Objects> = states.iter().chain(&deltas).collect();
        let (a, b, c) = (*a.get(&all), *b.get(&all), *c.get(&all));
        prop_assert_eq!(joined(a, b), joined(b, a));
        prop_assert_eq!(joined(&joined(a, b), c), joined(a, &joined(b, c)));
        prop_assert_eq!(&joined(a, a), a);
        prop_assert_eq!(joined(&joined(a, b), a), joined(a, b), "above both");
        prop_assert_eq!(joined(&Objects::default(), a), a.clone(), "nothing is the least");
    }

    #[test]
    fn deltas_in_any_order_and_however_often_come_to_what_states_come_to(
        steps in steps(), order in any::<u64>(),
    ) {
        let Played { states, deltas } = play(&steps);
        let whole = states.iter().fold(Objects::default(), |whole, state| joined(&whole, state));
        let mut shuffled: Vec<&Objects> = deltas.iter().chain(&deltas).collect();
        shuffled.sort_by_key(|delta| murphy_sim::Digest::of(&(order, delta)));
        let sum = shuffled.into_iter().fold(Objects::default(), |sum, delta| joined(&sum, delta));
        prop_assert_eq!(sum, whole);
    }
}
