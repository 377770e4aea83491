//! A set in which a removal takes away what its node has seen, and an insertion that it has not seen
//! stays: add wins.
//!
//! Shapiro et al. 2011 (RR-7506), Specification 15, for observed-remove sets with unique tags; Bieniusa
//! et al., An Optimized Conflict-free Replicated Set (2012), and Almeida et al., Delta State
//! Replicated Data Types (JPDC 2018), for a context of tags in place of tombstones: a tag
//! that is in the context and on no element was removed.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::lattice::Lattice;
use crate::{
    service::objects::Element,
    shared::version_vector::{Dot, DotContext},
};

/// The elements with the tags of their insertions, and all tags that were ever seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OrSet {
    elements: BTreeMap<Element, BTreeSet<Dot>>,
    seen: DotContext,
}

impl OrSet {
    /// Puts an element in under this tag, which takes the place of those it has, and says what has
    /// changed. No tag may be used twice.
    pub fn insert(&mut self, element: Element, tag: Dot) -> OrSet {
        let before = self.elements.insert(element, [tag].into());
        self.seen.insert(tag);
        let seen = before.into_iter().flatten().chain([tag]).collect();
        OrSet {
            elements: [(element, [tag].into())].into(),
            seen,
        }
    }

    /// Takes an element out with all the tags that are seen here, and says what has changed; none
    /// when it is not there.
    pub fn remove(&mut self, element: Element) -> Option<OrSet> {
        let tags = self.elements.remove(&element)?;
        Some(OrSet {
            elements: BTreeMap::new(),
            seen: tags.into_iter().collect(),
        })
    }

    /// The elements.
    pub fn elements(&self) -> BTreeSet<Element> {
        self.elements.keys().copied().collect()
    }

    /// Forgets every tag that no element bears, and so that anything was removed: a bug.
    pub(super) fn forget_removals(&mut self) {
        self.seen = self.elements.values().flatten().copied().collect();
    }

    fn bears(&self, element: Element, tag: Dot) -> bool {
        self.elements
            .get(&element)
            .is_some_and(|tags| tags.contains(&tag))
    }
}

impl Lattice for OrSet {
    /// A tag stays that both bear, or that one bears and the other has never seen.
    fn join(&mut self, other: &OrSet) {
        let mut joined: BTreeMap<Element, BTreeSet<Dot>> = BTreeMap::new();
        for (ours, theirs) in [(&*self, other), (other, &*self)] {
            for (element, tags) in &ours.elements {
                let stays =
                    |tag: &&Dot| theirs.bears(*element, **tag) || !theirs.seen.covers(**tag);
                let mut tags = tags.iter().filter(stays).copied().peekable();
                if tags.peek().is_some() {
                    joined.entry(*element).or_default().extend(tags);
                }
            }
        }
        self.elements = joined;
        self.seen.join(&other.seen);
    }
}
