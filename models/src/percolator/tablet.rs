//! The cells of one node, each with the columns of Percolator: data by start timestamp, a lock, and
//! versions by commit timestamp that say where their data is. Peng & Dabek (2010), section 2.2, figures
//! 4 to 6. Pure: knows no node, no message and no disk.
//!
//! To the paper's columns comes the mark of what was rolled back: its messages can be late or doubled,
//! and a lock must not come back.

use std::collections::BTreeMap;

use murphy_sim::CallId;

use super::message::{End, Lock, Record, Timestamp};
use crate::service::txn::{self, Datum, Key};

/// The cells of one node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Tablet {
    cells: BTreeMap<Key, Cell>,
    /// What became of locks, in the order it happened, for invariants to read on from where they were.
    ended: Vec<Ended>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Cell {
    lock: Option<Lock>,
    data: BTreeMap<Timestamp, Datum>,
    /// By commit timestamp.
    versions: BTreeMap<Timestamp, Lock>,
    rolled_back: BTreeMap<Timestamp, Lock>,
}

/// What was in cells at some moment.
pub(super) type Found = Vec<(Key, Option<Datum>)>;

/// The locks that stand in cells.
pub(super) type Locks = Vec<(Key, Lock)>;

/// A lock that has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Ended {
    pub(super) key: Key,
    pub(super) lock: Lock,
    pub(super) end: End,
}

/// Whether cells can be locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lockable {
    Yes,
    /// They are, by the same transaction.
    Already,
    /// Somebody was faster; these locks are still there.
    No(Locks),
}

/// Whether locks can be replaced by versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Committable {
    Yes,
    /// They have been.
    Already,
    /// A lock is not there any more.
    No,
}

impl Cell {
    /// How a transaction has ended here, if it has.
    fn end(&self, lock: &Lock) -> Option<End> {
        if self.rolled_back.contains_key(&lock.start) {
            return Some(End::RolledBack);
        }
        let mut versions = self.versions.range(lock.start..);
        let version = versions.find(|(_, before)| *before == lock);
        version.map(|(commit, _)| End::Committed(*commit))
    }

    /// What a reader of that moment sees.
    fn at(&self, moment: Timestamp) -> Option<&Datum> {
        let (_, version) = self.versions.range(..=moment).next_back()?;
        self.data.get(&version.start)
    }
}

impl Tablet {
    /// What was in these cells at that moment; or the locks that stand in the way (figure 6, `Get`).
    /// With `blind`, nobody looks at locks.
    pub(super) fn read(
        &self,
        moment: Timestamp,
        keys: &[Key],
        blind: bool,
    ) -> Result<Found, Locks> {
        let locks = self.locks(keys, |lock| lock.start <= moment);
        if !locks.is_empty() && !blind {
            return Err(locks);
        }
        let cell = |key: &Key| self.cells.get(key);
        let found = |key: &Key| (*key, cell(key).and_then(|cell| cell.at(moment)).cloned());
        Ok(keys.iter().map(found).collect())
    }

    fn locks(&self, keys: &[Key], mut counts: impl FnMut(&Lock) -> bool) -> Locks {
        let lock = |key: &Key| Some((*key, self.cells.get(key)?.lock?));
        let locks = keys.iter().filter_map(lock);
        locks.filter(|(_, lock)| counts(lock)).collect()
    }

    /// Whether these cells can be locked (figure 6, `Prewrite`): not when they were written after the
    /// transaction began, nor when any lock is there. With `heedless`, nobody looks at what was written.
    pub(super) fn lockable(&self, lock: &Lock, keys: &[Key], heedless: bool) -> Lockable {
        let cells = || keys.iter().filter_map(|key| self.cells.get(key));
        let is_written =
            |cell: &Cell| cell.versions.range(lock.start..).next().is_some() && !heedless;
        let locks = self.locks(keys, |other| other != lock);
        if cells().any(|cell| cell.end(lock).is_some() || is_written(cell)) || !locks.is_empty() {
            return Lockable::No(locks);
        }
        match cells().any(|cell| cell.lock.is_some()) {
            true => Lockable::Already,
            false => Lockable::Yes,
        }
    }

    /// Whether these locks can be replaced by versions: not when one of them has been removed.
    pub(super) fn committable(&self, lock: &Lock, keys: &[Key]) -> Committable {
        let state = |key: &Key| {
            let cell = self.cells.get(key)?;
            let is_locked = cell.lock.as_ref() == Some(lock);
            let is_committed = matches!(cell.end(lock), Some(End::Committed(_)));
            (is_locked || is_committed).then_some(is_committed)
        };
        let states: Option<Vec<bool>> = keys.iter().map(state).collect();
        match states {
            None => Committable::No,
            Some(states) if states.iter().all(|is_committed| *is_committed) => Committable::Already,
            Some(_) => Committable::Yes,
        }
    }

    /// How a transaction has ended, by its primary.
    pub(super) fn end(&self, lock: &Lock) -> Option<End> {
        self.cells.get(&lock.primary)?.end(lock)
    }

    /// Those of these cells where a transaction has not ended.
    pub(super) fn open(&self, lock: &Lock, keys: &[Key]) -> Vec<Key> {
        let has_ended = |key: &Key| {
            self.cells
                .get(key)
                .and_then(|cell| cell.end(lock))
                .is_some()
        };
        keys.iter().copied().filter(|key| !has_ended(key)).collect()
    }

    /// Does what a record says, now or again after a crash.
    pub(super) fn apply(&mut self, record: &Record) {
        match record {
            Record::Allocated(_) => unreachable!("the oracle's disk is its own"),
            Record::Prewritten { lock, writes } => {
                for (key, datum) in writes {
                    let cell = self.cells.entry(*key).or_default();
                    cell.lock = Some(*lock);
                    cell.data.insert(lock.start, datum.clone());
                }
            }
            Record::Committed { lock, commit, keys } => {
                for key in keys {
                    let cell = self.cells.entry(*key).or_default();
                    cell.lock.take_if(|here| here == lock);
                    if cell.versions.insert(*commit, *lock).is_none() {
                        self.note(*key, lock, End::Committed(*commit));
                    }
                }
            }
            Record::RolledBack { lock, keys } => {
                for key in self.open(lock, keys) {
                    let cell = self.cells.entry(key).or_default();
                    cell.lock.take_if(|here| here == lock);
                    cell.rolled_back.insert(lock.start, *lock);
                    self.note(key, lock, End::RolledBack);
                }
            }
        }
    }

    fn note(&mut self, key: Key, lock: &Lock, end: End) {
        let lock = *lock;
        self.ended.push(Ended { key, lock, end });
    }

    /// What became of locks, durable or not.
    pub(super) fn ended(&self) -> &[Ended] {
        &self.ended
    }

    pub(super) fn is_unlocked(&self) -> bool {
        self.cells.values().all(|cell| cell.lock.is_none())
    }

    /// What a reader of everything here would see. Who is locked has voted to commit.
    pub(super) fn view(&self) -> txn::View {
        let mut view = txn::View::default();
        for (key, cell) in &self.cells {
            if let Some(datum) = cell.at(Timestamp(u64::MAX)) {
                view.data.insert(*key, datum.clone());
            }
            if let Some(lock) = &cell.lock {
                view.locked.insert(*key);
                view.in_doubt.insert(lock.transaction);
                view.votes.insert(lock.transaction, true);
            }
            let mut decide = |transaction: CallId, commit: bool| {
                view.decisions.insert(transaction, commit);
            };
            for lock in cell.rolled_back.values() {
                decide(lock.transaction, false);
            }
            for lock in cell.versions.values() {
                decide(lock.transaction, true);
                view.votes.insert(lock.transaction, true);
            }
        }
        view
    }
}
