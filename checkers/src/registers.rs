//! Registers at any level: linearizable, sequential, causal, PRAM and the session guarantees, each by
//! the cheapest judge that decides it.
//!
//! A compare-and-set that was done reads and writes in one step; one that was refused tells only
//! linearizability and sequential consistency something. Below these, every value must be written
//! to a key once.

use crate::budget::Meter;
use crate::history::{History, Operation, Outcome};
use crate::linearizable::{
    Register, RegisterCall, RegisterHistory, RegisterResponse, check_registers, check_sequential,
};
use crate::transactions::{Level, MicroOp, Txn, TxnHistory, sessions};
use crate::verdict::{Reason, Verdict};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::hash::Hash;

/// The levels that registers are judged at, the strongest first.
pub const LEVELS: &[Level] = &[
    Level::Linearizable,
    Level::Sequential,
    Level::Causal,
    Level::Pram,
    Level::ReadYourWrites,
    Level::MonotonicReads,
    Level::MonotonicWrites,
    Level::WritesFollowReads,
];

/// Do registers keep this level?
///
/// For single calls, strict serializability and linearizability are the same.
pub fn check<K, V>(
    model: &Register<K, V>,
    history: &RegisterHistory<K, V>,
    level: Level,
    meter: &mut Meter<'_>,
) -> Verdict
where
    K: Ord + Clone + Debug,
    V: Ord + Clone + Hash + Debug,
{
    match level {
        Level::Linearizable | Level::StrictSerializable => check_registers(model, history, meter),
        Level::Sequential => sequential(model, history, meter),
        level if LEVELS.contains(&level) => {
            sessions::check(&single_steps(model, history), level, meter)
        }
        level => {
            let words = format!("registers are not judged at level {level}");
            Verdict::Unknown(Reason::NotEnoughKnown(words))
        }
    }
}

/// What is linearizable is sequential, and what is not causal is not: only between the two is an
/// order searched for.
fn sequential<K, V>(
    model: &Register<K, V>,
    history: &RegisterHistory<K, V>,
    meter: &mut Meter<'_>,
) -> Verdict
where
    K: Ord + Clone + Debug,
    V: Ord + Clone + Hash + Debug,
{
    if check_registers(model, history, meter).holds() {
        return Verdict::Holds;
    }
    let causal = sessions::check(&single_steps(model, history), Level::Causal, meter);
    if causal.is_violated() {
        return causal;
    }
    check_sequential(model, history, meter)
}

/// Each call as a transaction of its own; the initial value becomes the initial version.
fn single_steps<K, V>(model: &Register<K, V>, history: &RegisterHistory<K, V>) -> TxnHistory
where
    K: Ord + Clone,
    V: Ord + Clone,
{
    let mut numbers = Numbers {
        initial: model.initial.as_ref(),
        keys: BTreeMap::new(),
        values: BTreeMap::new(),
    };
    let single = |operation: &Operation<RegisterCall<K, V>, RegisterResponse<V>>| {
        // What a call without an answer asked for is all that is known of it.
        let steps = numbers.steps(&operation.call, operation.response());
        Operation {
            process: operation.process,
            call: steps.clone(),
            invoked: operation.invoked,
            outcome: match operation.outcome {
                Outcome::Ok { at, .. } => Outcome::Ok {
                    at,
                    response: steps,
                },
                Outcome::Fail { at } => Outcome::Fail { at },
                Outcome::Info => Outcome::Info,
            },
        }
    };
    let operations = history.operations().iter().map(single).collect();
    History::from_operations(operations).expect("a history in other words is still one")
}

/// Keys and values by number.
struct Numbers<'a, K, V> {
    initial: Option<&'a V>,
    keys: BTreeMap<K, u64>,
    values: BTreeMap<V, i64>,
}

impl<K: Ord + Clone, V: Ord + Clone> Numbers<'_, K, V> {
    fn steps(&mut self, call: &RegisterCall<K, V>, response: Option<&RegisterResponse<V>>) -> Txn {
        let next = self.keys.len() as u64;
        let key = *self.keys.entry(call.key().clone()).or_insert(next);
        match (call, response) {
            (RegisterCall::Read(_), Some(RegisterResponse::Value(value))) => {
                vec![MicroOp::Read(key, self.version(value.as_ref()))]
            }
            (RegisterCall::Read(_), _) => vec![MicroOp::Read(key, None)],
            (RegisterCall::Write(_, value), _) => vec![MicroOp::Write(key, self.number(value))],
            (RegisterCall::Cas { .. }, Some(RegisterResponse::Swapped(false))) => Vec::new(),
            (RegisterCall::Cas { from, to, .. }, _) => vec![
                MicroOp::Read(key, self.version(from.as_ref())),
                MicroOp::Write(key, self.number(to)),
            ],
        }
    }

    fn version(&mut self, value: Option<&V>) -> Option<i64> {
        let written = value.filter(|value| Some(*value) != self.initial)?;
        Some(self.number(written))
    }

    fn number(&mut self, value: &V) -> i64 {
        let next = self.values.len() as i64;
        *self.values.entry(value.clone()).or_insert(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anomaly::AnomalyName;
    use crate::history::Process;

    type Calls = RegisterHistory<&'static str, u64>;

    /// The process, what it asked, and what it was told.
    type Asked = (
        u32,
        RegisterCall<&'static str, u64>,
        Option<RegisterResponse<u64>>,
    );

    /// Calls one after the other.
    fn serial(calls: &[Asked]) -> Calls {
        let mut builder = History::builder();
        for (time, (process, call, response)) in (0..).zip(calls) {
            let process = Process(*process);
            builder.invoke(process, time, call.clone()).expect("idle");
            match response {
                Some(response) => builder.ok(process, time, response.clone()),
                None => builder.info(process, time),
            }
            .expect("a call is open");
        }
        builder.finish()
    }

    fn names(history: &Calls, level: Level) -> Vec<AnomalyName> {
        check(&Register::new(None), history, level, &mut Meter::default()).names()
    }

    use RegisterCall::{Cas, Read, Write};
    use RegisterResponse::{Swapped, Value, Written};

    #[test]
    fn a_stale_read_of_another_process_is_sequential_and_not_linearizable() {
        let history = serial(&[
            (0, Write("x", 1), Some(Written)),
            (1, Read("x"), Some(Value(None))),
        ]);
        let found = names(&history, Level::Linearizable);
        assert_eq!(found, [AnomalyName::StaleRead, AnomalyName::LostWrite]);
        assert_eq!(names(&history, Level::Sequential), []);
    }

    #[test]
    fn two_readers_that_disagree_are_causal_and_not_sequential() {
        let history = serial(&[
            (0, Write("x", 1), Some(Written)),
            (1, Write("y", 1), Some(Written)),
            (2, Read("x"), Some(Value(Some(1)))),
            (2, Read("y"), Some(Value(None))),
            (3, Read("y"), Some(Value(Some(1)))),
            (3, Read("x"), Some(Value(None))),
        ]);
        assert_eq!(names(&history, Level::Causal), []);
        assert_eq!(
            names(&history, Level::Sequential),
            [AnomalyName::NonSequential]
        );
    }

    #[test]
    fn own_writes_are_missed_where_nobody_else_would_notice() {
        let history = serial(&[
            (0, Write("x", 1), Some(Written)),
            (0, Read("x"), Some(Value(None))),
        ]);
        assert_eq!(
            names(&history, Level::ReadYourWrites),
            [AnomalyName::OwnWriteUnseen]
        );
        assert_eq!(names(&history, Level::MonotonicReads), []);
        assert!(!names(&history, Level::Sequential).is_empty());
    }

    #[test]
    fn a_compare_and_set_reads_and_writes() {
        // Whoever sees 2 has seen 1 overwritten by it, and may not see 1 afterwards.
        let history = serial(&[
            (0, Write("x", 1), Some(Written)),
            (
                1,
                Cas {
                    key: "x",
                    from: Some(1),
                    to: 2,
                },
                Some(Swapped(true)),
            ),
            (2, Read("x"), Some(Value(Some(2)))),
            (2, Read("x"), Some(Value(Some(1)))),
        ]);
        assert_eq!(names(&history, Level::Causal), [AnomalyName::NonCausal]);
        assert_eq!(
            names(&history, Level::Linearizable),
            [AnomalyName::StaleRead]
        );
    }

    #[test]
    fn a_level_that_is_about_transactions_is_not_judged() {
        let history = serial(&[(0, Write("x", 1), Some(Written))]);
        let level = Level::SnapshotIsolation;
        assert!(check(&Register::new(None), &history, level, &mut Meter::default()).is_unknown());
    }
}
