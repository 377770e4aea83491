//! Kept cases: each replays bit for bit and shows the anomaly that it was kept for.

use std::{fs, path::Path};

use murphy_scenarios::{
    How, Registered,
    language::{Case, Expectation},
    prepare,
};

#[test]
fn every_case_replays_bit_for_bit_and_shows_its_anomaly() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let mut count = 0;
    for entry in fs::read_dir(&folder).expect("there is a folder of cases") {
        let file = entry.expect("the folder can be read").path();
        let case = Case::read(&file, &Registered::default()).expect("the case is well-formed");
        let prepared = prepare(std::slice::from_ref(&case.scenario)).expect("the case can be run");
        let calls = toml::Value::Array(case.values().to_vec());
        let run = prepared[0].run_explicit(case.seed, case.plan.clone(), &calls, How::default());
        let run = run.expect("the case can be run");
        assert_eq!(run.digest, case.digest, "{}", file.display());
        let Expectation::Violated(anomaly) = &case.expect else {
            panic!("a case shows something")
        };
        assert!(
            run.anomalies().contains(&anomaly.as_str()),
            "{} shows {:?}",
            file.display(),
            run.anomalies()
        );
        count += 1;
    }
    assert!(count > 0, "there are cases");
}
