//! List-append histories: every read gives the whole list, so it gives the order of its versions.
//!
//! The longest read of each key is its version order; appends that were acknowledged and are in no
//! read come after it, in an order that nobody knows. Failed transactions are read for what they
//! must not have done, transactions with unknown end for what they may have done.

mod direct;

use super::cycles::{self, Cycle};
use super::graph::{Edges, Graph, Kinds};
use super::written::Written;
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
    let mut tangles = Vec::new();
    match cycles::find(&graph, &wanted, meter) {
        Ok((cycles, parts)) => {
            found.extend(cycles.iter().map(|cycle| index.tell(cycle)));
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

/// One append.
#[derive(Clone, Copy, Debug)]
struct Append {
    key: u32,
    transaction: u32,
    value: Value,
    /// Its place in the version order; [`NONE`] where no read shows it.
    place: u32,
    /// Its step in the transaction.
    step: u32,
    /// Is it the last append of its transaction to its key?
    is_final: bool,
    /// Did its transaction fail?
    is_aborted: bool,
    /// Was its transaction acknowledged?
    is_certain: bool,
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
    written: Written,
    /// The longest read of each key.
    longest: Vec<Option<u32>>,
    /// Version orders, one key after the other: the append at each place, [`NONE`] where there is none.
    order: Vec<u32>,
    order_start: Vec<u32>,
    /// For each place in an order the writer from there on that did not abort, if there is one.
    real_from: Vec<u32>,
    /// For each key the first place in its order that an aborted transaction wrote.
    first_aborted: Vec<u32>,
    /// Acknowledged appends of each key that no read shows, by transaction, each once.
    unobserved: Vec<Vec<u32>>,
}

/// What is known of a key while transactions are read one by one.
#[derive(Clone, Copy)]
struct Touched {
    last_append: u32,
    /// The first read of the key by the transaction that read it last.
    first_read: u32,
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
            written: Written::default(),
            longest: Vec::new(),
            order: Vec::new(),
            order_start: vec![0],
            real_from: Vec::new(),
            first_aborted: Vec::new(),
            unobserved: Vec::new(),
        };
        let mut numbers: Table<Key, u32> = Table::default();
        let mut touched: Vec<Touched> = Vec::new();
        for transaction in 0..history.len() {
            index.first_append.push(index.appends.len() as u32);
            index.first_read.push(index.reads.len() as u32);
            index.read_steps(transaction, &mut numbers, &mut touched)?;
        }
        index.first_append.push(index.appends.len() as u32);
        index.first_read.push(index.reads.len() as u32);
        let appends = index.appends.iter();
        let appends = appends.map(|append| (append.key, append.value));
        index.written = Written::new(index.keys.len(), appends)
            .map_err(|(one, other)| index.twice(one, other))?;
        index.order_versions();
        index.compare_reads();
        Ok(index)
    }

    fn read_steps(
        &mut self,
        transaction: usize,
        numbers: &mut Table<Key, u32>,
        touched: &mut Vec<Touched>,
    ) -> Result<(), Reason> {
        let operation = &self.history.operations()[transaction];
        let (first_append, first_read) = (self.appends.len(), self.reads.len());
        for (step, micro) in (0..).zip(steps(self.history, transaction)) {
            let key = *numbers.entry(micro.key()).or_insert_with(|| {
                self.keys.push(micro.key());
                self.longest.push(None);
                touched.push(Touched {
                    last_append: NONE,
                    first_read: NONE,
                });
                self.keys.len() as u32 - 1
            });
            let touch = &mut touched[key as usize];
            let is_appended = touch.last_append != NONE && touch.last_append >= first_append as u32;
            let is_read = touch.first_read != NONE && touch.first_read >= first_read as u32;
            let transaction = transaction as u32;
            match micro {
                MicroOp::Append(_, value) => {
                    if is_appended {
                        self.appends[touch.last_append as usize].is_final = false;
                    }
                    if is_read {
                        self.reads[touch.first_read as usize].is_updated = true;
                    }
                    touch.last_append = self.appends.len() as u32;
                    self.appends.push(Append {
                        key,
                        transaction,
                        value: *value,
                        place: NONE,
                        step,
                        is_final: true,
                        is_aborted: operation.is_fail(),
                        is_certain: operation.is_ok(),
                    });
                }
                MicroOp::ReadList(_, values) if operation.is_ok() => {
                    let longest = &mut self.longest[key as usize];
                    let length =
                        longest.map_or(0, |read: u32| self.reads[read as usize].values.len());
                    if longest.is_none() || length < values.len() {
                        *longest = Some(self.reads.len() as u32);
                    }
                    if !is_read {
                        touch.first_read = self.reads.len() as u32;
                    }
                    self.reads.push(Read {
                        key,
                        transaction,
                        step,
                        values,
                        is_external: !is_appended && !is_read,
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

    /// What is to be said of one value that is appended twice.
    fn twice(&self, one: u32, other: u32) -> Reason {
        let (one, other) = (self.appends[one as usize], self.appends[other as usize]);
        let words = format!(
            "{} is appended to key {} by T{} and by T{}; versions can be told apart only where \
             every value is appended to a key once",
            one.value, self.keys[one.key as usize], one.transaction, other.transaction
        );
        Reason::NotEnoughKnown(words)
    }

    fn order_versions(&mut self) {
        self.first_aborted = vec![NONE; self.keys.len()];
        for key in 0..self.keys.len() as u32 {
            let longest = self.longest[key as usize].map(|read| self.reads[read as usize].values);
            let start = self.order.len();
            for (place, value) in (0..).zip(longest.unwrap_or_default()) {
                let append = self.written.find(key, *value);
                // An element that is there twice has the place of its first appearance.
                let is_first = |number: &u32| self.appends[*number as usize].place == NONE;
                let append = append.filter(is_first).unwrap_or(NONE);
                let mut writer = NONE;
                if let Some(append) = self.appends.get_mut(append as usize) {
                    append.place = place;
                    if append.is_aborted {
                        let first = &mut self.first_aborted[key as usize];
                        *first = (*first).min(place);
                    } else {
                        writer = append.transaction;
                    }
                }
                self.order.push(append);
                self.real_from.push(writer);
            }
            let mut next = NONE;
            for writer in self.real_from[start..].iter_mut().rev() {
                if *writer == NONE {
                    *writer = next;
                }
                next = *writer;
            }
            self.order_start.push(self.order.len() as u32);
        }
        self.unobserved = vec![Vec::new(); self.keys.len()];
        let unseen = |append: &&Append| append.place == NONE && append.is_certain;
        for append in self.appends.iter().filter(unseen) {
            let transactions = &mut self.unobserved[append.key as usize];
            if transactions.last() != Some(&append.transaction) {
                transactions.push(append.transaction);
            }
        }
    }

    /// Which reads are prefixes of the version order?
    fn compare_reads(&mut self) {
        for read in 0..self.reads.len() {
            let Read { key, values, .. } = self.reads[read];
            let longest =
                self.longest[key as usize].expect("a key that is read has a longest read");
            let longest = self.reads[longest as usize].values;
            self.reads[read].is_compatible = longest[..values.len()] == *values;
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

    /// The writer of the first version from a place on that somebody wrote and did not abort.
    fn writer_from(&self, key: u32, place: usize) -> Option<u32> {
        let start = self.order_start[key as usize] as usize;
        let end = self.order_start[key as usize + 1] as usize;
        let writer = *self.real_from[start..end].get(place)?;
        (writer != NONE).then_some(writer)
    }

    /// The writer of the last version that a read shows, if it did not abort.
    fn writer_of(&self, read: &Read<'_>) -> Option<u32> {
        let last = *self
            .versions(read.key)
            .get(read.values.len().checked_sub(1)?)?;
        let append = self.appends.get(last as usize)?;
        (!append.is_aborted).then_some(append.transaction)
    }

    fn edges(&self) -> Edges {
        let mut edges = Edges::with_capacity(self.appends.len() + 2 * self.reads.len());
        let mut last_writer = vec![NONE; self.keys.len()];
        for key in 0..self.keys.len() as u32 {
            let mut before = NONE;
            let appends = self.versions(key).iter();
            let appends = appends.filter_map(|append| self.appends.get(*append as usize));
            for append in appends.filter(|append| !append.is_aborted) {
                if before != NONE {
                    edges.push(before, append.transaction, Kinds::WW);
                }
                before = append.transaction;
            }
            last_writer[key as usize] = before;
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
                None if self.unobserved[read.key as usize].is_empty() => {}
                None => last_readers[read.key as usize].push(read.transaction),
            }
        }
        for (key, unobserved) in self.unobserved.iter().enumerate() {
            if !unobserved.is_empty() {
                let writers = [last_writer[key]];
                let writers = if writers[0] == NONE {
                    &[]
                } else {
                    &writers[..]
                };
                edges.push_all(writers, unobserved, Kinds::WW);
                edges.push_all(&last_readers[key], unobserved, Kinds::RW);
            }
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
