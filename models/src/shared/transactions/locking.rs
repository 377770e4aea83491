//! Strict two-phase locking with wound-wait, at one shard.
//!
//! A transaction locks all that its steps touch before it does the first, and holds it to its end.
//! One that must wait aborts the younger ones in its way that have not voted and waits for older
//! ones, so waits never form a cycle and the oldest always gets through. Bernstein, Hadzilacos &
//! Goodman (1987), ch. 3; Rosenkrantz, Stearns & Lewis, "System Level Concurrency Control for
//! Distributed Database Systems" (1978).

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Change, Control, Decision, Kept, Outcome, Outcomes, Prepared, Step, TransactionId,
    steps::{install, needs, run},
};
use crate::{
    service::txn::{Key, Refused, Store},
    shared::locks::{LockMode, LockTable},
};

/// The rules; planted bugs switch them off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LockingRules {
    /// Reads take locks.
    pub reads_lock: bool,
    /// Waits end, by wounds and by patience.
    pub waits_end: bool,
    /// Locks are held to the end, not only to the vote.
    pub strict: bool,
}

impl Default for LockingRules {
    fn default() -> LockingRules {
        LockingRules {
            reads_lock: true,
            waits_end: true,
            strict: true,
        }
    }
}

/// The data of one shard, and who has locked what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Locking {
    rules: LockingRules,
    store: Store,
    locks: LockTable<TransactionId>,
    here: BTreeMap<TransactionId, Doing>,
}

/// A transaction that is being done here.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Doing {
    begun: u64,
    steps: Vec<Step>,
    /// The strongest lock that its steps need on each key.
    needs: BTreeMap<Key, LockMode>,
    progress: Progress,
    changes: Vec<(Key, Change)>,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Progress {
    /// It waits for locks.
    Waiting,
    /// Its steps are done.
    Executed,
    /// It is prepared: nobody wounds it any more.
    Kept,
}

impl Locking {
    /// Who holds what.
    pub(super) fn locks(&self) -> &LockTable<TransactionId> {
        &self.locks
    }

    /// Transactions that are being done here, how far they are and the locks they need.
    pub(super) fn doing(
        &self,
    ) -> impl Iterator<Item = (TransactionId, Progress, &BTreeMap<Key, LockMode>)> {
        let here = self.here.iter();
        here.map(|(transaction, doing)| (*transaction, doing.progress, &doing.needs))
    }

    /// Asks for the locks; true when they are granted at once.
    fn lock(&mut self, transaction: TransactionId, needs: &BTreeMap<Key, LockMode>) -> bool {
        let all = self.rules.reads_lock;
        let wanted = needs
            .iter()
            .filter(|(_, mode)| all || **mode == LockMode::Exclusive);
        self.locks
            .request(transaction, wanted.map(|(key, mode)| (*key, *mode)))
    }

    /// Wound-wait: the younger ones in the way that have not voted abort.
    fn wait(&mut self, transaction: TransactionId, outcomes: &mut Outcomes) {
        if !self.rules.waits_end {
            return;
        }
        outcomes.push((transaction, Outcome::Waits));
        let mine = (self.here[&transaction].begun, transaction);
        for other in self.locks.blockers(transaction) {
            let younger = self
                .here
                .get(&other)
                .is_some_and(|here| here.progress < Progress::Kept && (here.begun, other) > mine);
            if younger {
                outcomes.push((other, Outcome::Wounded));
                self.here.remove(&other);
                self.release(other, outcomes);
            }
        }
    }

    /// All locks are held: does the steps.
    fn execute(&mut self, transaction: TransactionId, outcomes: &mut Outcomes) {
        let here = self
            .here
            .get_mut(&transaction)
            .expect("only who is done here has locks");
        assert_eq!(here.progress, Progress::Waiting, "steps are done once");
        match run(&here.steps, &self.store) {
            Ok((found, changes)) => {
                here.progress = Progress::Executed;
                here.changes = changes;
                outcomes.push((transaction, Outcome::Executed(found)));
            }
            Err(Refused) => {
                outcomes.push((transaction, Outcome::Refused));
                self.here.remove(&transaction);
                self.release(transaction, outcomes);
            }
        }
    }

    /// Lets go of locks, and does those that waited for them.
    fn release(&mut self, transaction: TransactionId, outcomes: &mut Outcomes) {
        for next in self.locks.release(transaction) {
            // Who is kept has its locks already, unless a mutant has given them away.
            let waits = |here: &Doing| here.progress == Progress::Waiting;
            if self.here.get(&next).is_some_and(waits) {
                self.execute(next, outcomes);
            }
        }
    }
}

impl Control for Locking {
    type Rules = LockingRules;

    fn new(opening_balance: Option<i64>, rules: &LockingRules) -> Locking {
        Locking {
            rules: *rules,
            store: Store {
                opening_balance,
                data: BTreeMap::new(),
            },
            locks: LockTable::default(),
            here: BTreeMap::new(),
        }
    }

    /// When every shard is asked to prepare every lock is held, so a reader may let go then (Mohan,
    /// Lindsay & Obermarck 1986, section 3.3).
    fn readers_take_part(_: &LockingRules) -> bool {
        false
    }

    fn arrive(&mut self, transaction: TransactionId, begun: u64, steps: Vec<Step>) -> Outcomes {
        let needs = needs(&steps);
        let granted = self.lock(transaction, &needs);
        let doing = Doing {
            begun,
            steps,
            needs,
            progress: Progress::Waiting,
            changes: Vec::new(),
        };
        self.here.insert(transaction, doing);
        let mut outcomes = Outcomes::new();
        match granted {
            true => self.execute(transaction, &mut outcomes),
            false => self.wait(transaction, &mut outcomes),
        }
        outcomes
    }

    /// Whoever holds its locks may commit.
    fn prepare(&mut self, transaction: TransactionId) -> Option<Kept> {
        let here = self.here.get_mut(&transaction)?;
        assert_eq!(here.progress, Progress::Executed, "it is prepared once");
        here.progress = Progress::Kept;
        let needs = here.needs.iter();
        let reads = needs.filter(|(_, mode)| **mode == LockMode::Shared);
        Some(Kept {
            changes: here.changes.clone(),
            reads: reads.map(|(key, _)| *key).collect(),
        })
    }

    fn voted(&mut self, transaction: TransactionId) -> Outcomes {
        let mut outcomes = Outcomes::new();
        if !self.rules.strict {
            self.release(transaction, &mut outcomes);
        }
        outcomes
    }

    /// Its locks are granted at once: those that are kept held them together before the crash.
    fn recover(&mut self, transaction: TransactionId, prepared: &Prepared) {
        let changed = prepared.changes.iter().map(|(key, _)| *key);
        let read = prepared.reads.iter().map(|key| (*key, LockMode::Shared));
        let needs: BTreeMap<_, _> = changed
            .map(|key| (key, LockMode::Exclusive))
            .chain(read)
            .collect();
        self.lock(transaction, &needs);
        let doing = Doing {
            begun: prepared.begun,
            steps: Vec::new(),
            needs,
            progress: Progress::Kept,
            changes: prepared.changes.clone(),
        };
        self.here.insert(transaction, doing);
    }

    fn end(&mut self, transaction: TransactionId, decision: Decision) -> Outcomes {
        let mut outcomes = Outcomes::new();
        let here = self.here.remove(&transaction);
        if let (Some(here), Decision::Commit) = (here, decision) {
            install(&here.changes, &mut self.store);
        }
        self.release(transaction, &mut outcomes);
        outcomes
    }

    fn store(&self) -> &Store {
        &self.store
    }

    fn locked(&self) -> BTreeSet<Key> {
        self.locks.held().map(|(key, _)| key).collect()
    }
}
