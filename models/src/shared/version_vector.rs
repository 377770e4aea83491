//! Version vectors: how much of what each node wrote is known here.
//!
//! Parker et al., Detection of Mutual Inconsistency in Distributed Systems (IEEE TSE 1983). A node
//! numbers its writes from 1 without gaps, and each number names one write for ever: a [`Dot`]
//! (Preguica et al., Dotted Version Vectors, 2012). A vector says that everything up to a number is
//! known; what is known beyond a gap needs a [`DotContext`] (Almeida et al., Delta State Replicated
//! Data Types, 2018, section 7.2).

use std::collections::{BTreeMap, BTreeSet};

use murphy_sim::NodeId;
use serde::{Deserialize, Serialize};

/// The name of one write: the how-manieth of which node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Dot {
    /// Where it was made.
    pub node: NodeId,
    /// From 1, without gaps.
    pub counter: u32,
}

/// For each node the number up to which all of its writes are known; nodes of which nothing is
/// known are left out, so that equal knowledge is equal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VersionVector(BTreeMap<NodeId, u32>);

impl VersionVector {
    /// Up to which of its writes a node is known; 0 when not at all.
    pub fn get(&self, node: NodeId) -> u32 {
        self.0.get(&node).copied().unwrap_or(0)
    }

    /// Whether this write is known.
    pub fn covers(&self, dot: Dot) -> bool {
        dot.counter <= self.get(dot.node)
    }

    /// Whether all that the other knows is known.
    pub fn descends(&self, other: &VersionVector) -> bool {
        other.0.iter().all(|(node, n)| *n <= self.get(*node))
    }

    /// Names the next write of a node, which is known from now on.
    pub fn next(&mut self, node: NodeId) -> Dot {
        let counter = self.get(node) + 1;
        self.0.insert(node, counter);
        Dot { node, counter }
    }

    /// Knows everything up to this write from now on.
    pub fn raise(&mut self, dot: Dot) {
        let counter = self.0.entry(dot.node).or_default();
        *counter = dot.counter.max(*counter);
    }

    /// Knows what either knows from now on.
    pub fn join(&mut self, other: &VersionVector) {
        for (node, counter) in &other.0 {
            let (node, counter) = (*node, *counter);
            self.raise(Dot { node, counter });
        }
    }
}

/// Writes that are known, whatever their order: a vector, and single ones beyond its gaps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DotContext {
    upto: VersionVector,
    beyond: BTreeSet<Dot>,
}

impl DotContext {
    /// Whether this write is known.
    pub fn covers(&self, dot: Dot) -> bool {
        self.upto.covers(dot) || self.beyond.contains(&dot)
    }

    /// Names the next write of a node all of whose writes are known, and knows it from now on.
    pub fn next(&mut self, node: NodeId) -> Dot {
        self.upto.next(node)
    }

    /// Knows this write from now on.
    pub fn insert(&mut self, dot: Dot) {
        if !self.upto.covers(dot) {
            self.beyond.insert(dot);
            self.compact();
        }
    }

    /// Knows what either knows from now on.
    pub fn join(&mut self, other: &DotContext) {
        self.upto.join(&other.upto);
        self.beyond.extend(&other.beyond);
        self.compact();
    }

    /// Everything up to the last that is known, as if there were no gaps before it.
    #[must_use]
    pub fn without_gaps(&self) -> DotContext {
        let mut upto = self.upto.clone();
        self.beyond.iter().for_each(|dot| upto.raise(*dot));
        DotContext::from(upto)
    }

    /// What is known here and not there.
    pub fn unknown_to<'a>(&'a self, there: &'a DotContext) -> impl Iterator<Item = Dot> + 'a {
        let in_order = self.upto.0.iter().flat_map(move |(node, upto)| {
            let node = *node;
            (there.upto.get(node) + 1..=*upto).map(move |counter| Dot { node, counter })
        });
        let known = in_order.chain(self.beyond.iter().copied());
        known.filter(|dot| !there.covers(*dot))
    }

    /// Moves into the vector what has no gap before it any more. Writes of a node stand in the order
    /// of their numbers, so that one pass is enough.
    fn compact(&mut self) {
        let upto = &mut self.upto;
        self.beyond.retain(|dot| {
            if dot.counter == upto.get(dot.node) + 1 {
                upto.raise(*dot);
            }
            !upto.covers(*dot)
        });
    }
}

impl From<VersionVector> for DotContext {
    fn from(upto: VersionVector) -> DotContext {
        DotContext {
            upto,
            beyond: BTreeSet::new(),
        }
    }
}

impl FromIterator<Dot> for DotContext {
    fn from_iter<T: IntoIterator<Item = Dot>>(dots: T) -> DotContext {
        let mut context = DotContext {
            upto: VersionVector::default(),
            beyond: dots.into_iter().collect(),
        };
        context.compact();
        context
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dot(node: u32, counter: u32) -> Dot {
        let node = NodeId(node);
        Dot { node, counter }
    }

    #[test]
    fn vectors_are_ordered_by_what_they_know_and_can_be_concurrent() {
        let (mut one, mut other) = (VersionVector::default(), VersionVector::default());
        assert_eq!(one.next(NodeId(0)), dot(0, 1));
        assert!(one.descends(&other) && !other.descends(&one));
        assert_eq!(other.next(NodeId(1)), dot(1, 1));
        assert!(!one.descends(&other) && !other.descends(&one), "concurrent");
        one.join(&other);
        assert!(one.descends(&other) && one.covers(dot(1, 1)) && !one.covers(dot(1, 2)));
        assert_eq!(one.next(NodeId(0)), dot(0, 2));
    }

    #[test]
    fn a_context_knows_what_is_beyond_a_gap_and_forgets_the_gap_when_it_is_filled() {
        let mut context: DotContext = [dot(0, 1), dot(0, 3)].into_iter().collect();
        assert!(context.covers(dot(0, 3)) && !context.covers(dot(0, 2)));
        context.insert(dot(0, 2));
        let mut upto = VersionVector::default();
        upto.raise(dot(0, 3));
        let whole = DotContext {
            upto,
            beyond: BTreeSet::new(),
        };
        assert_eq!(context, whole, "equal knowledge is equal");
    }

    #[test]
    fn what_another_does_not_know_is_told_gaps_and_all() {
        let mine: DotContext = [dot(0, 1), dot(0, 2), dot(0, 4), dot(1, 2)]
            .into_iter()
            .collect();
        let theirs: DotContext = [dot(0, 2), dot(1, 1)].into_iter().collect();
        let unknown: Vec<Dot> = mine.unknown_to(&theirs).collect();
        assert_eq!(unknown, [dot(0, 1), dot(0, 4), dot(1, 2)]);
        let unknown: Vec<Dot> = theirs.unknown_to(&mine).collect();
        assert_eq!(unknown, [dot(1, 1)]);
    }

    #[test]
    fn joined_contexts_know_what_either_knew() {
        let mut one: DotContext = [dot(0, 1), dot(1, 2)].into_iter().collect();
        let other: DotContext = [dot(1, 1), dot(0, 4)].into_iter().collect();
        one.join(&other);
        let all: DotContext = [dot(0, 1), dot(1, 1), dot(1, 2), dot(0, 4)]
            .into_iter()
            .collect();
        assert_eq!(one, all);
    }
}
