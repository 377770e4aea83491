//! What calls cost when nothing goes wrong, exactly.

use std::sync::Arc;

use murphy_sim::{Cluster, Latency, PlannedCall, Route, Setup, Start, World};

use super::*;
use crate::costs_testing::{MESSAGE, cost_of_a_call};

const CALLS: u64 = 20;
const SYNC: Span = Span::micros(1_500);

/// What so many of these calls cost, one at a time, at a leader that has been elected.
fn run(config: Config, request: impl Fn(u64) -> Request, calls: u64) -> World<Raft> {
    let mut cluster = Cluster::new(config.nodes, 1);
    cluster.network.latency = Latency::Constant(MESSAGE);
    cluster.disk.sync = Latency::Constant(SYNC);
    cluster.clock.drift_ppm_max = 0;
    let call = |i: u64| PlannedCall {
        client: ClientId(0),
        start: Start::At(Time::ZERO + Span::millis(1_010 + 100 * i)),
        route: Route::Sticky,
        request: request(i),
    };
    // The first call finds the leader, the others stick to it.
    let first = PlannedCall {
        start: Start::At(Time::ZERO + Span::millis(910)),
        ..call(0)
    };
    let calls = [first].into_iter().chain((1..=calls).map(call)).collect();
    let end = Time::ZERO + Span::secs(4);
    let setup = Setup::calm(cluster.compile().unwrap(), config, calls, end);
    let mut world = World::new(Arc::new(setup), 1);
    world.run_until(end);
    world
}

/// Messages and syncs a call, and from its beginning to its answer. Heartbeats come between calls.
fn cost(config: Config, request: impl Fn(u64) -> Request + Copy) -> (u64, u64, Span) {
    cost_of_a_call(&run(config, request, 0), &run(config, request, CALLS))
}

#[test]
fn a_write_costs_a_round_to_everybody_and_a_sync_on_each_disk_all_at_once() {
    for nodes in [3, 5] {
        let others = u64::from(nodes) - 1;
        for mode in [Mode::ReadIndex, Mode::Lease] {
            // Client, leader, followers and their disks, leader, client. The leader's own disk is
            // done before the followers answer (dissertation, section 10.2.1).
            let span = MESSAGE * 4 + SYNC;
            let expected = (2 * others, u64::from(nodes), span);
            assert_eq!(cost(Config::new(nodes, mode), write), expected, "{nodes}");
        }
    }
}

#[test]
fn a_read_costs_a_round_and_no_sync_and_under_a_lease_nothing() {
    let read = |_| Request::Read { key: 7 };
    for nodes in [3, 5] {
        let others = u64::from(nodes) - 1;
        let confirmed = cost(Config::new(nodes, Mode::ReadIndex), read);
        assert_eq!(confirmed, (2 * others, 0, MESSAGE * 4), "{nodes}");
        let leased = cost(Config::new(nodes, Mode::Lease), read);
        assert_eq!(leased, (0, 0, MESSAGE * 2), "{nodes}");
    }
}

#[test]
fn an_election_costs_two_rounds_and_a_sync_each_before_the_leaders_first_entry() {
    for nodes in [3, 5] {
        let config = Config {
            heartbeat: Span::secs(100),
            election_timeout: Span::secs(200),
            ..Config::new(nodes, Mode::ReadIndex)
        };
        let mut cluster = Cluster::new(nodes, 1);
        cluster.network.latency = Latency::Constant(MESSAGE);
        cluster.disk.sync = Latency::Constant(SYNC);
        let end = Time::ZERO + Span::secs(600);
        let cluster = cluster.compile().unwrap();
        let setup = Setup::calm(cluster, config, Vec::new(), end);
        let mut world = World::new(Arc::new(setup), 1);
        let elected = |world: &World<Raft>| world.reached().iter().any(|(l, _)| *l == "elected");
        while !elected(&world) {
            world.step();
        }
        let leader = world
            .processes()
            .iter()
            .flatten()
            .position(|raft| murphy_sim::Process::role(raft).0 == "leader");
        assert!(leader.is_some());
        let others = u64::from(nodes) - 1;
        // Asked and answered twice, and the first entry on its way; the last votes may be, too.
        let stats = world.stats();
        assert_eq!(stats.messages, 5 * others);
        assert_eq!(stats.syncs, u64::from(nodes) + 1);
    }
}
