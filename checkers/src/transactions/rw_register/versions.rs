//! The order of each key's versions, inferred from what the caller lets us assume.

use super::super::TOLD_MAX;
use super::super::scc::{Digraph, components};
use super::{Index, NONE, Touch, VersionOrders};
use crate::anomaly::AnomalyName;
use crate::verdict::Anomaly;

/// Why one version comes before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    Initial,
    WritesFollowReads,
    Sequential,
    Linearizable,
    Given,
}

impl Why {
    fn words(self) -> &'static str {
        match self {
            Self::Initial => "the initial version comes first",
            Self::WritesFollowReads => "writes follow reads in a transaction",
            Self::Sequential => "each key is sequential, and one process did these in this order",
            Self::Linearizable => "each key is linearizable, and one ended before the other began",
            Self::Given => "the order of the transactions is given",
        }
    }
}

/// The inferred orders.
pub(super) struct Inferred {
    /// From, to, why; sorted.
    edges: Vec<(u32, u32, Why)>,
    start: Vec<u32>,
    /// The versions of each key whose order contradicts itself.
    cyclic: Vec<Vec<u32>>,
}

impl Digraph for Inferred {
    fn node_count(&self) -> usize {
        self.start.len() - 1
    }

    fn successor(&self, node: u32, cursor: u32) -> Option<(u32, u32)> {
        let place = self.start[node as usize] + cursor;
        let is_here = place < self.start[node as usize + 1];
        is_here.then(|| (self.edges[place as usize].1, cursor + 1))
    }
}

/// Infers the orders, and leaves out the keys whose order contradicts itself.
pub(super) fn infer(index: &Index<'_>, orders: &VersionOrders) -> Inferred {
    let mut edges = Vec::new();
    let mut by_key: Vec<Vec<Touch>> = vec![Vec::new(); index.keys.len()];
    for touch in index.touches.iter().filter(|touch| touch.first() != NONE) {
        by_key[touch.key as usize].push(*touch);
    }
    for touches in &by_key {
        if orders.writes_follow_reads {
            let both = touches
                .iter()
                .filter(|touch| touch.read != NONE && touch.wrote != NONE);
            edges.extend(both.map(|touch| (touch.read, touch.wrote, Why::WritesFollowReads)));
        }
        if orders.sequential_keys {
            sequential(index, touches, &mut edges);
        }
        if orders.linearizable_keys {
            linearizable(index, touches, &mut edges);
        }
        if let Some(order) = &orders.transaction_order {
            given(index, touches, order, &mut edges);
        }
    }
    initial(index, &mut edges);
    let mut inferred = Inferred::new(edges, index.versions.len());
    let mut parts = components(&inferred, 0..index.versions.len() as u32);
    for part in &mut parts {
        part.sort_unstable();
    }
    parts.sort();
    let mut is_cyclic = vec![false; index.keys.len()];
    for part in &parts {
        is_cyclic[index.versions[part[0] as usize].key as usize] = true;
    }
    if !parts.is_empty() {
        let of_key = |version: u32| index.versions[version as usize].key as usize;
        let kept = inferred
            .edges
            .iter()
            .copied()
            .filter(|(from, _, _)| !is_cyclic[of_key(*from)]);
        inferred = Inferred::new(kept.collect(), index.versions.len());
    }
    inferred.cyclic = parts;
    inferred
}

/// The initial version of each key comes before every version that has no other before it.
fn initial(index: &Index<'_>, edges: &mut Vec<(u32, u32, Why)>) {
    let mut has_before = vec![false; index.versions.len()];
    for (_, to, _) in edges.iter() {
        has_before[*to as usize] = true;
    }
    let mut first = vec![NONE; index.keys.len()];
    for (number, version) in index.versions.iter().enumerate() {
        if version.value.is_none() {
            first[version.key as usize] = number as u32;
        }
    }
    for (number, version) in index.versions.iter().enumerate() {
        let nil = first[version.key as usize];
        // Where the initial version itself has one before it, all others are needed to see why not.
        let is_needed = nil != NONE && (!has_before[number] || has_before[nil as usize]);
        if version.value.is_some() && is_needed {
            edges.push((nil, number as u32, Why::Initial));
        }
    }
}

/// Each process sees one order of the versions of a key.
fn sequential(index: &Index<'_>, touches: &[Touch], edges: &mut Vec<(u32, u32, Why)>) {
    let mut last: std::collections::BTreeMap<u32, u32> = std::collections::BTreeMap::new();
    for touch in touches {
        let process = index.history.operations()[touch.transaction as usize]
            .process
            .0;
        if let Some(before) = last.insert(process, touch.last())
            && before != touch.first()
        {
            edges.push((before, touch.first(), Why::Sequential));
        }
    }
}

/// What had ended before something began saw an earlier version, or the same.
fn linearizable(index: &Index<'_>, touches: &[Touch], edges: &mut Vec<(u32, u32, Why)>) {
    let operations = index.history.operations();
    // Ended, and nothing that began after its end has ended yet: (end, begin, version).
    let mut frontier: Vec<(u64, u32)> = Vec::new();
    let mut open: std::collections::BTreeMap<u64, &Touch> = std::collections::BTreeMap::new();
    for touch in touches {
        let operation = &operations[touch.transaction as usize];
        let begun = operation.invoked.index;
        while let Some((end, ended)) = open.first_key_value().map(|(end, ended)| (*end, *ended)) {
            if end > begun {
                break;
            }
            open.pop_first();
            let its_begin = operations[ended.transaction as usize].invoked.index;
            frontier.retain(|(other, _)| *other > its_begin);
            frontier.push((end, ended.last()));
        }
        for (_, version) in &frontier {
            if *version != touch.first() {
                edges.push((*version, touch.first(), Why::Linearizable));
            }
        }
        if let Some(at) = operation.completed() {
            open.insert(at.index, touch);
        }
    }
}

/// The writers' given order.
fn given(index: &Index<'_>, touches: &[Touch], order: &[u64], edges: &mut Vec<(u32, u32, Why)>) {
    let mut writes: Vec<(u64, u32)> = touches
        .iter()
        .filter(|touch| touch.wrote != NONE)
        .filter(|touch| index.writer(touch.wrote).is_some())
        .filter_map(|touch| Some((*order.get(touch.transaction as usize)?, touch.wrote)))
        .collect();
    writes.sort_unstable();
    edges.extend(
        writes
            .windows(2)
            .map(|pair| (pair[0].1, pair[1].1, Why::Given)),
    );
}

impl Inferred {
    fn new(mut edges: Vec<(u32, u32, Why)>, versions: usize) -> Self {
        edges.sort_unstable();
        edges.dedup_by_key(|(from, to, _)| (*from, *to));
        let mut start = vec![0; versions + 1];
        for (from, _, _) in &edges {
            start[*from as usize + 1] += 1;
        }
        for place in 1..start.len() {
            start[place] += start[place - 1];
        }
        Self {
            edges,
            start,
            cyclic: Vec::new(),
        }
    }

    fn out(&self, version: u32) -> &[(u32, u32, Why)] {
        let (start, end) = (
            self.start[version as usize],
            self.start[version as usize + 1],
        );
        &self.edges[start as usize..end as usize]
    }

    /// The versions that come right after one, as far as is known.
    pub(super) fn after(&self, version: u32) -> impl Iterator<Item = u32> + '_ {
        self.out(version).iter().map(|(_, to, _)| *to)
    }

    /// Why one version comes before another.
    pub(super) fn why(&self, from: u32, to: u32) -> &'static str {
        let edge = self.out(from).iter().find(|(_, other, _)| *other == to);
        edge.map_or("it follows", |(_, _, why)| why.words())
    }

    /// The keys whose order contradicts itself.
    pub(super) fn cyclic(&self, index: &Index<'_>) -> Vec<Anomaly> {
        let tell = |part: &Vec<u32>| {
            let names: Vec<String> = part.iter().map(|version| index.name(*version)).collect();
            let writers: Vec<usize> = part
                .iter()
                .map(|version| index.versions[*version as usize].writer)
                .filter(|writer| *writer != NONE)
                .map(|writer| writer as usize)
                .collect();
            let words = format!(
                "each of the versions {} comes before the others",
                names.join(", ")
            );
            let steps: Vec<String> = writers
                .iter()
                .map(|writer| super::super::tell(index.history, *writer))
                .collect();
            Anomaly::new(AnomalyName::CyclicVersions, words)
                .with_operations(writers)
                .with_steps(steps)
        };
        self.cyclic.iter().take(TOLD_MAX).map(tell).collect()
    }
}
