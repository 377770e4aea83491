//! A set in which an addition survives every removal that did not see it.
//!
//! Shapiro et al., "A comprehensive study of convergent and commutative replicated data types", 2011:
//! the observed-remove set. Who had seen an addition is told by what its process did and read.

use super::{LastReads, TOLD_MAX, is_before};
use crate::anomaly::AnomalyName;
use crate::history::{History, Operation};
use crate::linearizable::{SetCall, SetResponse};
use crate::verdict::{Anomaly, Verdict};
use std::collections::BTreeMap;
use std::fmt::Debug;

type Op<V> = Operation<SetCall<V>, SetResponse<V>>;

/// What was done to one element, those calls left out that certainly did nothing.
struct Element<'a, V: Ord> {
    adds: Vec<(usize, &'a Op<V>)>,
    removes: Vec<(usize, &'a Op<V>)>,
    /// Reads that showed it.
    shown: Vec<&'a Op<V>>,
}

impl<V: Ord> Default for Element<'_, V> {
    fn default() -> Self {
        Self {
            adds: Vec::new(),
            removes: Vec::new(),
            shown: Vec::new(),
        }
    }
}

/// Judges a set that begins empty.
pub fn set<V: Ord + Debug>(
    history: &History<SetCall<V>, SetResponse<V>>,
    last: LastReads,
) -> Verdict {
    let elements = elements(history);
    let mut found: BTreeMap<(AnomalyName, &V), Anomaly> = BTreeMap::new();
    for (id, read) in history.operations().iter().enumerate() {
        let Some(SetResponse::Elements(seen)) = read.response() else {
            continue;
        };
        let is_last = last.has(read);
        for (value, element) in &elements {
            let shown = seen.contains(*value);
            let judged = if shown && element.adds.is_empty() {
                let words = format!("read #{id} shows {value:?}, which nobody added");
                Some((AnomalyName::PhantomElement, words, None))
            } else if shown {
                element.removed_before(read, is_last).map(|remove| {
                    let words = format!(
                        "read #{id} shows {value:?}, though everything that added it had been seen \
                         by who removed it"
                    );
                    (AnomalyName::ResurrectedDelete, words, Some(remove))
                })
            } else {
                element.added_before(read).filter(|_| is_last).map(|add| {
                    let words = format!(
                        "{value:?} was added (#{add}), no removal can have seen that, and read \
                         #{id} lacks it"
                    );
                    (AnomalyName::LostElement, words, Some(add))
                })
            };
            if let Some((name, words, cause)) = judged {
                let anomaly =
                    Anomaly::new(name, words).with_operations(cause.into_iter().chain([id]));
                found.entry((name, value)).or_insert(anomaly);
            }
        }
    }
    Verdict::from_anomalies(found.into_values().take(TOLD_MAX).collect())
}

fn elements<V: Ord>(history: &History<SetCall<V>, SetResponse<V>>) -> BTreeMap<&V, Element<'_, V>> {
    let mut elements: BTreeMap<&V, Element<'_, V>> = BTreeMap::new();
    for (id, operation) in history.operations().iter().enumerate() {
        match (&operation.call, operation.response()) {
            (SetCall::Add(value), _) if !operation.is_fail() => {
                elements
                    .entry(value)
                    .or_default()
                    .adds
                    .push((id, operation));
            }
            (SetCall::Remove(value), _) if !operation.is_fail() => {
                let element = elements.entry(value).or_default();
                element.removes.push((id, operation));
            }
            (SetCall::Read, Some(SetResponse::Elements(seen))) => {
                for value in seen {
                    elements.entry(value).or_default().shown.push(operation);
                }
            }
            _ => {}
        }
    }
    elements
}

impl<V: Ord> Element<'_, V> {
    /// An addition that this read must show, if it is one of the last: every removal was over when
    /// it began.
    fn added_before(&self, read: &Op<V>) -> Option<usize> {
        let stays = |add: &Op<V>| {
            self.removes
                .iter()
                .all(|(_, remove)| is_before(remove, add))
        };
        self.adds
            .iter()
            .find(|(_, add)| is_before(add, read) && stays(add))
            .map(|(id, _)| *id)
    }

    /// One of the removals, if every addition was certainly removed where this read was made: by its
    /// own process, or, if it is one of the last, by any.
    fn removed_before(&self, read: &Op<V>, is_last: bool) -> Option<usize> {
        let removal = |add: &Op<V>| {
            let takes = |remove: &Op<V>| {
                let is_here = is_last || remove.process == read.process;
                is_here && is_before(remove, read) && self.had_seen(remove, add)
            };
            self.removes.iter().find(|(_, remove)| takes(remove))
        };
        let mut one = None;
        for (_, add) in &self.adds {
            one = Some(removal(add)?.0);
        }
        one
    }

    /// Whether whoever removed had seen this addition, as its own or because it alone can have been
    /// what a read showed.
    fn had_seen(&self, remove: &Op<V>, add: &Op<V>) -> bool {
        if add.process == remove.process && is_before(add, remove) {
            return true;
        }
        let shows_it_alone = |read: &&&Op<V>| {
            let over = read
                .completed()
                .expect("a read that showed something ended");
            let possible = |add: &Op<V>| add.invoked.index < over.index;
            possible(add) && self.adds.iter().filter(|(_, add)| possible(add)).count() == 1
        };
        self.shown
            .iter()
            .filter(|read| read.process == remove.process && is_before(read, remove))
            .any(|read| shows_it_alone(&read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Process;

    /// One call a line, one after the other: process, `+` or `-` and an element, or `r` and what was
    /// read; from `last` on, reads are the last ones.
    fn judge(text: &str) -> Verdict {
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
                [process, "+", value] => (process, SetCall::Add(number(value)), SetResponse::Done),
                [process, "-", value] => {
                    (process, SetCall::Remove(number(value)), SetResponse::Done)
                }
                [process, "r", ref seen @ ..] => {
                    let seen = seen.iter().map(|value| number(value)).collect();
                    (process, SetCall::Read, SetResponse::Elements(seen))
                }
                _ => panic!("no such line: {line}"),
            };
            let process = Process(number(process));
            builder.invoke(process, time, call).expect("in turn");
            builder.ok(process, time, response).expect("in turn");
        }
        set(&builder.finish(), LastReads { from: 100 })
    }

    #[test]
    fn what_was_added_is_there_unless_a_later_removal_may_have_seen_it() {
        assert_eq!(judge("1 + 7; 2 r; last; 2 r 7"), Verdict::Holds);
        let lost = judge("1 + 7; last; 2 r");
        assert_eq!(lost.names(), [AnomalyName::LostElement]);
        assert_eq!(judge("1 + 7; 2 - 7; last; 2 r"), Verdict::Holds);
        assert_eq!(
            judge("1 + 7; 2 - 7; last; 2 r 7"),
            Verdict::Holds,
            "it may not have seen it"
        );
        let again = judge("1 + 7; 1 - 7; 1 + 7; last; 2 r");
        assert_eq!(again.names(), [AnomalyName::LostElement]);
    }

    #[test]
    fn what_was_seen_and_removed_stays_away() {
        let own = judge("1 + 7; 1 - 7; last; 2 r 7");
        assert_eq!(own.names(), [AnomalyName::ResurrectedDelete]);
        let read = judge("1 + 7; 2 r 7; 2 - 7; last; 3 r 7");
        assert_eq!(read.names(), [AnomalyName::ResurrectedDelete]);
        assert_eq!(
            judge("1 + 7; 3 + 7; 2 r 7; 2 - 7; last; 3 r 7"),
            Verdict::Holds
        );
        assert_eq!(
            judge("1 + 7; 1 - 7; 2 r 7; last; 2 r"),
            Verdict::Holds,
            "others may lag"
        );
        let back = judge("1 + 7; 1 - 7; 1 r 7; last; 2 r");
        assert_eq!(back.names(), [AnomalyName::ResurrectedDelete]);
    }

    #[test]
    fn nothing_comes_from_nowhere() {
        let phantom = judge("1 + 7; 2 r 7 8; last; 2 r 7");
        assert_eq!(phantom.names(), [AnomalyName::PhantomElement]);
    }
}
