//! Consistent hashing: which nodes hold a key, and who stands in for them.
//!
//! Karger et al., Consistent Hashing and Random Trees (STOC 1997); DeCandia et al., sections 4.2 and
//! 4.3, with partitions of equal size, one for each node (section 6.2, strategy 3). The ring is fixed.

use murphy_sim::{Digest, NodeId};
use serde::{Deserialize, Serialize};

use crate::service::kv::Key;

/// A part of the ring, by the node that comes first on the way round from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Range(pub u32);

/// Nodes in a ring, and how many of them hold each range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ring {
    nodes: u32,
    copies: u32,
}

impl Ring {
    /// So many nodes, of which so many hold each range; at least one, and no more than there are.
    pub fn new(nodes: u32, copies: u32) -> Ring {
        assert!((1..=nodes).contains(&copies), "{copies} of {nodes} nodes");
        Ring { nodes, copies }
    }

    /// The range that a key falls into.
    pub fn range_of(&self, key: Key) -> Range {
        Range((Digest::of(&key) % u64::from(self.nodes)) as u32)
    }

    /// The preference list: the nodes that hold a range, the first first.
    pub fn preferred(&self, range: Range) -> impl Iterator<Item = NodeId> + use<> {
        self.round(range).take(self.copies as usize)
    }

    /// The nodes that stand in for those, in order.
    pub fn fallbacks(&self, range: Range) -> impl Iterator<Item = NodeId> + use<> {
        self.round(range).skip(self.copies as usize)
    }

    /// The ranges that a node holds.
    pub fn held_by(&self, node: NodeId) -> impl Iterator<Item = Range> + use<> {
        let Ring { nodes, copies } = *self;
        (0..copies).map(move |back| Range((node.0 + nodes - back) % nodes))
    }

    /// Whom a node shares which range with.
    pub fn shared_by(&self, node: NodeId) -> Vec<(Range, NodeId)> {
        let ring = *self;
        let shared = self.held_by(node).flat_map(|range| {
            let others = ring.preferred(range).filter(move |other| *other != node);
            others.map(move |other| (range, other))
        });
        shared.collect()
    }

    fn round(&self, range: Range) -> impl Iterator<Item = NodeId> + use<> {
        let nodes = self.nodes;
        (0..nodes).map(move |step| NodeId((range.0 + step) % nodes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_held_by_the_next_nodes_round_the_ring_and_the_rest_stand_in() {
        let ring = Ring::new(5, 3);
        let preferred: Vec<u32> = ring.preferred(Range(3)).map(|node| node.0).collect();
        assert_eq!(preferred, [3, 4, 0]);
        let fallbacks: Vec<u32> = ring.fallbacks(Range(3)).map(|node| node.0).collect();
        assert_eq!(fallbacks, [1, 2]);
        for range in (0..5).map(Range) {
            for node in (0..5).map(NodeId) {
                let holds = ring.held_by(node).any(|held| held == range);
                assert_eq!(ring.preferred(range).any(|n| n == node), holds);
            }
        }
    }

    #[test]
    fn every_pair_that_shares_a_range_knows_it() {
        let ring = Ring::new(5, 3);
        let shared = ring.shared_by(NodeId(1));
        assert_eq!(shared.len(), 3 * 2);
        for (range, other) in shared {
            assert!(ring.shared_by(other).contains(&(range, NodeId(1))));
        }
        assert_eq!(Ring::new(5, 1).shared_by(NodeId(1)), []);
    }

    #[test]
    fn keys_are_spread_over_the_ring() {
        let ring = Ring::new(5, 3);
        let mut counts = [0; 5];
        for key in 0..1_000 {
            counts[ring.range_of(key).0 as usize] += 1;
        }
        assert!(
            counts.iter().all(|count| (120..280).contains(count)),
            "{counts:?}"
        );
    }
}
