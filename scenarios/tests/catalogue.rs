//! The catalogue: it is whole, and what it shows does not depend on how it is run.

use std::{collections::BTreeSet, path::Path};

use murphy_reports::record::{SuiteOutcome, SuiteRecord};
use murphy_scenarios::{
    Options, Registered, Seeds, Substrate,
    language::{Expectation, Scenario, find},
    protocols, protocols_page, run,
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

/// The scenarios of a protocol in one of its modes, the first of which is the default.
fn in_mode<'a>(
    catalogue: &'a [Scenario],
    protocol: &'a str,
    mode: Option<&'a str>,
    is_default: bool,
) -> impl Iterator<Item = &'a Scenario> {
    catalogue.iter().filter(move |scenario| {
        scenario.protocol == protocol
            && match &scenario.mode {
                None => is_default,
                written => written.as_deref() == mode,
            }
    })
}

#[test]
fn every_promise_has_a_steady_and_a_hostile_scenario_that_hold() {
    let catalogue = catalogue();
    for entry in protocols() {
        let modes: Vec<Option<&str>> = match entry.modes {
            [] => vec![None],
            modes => modes.iter().map(|mode| Some(mode.name)).collect(),
        };
        for (i, mode) in modes.into_iter().enumerate() {
            let clean = in_mode(&catalogue, entry.name, mode, i == 0)
                .filter(|s| s.mutant.is_none() && s.expect == Expectation::Holds);
            let (hostile, steady): (Vec<_>, Vec<_>) =
                clean.partition(|s| !s.nemesis.draw.is_empty() || !s.nemesis.at.is_empty());
            assert!(
                !hostile.is_empty() && !steady.is_empty(),
                "{} {mode:?} has {} hostile and {} steady scenarios",
                entry.name,
                hostile.len(),
                steady.len()
            );
        }
        assert!(!entry.mutants.is_empty(), "{} has mutants", entry.name);
    }
}

/// What a protocol says of itself: the comment that opens the file in which it is named.
fn header(protocol: &str) -> String {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/src");
    let name = format!("const NAME: &'static str = \"{protocol}\";");
    let source = std::fs::read_dir(models)
        .expect("the protocols are beside the catalogue")
        .map(|entry| entry.expect("its entries can be read").path())
        .map(|path| match path.is_dir() {
            true => path.join("mod.rs"),
            false => path,
        })
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .find(|source| source.contains(&name))
        .unwrap_or_else(|| panic!("no file of the models says `{name}`"));
    let lines = source.lines().filter_map(|line| line.strip_prefix("//!"));
    lines.collect::<Vec<&str>>().join(" ")
}

/// The scenarios that a header names: `NAME.toml`, where a `*` stands for anything.
fn named(header: &str) -> Vec<&str> {
    let quoted = header.split('`').skip(1).step_by(2);
    quoted
        .filter_map(|word| word.strip_suffix(".toml"))
        .collect()
}

fn is_named(name: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        None => name == pattern,
        Some((start, end)) => name
            .strip_prefix(start)
            .is_some_and(|rest| rest.ends_with(end)),
    }
}

/// Every clean scenario tests a promise or shows where it ends. Each mode has some, so each promise
/// has.
#[test]
fn every_promise_names_the_scenarios_that_test_it_and_every_scenario_tests_a_promise() {
    let catalogue = catalogue();
    let clean = |s: &&Scenario| s.mutant.is_none();
    let mut wrong = Vec::new();
    for entry in protocols() {
        let (protocol, header) = (entry.name, header(entry.name));
        let named = named(&header);
        if !header.contains("Promise") || named.is_empty() {
            wrong.push(format!("the header of {protocol} names no tested promise"));
        }
        for pattern in &named {
            let meant = |s: &&Scenario| clean(s) && is_named(&s.name, pattern);
            let mut meant = catalogue.iter().filter(meant).peekable();
            if meant.peek().is_none() {
                wrong.push(format!(
                    "the header of {protocol} names `{pattern}.toml`, which is not a clean scenario"
                ));
            }
            wrong.extend(meant.filter(|s| s.protocol != protocol).map(|other| {
                format!(
                    "the header of {protocol} names `{}.toml`, which is one of {}",
                    other.name, other.protocol
                )
            }));
        }
        let own = catalogue.iter().filter(clean);
        for scenario in own.filter(|s| s.protocol == protocol) {
            if !named
                .iter()
                .any(|pattern| is_named(&scenario.name, pattern))
            {
                wrong.push(format!(
                    "the header of {protocol} does not say what `{}.toml` tests",
                    scenario.name
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_page_of_protocols_says_what_is_so() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/CATALOG.md");
    let written = std::fs::read_to_string(page).expect("models/CATALOG.md can be read");
    let now = protocols_page(&catalogue()).expect("steady scenarios run");
    let differs = written
        .lines()
        .zip(now.lines())
        .find(|(old, new)| old != new);
    assert!(
        written == now,
        "models/CATALOG.md is out of date{}: run `cargo run --package murphy-scenarios \
         --example protocols_page > models/CATALOG.md`",
        differs.map_or(String::new(), |(old, new)| format!(
            ", it has\n{old}\ninstead of\n{new}\n"
        ))
    );
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

/// The same scenario without its bug, which is to hold.
fn clean_twin(scenario: &Scenario) -> Scenario {
    Scenario {
        mutant: None,
        expect: Expectation::Holds,
        ..scenario.clone()
    }
}

/// What violates a scenario over its first seeds, as one line.
fn violations(scenario: &Scenario, seeds: u64) -> Option<String> {
    let record = suite(std::slice::from_ref(scenario), seeds, 2);
    let record = &record.scenarios[0];
    (record.violated > 0).then(|| {
        format!(
            "{}: {} of {seeds} seeds violated: {:?}",
            record.name, record.violated, record.anomalies
        )
    })
}

#[test]
fn a_mutant_is_found_and_its_clean_twin_passes_the_same_seeds() {
    let mutants = catalogue().into_iter().filter(|s| s.mutant.is_some());
    let failures: Vec<String> = mutants
        .filter_map(|scenario| violations(&clean_twin(&scenario), scenario.seeds.into()))
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
#[ignore = "2,000 seeds of each scenario take a quarter of an hour: --release -- --ignored --nocapture"]
fn clean_protocols_hold_over_thousands_of_seeds() {
    let mut failures = Vec::new();
    let (mut scenarios, mut twins) = (0, 0);
    for scenario in catalogue() {
        let failure = match (&scenario.mutant, &scenario.expect) {
            (None, Expectation::Holds) => {
                scenarios += 1;
                violations(&scenario, 2_000)
            }
            (Some(_), _) => {
                twins += 1;
                violations(&clean_twin(&scenario), 1_000)
            }
            (None, Expectation::Violated(_)) => None,
        };
        if let Some(failure) = failure {
            println!("{failure}");
            failures.push(failure);
        }
    }
    println!("{scenarios} clean scenarios over 2,000 seeds, {twins} clean twins over 1,000");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
