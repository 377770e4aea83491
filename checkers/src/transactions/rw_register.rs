//! Register histories: writes replace, so that version orders are not seen but inferred.
//!
//! That the initial version comes first is always assumed; what else is, the caller says
//! ([`VersionOrders`]). A key whose inferred order contradicts itself is told and then left out of
//! the dependency graph.

mod direct;
mod versions;

use super::cycles::{self, Cycle};
use super::graph::{Edges, Graph, Kinds};
use super::{Ask, Key, MicroOp, Report, TxnHistory, Value, steps};
use crate::anomaly::AnomalyName;
use crate::budget::Meter;
use crate::hash::Table;
use crate::verdict::{Anomaly, Reason};
use serde::{Deserialize, Serialize};

/// From what the order of a key's versions may be inferred.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionOrders {
    /// In a transaction that reads a key and then writes it, the version read comes first.
    pub writes_follow_reads: bool,
    /// Each key alone is sequentially consistent.
    pub sequential_keys: bool,
    /// Each key alone is linearizable.
    pub linearizable_keys: bool,
    /// Every write is in the history, so that a value that nobody wrote is garbage. Otherwise such
    /// values are told, and no level is taken to be broken by them.
    pub complete: bool,
    /// The order of the transactions is known: a rank for each, by position in the history.
    pub transaction_order: Option<Vec<u64>>,
}

/// Judges a history of transactions that read and write registers.
pub fn check_rw_register(
    history: &TxnHistory,
    ask: &Ask,
    orders: &VersionOrders,
    meter: &mut Meter<'_>,
) -> Report {
    let mut wanted = ask.wanted();
    if !orders.complete && matches!(ask, Ask::Level(_)) {
        wanted.remove(&AnomalyName::GarbageRead);
    }
    let index = match Index::new(history) {
        Ok(index) => index,
        Err(reason) => return Report::unknown(reason),
    };
    let mut found = direct::find(&index);
    let inferred = versions::infer(&index, orders);
    found.extend(inferred.cyclic(&index));
    let edges = index.edges(&inferred);
    let is_vacuous = edges.is_empty();
    let graph = Graph::new(history, &edges);
    let mut tangles = Vec::new();
    match cycles::find(&graph, &wanted, meter) {
        Ok((cycles, parts)) => {
            found.extend(cycles.iter().map(|cycle| index.tell(cycle, &inferred)));
            tangles = parts;
        }
        Err(reason) if found.iter().all(|anomaly| !wanted.contains(&anomaly.name)) => {
            return Report::unknown(reason);
        }
        Err(_) => {}
    }
    Report::new(found, tangles, &wanted, is_vacuous)
}

const NONE: u32 = u32::MAX;

/// One version of one key.
#[derive(Clone, Copy, Debug)]
struct Version {
    key: u32,
    /// `None`: the initial one.
    value: Option<Value>,
    /// The transaction that wrote it; [`NONE`] where none did.
    writer: u32,
    /// Is it the last that its writer wrote to the key?
    is_final: bool,
}

/// What one transaction had to do with one key.
#[derive(Clone, Copy, Debug)]
struct Touch {
    key: u32,
    transaction: u32,
    /// The version that it found there, if it read before it wrote.
    read: u32,
    /// The version that it left there, if it wrote.
    wrote: u32,
}

impl Touch {
    /// The earliest version that it is a sign of.
    fn first(&self) -> u32 {
        if self.read == NONE {
            self.wrote
        } else {
            self.read
        }
    }

    /// The latest one.
    fn last(&self) -> u32 {
        if self.wrote == NONE {
            self.read
        } else {
            self.wrote
        }
    }
}

/// Everything that the history says about versions.
struct Index<'a> {
    history: &'a TxnHistory,
    keys: Vec<Key>,
    versions: Vec<Version>,
    numbers: Table<(Key, Option<Value>), u32>,
    /// In order of transactions.
    touches: Vec<Touch>,
    first_touch: Vec<u32>,
    /// For each version, the committed transactions that found it.
    readers: Vec<Vec<u32>>,
}

impl<'a> Index<'a> {
    fn new(history: &'a TxnHistory) -> Result<Self, Reason> {
        let mut index = Self {
            history,
            keys: Vec::new(),
            versions: Vec::new(),
            numbers: Table::default(),
            touches: Vec::new(),
            first_touch: Vec::with_capacity(history.len() + 1),
            readers: Vec::new(),
        };
        let mut keys: Table<Key, u32> = Table::default();
        for transaction in 0..history.len() {
            index.first_touch.push(index.touches.len() as u32);
            index.read_steps(transaction as u32, &mut keys)?;
        }
        index.first_touch.push(index.touches.len() as u32);
        index.readers = vec![Vec::new(); index.versions.len()];
        for touch in index.touches.iter().filter(|touch| touch.read != NONE) {
            index.readers[touch.read as usize].push(touch.transaction);
        }
        Ok(index)
    }

    fn read_steps(&mut self, transaction: u32, keys: &mut Table<Key, u32>) -> Result<(), Reason> {
        let operation = &self.history.operations()[transaction as usize];
        let first_touch = self.touches.len();
        for micro in steps(self.history, transaction as usize) {
            let key = *keys.entry(micro.key()).or_insert_with(|| {
                self.keys.push(micro.key());
                self.keys.len() as u32 - 1
            });
            let own = self.touches[first_touch..]
                .iter()
                .position(|touch| touch.key == key);
            match micro {
                MicroOp::Write(name, value) => {
                    let version = self.version(key, *name, Some(*value));
                    self.write(version, transaction)?;
                    // A failed transaction leaves nothing.
                    let wrote = if operation.is_fail() { NONE } else { version };
                    match own {
                        Some(place) => {
                            let touch = &mut self.touches[first_touch + place];
                            if touch.wrote != NONE {
                                self.versions[touch.wrote as usize].is_final = false;
                            }
                            touch.wrote = wrote;
                        }
                        None => self.touches.push(Touch {
                            key,
                            transaction,
                            read: NONE,
                            wrote,
                        }),
                    }
                }
                MicroOp::Read(name, value) if operation.is_ok() => {
                    let read = self.version(key, *name, *value);
                    if own.is_none() {
                        self.touches.push(Touch {
                            key,
                            transaction,
                            read,
                            wrote: NONE,
                        });
                    }
                }
                MicroOp::Read(..) => {}
                MicroOp::Append(..) | MicroOp::ReadList(..) => {
                    let words = format!(
                        "T{transaction} appends to a list or reads one; a register history has \
                         reads and writes only"
                    );
                    return Err(Reason::NotEnoughKnown(words));
                }
            }
        }
        Ok(())
    }

    fn version(&mut self, key: u32, name: Key, value: Option<Value>) -> u32 {
        *self.numbers.entry((name, value)).or_insert_with(|| {
            self.versions.push(Version {
                key,
                value,
                writer: NONE,
                is_final: true,
            });
            self.versions.len() as u32 - 1
        })
    }

    fn write(&mut self, version: u32, transaction: u32) -> Result<(), Reason> {
        let about = &mut self.versions[version as usize];
        if about.writer != NONE {
            let words = format!(
                "{} is written to key {} by T{} and by T{transaction}; versions can be told apart \
                 only where every value is written to a key once",
                about.value.expect("what is written is a value"),
                self.keys[about.key as usize],
                about.writer
            );
            return Err(Reason::NotEnoughKnown(words));
        }
        about.writer = transaction;
        Ok(())
    }

    /// The writer of a version, if it is one that others can build on.
    fn writer(&self, version: u32) -> Option<u32> {
        let Version { writer, .. } = self.versions[version as usize];
        let is_real = writer != NONE && !self.history.operations()[writer as usize].is_fail();
        is_real.then_some(writer)
    }

    fn touches_of(&self, transaction: u32) -> &[Touch] {
        let first = self.first_touch[transaction as usize] as usize;
        &self.touches[first..self.first_touch[transaction as usize + 1] as usize]
    }

    fn edges(&self, inferred: &versions::Inferred) -> Edges {
        let mut edges = Edges::default();
        for (version, readers) in self.readers.iter().enumerate() {
            let version = version as u32;
            let writer = self.writer(version);
            let is_final = self.versions[version as usize].is_final;
            for reader in readers {
                if let Some(writer) = writer.filter(|_| is_final) {
                    edges.push(writer, *reader, Kinds::WR);
                }
            }
            let mut writers: Vec<u32> = inferred
                .after(version)
                .filter_map(|later| self.writer(later))
                .collect();
            writers.sort_unstable();
            writers.dedup();
            if let Some(writer) = writer {
                edges.push_all(&[writer], &writers, Kinds::WW);
            }
            edges.push_all(readers, &writers, Kinds::RW);
        }
        edges
    }

    fn name(&self, version: u32) -> String {
        let Version { key, value, .. } = self.versions[version as usize];
        match value {
            Some(value) => format!("{}={value}", self.keys[key as usize]),
            None => format!("{}=nil", self.keys[key as usize]),
        }
    }

    /// A cycle in words, transaction by transaction.
    fn tell(&self, cycle: &Cycle, inferred: &versions::Inferred) -> Anomaly {
        cycles::tell(self.history, cycle, |from, to, kind| {
            self.touches_of(from).iter().find_map(|touch| match kind {
                Kinds::WR => {
                    let mut reads = self.touches_of(to).iter().map(|other| other.read);
                    let read =
                        reads.find(|read| *read != NONE && self.writer(*read) == Some(from))?;
                    Some(format!(
                        "T{to} read {}, which T{from} wrote",
                        self.name(read)
                    ))
                }
                _ => {
                    let is_read = kind == Kinds::RW;
                    let version = if is_read { touch.read } else { touch.wrote };
                    if version == NONE {
                        return None;
                    }
                    let mut after = inferred.after(version);
                    let later = after.find(|later| self.writer(*later) == Some(to))?;
                    let verb = if is_read { "read" } else { "wrote" };
                    Some(format!(
                        "T{from} {verb} {}, which T{to} overwrote with {} ({})",
                        self.name(version),
                        self.name(later),
                        inferred.why(version, later)
                    ))
                }
            })
        })
    }
}
