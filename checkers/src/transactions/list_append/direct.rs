//! What is wrong in a list-append history without any cycle: reads that no version order explains,
//! and reads of what was aborted or not yet complete.

use super::super::{TOLD_MAX, tell};
use super::{Append, Index, NONE, Read};
use crate::anomaly::AnomalyName::{self, *};
use crate::verdict::Anomaly;
use std::collections::BTreeSet;

/// All direct anomalies, the first few of each name.
pub(super) fn find(index: &Index<'_>) -> Vec<Anomaly> {
    let mut found = Findings {
        index,
        found: Vec::new(),
    };
    found.versions();
    found.dirty_updates();
    for read in &index.reads {
        found.read(read);
    }
    found.internals();
    found.lost_updates();
    found.found
}

struct Findings<'i, 'h> {
    index: &'i Index<'h>,
    found: Vec<Anomaly>,
}

impl Findings<'_, '_> {
    /// Notes an anomaly, unless enough of its name are told; words are found only where needed.
    fn add(
        &mut self,
        name: AnomalyName,
        transactions: &[u32],
        words: impl Fn(&Index<'_>) -> String,
    ) {
        let told = self
            .found
            .iter()
            .filter(|anomaly| anomaly.name == name)
            .count();
        if told >= TOLD_MAX {
            return;
        }
        let ids: Vec<usize> = transactions.iter().map(|id| *id as usize).collect();
        let steps: Vec<String> = ids.iter().map(|id| tell(self.index.history, *id)).collect();
        self.found.push(
            Anomaly::new(name, words(self.index))
                .with_operations(ids)
                .with_steps(steps),
        );
    }

    /// What the longest reads show that cannot be: elements twice, elements that nobody appended.
    fn versions(&mut self) {
        for key in 0..self.index.keys.len() as u32 {
            // Where every place has an append of its own there is nothing of the kind.
            if self.index.versions(key).contains(&NONE) {
                let longest = self.index.longest[key as usize].expect("an order has a read");
                self.elements(&self.index.reads[longest as usize]);
            }
        }
        for read in self.index.reads.iter().filter(|read| !read.is_compatible) {
            self.elements(read);
        }
    }

    fn elements(&mut self, read: &Read<'_>) {
        let (key, reader) = (read.key, read.transaction);
        let mut seen = BTreeSet::new();
        for value in read.values {
            if !seen.insert(value) {
                self.add(DuplicateElements, &[reader], |index| {
                    let key = index.keys[key as usize];
                    format!("T{reader} read {value} twice in key {key}")
                });
            }
            if self.index.written.get(key, *value).is_none() {
                self.add(GarbageRead, &[reader], |index| {
                    let key = index.keys[key as usize];
                    format!("T{reader} read {value} in key {key}, which nobody appended")
                });
            }
        }
    }

    /// Aborted appends on which committed ones were built.
    fn dirty_updates(&mut self) {
        for key in 0..self.index.keys.len() as u32 {
            let first = self.index.first_aborted[key as usize];
            if first == NONE {
                continue;
            }
            let appends = self.index.versions(key)[first as usize..].iter();
            let mut appends = appends.filter_map(|id| self.index.appends.get(*id as usize));
            let dirty = appends.next().expect("an aborted append is one");
            let clean = appends.find(|append| append.is_certain);
            if let Some(clean) = clean {
                let transactions = [dirty.transaction, clean.transaction];
                self.add(DirtyUpdate, &transactions, |index| {
                    format!(
                        "T{} appended {} to key {} after {}, which the aborted T{} had appended",
                        clean.transaction,
                        clean.value,
                        index.keys[key as usize],
                        dirty.value,
                        dirty.transaction
                    )
                });
            }
        }
    }

    fn read(&mut self, read: &Read<'_>) {
        if !read.is_compatible {
            let longest = self.index.longest[read.key as usize].expect("a read key has one");
            let longest = self.index.reads[longest as usize];
            let transactions = [read.transaction, longest.transaction];
            self.add(IncompatibleOrder, &transactions, |index| {
                format!(
                    "T{} read key {} as {:?}, T{} as {:?}: neither begins with the other",
                    read.transaction,
                    index.keys[read.key as usize],
                    read.values,
                    longest.transaction,
                    longest.values
                )
            });
        }
        self.aborted(read);
        self.intermediate(read);
    }

    /// G1a: an element that an aborted transaction appended.
    fn aborted(&mut self, read: &Read<'_>) {
        let index = self.index;
        let is_foreign =
            |append: &&Append| append.is_aborted && append.transaction != read.transaction;
        let aborted = if read.is_compatible {
            let first = index.first_aborted[read.key as usize] as usize;
            let shown = index.versions(read.key).get(first..read.values.len());
            let appends = shown.unwrap_or_default().iter();
            appends
                .filter_map(|id| index.appends.get(*id as usize))
                .find(is_foreign)
        } else {
            let number = |value: &i64| index.written.get(read.key, *value);
            let appends = read.values.iter().filter_map(number);
            appends
                .map(|id| &index.appends[id as usize])
                .find(is_foreign)
        };
        if let Some(append) = aborted {
            self.add(G1a, &[append.transaction, read.transaction], |index| {
                format!(
                    "T{} read {} in key {}, which the aborted T{} had appended",
                    read.transaction,
                    append.value,
                    index.keys[read.key as usize],
                    append.transaction
                )
            });
        }
    }

    /// G1b: the last element is not the last that its transaction appended.
    fn intermediate(&mut self, read: &Read<'_>) {
        let Some(last) = read.values.last() else {
            return;
        };
        let index = self.index;
        let shown = index.versions(read.key).get(read.values.len() - 1);
        let append = match shown.filter(|append| read.is_compatible && **append != NONE) {
            Some(append) => *append,
            None => match index.written.get(read.key, *last) {
                Some(append) => append,
                None => return,
            },
        };
        let append = index.appends[append as usize];
        if !append.is_final && append.transaction != read.transaction {
            self.add(G1b, &[append.transaction, read.transaction], |index| {
                format!(
                    "T{} read key {} up to {last}, after which its writer T{} appended more",
                    read.transaction, index.keys[read.key as usize], append.transaction
                )
            });
        }
    }

    /// Internal contradictions, and reads of what the transaction itself appends later.
    fn internals(&mut self) {
        // The appends and the reads of one transaction, by key and step.
        let mut appends: Vec<(u32, u32, u32)> = Vec::new();
        let mut reads: Vec<(u32, u32, u32)> = Vec::new();
        for transaction in 0..self.index.history.len() as u32 {
            let of_it = self.index.reads_of(transaction);
            // A read that is alone with its key has nothing to agree with.
            if of_it
                .iter()
                .all(|read| read.is_external && !read.is_updated)
            {
                continue;
            }
            let numbered = (0..).zip(self.index.appends_of(transaction));
            appends.clear();
            appends.extend(numbered.map(|(number, own)| (own.key, own.step, number)));
            appends.sort_unstable();
            reads.clear();
            reads.extend(
                (0..)
                    .zip(of_it)
                    .map(|(number, own)| (own.key, own.step, number)),
            );
            reads.sort_unstable();
            for read in of_it {
                let start = appends.partition_point(|(key, ..)| *key < read.key);
                let end = appends.partition_point(|(key, ..)| *key <= read.key);
                let place = reads.partition_point(|own| *own < (read.key, read.step, 0));
                let before = place.checked_sub(1).map(|before| reads[before]);
                let before = before.filter(|(key, ..)| *key == read.key);
                let before = before.map(|(.., number)| of_it[number as usize]);
                self.internal(read, before, &appends[start..end]);
            }
        }
    }

    /// One read, the one before it of its key in its transaction, and the appends to its key there.
    fn internal(&mut self, read: &Read<'_>, before: Option<Read<'_>>, own: &[(u32, u32, u32)]) {
        let transaction = read.transaction;
        let all = self.index.appends_of(transaction);
        let is_shown = |append: &Append| {
            // The place in the version order tells, where the read is a part of that.
            if read.is_compatible {
                append.place != NONE && (append.place as usize) < read.values.len()
            } else {
                read.values.contains(&append.value)
            }
        };
        let now = own.partition_point(|(_, step, _)| *step < read.step);
        if own[now..]
            .iter()
            .any(|(.., number)| is_shown(&all[*number as usize]))
        {
            self.add(FutureRead, &[transaction], |index| {
                format!(
                    "T{transaction} read key {} as {:?}, with what it appended only later",
                    index.keys[read.key as usize], read.values
                )
            });
        }
        // What was appended since the read of the same key before, or since the beginning.
        let since = own.partition_point(|(_, step, _)| before.is_some_and(|b| *step < b.step));
        let since = own[since..now].iter();
        let since: Vec<i64> = since
            .map(|(.., number)| all[*number as usize].value)
            .collect();
        let is_right = match before {
            Some(Read { values: old, .. }) => {
                let new = read.values;
                new.len() == old.len() + since.len()
                    && new.starts_with(old)
                    && new.ends_with(&since)
            }
            None => read.values.ends_with(&since),
        };
        if !is_right {
            self.add(Internal, &[transaction], |index| {
                let (key, new) = (index.keys[read.key as usize], read.values);
                match before {
                    Some(Read { values: old, .. }) => format!(
                        "T{transaction} read key {key} as {old:?}, appended {since:?}, and read \
                         it as {new:?}"
                    ),
                    None => format!(
                        "T{transaction} appended {since:?} to key {key} and read it as {new:?}"
                    ),
                }
            });
        }
    }

    /// Several committed transactions that read one version of a key and appended to it.
    fn lost_updates(&mut self) {
        let mut updates: Vec<(u32, usize, u32)> = self
            .index
            .reads
            .iter()
            .filter(|read| read.is_external && read.is_updated)
            .map(|read| (read.key, read.values.len(), read.transaction))
            .collect();
        updates.sort_unstable();
        for group in updates.chunk_by(|one, other| (one.0, one.1) == (other.0, other.1)) {
            if let [(key, length, first), (_, _, second), ..] = group {
                self.add(LostUpdate, &[*first, *second], |index| {
                    let key = index.keys[*key as usize];
                    format!(
                        "T{first} and T{second} both read key {key} at length {length} and \
                         appended to it"
                    )
                });
            }
        }
    }
}
