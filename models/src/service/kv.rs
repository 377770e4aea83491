//! Registers by key: read, write, compare and swap.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::shared::version_vector::DotContext;

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

/// What a client has been shown under each key and has written there, as nodes name writes: the
/// context of DeCandia et al., Dynamo (SOSP 2007), section 4.1.
pub type Shown = BTreeMap<Key, DotContext>;

/// A question with what its client has been shown before it, where clients carry that: nobody else knows
/// which answers have reached them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Asked {
    /// The question.
    pub request: Request,
    /// What its client had been shown; nothing after a call whose end is unknown.
    pub shown: Shown,
}

/// An answer with what its client has been shown by then.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Answered {
    /// The answer.
    pub response: Response,
    /// What its client has been shown, this answer included.
    pub shown: Shown,
}

impl From<Request> for Asked {
    fn from(request: Request) -> Asked {
        let shown = Shown::new();
        Asked { request, shown }
    }
}

impl Asked {
    /// The same question of a client that has had this answer.
    pub fn after(self, last: Option<&Answered>) -> Asked {
        let shown = last.map_or(Shown::new(), |last| last.shown.clone());
        Asked { shown, ..self }
    }
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
