//! Who is linked to whom: a ring with chords, the same for the whole run, so that every link has two
//! sides and every node reaches every other over a logarithm of hops.
//!
//! Stands for the peer sampling service of the paper (HyParView), which would replace the failed.

use std::collections::BTreeSet;

use murphy_sim::NodeId;

/// The neighbours of a node: at distance 1, 2, 4, ... on the ring, both ways, until there are enough.
pub(super) fn neighbours(node: NodeId, nodes: u32, links: usize) -> BTreeSet<NodeId> {
    let mut found = BTreeSet::new();
    let mut distance = 1;
    while found.len() < links && distance < nodes {
        found.insert(NodeId((node.0 + distance) % nodes));
        found.insert(NodeId((node.0 + nodes - distance) % nodes));
        distance = distance.saturating_mul(2);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_link_has_two_sides_and_every_node_can_be_reached() {
        for nodes in 1..=40 {
            for links in 1..=6 {
                let of = |node| neighbours(NodeId(node), nodes, links);
                let mut reached = BTreeSet::from([NodeId(0)]);
                for _ in 0..nodes {
                    let next: Vec<NodeId> = reached.iter().flat_map(|n| of(n.0)).collect();
                    reached.extend(next);
                }
                assert_eq!(reached.len(), nodes as usize);
                for node in 0..nodes {
                    assert!(!of(node).contains(&NodeId(node)));
                    assert!(
                        of(node)
                            .iter()
                            .all(|peer| of(peer.0).contains(&NodeId(node)))
                    );
                }
            }
        }
    }
}
