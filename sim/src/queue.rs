//! The queue of what is going to happen: by time, and at the same time in the order it was pushed.
//!
//! A heap of small keys beside a slab of events, so that sifting never moves an event.

use std::{cmp::Reverse, collections::BinaryHeap};

use crate::time::Time;

/// Time in the upper 64 bits, then 40 bits of order, then 24 bits of place in the slab.
type Key = u128;

const SLOT_BITS: u32 = 24;
const ORDER_BITS: u32 = 40;

#[derive(Clone, Debug)]
pub(crate) struct Queue<E> {
    heap: BinaryHeap<Reverse<Key>>,
    slab: Vec<Option<E>>,
    free: Vec<u32>,
    pushed: u64,
}

impl<E> Default for Queue<E> {
    fn default() -> Queue<E> {
        Queue {
            heap: BinaryHeap::new(),
            slab: Vec::new(),
            free: Vec::new(),
            pushed: 0,
        }
    }
}

impl<E> Queue<E> {
    #[inline]
    pub(crate) fn push(&mut self, at: Time, event: E) {
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slab[slot as usize] = Some(event);
                slot
            }
            None => {
                assert!(
                    self.slab.len() < 1 << SLOT_BITS,
                    "more than 16 million events are waiting"
                );
                self.slab.push(Some(event));
                (self.slab.len() - 1) as u32
            }
        };
        self.pushed += 1;
        debug_assert!(
            self.pushed < 1 << ORDER_BITS,
            "a run has fewer than 2^40 events"
        );
        let order = self.pushed << SLOT_BITS | u64::from(slot);
        self.heap
            .push(Reverse(Key::from(at.0) << 64 | Key::from(order)));
    }

    #[inline]
    pub(crate) fn next_at(&self) -> Option<Time> {
        self.heap
            .peek()
            .map(|Reverse(key)| Time((key >> 64) as u64))
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<(Time, E)> {
        let Reverse(key) = self.heap.pop()?;
        let slot = (key as u32) & ((1 << SLOT_BITS) - 1);
        let event = self.slab[slot as usize]
            .take()
            .expect("a key in the heap has its event in the slab");
        self.free.push(slot);
        Some((Time((key >> 64) as u64), event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::Stream;

    #[test]
    fn events_come_by_time_and_then_in_the_order_pushed() {
        let mut queue = Queue::default();
        let mut stream = Stream::named(1, "queue");
        let mut expected = Vec::new();
        for i in 0..1_000u64 {
            let at = Time(stream.below(50));
            queue.push(at, i);
            expected.push((at, i));
        }
        expected.sort_by_key(|(at, _)| *at);
        let popped: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(popped, expected);
        assert_eq!(queue.next_at(), None);
    }
}
