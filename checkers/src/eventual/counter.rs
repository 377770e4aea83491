//! A counter: in the end every acknowledged addition counts, and each counts once.

use super::LastReads;
use crate::direct::counter_bounds;
use crate::history::{History, Operation, Outcome};
use crate::linearizable::{CounterCall, CounterResponse};
use crate::verdict::Verdict;

/// Judges a counter that begins at zero.
///
/// Reads before the end are only held to what was tried at all; the last ones to all that was done.
pub fn counter(history: &History<CounterCall, CounterResponse>, last: LastReads) -> Verdict {
    type Op = Operation<CounterCall, CounterResponse>;
    let is_read = |operation: &Op| matches!(operation.call, CounterCall::Read);
    // Nothing that was done need be seen yet: as if nobody knew.
    let any_time = |operation: &Op| Operation {
        outcome: match (&operation.call, &operation.outcome) {
            (CounterCall::Add(_), Outcome::Ok { .. }) => Outcome::Info,
            (_, outcome) => outcome.clone(),
        },
        ..operation.clone()
    };
    let early = history.operations().iter().map(any_time);
    let late = history.operations().iter().map(|operation| Operation {
        outcome: match &operation.outcome {
            Outcome::Ok { .. } if is_read(operation) && !last.has(operation) => Outcome::Info,
            outcome => outcome.clone(),
        },
        ..operation.clone()
    });
    let bounds = |operations: Vec<Op>| {
        let history = History::from_operations(operations);
        counter_bounds(0, &history.expect("the same moments as before"))
    };
    bounds(early.collect()).and(bounds(late.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AnomalyName;
    use crate::history::Process;

    /// Additions of one process, then a read by another at this time.
    fn judge(added: &[i64], at: u64, seen: i64) -> Verdict {
        let mut builder = History::builder();
        for more in added {
            let call = CounterCall::Add(*more);
            builder.invoke(Process(0), 1, call).expect("in turn");
            let added = CounterResponse::Added;
            builder.ok(Process(0), 2, added).expect("in turn");
        }
        builder
            .invoke(Process(1), at, CounterCall::Read)
            .expect("in turn");
        let sum = CounterResponse::Sum(seen);
        builder.ok(Process(1), at, sum).expect("in turn");
        counter(&builder.finish(), LastReads { from: 100 })
    }

    #[test]
    fn an_early_read_may_lag_and_a_last_one_may_not() {
        assert_eq!(judge(&[5, -2], 10, 0), Verdict::Holds);
        assert_eq!(judge(&[5, -2], 10, -2), Verdict::Holds, "one part is seen");
        assert_eq!(judge(&[5, -2], 100, 3), Verdict::Holds);
        let lost = judge(&[5, -2], 100, 5);
        assert_eq!(lost.names(), [AnomalyName::CounterOutOfBounds]);
        let twice = judge(&[5, -2], 10, 10);
        assert_eq!(twice.names(), [AnomalyName::CounterOutOfBounds]);
    }
}
