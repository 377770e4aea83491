//! Random streams by name: one for each concern, derived by hashing (seed, name), so that what one
//! concern draws never moves what another draws.
//!
//! All arithmetic on draws is on integers, so that it agrees on every platform.

use std::convert::Infallible;

use rand::{Rng, SeedableRng, TryRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{digest::Digest, time::Span};

/// A named random stream. Implements `rand`'s traits; its own methods are value-stable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream(Xoshiro256PlusPlus);

impl Stream {
    /// The stream of `name` under `seed`.
    pub fn named(seed: u64, name: &str) -> Stream {
        Stream::numbered(seed, name, 0)
    }

    /// The stream of the `number`th thing called `name` under `seed`.
    pub fn numbered(seed: u64, name: &str, number: u64) -> Stream {
        Stream(Xoshiro256PlusPlus::seed_from_u64(key(seed, name, number)))
    }

    /// The next 64 bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number in `0..bound`; zero when `bound` is zero.
    #[inline]
    pub fn below(&mut self, bound: u64) -> u64 {
        scale(self.bits(), bound)
    }

    /// An index into something of `len` elements. Panics when there is none.
    pub fn index(&mut self, len: usize) -> usize {
        assert!(len > 0, "nothing to choose from");
        self.below(len as u64) as usize
    }

    /// A number in `low..=high`. Panics when `low > high`.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        assert!(low <= high, "an empty range: {low}..={high}");
        let width = high - low;
        if width == u64::MAX {
            self.bits()
        } else {
            low + self.below(width + 1)
        }
    }

    /// A span in `low..=high`. Panics when `low > high`.
    pub fn span(&mut self, low: Span, high: Span) -> Span {
        Span(self.between(low.0, high.0))
    }

    /// True with that probability.
    #[inline]
    pub fn chance(&mut self, probability: Probability) -> bool {
        probability.covers(self.bits())
    }

    /// One of them. Panics when there is none.
    pub fn choose<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.index(from.len())]
    }

    /// Puts them in a random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.index(last + 1));
        }
    }
}

impl TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.0.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0.try_next_u64()
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        self.0.try_fill_bytes(dst)
    }
}

/// The seed of the stream of the `number`th thing called `name`.
pub(crate) fn key(seed: u64, name: &str, number: u64) -> u64 {
    let mut digest = Digest::default();
    digest.fold(seed);
    digest.fold_bytes(name.as_bytes());
    digest.fold(number);
    digest.low()
}

/// Spreads every input bit over every output bit (the finaliser of SplitMix64).
#[inline]
pub(crate) const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Maps 64 random bits to `0..bound`, with a bias below 2^-32 for bounds below 2^32.
#[inline]
pub(crate) const fn scale(bits: u64, bound: u64) -> u64 {
    ((bits as u128 * bound as u128) >> 64) as u64
}

/// A probability, held as an integer threshold so that it decides the same everywhere.
/// In files a number from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Probability(u64);

impl Probability {
    /// Never.
    pub const NEVER: Probability = Probability(0);
    /// Always.
    pub const ALWAYS: Probability = Probability(1 << 32);

    /// From a fraction of one; none unless it is in `0.0..=1.0`.
    pub fn new(fraction: f64) -> Option<Probability> {
        (0.0..=1.0)
            .contains(&fraction)
            .then_some(Probability((fraction * 4_294_967_296.0) as u64))
    }

    /// That many in a thousand.
    pub const fn per_mille(n: u32) -> Probability {
        assert!(n <= 1_000, "more than a thousand in a thousand");
        Probability(((n as u64) << 32) / 1_000)
    }

    /// Whether this draw falls under the threshold.
    #[inline]
    pub const fn covers(self, bits: u64) -> bool {
        (bits >> 32) < self.0
    }

    /// As a fraction of one, for telling.
    pub fn fraction(self) -> f64 {
        self.0 as f64 / 4_294_967_296.0
    }
}

impl Serialize for Probability {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.fraction())
    }
}

impl<'de> Deserialize<'de> for Probability {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Probability, D::Error> {
        let fraction = f64::deserialize(deserializer)?;
        Probability::new(fraction).ok_or_else(|| {
            de::Error::custom(format!(
                "{fraction} is not a probability: write a number from 0.0 to 1.0"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_a_seed_fix_a_stream_for_ever() {
        let mut stream = Stream::named(7, "nemesis");
        let drawn: Vec<u64> = (0..3).map(|_| stream.bits()).collect();
        assert_eq!(
            drawn,
            [
                18_246_806_936_138_887_198,
                17_845_557_603_101_804_362,
                14_023_656_343_982_014_461
            ]
        );
    }

    #[test]
    fn streams_of_other_names_numbers_and_seeds_are_other_streams() {
        let first = |mut stream: Stream| stream.bits();
        let base = first(Stream::numbered(7, "link", 1));
        assert_ne!(base, first(Stream::numbered(8, "link", 1)));
        assert_ne!(base, first(Stream::numbered(7, "knil", 1)));
        assert_ne!(base, first(Stream::numbered(7, "link", 2)));
    }

    #[test]
    fn draws_stay_in_their_ranges_and_reach_both_ends() {
        let mut stream = Stream::named(1, "ranges");
        let mut seen = [false; 6];
        for _ in 0..1_000 {
            let drawn = stream.between(10, 15);
            seen[usize::try_from(drawn - 10).unwrap()] = true;
        }
        assert_eq!(seen, [true; 6]);
        assert_eq!(stream.below(0), 0);
    }

    #[test]
    fn a_probability_is_a_number_from_zero_to_one() {
        assert_eq!(Probability::new(1.0), Some(Probability::ALWAYS));
        assert_eq!(Probability::new(0.0), Some(Probability::NEVER));
        assert_eq!(Probability::new(1.5), None);
        assert_eq!(Probability::new(f64::NAN), None);
        let mut stream = Stream::named(1, "chance");
        let hits = (0..100_000)
            .filter(|_| stream.chance(Probability::per_mille(250)))
            .count();
        assert!(
            (24_500..25_500).contains(&hits),
            "{hits} of 100,000 at one in four"
        );
        assert!(stream.chance(Probability::ALWAYS) && !stream.chance(Probability::NEVER));
    }
}
