//! One order for all processes: what must come first, and why.

use super::super::scc::{Digraph, components};
use super::super::tell;
use super::index::{INITIAL, Index};
use crate::anomaly::AnomalyName;
use crate::verdict::{Anomaly, Edge};
use std::collections::VecDeque;

/// Why one transaction comes before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Why {
    Session,
    ReadFrom,
    /// This reader saw the later one although the earlier one was visible to it.
    Passed {
        reader: u32,
        key: u32,
    },
}

/// Edges that must be in the order.
#[derive(Default)]
pub(super) struct Order {
    pub(super) edges: Vec<(u32, u32, Why)>,
    transactions: u32,
    /// A reader that saw the initial version of a key although a writer was visible to it.
    pub(super) initial: Option<(u32, u32, u32)>,
}

impl Order {
    /// Session order and who read from whom.
    pub(super) fn base(index: &Index<'_>) -> Self {
        let mut order = Self::empty(index);
        order.follow_sessions(index, 0..index.sessions.len() as u32);
        for transaction in 0..index.history.len() as u32 {
            for read in index
                .reads_of(transaction)
                .iter()
                .filter(|read| read.writer != INITIAL)
            {
                order.edges.push((read.writer, transaction, Why::ReadFrom));
            }
        }
        order
    }

    /// Each of these sessions in its order.
    pub(super) fn follow_sessions(
        &mut self,
        index: &Index<'_>,
        sessions: impl Iterator<Item = u32>,
    ) {
        for session in sessions {
            let line = &index.sessions[session as usize];
            let pairs = line.windows(2);
            self.edges
                .extend(pairs.map(|pair| (pair[0], pair[1], Why::Session)));
        }
    }

    pub(super) fn empty(index: &Index<'_>) -> Self {
        Self {
            edges: Vec::new(),
            transactions: index.history.len() as u32,
            initial: None,
        }
    }

    /// Of two visible writers the one that was not seen comes first.
    pub(super) fn pass(&mut self, visible: u32, seen: u32, reader: u32, key: u32) {
        if seen == INITIAL {
            self.initial = self.initial.or(Some((visible, reader, key)));
        } else if visible != seen {
            self.edges
                .push((visible, seen, Why::Passed { reader, key }));
        }
    }

    /// As [`pass`](Self::pass), unless the one that was seen follows the other in its session.
    pub(super) fn pass_unless_follows(
        &mut self,
        index: &Index<'_>,
        visible: u32,
        seen: u32,
        reader: u32,
        key: u32,
    ) {
        let follows = seen != INITIAL && {
            let (one, other) = (index.place[visible as usize], index.place[seen as usize]);
            one.0 == other.0 && one.1 < other.1
        };
        if !follows {
            self.pass(visible, seen, reader, key);
        }
    }

    /// A short cycle of what must come first.
    pub(super) fn cycle(&self) -> Option<Vec<(u32, u32, Why)>> {
        let graph = Adjacency::new(self.transactions, &self.edges);
        let parts = components(&graph, 0..self.transactions);
        let mut part = parts
            .into_iter()
            .min_by_key(|part| (part.len(), part.iter().min().copied()))?;
        part.sort_unstable();
        let nodes = graph.shortest_cycle(&part);
        let why = |from: u32, to: u32| {
            let mut edges = self
                .edges
                .iter()
                .filter(|edge| (edge.0, edge.1) == (from, to));
            edges.next().copied().expect("a cycle is made of edges")
        };
        Some(
            (0..nodes.len())
                .map(|at| why(nodes[at], nodes[(at + 1) % nodes.len()]))
                .collect(),
        )
    }

    /// A reader of the initial version of a key for which a writer was visible.
    pub(super) fn initial_breach(&self, index: &Index<'_>, name: AnomalyName) -> Option<Anomaly> {
        let (writer, reader, key) = self.initial?;
        let words = format!(
            "T{reader} read the initial version of key {} though T{writer}, which wrote it, was \
             visible to it",
            index.keys[key as usize]
        );
        let ids = [writer as usize, reader as usize];
        let told = ids.map(|id| tell(index.history, id));
        Some(
            Anomaly::new(name, words)
                .with_operations(ids)
                .with_steps(told),
        )
    }

    /// A cycle in words.
    pub(super) fn tell(
        &self,
        index: &Index<'_>,
        cycle: &[(u32, u32, Why)],
        name: AnomalyName,
    ) -> Anomaly {
        let edge = |(from, to, why): &(u32, u32, Why)| {
            let (kind, because) = match why {
                Why::Session => ("session", format!("T{to} follows T{from} in its session")),
                Why::ReadFrom => ("wr", format!("T{to} read what T{from} wrote")),
                Why::Passed { reader, key } => (
                    "before",
                    format!(
                        "T{reader} read key {} from T{to}, though T{from}, which wrote it too, was \
                         visible to it",
                        index.keys[*key as usize]
                    ),
                ),
            };
            Edge {
                from: *from as usize,
                to: *to as usize,
                kind: kind.to_owned(),
                because,
            }
        };
        let edges: Vec<Edge> = cycle.iter().map(edge).collect();
        let mut ids: Vec<usize> = edges.iter().map(|edge| edge.from).collect();
        for (_, _, why) in cycle {
            if let Why::Passed { reader, .. } = why
                && !ids.contains(&(*reader as usize))
            {
                ids.push(*reader as usize);
            }
        }
        let path: Vec<String> = edges
            .iter()
            .map(|edge| format!("T{} -{}->", edge.from, edge.kind))
            .collect();
        let first = edges.first().map_or(0, |edge| edge.from);
        let told: Vec<String> = ids.iter().map(|id| tell(index.history, *id)).collect();
        Anomaly::new(name, format!("{} T{first}", path.join(" ")))
            .with_operations(ids)
            .with_steps(told)
            .with_steps(edges.iter().map(|edge| edge.because.clone()))
            .with_edges(edges.iter().cloned())
    }
}

/// Nodes from which a shortest cycle is looked for.
const STARTS_MAX: usize = 64;

/// The edges of each node.
struct Adjacency {
    start: Vec<u32>,
    targets: Vec<u32>,
}

impl Adjacency {
    fn new(nodes: u32, edges: &[(u32, u32, Why)]) -> Self {
        let mut start = vec![0; nodes as usize + 1];
        for (from, _, _) in edges {
            start[*from as usize + 1] += 1;
        }
        for place in 1..start.len() {
            start[place] += start[place - 1];
        }
        let mut cursor = start.clone();
        let mut targets = vec![0; edges.len()];
        for (from, to, _) in edges {
            targets[cursor[*from as usize] as usize] = *to;
            cursor[*from as usize] += 1;
        }
        Self { start, targets }
    }

    fn out(&self, node: u32) -> &[u32] {
        let (start, end) = (self.start[node as usize], self.start[node as usize + 1]);
        &self.targets[start as usize..end as usize]
    }

    /// The nodes of a short cycle in a component: the shortest through some of its nodes.
    fn shortest_cycle(&self, part: &[u32]) -> Vec<u32> {
        const UNSEEN: u32 = u32::MAX;
        const OUTSIDE: u32 = u32::MAX - 1;
        // For each node of the component the one that it was come to from.
        let mut from = vec![OUTSIDE; self.node_count()];
        let mut best: Vec<u32> = Vec::new();
        for &start in part.iter().take(STARTS_MAX) {
            for node in part {
                from[*node as usize] = UNSEEN;
            }
            let mut queue = VecDeque::from([(start, 0)]);
            while let Some((node, distance)) = queue.pop_front() {
                let is_longer = !best.is_empty() && distance + 1 >= best.len();
                if is_longer || from[start as usize] != UNSEEN {
                    break;
                }
                for target in self.out(node) {
                    if from[*target as usize] == UNSEEN {
                        from[*target as usize] = node;
                        queue.push_back((*target, distance + 1));
                    }
                }
            }
            if from[start as usize] != UNSEEN {
                best = walk_back(&from, start);
            }
        }
        best
    }
}

/// The nodes of a cycle through one, in order, beginning with it.
fn walk_back(from: &[u32], start: u32) -> Vec<u32> {
    let mut cycle = Vec::new();
    let mut node = from[start as usize];
    while node != start {
        cycle.push(node);
        node = from[node as usize];
    }
    cycle.push(start);
    cycle.reverse();
    cycle
}

impl Digraph for Adjacency {
    fn node_count(&self) -> usize {
        self.start.len() - 1
    }

    fn successor(&self, node: u32, cursor: u32) -> Option<(u32, u32)> {
        self.out(node)
            .get(cursor as usize)
            .map(|target| (*target, cursor + 1))
    }
}
