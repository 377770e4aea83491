//! Objects of five kinds by key: counters, sets, maps and lists that several clients change at once.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// A key; objects of different kinds under one key are different objects.
pub type Key = u32;
/// An element of a set or a list. Workloads put each into a list at most once.
pub type Element = u64;
/// A field of a map.
pub type Field = u32;
/// What is under a field. Workloads put each under a field at most once.
pub type Value = u64;

/// What a replica holds; objects never changed are absent.
pub type View = BTreeMap<(Kind, Key), Object>;

/// The kinds of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A counter that only grows.
    Tally,
    /// A counter that grows and shrinks.
    Counter,
    /// A set.
    Set,
    /// A map of fields to values.
    Map,
    /// A list.
    List,
}

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// What is there?
    Read {
        /// What kind of object.
        kind: Kind,
        /// Where.
        key: Key,
    },
    /// Count so many more, on a tally.
    Count {
        /// Which.
        key: Key,
        /// How many.
        by: u32,
    },
    /// Add this to a counter.
    Add {
        /// Which.
        key: Key,
        /// How much; may be negative.
        amount: i64,
    },
    /// Put this into a set.
    Insert {
        /// Which.
        key: Key,
        /// What.
        element: Element,
    },
    /// Take this out of a set, as far as it is seen there.
    Remove {
        /// Which.
        key: Key,
        /// What.
        element: Element,
    },
    /// Put this under a field of a map.
    Put {
        /// Which.
        key: Key,
        /// The field.
        field: Field,
        /// What.
        value: Value,
    },
    /// Take away what is under a field of a map.
    Delete {
        /// Which.
        key: Key,
        /// The field.
        field: Field,
    },
    /// Put this into a list, right behind that; fails where that never was.
    InsertAfter {
        /// Which.
        key: Key,
        /// Behind what; absent for the front.
        after: Option<Element>,
        /// What.
        element: Element,
    },
    /// Take this out of a list; fails where it never was.
    Erase {
        /// Which.
        key: Key,
        /// What.
        element: Element,
    },
}

/// What a client is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Response {
    /// It was done.
    Done,
    /// What a read found.
    Found(Object),
}

/// What a reader sees of an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Object {
    /// A tally's or a counter's sum.
    Number(i64),
    /// A set's elements.
    Elements(BTreeSet<Element>),
    /// A map's fields that have a value.
    Fields(BTreeMap<Field, Value>),
    /// A list's elements, in order.
    Sequence(Vec<Element>),
}

impl Kind {
    /// What a reader sees of an object that was never changed.
    pub const fn fresh(self) -> Object {
        match self {
            Kind::Tally | Kind::Counter => Object::Number(0),
            Kind::Set => Object::Elements(BTreeSet::new()),
            Kind::Map => Object::Fields(BTreeMap::new()),
            Kind::List => Object::Sequence(Vec::new()),
        }
    }
}

impl Request {
    /// The kind and the key of the object that it is about.
    pub const fn object(&self) -> (Kind, Key) {
        match *self {
            Request::Read { kind, key } => (kind, key),
            Request::Count { key, .. } => (Kind::Tally, key),
            Request::Add { key, .. } => (Kind::Counter, key),
            Request::Insert { key, .. } | Request::Remove { key, .. } => (Kind::Set, key),
            Request::Put { key, .. } | Request::Delete { key, .. } => (Kind::Map, key),
            Request::InsertAfter { key, .. } | Request::Erase { key, .. } => (Kind::List, key),
        }
    }
}
