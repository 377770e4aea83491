//! What each transaction read from whom, session by session.

use super::super::{Key, MicroOp, TOLD_MAX, TxnHistory, Value, steps, tell};
use crate::anomaly::AnomalyName::{self, *};
use crate::hash::Table;
use crate::verdict::{Anomaly, Reason};
use std::collections::BTreeMap;

/// The writer of the initial versions.
pub(super) const INITIAL: u32 = u32::MAX;

/// One read of what another transaction left there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Read {
    pub(super) key: u32,
    /// Who wrote what was read; [`INITIAL`] for the initial version.
    pub(super) writer: u32,
}

/// A transaction that writes a key: its session, its place there, itself.
pub(super) type Writer = (u32, u32, u32);

pub(super) struct Index<'a> {
    pub(super) history: &'a TxnHistory,
    pub(super) keys: Vec<Key>,
    /// The transactions of each session that took effect, in order.
    pub(super) sessions: Vec<Vec<u32>>,
    /// For each transaction its session and its place there.
    pub(super) place: Vec<(u32, u32)>,
    pub(super) reads: Vec<Read>,
    pub(super) first_read: Vec<u32>,
    /// For each key its writers, in order of session and place.
    pub(super) writers: Vec<Vec<Writer>>,
    direct: Vec<Anomaly>,
}

struct Write {
    transaction: u32,
    is_final: bool,
}

impl<'a> Index<'a> {
    pub(super) fn new(history: &'a TxnHistory) -> Result<Self, Reason> {
        let (keys, writes) = writes(history)?;
        let mut index = Self {
            history,
            keys: Vec::new(),
            sessions: Vec::new(),
            place: vec![(u32::MAX, u32::MAX); history.len()],
            reads: Vec::new(),
            first_read: vec![0],
            writers: Vec::new(),
            direct: Vec::new(),
        };
        index.writers = vec![Vec::new(); keys.len()];
        let mut is_read = vec![false; history.len()];
        for transaction in 0..history.len() as u32 {
            index.read_steps(transaction, &keys, &writes);
            index.first_read.push(index.reads.len() as u32);
        }
        for read in index.reads.iter().filter(|read| read.writer != INITIAL) {
            is_read[read.writer as usize] = true;
        }
        index.order_sessions(&is_read);
        let mut names: Vec<(u32, Key)> = keys.iter().map(|(key, number)| (*number, *key)).collect();
        names.sort_unstable();
        index.keys = names.into_iter().map(|(_, key)| key).collect();
        for transaction in 0..history.len() as u32 {
            index.add_writes(transaction, &keys);
        }
        for writers in &mut index.writers {
            writers.sort_unstable();
            writers.dedup();
        }
        Ok(index)
    }

    pub(super) fn reads_of(&self, transaction: u32) -> &[Read] {
        let first = self.first_read[transaction as usize] as usize;
        &self.reads[first..self.first_read[transaction as usize + 1] as usize]
    }

    pub(super) fn took_effect(&self, transaction: u32) -> bool {
        self.place[transaction as usize].0 != u32::MAX
    }

    pub(super) fn direct(&self) -> Vec<Anomaly> {
        self.direct.clone()
    }

    /// The last writer of a key in each session up to a place in it (`None`: nothing is visible).
    pub(super) fn visible_writers<'b>(
        &'b self,
        key: u32,
        upto: impl Fn(u32) -> Option<u32> + 'b,
    ) -> impl Iterator<Item = u32> + 'b {
        let groups = self.writers[key as usize].chunk_by(|one, other| one.0 == other.0);
        groups.filter_map(move |group| {
            let upto = upto(group[0].0)?;
            let count = group.partition_point(|(_, place, _)| *place <= upto);
            count.checked_sub(1).map(|last| group[last].2)
        })
    }

    /// Unknown transactions count where somebody read from them; they end their place in line.
    fn order_sessions(&mut self, is_read: &[bool]) {
        let mut numbers: BTreeMap<u32, u32> = BTreeMap::new();
        for (id, operation) in self.history.operations().iter().enumerate() {
            let is_there = operation.is_ok() || (operation.is_info() && is_read[id]);
            if !is_there {
                continue;
            }
            let next = numbers.len() as u32;
            let session = *numbers.entry(operation.process.0).or_insert(next);
            if session == next && self.sessions.len() == next as usize {
                self.sessions.push(Vec::new());
            }
            let line = &mut self.sessions[session as usize];
            self.place[id] = (session, line.len() as u32);
            line.push(id as u32);
        }
    }

    fn add_writes(&mut self, transaction: u32, keys: &Table<Key, u32>) {
        if !self.took_effect(transaction) {
            return;
        }
        let (session, place) = self.place[transaction as usize];
        for step in steps(self.history, transaction as usize) {
            if let MicroOp::Write(key, _) = step {
                self.writers[keys[key] as usize].push((session, place, transaction));
            }
        }
    }

    fn read_steps(
        &mut self,
        transaction: u32,
        keys: &Table<Key, u32>,
        writes: &Table<(Key, Value), Write>,
    ) {
        let operation = &self.history.operations()[transaction as usize];
        if !operation.is_ok() {
            return;
        }
        let mut own: Vec<(Key, Value)> = Vec::new();
        for step in steps(self.history, transaction as usize) {
            match step {
                MicroOp::Write(key, value) => own.push((*key, *value)),
                MicroOp::Read(key, value) => {
                    let left = own.iter().rev().find(|(written, _)| written == key);
                    match left {
                        Some((_, left)) if Some(*left) != *value => {
                            let words =
                                format!("T{transaction} wrote {key}={left} and read {step}");
                            self.add(Internal, &[transaction], words);
                        }
                        Some(_) => {}
                        None => self.external(transaction, (*key, keys[key]), *value, writes),
                    }
                }
                MicroOp::Append(..) | MicroOp::ReadList(..) => {}
            }
        }
    }

    fn external(
        &mut self,
        transaction: u32,
        (name, key): (Key, u32),
        value: Option<Value>,
        writes: &Table<(Key, Value), Write>,
    ) {
        let Some(value) = value else {
            self.reads.push(Read {
                key,
                writer: INITIAL,
            });
            return;
        };
        let Some(Write {
            transaction: writer,
            is_final,
        }) = writes.get(&(name, value))
        else {
            let words = format!("T{transaction} read {name}={value}, which nobody wrote");
            self.add(GarbageRead, &[transaction], words);
            return;
        };
        let writer = *writer;
        if writer == transaction {
            let words = format!("T{transaction} read {name}={value}, which it wrote only later");
            self.add(FutureRead, &[transaction], words);
        } else if self.history.operations()[writer as usize].is_fail() {
            let words =
                format!("T{transaction} read {name}={value}, which the aborted T{writer} wrote");
            self.add(G1a, &[writer, transaction], words);
        } else {
            if !is_final {
                let words = format!(
                    "T{transaction} read {name}={value}, which its writer T{writer} overwrote itself"
                );
                self.add(G1b, &[writer, transaction], words);
            }
            self.reads.push(Read { key, writer });
        }
    }

    fn add(&mut self, name: AnomalyName, transactions: &[u32], words: String) {
        if self
            .direct
            .iter()
            .filter(|anomaly| anomaly.name == name)
            .count()
            < TOLD_MAX
        {
            let ids: Vec<usize> = transactions.iter().map(|id| *id as usize).collect();
            let told: Vec<String> = ids.iter().map(|id| tell(self.history, *id)).collect();
            self.direct.push(
                Anomaly::new(name, words)
                    .with_operations(ids)
                    .with_steps(told),
            );
        }
    }
}

type Writes = (Table<Key, u32>, Table<(Key, Value), Write>);

fn writes(history: &TxnHistory) -> Result<Writes, Reason> {
    let mut keys: Table<Key, u32> = Table::default();
    let mut writes: Table<(Key, Value), Write> = Table::default();
    for transaction in 0..history.len() {
        let mut own: Vec<(Key, Value)> = Vec::new();
        for step in steps(history, transaction) {
            let next = keys.len() as u32;
            keys.entry(step.key()).or_insert(next);
            match step {
                MicroOp::Write(key, value) => {
                    if let Some(before) = own.iter_mut().find(|(written, _)| written == key) {
                        if let Some(write) = writes.get_mut(before) {
                            write.is_final = false;
                        }
                        before.1 = *value;
                    } else {
                        own.push((*key, *value));
                    }
                    let transaction = transaction as u32;
                    let write = Write {
                        transaction,
                        is_final: true,
                    };
                    if let Some(other) = writes.insert((*key, *value), write) {
                        let words = format!(
                            "{value} is written to key {key} by T{} and by T{transaction}; every \
                             value must be written to a key once",
                            other.transaction
                        );
                        return Err(Reason::NotEnoughKnown(words));
                    }
                }
                MicroOp::Read(..) => {}
                MicroOp::Append(..) | MicroOp::ReadList(..) => {
                    let words = "levels of sessions are judged on registers, not on lists";
                    return Err(Reason::NotEnoughKnown(words.to_owned()));
                }
            }
        }
    }
    Ok((keys, writes))
}
