//! Registers that keep concurrent writes side by side: is any acknowledged write lost, and is anything
//! kept beside what was to replace it?
//!
//! A write may be gone only if a client that had seen it wrote the key again, and that write is there
//! or has been replaced likewise (Preguica et al., Dotted Version Vectors, 2012). Values
//! are written to a key once. Losses are looked for in the last reads, so that a loss that a later
//! write covers up is not seen; where reads are promised to be regular or atomic, in every read. Each read
//! is compared with every write of its key.

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
    /// What the reads before the last ones must show.
    pub reads: Reads,
}

/// What reads must show, or else what took its place: something whose writer had seen it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reads {
    /// Anything that was written.
    Anything,
    /// Every write that was acknowledged before they began (Lamport, On Interprocess Communication,
    /// 1986: a regular register).
    Regular,
    /// And all that reads had shown that ended before they began (the same: an atomic register).
    Atomic,
}

/// A write, and what its process had seen under the key before.
struct Write<V> {
    operation: usize,
    acknowledged: Option<u64>,
    seen: BTreeSet<V>,
}

/// A read that was answered.
struct Read<'a, K, V> {
    operation: usize,
    key: &'a K,
    values: &'a [V],
    began: u64,
    is_last: bool,
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
    let none = BTreeMap::new();
    let mut found = Found(BTreeMap::new());
    let mut judged = BTreeSet::new();
    // The first read of each value of each key that ended: when, and which it was.
    let mut shown: BTreeMap<&K, BTreeMap<&V, (u64, usize)>> = BTreeMap::new();
    for (operation, asked) in history.operations().iter().enumerate() {
        let (SiblingCall::Read(key), Some(SiblingResponse::Values(values)), Some(ended)) =
            (&asked.call, asked.response(), asked.completed())
        else {
            continue;
        };
        let read = Read {
            operation,
            key,
            values,
            began: asked.invoked.index,
            is_last: asked.invoked.time >= promise.last_reads_from,
        };
        let writes = writes.get(key).unwrap_or(&none);
        found.out_of_place(&read, writes, promise.replaces_what_was_seen);
        let explained = explained(values, writes);
        if read.is_last || promise.reads >= Reads::Regular {
            found.lost(&read, writes, &explained);
        }
        let shown = shown.entry(key).or_default();
        if promise.reads >= Reads::Atomic {
            found.gone_back(&read, shown, &explained);
        }
        for value in values {
            let first = shown.entry(value).or_insert((ended.index, operation));
            *first = (ended.index, operation).min(*first);
        }
        if read.is_last {
            judged.insert(key);
        }
    }
    let unread = writes.keys().find(|key| !judged.contains(*key));
    match unread {
        Some(key) if found.0.is_empty() => Verdict::Unknown(Reason::NotEnoughKnown(format!(
            "no last read of {key:?} ended ok"
        ))),
        _ => Verdict::from_anomalies(found.0.into_values().collect()),
    }
}

/// What was found, each anomaly once for each value.
struct Found<V>(BTreeMap<(AnomalyName, V), Anomaly>);

impl<V: Ord + Clone + Debug> Found<V> {
    fn tell(&mut self, name: AnomalyName, value: &V, words: String, operations: Vec<usize>) {
        let anomaly = Anomaly::new(name, words).with_operations(operations);
        self.0.entry((name, value.clone())).or_insert(anomaly);
    }

    /// What nobody wrote, and what stands beside that which was to replace it.
    fn out_of_place<K: Debug>(
        &mut self,
        read: &Read<'_, K, V>,
        writes: &BTreeMap<V, Write<V>>,
        replaces_what_was_seen: bool,
    ) {
        let (id, key) = (read.operation, read.key);
        for value in read.values {
            let Some(write) = writes.get(value) else {
                let words = format!("read #{id} of {key:?} shows {value:?}, which nobody wrote");
                self.tell(AnomalyName::GarbageRead, value, words, vec![id]);
                continue;
            };
            let replaced = read.values.iter().find(|other| write.seen.contains(other));
            if let Some(other) = replaced.filter(|_| replaces_what_was_seen) {
                let words = format!(
                    "read #{id} of {key:?} shows {other:?} beside {value:?}, whose writer had seen it"
                );
                let operations = vec![write.operation, id];
                self.tell(AnomalyName::FalseSibling, other, words, operations);
            }
        }
    }

    /// What was acknowledged before the read began, and neither is there nor was replaced.
    fn lost<K: Debug>(
        &mut self,
        read: &Read<'_, K, V>,
        writes: &BTreeMap<V, Write<V>>,
        explained: &BTreeSet<V>,
    ) {
        let (id, key, values) = (read.operation, read.key, read.values);
        let name = match read.is_last {
            true => AnomalyName::LostAcknowledgedWrite,
            false => AnomalyName::StaleRead,
        };
        for (value, write) in writes {
            let is_over = write.acknowledged.is_some_and(|at| at < read.began);
            if is_over && !explained.contains(value) {
                let words = format!(
                    "write #{} put {value:?} under {key:?} and was acknowledged; read #{id} shows \
                     {values:?}, and no writer of these, or of what these replaced, had seen it",
                    write.operation
                );
                self.tell(name, value, words, vec![write.operation, id]);
            }
        }
    }

    /// What a read had shown that ended before this one began, and neither is there nor was replaced.
    fn gone_back<K: Debug>(
        &mut self,
        read: &Read<'_, K, V>,
        shown: &BTreeMap<&V, (u64, usize)>,
        explained: &BTreeSet<V>,
    ) {
        let (id, key, values) = (read.operation, read.key, read.values);
        for (value, (ended, before)) in shown {
            if *ended < read.began && !explained.contains(*value) {
                let words = format!(
                    "read #{before} showed {value:?} under {key:?} and ended; then read #{id} began, \
                     shows {values:?}, and no writer of these had seen it"
                );
                let operations = vec![*before, id];
                self.tell(AnomalyName::NewOldInversion, value, words, operations);
            }
        }
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
        reads: Reads::Anything,
    };

    fn judge(text: &str) -> Verdict {
        judge_by(Reads::Anything, text)
    }

    /// One call a line, one after the other: process, `w` and a value or `r` and what was read;
    /// from `last` on, reads are the last ones. A `?` after a write: nobody knows.
    fn judge_by(reads: Reads, text: &str) -> Verdict {
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
        check(&builder.finish(), Promise { reads, ..PROMISE })
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

    #[test]
    fn a_regular_register_shows_every_write_that_was_acknowledged_before() {
        let stale = "1 w 10\n 2 r\n last\n 1 r 10";
        assert_eq!(judge(stale), Verdict::Holds, "it is there in the end");
        let verdict = judge_by(Reads::Regular, stale);
        assert_eq!(verdict.names(), [AnomalyName::StaleRead]);
        assert_eq!(verdict.anomalies()[0].operations, [0, 1]);
        let replaced = "1 w 10\n 2 r 10\n 2 w 20\n 3 r 20\n last\n 1 r 20";
        assert_eq!(judge_by(Reads::Atomic, replaced), Verdict::Holds);
    }

    #[test]
    fn an_atomic_register_never_shows_less_than_it_has_shown() {
        // The write is under way for ever: one read finds it, a later one of somebody else does not.
        let back = "1 w 10 ?\n 2 r 10\n 3 r\n last\n 2 r 10";
        assert_eq!(judge_by(Reads::Regular, back), Verdict::Holds);
        let verdict = judge_by(Reads::Atomic, back);
        assert_eq!(verdict.names(), [AnomalyName::NewOldInversion]);
        assert_eq!(verdict.anomalies()[0].operations, [1, 2]);
        let replaced = "1 w 10 ?\n 2 r 10\n 2 w 20\n 3 r 20\n last\n 2 r 20";
        assert_eq!(judge_by(Reads::Atomic, replaced), Verdict::Holds);
    }
}
