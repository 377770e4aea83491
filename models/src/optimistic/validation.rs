//! Backward validation at one shard: has anything that a transaction read been written since it did?
//!
//! Transactions that write get numbers in the order they end. One that was validated and has not ended
//! has no number yet, and stands in the way of whatever conflicts with it. Kung & Robinson (1981),
//! sections 3 to 5.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    service::txn::{Key, MicroOp, Refused, Store},
    shared::transactions::{
        Control, Decision, Kept, Outcome, Outcomes, Prepared, Step, TransactionId, Writes, install,
        run,
    },
};

/// The rules; planted bugs switch them off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OptimisticRules {
    /// What a transaction has read is validated.
    pub reads_are_validated: bool,
    /// Those that are validated and have not ended are in the way of others.
    pub validated_are_seen: bool,
    /// Shards that have only read are told how the transaction ends.
    pub readers_take_part: bool,
    /// Whoever has ended since a transaction read is looked at.
    pub begins_when_it_reads: bool,
}

impl Default for OptimisticRules {
    fn default() -> OptimisticRules {
        OptimisticRules::planted(None)
    }
}

/// The data of one shard, when each key was written, and who is at work.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Optimistic {
    rules: OptimisticRules,
    store: Store,
    /// How many transactions have written here: the number of the last.
    ended: u64,
    /// The number of the last that wrote each key.
    written: BTreeMap<Key, u64>,
    here: BTreeMap<TransactionId, Doing>,
}

/// A transaction that is at work here.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Doing {
    /// The number of the last that had ended when it read.
    begun: u64,
    /// What it has read, for itself or to change it.
    reads: BTreeSet<Key>,
    changes: Writes,
    /// It has been validated: what it read stands until it ends.
    is_validated: bool,
}

impl Doing {
    fn writes(&self, key: Key) -> bool {
        self.changes.iter().any(|(written, _)| *written == key)
    }

    fn touches(&self, key: Key) -> bool {
        self.reads.contains(&key) || self.writes(key)
    }

    /// Whether one of the two writes what the other reads or writes.
    fn conflicts(&self, other: &Doing) -> bool {
        let writes =
            |one: &Doing, other: &Doing| one.changes.iter().any(|(key, _)| other.touches(*key));
        writes(self, other) || writes(other, self)
    }
}

/// What steps read: what is there now decides what they find or leave there. Writing and appending
/// do not look.
fn reads(steps: &[Step]) -> BTreeSet<Key> {
    let looks = |op: &MicroOp| matches!(op, MicroOp::Read { .. } | MicroOp::Add { .. });
    let ops = steps.iter().map(|(_, op)| op);
    ops.filter(|op| looks(op)).map(MicroOp::key).collect()
}

impl Optimistic {
    /// Two that are validated, have not ended and conflict, if there are any.
    pub(super) fn validated_conflict(&self) -> Option<(TransactionId, TransactionId)> {
        let validated: Vec<_> = self
            .here
            .iter()
            .filter(|(_, doing)| doing.is_validated)
            .collect();
        let mut pairs = (0..validated.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
        let (i, j) = pairs.find(|(i, j)| validated[*i].1.conflicts(validated[*j].1))?;
        Some((*validated[j].0, *validated[i].0))
    }

    /// Whether all that a transaction read is as it was, and nobody is about to change it or has read
    /// what it is about to change.
    fn is_valid(&self, transaction: TransactionId, doing: &Doing) -> bool {
        let begun = match self.rules.begins_when_it_reads {
            true => doing.begun,
            false => self.ended,
        };
        let is_stale = |key: Key| self.written.get(&key).is_some_and(|number| *number > begun);
        let stale = match self.rules.reads_are_validated {
            true => doing.reads.iter().any(|key| is_stale(*key)),
            false => doing.changes.iter().any(|(key, _)| is_stale(*key)),
        };
        let mut others = self.here.iter().filter(|(id, _)| **id != transaction);
        let blocked = self.rules.validated_are_seen
            && others.any(|(_, other)| other.is_validated && doing.conflicts(other));
        !stale && !blocked
    }
}

impl Control for Optimistic {
    type Rules = OptimisticRules;

    fn new(opening_balance: Option<i64>, rules: &OptimisticRules) -> Optimistic {
        Optimistic {
            rules: *rules,
            store: Store {
                opening_balance,
                data: BTreeMap::new(),
            },
            ended: 0,
            written: BTreeMap::new(),
            here: BTreeMap::new(),
        }
    }

    /// Shards are validated one after the other. What a reader has validated must stand until the
    /// last of them is, or two transactions can each write what the other has read.
    fn readers_take_part(rules: &OptimisticRules) -> bool {
        rules.readers_take_part
    }

    /// The read phase: on committed data, at once.
    fn arrive(&mut self, transaction: TransactionId, _: u64, steps: Vec<Step>) -> Outcomes {
        let outcome = match run(&steps, &self.store) {
            Ok((found, changes)) => {
                let doing = Doing {
                    begun: self.ended,
                    reads: reads(&steps),
                    changes,
                    is_validated: false,
                };
                self.here.insert(transaction, doing);
                Outcome::Executed(found)
            }
            Err(Refused) => Outcome::Refused,
        };
        vec![(transaction, outcome)]
    }

    /// The validation phase.
    fn prepare(&mut self, transaction: TransactionId) -> Option<Kept> {
        let doing = self.here.get(&transaction)?;
        if !self.is_valid(transaction, doing) {
            return None;
        }
        let doing = self.here.get_mut(&transaction)?;
        assert!(!doing.is_validated, "it is validated once");
        doing.is_validated = true;
        Some(Kept {
            changes: doing.changes.clone(),
            reads: doing.reads.iter().copied().collect(),
        })
    }

    fn recover(&mut self, transaction: TransactionId, prepared: &Prepared) {
        let doing = Doing {
            begun: self.ended,
            reads: prepared.reads.iter().copied().collect(),
            changes: prepared.changes.clone(),
            is_validated: true,
        };
        self.here.insert(transaction, doing);
    }

    /// The write phase. Nobody waits, so nobody goes on.
    fn end(&mut self, transaction: TransactionId, decision: Decision) -> Outcomes {
        let doing = self.here.remove(&transaction);
        if let (Some(doing), Decision::Commit) = (doing, decision) {
            self.ended += 1;
            for (key, _) in &doing.changes {
                self.written.insert(*key, self.ended);
            }
            install(&doing.changes, &mut self.store);
        }
        Outcomes::new()
    }

    fn store(&self) -> &Store {
        &self.store
    }

    fn locked(&self) -> BTreeSet<Key> {
        let validated = self.here.values().filter(|doing| doing.is_validated);
        validated
            .flat_map(|doing| {
                let written = doing.changes.iter().map(|(key, _)| *key);
                doing.reads.iter().copied().chain(written)
            })
            .collect()
    }
}
