//! Objects that many change at once: counters, sets, maps, lists.
//!
//! Calls are planned without knowing what a node will hold: what is taken out or built upon was planned
//! to be put in not long before.

use std::collections::BTreeMap;

use murphy_models::service::objects::{Element, Key, Kind, Request};
use murphy_sim::{PlannedCall, Stream};

use super::Demand;

/// The most that is counted at once.
const COUNT_MOST: u64 = 5;

/// How far back in the plan of a key a call looks for something to change.
const NOT_LONG: u64 = 4;

/// Counters that are only counted up.
pub(crate) fn tally(demand: &Demand, stream: &mut Stream) -> Vec<PlannedCall<Request>> {
    calls(demand, Kind::Tally, stream, |key, stream| Request::Count {
        key,
        by: stream.between(1, COUNT_MOST) as u32,
    })
}

/// Counters that are counted up, and down almost as often.
pub(crate) fn counter(demand: &Demand, stream: &mut Stream) -> Vec<PlannedCall<Request>> {
    calls(demand, Kind::Counter, stream, |key, stream| {
        let amount = stream.between(1, COUNT_MOST) as i64;
        let down = stream.below(5) < 2;
        Request::Add {
            key,
            amount: if down { -amount } else { amount },
        }
    })
}

/// Elements put in, half as often taken out again, and now and then put in once more.
pub(crate) fn set(demand: &Demand, stream: &mut Stream) -> Vec<PlannedCall<Request>> {
    let mut planned = Planned::default();
    calls(demand, Kind::Set, stream, |key, stream| {
        match (stream.below(6), planned.recent(key, stream)) {
            (0 | 1, Some(element)) => Request::Remove { key, element },
            (2, Some(element)) => Request::Insert { key, element },
            _ => Request::Insert {
                key,
                element: planned.next(key),
            },
        }
    })
}

/// Unique values put under a few fields, and fields deleted.
pub(crate) fn map(demand: &Demand, stream: &mut Stream) -> Vec<PlannedCall<Request>> {
    const FIELDS: u64 = 4;
    let mut planned = Planned::default();
    calls(demand, Kind::Map, stream, |key, stream| {
        let field = stream.below(FIELDS) as u32;
        if stream.below(4) == 0 {
            return Request::Delete { key, field };
        }
        let value = planned.next(key);
        Request::Put { key, field, value }
    })
}

/// Elements put in front or behind others, and taken out.
pub(crate) fn list(demand: &Demand, stream: &mut Stream) -> Vec<PlannedCall<Request>> {
    let mut planned = Planned::default();
    calls(demand, Kind::List, stream, |key, stream| {
        let recent = planned.recent(key, stream);
        match (stream.below(6), recent) {
            (0, Some(element)) => Request::Erase { key, element },
            (1, _) | (_, None) => Request::InsertAfter {
                key,
                after: None,
                element: planned.next(key),
            },
            (_, after) => Request::InsertAfter {
                key,
                after,
                element: planned.next(key),
            },
        }
    })
}

fn calls(
    demand: &Demand,
    kind: Kind,
    stream: &mut Stream,
    mut update: impl FnMut(Key, &mut Stream) -> Request,
) -> Vec<PlannedCall<Request>> {
    let mut calls = demand.calls(stream, |stream| {
        let key = demand.key(stream);
        if stream.chance(demand.reads) {
            Request::Read { kind, key }
        } else {
            update(key, stream)
        }
    });
    let read = |key| Request::Read { kind, key };
    let reads: Vec<Request> = (0..demand.keys).map(read).collect();
    demand.last_calls(&reads, &mut calls);
    calls
}

/// The last element planned for each key.
#[derive(Default)]
struct Planned(BTreeMap<Key, Element>);

impl Planned {
    fn next(&mut self, key: Key) -> Element {
        let last = self.0.entry(key).or_default();
        *last += 1;
        *last
    }

    fn recent(&self, key: Key, stream: &mut Stream) -> Option<Element> {
        let last = *self.0.get(&key)?;
        Some(last - stream.below(NOT_LONG.min(last)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::workload::tests::demand;

    #[test]
    fn every_workload_changes_its_own_kind_and_reads_it_in_the_end() {
        for (kind, draw) in [
            (Kind::Tally, tally as fn(&Demand, &mut Stream) -> Vec<_>),
            (Kind::Counter, counter),
            (Kind::Set, set),
            (Kind::Map, map),
            (Kind::List, list),
        ] {
            let calls = draw(&demand(), &mut Stream::named(3, "workload"));
            assert!(calls.iter().all(|call| call.request.object().0 == kind));
            let is_read =
                |call: &PlannedCall<Request>| matches!(call.request, Request::Read { .. });
            assert!(calls.iter().rev().take(20).all(is_read), "{kind:?}");
            assert!(calls.iter().filter(|call| !is_read(call)).count() > 300);
        }
    }

    #[test]
    fn no_element_is_put_into_a_list_twice() {
        let mut seen = BTreeSet::new();
        for call in list(&demand(), &mut Stream::named(3, "workload")) {
            if let Request::InsertAfter {
                key,
                after,
                element,
            } = call.request
            {
                assert!(after.is_none_or(|after| seen.contains(&(key, after))));
                assert!(seen.insert((key, element)));
            }
        }
    }
}
