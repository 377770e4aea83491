//! A set of nodes as bits.

use crate::id::NodeId;

/// A set of nodes and clients' places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NodeSet(Vec<u64>);

impl NodeSet {
    /// Those from `first` up to, not including, `end`.
    pub(crate) fn range(first: u32, end: u32) -> NodeSet {
        (first..end).map(NodeId).collect()
    }

    #[inline]
    pub(crate) fn contains(&self, node: NodeId) -> bool {
        self.0
            .get(node.index() / 64)
            .is_some_and(|word| word >> (node.index() % 64) & 1 == 1)
    }

    /// The first 64 places as bits.
    pub(crate) fn first_word(&self) -> u64 {
        self.0.first().copied().unwrap_or(0)
    }

    pub(crate) fn insert(&mut self, node: NodeId) {
        let word = node.index() / 64;
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (node.index() % 64);
    }

    /// Those of these that are not among the others.
    pub(crate) fn without(mut self, others: &NodeSet) -> NodeSet {
        for (word, other) in self.0.iter_mut().zip(&others.0) {
            *word &= !other;
        }
        self
    }
}

impl Extend<NodeId> for NodeSet {
    fn extend<I: IntoIterator<Item = NodeId>>(&mut self, nodes: I) {
        for node in nodes {
            self.insert(node);
        }
    }
}

impl FromIterator<NodeId> for NodeSet {
    fn from_iter<I: IntoIterator<Item = NodeId>>(nodes: I) -> NodeSet {
        let mut set = NodeSet::default();
        set.extend(nodes);
        set
    }
}
