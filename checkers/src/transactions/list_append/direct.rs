//! What is wrong in a list-append history without any cycle: reads that no version order explains,
//! and reads of what was aborted or not yet complete.

use super::super::{TOLD_MAX, tell};
use super::{Index, NONE, Read};
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
    for transaction in 0..index.history.len() as u32 {
        found.internal(transaction);
    }
    found.lost_updates();
    found.found
}

struct Findings<'a> {
    index: &'a Index<'a>,
    found: Vec<Anomaly>,
}

impl Findings<'_> {
    fn add(&mut self, name: AnomalyName, transactions: &[u32], explanation: String) {
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
            Anomaly::new(name, explanation)
                .with_operations(ids)
                .with_steps(steps),
        );
    }

    fn key(&self, key: u32) -> u64 {
        self.index.keys[key as usize]
    }

    /// What the longest reads show that cannot be: elements twice, elements that nobody appended.
    fn versions(&mut self) {
        for longest in self.index.longest.iter().flatten() {
            let read = self.index.reads[*longest as usize];
            self.elements(&read);
        }
        let incompatible: Vec<Read<'_>> = self
            .index
            .reads
            .iter()
            .copied()
            .filter(|read| !read.is_compatible)
            .collect();
        for read in incompatible {
            self.elements(&read);
        }
    }

    fn elements(&mut self, read: &Read<'_>) {
        let (key, reader) = (self.key(read.key), read.transaction);
        let mut seen = BTreeSet::new();
        for value in read.values {
            if !seen.insert(value) {
                let words = format!("T{reader} read {value} twice in key {key}");
                self.add(DuplicateElements, &[reader], words);
            }
            if !self.index.by_value.contains_key(&(read.key, *value)) {
                let words = format!("T{reader} read {value} in key {key}, which nobody appended");
                self.add(GarbageRead, &[reader], words);
            }
        }
    }

    /// Aborted appends on which committed ones were built.
    fn dirty_updates(&mut self) {
        for key in 0..self.index.keys.len() as u32 {
            let mut aborted: Option<u32> = None;
            for &append in self
                .index
                .versions(key)
                .iter()
                .filter(|append| **append != NONE)
            {
                if self.index.is_aborted(append) {
                    aborted = aborted.or(Some(append));
                    continue;
                }
                let Some(dirty) = aborted else { continue };
                let (dirty, clean) = (
                    self.index.appends[dirty as usize],
                    self.index.appends[append as usize],
                );
                if self.index.history.operations()[clean.transaction as usize].is_ok() {
                    let words = format!(
                        "T{} appended {} to key {} after {}, which the aborted T{} had appended",
                        clean.transaction,
                        clean.value,
                        self.key(key),
                        dirty.value,
                        dirty.transaction
                    );
                    self.add(DirtyUpdate, &[dirty.transaction, clean.transaction], words);
                    break;
                }
            }
        }
    }

    fn read(&mut self, read: &Read<'_>) {
        if !read.is_compatible {
            let longest = self.index.longest[read.key as usize].expect("a read key has one");
            let longest = self.index.reads[longest as usize];
            let words = format!(
                "T{} read key {} as {:?}, T{} as {:?}: neither begins with the other",
                read.transaction,
                self.key(read.key),
                read.values,
                longest.transaction,
                longest.values
            );
            self.add(
                IncompatibleOrder,
                &[read.transaction, longest.transaction],
                words,
            );
        }
        self.aborted(read);
        self.intermediate(read);
    }

    /// G1a: an element that an aborted transaction appended.
    fn aborted(&mut self, read: &Read<'_>) {
        let find = |append: &u32| {
            *append != NONE
                && self.index.is_aborted(*append)
                && self.index.appends[*append as usize].transaction != read.transaction
        };
        let aborted = if read.is_compatible {
            let versions = self.index.versions(read.key);
            versions[..read.values.len()].iter().copied().find(find)
        } else {
            let number = |value: &i64| self.index.by_value.get(&(read.key, *value)).copied();
            read.values.iter().filter_map(number).find(find)
        };
        if let Some(append) = aborted {
            let append = self.index.appends[append as usize];
            let words = format!(
                "T{} read {} in key {}, which the aborted T{} had appended",
                read.transaction,
                append.value,
                self.key(read.key),
                append.transaction
            );
            self.add(G1a, &[append.transaction, read.transaction], words);
        }
    }

    /// G1b: the last element is not the last that its transaction appended.
    fn intermediate(&mut self, read: &Read<'_>) {
        let Some(last) = read.values.last() else {
            return;
        };
        let Some(append) = self.index.by_value.get(&(read.key, *last)) else {
            return;
        };
        let append = self.index.appends[*append as usize];
        if !append.is_final && append.transaction != read.transaction {
            let words = format!(
                "T{} read key {} up to {last}, after which its writer T{} appended more",
                read.transaction,
                self.key(read.key),
                append.transaction
            );
            self.add(G1b, &[append.transaction, read.transaction], words);
        }
    }

    /// Internal contradictions, and reads of what the transaction itself appends later.
    fn internal(&mut self, transaction: u32) {
        let reads = self.index.reads_of(transaction);
        let appends = self.index.appends_of(transaction);
        for (place, read) in reads.iter().enumerate() {
            let own = |append: &&super::Append| append.key == read.key;
            let is_later = |append: &&super::Append| {
                own(append)
                    && !self.is_before(transaction, append.value, read)
                    && read.values.contains(&append.value)
            };
            if appends.iter().any(|append| is_later(&append)) {
                let words = format!(
                    "T{transaction} read key {} as {:?}, with what it appended only later",
                    self.key(read.key),
                    read.values
                );
                self.add(FutureRead, &[transaction], words);
            }
            // What was appended since the read of the same key before, or since the beginning.
            let before = reads[..place]
                .iter()
                .rev()
                .find(|before| before.key == read.key);
            let since: Vec<i64> = appends
                .iter()
                .filter(own)
                .map(|append| append.value)
                .filter(|value| self.is_before(transaction, *value, read))
                .filter(|value| before.is_none_or(|b| !self.is_before(transaction, *value, b)))
                .collect();
            let is_right = match before {
                Some(before) => {
                    let (old, new) = (before.values, read.values);
                    new.len() == old.len() + since.len()
                        && new.starts_with(old)
                        && new.ends_with(&since)
                }
                None => read.values.ends_with(&since),
            };
            if !is_right {
                let words = match before {
                    Some(before) => format!(
                        "T{transaction} read key {} as {:?}, appended {since:?}, and read it as {:?}",
                        self.key(read.key),
                        before.values,
                        read.values
                    ),
                    None => format!(
                        "T{transaction} appended {since:?} to key {} and read it as {:?}",
                        self.key(read.key),
                        read.values
                    ),
                };
                self.add(Internal, &[transaction], words);
            }
        }
    }

    /// Does a transaction append a value before one of its reads?
    fn is_before(&self, transaction: u32, value: i64, read: &Read<'_>) -> bool {
        let key = self.key(read.key);
        super::steps(self.index.history, transaction as usize)[..read.step as usize]
            .contains(&super::MicroOp::Append(key, value))
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
                let words = format!(
                    "T{first} and T{second} both read key {} at length {length} and appended to it",
                    self.key(*key)
                );
                self.add(LostUpdate, &[*first, *second], words);
            }
        }
    }
}
