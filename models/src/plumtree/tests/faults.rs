//! Whole runs under faults, and every mutant beside its clean twin.

use murphy_sim::{DiskFate, Fault, PlannedFault, Target, Trigger};

use super::*;
use crate::events_testing::{
    at_ms, crash_with_unsynced_writes, heals, isolated, planned, shows_its_anomaly,
};

fn crash(node: Target, at: u64) -> PlannedFault {
    let disk = DiskFate::LoseUnsynced;
    planned(Trigger::At(at_ms(at)), Fault::Crash { node, disk }, 100)
}

/// The faults that show each mutant best; those that only make events late are left to scenarios,
/// which know when an event is late.
fn trap(mutant: &str) -> Option<Vec<PlannedFault>> {
    let others = || Target::Nodes([0, 2, 3, 4].map(NodeId).to_vec());
    Some(match mutant {
        "plumtree-never-repairs" | "plumtree-announces-once" => vec![isolated(2_000, 3_000)],
        "plumtree-asks-once" => (0..20).map(|i| isolated(2_000 + 300 * i, 150)).collect(),
        "plumtree-forgets-payloads" => vec![isolated(2_000, 3_000), crash(others(), 4_500)],
        "plumtree-forgets-what-it-delivered" => vec![crash(Target::Node(NodeId(1)), 3_000)],
        "plumtree-pushed-before-sync" => crash_with_unsynced_writes(),
        "plumtree-prunes-the-first-link" | "plumtree-grafted-on-one-side" => return None,
        unknown => panic!("no trap for {unknown}"),
    })
}

#[test]
fn every_mutant_shows_its_anomaly_and_its_clean_twin_shows_none() {
    for mutant in Plumtree::MUTANTS {
        let Some(plan) = trap(mutant.name) else {
            continue;
        };
        for seed in 0..3 {
            shows_its_anomaly::<Plumtree>(&parameters(5, Some(mutant.name)), &plan, seed);
        }
    }
}

#[test]
fn the_tree_heals_after_crashes_and_cuts() {
    let labels = ["resumed", "caught-up", "pruned", "grafted"];
    heals::<Plumtree>(&parameters(6, None), &labels);
}

#[test]
fn every_mutant_has_its_story() {
    let told = Plumtree::MUTANTS.iter().map(|mutant| mutant.name);
    let known = <Mutant as strum::VariantNames>::VARIANTS;
    assert!(told.eq(known.iter().copied()));
}
