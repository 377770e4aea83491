//! The operations that a person must see to follow the evidence: those that it names, and what went
//! on beside them. Nothing else of a long history is told.

use crate::history::{History, Operation, Outcome};
use crate::linearizable::Sequential;
use crate::verdict::{Anomaly, Verdict};
use std::collections::BTreeSet;

/// One operation, told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownOperation {
    /// Its position in the history, by which evidence names it.
    pub operation: usize,
    /// Who called.
    pub process: u32,
    /// The position of its beginning among all beginnings and ends.
    pub invoked: u64,
    /// The position of its end; none where nobody ever knew.
    pub ended: Option<u64>,
    /// `ok`, `fail` or `info`.
    pub outcome: &'static str,
    /// What was asked and answered.
    pub told: String,
    /// Does the evidence name it?
    pub is_evidence: bool,
}

/// Operations of the evidence that are shown.
const EVIDENCE_MAX: usize = 60;
/// Operations shown altogether.
const SHOWN_MAX: usize = 90;

/// The evidence of a verdict, and as much as fits of what went on beside it.
pub(super) fn around<C, R>(
    history: &History<C, R>,
    verdict: &Verdict,
    tell: impl Fn(usize, &Operation<C, R>) -> String,
) -> Vec<ShownOperation> {
    let named = |anomaly: &Anomaly| -> Vec<usize> {
        let ends = anomaly.edges.iter().flat_map(|edge| [edge.from, edge.to]);
        anomaly.operations.iter().copied().chain(ends).collect()
    };
    let mut evidence: Vec<usize> = Vec::new();
    for id in verdict.anomalies().iter().flat_map(named) {
        if id < history.len() && !evidence.contains(&id) && evidence.len() < EVIDENCE_MAX {
            evidence.push(id);
        }
    }
    let mut chosen: BTreeSet<usize> = evidence.iter().copied().collect();
    let mut beside = beside(history, &chosen);
    beside.sort_unstable();
    let room = SHOWN_MAX - chosen.len();
    chosen.extend(beside.into_iter().take(room).map(|(_, id)| id));
    let show = |id: usize| {
        let operation = &history.operations()[id];
        ShownOperation {
            operation: id,
            process: operation.process.0,
            invoked: operation.invoked.index,
            ended: end(operation),
            outcome: match operation.outcome {
                Outcome::Ok { .. } => "ok",
                Outcome::Fail { .. } => "fail",
                Outcome::Info => "info",
            },
            told: tell(id, operation),
            is_evidence: evidence.contains(&id),
        }
    };
    chosen.into_iter().map(show).collect()
}

/// A model's calls in its own words.
pub(super) fn told_by<M: Sequential>(
    model: &M,
) -> impl Fn(usize, &Operation<M::Call, M::Response>) -> String {
    |_, operation| model.tell(&operation.call, operation.response())
}

/// Operations that were open together with one of these, with how far they began from it.
fn beside<C, R>(history: &History<C, R>, chosen: &BTreeSet<usize>) -> Vec<(u64, usize)> {
    let span = |id: &usize| {
        let operation = &history.operations()[*id];
        let begun = operation.invoked.index;
        // What never ends is open beside everything: only its beginning counts.
        (begun, end(operation).unwrap_or(begun))
    };
    let spans: Vec<(u64, u64)> = chosen.iter().map(span).collect();
    let distance = |(id, operation): (usize, &Operation<C, R>)| {
        let (begun, ended) = (operation.invoked.index, end(operation).unwrap_or(u64::MAX));
        let open = spans
            .iter()
            .filter(|(from, until)| begun <= *until && ended >= *from);
        let nearest = open.map(|(from, _)| from.abs_diff(begun)).min()?;
        (!chosen.contains(&id)).then_some((nearest, id))
    };
    let operations = history.operations().iter().enumerate();
    operations.filter_map(distance).collect()
}

fn end<C, R>(operation: &Operation<C, R>) -> Option<u64> {
    match operation.outcome {
        Outcome::Ok { at, .. } | Outcome::Fail { at } => Some(at.index),
        Outcome::Info => None,
    }
}
