//! Writers that become visible one by one: which of them a read of a key must put first.
//!
//! A read puts every writer that is visible first, before the one that it saw; what was put before
//! one that is itself visible need not be put again, so that each is put about once.

use super::index::{INITIAL, Index, Read};

const NONE: u32 = u32::MAX;

/// The visible writers of each key that no read has put first since.
pub(super) struct Revealed {
    /// For each key the first of its writers in `chain`.
    head: Vec<u32>,
    /// A writer, and where the next one is.
    chain: Vec<(u32, u32)>,
    touched: Vec<u32>,
    /// For each transaction the last round in which it was revealed.
    shown: Vec<u32>,
    round: u32,
}

impl Revealed {
    pub(super) fn new(index: &Index<'_>) -> Self {
        Self {
            head: vec![NONE; index.keys.len()],
            chain: Vec::new(),
            touched: Vec::new(),
            shown: vec![0; index.history.len()],
            round: 1,
        }
    }

    /// Nothing is visible any more.
    pub(super) fn clear(&mut self) {
        for key in self.touched.drain(..) {
            self.head[key as usize] = NONE;
        }
        self.chain.clear();
        self.round += 1;
    }

    /// A writer becomes visible, with all that it left.
    pub(super) fn reveal(&mut self, index: &Index<'_>, writer: u32) {
        if self.is_news(writer) {
            for key in index.left_by(writer) {
                self.push(*key, writer);
            }
        }
    }

    /// As [`reveal`](Self::reveal), where only these reads will follow; their keys ascend.
    pub(super) fn reveal_to(&mut self, index: &Index<'_>, writer: u32, reads: &[Read]) {
        let left = index.left_by(writer);
        if left.len() <= 4 * reads.len() {
            self.reveal(index, writer);
        } else if self.is_news(writer) {
            for group in reads.chunk_by(|one, other| one.key == other.key) {
                if left.binary_search(&group[0].key).is_ok() {
                    self.push(group[0].key, writer);
                }
            }
        }
    }

    /// A read of a key saw one writer: hands out the others that must come before that one.
    ///
    /// The caller says whether it reveals the one that was seen before the next read.
    pub(super) fn read(
        &mut self,
        read: Read,
        reader: u32,
        is_revealed_next: bool,
        mut pass: impl FnMut(u32),
    ) {
        let first = self.head[read.key as usize];
        let mut at = first;
        let mut is_own = false;
        while at != NONE {
            let (writer, next) = self.chain[at as usize];
            if writer == reader {
                is_own = true;
            } else {
                pass(writer);
            }
            at = next;
        }
        let is_seen_shown =
            read.writer != INITIAL && self.shown[read.writer as usize] == self.round;
        if first == NONE || !(is_seen_shown || is_revealed_next) {
            return;
        }
        // What comes later is put after those that are left here, and so after all.
        self.head[read.key as usize] = NONE;
        if is_own {
            self.push(read.key, reader);
        }
        if is_seen_shown {
            self.push(read.key, read.writer);
        }
    }

    fn is_news(&mut self, writer: u32) -> bool {
        let shown = &mut self.shown[writer as usize];
        std::mem::replace(shown, self.round) != self.round
    }

    fn push(&mut self, key: u32, writer: u32) {
        let head = &mut self.head[key as usize];
        if *head == NONE {
            self.touched.push(key);
        }
        self.chain.push((writer, *head));
        *head = self.chain.len() as u32 - 1;
    }
}
