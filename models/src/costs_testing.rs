//! What the tests of costs share: runs in which every message and every sync takes the same time,
//! and what a call adds to them.

use std::{collections::BTreeSet, sync::Arc};

use murphy_sim::{
    ClientId, Cluster, Happened, Latency, NodeId, PlannedCall, Process, Route, Setup, Span, Start,
    Stats, Time, World,
};

/// How long every message is under way.
pub(crate) const MESSAGE: Span = Span::millis(1);
/// How long every sync takes.
pub(crate) const SYNC: Span = Span::millis(2);

/// So many calls of the first client, each long after the one before, and where each is asked.
pub(crate) fn one_by_one<R>(
    calls: u64,
    node: impl Fn(u64) -> NodeId,
    request: impl Fn(u64) -> R,
) -> Vec<PlannedCall<R>> {
    let call = |i: u64| PlannedCall {
        client: ClientId(0),
        start: Start::At(Time::ZERO + Span::millis(100 * (i + 1))),
        route: Route::Node(node(i)),
        request: request(i),
    };
    (0..calls).map(call).collect()
}

/// A run of ten seconds in which nothing goes wrong.
pub(crate) fn run<P: Process>(
    nodes: u32,
    config: P::Config,
    calls: Vec<PlannedCall<P::Request>>,
) -> World<P> {
    let mut cluster = Cluster::new(nodes, 2);
    cluster.network.latency = Latency::Constant(MESSAGE);
    cluster.disk.sync = Latency::Constant(SYNC);
    let end = Time::ZERO + Span::secs(10);
    let cluster = cluster.compile().expect("this cluster can be made");
    let mut world = World::new(Arc::new(Setup::calm(cluster, config, calls, end)), 1);
    world.run_until(end);
    world
}

/// Messages and syncs a call, and from its beginning to its answer: of the calls that are made in
/// the one run after all those of the other. Every one must cost the same.
pub(crate) fn cost_of_a_call<P: Process>(idle: &World<P>, busy: &World<P>) -> (u64, u64, Span) {
    let calls = &busy.history()[idle.history().len()..];
    let spans: BTreeSet<Span> = calls
        .chunks(2)
        .map(|call| {
            assert!(matches!(call[1].what, Happened::Ok(_)), "{:?}", call[1]);
            call[1].time.since(call[0].time)
        })
        .collect();
    assert_eq!(spans.len(), 1, "every call takes the same time: {spans:?}");
    let span = *spans.first().expect("one was found just now");
    let calls = calls.len() as u64 / 2;
    let more = |of: fn(&Stats) -> u64| {
        let more = of(busy.stats()) - of(idle.stats());
        assert_eq!(more % calls, 0, "every call costs the same");
        more / calls
    };
    (
        more(|stats| stats.messages),
        more(|stats| stats.syncs),
        span,
    )
}
