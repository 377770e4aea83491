//! Sagas, locks, owners, states, deletes and prefixes: each checker against its definition.

use crate::common::Stream;
use murphy_checkers::AnomalyName::{self, *};
use murphy_checkers::convergence::strong;
use murphy_checkers::deletes::{self, Act};
use murphy_checkers::fencing::{Accepted, Hold, check_fences, check_holds};
use murphy_checkers::ownership::{self, Claim};
use murphy_checkers::prefix::{self, View};
use murphy_checkers::saga::{self, Saga, SagaEvent};
use std::collections::BTreeSet;
use std::ops::Range;

/// Counts how many hold, and asks that neither side be rare.
fn each(seeds: Range<u64>, mut judge: impl FnMut(&mut Stream, bool) -> bool) -> u64 {
    let histories = seeds.end - seeds.start;
    let good: u64 = seeds
        .map(|seed| u64::from(judge(&mut Stream(seed), seed % 2 == 0)))
        .sum();
    assert!(
        good * 20 > histories,
        "enough histories hold: {good} of {histories}"
    );
    assert!(
        good * 20 < histories * 19,
        "enough are broken: {good} of {histories}"
    );
    histories
}

const STEPS: u32 = 3;

/// Every way in which a saga may go, as the paper has it.
fn right_sagas() -> Vec<Vec<SagaEvent>> {
    let mut all = Vec::new();
    // The order in which steps take effect is free.
    let orders = crate::common::transactions::orders(STEPS as usize);
    for order in orders {
        let forward = order.iter().map(|step| SagaEvent::Done(*step as u32));
        let mut whole: Vec<SagaEvent> = forward.collect();
        for length in 0..=whole.len() {
            let done = &whole[..length];
            let back = done.iter().rev().map(|event| match event {
                SagaEvent::Done(step) => SagaEvent::Compensated(*step),
                other => *other,
            });
            let both: Vec<SagaEvent> = done.iter().copied().chain(back).collect();
            // The declaration may be missing: then all is undone, and that is an end, too.
            all.push(both.clone());
            all.push([both, vec![SagaEvent::Abandoned]].concat());
        }
        whole.push(SagaEvent::Completed);
        all.push(whole);
    }
    all
}

/// A saga holds exactly where the paper allows what happened.
pub(crate) fn sagas(seeds: Range<u64>) -> u64 {
    let right = right_sagas();
    each(seeds, |stream, is_right| {
        let mut events = stream.pick(&right).clone();
        // Where in the sequence the declaration comes does not matter to its effects.
        for _ in 0..if is_right { 0 } else { 1 + stream.below(2) } {
            let event = match stream.below(4) {
                0 => SagaEvent::Completed,
                1 => SagaEvent::Abandoned,
                2 => SagaEvent::Done(stream.below(3) as u32),
                _ => SagaEvent::Compensated(stream.below(3) as u32),
            };
            let at = stream.below(events.len() as u64 + 1) as usize;
            match stream.below(3) {
                0 => events.insert(at, event),
                1 if at < events.len() => events[at] = event,
                _ if at < events.len() => {
                    events.remove(at);
                }
                _ => {}
            }
        }
        let is_end =
            |event: &SagaEvent| matches!(event, SagaEvent::Completed | SagaEvent::Abandoned);
        let effects: Vec<SagaEvent> = events
            .iter()
            .copied()
            .filter(|event| !is_end(event))
            .collect();
        let ends: BTreeSet<bool> = events
            .iter()
            .filter(|event| is_end(event))
            .map(|event| *event == SagaEvent::Completed)
            .collect();
        let fits = |allowed: &&Vec<SagaEvent>| {
            let of_allowed: Vec<SagaEvent> = allowed
                .iter()
                .copied()
                .filter(|event| !is_end(event))
                .collect();
            let completes = allowed.last() == Some(&SagaEvent::Completed);
            of_allowed == effects
                && ends.iter().all(|end| *end == completes)
                && (ends.len() == 1 || !completes)
        };
        let expected = right.iter().find(fits).is_some();
        let saga = Saga {
            saga: 1,
            steps: STEPS,
            events: events.into_iter().zip(0..).collect(),
            operation: None,
        };
        let verdict = saga::check(std::slice::from_ref(&saga), true);
        assert_eq!(verdict.holds(), expected, "{verdict:#?} {saga:?}");
        expected
    })
}

/// Two owners hold a lock at some moment, or a token was given to two.
pub(crate) fn holds(seeds: Range<u64>) -> u64 {
    each(seeds, |stream, is_right| {
        let mut from = 0;
        let mut holds = Vec::new();
        for token in 0..2 + stream.below(4) {
            let length = stream.below(4);
            holds.push(Hold {
                lock: stream.below(2),
                owner: stream.below(3) as u32,
                token: Some(if is_right { token } else { stream.below(9) }),
                from,
                until: (is_right || stream.chance(90)).then_some(from + length),
                operation: None,
            });
            from = if is_right {
                from + length
            } else {
                stream.below(9)
            };
        }
        let clash = |one: &Hold, other: &Hold| {
            let has = |hold: &Hold, half: u64| {
                2 * hold.from < half && hold.until.is_none_or(|until| half < 2 * until)
            };
            // A moment that is no event's: half way between two.
            let at_once = (0..40).any(|half| half % 2 == 1 && has(one, half) && has(other, half));
            one.lock == other.lock
                && one.owner != other.owner
                && (at_once || one.token == other.token)
        };
        let broken = holds
            .iter()
            .any(|one| holds.iter().any(|other| clash(one, other)));
        let verdict = check_holds(&holds);
        assert_eq!(verdict.is_violated(), broken, "{verdict:#?} {holds:#?}");
        !broken
    })
}

/// Some accepted token is below an earlier one of its resource.
pub(crate) fn fences(seeds: Range<u64>) -> u64 {
    each(seeds, |stream, is_right| {
        let accepted: Vec<Accepted> = (0..2 + stream.below(5))
            .map(|at| Accepted {
                resource: stream.below(2),
                token: if is_right { at } else { stream.below(5) },
                writer: stream.below(3) as u32,
                at,
                operation: None,
            })
            .collect();
        let is_stale = |at: usize| {
            accepted[..at].iter().any(|before| {
                before.resource == accepted[at].resource && before.token > accepted[at].token
            })
        };
        let stale = (0..accepted.len()).filter(|at| is_stale(*at)).count();
        let verdict = check_fences(&accepted);
        assert_eq!(
            verdict.anomalies().len(),
            stale,
            "{verdict:#?} {accepted:#?}"
        );
        stale == 0
    })
}

/// Two owners of one partition and epoch.
pub(crate) fn owners(seeds: Range<u64>) -> u64 {
    each(seeds, |stream, is_right| {
        let claims: Vec<Claim> = (0..2 + stream.below(4))
            .map(|at| {
                let (partition, epoch) = (stream.below(2), stream.below(3));
                let usual = (partition + epoch) as u32;
                Claim {
                    partition,
                    epoch,
                    owner: if is_right || stream.chance(70) {
                        usual
                    } else {
                        stream.below(4) as u32
                    },
                    at,
                    operation: None,
                }
            })
            .collect();
        let clash = |one: &Claim, other: &Claim| {
            (one.partition, one.epoch) == (other.partition, other.epoch) && one.owner != other.owner
        };
        let broken = claims
            .iter()
            .any(|one| claims.iter().any(|other| clash(one, other)));
        let verdict = ownership::check(&claims);
        assert_eq!(verdict.is_violated(), broken, "{verdict:#?} {claims:#?}");
        !broken
    })
}

/// Two steps of one group after the same updates, with different states.
pub(crate) fn states(seeds: Range<u64>) -> u64 {
    each(seeds, |stream, is_right| {
        let mut steps: Vec<strong::Step<u64>> = Vec::new();
        let mut sets: Vec<BTreeSet<u64>> = Vec::new();
        for at in 0..3 + stream.below(6) {
            let (group, replica) = (stream.below(2) as u32 / 2, stream.below(3) as u32);
            let update = stream.chance(85).then(|| stream.below(3));
            let before = steps
                .iter()
                .rposition(|step| (step.group, step.replica) == (group, replica));
            let mut set = before.map_or(BTreeSet::new(), |before| sets[before].clone());
            set.extend(update);
            let mut state = set.iter().map(|update| 1 << update).sum();
            if !is_right && stream.chance(15) {
                state = stream.below(8);
            }
            sets.push(set);
            steps.push(strong::Step {
                group,
                replica,
                at,
                update,
                state,
            });
        }
        let clash = |one: usize, other: usize| {
            steps[one].group == steps[other].group
                && sets[one] == sets[other]
                && steps[one].state != steps[other].state
        };
        let broken = (0..steps.len()).any(|one| (0..one).any(|other| clash(one, other)));
        let verdict = strong::check(&steps);
        assert_eq!(verdict.is_violated(), broken, "{verdict:#?} {steps:#?}");
        !broken
    })
}

/// A view with an element whose every add that arrived there was deleted there.
pub(crate) fn resurrections(seeds: Range<u64>) -> u64 {
    each(seeds, |stream, is_right| {
        let mut steps: Vec<deletes::Step> = Vec::new();
        for at in 0..4 + stream.below(6) {
            let (replica, element) = (stream.below(2) as u32, stream.below(2));
            let arrived: BTreeSet<u64> = adds(&steps, replica, element);
            let act = match stream.below(3) {
                0 => Act::Add {
                    element,
                    add: element * 10 + stream.below(3),
                },
                1 => Act::Delete {
                    element,
                    adds: arrived.into_iter().filter(|_| stream.chance(80)).collect(),
                },
                _ => {
                    let shown = |element: &u64| {
                        let alive = is_alive(&steps, replica, *element);
                        if is_right {
                            alive
                        } else {
                            alive != stream.chance(20)
                        }
                    };
                    Act::View((0..2).filter(shown).collect())
                }
            };
            steps.push(deletes::Step {
                replica,
                at,
                act,
                operation: None,
            });
        }
        let mut expected: BTreeSet<AnomalyName> = BTreeSet::new();
        for (at, step) in steps.iter().enumerate() {
            if let Act::View(shown) = &step.act {
                for element in shown {
                    let before = &steps[..at];
                    if adds(before, step.replica, *element).is_empty() {
                        expected.insert(PhantomElement);
                    } else if !is_alive(before, step.replica, *element) {
                        expected.insert(ResurrectedDelete);
                    }
                }
            }
        }
        let verdict = deletes::check(&steps);
        let names: BTreeSet<AnomalyName> = verdict.names().into_iter().collect();
        assert_eq!(names, expected, "{verdict:#?} {steps:#?}");
        names.is_empty()
    })
}

/// The adds of an element that arrived at a replica.
fn adds(steps: &[deletes::Step], replica: u32, element: u64) -> BTreeSet<u64> {
    let of = |step: &deletes::Step| match step.act {
        Act::Add {
            element: other,
            add,
        } if other == element => Some(add),
        _ => None,
    };
    let mine = steps.iter().filter(|step| step.replica == replica);
    mine.filter_map(of).collect()
}

/// Did an add arrive there that no delete which arrived there takes away?
fn is_alive(steps: &[deletes::Step], replica: u32, element: u64) -> bool {
    let is_deleted = |add: &u64| {
        steps.iter().any(|step| {
            step.replica == replica
                && matches!(&step.act, Act::Delete { element: other, adds } if *other == element && adds.contains(add))
        })
    };
    adds(steps, replica, element)
        .iter()
        .any(|add| !is_deleted(add))
}

/// Views that are prefixes of one order, known or not.
pub(crate) fn prefixes(seeds: Range<u64>) -> u64 {
    let orders = crate::common::transactions::orders(4);
    each(seeds, |stream, is_right| {
        let order: Vec<u64> = stream
            .pick(&orders)
            .iter()
            .map(|update| *update as u64)
            .collect();
        let views: Vec<View> = (0..1 + stream.below(3))
            .map(|at| {
                let length = stream.below(5) as usize;
                let mut updates: BTreeSet<u64> = order[..length].iter().copied().collect();
                if !is_right && stream.chance(50) {
                    let other = stream.below(5);
                    if !updates.remove(&other) {
                        updates.insert(other);
                    }
                }
                View {
                    replica: 0,
                    at,
                    updates,
                    operation: None,
                }
            })
            .collect();
        let fits = |order: &[u64], view: &View| {
            (0..=order.len()).any(|length| {
                let prefix: BTreeSet<u64> = order[..length].iter().copied().collect();
                prefix == view.updates
            })
        };
        let expected = views.iter().all(|view| fits(&order, view));
        let verdict = prefix::check(&order, &views);
        assert_eq!(verdict.holds(), expected, "{verdict:#?} {views:#?}");
        let is_known = views
            .iter()
            .all(|view| view.updates.iter().all(|update| *update < 4));
        let some = orders.iter().any(|order| {
            let order: Vec<u64> = order.iter().map(|update| *update as u64).collect();
            views.iter().all(|view| fits(&order, view))
        });
        if is_known {
            let verdict = prefix::check_without_order(&views);
            assert_eq!(verdict.holds(), some, "{verdict:#?} {views:#?}");
        }
        expected
    })
}
