//! Cycles of the dependency graph: which classes there are, and a short witness of each.
//!
//! Whether a class exists is decided by components, in linear time: write-write edges for G0, with
//! write-read edges for G1c, everything for G2; and for cycles without two adjacent
//! anti-dependencies by components of the graph with two copies of each node, one for having just
//! come by an anti-dependency. Witnesses are found by breadth-first search inside a component, and
//! named by what they contain. Process and real-time edges join only where nothing that was asked
//! for is found without them.

use super::TxnHistory;
use super::graph::{Graph, Kinds, Masked};
use super::knot::Knot;
use super::scc::components;
use crate::anomaly::AnomalyName::{self, *};
use crate::budget::Meter;
use crate::verdict::{Anomaly, Edge, Reason};
use std::collections::{BTreeMap, BTreeSet};

/// A cycle: each transaction with the edge that leads from it to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cycle {
    pub(super) name: AnomalyName,
    pub(super) edges: Vec<(u32, Kinds)>,
}

/// A set of transactions each of which comes before every other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tangle {
    /// The first of its transactions, by position in the history.
    pub first: usize,
    /// How many transactions there are.
    pub transactions: usize,
    /// The worst cycle among them.
    pub worst: AnomalyName,
}

/// Components with findings after which short witnesses are no longer looked for at length.
const FINDINGS_MAX: usize = 64;

/// Every class of cycle that is wanted and exists, with a few witnesses of each, and the worst of
/// each component.
///
/// Once something is found, running out of budget only ends the looking for more.
pub(super) fn find(
    graph: &Graph,
    wanted: &BTreeSet<AnomalyName>,
    meter: &mut Meter<'_>,
) -> Result<(Vec<Cycle>, Vec<Tangle>), Reason> {
    let is_wanted = |suffix: Suffix| {
        Class::ALL
            .iter()
            .any(|class| wanted.contains(&class.name(suffix)))
    };
    let mut suffixes: Vec<Suffix> = Suffix::ALL
        .into_iter()
        .filter(|one| is_wanted(*one))
        .collect();
    // Real time has process order in it.
    if suffixes.contains(&Suffix::Realtime) {
        suffixes.retain(|suffix| *suffix != Suffix::Process);
    }
    let mut mask = Kinds(0);
    for suffix in &suffixes {
        for class in Class::ALL
            .iter()
            .filter(|class| wanted.contains(&class.name(*suffix)))
        {
            mask = mask.with(class.mask()).with(suffix.mask());
        }
    }
    if suffixes.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let node_count = graph.node_count() as u32;
    meter.spend(u64::from(node_count))?;
    let mut parts = components(&Masked { graph, mask }, 0..node_count);
    parts.sort_by_cached_key(|part| (part.len(), part.iter().min().copied()));
    let mut found: Vec<Cycle> = Vec::new();
    let mut numbers = vec![
        u32::MAX;
        if parts.is_empty() {
            0
        } else {
            graph.node_count()
        }
    ];
    let mut tangles: Vec<Tangle> = Vec::new();
    for part in parts {
        let spent = meter.spend(part.len() as u64);
        if !found.is_empty() && spent.is_err() {
            break;
        }
        spent?;
        let is_brief = tangles.len() >= FINDINGS_MAX;
        let knot = Knot::new(graph, part, mask, &mut numbers, is_brief);
        for suffix in &suffixes {
            let here = classes(&knot, *suffix, wanted);
            let worst = here.iter().map(|cycle| cycle.name);
            let worst = worst.filter(|name| wanted.contains(name)).min();
            found.extend(here);
            if let Some(worst) = worst {
                tangles.extend(knot.tangle(worst));
                break;
            }
        }
        if found.len() > FOUND_MAX {
            found = shortest_of_each(found);
        }
    }
    tangles.sort_unstable_by_key(|tangle| tangle.first);
    Ok((shortest_of_each(found), tangles))
}

/// Cycles that are kept before the longer ones of each name are left out.
const FOUND_MAX: usize = 1024;

/// The classes found in one knot, with the edges of a suffix added.
fn classes(knot: &Knot, suffix: Suffix, wanted: &BTreeSet<AnomalyName>) -> Vec<Cycle> {
    let wants = |class: Class| wanted.contains(&class.name(suffix));
    let name = |edges: Option<Vec<(u32, Kinds)>>| edges.and_then(|walk| name(walk, suffix));
    let mut found = Vec::new();
    for class in [Class::G0, Class::G1c] {
        if wants(class) && found.is_empty() {
            let mask = class.mask().with(suffix.mask());
            found.extend(name(knot.cycle(mask, mask)));
        }
    }
    let mask = Class::G2.mask().with(suffix.mask());
    let mut skewed: Vec<Cycle> = Vec::new();
    if wants(Class::GSingle) || wants(Class::GNonadjacent) {
        skewed.extend(name(knot.nonadjacent(mask)));
        if skewed.iter().any(|cycle| count_rw(&cycle.edges) > 1) {
            let without = Kinds(mask.0 & !Kinds::RW.0);
            skewed.extend(name(knot.cycle_back(mask, Kinds::RW, without)));
        }
    }
    if wants(Class::G2) && skewed.is_empty() {
        skewed.extend(name(knot.cycle(mask, Kinds::RW)));
    }
    found.extend(skewed);
    found
}

/// Cuts a closed walk to a simple cycle, and names it.
fn name(walk: Vec<(u32, Kinds)>, suffix: Suffix) -> Option<Cycle> {
    let edges = simple(walk, suffix);
    (edges.len() > 1).then(|| Cycle {
        name: Class::of(&edges, suffix),
        edges,
    })
}

/// For each name the shortest cycles, a few of them.
fn shortest_of_each(mut found: Vec<Cycle>) -> Vec<Cycle> {
    found.sort_by_key(|cycle| (cycle.name, cycle.edges.len()));
    let mut told: BTreeMap<AnomalyName, usize> = BTreeMap::new();
    found.retain(|cycle| {
        let count = told.entry(cycle.name).or_default();
        *count += 1;
        *count <= super::TOLD_MAX
    });
    found
}

/// Which orders beyond the data's own a cycle uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Suffix {
    None,
    Process,
    Realtime,
}

impl Suffix {
    const ALL: [Self; 3] = [Self::None, Self::Process, Self::Realtime];

    fn mask(self) -> Kinds {
        match self {
            Self::None => Kinds(0),
            Self::Process => Kinds::PROCESS,
            Self::Realtime => Kinds::REALTIME.with(Kinds::PROCESS),
        }
    }
}

/// The classes of cycles, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    G0,
    G1c,
    GSingle,
    GNonadjacent,
    G2,
}

impl Class {
    const ALL: [Self; 5] = [
        Self::G0,
        Self::G1c,
        Self::GSingle,
        Self::GNonadjacent,
        Self::G2,
    ];

    fn mask(self) -> Kinds {
        match self {
            Self::G0 => Kinds::WW,
            Self::G1c => Kinds::WW.with(Kinds::WR),
            Self::GSingle | Self::GNonadjacent | Self::G2 => {
                Kinds::WW.with(Kinds::WR).with(Kinds::RW)
            }
        }
    }

    fn name(self, suffix: Suffix) -> AnomalyName {
        let names = match self {
            Self::G0 => [G0, G0Process, G0Realtime],
            Self::G1c => [G1c, G1cProcess, G1cRealtime],
            Self::GSingle => [GSingleItem, GSingleItemProcess, GSingleItemRealtime],
            Self::GNonadjacent => [
                GNonadjacentItem,
                GNonadjacentItemProcess,
                GNonadjacentItemRealtime,
            ],
            Self::G2 => [G2Item, G2ItemProcess, G2ItemRealtime],
        };
        names[suffix as usize]
    }

    /// What a cycle is, by what it contains.
    fn of(edges: &[(u32, Kinds)], searched: Suffix) -> AnomalyName {
        let count = |kind: Kinds| edges.iter().filter(|(_, edge)| edge.has(kind)).count();
        let is_adjacent = (0..edges.len()).any(|place| {
            let next = (place + 1) % edges.len();
            edges[place].1.has(Kinds::RW) && edges[next].1.has(Kinds::RW) && next != place
        });
        let class = match (count(Kinds::RW), count(Kinds::WR)) {
            (0, 0) => Self::G0,
            (0, _) => Self::G1c,
            (1, _) => Self::GSingle,
            _ if is_adjacent => Self::G2,
            _ => Self::GNonadjacent,
        };
        let uses_order = count(Kinds::REALTIME) + count(Kinds::PROCESS) > 0;
        let suffix = if uses_order { searched } else { Suffix::None };
        class.name(suffix)
    }
}

fn count_rw(edges: &[(u32, Kinds)]) -> usize {
    edges.iter().filter(|(_, kind)| kind.has(Kinds::RW)).count()
}

/// Cuts a closed walk at the nodes that it visits twice; of the two parts the worse one is kept.
fn simple(mut walk: Vec<(u32, Kinds)>, suffix: Suffix) -> Vec<(u32, Kinds)> {
    loop {
        let mut first: BTreeMap<u32, usize> = BTreeMap::new();
        let twice = walk
            .iter()
            .enumerate()
            .find_map(|(place, (node, _))| Some((first.insert(*node, place)?, place)));
        let Some((start, end)) = twice else {
            return walk;
        };
        let inner = walk[start..end].to_vec();
        let outer: Vec<(u32, Kinds)> = walk[..start].iter().chain(&walk[end..]).copied().collect();
        walk = if Class::of(&inner, suffix) <= Class::of(&outer, suffix) {
            inner
        } else {
            outer
        };
    }
}

/// A cycle in words: its transactions, and why each comes before the next.
pub(super) fn tell(
    history: &TxnHistory,
    cycle: &Cycle,
    because: impl Fn(u32, u32, Kinds) -> Option<String>,
) -> Anomaly {
    let edges: Vec<Edge> = (0..cycle.edges.len())
        .map(|place| edge(history, cycle, place, &because))
        .collect();
    let path: Vec<String> = edges
        .iter()
        .map(|edge| format!("T{} -{}->", edge.from, edge.kind))
        .collect();
    let first = edges.first().expect("a cycle has edges").from;
    let explanation = format!("{} T{first}", path.join(" "));
    let transactions = edges.iter().map(|edge| super::tell(history, edge.from));
    let reasons = edges
        .iter()
        .map(|edge| format!("{}: {}", edge.kind, edge.because));
    Anomaly::new(cycle.name, explanation)
        .with_operations(edges.iter().map(|edge| edge.from))
        .with_steps(transactions)
        .with_steps(reasons)
        .with_step(format!(
            "so each of them comes before itself: {}",
            cycle.name.meaning()
        ))
        .with_edges(edges.iter().cloned())
}

fn edge(
    history: &TxnHistory,
    cycle: &Cycle,
    place: usize,
    because: &impl Fn(u32, u32, Kinds) -> Option<String>,
) -> Edge {
    let (from, kind) = cycle.edges[place];
    let (to, _) = cycle.edges[(place + 1) % cycle.edges.len()];
    let because = match kind {
        Kinds::PROCESS => {
            let process = history.operations()[from as usize].process.0;
            Some(format!("process {process} did T{from} before T{to}"))
        }
        Kinds::REALTIME => Some(format!("T{from} had ended before T{to} began")),
        kind => because(from, to, kind),
    };
    Edge {
        from: from as usize,
        to: to as usize,
        kind: kind.word().to_owned(),
        because: because
            .unwrap_or_else(|| format!("T{from} comes before T{to} in a version order")),
    }
}
