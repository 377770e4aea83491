//! The relay: five nodes pass tokens around, each delivery forwarding its token to a node drawn at
//! random, over links that take 1 ms to 10 ms. The same demand on a bare heap, on murphy's world, on
//! madsim and on turmoil.

pub mod bare;
#[cfg(madsim)]
pub mod madsim;
pub mod turmoil;
pub mod world;

/// How many nodes.
pub const NODES: u32 = 5;
/// How many tokens are under way.
pub const TOKENS: u32 = 64;
/// The least latency, in milliseconds.
pub const LATENCY_MS_MIN: u64 = 1;
/// The most.
pub const LATENCY_MS_MAX: u64 = 10;

/// The node that a draw below `NODES - 1` means to this one: any but itself.
#[inline]
pub const fn other_than(me: u32, drawn: u32) -> u32 {
    if drawn >= me { drawn + 1 } else { drawn }
}
