//! Concurrency control at one shard: what may be done now, what must wait, what may commit.
//!
//! It is told of transactions and tells what became of them; it sends nothing and writes nothing.

use std::{collections::BTreeSet, fmt::Debug, hash::Hash};

use super::{Change, Decision, Prepared, Step, TransactionId};
use crate::service::txn::{Datum, Key, Store};

/// What each step found, by its place.
pub type Found = Vec<(u32, Option<Datum>)>;

/// What becomes of a transaction before its vote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its steps are done.
    Executed(Found),
    /// It has to wait, though not for ever.
    Waits,
    /// A step cannot be done; what it held has been let go of.
    Refused,
    /// It was in the way of an older one; what it held has been let go of.
    Wounded,
}

/// What became of whom, in the order it happened.
pub type Outcomes = Vec<(TransactionId, Outcome)>;

/// What a transaction that may commit will change, and what it has only read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What to do to each key that is written.
    pub changes: Vec<(Key, Change)>,
    /// Keys that are only read.
    pub reads: Vec<Key>,
}

/// The concurrency control of one shard, and the data it guards.
pub trait Control: Clone + Debug + PartialEq + Eq + Hash + Send + Sync + 'static {
    /// Its rules, which planted bugs bend.
    type Rules: Clone + Debug + Default + PartialEq + Eq + Hash + Send + Sync + 'static;

    /// A shard without data.
    fn new(opening_balance: Option<i64>, rules: &Self::Rules) -> Self;

    /// Whether shards that have only read must be told how the transaction ends, if it changes
    /// something elsewhere.
    fn readers_take_part(rules: &Self::Rules) -> bool;

    /// Steps are to be done; those of older transactions go first.
    fn arrive(&mut self, transaction: TransactionId, begun: u64, steps: Vec<Step>) -> Outcomes;

    /// Whether one whose steps are done may commit. If so it is kept as it is until its end.
    fn prepare(&mut self, transaction: TransactionId) -> Option<Kept>;

    /// Its vote is out.
    fn voted(&mut self, transaction: TransactionId) -> Outcomes {
        let _ = transaction;
        Outcomes::new()
    }

    /// One that a crash has interrupted after it was prepared.
    fn recover(&mut self, transaction: TransactionId, prepared: &Prepared);

    /// Carries out what it changes, or forgets it, and lets go of all that it holds.
    fn end(&mut self, transaction: TransactionId, decision: Decision) -> Outcomes;

    /// The data.
    fn store(&self) -> &Store;

    /// Keys that a transaction keeps from others.
    fn locked(&self) -> BTreeSet<Key>;
}
