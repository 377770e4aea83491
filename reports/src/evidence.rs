//! Numbers for the calls that checkers name as evidence, so that the text and the picture of a run
//! speak of the same call by the same number.

use std::collections::BTreeMap;

use crate::record::{AnomalyRecord, CallSpan, Diagram, RunRecord};

/// The most calls that have a number.
const NUMBERS: usize = 99;

/// The number of each call that is evidence, from 1, by its index in the diagram.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Numbers(BTreeMap<usize, usize>);

impl Numbers {
    /// Numbers the evidence of a run in the order in which the checks name it: of the calls that
    /// are in the picture, as many as a reader can tell apart.
    pub(crate) fn of(run: &RunRecord) -> Numbers {
        let Some(diagram) = &run.diagram else {
            return Numbers::default();
        };
        let anomalies = run.checks.iter().flat_map(|check| &check.anomalies);
        let named = anomalies.flat_map(|anomaly| anomaly.calls.iter().copied());
        let marked = (0..diagram.calls.len()).filter(|&call| diagram.calls[call].evidence);
        let mut numbers = BTreeMap::new();
        for call in named.chain(marked) {
            let next = numbers.len() + 1;
            if next <= NUMBERS
                && diagram
                    .calls
                    .get(call)
                    .is_some_and(|call| diagram.shows(call))
            {
                numbers.entry(call).or_insert(next);
            }
        }
        Numbers(numbers)
    }

    /// The number of a call, if it is evidence.
    pub(crate) fn get(&self, call: usize) -> Option<usize> {
        self.0.get(&call).copied()
    }

    /// The calls that are evidence, with their numbers, in the order of the diagram.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, usize)> {
        self.0.iter().map(|(call, number)| (*call, *number))
    }

    /// True where a run has no evidence to number.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number to set beside each line of an anomaly's evidence: one a line where the checker
    /// gave a call for each line, and none where it did not.
    pub(crate) fn beside(&self, anomaly: &AnomalyRecord) -> Vec<Option<usize>> {
        if anomaly.calls.len() == anomaly.evidence.len() {
            anomaly.calls.iter().map(|&call| self.get(call)).collect()
        } else {
            vec![None; anomaly.evidence.len()]
        }
    }
}

impl Diagram {
    /// True where a call is in a lane, and in the stretch of time, that the picture shows.
    pub(crate) fn shows(&self, call: &CallSpan) -> bool {
        call.lane < self.lanes.len()
            && call.invoked <= self.until
            && call.ended.is_none_or(|ended| ended >= self.from)
    }
}

/// `write x 3 → ok`.
pub(crate) fn told(call: &CallSpan) -> String {
    format!("{} → {}", call.asked, call.answered)
}
