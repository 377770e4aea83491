//! Whole runs under faults, and every mutant beside its clean twin.

use murphy_sim::PlannedFault;

use super::*;
use crate::events_testing::{crash_with_unsynced_writes, heals, isolated, shows_its_anomaly};

/// The faults that show each mutant best.
fn trap(mutant: &str) -> Vec<PlannedFault> {
    match mutant {
        "rumour-without-anti-entropy" | "rumour-gap-taken-for-known" => {
            vec![isolated(2_000, 3_000)]
        }
        "rumour-told-before-sync" => crash_with_unsynced_writes(),
        unknown => panic!("no trap for {unknown}"),
    }
}

#[test]
fn every_mutant_shows_its_anomaly_and_its_clean_twin_shows_none() {
    for mutant in RumourMongering::MUTANTS {
        for mode in RumourMongering::MODES {
            for seed in 0..3 {
                let parameters = parameters(5, mode.name, Some(mutant.name));
                shows_its_anomaly::<RumourMongering>(&parameters, &trap(mutant.name), seed);
            }
        }
    }
}

#[test]
fn every_mode_heals_after_crashes_and_cuts() {
    let labels = [
        "resumed",
        "caught-up",
        "lost-interest",
        "learned-by-anti-entropy",
    ];
    for mode in RumourMongering::MODES {
        heals::<RumourMongering>(&parameters(6, mode.name, None), &labels);
    }
}

#[test]
fn every_mutant_and_every_mode_has_its_story() {
    let told = RumourMongering::MUTANTS.iter().map(|mutant| mutant.name);
    let known = <Mutant as strum::VariantNames>::VARIANTS;
    assert!(told.eq(known.iter().copied()));
    let told = RumourMongering::MODES.iter().map(|mode| mode.name);
    let known = <Mode as strum::VariantNames>::VARIANTS;
    assert!(told.eq(known.iter().copied()));
}
