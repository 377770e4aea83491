//! Registers by key: read, write, compare and swap.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A key.
pub type Key = u32;
/// A value. Workloads write each value at most once to a key.
pub type Value = u64;

/// What a replica holds; keys never written are absent.
pub type View = BTreeMap<Key, Value>;

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// What is there?
    Read {
        /// Where.
        key: Key,
    },
    /// Put this there.
    Write {
        /// Where.
        key: Key,
        /// What.
        value: Value,
    },
    /// Put `to` there if `from` is there now.
    Cas {
        /// Where.
        key: Key,
        /// What must be there.
        from: Value,
        /// What to put there.
        to: Value,
    },
}

/// What a client is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Response {
    /// What a read found.
    Read(Option<Value>),
    /// What a read found where concurrent writes are kept side by side, in order of values.
    Siblings(Vec<Value>),
    /// A write was done.
    Written,
    /// Whether a compare-and-swap found what it compared with.
    Swapped(bool),
}

impl Request {
    /// The key it is about.
    pub const fn key(&self) -> Key {
        match self {
            Request::Read { key } | Request::Write { key, .. } | Request::Cas { key, .. } => *key,
        }
    }

    /// Whether it may change something.
    pub const fn is_update(&self) -> bool {
        !matches!(self, Request::Read { .. })
    }

    /// Does it to these registers.
    pub fn apply(&self, registers: &mut View) -> Response {
        match self {
            Request::Read { key } => Response::Read(registers.get(key).copied()),
            Request::Write { key, value } => {
                registers.insert(*key, *value);
                Response::Written
            }
            Request::Cas { key, from, to } => {
                let found = registers.get(key) == Some(from);
                if found {
                    registers.insert(*key, *to);
                }
                Response::Swapped(found)
            }
        }
    }
}
