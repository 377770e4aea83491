//! Which of the operations around the frontier have been placed: one bit for each operation that
//! is open at the same time, not one for each operation of the history.

/// A small set of slots.
pub(super) trait Window: Clone + Eq {
    /// The empty set with room for so many slots.
    fn empty(slots: usize) -> Self;
    /// Puts a slot in.
    fn insert(&mut self, slot: u32);
    /// Takes a slot out.
    fn remove(&mut self, slot: u32);
    /// Folds the set into a hash.
    fn fold(&self, hash: u64) -> u64;
    /// Bytes on the heap.
    fn heap_bytes(&self) -> u64;
}

fn mix(hash: u64, word: u64) -> u64 {
    let mixed = (hash.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 32)
}

impl<const WORDS: usize> Window for [u64; WORDS] {
    fn empty(slots: usize) -> Self {
        assert!(slots <= WORDS * 64, "the window was chosen for the slots");
        [0; WORDS]
    }

    fn insert(&mut self, slot: u32) {
        self[slot as usize / 64] |= 1 << (slot % 64);
    }

    fn remove(&mut self, slot: u32) {
        self[slot as usize / 64] &= !(1 << (slot % 64));
    }

    fn fold(&self, hash: u64) -> u64 {
        self.iter().fold(hash, |hash, &word| mix(hash, word))
    }

    fn heap_bytes(&self) -> u64 {
        0
    }
}

impl Window for Box<[u64]> {
    fn empty(slots: usize) -> Self {
        vec![0; slots.div_ceil(64)].into_boxed_slice()
    }

    fn insert(&mut self, slot: u32) {
        self[slot as usize / 64] |= 1 << (slot % 64);
    }

    fn remove(&mut self, slot: u32) {
        self[slot as usize / 64] &= !(1 << (slot % 64));
    }

    fn fold(&self, hash: u64) -> u64 {
        self.iter().fold(hash, |hash, &word| mix(hash, word))
    }

    fn heap_bytes(&self) -> u64 {
        self.len() as u64 * 8
    }
}
