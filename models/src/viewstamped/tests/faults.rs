//! Whole runs: what invariants find, and what they do not.

use std::sync::Arc;

use murphy_sim::{
    Cluster, DiskFate, Fault, Plan, PlannedCall, PlannedFault, Route, Setup, Shape, Span, Start,
    Target, Trigger, World, run_checked,
};

use super::*;
use crate::protocol::Protocol;

const CLIENTS: u32 = 4;

fn at(millis: u64, fault: Fault, lasts: u64) -> PlannedFault {
    PlannedFault {
        when: Trigger::At(Time::ZERO + Span::millis(millis)),
        fault,
        lasts: Some(Span::millis(lasts)),
    }
}

fn isolate(target: Target, clients: Vec<u32>) -> Fault {
    Fault::Partition {
        shape: Shape::Isolate(target),
        flap: None,
        clients,
    }
}

fn crash(target: Target) -> Fault {
    Fault::Crash {
        node: target,
        disk: DiskFate::Drawn,
    }
}

/// A call of each client every 20 ms, half of them writes, at whatever node: clients that stayed with
/// a primary that answers would ask no other, whatever the others have agreed on.
fn calls() -> Vec<PlannedCall<Request>> {
    let call = |i: u64| PlannedCall {
        client: ClientId((i % u64::from(CLIENTS)) as u32),
        start: Start::At(Time::ZERO + Span::millis(5 * i)),
        route: Route::Any,
        request: if i % 16 >= 8 {
            write(i)
        } else {
            Request::Read { key: 7 }
        },
    };
    (0..800).map(call).collect()
}

/// Anomalies that invariants found, and whether replicas agree in the end.
fn run(mutant: Option<Mutant>, plan: Plan) -> (BTreeSet<&'static str>, bool, World<Viewstamped>) {
    let mut cluster = Cluster::new(3, CLIENTS);
    cluster.client.retry = Some(Span::millis(100));
    let end = Time::ZERO + Span::secs(10);
    let config = config(mutant);
    let setup = Setup {
        cluster: cluster.compile().unwrap(),
        config,
        plan,
        calls: Arc::new(calls()),
        heal: Some(Time::ZERO + Span::secs(6)),
        end,
    };
    let mut world = World::new(Arc::new(setup), 7);
    let found = run_checked(&mut world, end, Viewstamped::invariants(&config));
    let anomalies = found.iter().map(|found| found.breach.anomaly).collect();
    (anomalies, world.has_converged(), world)
}

fn role(role: &str) -> Target {
    Target::Role(role.to_owned())
}

#[test]
fn the_others_go_on_without_a_replica_and_it_gets_its_memory_back() {
    for lost in [N0, N2] {
        let crash = crash(Target::Node(lost));
        let (anomalies, converged, world) = run(None, vec![at(1_000, crash, 1_000)]);
        assert_eq!(anomalies, BTreeSet::new());
        assert!(world.calls_are_done() && converged, "{lost}");
        assert!(
            world
                .reached()
                .iter()
                .any(|(label, _)| *label == "recovered")
        );
    }
    let cut_off = isolate(role("primary"), vec![0, 1]);
    let (anomalies, converged, world) = run(None, vec![at(1_000, cut_off, 2_000)]);
    assert_eq!(anomalies, BTreeSet::new());
    assert!(world.calls_are_done() && converged);
    assert!(
        world
            .reached()
            .iter()
            .any(|(label, _)| *label == "view-started")
    );
}

#[test]
fn a_vote_that_is_forgotten_is_found() {
    // A backup, cut off, wants later views; it crashes, and comes back into the first.
    let node = Target::Node(N2);
    let plan = vec![
        at(1_000, isolate(node.clone(), vec![]), 1_500),
        at(2_450, crash(node), 300),
    ];
    let (anomalies, ..) = run(Some(Mutant::VrViewNumberForgotten), plan.clone());
    assert!(anomalies.contains("view-falls"), "{anomalies:?}");
    assert_eq!(run(None, plan).0, BTreeSet::new());
}

#[test]
fn a_commit_that_only_the_primary_has_is_found() {
    let plan = vec![at(1_000, isolate(role("primary"), vec![0, 1]), 2_000)];
    let (anomalies, ..) = run(Some(Mutant::VrCommitsWithoutAMajority), plan);
    let expected = ["committed-entries-differ", "committed-operation-lost"];
    assert_eq!(anomalies, expected.into());
}
