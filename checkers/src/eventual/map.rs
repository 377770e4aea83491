//! A map in which one of the last writers of each field wins.
//!
//! A write cannot win if a process that had seen it wrote the field again. So in the end a field holds
//! a write that no such one followed, and is empty only if one of these took its value away. Values
//! are put under a field once.

use super::{LastReads, TOLD_MAX, is_before};
use crate::anomaly::AnomalyName;
use crate::history::{History, Operation};
use crate::verdict::{Anomaly, Verdict};
use std::collections::BTreeMap;
use std::fmt::Debug;

/// What can be asked of a map.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MapCall<F, V> {
    /// Put this under that field, or take away what is there.
    Put(F, Option<V>),
    /// What is there?
    Read,
}

/// Its answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MapResponse<F: Ord, V> {
    /// It was put there, or taken away.
    Done,
    /// The fields that have a value.
    Fields(BTreeMap<F, V>),
}

type Op<F, V> = Operation<MapCall<F, V>, MapResponse<F, V>>;

/// A write of one field.
struct Write<'a, F: Ord, V> {
    id: usize,
    value: Option<&'a V>,
    operation: &'a Op<F, V>,
}

/// A read that ended ok, by its place, and what it showed.
type Read<'a, F, V> = (usize, &'a Op<F, V>, &'a BTreeMap<F, V>);

/// Judges a map that begins empty by its last reads.
pub fn map<F, V>(history: &History<MapCall<F, V>, MapResponse<F, V>>, last: LastReads) -> Verdict
where
    F: Ord + Debug,
    V: Ord + Debug,
{
    let mut writes: BTreeMap<&F, Vec<Write<'_, F, V>>> = BTreeMap::new();
    let mut reads: Vec<Read<'_, F, V>> = Vec::new();
    for (id, operation) in history.operations().iter().enumerate() {
        match (&operation.call, operation.response()) {
            (MapCall::Put(field, value), _) if !operation.is_fail() => {
                let value = value.as_ref();
                writes.entry(field).or_default().push(Write {
                    id,
                    value,
                    operation,
                });
            }
            (MapCall::Read, Some(MapResponse::Fields(fields))) => {
                reads.push((id, operation, fields));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    for &(id, read, fields) in reads.iter().filter(|(_, read, _)| last.has(read)) {
        for (field, value) in fields {
            let of_field = writes.get(field).map_or(&[][..], Vec::as_slice);
            if of_field.iter().all(|write| write.value != Some(value)) {
                let words = format!("read #{id} shows {value:?} under {field:?}, which nobody put");
                found.push(Anomaly::new(AnomalyName::GarbageRead, words).with_operations([id]));
            }
        }
        for (field, of_field) in &writes {
            let judged = judge(*field, of_field, fields.get(*field), (id, read), &reads);
            found.extend(judged);
        }
    }
    found.truncate(TOLD_MAX);
    Verdict::from_anomalies(found)
}

fn judge<F, V>(
    field: &F,
    writes: &[Write<'_, F, V>],
    shown: Option<&V>,
    (id, read): (usize, &Op<F, V>),
    reads: &[Read<'_, F, V>],
) -> Option<Anomaly>
where
    F: Ord + Debug,
    V: Ord + Debug,
{
    let had_seen = |later: &Write<'_, F, V>, earlier: &Write<'_, F, V>| {
        let process = later.operation.process;
        let is_own =
            earlier.operation.process == process && is_before(earlier.operation, later.operation);
        is_own
            || earlier.value.is_some()
                && reads.iter().any(|(_, read, fields)| {
                    read.process == process
                        && is_before(read, later.operation)
                        && fields.get(field) == earlier.value
                })
    };
    // Who certainly came after a write, and was done when the read began.
    let followed = |write: &Write<'_, F, V>| {
        writes
            .iter()
            .find(|later| is_before(later.operation, read) && had_seen(later, write))
    };
    let Some(value) = shown else {
        let written = writes
            .iter()
            .find(|write| is_before(write.operation, read))?;
        let taken = writes
            .iter()
            .any(|w| w.value.is_none() && followed(w).is_none());
        let words = format!(
            "read #{id} shows nothing under {field:?}, where #{} wrote, and nobody can have taken \
             that away",
            written.id
        );
        let lost = Anomaly::new(AnomalyName::LostAcknowledgedWrite, words);
        return (!taken).then(|| lost.with_operations([written.id, id]));
    };
    let write = writes.iter().find(|write| write.value == Some(value))?;
    let later = followed(write)?;
    let name = match later.value {
        None => AnomalyName::ResurrectedDelete,
        Some(_) => AnomalyName::LostAcknowledgedWrite,
    };
    let words = format!(
        "read #{id} shows {value:?} under {field:?}, though #{}, whose process had seen that, put {:?} \
         there",
        later.id, later.value
    );
    Some(Anomaly::new(name, words).with_operations([write.id, later.id, id]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Process;

    /// Calls one after the other, on one field: process, `w` and a value or `-`, or `r` and what was
    /// read; from `last` on, reads are the last ones.
    fn verdict(text: &str) -> Verdict {
        let mut builder = History::builder();
        let mut time = 0;
        for line in text.split(';').map(str::trim) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let number = |word: &str| word.parse::<u32>().expect("a number");
            time += 1;
            let (process, call, response) = match words[..] {
                ["last"] => {
                    time = 100;
                    continue;
                }
                [process, "w", value] => {
                    let value = (value != "-").then(|| number(value));
                    (process, MapCall::Put((), value), MapResponse::Done)
                }
                [process, "r", ref seen @ ..] => {
                    let seen = seen.iter().map(|value| ((), number(value))).collect();
                    (process, MapCall::Read, MapResponse::Fields(seen))
                }
                _ => panic!("no such line: {line}"),
            };
            let process = Process(number(process));
            builder.invoke(process, time, call).expect("in turn");
            builder.ok(process, time, response).expect("in turn");
        }
        map(&builder.finish(), LastReads { from: 100 })
    }

    #[test]
    fn any_of_the_writes_that_did_not_see_each_other_may_win() {
        for shown in ["1", "2", ""] {
            let text = format!("1 w 1; 2 w 2; 3 w -; last; 1 r {shown}");
            assert_eq!(verdict(&text), Verdict::Holds, "{shown}");
        }
    }

    #[test]
    fn a_write_that_its_follower_had_seen_cannot_win() {
        let lost = verdict("1 w 1; 2 r 1; 2 w 2; last; 1 r 1");
        assert_eq!(lost.names(), [AnomalyName::LostAcknowledgedWrite]);
        let back = verdict("1 w 1; 1 w -; last; 2 r 1");
        assert_eq!(back.names(), [AnomalyName::ResurrectedDelete]);
        assert_eq!(verdict("1 w 1; 1 w -; 2 w 3; last; 2 r 3"), Verdict::Holds);
    }

    #[test]
    fn a_field_is_not_empty_for_no_reason_and_shows_nothing_made_up() {
        let lost = verdict("1 w 1; last; 2 r");
        assert_eq!(lost.names(), [AnomalyName::LostAcknowledgedWrite]);
        let made_up = verdict("1 w 1; last; 2 r 9");
        assert_eq!(made_up.names(), [AnomalyName::GarbageRead]);
    }
}
