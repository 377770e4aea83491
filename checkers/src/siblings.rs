//! Registers that keep concurrent writes side by side: is any acknowledged write lost, and is anything
//! kept beside what was to replace it?
//!
//! A write may be gone only if a client that had seen it wrote the key again, and that write is there
//! or has been replaced likewise (Preguica et al., Dotted Version Vectors, 2012). Values
//! are written to a key once. Losses are looked for in the last reads, so that a loss that a later
//! write covers up is not seen.

use crate::anomaly::AnomalyName;
use crate::history::{History, Process};
use crate::verdict::{Anomaly, Reason, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

/// What can be asked of such a register.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SiblingCall<K, V> {
    /// What is there?
    Read(K),
    /// Put this there, in place of what this process has seen there.
    Write(K, V),
}

/// Its answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SiblingResponse<V> {
    /// All that is there.
    Values(Vec<V>),
    /// It was written.
    Written,
}

/// What is promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    /// Reads that begin from here on, in nanoseconds, show what is there in the end.
    pub last_reads_from: u64,
    /// A write replaces all that its process had seen: nothing was forgotten on the way.
    pub replaces_what_was_seen: bool,
}

/// A write, and what its process had seen under the key before.
struct Write<V> {
    operation: usize,
    acknowledged: Option<u64>,
    seen: BTreeSet<V>,
}

/// Judges a history; a process is a client that remembers what it has seen.
pub fn check<K, V>(
    history: &History<SiblingCall<K, V>, SiblingResponse<V>>,
    promise: Promise,
) -> Verdict
where
    K: Ord + Clone + Debug,
    V: Ord + Clone + Debug,
{
    let writes = match writes(history) {
        Ok(writes) => writes,
        Err(reason) => return Verdict::Unknown(reason),
    };
    let mut found: BTreeMap<(AnomalyName, V), Anomaly> = BTreeMap::new();
    let none = BTreeMap::new();
    let mut judged = BTreeSet::new();
    for (id, operation) in history.operations().iter().enumerate() {
        let (SiblingCall::Read(key), Some(SiblingResponse::Values(values))) =
            (&operation.call, operation.response())
        else {
            continue;
        };
        let of_key = writes.get(key).unwrap_or(&none);
        let mut tell = |name, value: &V, words: String, operations: Vec<usize>| {
            let anomaly = Anomaly::new(name, words).with_operations(operations);
            found.entry((name, value.clone())).or_insert(anomaly);
        };
        for value in values {
            let Some(write) = of_key.get(value) else {
                let words = format!("read #{id} of {key:?} shows {value:?}, which nobody wrote");
                tell(AnomalyName::GarbageRead, value, words, vec![id]);
                continue;
            };
            let replaced = values.iter().find(|other| write.seen.contains(other));
            if let Some(other) = replaced.filter(|_| promise.replaces_what_was_seen) {
                let words = format!(
                    "read #{id} of {key:?} shows {other:?} beside {value:?}, whose writer had seen it"
                );
                let operations = vec![write.operation, id];
                tell(AnomalyName::FalseSibling, other, words, operations);
            }
        }
        if operation.invoked.time < promise.last_reads_from {
            continue;
        }
        judged.insert(key);
        let explained = explained(values, of_key);
        for (value, write) in of_key {
            let is_over = write
                .acknowledged
                .is_some_and(|at| at < operation.invoked.index);
            if is_over && !explained.contains(value) {
                let words = format!(
                    "write #{} put {value:?} under {key:?} and was acknowledged; read #{id} shows \
                     {values:?}, and no writer of these, or of what these replaced, had seen it",
                    write.operation
                );
                let operations = vec![write.operation, id];
                tell(AnomalyName::LostAcknowledgedWrite, value, words, operations);
            }
        }
    }
    let unread = writes.keys().find(|key| !judged.contains(*key));
    match unread {
        Some(key) if found.is_empty() => Verdict::Unknown(Reason::NotEnoughKnown(format!(
            "no last read of {key:?} ended ok"
        ))),
        _ => Verdict::from_anomalies(found.into_values().collect()),
    }
}

/// What is there, what its writers had seen, what the writers of that had seen, and so on.
fn explained<V: Ord + Clone>(values: &[V], writes: &BTreeMap<V, Write<V>>) -> BTreeSet<V> {
    let mut explained = BTreeSet::new();
    let mut open: Vec<&V> = values.iter().collect();
    while let Some(value) = open.pop() {
        if explained.insert(value.clone()) {
            open.extend(writes.get(value).iter().flat_map(|write| &write.seen));
        }
    }
    explained
}

/// The writes of each key by their values, those left out that certainly never were.
fn writes<K, V>(
    history: &History<SiblingCall<K, V>, SiblingResponse<V>>,
) -> Result<BTreeMap<K, BTreeMap<V, Write<V>>>, Reason>
where
    K: Ord + Clone + Debug,
    V: Ord + Clone + Debug,
{
    let mut writes: BTreeMap<K, BTreeMap<V, Write<V>>> = BTreeMap::new();
    let mut seen: BTreeMap<(Process, &K), BTreeSet<V>> = BTreeMap::new();
    for (id, operation) in history.operations().iter().enumerate() {
        match &operation.call {
            // A process makes one call at a time: what it read, it has seen before it calls again.
            SiblingCall::Read(key) => {
                if let Some(SiblingResponse::Values(values)) = operation.response() {
                    let seen = seen.entry((operation.process, key)).or_default();
                    seen.extend(values.iter().cloned());
                }
            }
            SiblingCall::Write(..) if operation.is_fail() => {}
            SiblingCall::Write(key, value) => {
                let seen = seen.entry((operation.process, key)).or_default();
                let write = Write {
                    operation: id,
                    acknowledged: operation.completed().map(|at| at.index),
                    seen: seen.clone(),
                };
                seen.insert(value.clone());
                let of_key = writes.entry(key.clone()).or_default();
                if of_key.insert(value.clone(), write).is_some() {
                    let words = format!("{value:?} is written to {key:?} twice");
                    return Err(Reason::NotEnoughKnown(words));
                }
            }
        }
    }
    Ok(writes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROMISE: Promise = Promise {
        last_reads_from: 100,
        replaces_what_was_seen: true,
    };

    /// One call a line, one after the other: process, `w` and a value or `r` and what was read;
    /// from `last` on, reads are the last ones. A `?` after a write: nobody knows.
    fn judge(text: &str) -> Verdict {
        let mut builder = History::builder();
        let mut time = 0;
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let number = |word: &str| word.parse::<u32>().expect("a number");
            time += 1;
            match words[..] {
                ["last"] => time = PROMISE.last_reads_from,
                [process, "w", value, ref unknown @ ..] => {
                    let process = Process(number(process));
                    let call = SiblingCall::Write((), number(value));
                    builder.invoke(process, time, call).expect("in turn");
                    match unknown {
                        [] => builder.ok(process, time, SiblingResponse::Written),
                        _ => builder.info(process, time),
                    }
                    .expect("in turn");
                }
                [process, "r", ref values @ ..] => {
                    let process = Process(number(process));
                    let values = values.iter().map(|value| number(value)).collect();
                    builder
                        .invoke(process, time, SiblingCall::Read(()))
                        .expect("in turn");
                    let response = SiblingResponse::Values(values);
                    builder.ok(process, time, response).expect("in turn");
                }
                _ => panic!("no such line: {line}"),
            }
        }
        check(&builder.finish(), PROMISE)
    }

    #[test]
    fn concurrent_writes_are_kept_and_what_was_seen_is_replaced() {
        let good = "
            1 w 10
            2 w 20
            3 r 10 20
            3 w 30
            4 w 40
            last
            1 r 30 40";
        assert_eq!(judge(good), Verdict::Holds);
    }

    #[test]
    fn a_write_that_nobody_had_seen_is_lost_when_it_is_not_there() {
        let lost = judge("1 w 10\n 2 w 20\n last\n 1 r 20");
        assert_eq!(lost.names(), [AnomalyName::LostAcknowledgedWrite]);
        assert_eq!(lost.anomalies()[0].operations, [0, 2]);
        let unknown = judge("1 w 10 ?\n 2 w 20\n last\n 1 r 20");
        assert_eq!(unknown, Verdict::Holds, "it may never have been");
    }

    #[test]
    fn what_an_unknown_write_was_to_replace_is_still_there_if_that_write_is_not() {
        let lost = judge("1 w 10\n 2 r 10\n 2 w 20 ?\n last\n 1 r");
        assert_eq!(lost.names(), [AnomalyName::LostAcknowledgedWrite]);
        assert_eq!(
            judge("1 w 10\n 2 r 10\n 2 w 20 ?\n last\n 1 r 20"),
            Verdict::Holds
        );
    }

    #[test]
    fn what_was_seen_by_a_writer_does_not_stand_beside_its_write() {
        let verdict = judge("1 w 10\n 2 r 10\n 2 w 20\n last\n 1 r 10 20");
        assert_eq!(verdict.names(), [AnomalyName::FalseSibling]);
        let own = judge("1 w 10\n 1 w 11\n last\n 1 r 10 11");
        assert_eq!(own.names(), [AnomalyName::FalseSibling]);
    }

    #[test]
    fn a_value_from_nowhere_is_garbage_and_without_last_reads_nothing_is_known() {
        let garbage = judge("1 w 10\n last\n 1 r 10 99");
        assert_eq!(garbage.names(), [AnomalyName::GarbageRead]);
        assert!(judge("1 w 10\n 1 r 10").is_unknown());
    }
}
