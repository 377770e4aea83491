//! Sequential consistency: one order of all calls that keeps each process's own, real time aside.
//!
//! A bounded search over how far each process has come; each combination with the state that it
//! led to is looked at once. Lamport 1979.

use super::Sequential;
use crate::anomaly::AnomalyName;
use crate::budget::Meter;
use crate::hash::Table;
use crate::history::{History, Operation};
use crate::verdict::{Anomaly, Reason, Verdict};
use std::collections::BTreeMap;

/// Is the history sequentially consistent?
///
/// A call without an answer takes effect in its place in its process's order, or never.
pub fn check_sequential<M: Sequential>(
    model: &M,
    history: &History<M::Call, M::Response>,
    meter: &mut Meter<'_>,
) -> Verdict {
    let mut processes: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    let mut keys: BTreeMap<M::Key, u32> = BTreeMap::new();
    let mut key_of = vec![0; history.len()];
    for (id, operation) in history.operations().iter().enumerate() {
        let next = keys.len() as u32;
        key_of[id] = *keys.entry(model.key(&operation.call)).or_insert(next);
        if !operation.is_fail() {
            processes.entry(operation.process.0).or_default().push(id);
        }
    }
    let sessions: Vec<Vec<usize>> = processes.into_values().collect();
    let mut search = Search {
        model,
        history,
        key_of,
        sessions,
        longest: Vec::new(),
    };
    match search.run(keys.len(), meter) {
        Ok(true) => Verdict::Holds,
        Ok(false) => Verdict::Violated(vec![search.tell()]),
        Err(reason) => Verdict::Unknown(reason),
    }
}

struct Search<'a, M: Sequential> {
    model: &'a M,
    history: &'a History<M::Call, M::Response>,
    key_of: Vec<u32>,
    sessions: Vec<Vec<usize>>,
    /// The longest order found.
    longest: Vec<usize>,
}

/// How far each process has come, and the state of each key.
type Place<S> = (Vec<u32>, Vec<S>);

/// A place, the operation that led there, and the next choice to try from it.
struct Frame<S> {
    place: Place<S>,
    operation: Option<usize>,
    choice: usize,
}

impl<M: Sequential> Search<'_, M> {
    fn run(&mut self, keys: usize, meter: &mut Meter<'_>) -> Result<bool, Reason> {
        let place = (
            vec![0; self.sessions.len()],
            vec![self.model.initial(); keys],
        );
        let mut seen: Table<Place<M::State>, ()> = Table::default();
        let mut frames = vec![Frame {
            place,
            operation: None,
            choice: 0,
        }];
        while let Some(frame) = frames.last_mut() {
            meter.step()?;
            if self.is_done(&frame.place.0) {
                return Ok(true);
            }
            // Each process gives two choices: its next operation, or to pass over an unknown one.
            if frame.choice == self.sessions.len() * 2 {
                frames.pop();
                continue;
            }
            let choice = frame.choice;
            frame.choice += 1;
            let Some((place, operation)) = self.next(&frame.place, choice) else {
                continue;
            };
            let bytes = place.0.len() * 4 + place.1.len() * size_of::<M::State>() + 48;
            if seen.insert(place.clone(), ()).is_none() {
                meter.take_bytes(bytes as u64)?;
                frames.push(Frame {
                    place,
                    operation,
                    choice: 0,
                });
                let order = frames
                    .iter()
                    .filter(|frame| frame.operation.is_some())
                    .count();
                if order > self.longest.len() {
                    self.longest = frames.iter().filter_map(|frame| frame.operation).collect();
                }
            }
        }
        Ok(false)
    }

    fn is_done(&self, positions: &[u32]) -> bool {
        let is_optional = |id: &usize| self.history.operations()[*id].is_info();
        self.sessions
            .iter()
            .zip(positions)
            .all(|(session, position)| session[*position as usize..].iter().all(is_optional))
    }

    fn next(
        &self,
        (positions, states): &Place<M::State>,
        choice: usize,
    ) -> Option<(Place<M::State>, Option<usize>)> {
        let (session, passes) = (choice / 2, choice % 2 == 1);
        let id = *self.sessions[session].get(positions[session] as usize)?;
        let operation = &self.history.operations()[id];
        let mut positions = positions.clone();
        positions[session] += 1;
        if passes {
            return operation
                .is_info()
                .then(|| ((positions, states.clone()), None));
        }
        let key = self.key_of[id] as usize;
        let after = self
            .model
            .step(&states[key], &operation.call, operation.response())?;
        let mut states = states.clone();
        states[key] = after;
        Some(((positions, states), Some(id)))
    }

    fn tell(&self) -> Anomaly {
        let words = |id: &usize| {
            let operation: &Operation<M::Call, M::Response> = &self.history.operations()[*id];
            let told = self.model.tell(&operation.call, operation.response());
            format!("#{id} {told} (process {})", operation.process.0)
        };
        let placed: std::collections::BTreeSet<usize> = self.longest.iter().copied().collect();
        let next = self.sessions.iter().filter_map(|session| {
            session
                .iter()
                .find(|id| !placed.contains(id) && !self.history.operations()[**id].is_info())
        });
        let next: Vec<usize> = next.copied().collect();
        let steps = next
            .iter()
            .map(|id| format!("then no place for {}", words(id)));
        Anomaly::new(
            AnomalyName::NonSequential,
            format!(
                "the longest order that keeps every process's own has {} operations",
                self.longest.len()
            ),
        )
        .with_operations(next.iter().copied())
        .with_steps(self.longest.iter().rev().take(12).rev().map(words))
        .with_steps(steps)
    }
}
