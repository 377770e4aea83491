//! A list: a replicated growable array.
//!
//! Roh et al., Replicated Abstract Data Types (JPDC 2011), on RGAs: an element
//! stands right behind the one it was put behind, after those that were put there later; of two that
//! were put there at once the one with the greater name is nearer. An element that is taken out leaves
//! a tombstone, since others may stand behind it. As a state after Shapiro et al. 2011
//! (RR-7506): the elements ever put in and those taken out only grow, and the order follows from
//! them.

use std::collections::{BTreeMap, BTreeSet};

use murphy_sim::NodeId;
use serde::{Deserialize, Serialize};

use super::lattice::Lattice;
use crate::service::objects::Element;

/// The name of an element: greater than those of all that its node had seen in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Name {
    /// Lamport's clock of the list.
    pub time: u64,
    /// Where it was put in: breaks ties.
    pub node: NodeId,
}

/// An element, and the one that it was put behind; none for the front.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Placed {
    element: Element,
    after: Option<Name>,
}

/// A list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rga {
    placed: BTreeMap<Name, Placed>,
    erased: BTreeSet<Name>,
    /// All names whose place is known, in the order of the list.
    order: Vec<Name>,
}

impl Rga {
    /// Puts an element right behind another, or in front, and says what has changed; none when that
    /// other one never was here.
    pub fn insert(
        &mut self,
        node: NodeId,
        after: Option<Element>,
        element: Element,
    ) -> Option<Rga> {
        let after = match after {
            Some(after) => Some(self.name_of(after)?),
            None => None,
        };
        let last = self.placed.keys().next_back().map_or(0, |name| name.time);
        let name = Name {
            time: last + 1,
            node,
        };
        let placed = Placed { element, after };
        self.placed.insert(name, placed);
        self.place(name, after, true);
        Some(Rga {
            placed: [(name, placed)].into(),
            order: if after.is_none() { vec![name] } else { vec![] },
            erased: BTreeSet::new(),
        })
    }

    /// Takes an element out, and says what has changed; none when it never was here.
    pub fn erase(&mut self, element: Element) -> Option<Rga> {
        let name = self.name_of(element)?;
        self.erased.insert(name);
        Some(Rga {
            erased: [name].into(),
            ..Rga::default()
        })
    }

    /// The elements in order.
    pub fn elements(&self) -> Vec<Element> {
        let present = self.order.iter().filter(|name| !self.erased.contains(name));
        present.map(|name| self.placed[name].element).collect()
    }

    /// Joins, but puts what comes right behind its neighbour, whatever stands there: a bug.
    pub(super) fn join_by_arrival(&mut self, other: &Rga) {
        self.take(other, false);
    }

    fn name_of(&self, element: Element) -> Option<Name> {
        let is_it = |(_, placed): &(&Name, &Placed)| placed.element == element;
        self.placed.iter().find(is_it).map(|(name, _)| *name)
    }

    fn take(&mut self, other: &Rga, breaks_ties: bool) {
        self.erased.extend(&other.erased);
        let before = self.placed.len();
        self.placed.extend(&other.placed);
        if self.placed.len() == before {
            return;
        }
        // What stands behind something has a greater name: in the order of names, neighbours come
        // first. What has none yet, because news overtook news, waits for it.
        let mut known: BTreeSet<Name> = self.order.iter().copied().collect();
        let new: Vec<(Name, Option<Name>)> = self
            .placed
            .iter()
            .filter(|(name, _)| !known.contains(name))
            .map(|(name, placed)| (*name, placed.after))
            .collect();
        for (name, after) in new {
            if after.is_none_or(|after| known.contains(&after)) {
                self.place(name, after, breaks_ties);
                known.insert(name);
            }
        }
    }

    /// Gives a name its place in the order. Whatever stands behind a greater one is greater still, so
    /// that all of it is passed over.
    fn place(&mut self, name: Name, after: Option<Name>, breaks_ties: bool) {
        let mut at = match after {
            None => 0,
            Some(after) => {
                let neighbour = self.order.iter().position(|other| *other == after);
                neighbour.expect("a neighbour has its place first") + 1
            }
        };
        while breaks_ties && self.order.get(at).is_some_and(|other| *other > name) {
            at += 1;
        }
        self.order.insert(at, name);
    }
}

impl Lattice for Rga {
    fn join(&mut self, other: &Rga) {
        self.take(other, true);
    }
}
