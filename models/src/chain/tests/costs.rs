//! What an operation costs when nothing goes wrong, exactly.

use std::sync::Arc;

use murphy_sim::{
    Cluster, Happened, Latency, PlannedCall, Route, Setup, Span, Start, Stats, World,
};

use super::*;

const CALLS: u64 = 20;
const MESSAGE: Span = Span::millis(1);
const SYNC: Span = Span::millis(2);

/// A run of these calls, in which nobody says anything but for their sake.
fn run(replicas: u32, mode: Mode, calls: Vec<PlannedCall<Request>>) -> World<Chain> {
    let mut cluster = Cluster::new(replicas + 1, 2);
    cluster.network.latency = Latency::Constant(MESSAGE);
    cluster.disk.sync = Latency::Constant(SYNC);
    let config = Config {
        lease: Span::secs(1_000),
        ..Config::new(replicas, mode)
    };
    let end = Time::ZERO + Span::secs(10);
    let setup = Setup::calm(cluster.compile().unwrap(), config, calls, end);
    let mut world = World::new(Arc::new(setup), 1);
    world.run_until(end);
    world
}

/// Calls of one client, one at a time, at this node.
fn calls(node: NodeId, request: impl Fn(u64) -> Request) -> Vec<PlannedCall<Request>> {
    let call = |i: u64| PlannedCall {
        client: ClientId(0),
        start: Start::At(Time::ZERO + Span::millis(100 * (i + 1))),
        route: Route::Node(node),
        request: request(i),
    };
    (0..CALLS).map(call).collect()
}

/// Messages and syncs a call, and from its beginning to its answer.
fn cost(replicas: u32, mode: Mode, calls: Vec<PlannedCall<Request>>) -> (u64, u64, Span) {
    let (idle, busy) = (run(replicas, mode, vec![]), run(replicas, mode, calls));
    let more = |of: fn(&Stats) -> u64| {
        let more = of(busy.stats()) - of(idle.stats());
        assert_eq!(more % CALLS, 0, "every call costs the same");
        more / CALLS
    };
    let spans: BTreeSet<Span> = busy
        .history()
        .chunks(2)
        .map(|call| {
            assert!(matches!(call[1].what, Happened::Ok(_)));
            call[1].time.since(call[0].time)
        })
        .collect();
    assert_eq!(spans.len(), 1, "every call takes the same time: {spans:?}");
    let span = *spans.first().expect("one was found just now");
    (
        more(|stats| stats.messages),
        more(|stats| stats.syncs),
        span,
    )
}

#[test]
fn a_write_goes_down_and_up_the_chain_once_and_is_synced_at_every_node() {
    for replicas in 2..=5 {
        let n = u64::from(replicas);
        for mode in [Mode::Chain, Mode::Craq] {
            // From the client down to the tail and back to the client, and every disk on the way.
            let span = MESSAGE * (n + 1) + SYNC * n;
            let expected = (2 * (n - 1), n, span);
            assert_eq!(cost(replicas, mode, calls(N0, write)), expected, "{mode:?}");
        }
    }
}

#[test]
fn a_read_at_the_tail_costs_nothing_but_the_way_there_and_back() {
    for mode in [Mode::Chain, Mode::Craq] {
        let reads = calls(N2, |_| Request::Read { key: 7 });
        assert_eq!(cost(3, mode, reads), (0, 0, MESSAGE * 2));
    }
}

#[test]
fn a_clean_read_costs_nothing_at_any_node_with_craq() {
    for node in [N0, N1, N2] {
        let reads = calls(node, |_| Request::Read { key: 7 });
        assert_eq!(cost(3, Mode::Craq, reads), (0, 0, MESSAGE * 2));
    }
}

#[test]
fn a_dirty_read_costs_a_question_to_the_tail_and_its_answer_with_craq() {
    // A write goes through the chain while the head is asked for the same key.
    let both = |reads: bool| {
        let mut both = calls(N0, write);
        if reads {
            both.extend(both.clone().into_iter().map(|call| PlannedCall {
                client: ClientId(1),
                start: match call.start {
                    Start::At(time) => Start::At(time + MESSAGE * 2),
                    Start::After { .. } => unreachable!("they are planned at times"),
                },
                request: Request::Read { key: 7 },
                ..call
            }));
        }
        run(3, Mode::Craq, both)
    };
    let (writes, with_reads) = (both(false), both(true));
    let more = with_reads.stats().messages - writes.stats().messages;
    assert_eq!(more, 2 * CALLS);
    let dirty = (&"dirty-read", CALLS);
    let reached: Vec<_> = with_reads
        .reached()
        .iter()
        .map(|(label, count)| (label, *count))
        .collect();
    assert!(reached.contains(&dirty), "{reached:?}");
    let reads = with_reads
        .history()
        .iter()
        .filter(|e| e.client == ClientId(1));
    let times: Vec<Time> = reads.map(|event| event.time).collect();
    for read in times.chunks(2) {
        assert_eq!(read[1].since(read[0]), MESSAGE * 4);
    }
}
