//! Scenario files: what reads, what it becomes, and what it is written as.

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
};

use common::{Registry, WHOLE, rendered};
use murphy_scenarios::language::{self, Expectation, Family, Rate, Scenario, StateCheck};
use murphy_sim::{Fault, Latency, Shape, Span, Target};

fn parse(text: &str) -> Scenario {
    match Scenario::parse(Path::new("catalog/trap.toml"), text.to_owned(), &Registry) {
        Ok(scenario) => scenario,
        Err(errors) => panic!("{}", rendered(&errors)),
    }
}

const SMALL: &str = r#"
story = "Nothing goes wrong."
protocol = "gossip"
[workload]
kind = "register"
think = "5ms"
"#;

#[test]
fn a_scenario_says_what_its_file_says() {
    let scenario = parse(WHOLE);
    assert_eq!(scenario.name, "trap");
    assert_eq!(scenario.expect, Expectation::Violated("stale-read".into()));
    assert_eq!(scenario.workload.rate, Some(Rate(200)));
    assert_eq!(scenario.options["lease"], 50_000_000);
    assert_eq!(scenario.options["copies"], 2);
    assert_eq!(scenario.nemesis.draw.len(), 4);
    assert_eq!(scenario.nemesis.draw[3], Family::SlowCpu);
    assert_eq!(
        scenario.phases.heal(),
        murphy_sim::Time::ZERO + Span::secs(11)
    );
    let within = Some(Span::secs(5));
    assert_eq!(scenario.check.states[0], StateCheck::Converges { within });
    assert!(scenario.check.invariants);
    assert!(scenario.cluster(3).compile().is_ok());
}

#[test]
fn isolate_is_short_for_a_partition_that_isolates() {
    let scenario = parse(WHOLE);
    assert_eq!(
        scenario.nemesis.at[0].fault,
        Fault::Partition {
            shape: Shape::Isolate(Target::Role("primary".into())),
            flap: None,
            clients: vec![0],
        }
    );
}

#[test]
fn what_a_small_scenario_leaves_out_has_its_default() {
    let scenario = parse(SMALL);
    assert_eq!(scenario.expect, Expectation::Holds);
    assert_eq!(
        (scenario.nodes, scenario.seeds, scenario.workload.clients),
        (None, 20, 4)
    );
    assert!(scenario.nemesis.draw.is_empty() && scenario.nemesis.at.is_empty());
    assert_eq!(scenario.cluster(7).nodes, 7);
}

#[test]
fn a_scenario_that_is_written_reads_back_the_same() {
    for text in [WHOLE, SMALL] {
        let scenario = parse(text);
        let written = toml::to_string(&scenario).unwrap();
        assert_eq!(parse(&written), scenario, "{written}");
    }
}

#[test]
fn samples_of_a_latency_can_come_from_a_file_beside_the_scenario() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("measured.toml");
    let text = format!("{SMALL}[network]\nlatency = {{ empirical = {{ csv = \"rtt.csv\" }} }}\n");
    fs::write(&file, &text).unwrap();
    fs::write(folder.path().join("rtt.csv"), "rtt\n1.5ms\n0.25\n\n7us\n").unwrap();
    let scenario = Scenario::read(&file, &Registry).unwrap();
    let samples = [Span::micros(1_500), Span::micros(250), Span::micros(7)];
    assert_eq!(
        scenario.network.latency,
        Latency::Empirical(samples.to_vec())
    );
    for (bad, why) in [
        ("1\nsoon\n", "line 2"),
        ("rtt\n", "no samples"),
        ("", "no samples"),
    ] {
        fs::write(folder.path().join("rtt.csv"), bad).unwrap();
        let errors = Scenario::read(&file, &Registry).unwrap_err();
        assert!(errors[0].to_string().contains(why), "{}", errors[0]);
    }
    for outside in ["../rtt.csv", "/etc/hostname", "gone.csv", "."] {
        fs::write(&file, text.replace("rtt.csv", outside)).unwrap();
        let errors = Scenario::read(&file, &Registry).unwrap_err();
        assert_eq!(errors[0].key, "network.latency.empirical.csv");
    }
}

#[test]
fn a_folder_gives_its_scenarios_in_order_and_names_are_unique() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("more")).unwrap();
    for name in ["b.toml", "a.toml", "more/c.toml"] {
        fs::write(path(name), SMALL).unwrap();
    }
    fs::write(path("notes.md"), "no scenario").unwrap();
    let folders = [folder.path().to_owned()];
    let expected: Vec<PathBuf> = ["a.toml", "b.toml", "more/c.toml"].map(path).into();
    assert_eq!(language::find(&folders).unwrap(), expected);
    let twice = [path("a.toml"), folder.path().to_owned()];
    assert_eq!(language::find(&twice).unwrap(), expected, "each file once");
    assert_eq!(Scenario::read_all(&folders, &Registry).unwrap().len(), 3);

    fs::write(path("more/a.toml"), SMALL).unwrap();
    let errors = Scenario::read_all(&folders, &Registry).unwrap_err();
    assert!(
        errors[0].to_string().contains("the name `a` is taken by"),
        "{}",
        errors[0]
    );
}

#[test]
fn the_schema_is_current() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/scenario.schema.json");
    let current = language::schema();
    let written = fs::read_to_string(&file).unwrap_or_default();
    // Compared as values: the order of keys depends on the features of serde_json.
    if serde_json::from_str(&written).ok() != Some(current.clone()) {
        fs::write(&file, format!("{current:#}\n")).unwrap();
        panic!("{} was not current, and is now: commit it", file.display());
    }
}
