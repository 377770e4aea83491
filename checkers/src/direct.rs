//! Checks that need no search: sets that only grow, queues in any order, ids, counters, long fork.
//!
//! Each is near-linear, and is as strong as its name: a history that passes here may still fail a
//! stronger check. After Jepsen's checkers of the same names.

mod long_fork;
mod set_full;

pub use long_fork::long_fork;
pub use set_full::{Element as SetElement, SetFull, set_full};

use crate::anomaly::AnomalyName;
use crate::history::{History, Operation};
use crate::linearizable::{CounterCall, CounterResponse, PileCall, PileResponse};
use crate::verdict::{Anomaly, Verdict};
use std::collections::BTreeMap;
use std::fmt::Debug;

/// Findings of one kind that are told before the rest is left out.
const TOLD_MAX: usize = 16;

/// Is every id given out once?
pub fn unique_ids<C, V: Ord + Debug>(history: &History<C, V>) -> Verdict {
    let mut given: BTreeMap<&V, usize> = BTreeMap::new();
    let mut found = Vec::new();
    for (id, operation) in history.operations().iter().enumerate() {
        let Some(value) = operation.response() else {
            continue;
        };
        if let Some(first) = given.insert(value, id)
            && found.len() < TOLD_MAX
        {
            let words = format!("operations #{first} and #{id} were both given {value:?}");
            found.push(Anomaly::new(AnomalyName::DuplicateIds, words).with_operations([first, id]));
        }
    }
    Verdict::from_anomalies(found)
}

/// Is everything that was put taken once, and nothing else, in whatever order?
///
/// Meant for a history that ends with everything drained.
pub fn total_queue<V: Ord + Debug>(history: &History<PileCall<V>, PileResponse<V>>) -> Verdict {
    #[derive(Default)]
    struct Count {
        tried: usize,
        acknowledged: usize,
        taken: usize,
        operations: Vec<usize>,
    }
    let mut counts: BTreeMap<&V, Count> = BTreeMap::new();
    for (id, operation) in history.operations().iter().enumerate() {
        match (&operation.call, operation.response()) {
            (PileCall::Put(value), _) if !operation.is_fail() => {
                let count = counts.entry(value).or_default();
                count.tried += 1;
                count.acknowledged += usize::from(operation.is_ok());
                count.operations.push(id);
            }
            (PileCall::Take, Some(PileResponse::Taken(Some(value)))) => {
                let count = counts.entry(value).or_default();
                count.taken += 1;
                count.operations.push(id);
            }
            _ => {}
        }
    }
    let judge = |(value, count): (&V, Count)| {
        let Count {
            tried,
            acknowledged,
            taken,
            operations,
        } = count;
        let (name, words) = if taken > 0 && tried == 0 {
            (
                AnomalyName::PhantomMessage,
                format!("{value:?} was taken and never put"),
            )
        } else if taken > tried {
            let words = format!("{value:?} was put {tried} times and taken {taken} times");
            (AnomalyName::DuplicateMessage, words)
        } else if taken < acknowledged {
            let words = format!("{value:?} was put {acknowledged} times and taken {taken} times");
            (AnomalyName::LostMessage, words)
        } else {
            return None;
        };
        Some(Anomaly::new(name, words).with_operations(operations))
    };
    Verdict::from_anomalies(
        counts
            .into_iter()
            .filter_map(judge)
            .take(TOLD_MAX)
            .collect(),
    )
}

/// Is every read of a counter within what the additions around it allow?
///
/// The least is what had certainly been added when the read began, with every subtraction that
/// may have happened until it ended; the most is the other way round.
pub fn counter_bounds(initial: i64, history: &History<CounterCall, CounterResponse>) -> Verdict {
    #[derive(Clone, Copy)]
    enum Event {
        Tried(i64),
        Done(i64),
        ReadBegins(usize),
        ReadEnds(usize),
    }
    let mut events: Vec<(u64, Event)> = Vec::new();
    for (id, operation) in history.operations().iter().enumerate() {
        let begun = operation.invoked.index;
        match (&operation.call, operation.completed()) {
            (CounterCall::Add(_), _) if operation.is_fail() => {}
            (CounterCall::Add(more), ended) => {
                events.push((begun, Event::Tried(*more)));
                events.extend(ended.map(|at| (at.index, Event::Done(*more))));
            }
            (CounterCall::Read, Some(at)) if operation.is_ok() => {
                events.push((begun, Event::ReadBegins(id)));
                events.push((at.index, Event::ReadEnds(id)));
            }
            (CounterCall::Read, _) => {}
        }
    }
    events.sort_unstable_by_key(|(at, _)| *at);
    let (mut least, mut most) = (i128::from(initial), i128::from(initial));
    let mut open: BTreeMap<usize, (i128, i128)> = BTreeMap::new();
    let mut found = Vec::new();
    for (_, event) in events {
        match event {
            // A positive addition raises the most at once and the least when it is done.
            Event::Tried(more) if more >= 0 => most += i128::from(more),
            Event::Done(more) if more >= 0 => least += i128::from(more),
            Event::Tried(less) => least += i128::from(less),
            Event::Done(less) => most += i128::from(less),
            Event::ReadBegins(id) => {
                open.insert(id, (least, most));
            }
            Event::ReadEnds(id) => {
                let bounds = open.remove(&id).expect("a read ends after it began");
                found.extend(out_of_bounds(&history.operations()[id], id, bounds));
            }
        }
        for (low, high) in open.values_mut() {
            *low = (*low).min(least);
            *high = (*high).max(most);
        }
    }
    found.truncate(TOLD_MAX);
    Verdict::from_anomalies(found)
}

fn out_of_bounds(
    operation: &Operation<CounterCall, CounterResponse>,
    id: usize,
    (low, high): (i128, i128),
) -> Option<Anomaly> {
    let Some(CounterResponse::Sum(seen)) = operation.response() else {
        return None;
    };
    let is_inside = (low..=high).contains(&i128::from(*seen));
    let words = format!("read #{id} saw {seen}, but {low} to {high} is possible");
    (!is_inside).then(|| Anomaly::new(AnomalyName::CounterOutOfBounds, words).with_operations([id]))
}

/// Does no process see a key that only grows go back?
///
/// Each operation answers with the keys that it read and what it saw there.
pub fn monotonic_keys<C, K: Ord + Debug, V: Ord + Debug>(
    history: &History<C, Vec<(K, V)>>,
) -> Verdict {
    let mut last: BTreeMap<(u32, &K), (&V, usize)> = BTreeMap::new();
    let mut found = Vec::new();
    for (id, operation) in history.operations().iter().enumerate() {
        for (key, value) in operation.response().into_iter().flatten() {
            let process = operation.process.0;
            if let Some((before, first)) = last.insert((process, key), (value, id))
                && before > value
                && found.len() < TOLD_MAX
            {
                let words = format!(
                    "process {process} saw {key:?} at {before:?} (#{first}) and then at {value:?} \
                     (#{id})"
                );
                found.push(
                    Anomaly::new(AnomalyName::NonMonotonicKey, words).with_operations([first, id]),
                );
            }
        }
    }
    Verdict::from_anomalies(found)
}

#[cfg(test)]
mod tests;
