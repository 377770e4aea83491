//! The dependency graph: transactions, and why one must come before another.
//!
//! Write-write, write-read and read-write edges are stored; process order and real-time order are
//! derived as they are asked for. Real time goes through one barrier node for each completion, so
//! that its edges are linear in number; where many transactions follow many others for one reason,
//! a hub stands between them. Nodes are numbered: transactions (their positions in the history),
//! hubs, barriers.

use super::TxnHistory;
use super::scc::Digraph;
use crate::hash::Table;

/// The kind of an edge, or a set of kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Kinds(pub(super) u8);

impl Kinds {
    /// The target overwrote what the source wrote.
    pub(super) const WW: Self = Self(1);
    /// The target read what the source wrote.
    pub(super) const WR: Self = Self(2);
    /// The target overwrote what the source read.
    pub(super) const RW: Self = Self(4);
    /// The target came after the source in one process.
    pub(super) const PROCESS: Self = Self(8);
    /// The target began after the source had ended.
    pub(super) const REALTIME: Self = Self(16);
    /// From a hub on: says nothing by itself.
    pub(super) const FREE: Self = Self(32);

    pub(super) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The kind in a report.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::WW => "ww",
            Self::WR => "wr",
            Self::RW => "rw",
            Self::PROCESS => "process",
            Self::REALTIME => "realtime",
            _ => "via",
        }
    }

    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

const NONE: u32 = u32::MAX;

/// Stored edges before they are put in order.
#[derive(Default)]
pub(super) struct Edges {
    list: Vec<(u32, u32, Kinds)>,
    hubs: u32,
}

impl Edges {
    pub(super) fn with_capacity(edges: usize) -> Self {
        Self {
            list: Vec::with_capacity(edges),
            hubs: 0,
        }
    }

    pub(super) fn push(&mut self, from: u32, to: u32, kind: Kinds) {
        if from != to {
            self.list.push((from, to, kind));
        }
    }

    /// Every source before every target, but none before itself; linear in their number.
    ///
    /// Both lists are in ascending order, without repetition.
    pub(super) fn push_all(&mut self, sources: &[u32], targets: &[u32], kind: Kinds) {
        if sources.len() * targets.len() <= 2 * (sources.len() + targets.len()) {
            for source in sources {
                for target in targets {
                    self.push(*source, *target, kind);
                }
            }
            return;
        }
        let both: Vec<u32> = sources
            .iter()
            .copied()
            .filter(|id| targets.binary_search(id).is_ok())
            .collect();
        let only_targets = targets
            .iter()
            .copied()
            .filter(|id| both.binary_search(id).is_err());
        let others = self.hub(only_targets, None);
        for source in sources {
            self.list.push((*source, others, kind));
        }
        // A transaction on both sides comes before those ahead of it and those behind it.
        let mut ahead = None;
        let mut behind = None;
        for (forth, back) in both.iter().zip(both.iter().rev()) {
            for (here, chain) in [(*forth, &mut ahead), (*back, &mut behind)] {
                if let Some(hub) = *chain {
                    self.list.push((here, hub, kind));
                }
                *chain = Some(self.hub([here], *chain));
            }
        }
        let all = ahead.filter(|_| both.len() < sources.len());
        for source in sources.iter().filter(|id| both.binary_search(id).is_err()) {
            self.list.extend(all.map(|hub| (*source, hub, kind)));
        }
    }

    /// A new hub before some transactions and before another hub.
    fn hub(&mut self, targets: impl IntoIterator<Item = u32>, next: Option<u32>) -> u32 {
        let hub = HUB_MARK | self.hubs;
        self.hubs += 1;
        self.list.extend(
            targets
                .into_iter()
                .chain(next)
                .map(|target| (hub, target, Kinds::FREE)),
        );
        hub
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

/// Marks a hub while the number of transactions is not yet added to it.
const HUB_MARK: u32 = 1 << 31;

/// The graph of one history.
pub(super) struct Graph {
    transactions: u32,
    hubs: u32,
    offsets: Vec<u32>,
    targets: Vec<u32>,
    kinds: Vec<Kinds>,
    /// The next transaction of the same process.
    next: Vec<u32>,
    /// The barrier at the completion of each transaction.
    barrier: Vec<u32>,
    /// For each barrier, the first transaction invoked after it.
    invoked_after: Vec<u32>,
}

impl Graph {
    /// Puts edges in order, and takes process and real-time order from the history.
    pub(super) fn new(history: &TxnHistory, edges: &Edges) -> Self {
        let transactions = history.len() as u32;
        let explicit = transactions + edges.hubs;
        assert!(explicit < HUB_MARK, "node numbers and marks do not meet");
        let plain = |node: u32| {
            if node & HUB_MARK == 0 {
                node
            } else {
                transactions + (node & !HUB_MARK)
            }
        };
        let mut offsets = vec![0_u32; explicit as usize + 1];
        for (from, _, _) in &edges.list {
            offsets[plain(*from) as usize + 1] += 1;
        }
        for node in 1..offsets.len() {
            offsets[node] += offsets[node - 1];
        }
        let mut cursor = offsets.clone();
        let mut targets = vec![0; edges.list.len()];
        let mut kinds = vec![Kinds(0); edges.list.len()];
        for (from, to, kind) in &edges.list {
            let place = &mut cursor[plain(*from) as usize];
            targets[*place as usize] = plain(*to);
            kinds[*place as usize] = *kind;
            *place += 1;
        }
        let (barrier, invoked_after) = barriers(history);
        let hubs = edges.hubs;
        let next = process_order(history);
        Self {
            transactions,
            hubs,
            offsets,
            targets,
            kinds,
            next,
            barrier,
            invoked_after,
        }
    }

    pub(super) fn node_count(&self) -> usize {
        (self.transactions + self.hubs) as usize + self.invoked_after.len()
    }

    pub(super) fn is_transaction(&self, node: u32) -> bool {
        node < self.transactions
    }

    fn explicit(&self) -> u32 {
        self.transactions + self.hubs
    }

    /// The edge of a node at a cursor among those of some kinds: target, kind, next cursor.
    pub(super) fn edge(&self, node: u32, cursor: u32, mask: Kinds) -> Option<(u32, Kinds, u32)> {
        if node >= self.explicit() {
            return self.barrier_edge(node - self.explicit(), cursor, mask);
        }
        let (start, end) = (self.offsets[node as usize], self.offsets[node as usize + 1]);
        let mask_explicit = mask.with(Kinds::FREE);
        for place in start + cursor..end {
            let kind = self.kinds[place as usize];
            if mask_explicit.has(kind) {
                return Some((self.targets[place as usize], kind, place - start + 1));
            }
        }
        let derived = (start + cursor).max(end) - end;
        if derived == 0 && node < self.transactions && mask.has(Kinds::PROCESS) {
            let next = self.next[node as usize];
            if next != NONE {
                return Some((next, Kinds::PROCESS, end - start + 1));
            }
        }
        if derived <= 1 && node < self.transactions && mask.has(Kinds::REALTIME) {
            let barrier = self.barrier[node as usize];
            if barrier != NONE {
                return Some((self.explicit() + barrier, Kinds::REALTIME, end - start + 2));
            }
        }
        None
    }

    /// From a barrier to the next one, and to every transaction invoked between them.
    fn barrier_edge(&self, barrier: u32, cursor: u32, mask: Kinds) -> Option<(u32, Kinds, u32)> {
        if !mask.has(Kinds::REALTIME) {
            return None;
        }
        let first = self.invoked_after[barrier as usize];
        let following = self.invoked_after.get(barrier as usize + 1).copied();
        let end = following.unwrap_or(self.transactions);
        if cursor == 0 && following.is_some() {
            return Some((self.explicit() + barrier + 1, Kinds::FREE, 1));
        }
        let transaction = first + cursor.max(1) - 1;
        (transaction < end).then_some((transaction, Kinds::FREE, cursor.max(1) + 1))
    }
}

/// The next transaction of the same process that began after each had ended.
fn process_order(history: &TxnHistory) -> Vec<u32> {
    let operations = history.operations();
    let mut next = vec![NONE; operations.len()];
    let mut last: Table<u32, u32> = Table::default();
    for (id, operation) in operations
        .iter()
        .enumerate()
        .filter(|(_, op)| !op.is_fail())
    {
        let Some(before) = last.insert(operation.process.0, id as u32) else {
            continue;
        };
        let ended = operations[before as usize].completed();
        if ended.is_none_or(|at| at.index < operation.invoked.index) {
            next[before as usize] = id as u32;
        }
    }
    next
}

/// The barrier of each transaction that took effect, and the first invocation after each barrier.
fn barriers(history: &TxnHistory) -> (Vec<u32>, Vec<u32>) {
    let operations = history.operations();
    let mut completions: Vec<(u64, u32)> = operations
        .iter()
        .enumerate()
        .filter(|(_, operation)| operation.is_ok())
        .filter_map(|(id, operation)| Some((operation.completed()?.index, id as u32)))
        .collect();
    completions.sort_unstable();
    let mut barrier = vec![NONE; operations.len()];
    let mut invoked_after = Vec::with_capacity(completions.len());
    let mut invoked = 0;
    for (number, (at, id)) in completions.into_iter().enumerate() {
        barrier[id as usize] = number as u32;
        while invoked < operations.len() && operations[invoked].invoked.index < at {
            invoked += 1;
        }
        invoked_after.push(invoked as u32);
    }
    (barrier, invoked_after)
}

/// A graph with some kinds of edges only.
pub(super) struct Masked<'a> {
    pub(super) graph: &'a Graph,
    pub(super) mask: Kinds,
}

impl Digraph for Masked<'_> {
    fn node_count(&self) -> usize {
        self.graph.node_count()
    }

    fn successor(&self, node: u32, cursor: u32) -> Option<(u32, u32)> {
        self.graph
            .edge(node, cursor, self.mask)
            .map(|(target, _, next)| (target, next))
    }
}
