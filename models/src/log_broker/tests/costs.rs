//! What a message costs when nothing goes wrong, exactly.

use std::sync::Arc;

use murphy_sim::{
    Cluster, Happened, Latency, PlannedCall, Route, Setup, Start, Stats, Time, World,
};

use super::*;

const SENDS: u64 = 20;
const MESSAGE: Span = Span::millis(1);
const SYNC: Span = Span::millis(2);

/// A run of that many messages, one at a time, in which nobody says anything but for their sake.
fn run(brokers: u32, mode: Mode, sends: u64) -> World<LogBroker> {
    let mut cluster = Cluster::new(brokers + 1, 1);
    cluster.network.latency = Latency::Constant(MESSAGE);
    cluster.disk.sync = Latency::Constant(SYNC);
    let long = Span::secs(1_000);
    let config = Config {
        heartbeat: long,
        session: long,
        lag: long,
        ..Config::new(brokers, mode)
    };
    let send = |i: u64| PlannedCall {
        client: ClientId(0),
        start: Start::At(Time::ZERO + Span::millis(100 * (i + 1))),
        route: Route::Node(N0),
        request: Request::Send { key: 0, value: i },
    };
    let end = Time::ZERO + Span::secs(10);
    let cluster = cluster.compile().expect("valid");
    let setup = Setup::calm(cluster, config, (0..sends).map(send).collect(), end);
    let mut world = World::new(Arc::new(setup), 1);
    world.run_until(end);
    world
}

/// Messages and syncs a message, and from its call to its answer.
fn cost(brokers: u32, mode: Mode) -> (u64, u64, Span) {
    let (idle, busy) = (run(brokers, mode, 0), run(brokers, mode, SENDS));
    let more = |of: fn(&Stats) -> u64| {
        let more = of(busy.stats()) - of(idle.stats());
        assert_eq!(more % SENDS, 0, "every message costs the same");
        more / SENDS
    };
    let spans: BTreeSet<Span> = busy
        .history()
        .chunks(2)
        .map(|call| {
            assert!(matches!(call[1].what, Happened::Ok(Response::Sent { .. })));
            call[1].time.since(call[0].time)
        })
        .collect();
    assert_eq!(
        spans.len(),
        1,
        "every message takes the same time: {spans:?}"
    );
    let span = *spans.first().expect("one was found just now");
    (
        more(|stats| stats.messages),
        more(|stats| stats.syncs),
        span,
    )
}

#[test]
fn a_message_costs_two_messages_a_follower_and_a_sync_a_replica_in_every_mode() {
    for brokers in 2..=4 {
        let copies = u64::from(brokers);
        // To the leader and back.
        let asked = MESSAGE * 2;
        // To the followers, their disks, and back.
        let round = MESSAGE * 2 + SYNC;
        for (mode, span) in [
            (Mode::AcksNone, asked),
            (Mode::AcksOne, asked + SYNC),
            (Mode::AcksAll, asked + SYNC + round),
        ] {
            let expected = (2 * (copies - 1), copies, span);
            assert_eq!(cost(brokers, mode), expected, "{mode:?}, {brokers}");
        }
    }
}
