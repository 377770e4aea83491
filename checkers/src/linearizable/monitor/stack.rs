//! Stacks: a value that can be below all others is left out, and the rest is judged by itself.
//!
//! Between two moments at which no value is certainly there, the values of that time have nothing to
//! do with others. If there is no such moment among them, one of them must lie below all the rest:
//! put before any of their calls need be, taken after all. Whichever can be that may be it, since
//! what is left is legal whenever the whole was.

use super::Life;
use std::collections::BTreeSet;

/// Values that no order of puts and takes explains.
pub(super) fn illegal(lives: &[Life]) -> Option<Vec<usize>> {
    // A value that need not be there at all is put and taken at once.
    let long = |life: &&Life| life.begin() < life.end();
    let lives: Vec<Life> = lives.iter().filter(long).copied().collect();
    let knot = Peeling::new(&lives).run()?;
    let few = shrink(knot.into_iter().map(|life| lives[life]).collect());
    Some(few.iter().flat_map(Life::places).collect())
}

/// Work that making the evidence small may take: values judged.
const SHRINK_MAX: usize = 200_000;

/// Leaves out values without which the rest is still illegal.
fn shrink(mut lives: Vec<Life>) -> Vec<Life> {
    let mut work = 0;
    let mut chunk = lives.len().div_ceil(2);
    loop {
        let mut end = lives.len();
        while end > 0 {
            let start = end.saturating_sub(chunk);
            let smaller = [&lives[..start], &lives[end..]].concat();
            work += lives.len();
            if work > SHRINK_MAX {
                return lives;
            }
            if let Some(knot) = Peeling::new(&smaller).run() {
                lives = knot.into_iter().map(|life| smaller[life]).collect();
            }
            end = start.min(lives.len());
        }
        if chunk == 1 {
            return lives;
        }
        chunk = chunk.div_ceil(2);
    }
}

/// The values that are left, by the places of their beginnings and ends among all of these.
struct Peeling<'a> {
    lives: &'a [Life],
    begin: Vec<usize>,
    end: Vec<usize>,
    /// The times of all beginnings and ends, in order.
    times: Vec<u64>,
    /// Which value begins at a place.
    at: Vec<usize>,
    /// How many values are there between one place and the next.
    cover: Cover,
    left: BTreeSet<usize>,
    /// By the place of its beginning: when each value's put begins, until that is early enough.
    early: Lowest,
    /// The same for the end of its take, upside down, until that is late enough.
    late: Lowest,
    /// Beginnings of the values that are early and late enough.
    ready: BTreeSet<usize>,
    marks: Vec<u8>,
}

impl<'a> Peeling<'a> {
    fn new(lives: &'a [Life]) -> Self {
        let mut events: Vec<(u64, usize, bool)> = Vec::with_capacity(lives.len() * 2);
        for (number, life) in lives.iter().enumerate() {
            events.push((life.begin(), number, true));
            events.push((life.end(), number, false));
        }
        events.sort_unstable();
        let (mut begin, mut end) = (vec![0; lives.len()], vec![0; lives.len()]);
        let mut at = vec![usize::MAX; events.len()];
        let mut early = Lowest::new(events.len());
        let mut late = Lowest::new(events.len());
        for (place, (_, number, begins)) in events.iter().enumerate() {
            if *begins {
                begin[*number] = place;
                at[place] = *number;
                early.set(place, lives[*number].put.0);
                late.set(place, !lives[*number].take.1);
            } else {
                end[*number] = place;
            }
        }
        let mut cover = Cover::new(events.len());
        for number in 0..lives.len() {
            cover.add(begin[number], end[number], 1);
        }
        Self {
            lives,
            left: begin.iter().copied().collect(),
            begin,
            end,
            times: events.iter().map(|(time, ..)| *time).collect(),
            at,
            cover,
            early,
            late,
            ready: BTreeSet::new(),
            marks: vec![0; lives.len()],
        }
    }

    /// The values of a part from which none can be left out; none if all can, one by one.
    fn run(mut self) -> Option<Vec<usize>> {
        let mut parts = Vec::new();
        self.split(0, self.times.len(), &mut parts);
        while let Some((first, last)) = parts.pop() {
            self.mark(first, last);
            let Some(&bottom) = self.ready.range(first..=last).next() else {
                let rest = self.left.range(first..=last);
                return Some(rest.map(|place| self.at[*place]).collect());
            };
            let value = self.at[bottom];
            self.ready.remove(&bottom);
            self.left.remove(&bottom);
            self.cover.add(self.begin[value], self.end[value], -1);
            self.split(first, last + 1, &mut parts);
        }
        None
    }

    /// The parts between two places with no empty moment in them, each from its first beginning to
    /// its last end.
    fn split(&self, from: usize, to: usize, parts: &mut Vec<(usize, usize)>) {
        let mut from = from;
        while let Some(&first) = self.left.range(from..to).next() {
            let last = self.cover.first_empty(first);
            parts.push((first, last));
            from = last + 1;
        }
    }

    /// Marks the values of a part that may be put first and taken last of it. A part of it asks for
    /// less, so that a mark is for good.
    fn mark(&mut self, first: usize, last: usize) {
        while let Some((place, put)) = self.early.lowest(first, last) {
            // A value's own beginning does not hold it up: its put begins before that anyway.
            if put >= self.times[first] {
                break;
            }
            self.early.set(place, u64::MAX);
            self.marked(place);
        }
        while let Some((place, take)) = self.late.lowest(first, last) {
            if !take <= self.times[last] {
                break;
            }
            self.late.set(place, u64::MAX);
            self.marked(place);
        }
    }

    fn marked(&mut self, place: usize) {
        let marks = &mut self.marks[self.at[place]];
        *marks += 1;
        if *marks == 2 {
            assert!(self.lives[self.at[place]].put.0 < self.lives[self.at[place]].take.1);
            self.ready.insert(place);
        }
    }
}

/// The least number of a range of places.
struct Lowest {
    size: usize,
    tree: Vec<u64>,
}

impl Lowest {
    fn new(places: usize) -> Self {
        let size = places.next_power_of_two().max(1);
        Self {
            size,
            tree: vec![u64::MAX; size * 2],
        }
    }

    fn set(&mut self, place: usize, number: u64) {
        let mut node = place + self.size;
        self.tree[node] = number;
        while node > 1 {
            node /= 2;
            self.tree[node] = self.tree[node * 2].min(self.tree[node * 2 + 1]);
        }
    }

    /// The place of the least number from one place to another, and the number; none if there is
    /// none there.
    fn lowest(&self, first: usize, last: usize) -> Option<(usize, u64)> {
        let (mut low, mut high) = (first + self.size, last + self.size + 1);
        let mut best = 0;
        let mut least = u64::MAX;
        while low < high {
            if low % 2 == 1 {
                if self.tree[low] < least {
                    (best, least) = (low, self.tree[low]);
                }
                low += 1;
            }
            if high % 2 == 1 {
                high -= 1;
                if self.tree[high] < least {
                    (best, least) = (high, self.tree[high]);
                }
            }
            low /= 2;
            high /= 2;
        }
        if least == u64::MAX {
            return None;
        }
        while best < self.size {
            best = best * 2 + usize::from(self.tree[best * 2] != least);
        }
        Some((best - self.size, least))
    }
}

/// How many values are there between each place and the next, and where there is none.
struct Cover {
    size: usize,
    /// The least count below a node, without what is added to nodes above it.
    least: Vec<i64>,
    added: Vec<i64>,
}

impl Cover {
    fn new(places: usize) -> Self {
        let size = places.next_power_of_two().max(1);
        Self {
            size,
            least: vec![0; size * 2],
            added: vec![0; size * 2],
        }
    }

    /// Adds to the gaps from one place up to another.
    fn add(&mut self, from: usize, to: usize, more: i64) {
        let (mut low, mut high) = (from + self.size, to + self.size);
        let (first, last) = (low, high - 1);
        while low < high {
            if low % 2 == 1 {
                self.apply(low, more);
                low += 1;
            }
            if high % 2 == 1 {
                high -= 1;
                self.apply(high, more);
            }
            low /= 2;
            high /= 2;
        }
        for leaf in [first, last] {
            let mut node = leaf / 2;
            while node > 0 {
                let below = self.least[node * 2].min(self.least[node * 2 + 1]);
                self.least[node] = below + self.added[node];
                node /= 2;
            }
        }
    }

    fn apply(&mut self, node: usize, more: i64) {
        self.least[node] += more;
        self.added[node] += more;
    }

    /// The first gap from a place on where there is no value; the last place is always followed by
    /// one.
    fn first_empty(&self, from: usize) -> usize {
        // Up from the leaf, what is added above is part of every count below.
        let above = |mut node: usize| {
            let mut sum = 0;
            while node > 1 {
                node /= 2;
                sum += self.added[node];
            }
            sum
        };
        let mut node = from + self.size;
        loop {
            let outer = above(node);
            if self.least[node] + outer == 0 {
                return self.descend(node, outer);
            }
            // The next subtree to the right.
            while node % 2 == 1 {
                node /= 2;
            }
            node += 1;
            assert!(node > 1, "after the last place there is no value");
        }
    }

    fn descend(&self, mut node: usize, mut outer: i64) -> usize {
        while node < self.size {
            outer += self.added[node];
            node *= 2;
            if self.least[node] + outer != 0 {
                node += 1;
            }
        }
        node - self.size
    }
}
