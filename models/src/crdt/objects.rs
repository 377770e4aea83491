//! All objects of one replica, and how each request changes them: a product of lattices, so a lattice.
//!
//! Every update gives back what it has changed, which is a value of the same type: a delta (Almeida et
//! al. 2018, on delta-mutators). Joining it has the effect of the update.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Mutant, g_counter::GCounter, lattice::Lattice, lww_map::LwwMap, or_set::OrSet,
    pn_counter::PnCounter, rga::Rga,
};
use crate::{
    service::objects::{Key, Kind, Object, Request, View},
    shared::{
        hybrid_clock::{Stamp, Timestamp},
        version_vector::{Dot, DotContext},
    },
};

/// Objects by key, and the updates that made them what they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Objects {
    delivered: DotContext,
    tallies: BTreeMap<Key, GCounter>,
    counters: BTreeMap<Key, PnCounter>,
    sets: BTreeMap<Key, OrSet>,
    maps: BTreeMap<Key, LwwMap>,
    lists: BTreeMap<Key, Rga>,
}

impl Objects {
    /// Does an update under this name and at this time, and says what has changed; none when it
    /// cannot be done here, and then nothing has. Panics on a read.
    pub(super) fn update(
        &mut self,
        request: &Request,
        (dot, stamp): (Dot, Stamp),
        mutant: Option<Mutant>,
    ) -> Option<Objects> {
        let mut delta = Objects {
            delivered: [dot].into_iter().collect(),
            ..Objects::default()
        };
        let node = dot.node;
        match *request {
            Request::Count { key, by } => {
                let node = match mutant {
                    Some(Mutant::GCounterOfOneSlot) => murphy_sim::NodeId(0),
                    _ => node,
                };
                let tally = self.tallies.entry(key).or_default();
                delta.tallies.insert(key, tally.count(node, u64::from(by)));
            }
            Request::Add { key, amount } => {
                let counter = self.counters.entry(key).or_default();
                delta.counters.insert(key, counter.add(node, amount));
            }
            Request::Insert { key, element } => {
                let tag = match mutant {
                    Some(Mutant::OrSetWithoutUniqueTags) => Dot {
                        counter: element as u32,
                        ..dot
                    },
                    _ => dot,
                };
                let set = self.sets.entry(key).or_default();
                delta.sets.insert(key, set.insert(element, tag));
            }
            Request::Remove { key, element } => {
                // What is not there need not be taken out.
                let removed = self.sets.get_mut(&key)?.remove(element);
                delta.sets.insert(key, removed?);
            }
            Request::Put { key, field, value } => {
                let map = self.maps.entry(key).or_default();
                delta.maps.insert(key, map.put(field, stamp, Some(value)));
            }
            Request::Delete { key, field } => {
                let map = self.maps.entry(key).or_default();
                delta.maps.insert(key, map.put(field, stamp, None));
            }
            Request::InsertAfter {
                key,
                after,
                element,
            } => {
                let list = match after {
                    // Only in front is there a place in a list that is not there yet.
                    None => self.lists.entry(key).or_default(),
                    Some(_) => self.lists.get_mut(&key)?,
                };
                delta.lists.insert(key, list.insert(node, after, element)?);
            }
            Request::Erase { key, element } => {
                let list = self.lists.get_mut(&key)?;
                delta.lists.insert(key, list.erase(element)?);
            }
            Request::Read { .. } => unreachable!("a read is no update"),
        }
        self.delivered.insert(dot);
        Some(delta)
    }

    /// Joins as the planted bug has it.
    pub(super) fn join_as(&mut self, other: &Objects, mutant: Option<Mutant>) {
        match mutant {
            Some(Mutant::PnCounterMergesByAddition) => {
                let mut other = other.clone();
                for (key, theirs) in std::mem::take(&mut other.counters) {
                    let ours = self.counters.entry(key).or_default();
                    ours.merge_by_addition(&theirs);
                }
                self.join(&other);
            }
            Some(Mutant::RgaTiesByArrival) => {
                let mut other = other.clone();
                for (key, theirs) in std::mem::take(&mut other.lists) {
                    self.lists.entry(key).or_default().join_by_arrival(&theirs);
                }
                self.join(&other);
            }
            _ => self.join(other),
        }
    }

    /// Drops what tells of removals that were made: a bug.
    pub(super) fn collect_tombstones(&mut self) {
        self.sets.values_mut().for_each(OrSet::forget_removals);
    }

    /// Drops what tells of fields that were deleted: a bug.
    pub(super) fn forget_deletes(&mut self) {
        self.maps.values_mut().for_each(LwwMap::forget_deletes);
    }

    /// What a reader of one object sees.
    pub fn read(&self, (kind, key): (Kind, Key)) -> Object {
        let found = match kind {
            Kind::Tally => self.tallies.get(&key).map(|o| Object::Number(o.value())),
            Kind::Counter => self.counters.get(&key).map(|o| Object::Number(o.value())),
            Kind::Set => self.sets.get(&key).map(|o| Object::Elements(o.elements())),
            Kind::Map => self.maps.get(&key).map(|o| Object::Fields(o.fields())),
            Kind::List => self.lists.get(&key).map(|o| Object::Sequence(o.elements())),
        };
        found.unwrap_or_else(|| kind.fresh())
    }

    /// What a reader of everything sees.
    pub fn view(&self) -> View {
        let of = |kind, keys: Vec<Key>| keys.into_iter().map(move |key| (kind, key));
        let all = of(Kind::Tally, self.tallies.keys().copied().collect())
            .chain(of(Kind::Counter, self.counters.keys().copied().collect()))
            .chain(of(Kind::Set, self.sets.keys().copied().collect()))
            .chain(of(Kind::Map, self.maps.keys().copied().collect()))
            .chain(of(Kind::List, self.lists.keys().copied().collect()));
        all.map(|object| (object, self.read(object)))
            .filter(|((kind, _), found)| *found != kind.fresh())
            .collect()
    }

    /// The updates that are in it.
    pub const fn delivered(&self) -> &DotContext {
        &self.delivered
    }

    /// The latest time of any write to a map.
    pub(super) fn latest(&self) -> Timestamp {
        let times = self.maps.values().map(LwwMap::latest);
        times.max().unwrap_or_default()
    }
}

impl Lattice for Objects {
    fn join(&mut self, other: &Objects) {
        self.delivered.join(&other.delivered);
        self.tallies.join(&other.tallies);
        self.counters.join(&other.counters);
        self.sets.join(&other.sets);
        self.maps.join(&other.maps);
        self.lists.join(&other.lists);
    }
}
