//! One strongly connected part of the dependency graph, renumbered, and the search for short cycles
//! in it.

use super::cycles::Tangle;
use super::graph::{Graph, Kinds};
use super::scc::{Digraph, components};
use crate::anomaly::AnomalyName;
use std::collections::VecDeque;

/// A strongly connected part with its inner edges.
pub(super) struct Knot {
    /// The node of the whole graph; none for a hub or a barrier.
    transactions: Vec<Option<u32>>,
    offsets: Vec<u32>,
    targets: Vec<u32>,
    kinds: Vec<Kinds>,
    /// Nodes visited in looking for a shorter witness, before the best so far is taken.
    visits_max: u64,
}

/// A closed walk: each transaction with the edge that leads on from it.
type Walk = Vec<(u32, Kinds)>;

/// Visits in a knot whose witnesses may be told.
const VISITS_MAX: u64 = 4_000_000;

/// Visits in one that is only to be named: so many, and so many more for each node.
const BRIEF_VISITS_MAX: (u64, u64) = (20_000, 50);

const NONE: u32 = u32::MAX;

impl Knot {
    /// Takes the nodes of one part, with the edges of a mask between them.
    ///
    /// `numbers` has an entry for each node of the graph, and is left as it was found. Where it is
    /// to be brief, witnesses may be longer than they need be.
    pub(super) fn new(
        graph: &Graph,
        mut part: Vec<u32>,
        mask: Kinds,
        numbers: &mut [u32],
        is_brief: bool,
    ) -> Self {
        let visits_max = if is_brief {
            BRIEF_VISITS_MAX.0 + BRIEF_VISITS_MAX.1 * part.len() as u64
        } else {
            VISITS_MAX
        };
        part.sort_unstable();
        for (number, node) in part.iter().enumerate() {
            numbers[*node as usize] = number as u32;
        }
        let mut knot = Self {
            transactions: part
                .iter()
                .map(|node| graph.is_transaction(*node).then_some(*node))
                .collect(),
            offsets: vec![0],
            targets: Vec::new(),
            kinds: Vec::new(),
            visits_max,
        };
        for node in &part {
            let mut cursor = 0;
            while let Some((target, kind, next)) = graph.edge(*node, cursor, mask) {
                cursor = next;
                if numbers[target as usize] != NONE {
                    knot.targets.push(numbers[target as usize]);
                    knot.kinds.push(kind);
                }
            }
            knot.offsets.push(knot.targets.len() as u32);
        }
        for node in part {
            numbers[node as usize] = NONE;
        }
        knot
    }

    /// Its transactions, with the worst that was found among them.
    pub(super) fn tangle(&self, worst: AnomalyName) -> Option<Tangle> {
        let first = self.transactions.iter().flatten().min()?;
        Some(Tangle {
            first: *first as usize,
            transactions: self.transactions.iter().flatten().count(),
            worst,
        })
    }

    fn len(&self) -> usize {
        self.transactions.len()
    }

    fn edges(&self, node: u32) -> impl Iterator<Item = (u32, Kinds)> + '_ {
        let range = self.offsets[node as usize] as usize..self.offsets[node as usize + 1] as usize;
        range.map(|place| (self.targets[place], self.kinds[place]))
    }

    /// A short cycle of edges of a mask, through an edge of some kind.
    pub(super) fn cycle(&self, mask: Kinds, through: Kinds) -> Option<Walk> {
        self.shortest(
            &View {
                knot: self,
                mask,
                part: None,
            },
            through,
            mask,
        )
    }

    /// A short cycle through an edge of some kind that leads back by edges of another mask.
    pub(super) fn cycle_back(&self, mask: Kinds, through: Kinds, back: Kinds) -> Option<Walk> {
        self.shortest(
            &View {
                knot: self,
                mask,
                part: None,
            },
            through,
            back,
        )
    }

    fn shortest(&self, view: &View<'_>, through: Kinds, back: Kinds) -> Option<Walk> {
        let parts = components(view, 0..self.len() as u32);
        let mut part_of = vec![NONE; self.len()];
        for (number, part) in parts.iter().enumerate() {
            for node in part {
                part_of[*node as usize] = number as u32;
            }
        }
        let inside = View {
            knot: self,
            mask: back,
            part: Some(&part_of),
        };
        let mut best: Option<Walk> = None;
        let mut search = Search::new(self.len());
        for node in parts.iter().flatten() {
            for (target, kind) in self.edges(*node) {
                let is_inside = part_of[target as usize] == part_of[*node as usize];
                if !through.has(kind) || !view.mask.has(kind) || !is_inside {
                    continue;
                }
                if search.visits > self.visits_max {
                    return best;
                }
                let shorter = best
                    .as_ref()
                    .map_or(u32::MAX, |best| best.len().saturating_sub(2) as u32);
                if let Some(path) = search.path(&inside, target, *node, shorter) {
                    let walk = self.walk([(*node, kind)].into_iter().chain(path));
                    keep_shorter(&mut best, walk);
                    if best.as_ref().is_some_and(|best| best.len() == 2) {
                        return best;
                    }
                }
            }
        }
        best
    }

    /// A short cycle with an anti-dependency and without two adjacent ones.
    pub(super) fn nonadjacent(&self, mask: Kinds) -> Option<Walk> {
        let doubled = Doubled {
            knot: self,
            mask,
            part: None,
        };
        let copies = self.len() as u32 * 2;
        let parts = components(&doubled, 0..copies);
        let mut part_of = vec![NONE; copies as usize];
        for (number, part) in parts.iter().enumerate() {
            for copy in part {
                part_of[*copy as usize] = number as u32;
            }
        }
        let inside = Doubled {
            knot: self,
            mask,
            part: Some(&part_of),
        };
        let mut best: Option<Walk> = None;
        let mut search = Search::new(copies as usize);
        for copy in parts.iter().flatten().filter(|copy| **copy % 2 == 1) {
            for (target, kind) in inside.out(*copy) {
                if search.visits > self.visits_max {
                    return best;
                }
                let shorter = best
                    .as_ref()
                    .map_or(u32::MAX, |best| best.len().saturating_sub(2) as u32);
                let Some(path) = search.path(&inside, target, *copy, shorter) else {
                    continue;
                };
                let walk = [(*copy, kind)].into_iter().chain(path);
                keep_shorter(
                    &mut best,
                    self.walk(walk.map(|(copy, kind)| (copy / 2, kind))),
                );
                if best.as_ref().is_some_and(|best| best.len() == 2) {
                    return best;
                }
            }
        }
        best
    }

    /// Leaves out hubs and barriers: the way through one has the kind of its first edge.
    fn walk(&self, steps: impl Iterator<Item = (u32, Kinds)>) -> Walk {
        steps
            .filter_map(|(node, kind)| Some((self.transactions[node as usize]?, kind)))
            .collect()
    }
}

fn keep_shorter(best: &mut Option<Walk>, walk: Walk) {
    if best.as_ref().is_none_or(|best| walk.len() < best.len()) {
        *best = Some(walk);
    }
}

/// Edges with their kinds.
trait Labelled {
    fn out(&self, node: u32) -> impl Iterator<Item = (u32, Kinds)>;
}

/// The edges of a mask, all or those inside the parts.
struct View<'a> {
    knot: &'a Knot,
    mask: Kinds,
    part: Option<&'a [u32]>,
}

impl Labelled for View<'_> {
    fn out(&self, node: u32) -> impl Iterator<Item = (u32, Kinds)> {
        let mask = self.mask.with(Kinds::FREE);
        let is_inside = move |target: u32| {
            self.part
                .is_none_or(|part| part[target as usize] == part[node as usize])
        };
        self.knot
            .edges(node)
            .filter(move |(target, kind)| mask.has(*kind) && is_inside(*target))
    }
}

impl Digraph for View<'_> {
    fn node_count(&self) -> usize {
        self.knot.len()
    }

    fn successor(&self, node: u32, cursor: u32) -> Option<(u32, u32)> {
        let mask = self.mask.with(Kinds::FREE);
        let start = self.knot.offsets[node as usize];
        (start + cursor..self.knot.offsets[node as usize + 1])
            .find(|place| mask.has(self.knot.kinds[*place as usize]))
            .map(|place| (self.knot.targets[place as usize], place - start + 1))
    }
}

/// Two copies of each node: the second is come to by an anti-dependency, and left by other edges.
struct Doubled<'a> {
    knot: &'a Knot,
    mask: Kinds,
    part: Option<&'a [u32]>,
}

impl Doubled<'_> {
    /// The copy that an edge leads to, if it may be taken.
    fn target(&self, copy: u32, place: usize) -> Option<u32> {
        let (target, kind) = (self.knot.targets[place], self.knot.kinds[place]);
        let is_after_rw = copy % 2 == 1;
        let is_rw = kind.has(Kinds::RW);
        let is_allowed = self.mask.with(Kinds::FREE).has(kind) && !(is_rw && is_after_rw);
        // A hub passes on how it was come to.
        let is_kept = kind.has(Kinds::FREE) && is_after_rw;
        let target = target * 2 + u32::from(is_rw || is_kept);
        let is_inside = self
            .part
            .is_none_or(|part| part[target as usize] == part[copy as usize]);
        (is_allowed && is_inside).then_some(target)
    }
}

impl Labelled for Doubled<'_> {
    fn out(&self, copy: u32) -> impl Iterator<Item = (u32, Kinds)> {
        let node = copy as usize / 2;
        let range = self.knot.offsets[node] as usize..self.knot.offsets[node + 1] as usize;
        range.filter_map(move |place| Some((self.target(copy, place)?, self.knot.kinds[place])))
    }
}

impl Digraph for Doubled<'_> {
    fn node_count(&self) -> usize {
        self.knot.len() * 2
    }

    fn successor(&self, copy: u32, cursor: u32) -> Option<(u32, u32)> {
        let node = copy as usize / 2;
        let start = self.knot.offsets[node];
        (start + cursor..self.knot.offsets[node + 1])
            .find_map(|place| Some((self.target(copy, place as usize)?, place - start + 1)))
    }
}

/// Breadth-first search in which the way on from a hub or a barrier costs nothing.
struct Search {
    distance: Vec<u32>,
    from: Vec<(u32, Kinds)>,
    visited: Vec<u32>,
    queue: VecDeque<(u32, u32)>,
    visits: u64,
}

impl Search {
    fn new(nodes: usize) -> Self {
        Self {
            distance: vec![NONE; nodes],
            from: vec![(NONE, Kinds(0)); nodes],
            visited: Vec::new(),
            queue: VecDeque::new(),
            visits: 0,
        }
    }

    /// The shortest path, each step a node and the edge from it; none if there is no path of at
    /// most so many edges that cost something.
    fn path(&mut self, edges: &impl Labelled, from: u32, to: u32, most: u32) -> Option<Walk> {
        self.queue.push_back((0, from));
        self.distance[from as usize] = 0;
        self.visited.push(from);
        while let Some((distance, node)) = self.queue.pop_front() {
            if node == to {
                break;
            }
            if distance > self.distance[node as usize] {
                continue;
            }
            self.visits += 1;
            for (target, kind) in edges.out(node) {
                let is_free = kind.has(Kinds::FREE);
                let further = distance + u32::from(!is_free);
                let known = &mut self.distance[target as usize];
                if further >= *known || further > most {
                    continue;
                }
                if *known == NONE {
                    self.visited.push(target);
                }
                *known = further;
                self.from[target as usize] = (node, kind);
                if is_free {
                    self.queue.push_front((further, target));
                } else {
                    self.queue.push_back((further, target));
                }
            }
        }
        let path = (self.distance[to as usize] != NONE).then(|| {
            let mut path = Vec::new();
            let mut node = to;
            while node != from {
                let (before, kind) = self.from[node as usize];
                path.push((before, kind));
                node = before;
            }
            path.reverse();
            path
        });
        self.queue.clear();
        for node in self.visited.drain(..) {
            self.distance[node as usize] = NONE;
        }
        path
    }
}
