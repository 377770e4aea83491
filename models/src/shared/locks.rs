//! A lock table: shared and exclusive locks on keys, granted first come, first served.
//!
//! An owner asks once for everything it wants and waits until it has all of it. The table knows no
//! ages and no deadlocks: [`LockTable::blockers`] says who is in the way, and the protocol decides
//! what becomes of them.

use std::collections::{BTreeMap, VecDeque};

use crate::service::txn::Key;

/// How a key is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LockMode {
    /// With others that only read.
    Shared,
    /// Alone.
    Exclusive,
}

impl LockMode {
    /// Whether two owners may hold these at once.
    pub const fn goes_with(self, other: LockMode) -> bool {
        matches!((self, other), (LockMode::Shared, LockMode::Shared))
    }
}

/// Who holds a key and who waits for it, in the order they came.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Lock<O> {
    holders: Vec<(O, LockMode)>,
    queue: VecDeque<(O, LockMode)>,
}

impl<O> Default for Lock<O> {
    fn default() -> Lock<O> {
        Lock {
            holders: Vec::new(),
            queue: VecDeque::new(),
        }
    }
}

impl<O: Copy + Ord> Lock<O> {
    fn admits(&self, mode: LockMode) -> bool {
        self.holders.iter().all(|(_, held)| held.goes_with(mode))
    }
}

/// What an owner asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Claim {
    keys: Vec<Key>,
    /// How many of them it waits for.
    missing: usize,
}

/// The locks of one node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LockTable<O: Copy + Ord> {
    locks: BTreeMap<Key, Lock<O>>,
    claims: BTreeMap<O, Claim>,
}

impl<O: Copy + Ord> Default for LockTable<O> {
    fn default() -> LockTable<O> {
        LockTable {
            locks: BTreeMap::new(),
            claims: BTreeMap::new(),
        }
    }
}

impl<O: Copy + Ord> LockTable<O> {
    /// Asks for these locks, each key at most once. True when all are granted at once; otherwise
    /// [`LockTable::release`] of those in the way tells when they are. Panics when the owner has a
    /// claim already.
    pub fn request(&mut self, owner: O, wanted: impl IntoIterator<Item = (Key, LockMode)>) -> bool {
        assert!(
            !self.claims.contains_key(&owner),
            "an owner asks once for all that it wants"
        );
        let mut claim = Claim {
            keys: Vec::new(),
            missing: 0,
        };
        for (key, mode) in wanted {
            assert!(!claim.keys.contains(&key), "a key is asked for once");
            claim.keys.push(key);
            let lock = self.locks.entry(key).or_default();
            if lock.queue.is_empty() && lock.admits(mode) {
                lock.holders.push((owner, mode));
            } else {
                lock.queue.push_back((owner, mode));
                claim.missing += 1;
            }
        }
        let all = claim.missing == 0;
        self.claims.insert(owner, claim);
        all
    }

    /// Those in the way of this owner: holders, and waiters ahead of it, whose locks do not go with
    /// what it wants. In order, each once.
    pub fn blockers(&self, owner: O) -> Vec<O> {
        let mut found = Vec::new();
        let keys = self.claims.get(&owner).map_or(&[][..], |claim| &claim.keys);
        for lock in keys.iter().filter_map(|key| self.locks.get(key)) {
            let Some(place) = lock.queue.iter().position(|(other, _)| *other == owner) else {
                continue;
            };
            let wants = lock.queue[place].1;
            let ahead = lock.queue.iter().take(place);
            let in_the_way = lock.holders.iter().chain(ahead);
            found.extend(
                in_the_way
                    .filter(|(_, mode)| !mode.goes_with(wants))
                    .map(|(other, _)| *other),
            );
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Lets go of everything that this owner holds and waits for. Returns those that now have all
    /// they asked for, in order.
    pub fn release(&mut self, owner: O) -> Vec<O> {
        let Some(claim) = self.claims.remove(&owner) else {
            return Vec::new();
        };
        let mut complete = Vec::new();
        for key in claim.keys {
            let lock = self.locks.get_mut(&key).expect("a claimed key has a lock");
            lock.holders.retain(|(other, _)| *other != owner);
            lock.queue.retain(|(other, _)| *other != owner);
            while let Some((next, mode)) = lock.queue.front().copied() {
                if !lock.admits(mode) {
                    break;
                }
                lock.queue.pop_front();
                lock.holders.push((next, mode));
                let claim = self.claims.get_mut(&next).expect("who waits has a claim");
                claim.missing -= 1;
                if claim.missing == 0 {
                    complete.push(next);
                }
            }
            if lock.holders.is_empty() {
                self.locks.remove(&key);
            }
        }
        complete.sort_unstable();
        complete
    }

    /// Whether this owner holds at least this lock on this key.
    pub fn holds(&self, owner: O, key: Key, mode: LockMode) -> bool {
        self.locks.get(&key).is_some_and(|lock| {
            lock.holders
                .iter()
                .any(|(other, held)| *other == owner && *held >= mode)
        })
    }

    /// The keys that someone holds, with who holds them and how.
    pub fn held(&self) -> impl Iterator<Item = (Key, &[(O, LockMode)])> {
        self.locks
            .iter()
            .map(|(key, lock)| (*key, lock.holders.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::{
        LockMode::{Exclusive, Shared},
        *,
    };

    #[test]
    fn readers_share_and_a_writer_waits_for_all_of_them() {
        let mut table = LockTable::default();
        assert!(table.request(1, [(7, Shared)]));
        assert!(table.request(2, [(7, Shared)]));
        assert!(!table.request(3, [(7, Exclusive)]));
        assert_eq!(table.blockers(3), [1, 2]);
        assert!(table.release(1).is_empty());
        assert_eq!(table.release(2), [3]);
        assert!(table.holds(3, 7, Shared) && table.holds(3, 7, Exclusive));
    }

    #[test]
    fn a_reader_does_not_overtake_a_writer_that_waits() {
        let mut table = LockTable::default();
        assert!(table.request(1, [(7, Shared)]));
        assert!(!table.request(2, [(7, Exclusive)]));
        assert!(!table.request(3, [(7, Shared)]));
        assert!(!table.request(4, [(7, Shared)]));
        assert_eq!(table.blockers(4), [2], "readers are not in a reader's way");
        assert_eq!(table.release(1), [2]);
        assert_eq!(table.release(2), [3, 4], "both readers at once");
    }

    #[test]
    fn an_owner_runs_only_when_it_has_every_lock() {
        let mut table = LockTable::default();
        assert!(table.request(1, [(7, Exclusive)]));
        assert!(table.request(2, [(8, Exclusive)]));
        assert!(!table.request(3, [(7, Exclusive), (8, Shared), (9, Shared)]));
        assert!(table.holds(3, 9, Shared) && !table.holds(3, 7, Shared));
        assert!(table.release(1).is_empty());
        assert_eq!(table.release(2), [3]);
    }

    #[test]
    fn who_gives_up_waiting_lets_those_behind_it_through() {
        let mut table = LockTable::default();
        assert!(table.request(1, [(7, Shared)]));
        assert!(!table.request(2, [(7, Exclusive)]));
        assert!(!table.request(3, [(7, Shared)]));
        assert_eq!(table.release(2), [3]);
        assert!(table.release(2).is_empty(), "it has nothing left");
        table.release(1);
        table.release(3);
        assert_eq!(table, LockTable::default(), "nothing is left behind");
    }
}
