//! The registers of one replica: under each key the write with the latest stamp.
//!
//! A join semilattice: stores join key by key, in any order and however often, to the same store. It
//! knows no clocks and no messages.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    service::kv::{self, Key, Value},
    shared::{
        hybrid_clock::{Stamp, Timestamp},
        version_vector::{Dot, VersionVector},
    },
};

/// One write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Entry {
    /// What was written.
    pub value: Value,
    /// When.
    pub stamp: Stamp,
    /// Which write of which node it is.
    pub dot: Dot,
}

/// The last write of each key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Store(BTreeMap<Key, Entry>);

impl Store {
    /// The last write of a key.
    pub fn get(&self, key: Key) -> Option<&Entry> {
        self.0.get(&key)
    }

    /// How many keys were written.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no key was written.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The last write of every key, in order of keys.
    pub fn entries(&self) -> impl Iterator<Item = (Key, &Entry)> {
        self.0.iter().map(|(key, entry)| (*key, entry))
    }

    /// What a reader sees.
    pub fn values(&self) -> kv::View {
        self.entries()
            .map(|(key, entry)| (key, entry.value))
            .collect()
    }

    /// The latest time of any write that is here.
    pub fn latest(&self) -> Timestamp {
        let times = self.0.values().map(|entry| entry.stamp.time);
        times.max().unwrap_or_default()
    }

    /// What somebody who knows this much lacks. What was overwritten meanwhile is left out.
    pub fn unknown_to(&self, versions: &VersionVector) -> Vec<(Key, Entry)> {
        self.entries()
            .filter(|(_, entry)| !versions.covers(entry.dot))
            .map(|(key, entry)| (key, *entry))
            .collect()
    }

    /// Takes a write, unless a later one is here; says whether it did.
    pub fn take(&mut self, key: Key, entry: Entry) -> bool {
        self.take_if(key, entry, |held| entry.stamp > held.stamp)
    }

    /// The same by another rule: whether the entry displaces the one that is held.
    pub(super) fn take_if(
        &mut self,
        key: Key,
        entry: Entry,
        displaces: impl FnOnce(&Entry) -> bool,
    ) -> bool {
        let taken = self.0.get(&key).is_none_or(displaces);
        if taken {
            self.0.insert(key, entry);
        }
        taken
    }
}
