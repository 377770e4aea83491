//! List-append histories: every read gives the whole list, so it gives the order of its versions.
//!
//! The longest read of each key is its version order; appends that were acknowledged and are in no
//! read come after it, in an order that nobody knows. Failed transactions are read for what they
//! must not have done, transactions with unknown end for what they may have done.

mod direct;

use super::cycles::{self, Cycle};
use super::graph::{Edges, Graph, Kinds};
use super::{Ask, Key, MicroOp, Report, TxnHistory, Value, steps};
use crate::budget::Meter;
use crate::hash::Table;
use crate::verdict::{Anomaly, Reason};

/// Judges a history of transactions that append to lists and read them.
///
/// Serializability is decided exactly. Below it, cycles are missed that only an order among
/// several appends to one key that nobody saw would close: none of these orders is known.
pub fn check_list_append(history: &TxnHistory, ask: &Ask, meter: &mut Meter<'_>) -> Report {
    let wanted = ask.wanted();
    let index = match Index::new(history) {
        Ok(index) => index,
        Err(reason) => return Report::unknown(reason),
    };
    let mut found = direct::find(&index);
    let edges = index.edges();
    let is_vacuous = edges.is_empty();
    let graph = Graph::new(history, &edges);
    match cycles::find(&graph, &wanted, meter) {
        Ok(cycles) => found.extend(cycles.iter().map(|cycle| index.tell(cycle))),
        Err(reason) if found.iter().all(|anomaly| !wanted.contains(&anomaly.name)) => {
            return Report::unknown(reason);
        }
        Err(_) => {}
    }
    Report::new(found, &wanted, is_vacuous)
}

const NONE: u32 = u32::MAX;

/// One append.
#[derive(Clone, Copy, Debug)]
struct Append {
    key: u32,
    transaction: u32,
    value: Value,
    /// Its place in the version order; [`NONE`] where no read shows it.
    place: u32,
    /// Is it the last append of its transaction to its key?
    is_final: bool,
}

/// One read of a committed transaction.
#[derive(Clone, Copy, Debug)]
struct Read<'a> {
    key: u32,
    transaction: u32,
    /// Its step in the transaction.
    step: u32,
    values: &'a [Value],
    /// Is it the first step of its transaction on its key?
    is_external: bool,
    /// Does its transaction append to the key after it?
    is_updated: bool,
    /// Is it a prefix of the version order?
    is_compatible: bool,
}

/// Everything that the history says about versions.
struct Index<'a> {
    history: &'a TxnHistory,
    keys: Vec<Key>,
    appends: Vec<Append>,
    /// The first append of each transaction.
    first_append: Vec<u32>,
    reads: Vec<Read<'a>>,
    first_read: Vec<u32>,
    by_value: Table<(u32, Value), u32>,
    /// The longest read of each key.
    longest: Vec<Option<u32>>,
    /// Version orders, one key after the other: the append at each place, [`NONE`] where there is none.
    order: Vec<u32>,
    order_start: Vec<u32>,
    /// Acknowledged appends of each key that no read shows, by transaction, each once.
    unobserved: Vec<Vec<u32>>,
}

impl<'a> Index<'a> {
    fn new(history: &'a TxnHistory) -> Result<Self, Reason> {
        let mut index = Self {
            history,
            keys: Vec::new(),
            appends: Vec::new(),
            first_append: Vec::with_capacity(history.len() + 1),
            reads: Vec::new(),
            first_read: Vec::with_capacity(history.len() + 1),
            by_value: Table::default(),
            longest: Vec::new(),
            order: Vec::new(),
            order_start: vec![0],
            unobserved: Vec::new(),
        };
        let mut numbers: Table<Key, u32> = Table::default();
        for transaction in 0..history.len() {
            index.first_append.push(index.appends.len() as u32);
            index.first_read.push(index.reads.len() as u32);
            index.read_steps(transaction, &mut numbers)?;
        }
        index.first_append.push(index.appends.len() as u32);
        index.first_read.push(index.reads.len() as u32);
        index.number_appends()?;
        index.order_versions();
        Ok(index)
    }

    fn read_steps(
        &mut self,
        transaction: usize,
        numbers: &mut Table<Key, u32>,
    ) -> Result<(), Reason> {
        let operation = &self.history.operations()[transaction];
        let (first_append, first_read) = (self.appends.len(), self.reads.len());
        for (step, micro) in steps(self.history, transaction).iter().enumerate() {
            let key = *numbers.entry(micro.key()).or_insert_with(|| {
                self.keys.push(micro.key());
                self.longest.push(None);
                self.keys.len() as u32 - 1
            });
            let transaction = transaction as u32;
            match micro {
                MicroOp::Append(_, value) => {
                    let (value, place) = (*value, NONE);
                    let mut own = self.appends[first_append..].iter_mut().rev();
                    if let Some(before) = own.find(|append| append.key == key) {
                        before.is_final = false;
                    }
                    let mut own = self.reads[first_read..].iter_mut();
                    if let Some(read) = own.find(|read| read.key == key) {
                        read.is_updated = true;
                    }
                    self.appends.push(Append {
                        key,
                        transaction,
                        value,
                        place,
                        is_final: true,
                    });
                }
                MicroOp::ReadList(_, values) if operation.is_ok() => {
                    let is_external = self.appends[first_append..]
                        .iter()
                        .all(|own| own.key != key)
                        && self.reads[first_read..].iter().all(|own| own.key != key);
                    let longest = &mut self.longest[key as usize];
                    let length =
                        longest.map_or(0, |read: u32| self.reads[read as usize].values.len());
                    if longest.is_none() || length < values.len() {
                        *longest = Some(self.reads.len() as u32);
                    }
                    self.reads.push(Read {
                        key,
                        transaction,
                        step: step as u32,
                        values,
                        is_external,
                        is_updated: false,
                        is_compatible: true,
                    });
                }
                MicroOp::ReadList(..) => {}
                MicroOp::Write(..) | MicroOp::Read(..) => {
                    let words = format!(
                        "T{transaction} writes or reads a register; a list-append history has \
                         appends and reads of lists only"
                    );
                    return Err(Reason::NotEnoughKnown(words));
                }
            }
        }
        Ok(())
    }

    fn number_appends(&mut self) -> Result<(), Reason> {
        self.by_value.reserve(self.appends.len());
        for (number, append) in self.appends.iter().enumerate() {
            let other = self
                .by_value
                .insert((append.key, append.value), number as u32);
            if let Some(other) = other {
                let words = format!(
                    "{} is appended to key {} by T{} and by T{}; versions can be told apart only \
                     where every value is appended to a key once",
                    append.value,
                    self.keys[append.key as usize],
                    self.appends[other as usize].transaction,
                    append.transaction
                );
                return Err(Reason::NotEnoughKnown(words));
            }
        }
        Ok(())
    }

    fn order_versions(&mut self) {
        for key in 0..self.keys.len() as u32 {
            let longest = self.longest[key as usize].map(|read| self.reads[read as usize].values);
            for value in longest.unwrap_or_default() {
                let place = self.order.len() as u32 - self.order_start[key as usize];
                let append = self.by_value.get(&(key, *value)).copied();
                // An element that is there twice has the place of its first appearance.
                let is_first = |number: &u32| self.appends[*number as usize].place == NONE;
                let append = append.filter(is_first).unwrap_or(NONE);
                if append != NONE {
                    self.appends[append as usize].place = place;
                }
                self.order.push(append);
            }
            self.order_start.push(self.order.len() as u32);
        }
        for read in 0..self.reads.len() {
            let Read { key, values, .. } = self.reads[read];
            let longest =
                self.longest[key as usize].expect("a key that is read has a longest read");
            let longest = self.reads[longest as usize].values;
            self.reads[read].is_compatible = longest[..values.len()] == *values;
        }
        self.unobserved = vec![Vec::new(); self.keys.len()];
        for append in self.appends.iter().filter(|append| append.place == NONE) {
            let transactions = &mut self.unobserved[append.key as usize];
            let is_certain = self.history.operations()[append.transaction as usize].is_ok();
            if is_certain && transactions.last() != Some(&append.transaction) {
                transactions.push(append.transaction);
            }
        }
    }

    /// The version order of a key.
    fn versions(&self, key: u32) -> &[u32] {
        let (start, end) = (
            self.order_start[key as usize],
            self.order_start[key as usize + 1],
        );
        &self.order[start as usize..end as usize]
    }

    fn is_aborted(&self, append: u32) -> bool {
        let transaction = self.appends[append as usize].transaction;
        self.history.operations()[transaction as usize].is_fail()
    }

    /// The writer of the first version from a place on that somebody wrote and did not abort.
    fn writer_from(&self, key: u32, place: usize) -> Option<u32> {
        let is_real = |append: &&u32| **append != NONE && !self.is_aborted(**append);
        let versions = self.versions(key).get(place..)?;
        versions
            .iter()
            .find(is_real)
            .map(|append| self.appends[*append as usize].transaction)
    }

    /// The writer of the last version that a read shows, if it did not abort.
    fn writer_of(&self, read: &Read<'_>) -> Option<u32> {
        let last = *self
            .versions(read.key)
            .get(read.values.len().checked_sub(1)?)?;
        (last != NONE && !self.is_aborted(last)).then(|| self.appends[last as usize].transaction)
    }

    fn edges(&self) -> Edges {
        let mut edges = Edges::default();
        let mut last_writers: Vec<Vec<u32>> = vec![Vec::new(); self.keys.len()];
        for key in 0..self.keys.len() as u32 {
            let mut before: Option<u32> = None;
            for &append in self.versions(key) {
                if append == NONE || self.is_aborted(append) {
                    continue;
                }
                let writer = self.appends[append as usize].transaction;
                if let Some(before) = before.replace(writer) {
                    edges.push(before, writer, Kinds::WW);
                }
            }
            last_writers[key as usize].extend(before);
        }
        let mut last_readers: Vec<Vec<u32>> = vec![Vec::new(); self.keys.len()];
        for read in self
            .reads
            .iter()
            .filter(|read| read.is_external && read.is_compatible)
        {
            if let Some(writer) = self.writer_of(read) {
                edges.push(writer, read.transaction, Kinds::WR);
            }
            match self.writer_from(read.key, read.values.len()) {
                Some(writer) => edges.push(read.transaction, writer, Kinds::RW),
                None => last_readers[read.key as usize].push(read.transaction),
            }
        }
        for (key, unobserved) in self.unobserved.iter().enumerate() {
            edges.push_all(&last_writers[key], unobserved, Kinds::WW);
            edges.push_all(&last_readers[key], unobserved, Kinds::RW);
        }
        edges
    }

    fn appends_of(&self, transaction: u32) -> &[Append] {
        let first = self.first_append[transaction as usize] as usize;
        &self.appends[first..self.first_append[transaction as usize + 1] as usize]
    }

    fn reads_of(&self, transaction: u32) -> &[Read<'a>] {
        let first = self.first_read[transaction as usize] as usize;
        &self.reads[first..self.first_read[transaction as usize + 1] as usize]
    }

    /// A cycle in words, transaction by transaction.
    fn tell(&self, cycle: &Cycle) -> Anomaly {
        cycles::tell(self.history, cycle, |from, to, kind| match kind {
            Kinds::WW => self.tell_ww(from, to),
            Kinds::WR => self.tell_wr(from, to),
            _ => self.tell_rw(from, to),
        })
    }

    fn tell_ww(&self, from: u32, to: u32) -> Option<String> {
        self.appends_of(from).iter().find_map(|append| {
            let Append {
                key, value, place, ..
            } = *append;
            let name = self.keys[key as usize];
            if place != NONE && self.writer_from(key, place as usize + 1) == Some(to) {
                let mut appends = self.appends_of(to).iter().filter(|other| other.key == key);
                let later = appends.find(|other| other.place != NONE && other.place > place)?;
                return Some(format!(
                    "T{from} appended {value} to {name} before T{to} appended {}",
                    later.value
                ));
            }
            let is_last = place == NONE || self.writer_from(key, place as usize + 1).is_none();
            (is_last && place != NONE && self.unobserved[key as usize].contains(&to)).then(|| {
                format!(
                    "T{from} appended {value} to {name}, the last value that anyone saw, and T{to} \
                     appended one that nobody saw"
                )
            })
        })
    }

    fn tell_wr(&self, from: u32, to: u32) -> Option<String> {
        let mut reads = self.reads_of(to).iter().filter(|read| read.is_external);
        let read = reads.find(|read| self.writer_of(read) == Some(from))?;
        let value = read
            .values
            .last()
            .expect("a version with a writer has a last value");
        let name = self.keys[read.key as usize];
        Some(format!(
            "T{to} read {name} up to {value}, which T{from} appended"
        ))
    }

    fn tell_rw(&self, from: u32, to: u32) -> Option<String> {
        self.reads_of(from)
            .iter()
            .filter(|read| read.is_external)
            .find_map(|read| {
                let name = self.keys[read.key as usize];
                let seen = match read.values.last() {
                    Some(value) => format!("up to {value}"),
                    None => "empty".to_owned(),
                };
                let next = self.writer_from(read.key, read.values.len());
                let is_unseen = next.is_none() && self.unobserved[read.key as usize].contains(&to);
                (next == Some(to) || is_unseen).then(|| {
                    format!("T{from} read {name} {seen}, without what T{to} appended next")
                })
            })
    }
}
