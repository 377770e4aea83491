//! Whole runs: what invariants find, and what they do not.

use murphy_sim::{Plan, Route, Target, World};

use super::*;
use crate::faults_testing::{at, calls, crash, isolate, role};

/// Anomalies that invariants found, and the world in the end. Half of the calls are writes, and each
/// goes to whatever node: clients that stayed with a primary that answers would ask no other,
/// whatever the others have agreed on.
fn run(mutant: Option<Mutant>, plan: Plan) -> (BTreeSet<&'static str>, World<Viewstamped>) {
    let calls = calls(Route::Any, |i| match i % 16 {
        8.. => write(i),
        _ => Request::Read { key: 7 },
    });
    crate::faults_testing::run(3, config(mutant), plan, calls)
}

fn has_reached(world: &World<Viewstamped>, label: &str) -> bool {
    world.reached().iter().any(|(known, _)| *known == label)
}

#[test]
fn the_others_go_on_without_a_replica_and_it_gets_its_memory_back() {
    for lost in [N0, N2] {
        let crash = crash(Target::Node(lost));
        let (anomalies, world) = run(None, vec![at(1_000, crash, 1_000)]);
        assert_eq!(anomalies, BTreeSet::new());
        assert!(world.calls_are_done() && world.has_converged(), "{lost}");
        assert!(has_reached(&world, "recovered"));
    }
    let cut_off = at(1_000, isolate(role("primary")), 2_000);
    let (anomalies, world) = run(None, vec![cut_off]);
    assert_eq!(anomalies, BTreeSet::new());
    assert!(world.calls_are_done() && world.has_converged());
    assert!(has_reached(&world, "view-started"));
}

#[test]
fn a_vote_that_is_forgotten_is_found() {
    // A backup, cut off, wants later views; it crashes, and comes back into the first.
    let node = Target::Node(N2);
    let plan = vec![
        at(1_000, isolate(node.clone()), 1_500),
        at(2_450, crash(node), 300),
    ];
    let (anomalies, ..) = run(Some(Mutant::VrViewNumberForgotten), plan.clone());
    assert!(anomalies.contains("view-falls"), "{anomalies:?}");
    assert_eq!(run(None, plan).0, BTreeSet::new());
}

#[test]
fn a_commit_that_only_the_primary_has_is_found() {
    let plan = vec![at(1_000, isolate(role("primary")), 2_000)];
    let (anomalies, ..) = run(Some(Mutant::VrCommitsWithoutAMajority), plan);
    // The next view begins without it and puts others in its place; in the end the old primary takes
    // the shorter log of that view.
    let expected = [
        "commit-number-falls",
        "committed-entries-differ",
        "committed-operation-lost",
    ];
    assert_eq!(anomalies, expected.into());
}
