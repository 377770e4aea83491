//! An order that the servers know, as a certificate: cheap to check, and never believed.
//!
//! Whoever harnesses the servers often knows in which order they took effect. If that order explains
//! every answer and keeps real time, the history is linearizable and no search is needed. If not,
//! the order may be wrong rather than the history: then the history is searched.

use super::{Sequential, check};
use crate::budget::Meter;
use crate::history::History;
use crate::verdict::{Reason, Verdict};
use std::collections::BTreeMap;

/// Is the history linearizable, most likely in this order of its operations (by position)?
///
/// Operations that leave every state as it is may be missing: they are put where they fit. Unknown
/// operations that are missing are taken never to have happened. What the order cannot prove is
/// searched for, so that the answer is that of [`check`], whatever the order says.
pub fn check_in_order<M: Sequential>(
    model: &M,
    history: &History<M::Call, M::Response>,
    order: &[usize],
    meter: &mut Meter<'_>,
) -> Verdict {
    match is_certified(model, history, order, meter) {
        Ok(true) => Verdict::Holds,
        Ok(false) => check(model, history, meter),
        Err(reason) => Verdict::Unknown(reason),
    }
}

/// Does an order prove by itself that the history is linearizable?
pub fn is_certified<M: Sequential>(
    model: &M,
    history: &History<M::Call, M::Response>,
    order: &[usize],
    meter: &mut Meter<'_>,
) -> Result<bool, Reason> {
    meter.spend(history.len() as u64 + order.len() as u64)?;
    let operations = history.operations();
    let mut is_placed = vec![false; operations.len()];
    let mut lines: BTreeMap<M::Key, Line> = BTreeMap::new();
    for &id in order {
        let Some(operation) = operations.get(id) else {
            return Ok(false);
        };
        if operation.is_fail() || std::mem::replace(&mut is_placed[id], true) {
            return Ok(false);
        }
        lines
            .entry(model.key(&operation.call))
            .or_default()
            .order
            .push(id);
    }
    for (id, operation) in operations.iter().enumerate() {
        if is_placed[id] || !operation.is_ok() {
            continue;
        }
        if !model.only_observes(&operation.call, operation.response()) {
            return Ok(false);
        }
        lines
            .entry(model.key(&operation.call))
            .or_default()
            .observers
            .push(id);
    }
    for line in lines.values() {
        if !line.holds(model, history, meter)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The operations of one key: in their order, and without one.
#[derive(Default)]
struct Line {
    order: Vec<usize>,
    observers: Vec<usize>,
}

impl Line {
    fn holds<M: Sequential>(
        &self,
        model: &M,
        history: &History<M::Call, M::Response>,
        meter: &mut Meter<'_>,
    ) -> Result<bool, Reason> {
        let Some(states) = self.states(model, history) else {
            return Ok(false);
        };
        if !self.keeps_time(history) {
            return Ok(false);
        }
        self.takes_observers(model, history, &states, meter)
    }

    /// The states before, between and after the operations; none if the order cannot explain one.
    fn states<M: Sequential>(
        &self,
        model: &M,
        history: &History<M::Call, M::Response>,
    ) -> Option<Vec<M::State>> {
        let mut states = vec![model.initial()];
        for id in &self.order {
            let operation = &history.operations()[*id];
            let before = states.last().expect("there is the initial state");
            states.push(model.step(before, &operation.call, operation.response())?);
        }
        Some(states)
    }

    /// Does none come before one that had ended when it began?
    fn keeps_time<C, R>(&self, history: &History<C, R>) -> bool {
        let mut latest = 0;
        self.order.iter().all(|id| {
            let operation = &history.operations()[*id];
            let is_kept = operation.completed().is_none_or(|at| at.index >= latest);
            latest = latest.max(operation.invoked.index);
            is_kept
        })
    }

    /// Puts each of the others, in order of invocation, at the first place that it fits: after all
    /// that had ended before it began, observers too, and before all that began after its end.
    fn takes_observers<M: Sequential>(
        &self,
        model: &M,
        history: &History<M::Call, M::Response>,
        states: &[M::State],
        meter: &mut Meter<'_>,
    ) -> Result<bool, Reason> {
        let operations = history.operations();
        // The places after all that had ended by some event: event, place, growing together.
        let mut ended: Vec<(u64, usize)> = Vec::new();
        for (place, id) in self.order.iter().enumerate() {
            ended.extend(operations[*id].completed().map(|at| (at.index, place + 1)));
        }
        ended.sort_unstable();
        let mut furthest = 0;
        for (_, place) in &mut ended {
            furthest = furthest.max(*place);
            *place = furthest;
        }
        // Invocations that come in the order behind each place: the latest place before them.
        let mut begun: Vec<(u64, usize)> = self
            .order
            .iter()
            .enumerate()
            .map(|(place, id)| (operations[*id].invoked.index, place))
            .collect();
        begun.sort_unstable();
        let mut nearest = self.order.len();
        for (_, place) in begun.iter_mut().rev() {
            nearest = nearest.min(*place);
            *place = nearest;
        }
        // Observers that were placed: when each ended and where it is, where that matters still.
        let mut observed: Vec<(u64, usize)> = Vec::new();
        let mut by_invocation = self.observers.clone();
        by_invocation.sort_unstable_by_key(|id| operations[*id].invoked.index);
        for id in by_invocation {
            let operation = &operations[id];
            let invoked = operation.invoked.index;
            let returned = operation.completed().expect("an observer has ended").index;
            let after = ended.partition_point(|(at, _)| *at < invoked);
            let after = after.checked_sub(1).map_or(0, |at| ended[at].1);
            let before = begun.partition_point(|(at, _)| *at < returned);
            let before = begun
                .get(before)
                .map_or(self.order.len(), |(_, place)| *place);
            let seen = observed.partition_point(|(at, _)| *at < invoked);
            let after = after.max(seen.checked_sub(1).map_or(0, |at| observed[at].1));
            let mut fits = None;
            for (place, state) in states.iter().enumerate().take(before + 1).skip(after) {
                meter.step()?;
                if model
                    .step(state, &operation.call, operation.response())
                    .is_some()
                {
                    fits = Some(place);
                    break;
                }
            }
            let Some(place) = fits else {
                return Ok(false);
            };
            // Kept so that both ends and places grow.
            let at = observed.partition_point(|(at, _)| *at < returned);
            let place = at
                .checked_sub(1)
                .map_or(place, |before| place.max(observed[before].1));
            let later = observed[at..]
                .iter()
                .take_while(|(_, other)| *other <= place);
            let end = at + later.count();
            observed.splice(at..end, [(returned, place)]);
        }
        Ok(true)
    }
}
