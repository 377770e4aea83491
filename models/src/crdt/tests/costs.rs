//! What updates cost when nothing goes wrong.

use std::sync::Arc;

use murphy_sim::{Cluster, Happened, Latency, PlannedCall, Route, Setup, Start, Time, World};

use super::*;

const UPDATES: u64 = 20;
const MESSAGE: Span = Span::millis(1);
const SYNC: Span = Span::millis(2);
const INTERVAL: Span = Span::millis(100);

/// A run of so many updates at one node, one at a time.
fn run(nodes: u32, mode: &str, updates: u64) -> World<Replica> {
    let mut cluster = Cluster::new(nodes, 1);
    cluster.network.latency = Latency::Constant(MESSAGE);
    cluster.disk.sync = Latency::Constant(SYNC);
    cluster.clock.drift_ppm_max = 0;
    let config = Config {
        nodes,
        interval: INTERVAL,
        ..config(mode)
    };
    let update = |i: u64| PlannedCall {
        client: ClientId(0),
        start: Start::At(Time::ZERO + Span::millis(100 * (i + 1))),
        route: Route::Node(NodeId(0)),
        request: Request::Count { key: 7, by: 1 },
    };
    let end = Time::ZERO + Span::secs(10);
    let cluster = cluster.compile().expect("valid");
    let setup = Setup::calm(cluster, config, (0..updates).map(update).collect(), end);
    let mut world = World::new(Arc::new(setup), 1);
    world.run_until(end);
    world
}

#[test]
fn an_update_waits_for_one_forced_write_at_its_node() {
    for mode in Replica::MODES {
        let world = run(3, mode.name, UPDATES);
        assert!(world.has_converged());
        for call in world.history().chunks(2) {
            assert_eq!(call[1].what, Happened::Ok(Response::Done));
            // To the node, its disk, and back.
            assert_eq!(call[1].time.since(call[0].time), MESSAGE * 2 + SYNC);
        }
    }
}

#[test]
fn by_states_every_round_is_one_message_and_by_deltas_a_quiet_one_is_none() {
    let rounds = |nodes: u64| nodes * (Span::secs(10).0 / INTERVAL.0);
    for nodes in [2, 5] {
        let world = run(nodes, "state-based", UPDATES);
        assert_eq!(world.stats().messages, rounds(u64::from(nodes)));
        assert_eq!(run(nodes, "delta-based", 0).stats().messages, 0);
    }
}

/// A delta to the other node and its confirmation; then the other one, which keeps what it joined,
/// tells it back, as Algorithm 2 has it, and is confirmed: four messages, and one forced write each.
#[test]
fn by_deltas_an_update_between_two_nodes_is_four_messages_and_two_forced_writes() {
    let world = run(2, "delta-based", UPDATES);
    assert!(world.has_converged());
    assert_eq!(world.stats().messages, 4 * UPDATES);
    assert_eq!(world.stats().syncs, 2 * UPDATES);
}
