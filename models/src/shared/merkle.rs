//! Merkle trees: two nodes find out in which buckets their contents differ, by comparing hashes of
//! everything, then of the halves that differ, and so on down.
//!
//! Merkle, A Digital Signature Based on a Conventional Encryption Function (CRYPTO 1987); DeCandia et
//! al., Dynamo (SOSP 2007), section 4.7. With d buckets that differ, at most 1 + 2 d depth hashes are
//! told, in depth + 1 messages. Hashes have 64 bits: they guard against chance, not against malice.

use std::{collections::BTreeMap, hash::Hash};

use murphy_sim::Digest;
use serde::{Deserialize, Serialize};

/// The deepest that a tree may be: 65,536 buckets.
const DEPTH_MAX: u32 = 16;

/// A node of the tree: 1 is the root, and below `p` are `2 p` and `2 p + 1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Place(u32);

/// One of the leaves, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bucket(u32);

/// Hashes over keys and digests of what is under them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MerkleTree<K> {
    depth: u32,
    /// By place; that of an empty subtree is 0. The first is no place.
    hashes: Vec<u64>,
    contents: BTreeMap<K, u64>,
}

/// What one side finds when it compares the hashes that the other has told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Below what differs: what the other is to compare next.
    pub below: Vec<(Place, u64)>,
    /// The buckets that differ.
    pub buckets: Vec<Bucket>,
}

impl<K: Copy + Ord + Hash> MerkleTree<K> {
    /// An empty tree of 2 to the `depth` buckets; at most 16 deep.
    pub fn new(depth: u32) -> MerkleTree<K> {
        assert!(depth <= DEPTH_MAX, "a tree of depth {depth} is too deep");
        MerkleTree {
            depth,
            hashes: vec![0; 2 << depth],
            contents: BTreeMap::new(),
        }
    }

    /// Under this key there is something of this digest, instead of what was there.
    pub fn set(&mut self, key: K, digest: u64) {
        let leaf = self.leaf(self.bucket_of(key));
        let hash = &mut self.hashes[leaf.index()];
        // What is in a bucket is in no order: leaves are sums without carry, whose parts come and go.
        *hash ^= Digest::of(&(key, digest));
        if let Some(before) = self.contents.insert(key, digest) {
            *hash ^= Digest::of(&(key, before));
        }
        let mut place = leaf;
        while place != Place::ROOT {
            place = place.above();
            let halves = place.below().map(|half| self.hashes[half.index()]);
            self.hashes[place.index()] = if halves == [0, 0] {
                0
            } else {
                Digest::of(&halves)
            };
        }
    }

    /// The root and its hash: equal when, and but for chance only when, the contents are.
    pub fn root(&self) -> (Place, u64) {
        self.told(Place::ROOT)
    }

    /// Which bucket a key falls into.
    pub fn bucket_of(&self, key: K) -> Bucket {
        let hash = Digest::of(&key) >> u64::BITS.saturating_sub(self.depth).min(u64::BITS - 1);
        Bucket(if self.depth == 0 { 0 } else { hash as u32 })
    }

    /// Compares what the other side has told of its tree, which is as deep as this one.
    pub fn compare(&self, theirs: &[(Place, u64)]) -> Comparison {
        let mut found = Comparison::default();
        for (place, hash) in theirs {
            assert!(
                (1..self.hashes.len()).contains(&place.index()),
                "{place:?} is in no tree of depth {}",
                self.depth
            );
            if self.hashes[place.index()] == *hash {
                continue;
            }
            match place.0.checked_sub(1 << self.depth) {
                Some(leaf) => found.buckets.push(Bucket(leaf)),
                None => found
                    .below
                    .extend(place.below().map(|half| self.told(half))),
            }
        }
        found
    }

    fn told(&self, place: Place) -> (Place, u64) {
        (place, self.hashes[place.index()])
    }

    fn leaf(&self, bucket: Bucket) -> Place {
        Place((1 << self.depth) + bucket.0)
    }
}

impl Place {
    const ROOT: Place = Place(1);

    fn index(self) -> usize {
        self.0 as usize
    }

    fn above(self) -> Place {
        Place(self.0 / 2)
    }

    fn below(self) -> [Place; 2] {
        [Place(2 * self.0), Place(2 * self.0 + 1)]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    type Contents = BTreeMap<u32, u64>;

    fn tree(depth: u32, contents: &Contents) -> MerkleTree<u32> {
        let mut tree = MerkleTree::new(depth);
        for (key, digest) in contents {
            tree.set(*key, *digest);
        }
        tree
    }

    /// What two sides say to each other in turns: the buckets that are found, how many messages told
    /// hashes, and how many hashes those told.
    fn exchange(sides: [&MerkleTree<u32>; 2]) -> (Vec<Bucket>, usize, usize) {
        let mut hashes = vec![sides[0].root()];
        let (mut messages, mut told) = (0, 0);
        loop {
            messages += 1;
            told += hashes.len();
            let found = sides[messages % 2].compare(&hashes);
            if found.below.is_empty() {
                return (found.buckets, messages, told);
            }
            assert!(found.buckets.is_empty(), "all leaves are equally deep");
            hashes = found.below;
        }
    }

    fn contents() -> impl Strategy<Value = Contents> {
        proptest::collection::btree_map(0..200_u32, any::<u64>(), 0..100)
    }

    /// Contents, and the same with some changed, added and taken out.
    fn alike() -> impl Strategy<Value = (Contents, Contents)> {
        let changes = proptest::collection::btree_map(0..200_u32, any::<Option<u64>>(), 0..6);
        (contents(), changes).prop_map(|(one, changes)| {
            let mut other = one.clone();
            for (key, change) in changes {
                match change {
                    Some(digest) => other.insert(key, digest),
                    None => other.remove(&key),
                };
            }
            (one, other)
        })
    }

    proptest! {
        #[test]
        fn trees_are_equal_exactly_when_their_contents_are(
            depth in 0..9_u32, (one, other) in alike(),
        ) {
            let (a, b) = (tree(depth, &one), tree(depth, &other));
            prop_assert_eq!(a.root() == b.root(), one == other);
            prop_assert_eq!(a == b, one == other);
        }

        #[test]
        fn neither_the_order_nor_what_was_there_before_matters(
            depth in 0..9_u32, before in contents(), after in contents(),
        ) {
            let mut there = before;
            let mut one = tree(depth, &there);
            for (key, digest) in after.iter().rev() {
                one.set(*key, *digest);
            }
            there.extend(after);
            prop_assert_eq!(one, tree(depth, &there));
        }

        #[test]
        fn an_exchange_finds_exactly_the_buckets_that_differ_and_tells_no_more_than_it_must(
            depth in 0..9_u32, (one, other) in alike(),
        ) {
            let (a, b) = (tree(depth, &one), tree(depth, &other));
            let keys = one.keys().chain(other.keys());
            let differ: BTreeSet<Bucket> = keys
                .filter(|key| one.get(key) != other.get(key))
                .map(|key| a.bucket_of(*key))
                .collect();
            let (found, messages, told) = exchange([&a, &b]);
            prop_assert!(found.iter().eq(&differ), "{found:?} instead of {differ:?}");
            let depth = depth as usize;
            prop_assert!(told <= 1 + 2 * differ.len() * depth);
            prop_assert_eq!(messages, if differ.is_empty() { 1 } else { depth + 1 });
        }
    }
}
