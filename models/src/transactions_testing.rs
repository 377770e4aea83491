//! What the tests of protocols that commit transactions share: worlds in which every latency and
//! every sync takes a millisecond, so that each step has its known moment.

use std::sync::Arc;

use murphy_sim::{
    Breached, CallId, ClientId, ClockModel, Cluster, DiskFate, Fault, Happened, Latency,
    MessageFate, NodeId, Plan, PlannedCall, PlannedFault, Route, Setup, Shape, Span, Start, Target,
    Time, Trigger, World, run_checked,
};

use crate::{
    protocol::Protocol,
    service::txn::{self, Key, MicroOp, Request},
};

pub(crate) fn at(micros: u64) -> Time {
    Time::ZERO + Span::micros(micros)
}

pub(crate) fn write(key: Key, value: i64) -> MicroOp {
    MicroOp::Write { key, value }
}

/// A client asks a node for a transaction when the world begins.
pub(crate) fn call(client: u32, node: u32, ops: Vec<MicroOp>) -> PlannedCall<Request> {
    PlannedCall {
        client: ClientId(client),
        start: Start::At(Time::ZERO),
        route: Route::Node(NodeId(node)),
        request: Request(ops),
    }
}

/// A node is down for so long and loses what was not durable.
pub(crate) fn crash(when: Trigger, node: u32, lasts: Span) -> PlannedFault {
    PlannedFault {
        when,
        fault: Fault::Crash {
            node: Target::Node(NodeId(node)),
            disk: DiskFate::LoseUnsynced,
        },
        lasts: Some(lasts),
    }
}

/// A node cannot reach any other, nor be reached.
pub(crate) fn isolate(when: Trigger, node: u32, lasts: Span) -> PlannedFault {
    PlannedFault {
        when,
        fault: Fault::Partition {
            shape: Shape::Isolate(Target::Node(NodeId(node))),
            flap: None,
            clients: Vec::new(),
        },
        lasts: Some(lasts),
    }
}

/// The k-th message of a kind is lost.
pub(crate) fn lose(kind: &str, nth: u64) -> PlannedFault {
    PlannedFault {
        when: Trigger::At(Time::ZERO),
        fault: Fault::Message {
            kind: kind.to_owned(),
            nth,
            fate: MessageFate::Drop,
        },
        lasts: None,
    }
}

pub(crate) fn world<P: Protocol<Request = Request>>(
    nodes: u32,
    config: P::Config,
    calls: Vec<PlannedCall<Request>>,
    plan: Plan,
) -> World<P> {
    let mut cluster = Cluster::new(nodes, calls.len() as u32);
    cluster.network.latency = Latency::Constant(Span::millis(1));
    cluster.disk.sync = Latency::Constant(Span::millis(1));
    cluster.clock = ClockModel {
        offset_max: Span::ZERO,
        drift_ppm_max: 0,
        uncertainty: Span::ZERO,
    };
    let setup = Setup {
        cluster: cluster.compile().expect("the settings are possible"),
        config,
        plan,
        calls: Arc::new(calls),
        heal: None,
        end: at(10_000_000),
    };
    World::new(Arc::new(setup), 1)
}

pub(crate) fn run<P: Protocol>(world: &mut World<P>, until: Time) -> Vec<Breached> {
    let invariants = P::invariants(&world.setup().config);
    run_checked(world, until, invariants)
}

/// The same world at a later moment, where every invariant has held on the way.
pub(crate) fn later<P: Protocol>(world: &World<P>, until: Time) -> World<P> {
    let mut world = world.clone();
    assert_eq!(run(&mut world, until), []);
    world
}

/// How each call ended, in the order they ended.
pub(crate) fn ends<P: Protocol>(world: &World<P>) -> Vec<(u32, &'static str)> {
    let told = world.history().iter().filter_map(|event| {
        let end = match event.what {
            Happened::Invoke(_) => return None,
            Happened::Ok(_) => "ok",
            Happened::Fail => "fail",
            Happened::Info => "info",
        };
        Some((event.client.0, end))
    });
    told.collect()
}

pub(crate) fn reached<P: Protocol>(world: &World<P>, label: &str) -> u64 {
    let mut counts = world.reached().iter();
    counts
        .find(|(known, _)| *known == label)
        .map_or(0, |(_, times)| *times)
}

pub(crate) fn node<P: Protocol<View = txn::View>>(world: &World<P>, node: u32) -> txn::View {
    let process = world.processes()[node as usize].as_ref();
    let view = process.expect("the node is up").view();
    view.state.expect("every node is a shard")
}

/// The name of a client's first call.
pub(crate) fn first_of(client: u32) -> CallId {
    CallId {
        client: ClientId(client),
        number: 0,
    }
}

/// What a run has cost, and how its one call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Costs {
    /// Between nodes.
    pub(crate) messages: u64,
    /// Appended, forced or not.
    pub(crate) records: u64,
    /// Syncs.
    pub(crate) forced: u64,
    pub(crate) end: &'static str,
}

/// What one call costs until nothing is left to do.
pub(crate) fn costs<P: Protocol<Request = Request>>(mut world: World<P>) -> Costs {
    assert_eq!(run(&mut world, at(5_000_000)), []);
    assert!(world.has_converged(), "nothing is left to do");
    let [(_, end)] = ends(&world)[..] else {
        panic!("one call was made");
    };
    let stats = world.stats();
    Costs {
        messages: stats.messages,
        records: stats.appends,
        forced: stats.syncs,
        end,
    }
}

/// When its first call ended, in milliseconds.
pub(crate) fn first_answer<P: Protocol>(world: &World<P>) -> u64 {
    let ended = world
        .history()
        .iter()
        .find(|event| !matches!(event.what, Happened::Invoke(_)));
    ended.expect("a call has ended").time.since(Time::ZERO).0 / 1_000_000
}
