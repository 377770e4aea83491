//! A 128-bit rolling digest over everything that happens, with checkpoints.
//!
//! Not cryptographic: it tells two runs apart, it does not resist an adversary. Integers are folded
//! by value and lengths as 64 bits, so that a digest is the same on every platform.

use std::{
    fmt,
    hash::{Hash, Hasher},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const MULTIPLY: [u64; 3] = [
    0x9e37_79b9_7f4a_7c15,
    0xd6e8_feb8_6659_fd93,
    0xa076_1d64_78bd_642f,
];

/// A rolling digest. Folding is order-sensitive; equal sequences of folds give equal digests.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest {
    high: u64,
    low: u64,
}

impl Default for Digest {
    fn default() -> Digest {
        Digest {
            high: 0x243f_6a88_85a3_08d3,
            low: 0x1319_8a2e_0370_7344,
        }
    }
}

impl Digest {
    /// Folds in one word: one lane by a folded 128-bit product, the other by multiply and rotate.
    #[inline]
    pub fn fold(&mut self, word: u64) {
        let product = u128::from(self.low ^ word ^ MULTIPLY[0]) * u128::from(MULTIPLY[1]);
        self.low = (product as u64) ^ ((product >> 64) as u64).wrapping_add(self.high);
        self.high = (self.high.rotate_left(23) ^ word).wrapping_mul(MULTIPLY[2]);
    }

    /// Folds in bytes, eight at a time, and their number.
    pub fn fold_bytes(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            self.fold(u64::from_le_bytes(
                chunk.try_into().expect("chunks of eight have eight bytes"),
            ));
        }
        let mut last = [0; 8];
        last[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
        self.fold(u64::from_le_bytes(last));
        self.fold(bytes.len() as u64);
    }

    /// Folds in anything that can be hashed.
    #[inline]
    pub fn fold_hash(&mut self, value: &impl Hash) {
        value.hash(self);
    }

    /// The digest of one value alone, in 64 bits.
    pub fn of(value: &impl Hash) -> u64 {
        let mut digest = Digest::default();
        digest.fold_hash(value);
        digest.low()
    }

    /// The low 64 bits, well mixed.
    pub const fn low(self) -> u64 {
        crate::stream::mix(self.low ^ self.high.rotate_left(32))
    }
}

impl Hasher for Digest {
    fn finish(&self) -> u64 {
        self.low()
    }

    fn write(&mut self, bytes: &[u8]) {
        self.fold_bytes(bytes);
    }

    #[inline]
    fn write_u8(&mut self, i: u8) {
        self.fold(u64::from(i));
    }

    #[inline]
    fn write_u16(&mut self, i: u16) {
        self.fold(u64::from(i));
    }

    #[inline]
    fn write_u32(&mut self, i: u32) {
        self.fold(u64::from(i));
    }

    #[inline]
    fn write_u64(&mut self, i: u64) {
        self.fold(i);
    }

    fn write_u128(&mut self, i: u128) {
        self.fold(i as u64);
        self.fold((i >> 64) as u64);
    }

    #[inline]
    fn write_usize(&mut self, i: usize) {
        self.fold(i as u64);
    }

    #[inline]
    fn write_i8(&mut self, i: i8) {
        self.fold(i as u64);
    }

    #[inline]
    fn write_i16(&mut self, i: i16) {
        self.fold(i as u64);
    }

    #[inline]
    fn write_i32(&mut self, i: i32) {
        self.fold(i as u64);
    }

    #[inline]
    fn write_i64(&mut self, i: i64) {
        self.fold(i as u64);
    }

    fn write_i128(&mut self, i: i128) {
        self.write_u128(i as u128);
    }

    #[inline]
    fn write_isize(&mut self, i: isize) {
        self.fold(i as u64);
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:016x}", self.high, self.low)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bad = || {
            de::Error::custom(format!(
                "`{text}` is not a digest: 32 hexadecimal digits are expected"
            ))
        };
        if text.len() != 32 || !text.is_ascii() {
            return Err(bad());
        }
        let half = |s: &str| u64::from_str_radix(s, 16).map_err(|_| bad());
        Ok(Digest {
            high: half(&text[..16])?,
            low: half(&text[16..])?,
        })
    }
}

/// The digest after every so many events: at most [`Checkpoints::MOST`] of them, evenly spread, so
/// that two long runs can be compared without keeping either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoints {
    every: u64,
    next: u64,
    taken: Vec<(u64, Digest)>,
}

impl Default for Checkpoints {
    fn default() -> Checkpoints {
        Checkpoints {
            every: 1_024,
            next: 1_024,
            taken: Vec::new(),
        }
    }
}

impl Checkpoints {
    /// How many are kept; when there are more, every other one is let go.
    pub const MOST: usize = 128;

    /// Takes one if it is time to.
    #[inline]
    pub(crate) fn pass(&mut self, events: u64, digest: Digest) {
        if events >= self.next {
            self.take(events, digest);
        }
    }

    #[cold]
    fn take(&mut self, events: u64, digest: Digest) {
        self.taken.push((events, digest));
        if self.taken.len() == Checkpoints::MOST {
            // One step can be several events, so a checkpoint may lie somewhat after its mark.
            let closer = self.every;
            self.every *= 2;
            let every = self.every;
            self.taken.retain(|(at, _)| at % every < closer);
        }
        self.next = events - events % self.every + self.every;
    }

    /// How many events had happened, and the digest of all of them.
    pub fn taken(&self) -> &[(u64, Digest)] {
        &self.taken
    }

    /// Up to how many events the two runs are known to agree: the last common checkpoint before the
    /// first that differs.
    pub fn agree_until(&self, other: &Checkpoints) -> u64 {
        let mut agreed = 0;
        for (at, digest) in &self.taken {
            match other.taken.binary_search_by_key(at, |(at, _)| *at) {
                Ok(i) if other.taken[i].1 == *digest => agreed = *at,
                Ok(_) => break,
                Err(_) => {}
            }
        }
        agreed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest_of(words: &[u64]) -> Digest {
        let mut digest = Digest::default();
        for word in words {
            digest.fold(*word);
        }
        digest
    }

    #[test]
    fn order_length_and_every_bit_matter() {
        let base = digest_of(&[1, 2, 3]);
        assert_eq!(base, digest_of(&[1, 2, 3]));
        assert_ne!(base, digest_of(&[1, 3, 2]));
        assert_ne!(base, digest_of(&[1, 2, 3, 0]));
        for bit in 0..64 {
            assert_ne!(base, digest_of(&[1, 2 ^ (1 << bit), 3]));
        }
    }

    #[test]
    fn the_digest_of_a_value_is_pinned_on_every_platform() {
        let value = (1u8, -2i32, "three", vec![4u64, 5], Some(6usize));
        let mut digest = Digest::default();
        digest.fold_hash(&value);
        assert_eq!(digest.to_string(), "576bbab333d1045fff1b2d8643467564");
    }

    #[test]
    fn checkpoints_stay_few_and_find_where_two_runs_part() {
        let run = |parts_at: u64| {
            let (mut digest, mut points) = (Digest::default(), Checkpoints::default());
            for event in 1..=1_000_000 {
                digest.fold(if event >= parts_at { event + 1 } else { event });
                points.pass(event, digest);
            }
            points
        };
        let (a, b) = (run(u64::MAX), run(600_000));
        assert!(a.taken().len() < Checkpoints::MOST);
        let agreed = a.agree_until(&b);
        assert!(agreed < 600_000 && agreed > 580_000, "{agreed}");
    }
}
