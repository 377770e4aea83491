//! What one node holds of the ranges that are its own: registers of siblings, and a Merkle tree over each
//! range. It knows no clients and no messages.

use std::collections::BTreeMap;

use murphy_sim::{Digest, NodeId};

use super::ring::{Range, Ring};
use crate::{
    service::kv::{self, Key},
    shared::{
        merkle::{Bucket, MerkleTree},
        siblings::Siblings,
    },
};

/// Sixteen buckets a range.
pub(super) const DEPTH: u32 = 4;

/// The ranges of one node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Store {
    ring: Ring,
    parts: BTreeMap<Range, Part>,
}

/// One range.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Part {
    registers: BTreeMap<Key, Siblings>,
    tree: MerkleTree<Key>,
}

impl Store {
    /// The empty store of this node.
    pub fn new(ring: Ring, node: NodeId) -> Store {
        let part = || Part {
            registers: BTreeMap::new(),
            tree: MerkleTree::new(DEPTH),
        };
        Store {
            ring,
            parts: ring.held_by(node).map(|range| (range, part())).collect(),
        }
    }

    /// All that is held under a key; none where the key is not this node's or was never written.
    pub fn get(&self, key: Key) -> Option<&Siblings> {
        let part = self.parts.get(&self.ring.range_of(key))?;
        part.registers.get(&key)
    }

    /// Every register, range by range.
    pub fn registers(&self) -> impl Iterator<Item = (Key, &Siblings)> {
        let registers = self.parts.values().flat_map(|part| &part.registers);
        registers.map(|(key, siblings)| (*key, siblings))
    }

    /// What a reader would see of each range.
    pub fn shown(&self) -> impl Iterator<Item = (Range, kv::View)> {
        self.parts.iter().map(|(range, part)| {
            let registers = part.registers.iter();
            let shown = registers.map(|(key, siblings)| (*key, siblings.as_one_number()));
            (*range, shown.collect())
        })
    }

    /// Joins these to what is there under a key of this node; says whether that was news.
    pub fn join(&mut self, key: Key, siblings: &Siblings) -> bool {
        let held = self.part_mut(key).registers.entry(key).or_default();
        let before = held.clone();
        held.join(siblings);
        *held != before
    }

    /// Brings the tree up to what is there under a key.
    pub fn rehash(&mut self, key: Key) {
        let part = self.part_mut(key);
        let held = part.registers.get(&key).map_or(0, Digest::of);
        part.tree.set(key, held);
    }

    /// The tree over a range of this node.
    pub fn tree(&self, range: Range) -> &MerkleTree<Key> {
        &self.part(range).tree
    }

    /// The tree over a range of this node, made anew from what is there.
    pub fn rebuilt(&self, range: Range) -> MerkleTree<Key> {
        let mut tree = MerkleTree::new(DEPTH);
        for (key, siblings) in &self.part(range).registers {
            tree.set(*key, Digest::of(siblings));
        }
        tree
    }

    /// What is in these buckets of a range of this node.
    pub fn entries(&self, range: Range, buckets: &[Bucket]) -> Vec<(Key, Siblings)> {
        let part = self.part(range);
        let registers = part.registers.iter();
        registers
            .filter(|(key, _)| buckets.contains(&part.tree.bucket_of(**key)))
            .map(|(key, siblings)| (*key, siblings.clone()))
            .collect()
    }

    fn part(&self, range: Range) -> &Part {
        let part = self.parts.get(&range);
        part.expect("nobody speaks to a node of a range that it does not hold")
    }

    fn part_mut(&mut self, key: Key) -> &mut Part {
        let part = self.parts.get_mut(&self.ring.range_of(key));
        part.expect("nothing is stored but at the nodes of its preference list")
    }
}
