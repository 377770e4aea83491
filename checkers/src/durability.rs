//! Durability: what was acknowledged is still there.
//!
//! Judges what replicas hold at the end against what clients were promised, either by the identity
//! of each write ([`check`]) or by the last values of registers ([`check_final_values`]).

use crate::anomaly::AnomalyName;
use crate::history::{History, Moment, Operation, Outcome, Process};
use crate::linearizable::{
    Register, RegisterCall, RegisterHistory, RegisterResponse, check_registers,
};
use crate::verdict::{Anomaly, Verdict};
use crate::{Budget, Meter};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::hash::Hash;

/// A write that its client was told is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// The write, as a number that the caller understands.
    pub write: u64,
    /// The operation of the history, if any: what evidence refers to.
    pub operation: Option<usize>,
    /// When it was acknowledged, in nanoseconds.
    pub at: u64,
}

/// What one replica holds at the end, by the identity of the writes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replica {
    /// Who, as a number that the caller understands.
    pub node: u32,
    /// Everything that is there, including what was overwritten where the replica keeps that.
    pub writes: BTreeSet<u64>,
}

/// Is every acknowledged write on at least so many replicas?
pub fn check(acknowledged: &[Acknowledged], replicas: &[Replica], copies_min: usize) -> Verdict {
    assert!(
        copies_min > 0,
        "a write that need not be anywhere cannot be lost"
    );
    let mut found = Vec::new();
    for ack in acknowledged {
        let holders: Vec<u32> = replicas
            .iter()
            .filter(|replica| replica.writes.contains(&ack.write))
            .map(|replica| replica.node)
            .collect();
        if holders.len() < copies_min {
            let explanation = format!(
                "write {} was acknowledged at {} ns and is on {} of {} replicas, not on {copies_min}",
                ack.write,
                ack.at,
                holders.len(),
                replicas.len()
            );
            found.push(
                Anomaly::new(AnomalyName::LostAcknowledgedWrite, explanation)
                    .with_operations(ack.operation)
                    .with_step(format!("replicas that have it: {holders:?}")),
            );
        }
    }
    Verdict::from_anomalies(found)
}

/// Can the registers hold these last values, after all that was acknowledged?
///
/// A write is lost where the last value of its key had certainly been overwritten. Only the writes
/// and the last values are looked at, so that a stale read on the way is not taken for a loss.
pub fn check_final_values<K, V>(
    initial: Option<V>,
    history: &RegisterHistory<K, V>,
    last: &BTreeMap<K, Option<V>>,
    budget: Budget,
) -> Verdict
where
    K: Ord + Clone + Debug,
    V: Ord + Clone + Hash + Debug,
{
    let mut ids = Vec::new();
    let mut operations = Vec::new();
    let mut end = Moment::default();
    for (id, operation) in history.operations().iter().enumerate() {
        let latest = operation.completed().unwrap_or(operation.invoked);
        end = if latest.index > end.index {
            latest
        } else {
            end
        };
        if !matches!(operation.call, RegisterCall::Read(_)) {
            ids.push(id);
            operations.push(operation.clone());
        }
    }
    for (number, (key, value)) in (0_u64..).zip(last) {
        let at = |offset| Moment::new(end.index + 1 + 2 * number + offset, end.time);
        operations.push(Operation {
            process: Process(u32::MAX),
            call: RegisterCall::Read(key.clone()),
            invoked: at(0),
            outcome: Outcome::Ok {
                at: at(1),
                response: RegisterResponse::Value(value.clone()),
            },
        });
    }
    let with_reads = History::from_operations(operations).expect("the last reads come after all");
    let verdict = check_registers(
        &Register::new(initial),
        &with_reads,
        &mut Meter::new(budget),
    );
    let Verdict::Violated(anomalies) = verdict else {
        return verdict;
    };
    let renamed = anomalies
        .into_iter()
        .filter(|anomaly| anomaly.name != AnomalyName::LostWrite);
    Verdict::from_anomalies(renamed.map(|anomaly| rename(anomaly, &ids)).collect())
}

fn rename(mut anomaly: Anomaly, ids: &[usize]) -> Anomaly {
    if matches!(
        anomaly.name,
        AnomalyName::StaleRead | AnomalyName::Nonlinearizable
    ) {
        anomaly.name = AnomalyName::LostAcknowledgedWrite;
        anomaly.explanation = format!("read at the very end: {}", anomaly.explanation);
    }
    anomaly.operations = anomaly
        .operations
        .iter()
        .filter_map(|&position| ids.get(position).copied())
        .collect();
    anomaly
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_on_too_few_replicas_is_lost() {
        let acks = [Acknowledged {
            write: 7,
            operation: Some(3),
            at: 5,
        }];
        let replicas = [
            Replica {
                node: 1,
                writes: [7].into(),
            },
            Replica {
                node: 2,
                writes: BTreeSet::new(),
            },
        ];
        assert_eq!(check(&acks, &replicas, 1), Verdict::Holds);
        let verdict = check(&acks, &replicas, 2);
        assert_eq!(verdict.names(), [AnomalyName::LostAcknowledgedWrite]);
        assert_eq!(verdict.anomalies()[0].operations, [3]);
    }

    #[test]
    fn the_last_value_may_not_be_one_that_was_overwritten() {
        let mut builder = History::builder();
        for value in [1, 2] {
            builder
                .invoke(Process(0), 0, RegisterCall::Read("x"))
                .expect("nothing is open");
            // A stale read on the way is none of durability's business.
            builder
                .ok(Process(0), 0, RegisterResponse::Value(None))
                .expect("a read is open");
            builder
                .invoke(Process(0), 0, RegisterCall::Write("x", value))
                .expect("none is open");
            builder
                .ok(Process(0), 0, RegisterResponse::Written)
                .expect("a write is open");
        }
        let history = builder.finish();
        let judge = |value| {
            let last = [("x", value)].into();
            check_final_values(None, &history, &last, Budget::default())
        };
        assert_eq!(judge(Some(2)), Verdict::Holds);
        let verdict = judge(Some(1));
        assert_eq!(verdict.names(), [AnomalyName::LostAcknowledgedWrite]);
        assert_eq!(verdict.anomalies()[0].operations, [1, 3]);
        assert_eq!(judge(None).names(), [AnomalyName::LostAcknowledgedWrite]);
        assert_eq!(judge(Some(9)).names(), [AnomalyName::GarbageRead]);
    }
}
