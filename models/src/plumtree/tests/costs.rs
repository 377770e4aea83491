//! What an event costs when nothing goes wrong, exactly: section 4's relative message redundancy,
//! m / (n - 1) - 1 for m pushes, and last delivery hop.

use std::{collections::BTreeMap, sync::Arc};

use murphy_sim::{ClientId, Cluster, Happened, Latency, PlannedCall, Route, Setup, Start, World};

use super::{super::overlay::neighbours, *};
use crate::events_testing::{arrived_by_kind, at_ms};

const MESSAGE: Span = Span::millis(1);
const SYNC: Span = Span::millis(2);

/// A run of events, one at a time, each from the node that is named, in which nothing is repeated.
fn run(nodes: u32, links: usize, from: impl Fn(u64) -> u32, events: u64) -> World<Plumtree> {
    let mut cluster = Cluster::new(nodes, 1);
    cluster.network.latency = Latency::Constant(MESSAGE);
    cluster.disk.sync = Latency::Constant(SYNC);
    let config = Config {
        nodes,
        links,
        threshold: u32::MAX,
        interval: Span::secs(1_000_000_000),
        ..config(None)
    };
    let call = |i: u64| PlannedCall {
        client: ClientId(0),
        start: Start::At(at_ms(100 * (i + 1))),
        route: Route::Node(NodeId(from(i))),
        request: Request::Publish { key: 0, event: i },
    };
    let end = at_ms(100 * (events + 2));
    let calls = (0..events).map(call).collect();
    let setup = Setup::calm(cluster.compile().expect("valid"), config, calls, end);
    let mut world = World::new(Arc::new(setup), 1);
    world.keep_trace(1_000_000);
    world.run_until(end);
    assert!(world.has_converged());
    assert_eq!(world.stats().syncs, events * u64::from(nodes));
    world
}

/// How many messages of each kind the last of so many events costs.
fn cost(nodes: u32, links: usize, from: impl Fn(u64) -> u32, events: u64) -> [u64; 4] {
    let count = |events| {
        let kinds: BTreeMap<&str, u64> = arrived_by_kind(&run(nodes, links, &from, events));
        ["Gossip", "IHave", "Prune", "Graft"].map(|kind| kinds.get(kind).copied().unwrap_or(0))
    };
    let (before, after) = (count(events - 1), count(events));
    [0, 1, 2, 3].map(|kind| after[kind] - before[kind])
}

fn links_of(nodes: u32, links: usize) -> u64 {
    let sides = (0..nodes).map(|node| neighbours(NodeId(node), nodes, links).len() as u64);
    sides.sum::<u64>() / 2
}

#[test]
fn the_first_event_floods_and_prunes_and_every_later_one_costs_a_push_a_node() {
    for (nodes, links) in [(2, 2), (5, 2), (8, 4), (16, 4), (16, 6), (40, 4)] {
        let (n, e) = (u64::from(nodes), links_of(nodes, links));
        let off_the_tree = 2 * (e - (n - 1));
        assert_eq!(
            cost(nodes, links, |_| 0, 1),
            [2 * e - (n - 1), 0, off_the_tree, 0],
            "the first of {n} with {e} links"
        );
        assert_eq!(
            cost(nodes, links, |_| 0, 10),
            [n - 1, off_the_tree, 0, 0],
            "the tenth of {n} with {e} links"
        );
    }
}

/// The tree has no direction: the redundancy is 0 wherever an event begins.
#[test]
fn one_tree_serves_every_publisher() {
    for events in 2..=9 {
        let from = |i| (i * 5 % 16) as u32;
        let [pushes, announced, pruned, grafted] = cost(16, 4, from, events);
        assert_eq!((pushes, pruned, grafted), (15, 0, 0), "event {events}");
        assert_eq!(announced, 2 * (links_of(16, 4) - 15));
    }
}

/// How far each node is from node 0.
fn hops(nodes: u32, links: usize) -> BTreeMap<NodeId, u32> {
    let mut hops = BTreeMap::from([(NodeId(0), 0)]);
    for hop in 0..nodes {
        let last: Vec<NodeId> = hops
            .iter()
            .filter(|(_, h)| **h == hop)
            .map(|(n, _)| *n)
            .collect();
        for peer in last.iter().flat_map(|node| neighbours(*node, nodes, links)) {
            hops.entry(peer).or_insert(hop + 1);
        }
    }
    hops
}

#[test]
fn every_event_of_the_first_publisher_takes_the_shortest_way_to_each_node() {
    let (nodes, links) = (40, 4);
    let world = run(nodes, links, |_| 0, 5);
    let expected = hops(nodes, links);
    for (node, process) in (0..).map(NodeId).zip(world.processes().iter().flatten()) {
        for counter in 1..=5 {
            assert_eq!(
                process.hop(item(0, counter).dot),
                expected.get(&node).copied()
            );
        }
    }
    for call in world.history().chunks(2) {
        assert_eq!(call[1].what, Happened::Ok(Response::Published));
        assert_eq!(call[1].time.since(call[0].time), MESSAGE * 2 + SYNC);
    }
}
