//! A set that only grows: which elements are lost, stale, never read, or nobody's.
//!
//! An element is known from the end of its addition or from the first read that shows it, whichever
//! is first. A read that begins later and lacks it is stale; if no read after the last absence
//! shows it, it is lost. Jepsen's set-full checker.

use super::TOLD_MAX;
use crate::anomaly::AnomalyName;
use crate::history::History;
use crate::linearizable::{SetCall, SetResponse};
use crate::verdict::{Anomaly, Reason, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

/// What became of one element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// The operation that added it.
    pub added_by: Option<usize>,
    /// When it was first certain to be there: event and time in nanoseconds.
    pub known: Option<(u64, u64)>,
    /// The last read that began after that and lacked it: its beginning, its id.
    pub last_absent: Option<(u64, u64, usize)>,
    /// The read that showed it and began last: its beginning, its id.
    pub last_present: Option<(u64, u64, usize)>,
}

/// The answer, with latencies in nanoseconds.
#[derive(Clone, Debug)]
pub struct SetFull {
    /// Is nothing lost, stale or nobody's?
    pub verdict: Verdict,
    /// For elements that are there in the end: from being known to the last read without them.
    pub stable_latencies: Vec<u64>,
    /// For lost ones: from being known to the last read that showed them.
    pub lost_latencies: Vec<u64>,
    /// Acknowledged elements that no read could have shown, because none came after.
    pub never_read: usize,
}

/// Judges a set that only grows.
pub fn set_full<V: Ord + Debug>(history: &History<SetCall<V>, SetResponse<V>>) -> SetFull {
    let mut elements: BTreeMap<&V, Element> = BTreeMap::new();
    let mut phantoms = Vec::new();
    let mut reads: Vec<(usize, u64, u64, &BTreeSet<V>)> = Vec::new();
    for (id, operation) in history.operations().iter().enumerate() {
        match (&operation.call, operation.response()) {
            (SetCall::Add(value), _) if !operation.is_fail() => {
                let element = elements.entry(value).or_default();
                element.added_by = Some(id);
                let ended = operation.completed().map(|at| (at.index, at.time));
                element.known = earliest(element.known, ended);
            }
            (SetCall::Remove(_), _) => {
                let words = "an element is removed; this check is for sets that only grow";
                return SetFull::unknown(words);
            }
            (SetCall::Read, Some(SetResponse::Elements(seen))) => {
                let begun = operation.invoked;
                reads.push((id, begun.index, begun.time, seen));
                let ended = operation.completed().map(|at| (at.index, at.time));
                for value in seen {
                    let element = elements.entry(value).or_default();
                    element.known = earliest(element.known, ended);
                }
            }
            _ => {}
        }
    }
    if reads.is_empty() {
        return SetFull::unknown("no read of the set ended ok; end with one");
    }
    for (id, index, time, seen) in &reads {
        for (value, element) in &mut elements {
            if seen.contains(*value) {
                element.last_present = element.last_present.max(Some((*index, *time, *id)));
                if element.added_by.is_none() && phantoms.len() < TOLD_MAX {
                    let words = format!("read #{id} shows {value:?}, which nobody added");
                    phantoms.push(
                        Anomaly::new(AnomalyName::PhantomElement, words).with_operations([*id]),
                    );
                }
            } else if element.known.is_some_and(|(known, _)| known < *index) {
                element.last_absent = element.last_absent.max(Some((*index, *time, *id)));
            }
        }
    }
    SetFull::new(&elements, phantoms)
}

fn earliest(one: Option<(u64, u64)>, other: Option<(u64, u64)>) -> Option<(u64, u64)> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

impl SetFull {
    fn unknown(words: &str) -> Self {
        Self {
            verdict: Verdict::Unknown(Reason::NotEnoughKnown(words.to_owned())),
            stable_latencies: Vec::new(),
            lost_latencies: Vec::new(),
            never_read: 0,
        }
    }

    fn new<V: Debug>(elements: &BTreeMap<&V, Element>, phantoms: Vec<Anomaly>) -> Self {
        let mut full = Self {
            verdict: Verdict::Holds,
            stable_latencies: Vec::new(),
            lost_latencies: Vec::new(),
            never_read: 0,
        };
        let mut found = phantoms;
        let (mut lost, mut stale) = (0, 0);
        for (value, element) in elements {
            let Some((_, known)) = element.known else {
                continue;
            };
            let is_lost = element.last_absent > element.last_present;
            match element.last_absent {
                Some((_, absent, read)) if is_lost => {
                    let present = element.last_present.map_or(known, |(_, time, _)| time);
                    full.lost_latencies.push(present.saturating_sub(known));
                    lost += 1;
                    if lost <= TOLD_MAX {
                        let name = match element.last_present {
                            Some(_) => AnomalyName::LostElement,
                            None => AnomalyName::NeverRead,
                        };
                        let words = format!(
                            "{value:?} was there at {known} ns, and read #{read} at {absent} ns and \
                             all later ones lack it"
                        );
                        found.push(
                            Anomaly::new(name, words)
                                .with_operations(element.added_by.into_iter().chain([read])),
                        );
                    }
                }
                Some((_, absent, read)) => {
                    full.stable_latencies.push(absent.saturating_sub(known));
                    stale += 1;
                    if stale <= TOLD_MAX {
                        let words = format!(
                            "{value:?} was there at {known} ns, read #{read} at {absent} ns lacks \
                             it, and a later one has it"
                        );
                        found.push(
                            Anomaly::new(AnomalyName::StaleElement, words)
                                .with_operations(element.added_by.into_iter().chain([read])),
                        );
                    }
                }
                None if element.last_present.is_some() => full.stable_latencies.push(0),
                None => full.never_read += 1,
            }
        }
        full.verdict = Verdict::from_anomalies(found);
        full
    }
}
