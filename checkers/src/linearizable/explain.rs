//! Why a history is not linearizable: the longest order that was found, the operation that cannot
//! follow it, and as few operations as are illegal by themselves.

use super::{Entry, Sequential, entries, is_legal};
use crate::anomaly::AnomalyName;
use crate::budget::{Budget, Meter};
use crate::history::{History, Operation, Process};
use crate::verdict::Anomaly;

/// How far a search came before it proved that it cannot go on.
#[derive(Clone, Debug)]
pub struct Stuck<M: Sequential> {
    /// The operations of the partition, by position in the history.
    pub operations: Vec<usize>,
    /// The longest linearizable prefix, in the order found.
    pub prefix: Vec<usize>,
    /// The state that it leads to.
    pub state: M::State,
    /// The first operation in order of return that has no place.
    pub blocked: usize,
    /// Few operations that are illegal by themselves; those that had not ended when the blocked
    /// one did count as unknown.
    pub minimal: Vec<usize>,
}

/// Steps that making the evidence small may take.
const SHRINK_STEPS_MAX: u64 = 400_000;

/// Lines of a told order before it is cut.
const TOLD_MAX: usize = 12;

impl<M: Sequential> Stuck<M> {
    /// Leaves out of the illegal prefix what does not make it illegal.
    pub(super) fn shrink(mut self, model: &M, history: &History<M::Call, M::Response>) -> Self {
        let blocked = &history.operations()[self.blocked];
        let limit = blocked
            .completed()
            .expect("a blocked operation has returned")
            .index;
        let invoked = |id: &usize| history.operations()[*id].invoked.index < limit;
        let mut kept: Vec<usize> = self.operations.iter().copied().filter(invoked).collect();
        let mut meter = Meter::new(Budget::steps(SHRINK_STEPS_MAX));
        let mut chunk = kept.len().div_ceil(2).max(1);
        loop {
            let mut end = kept.len();
            while end > 0 {
                let start = end.saturating_sub(chunk);
                let smaller = self.without(model, history, &kept, start..end, limit);
                if smaller.len() < kept.len() {
                    match is_legal(model, cut(history, &smaller, limit), &mut meter) {
                        Ok(false) => kept = smaller,
                        Ok(true) => {}
                        Err(_) => {
                            self.minimal = kept;
                            return self;
                        }
                    }
                }
                end = start.min(kept.len());
            }
            if chunk == 1 {
                self.minimal = kept;
                return self;
            }
            chunk = chunk.div_ceil(2);
        }
    }

    /// The kept operations without those in a range that may go.
    fn without(
        &self,
        model: &M,
        history: &History<M::Call, M::Response>,
        kept: &[usize],
        range: std::ops::Range<usize>,
        limit: u64,
    ) -> Vec<usize> {
        let said = |id: usize| {
            let operation = &history.operations()[id];
            (&operation.call, answer(operation, limit))
        };
        let mut smaller = kept.to_vec();
        for index in range.rev() {
            if smaller[index] == self.blocked {
                continue;
            }
            let id = smaller.remove(index);
            let rest: Vec<_> = smaller.iter().map(|&id| said(id)).collect();
            let (call, response) = said(id);
            if !model.may_drop(call, response, &rest) {
                smaller.insert(index, id);
            }
        }
        smaller
    }

    /// The anomaly in general words.
    pub fn tell(&self, model: &M, history: &History<M::Call, M::Response>) -> Anomaly {
        let blocked = tell(model, &history.operations()[self.blocked], self.blocked);
        let explanation = format!(
            "after the longest order that can be explained the state is {:?}, and then {blocked} \
             has no place",
            self.state
        );
        self.evidence(
            model,
            history,
            Anomaly::new(AnomalyName::Nonlinearizable, explanation),
        )
    }

    /// Adds the longest prefix and the minimal illegal operations to an anomaly.
    pub fn evidence(
        &self,
        model: &M,
        history: &History<M::Call, M::Response>,
        anomaly: Anomaly,
    ) -> Anomaly {
        let line = |&id: &usize| tell(model, &history.operations()[id], id);
        let mut steps = Vec::new();
        if !self.minimal.is_empty() {
            steps.push(format!(
                "{} operations cannot all be explained:",
                self.minimal.len()
            ));
            steps.extend(
                self.minimal
                    .iter()
                    .take(TOLD_MAX * 2)
                    .map(|id| format!("  {}", line(id))),
            );
        }
        let skipped = self.prefix.len().saturating_sub(TOLD_MAX);
        steps.push(format!(
            "the longest order that can be explained has {} operations{}:",
            self.prefix.len(),
            if skipped > 0 {
                ", of which the last are"
            } else {
                ""
            }
        ));
        steps.extend(
            self.prefix[skipped..]
                .iter()
                .map(|id| format!("  {}", line(id))),
        );
        steps.push(format!("then {} has no place", line(&self.blocked)));
        let operations = if self.minimal.is_empty() {
            vec![self.blocked]
        } else {
            self.minimal.clone()
        };
        anomaly.with_operations(operations).with_steps(steps)
    }
}

/// The answer as known at an event: nothing is known of what had not returned.
fn answer<C, R>(operation: &Operation<C, R>, limit: u64) -> Option<&R> {
    operation
        .response()
        .filter(|_| operation.completed().is_some_and(|at| at.index <= limit))
}

/// The operations as they were known at an event.
fn cut<'a, M: Sequential>(
    history: &'a History<M::Call, M::Response>,
    ids: &[usize],
    limit: u64,
) -> Vec<Entry<'a, M>> {
    let mut cut = entries::<M>(history, ids);
    for entry in cut.iter_mut().filter(|entry| entry.returned > limit) {
        entry.returned = u64::MAX;
        entry.response = None;
    }
    cut
}

/// One operation in words, with its number, its process and its interval.
pub(crate) fn tell<M: Sequential>(
    model: &M,
    operation: &Operation<M::Call, M::Response>,
    id: usize,
) -> String {
    let Process(process) = operation.process;
    let words = model.tell(&operation.call, operation.response());
    let from = operation.invoked.index;
    match operation.completed() {
        Some(at) => format!(
            "#{id} {words} (process {process}, events {from} to {})",
            at.index
        ),
        None => format!("#{id} {words} (process {process}, from event {from}, end unknown)"),
    }
}
