//! One order for all processes: what must come first, and why.

use super::super::scc::{Digraph, components};
use super::super::tell;
use super::index::{INITIAL, Index};
use crate::anomaly::AnomalyName;
use crate::budget::Meter;
use crate::verdict::{Anomaly, Edge, Reason};
use std::collections::{BTreeMap, VecDeque};

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
    initial: Option<(u32, u32, u32)>,
}

impl Order {
    /// Session order and who read from whom.
    pub(super) fn base(index: &Index<'_>) -> Self {
        let mut order = Self::empty(index);
        for session in &index.sessions {
            let pairs = session
                .windows(2)
                .map(|pair| (pair[0], pair[1], Why::Session));
            order.edges.extend(pairs);
        }
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

    /// Read committed: within a transaction, what was read from before is visible.
    pub(super) fn read_committed(
        &mut self,
        index: &Index<'_>,
        meter: &mut Meter<'_>,
    ) -> Result<(), Reason> {
        for reader in 0..index.history.len() as u32 {
            let reads = index.reads_of(reader);
            meter.spend(reads.len() as u64)?;
            // Reads come in their order; a writer is visible from the read after the first of it.
            let mut visible: Vec<u32> = Vec::new();
            let mut by_key: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
            for read in reads {
                for writer in by_key.get(&read.key).into_iter().flatten() {
                    self.pass(*writer, read.writer, reader, read.key);
                }
                if read.writer != INITIAL && !visible.contains(&read.writer) {
                    visible.push(read.writer);
                    for other in reads {
                        if writes(index, read.writer, other.key) {
                            let writers = by_key.entry(other.key).or_default();
                            if !writers.contains(&read.writer) {
                                writers.push(read.writer);
                            }
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Read atomic: whatever was read from, and the session before, is visible as a whole.
    pub(super) fn read_atomic(
        &mut self,
        index: &Index<'_>,
        meter: &mut Meter<'_>,
    ) -> Result<(), Reason> {
        for reader in (0..index.history.len() as u32).filter(|id| index.took_effect(*id)) {
            let reads = index.reads_of(reader);
            let (session, place) = index.place[reader as usize];
            for read in reads {
                meter.spend(reads.len() as u64)?;
                let upto = |other: u32| {
                    if other == session {
                        place.checked_sub(1)
                    } else {
                        None
                    }
                };
                let before: Vec<u32> = index.visible_writers(read.key, upto).collect();
                for visible in before {
                    self.pass(visible, read.writer, reader, read.key);
                }
                for other in reads.iter().filter(|other| other.writer != INITIAL) {
                    if writes(index, other.writer, read.key) {
                        self.pass(other.writer, read.writer, reader, read.key);
                    }
                }
            }
        }
        Ok(())
    }

    /// Causal: everything that came before, by sessions and reads, is visible.
    pub(super) fn causal(
        &mut self,
        index: &Index<'_>,
        meter: &mut Meter<'_>,
    ) -> Result<(), Reason> {
        let count = index.history.len();
        let mut remaining = vec![0_u32; count];
        for (_, to, _) in &self.edges {
            remaining[*to as usize] += 1;
        }
        let graph = self.graph();
        let mut ready: VecDeque<u32> = (0..count as u32)
            .filter(|id| index.took_effect(*id) && remaining[*id as usize] == 0)
            .collect();
        // What is visible to each transaction: for each session how many of it.
        let mut clocks: Vec<Option<Vec<u32>>> = vec![None; count];
        while let Some(id) = ready.pop_front() {
            meter.spend(1 + index.sessions.len() as u64 / 8)?;
            let mut clock = clocks[id as usize].take();
            let clock = clock.get_or_insert_with(|| vec![0; index.sessions.len()]);
            for read in index.reads_of(id) {
                let upto = |session: u32| clock[session as usize].checked_sub(1);
                let visible: Vec<u32> = index.visible_writers(read.key, upto).collect();
                meter.spend(visible.len() as u64)?;
                for visible in visible.into_iter().filter(|visible| *visible != id) {
                    self.pass(visible, read.writer, id, read.key);
                }
            }
            let (session, place) = index.place[id as usize];
            clock[session as usize] = clock[session as usize].max(place + 1);
            for target in graph.out(id) {
                let theirs = clocks[*target as usize].get_or_insert_with(|| vec![0; clock.len()]);
                for (theirs, mine) in theirs.iter_mut().zip(clock.iter()) {
                    *theirs = (*theirs).max(*mine);
                }
                remaining[*target as usize] -= 1;
                if remaining[*target as usize] == 0 {
                    ready.push_back(*target);
                }
            }
        }
        Ok(())
    }

    fn graph(&self) -> Adjacency {
        Adjacency::new(self.transactions, &self.edges)
    }

    /// A short cycle of what must come first.
    pub(super) fn cycle(&self) -> Option<Vec<(u32, u32, Why)>> {
        let graph = self.graph();
        let parts = components(&graph, 0..self.transactions);
        let part = parts
            .into_iter()
            .min_by_key(|part| (part.len(), part.iter().min().copied()))?;
        let inside: std::collections::BTreeSet<u32> = part.iter().copied().collect();
        let mut best: Option<Vec<u32>> = None;
        for start in inside.iter().take(STARTS_MAX) {
            let cycle = graph.shortest_cycle(*start, &inside);
            if best.as_ref().is_none_or(|best| cycle.len() < best.len()) {
                best = Some(cycle);
            }
        }
        let nodes = best?;
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

/// Does a transaction write a key?
fn writes(index: &Index<'_>, transaction: u32, key: u32) -> bool {
    let (session, place) = index.place[transaction as usize];
    index.writers[key as usize]
        .binary_search(&(session, place, transaction))
        .is_ok()
}

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

    /// The nodes of a shortest cycle through one, inside its component.
    fn shortest_cycle(&self, start: u32, inside: &std::collections::BTreeSet<u32>) -> Vec<u32> {
        let mut from: BTreeMap<u32, u32> = BTreeMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(node) = queue.pop_front() {
            for target in self
                .out(node)
                .iter()
                .filter(|target| inside.contains(target))
            {
                if !from.contains_key(target) {
                    from.insert(*target, node);
                    queue.push_back(*target);
                }
            }
            if from.contains_key(&start) {
                break;
            }
        }
        let mut cycle = Vec::new();
        let mut node = from[&start];
        while node != start {
            cycle.push(node);
            node = from[&node];
        }
        cycle.push(start);
        cycle.reverse();
        cycle
    }
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
