//! A list: all readers see one order, an element stands behind the one it was put behind, and none is
//! lost or comes back.
//!
//! Attiya et al., "Specification and complexity of collaborative text editing", 2016: the strong list
//! specification, as far as pairs of elements tell; cycles of three and more are not looked for. Elements
//! are put in once.

use super::{LastReads, TOLD_MAX, is_before};
use crate::anomaly::AnomalyName;
use crate::history::{History, Operation};
use crate::verdict::{Anomaly, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

/// What can be asked of a list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ListCall<V> {
    /// Put an element right behind another, or in front.
    InsertAfter(Option<V>, V),
    /// Take an element out.
    Erase(V),
    /// What is there?
    Read,
}

/// Its answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ListResponse<V> {
    /// It was put in, or taken out.
    Done,
    /// The elements in order.
    Elements(Vec<V>),
}

type Op<V> = Operation<ListCall<V>, ListResponse<V>>;

/// Judges a list that begins empty.
pub fn list<V: Ord + Debug>(
    history: &History<ListCall<V>, ListResponse<V>>,
    last: LastReads,
) -> Verdict {
    let mut inserted: BTreeMap<&V, (usize, &Op<V>)> = BTreeMap::new();
    let mut erased: BTreeMap<&V, Vec<(usize, &Op<V>)>> = BTreeMap::new();
    // Which operation said first that one element stands before another.
    let mut order: BTreeMap<(&V, &V), usize> = BTreeMap::new();
    let mut reads: Vec<(usize, &Op<V>, &Vec<V>)> = Vec::new();
    for (id, operation) in history.operations().iter().enumerate() {
        match (&operation.call, operation.response()) {
            (ListCall::InsertAfter(after, value), _) if !operation.is_fail() => {
                inserted.insert(value, (id, operation));
                if let Some(after) = after {
                    order.insert((after, value), id);
                }
            }
            (ListCall::Erase(value), _) if !operation.is_fail() => {
                erased.entry(value).or_default().push((id, operation));
            }
            (ListCall::Read, Some(ListResponse::Elements(seen))) => {
                reads.push((id, operation, seen));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    for (id, read, seen) in reads {
        let present: BTreeSet<&V> = seen.iter().collect();
        found.extend(made_up(id, seen, &present, &inserted));
        found.extend(disordered(id, seen, &mut order));
        if !last.has(read) {
            continue;
        }
        for (value, (insert, operation)) in &inserted {
            let erasures = erased.get(value).map_or(&[][..], Vec::as_slice);
            let is_there = present.contains(value);
            if !is_there && erasures.is_empty() && is_before(operation, read) {
                let words = format!("{value:?} was put in (#{insert}), and read #{id} lacks it");
                let lost = Anomaly::new(AnomalyName::LostElement, words);
                found.push(lost.with_operations([*insert, id]));
            }
            let taken = erasures.iter().find(|(_, erase)| is_before(erase, read));
            if let Some((erase, _)) = taken.filter(|_| is_there) {
                let words = format!("{value:?} was taken out (#{erase}), and read #{id} shows it");
                let back = Anomaly::new(AnomalyName::ResurrectedDelete, words);
                found.push(back.with_operations([*erase, id]));
            }
        }
    }
    found.truncate(TOLD_MAX);
    Verdict::from_anomalies(found)
}

fn made_up<V: Ord + Debug>(
    id: usize,
    seen: &[V],
    present: &BTreeSet<&V>,
    inserted: &BTreeMap<&V, (usize, &Op<V>)>,
) -> Option<Anomaly> {
    if let Some(value) = seen.iter().find(|value| !inserted.contains_key(value)) {
        let words = format!("read #{id} shows {value:?}, which nobody put in");
        return Some(Anomaly::new(AnomalyName::PhantomElement, words).with_operations([id]));
    }
    let words = format!("read #{id} shows an element more than once: {seen:?}");
    let twice = Anomaly::new(AnomalyName::DuplicateElement, words).with_operations([id]);
    (present.len() < seen.len()).then_some(twice)
}

/// The first pair that another operation has the other way round; tells `order` of the rest.
fn disordered<'a, V: Ord + Debug>(
    id: usize,
    seen: &'a [V],
    order: &mut BTreeMap<(&'a V, &'a V), usize>,
) -> Option<Anomaly> {
    for (at, one) in seen.iter().enumerate() {
        for other in &seen[at + 1..] {
            if let Some(first) = order.get(&(other, one)) {
                let words = format!(
                    "read #{id} shows {one:?} before {other:?}, which #{first} has the other way round"
                );
                let anomaly = Anomaly::new(AnomalyName::IncompatibleOrder, words);
                return Some(anomaly.with_operations([*first, id]));
            }
            order.entry((one, other)).or_insert(id);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Process;

    /// Calls one after the other: `+`, an element and the one before it, `-` and an element, or `r` and
    /// what was read; from `last` on, reads are the last ones.
    fn judge(text: &str) -> Verdict {
        let mut builder = History::builder();
        let mut time = 0;
        for line in text.split(';').map(str::trim) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let number = |word: &str| word.parse::<u32>().expect("a number");
            time += 1;
            let (call, response) = match words[..] {
                ["last"] => {
                    time = 100;
                    continue;
                }
                ["+", value] => (
                    ListCall::InsertAfter(None, number(value)),
                    ListResponse::Done,
                ),
                ["+", value, after] => {
                    let after = Some(number(after));
                    (
                        ListCall::InsertAfter(after, number(value)),
                        ListResponse::Done,
                    )
                }
                ["-", value] => (ListCall::Erase(number(value)), ListResponse::Done),
                ["r", ref seen @ ..] => {
                    let seen = seen.iter().map(|value| number(value)).collect();
                    (ListCall::Read, ListResponse::Elements(seen))
                }
                _ => panic!("no such line: {line}"),
            };
            builder.invoke(Process(0), time, call).expect("in turn");
            builder.ok(Process(0), time, response).expect("in turn");
        }
        list(&builder.finish(), LastReads { from: 100 })
    }

    #[test]
    fn readers_agree_on_the_order() {
        assert_eq!(
            judge("+ 1; + 2; + 3 1; r 2 1; r 1 3; last; r 2 1 3"),
            Verdict::Holds
        );
        let parted = judge("+ 1; + 2; r 2 1; last; r 1 2");
        assert_eq!(parted.names(), [AnomalyName::IncompatibleOrder]);
        let before = judge("+ 1; + 2 1; last; r 2 1");
        assert_eq!(before.names(), [AnomalyName::IncompatibleOrder]);
        assert_eq!(before.anomalies()[0].operations, [1, 2]);
    }

    #[test]
    fn what_was_put_in_is_there_once_and_what_was_taken_out_is_not() {
        assert_eq!(judge("+ 1; + 2; - 1; r 1; last; r 2"), Verdict::Holds);
        let lost = judge("+ 1; + 2; last; r 2");
        assert_eq!(lost.names(), [AnomalyName::LostElement]);
        let back = judge("+ 1; - 1; last; r 1");
        assert_eq!(back.names(), [AnomalyName::ResurrectedDelete]);
        let twice = judge("+ 1; last; r 1 1");
        assert_eq!(twice.names(), [AnomalyName::DuplicateElement]);
        let phantom = judge("+ 1; r 9; last; r 1");
        assert_eq!(phantom.names(), [AnomalyName::PhantomElement]);
    }
}
