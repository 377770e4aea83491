//! What each transaction read from whom, session by session.

use super::super::written::Written;
use super::super::{Key, MicroOp, TOLD_MAX, TxnHistory, Value, steps, tell};
use super::lines::Lines;
use crate::anomaly::AnomalyName::{self, *};
use crate::hash::Table;
use crate::verdict::{Anomaly, Reason};

/// The writer of the initial versions.
pub(super) const INITIAL: u32 = u32::MAX;

/// No session, no write.
const NONE: u32 = u32::MAX;

/// One read of what another transaction left there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Read {
    pub(super) key: u32,
    /// Who wrote what was read; [`INITIAL`] for the initial version.
    pub(super) writer: u32,
}

pub(super) struct Index<'a> {
    pub(super) history: &'a TxnHistory,
    pub(super) keys: Vec<Key>,
    /// The transactions of each session that took effect, in order.
    pub(super) sessions: Vec<Vec<u32>>,
    /// For each transaction its session and its place there.
    pub(super) place: Vec<(u32, u32)>,
    pub(super) reads: Vec<Read>,
    pub(super) first_read: Vec<u32>,
    /// The keys that each transaction left a value in, in ascending order; none if it took no effect.
    left: Vec<u32>,
    first_left: Vec<u32>,
    /// For each key its writers, session by session.
    pub(super) lines: Lines,
    direct: Vec<Anomaly>,
}

/// One write, whether it took effect or not.
struct Write {
    key: u32,
    transaction: u32,
    value: Value,
    /// Is it the last write of its transaction to its key?
    is_final: bool,
}

/// The steps of all transactions with their keys numbered.
struct Numbered {
    keys: Vec<Key>,
    /// The number of the key of each step, transaction by transaction.
    of_step: Vec<u32>,
    writes: Vec<Write>,
}

impl<'a> Index<'a> {
    pub(super) fn new(history: &'a TxnHistory) -> Result<Self, Reason> {
        let numbered = Numbered::new(history)?;
        let writes = numbered.writes.iter().map(|write| (write.key, write.value));
        let mut written = Written::new(numbered.keys.len(), writes)
            .map_err(|(one, other)| numbered.twice(one, other))?;
        let mut index = Self {
            history,
            keys: Vec::new(),
            sessions: Vec::new(),
            place: vec![(NONE, NONE); history.len()],
            reads: Vec::with_capacity(numbered.of_step.len() - numbered.writes.len()),
            first_read: Vec::with_capacity(history.len() + 1),
            left: Vec::with_capacity(numbered.writes.len()),
            first_left: Vec::with_capacity(history.len() + 1),
            lines: Lines::default(),
            direct: Vec::new(),
        };
        index.read_all(&numbered, &mut written);
        drop(written);
        index.order_sessions();
        index.leave_all(&numbered.writes);
        index.lines = Lines::new(&index, numbered.keys.len());
        index.keys = numbered.keys;
        Ok(index)
    }

    pub(super) fn reads_of(&self, transaction: u32) -> &[Read] {
        let first = self.first_read[transaction as usize] as usize;
        &self.reads[first..self.first_read[transaction as usize + 1] as usize]
    }

    /// The keys in which a transaction left a value, in ascending order.
    pub(super) fn left_by(&self, transaction: u32) -> &[u32] {
        let first = self.first_left[transaction as usize] as usize;
        &self.left[first..self.first_left[transaction as usize + 1] as usize]
    }

    pub(super) fn took_effect(&self, transaction: u32) -> bool {
        self.place[transaction as usize].0 != NONE
    }

    /// The transaction before this one in its session.
    pub(super) fn before(&self, transaction: u32) -> Option<u32> {
        let (session, place) = self.place[transaction as usize];
        if session == NONE {
            return None;
        }
        let before = place.checked_sub(1)?;
        Some(self.sessions[session as usize][before as usize])
    }

    pub(super) fn direct(&self) -> Vec<Anomaly> {
        self.direct.clone()
    }

    /// Unknown transactions count where somebody read from them; they end their place in line.
    fn order_sessions(&mut self) {
        let mut is_read = vec![false; self.history.len()];
        for read in self.reads.iter().filter(|read| read.writer != INITIAL) {
            is_read[read.writer as usize] = true;
        }
        let mut numbers: Table<u32, u32> = Table::default();
        for (id, operation) in self.history.operations().iter().enumerate() {
            let is_there = operation.is_ok() || (operation.is_info() && is_read[id]);
            if !is_there {
                continue;
            }
            let session = *numbers.entry(operation.process.0).or_insert_with(|| {
                self.sessions.push(Vec::new());
                self.sessions.len() as u32 - 1
            });
            let line = &mut self.sessions[session as usize];
            self.place[id] = (session, line.len() as u32);
            line.push(id as u32);
        }
    }

    /// Notes what each transaction that took effect left.
    fn leave_all(&mut self, writes: &[Write]) {
        let mut writes = writes.iter().peekable();
        for transaction in 0..self.history.len() as u32 {
            let first = self.left.len();
            self.first_left.push(first as u32);
            while let Some(write) = writes.next_if(|write| write.transaction == transaction) {
                if write.is_final && self.took_effect(transaction) {
                    self.left.push(write.key);
                }
            }
            self.left[first..].sort_unstable();
        }
        self.first_left.push(self.left.len() as u32);
    }

    fn read_all(&mut self, numbered: &Numbered, written: &mut Written) {
        // For each key the last write so far; it counts where it is the reader's own.
        let mut last_write = vec![NONE; numbered.keys.len()];
        let (mut step, mut write) = (0, 0);
        for transaction in 0..self.history.len() as u32 {
            self.first_read.push(self.reads.len() as u32);
            let is_ok = self.history.operations()[transaction as usize].is_ok();
            for micro in steps(self.history, transaction as usize) {
                let key = numbered.of_step[step];
                step += 1;
                match micro {
                    MicroOp::Write(..) => {
                        last_write[key as usize] = write;
                        write += 1;
                    }
                    MicroOp::Read(name, value) if is_ok => {
                        let own = numbered.writes.get(last_write[key as usize] as usize);
                        match own.filter(|own| own.transaction == transaction) {
                            Some(Write { value: left, .. }) if Some(*left) != *value => {
                                let words =
                                    format!("T{transaction} wrote {name}={left} and read {micro}");
                                self.add(Internal, &[transaction], words);
                            }
                            Some(_) => {}
                            None => match *value {
                                Some(value) => {
                                    let write = written.find(key, value);
                                    let write = write.map(|id| &numbered.writes[id as usize]);
                                    self.external(transaction, (*name, key), value, write);
                                }
                                None => self.reads.push(Read {
                                    key,
                                    writer: INITIAL,
                                }),
                            },
                        }
                    }
                    MicroOp::Read(..) | MicroOp::Append(..) | MicroOp::ReadList(..) => {}
                }
            }
        }
        self.first_read.push(self.reads.len() as u32);
    }

    fn external(
        &mut self,
        transaction: u32,
        (name, key): (Key, u32),
        value: Value,
        write: Option<&Write>,
    ) {
        let Some(write) = write else {
            let words = format!("T{transaction} read {name}={value}, which nobody wrote");
            self.add(GarbageRead, &[transaction], words);
            return;
        };
        let writer = write.transaction;
        if writer == transaction {
            let words = format!("T{transaction} read {name}={value}, which it wrote only later");
            self.add(FutureRead, &[transaction], words);
        } else if self.history.operations()[writer as usize].is_fail() {
            let words =
                format!("T{transaction} read {name}={value}, which the aborted T{writer} wrote");
            self.add(G1a, &[writer, transaction], words);
        } else {
            if !write.is_final {
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

impl Numbered {
    fn new(history: &TxnHistory) -> Result<Self, Reason> {
        let count = (0..history.len()).map(|id| steps(history, id).len()).sum();
        let mut numbered = Self {
            keys: Vec::new(),
            of_step: Vec::with_capacity(count),
            writes: Vec::new(),
        };
        let mut numbers: Table<Key, u32> = Table::default();
        let mut last_write: Vec<u32> = Vec::new();
        for transaction in 0..history.len() {
            for step in steps(history, transaction) {
                let key = *numbers.entry(step.key()).or_insert_with(|| {
                    numbered.keys.push(step.key());
                    last_write.push(NONE);
                    numbered.keys.len() as u32 - 1
                });
                numbered.of_step.push(key);
                match step {
                    MicroOp::Write(_, value) => {
                        let transaction = transaction as u32;
                        let before = last_write[key as usize] as usize;
                        let before = numbered.writes.get_mut(before);
                        if let Some(own) = before.filter(|own| own.transaction == transaction) {
                            own.is_final = false;
                        }
                        last_write[key as usize] = numbered.writes.len() as u32;
                        numbered.writes.push(Write {
                            key,
                            transaction,
                            value: *value,
                            is_final: true,
                        });
                    }
                    MicroOp::Read(..) => {}
                    MicroOp::Append(..) | MicroOp::ReadList(..) => {
                        let words = "levels of sessions are judged on registers, not on lists";
                        return Err(Reason::NotEnoughKnown(words.to_owned()));
                    }
                }
            }
        }
        Ok(numbered)
    }

    /// What is to be said of one value that is written twice.
    fn twice(&self, one: u32, other: u32) -> Reason {
        let (one, other) = (&self.writes[one as usize], &self.writes[other as usize]);
        let words = format!(
            "{} is written to key {} by T{} and by T{}; every value must be written to a key once",
            one.value, self.keys[one.key as usize], one.transaction, other.transaction
        );
        Reason::NotEnoughKnown(words)
    }
}
