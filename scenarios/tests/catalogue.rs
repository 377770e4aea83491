//! The catalogue: it is whole, and what it shows does not depend on how it is run.

use std::{collections::BTreeSet, path::Path};

use murphy_reports::record::{SuiteOutcome, SuiteRecord};
use murphy_scenarios::{
    Options, Registered, Seeds, Substrate,
    language::{Expectation, Scenario, find},
    protocols, run,
};

fn catalogue() -> Vec<Scenario> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog");
    let files = find(&[folder]).expect("the catalogue has scenarios");
    Scenario::read_all(&files, &Registered::default())
        .expect("every scenario of the catalogue is well-formed")
}

fn suite(scenarios: &[Scenario], seeds: u64, jobs: usize) -> SuiteRecord {
    let options = Options {
        seeds: Some(Seeds {
            from: 1,
            until: seeds + 1,
        }),
        shard: None,
        jobs,
        substrate: Substrate::World,
        show: 0,
        stop: &|| false,
        interrupted: &|| false,
        progress: &|_, _| {},
    };
    run(scenarios, "test", &options).expect("the catalogue runs")
}

fn digests(record: &SuiteRecord) -> BTreeSet<(String, String)> {
    record
        .scenarios
        .iter()
        .map(|s| (s.name.clone(), s.digest.clone()))
        .collect()
}

#[test]
fn every_protocol_has_a_steady_and_a_hostile_scenario_that_hold_and_at_least_four_mutants() {
    let catalogue = catalogue();
    assert!(catalogue.len() >= 16);
    for entry in protocols() {
        let clean = catalogue
            .iter()
            .filter(|s| s.protocol == entry.name && s.expect == Expectation::Holds);
        let (hostile, steady): (Vec<_>, Vec<_>) =
            clean.partition(|s| !s.nemesis.draw.is_empty() || !s.nemesis.at.is_empty());
        assert!(
            !hostile.is_empty() && !steady.is_empty(),
            "{} has both kinds",
            entry.name
        );
        assert!(entry.mutants.len() >= 4, "{} has four mutants", entry.name);
    }
}

#[test]
fn every_mutant_has_a_scenario_that_expects_its_own_anomaly() {
    let catalogue = catalogue();
    for entry in protocols() {
        for mutant in entry.mutants {
            let shows = |s: &&Scenario| {
                s.protocol == entry.name && s.mutant.as_deref() == Some(mutant.name)
            };
            let scenario = catalogue
                .iter()
                .find(shows)
                .unwrap_or_else(|| panic!("{} has a scenario", mutant.name));
            assert_eq!(
                scenario.expect,
                Expectation::Violated(mutant.anomaly.to_owned()),
                "{}",
                mutant.name
            );
        }
    }
}

#[test]
fn digests_do_not_depend_on_threads_or_on_the_order_of_scenarios() {
    let catalogue = catalogue();
    let forward = suite(&catalogue, 1, 2);
    let mut backward = catalogue;
    backward.reverse();
    assert_eq!(digests(&forward), digests(&suite(&backward, 1, 1)));
    assert_ne!(forward.outcome, SuiteOutcome::Nondeterministic);
}

#[test]
fn a_mutant_is_found_and_its_clean_twin_passes_the_same_seeds() {
    for scenario in catalogue().into_iter().filter(|s| s.mutant.is_some()) {
        let clean = Scenario {
            mutant: None,
            expect: Expectation::Holds,
            ..scenario.clone()
        };
        let record = suite(&[clean], 5, 2);
        assert_eq!(
            record.scenarios[0].violated, 0,
            "{} without its bug: {:?}",
            scenario.name, record.scenarios[0].anomalies
        );
    }
}
