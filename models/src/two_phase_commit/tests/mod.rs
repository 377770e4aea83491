//! Runs in which every latency is a millisecond, so that each step has its known moment:
//!
//! | at     | in a transaction of `n0` over `n1` and `n2`          |
//! |--------|------------------------------------------------------|
//! | 1 ms   | the request arrives, `Execute` leaves                |
//! | 3 ms   | `Executed` arrives, `Prepare` leaves                 |
//! | 5 ms   | the prepare records are durable, votes leave         |
//! | 7 ms   | the commit record is durable, the decision leaves    |
//! | 9 ms   | the commits are durable, acknowledgements leave      |

mod costs;
mod recovery;
mod settings;

use std::sync::Arc;

use murphy_sim::{
    Breached, CallId, ClientId, ClockModel, Cluster, DiskFate, Fault, Happened, Latency,
    MessageFate, NodeId, Plan, PlannedCall, PlannedFault, Process, Route, Setup, Span, Start,
    Target, Time, Trigger, World, run_checked,
};

use super::{Config, Mutant, TwoPhaseCommit};
use crate::{
    protocol::Protocol,
    service::txn::{self, Datum, Key, MicroOp, Request},
};

fn at(micros: u64) -> Time {
    Time::ZERO + Span::micros(micros)
}

fn write(key: Key, value: i64) -> MicroOp {
    MicroOp::Write { key, value }
}

/// A client asks a node for a transaction when the world begins.
fn call(client: u32, node: u32, ops: Vec<MicroOp>) -> PlannedCall<Request> {
    PlannedCall {
        client: ClientId(client),
        start: Start::At(Time::ZERO),
        route: Route::Node(NodeId(node)),
        request: Request(ops),
    }
}

/// A node is down for so long and loses what was not durable.
fn crash(when: Trigger, node: u32, lasts: Span) -> PlannedFault {
    PlannedFault {
        when,
        fault: Fault::Crash {
            node: Target::Node(NodeId(node)),
            disk: DiskFate::LoseUnsynced,
        },
        lasts: Some(lasts),
    }
}

/// The k-th message of a kind is lost.
fn lose(kind: &str, nth: u64) -> PlannedFault {
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

fn world(config: Config, calls: Vec<PlannedCall<Request>>, plan: Plan) -> World<TwoPhaseCommit> {
    let mut cluster = Cluster::new(config.nodes, calls.len() as u32);
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

fn run(world: &mut World<TwoPhaseCommit>, until: Time) -> Vec<Breached> {
    let invariants = TwoPhaseCommit::invariants(&world.setup().config);
    run_checked(world, until, invariants)
}

/// The same world at a later moment, where every invariant has held on the way.
fn later(world: &World<TwoPhaseCommit>, until: Time) -> World<TwoPhaseCommit> {
    let mut world = world.clone();
    assert_eq!(run(&mut world, until), []);
    world
}

/// How each call ended, in the order they ended.
fn ends(world: &World<TwoPhaseCommit>) -> Vec<(u32, &'static str)> {
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

fn reached(world: &World<TwoPhaseCommit>, label: &str) -> u64 {
    let mut counts = world.reached().iter();
    counts
        .find(|(known, _)| *known == label)
        .map_or(0, |(_, times)| *times)
}

fn node(world: &World<TwoPhaseCommit>, node: u32) -> txn::View {
    let process = world.processes()[node as usize].as_ref();
    let view = process.expect("the node is up").view();
    view.state.expect("every node is a shard")
}

/// The name of a client's first call.
fn first_of(client: u32) -> CallId {
    CallId {
        client: ClientId(client),
        number: 0,
    }
}
