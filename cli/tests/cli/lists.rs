//! `murphy list` and `murphy schema`: what is told is what there is.

use murphy::{
    checkers::AnomalyName,
    scenarios::{language, protocols},
    sim::Fault,
};
use serde_json::Value;

use crate::Desk;

fn list(desk: &Desk, what: &str) -> Vec<Value> {
    let told = desk.murphy(["list", what, "--format", "json"]);
    assert_eq!((told.code, told.err.as_str()), (Some(0), ""));
    serde_json::from_str(&told.out).expect("one JSON list")
}

#[test]
fn mutants_are_those_of_the_protocols_and_scenarios_those_that_plant_them() {
    let desk = Desk::new();
    let (mutants, scenarios) = (list(&desk, "mutants"), list(&desk, "scenarios"));
    let planted = protocols()
        .iter()
        .map(|entry| entry.mutants.len())
        .sum::<usize>();
    assert_eq!(mutants.len(), planted);
    for mutant in &mutants {
        let keys: Vec<&String> = mutant.as_object().expect("a table").keys().collect();
        for key in ["protocol", "mutant", "anomaly", "scenario"] {
            assert!(keys.iter().any(|k| *k == key), "{mutant}");
        }
        let Some(name) = mutant["scenario"].as_str() else {
            continue;
        };
        let scenario = scenarios
            .iter()
            .find(|scenario| scenario["scenario"] == name)
            .expect("it is listed");
        assert_eq!(
            (&scenario["mutant"], &scenario["protocol"]),
            (&mutant["mutant"], &mutant["protocol"])
        );
    }
}

#[test]
fn protocols_faults_workloads_and_checkers_are_all_told() {
    let desk = Desk::new();
    let names = |what: &str, key: &str| -> Vec<String> {
        let list = list(&desk, what);
        list.iter()
            .filter_map(|item| Some(item.get(key)?.as_str()?.to_owned()))
            .collect()
    };
    assert_eq!(
        names("protocols", "protocol"),
        protocols()
            .iter()
            .map(|entry| entry.name)
            .collect::<Vec<_>>()
    );
    for kind in Fault::kinds() {
        assert!(
            names("faults", "fault").iter().any(|name| name == kind),
            "{kind}"
        );
    }
    assert_eq!(names("checkers", "history"), language::HISTORY_CHECKS);
    assert!(names("workloads", "workload").contains(&"bank".to_owned()));
    for what in [
        "protocols",
        "mutants",
        "faults",
        "workloads",
        "checkers",
        "scenarios",
    ] {
        let told = desk.murphy(["list", what]);
        assert_eq!(told.code, Some(0));
        let first = &list(&desk, what)[0];
        let name = first
            .as_object()
            .expect("a table")
            .values()
            .find_map(Value::as_str)
            .expect("a name");
        assert!(told.out.contains(name), "{name} is not in\n{}", told.out);
    }
}

#[test]
fn every_anomaly_that_a_mutant_must_show_has_a_name_that_is_written_like_a_name() {
    let desk = Desk::new();
    for mutant in list(&desk, "mutants") {
        let anomaly = mutant["anomaly"].as_str().expect("a name");
        let known = AnomalyName::ALL.iter().any(|name| name.as_str() == anomaly);
        assert!(
            known
                || anomaly
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
            "{anomaly}"
        );
    }
}

#[test]
fn the_schema_that_is_printed_is_the_language_s() {
    let desk = Desk::new();
    let told = desk.murphy(["schema"]);
    let schema: Value = serde_json::from_str(&told.out).expect("one JSON document");
    assert_eq!(schema, language::schema());
}
