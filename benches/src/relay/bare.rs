//! The floor: a heap of events and nothing else. No clocks, faults, digest, disks or checks; two draws
//! a message, as any simulator needs: where to, and how long.

use std::{cmp::Reverse, collections::BinaryHeap};

use murphy_sim::Stream;

use super::{LATENCY_MS_MAX, LATENCY_MS_MIN, NODES, TOKENS, other_than};

/// By time, then by order of sending, then whatever.
type Event = Reverse<(u64, u64, u32, u64)>;

/// Delivers so many messages; returns how many each node got, so that nothing is optimised away.
pub fn relay(deliveries: u64, seed: u64) -> [u64; NODES as usize] {
    let mut stream = Stream::named(seed, "bare");
    let mut heap: BinaryHeap<Event> = BinaryHeap::new();
    let (mut now, mut sent) = (0, 0);
    let mut got = [0; NODES as usize];
    let mut send = |heap: &mut BinaryHeap<Event>, now: u64, from: u32, hops: u64| {
        let to = other_than(from, stream.below(u64::from(NODES - 1)) as u32);
        let takes = stream.between(LATENCY_MS_MIN * 1_000_000, LATENCY_MS_MAX * 1_000_000);
        sent += 1;
        heap.push(Reverse((now + takes, sent, to, hops)));
    };
    for token in 0..TOKENS {
        send(&mut heap, now, token % NODES, 0);
    }
    for _ in 0..deliveries {
        let Some(Reverse((at, _, to, hops))) = heap.pop() else {
            break;
        };
        now = at;
        got[to as usize] += 1;
        send(&mut heap, now, to, hops + 1);
    }
    got
}
