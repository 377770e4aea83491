//! Deletes: what was deleted does not come back by itself.
//!
//! Plain data in, a verdict out. Every add of an element has a number of its own, and a delete names
//! the adds that it takes away, so that an add that the delete did not know of may survive it (as
//! in an observed-remove set). A tombstone that is dropped too early lets an old copy bring an
//! element back; that copy is an old add, applied again.

use crate::anomaly::AnomalyName;
use crate::verdict::{Anomaly, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a replica did or showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Act {
    /// It applied an add, its own or another's, perhaps not for the first time.
    Add {
        /// The element.
        element: u64,
        /// The add, by its number.
        add: u64,
    },
    /// It applied a delete.
    Delete {
        /// The element.
        element: u64,
        /// The adds that are taken away.
        adds: Vec<u64>,
    },
    /// It showed these elements to a reader of everything.
    View(BTreeSet<u64>),
}

/// One step of one replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The replica.
    pub replica: u32,
    /// When, in nanoseconds.
    pub at: u64,
    /// What it did.
    pub act: Act,
    /// The operation of the history, if any: what evidence refers to.
    pub operation: Option<usize>,
}

/// What a replica knows of an element.
#[derive(Default)]
struct Known<'a> {
    adds: BTreeSet<u64>,
    deleted: BTreeSet<u64>,
    last_delete: Option<&'a Step>,
}

/// Findings that are told before the rest is left out.
const TOLD_MAX: usize = 16;

/// Judges the steps of all replicas, given in the order in which each took its own.
///
/// An element is resurrected where a replica shows it though it has applied deletes of every add
/// of it that it has applied, and of one at least. An element that the replica has applied no add of
/// is a phantom.
pub fn check(steps: &[Step]) -> Verdict {
    let mut known: BTreeMap<(u32, u64), Known<'_>> = BTreeMap::new();
    let mut found = Vec::new();
    for step in steps {
        match &step.act {
            Act::Add { element, add } => {
                let known = known.entry((step.replica, *element)).or_default();
                known.adds.insert(*add);
            }
            Act::Delete { element, adds } => {
                let known = known.entry((step.replica, *element)).or_default();
                known.deleted.extend(adds);
                known.last_delete = Some(step);
            }
            Act::View(elements) => {
                for element in elements {
                    if found.len() < TOLD_MAX {
                        found.extend(judge(step, *element, known.get(&(step.replica, *element))));
                    }
                }
            }
        }
    }
    Verdict::from_anomalies(found)
}

fn judge(view: &Step, element: u64, known: Option<&Known<'_>>) -> Option<Anomaly> {
    let shows = format!(
        "replica {} shows element {element} at {} ns",
        view.replica, view.at
    );
    let Some(known) = known.filter(|known| !known.adds.is_empty()) else {
        let words = format!("{shows}, and no add of it had arrived there");
        let anomaly = Anomaly::new(AnomalyName::PhantomElement, words);
        return Some(anomaly.with_operations(view.operation));
    };
    let delete = known.last_delete?;
    if !known.adds.is_subset(&known.deleted) {
        return None;
    }
    let words = format!(
        "{shows}, though it had deleted it by {} ns and nobody added it again",
        delete.at
    );
    Some(
        Anomaly::new(AnomalyName::ResurrectedDelete, words)
            .with_operations(delete.operation.into_iter().chain(view.operation))
            .with_step(format!("adds applied there: {:?}", known.adds))
            .with_step(format!("adds deleted there: {:?}", known.deleted)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(acts: Vec<Act>) -> Vec<Step> {
        let step = |(at, act)| Step {
            replica: 1,
            at,
            act,
            operation: Some(at as usize),
        };
        (0..).zip(acts).map(step).collect()
    }

    fn add(add: u64) -> Act {
        Act::Add { element: 7, add }
    }

    fn delete(adds: &[u64]) -> Act {
        Act::Delete {
            element: 7,
            adds: adds.to_vec(),
        }
    }

    #[test]
    fn what_was_deleted_stays_away() {
        let shows = || Act::View([7].into());
        let hides = || Act::View(BTreeSet::new());
        let good = steps(vec![add(1), shows(), delete(&[1]), hides()]);
        assert_eq!(check(&good), Verdict::Holds);
        // An old copy of the add arrives once more.
        let bad = steps(vec![add(1), delete(&[1]), hides(), add(1), shows()]);
        let verdict = check(&bad);
        assert_eq!(verdict.names(), [AnomalyName::ResurrectedDelete]);
        assert_eq!(verdict.anomalies()[0].operations, [1, 4]);
    }

    #[test]
    fn an_add_that_the_delete_did_not_know_of_survives_it() {
        let shows = Act::View([7].into());
        let again = steps(vec![add(1), delete(&[1]), add(2), shows.clone()]);
        assert_eq!(check(&again), Verdict::Holds);
        let both = steps(vec![add(1), add(2), delete(&[1]), shows]);
        assert_eq!(check(&both), Verdict::Holds);
    }

    #[test]
    fn what_nobody_added_is_a_phantom() {
        let verdict = check(&steps(vec![Act::View([7].into())]));
        assert_eq!(verdict.names(), [AnomalyName::PhantomElement]);
    }
}
