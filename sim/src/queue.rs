//! The queue of what is going to happen: by time, and at the same time in the order it was pushed.
//!
//! A heap of small keys beside a slab of events, so that sifting never moves an event. Each key has
//! four below it: half the levels of a binary heap, and the four lie side by side.

use crate::time::Time;

/// Time in the upper 64 bits, then 40 bits of order, then 24 bits of place in the slab.
type Key = u128;

const SLOT_BITS: u32 = 24;
const ORDER_BITS: u32 = 40;
const BELOW: usize = 4;

/// Later than any: fills up the last four.
const NONE: Key = Key::MAX;

#[derive(Clone, Debug)]
pub(crate) struct Queue<E> {
    /// No key is less than the one above it: that of `i` is at `(i - 1) / BELOW`. The first stands
    /// alone, all others in fours, of which the last is filled up with [`NONE`].
    heap: Vec<Key>,
    /// How many of the heap are keys.
    waiting: usize,
    slab: Vec<Option<E>>,
    free: Vec<u32>,
    pushed: u64,
}

impl<E> Default for Queue<E> {
    fn default() -> Queue<E> {
        Queue {
            heap: Vec::new(),
            waiting: 0,
            slab: Vec::new(),
            free: Vec::new(),
            pushed: 0,
        }
    }
}

impl<E> Queue<E> {
    #[inline(always)]
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
        self.insert(Key::from(at.0) << 64 | Key::from(order));
    }

    #[inline]
    pub(crate) fn next_at(&self) -> Option<Time> {
        self.heap.first().map(|key| Time((key >> 64) as u64))
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<(Time, E)> {
        let key = *self.heap.first()?;
        self.take_first();
        let slot = (key as u32) & ((1 << SLOT_BITS) - 1);
        let event = self.slab[slot as usize]
            .take()
            .expect("a key in the heap has its event in the slab");
        self.free.push(slot);
        Some((Time((key >> 64) as u64), event))
    }

    #[inline]
    fn insert(&mut self, key: Key) {
        let place = self.waiting;
        if place == self.heap.len() {
            let more = if place == 0 { 1 } else { BELOW };
            self.heap.resize(place + more, NONE);
        }
        self.waiting += 1;
        self.rise(key, place);
    }

    /// Puts a key into a hole, or further up.
    #[inline]
    fn rise(&mut self, key: Key, mut hole: usize) {
        let heap = self.heap.as_mut_slice();
        while hole > 0 {
            let above = (hole - 1) / BELOW;
            if heap[above] <= key {
                break;
            }
            heap[hole] = heap[above];
            hole = above;
        }
        heap[hole] = key;
    }

    /// Takes the first key out. The hole it leaves sinks to the bottom, which takes the same way
    /// whatever the keys are, and is filled with the last key, which belongs near there.
    #[inline]
    fn take_first(&mut self) {
        self.waiting -= 1;
        let last = std::mem::replace(&mut self.heap[self.waiting], NONE);
        if self.waiting % BELOW == 1 || self.waiting == 0 {
            self.heap.truncate(self.waiting);
        }
        if self.waiting == 0 {
            return;
        }
        let heap = self.heap.as_mut_slice();
        let mut hole = 0;
        while let Some(four) = heap.get(hole * BELOW + 1..).and_then(<[Key]>::first_chunk) {
            let (least, at) = least_of(four, hole * BELOW + 1);
            heap[hole] = least;
            hole = at;
        }
        self.rise(last, hole);
    }
}

/// The least of four keys, and its place when the first is at `first`.
#[inline]
fn least_of(four: &[Key; BELOW], first: usize) -> (Key, usize) {
    let less = |a: (Key, usize), b: (Key, usize)| if b.0 < a.0 { b } else { a };
    let left = less((four[0], first), (four[1], first + 1));
    let right = less((four[2], first + 2), (four[3], first + 3));
    less(left, right)
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

    #[test]
    fn what_is_pushed_while_others_wait_comes_in_its_turn() {
        let mut stream = Stream::named(2, "queue");
        for most in [1, 2, 3, 4, 5, 6, 20, 21, 22, 85, 86, 300] {
            let (mut queue, mut waiting) = (Queue::default(), std::collections::BTreeSet::new());
            let (mut now, mut order) = (Time::ZERO, 0u64);
            for _ in 0..3_000 {
                if waiting.len() < most && stream.below(5) > 1 {
                    let at = now + crate::time::Span(stream.below(40));
                    order += 1;
                    queue.push(at, order);
                    waiting.insert((at, order));
                } else {
                    let next = waiting.pop_first();
                    assert_eq!(queue.next_at(), next.map(|(at, _)| at));
                    assert_eq!(queue.pop(), next);
                    now = next.map_or(now, |(at, _)| at);
                }
            }
        }
    }
}
