//! What whole runs of replicated registers share: clients that read and write while things fail, and
//! what invariants find.

use std::{collections::BTreeSet, sync::Arc};

use murphy_sim::{
    ClientId, Cluster, DiskFate, Fault, Plan, PlannedCall, PlannedFault, Route, Setup, Shape, Span,
    Start, Target, Time, Trigger, World, run_checked,
};

use crate::{protocol::Protocol, service::kv::Request};

const CLIENTS: u32 = 4;

/// A fault that begins so many milliseconds after the run and lasts for so many.
pub(crate) fn at(millis: u64, fault: Fault, lasts: u64) -> PlannedFault {
    PlannedFault {
        when: Trigger::At(Time::ZERO + Span::millis(millis)),
        fault,
        lasts: Some(Span::millis(lasts)),
    }
}

/// Whoever takes itself for this.
pub(crate) fn role(name: &str) -> Target {
    Target::Role(name.to_owned())
}

/// It is cut off, half of the clients with it.
pub(crate) fn isolate(node: Target) -> Fault {
    Fault::Partition {
        shape: Shape::Isolate(node),
        flap: None,
        clients: (0..CLIENTS / 2).collect(),
    }
}

/// It crashes, and its disk keeps what is drawn of what was not synced.
pub(crate) fn crash(node: Target) -> Fault {
    let disk = DiskFate::Drawn;
    Fault::Crash { node, disk }
}

/// A call of each client every 20 ms, for four seconds.
pub(crate) fn calls(route: Route, request: impl Fn(u64) -> Request) -> Vec<PlannedCall<Request>> {
    let call = |i: u64| PlannedCall {
        client: ClientId((i % u64::from(CLIENTS)) as u32),
        start: Start::At(Time::ZERO + Span::millis(5 * i)),
        route,
        request: request(i),
    };
    (0..800).map(call).collect()
}

/// Anomalies that invariants found, and the world in the end, four seconds after the heal.
pub(crate) fn run<P: Protocol<Request = Request>>(
    nodes: u32,
    config: P::Config,
    plan: Plan,
    calls: Vec<PlannedCall<Request>>,
) -> (BTreeSet<&'static str>, World<P>) {
    let mut cluster = Cluster::new(nodes, CLIENTS);
    cluster.client.retry = Some(Span::millis(100));
    let end = Time::ZERO + Span::secs(10);
    let invariants = P::invariants(&config);
    let setup = Setup {
        cluster: cluster.compile().expect("this cluster can be made"),
        config,
        plan,
        calls: Arc::new(calls),
        heal: Some(Time::ZERO + Span::secs(6)),
        end,
    };
    let mut world = World::new(Arc::new(setup), 7);
    let found = run_checked(&mut world, end, invariants);
    let anomalies = found.iter().map(|found| found.breach.anomaly).collect();
    (anomalies, world)
}
