//! The documents for programs.

use murphy_reports::json::{self, Shown};
use murphy_reports::record::{ReplayRecord, SuiteRecord};
use serde_json::Value;

use crate::sample;

fn document(suite: &SuiteRecord, shown: Shown) -> String {
    let mut out = Vec::new();
    json::write(suite, shown, &mut out).expect("a vector takes everything");
    String::from_utf8(out).expect("JSON is text")
}

#[test]
fn the_document_is_the_documented_one() {
    let mut suite = sample::suite();
    suite.scenarios.drain(2..);
    insta::assert_snapshot!(document(&suite, Shown::LeftOut));
}

#[test]
fn every_key_that_is_promised_is_there() {
    let text = document(&sample::suite(), Shown::LeftOut);
    let value: Value = serde_json::from_str(&text).expect("the document is JSON");
    for key in [
        "schema",
        "version",
        "outcome",
        "runs",
        "events",
        "wall_seconds",
        "scenarios",
    ] {
        assert!(value.get(key).is_some(), "{key}");
    }
    for scenario in value["scenarios"].as_array().expect("scenarios are a list") {
        for key in [
            "name",
            "file",
            "protocol",
            "mutant",
            "expect",
            "seeds",
            "held",
            "violated",
            "unknown",
            "as_expected",
            "anomalies",
            "first",
            "digest",
            "calls",
            "latency_us",
            "messages_per_call",
            "converge_us",
            "faults",
            "reached",
        ] {
            assert!(scenario.get(key).is_some(), "{key}");
        }
        assert!(scenario.get("shown").is_none());
    }
}

#[test]
fn shown_runs_come_back_whole_where_they_are_wanted() {
    let suite = sample::suite();
    let text = document(&suite, Shown::Included);
    let read: SuiteRecord = serde_json::from_str(&text).expect("the document is a record");
    assert_eq!(read, suite);
}

#[test]
fn what_is_not_a_number_is_still_a_number() {
    let mut suite = sample::suite();
    suite.wall_seconds = f64::NAN;
    suite.scenarios[0].messages_per_call = f64::INFINITY;
    let text = document(&suite, Shown::LeftOut);
    let read: SuiteRecord = serde_json::from_str(&text).expect("the document is a record");
    assert_eq!(
        (read.wall_seconds, read.scenarios[0].messages_per_call),
        (0.0, 0.0)
    );
}

#[test]
fn a_replay_has_a_document_of_its_own() {
    let mut out = Vec::new();
    let record = ReplayRecord::from(&sample::stale_read());
    json::replay(&record, &mut out).expect("a vector takes everything");
    insta::assert_snapshot!(String::from_utf8(out).expect("JSON is text"));
}
