//! What a write costs when nothing goes wrong, exactly.

use std::sync::Arc;

use murphy_sim::{
    Cluster, Happened, Latency, PlannedCall, Route, Setup, Span, Start, Stats, World,
};

use super::*;

const WRITES: u64 = 20;
const MESSAGE: Span = Span::millis(1);
const SYNC: Span = Span::millis(2);

/// A run of that many writes, one at a time, in which nobody says anything but for their sake.
fn run(replicas: u32, mode: Mode, writes: u64) -> World<PrimaryBackup> {
    let mut cluster = Cluster::new(replicas + 1, 1);
    cluster.network.latency = Latency::Constant(MESSAGE);
    cluster.disk.sync = Latency::Constant(SYNC);
    let config = Config {
        lease: Span::secs(1_000),
        heartbeat: Span::secs(1_000),
        ..Config::new(replicas, mode)
    };
    let write = |i: u64| PlannedCall {
        client: ClientId(0),
        start: Start::At(Time::ZERO + Span::millis(100 * (i + 1))),
        route: Route::Node(N0),
        request: write(i),
    };
    let end = Time::ZERO + Span::secs(10);
    let cluster = cluster.compile().unwrap();
    let setup = Setup::calm(cluster, config, (0..writes).map(write).collect(), end);
    let mut world = World::new(Arc::new(setup), 1);
    world.run_until(end);
    world
}

/// Messages and syncs a write, and from its call to its answer.
fn cost(replicas: u32, mode: Mode) -> (u64, u64, Span) {
    let (idle, busy) = (run(replicas, mode, 0), run(replicas, mode, WRITES));
    let more = |of: fn(&Stats) -> u64| {
        let more = of(busy.stats()) - of(idle.stats());
        assert_eq!(more % WRITES, 0, "every write costs the same");
        more / WRITES
    };
    let spans: BTreeSet<Span> = busy
        .history()
        .chunks(2)
        .map(|call| {
            assert_eq!(call[1].what, Happened::Ok(Response::Written));
            call[1].time.since(call[0].time)
        })
        .collect();
    assert_eq!(spans.len(), 1, "every write takes the same time: {spans:?}");
    let span = *spans.first().expect("one was found just now");
    (
        more(|stats| stats.messages),
        more(|stats| stats.syncs),
        span,
    )
}

#[test]
fn a_write_costs_two_messages_a_backup_and_a_sync_a_replica_in_every_mode() {
    for replicas in 2..=5 {
        let copies = u64::from(replicas);
        // To the primary, its disk, and back.
        let own = MESSAGE * 2 + SYNC;
        // To the backups, their disks, and back.
        let round = MESSAGE * 2 + SYNC;
        for (mode, span) in [
            (Mode::Asynchronous, own),
            (Mode::SemiSynchronous, own + round),
            (Mode::Synchronous, own + round),
        ] {
            let expected = (2 * (copies - 1), copies, span);
            assert_eq!(cost(replicas, mode), expected, "{mode:?}, {replicas}");
        }
    }
}
