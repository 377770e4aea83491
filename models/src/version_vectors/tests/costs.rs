//! What a write costs when nothing goes wrong, exactly.

use std::sync::Arc;

use murphy_sim::{
    Cluster, Happened, Latency, PlannedCall, Route, Setup, Span, Start, Stats, Time, World,
};

use super::*;

const WRITES: u64 = 20;
const MESSAGE: Span = Span::millis(1);
const SYNC: Span = Span::millis(2);

/// A run of so many writes, one at a time, in which nobody compares notes.
fn run(nodes: u32, writes: u64) -> World<VersionVectors> {
    let mut cluster = Cluster::new(nodes, 1);
    cluster.network.latency = Latency::Constant(MESSAGE);
    cluster.disk.sync = Latency::Constant(SYNC);
    let config = Config {
        nodes,
        interval: Span::secs(1_000),
        ..config(None)
    };
    let write = |i: u64| PlannedCall {
        client: ClientId(0),
        start: Start::At(Time::ZERO + Span::millis(100 * (i + 1))),
        route: Route::Any,
        request: Request::Write { key: KEY, value: i }.into(),
    };
    let end = Time::ZERO + Span::secs(10);
    let cluster = cluster.compile().expect("valid");
    let setup = Setup::calm(cluster, config, (0..writes).map(write).collect(), end);
    let mut world = World::new(Arc::new(setup), 1);
    world.run_until(end);
    world
}

#[test]
fn a_write_costs_a_message_to_every_other_node_and_a_forced_write_at_each() {
    for nodes in 1..=5 {
        let (idle, busy) = (run(nodes, 0), run(nodes, WRITES));
        let more = |of: fn(&Stats) -> u64| of(busy.stats()) - of(idle.stats());
        let nodes = u64::from(nodes);
        assert_eq!(more(|stats| stats.messages), WRITES * (nodes - 1));
        assert_eq!(more(|stats| stats.syncs), WRITES * nodes);
        assert!(busy.has_converged());
        for call in busy.history().chunks(2) {
            assert!(matches!(call[1].what, Happened::Ok(_)), "{:?}", call[1]);
            // To the node, its disk, and back; the others are told meanwhile.
            assert_eq!(call[1].time.since(call[0].time), MESSAGE * 2 + SYNC);
        }
    }
}
