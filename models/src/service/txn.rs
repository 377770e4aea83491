//! Transactions: a list of reads, writes, appends and additions over several keys, all or nothing.

use std::collections::{BTreeMap, BTreeSet};

use murphy_sim::CallId;
use serde::{Deserialize, Serialize};

/// A key.
pub type Key = u32;

/// What is stored under a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Datum {
    /// A register or an account.
    Int(i64),
    /// A list that is only appended to.
    List(Vec<i64>),
}

/// One step of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MicroOp {
    /// What is there?
    Read {
        /// Where.
        key: Key,
    },
    /// Put this there.
    Write {
        /// Where.
        key: Key,
        /// What. Workloads write each value at most once to a key.
        value: i64,
    },
    /// Append this to the list there.
    Append {
        /// Where.
        key: Key,
        /// What. Workloads append each value at most once to a key.
        value: i64,
    },
    /// Add this to the account there. The transaction fails if the account would fall below zero.
    Add {
        /// Where.
        key: Key,
        /// How much; may be negative.
        amount: i64,
    },
}

/// A transaction.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Request(pub Vec<MicroOp>);

/// What each step of a committed transaction found: what a read saw, nothing for the others.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Response(pub Vec<Option<Datum>>);

/// What a node of a transactional store holds, as far as checkers look at it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct View {
    /// Committed data.
    pub data: BTreeMap<Key, Datum>,
    /// How this node voted on transactions, true for yes.
    pub votes: BTreeMap<CallId, bool>,
    /// How transactions ended here, true for commit.
    pub decisions: BTreeMap<CallId, bool>,
    /// Transactions that this node has voted for and does not know the end of.
    pub in_doubt: BTreeSet<CallId>,
    /// Keys that are locked.
    pub locked: BTreeSet<Key>,
    /// What happened to sagas here, in order.
    pub sagas: Vec<SagaEffect>,
}

/// Something that happened to a saga at a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SagaEffect {
    /// Which: the call that asked for it.
    pub saga: CallId,
    /// What.
    pub act: SagaAct,
    /// When, by a clock that counts events: what knows of another comes after it (Lamport 1978).
    pub stamp: u64,
}

/// What can happen to a saga; steps are numbered from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SagaAct {
    /// A step took effect.
    Done(u32),
    /// What it did was undone.
    Compensated(u32),
    /// It was said to have all its steps.
    Completed,
    /// It was said to be given up, and compensated.
    Abandoned,
}

impl MicroOp {
    /// The key it is about.
    pub const fn key(&self) -> Key {
        match self {
            MicroOp::Read { key }
            | MicroOp::Write { key, .. }
            | MicroOp::Append { key, .. }
            | MicroOp::Add { key, .. } => *key,
        }
    }

    /// Whether it changes something.
    pub const fn is_update(&self) -> bool {
        !matches!(self, MicroOp::Read { .. })
    }
}

/// Data by key. Accounts that were never touched hold the opening balance, if there is one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Store {
    /// The balance of an account that was never touched; none where keys begin absent.
    pub opening_balance: Option<i64>,
    /// What was written.
    pub data: BTreeMap<Key, Datum>,
}

impl Store {
    /// What is under this key.
    pub fn get(&self, key: Key) -> Option<Datum> {
        self.data
            .get(&key)
            .cloned()
            .or(self.opening_balance.map(Datum::Int))
    }

    /// Does one step. An error when an account would fall below zero or a key holds another kind of
    /// thing; nothing is changed then.
    pub fn apply(&mut self, op: &MicroOp) -> Result<Option<Datum>, Refused> {
        match op {
            MicroOp::Read { key } => return Ok(self.get(*key)),
            MicroOp::Write { key, value } => {
                self.data.insert(*key, Datum::Int(*value));
            }
            MicroOp::Append { key, value } => match self.get(*key) {
                None => {
                    self.data.insert(*key, Datum::List(vec![*value]));
                }
                Some(Datum::List(mut list)) => {
                    list.push(*value);
                    self.data.insert(*key, Datum::List(list));
                }
                Some(Datum::Int(_)) => return Err(Refused),
            },
            MicroOp::Add { key, amount } => match self.get(*key).unwrap_or(Datum::Int(0)) {
                Datum::Int(balance) if balance + amount >= 0 => {
                    self.data.insert(*key, Datum::Int(balance + amount));
                }
                Datum::Int(_) | Datum::List(_) => return Err(Refused),
            },
        }
        Ok(None)
    }
}

/// A step cannot be done: the transaction must abort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;
