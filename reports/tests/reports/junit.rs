//! The document for the test page of a CI system.

use murphy_reports::junit;
use murphy_reports::record::{SuiteOutcome, SuiteRecord};
use quick_junit::Report;

use crate::sample;

pub(crate) fn document(suite: &SuiteRecord) -> String {
    let mut out = Vec::new();
    junit::write(suite, &mut out).expect("a vector takes everything");
    String::from_utf8(out).expect("XML is text")
}

#[test]
fn a_suite_is_a_case_for_each_scenario() {
    insta::assert_snapshot!(document(&sample::suite()));
}

#[test]
fn unknown_is_an_error_and_never_a_pass() {
    let mut suite = sample::suite();
    suite.scenarios.retain(|scenario| scenario.unknown > 0);
    suite.scenarios[0].as_expected = true;
    let text = document(&suite);
    assert!(
        text.contains("errors=\"1\"") && text.contains("<error"),
        "{text}"
    );
}

#[test]
fn an_empty_suite_and_a_nondeterministic_one_are_errors() {
    let mut suite = sample::suite();
    suite.scenarios.truncate(1);
    suite.outcome = SuiteOutcome::Nondeterministic;
    assert!(document(&suite).contains("two runs of one seed differed"));
    suite.scenarios.clear();
    suite.outcome = SuiteOutcome::AsExpected;
    assert!(document(&suite).contains("no scenario was run"));
}

#[test]
fn characters_that_xml_cannot_hold_are_spelled_out() {
    let mut suite = sample::suite();
    suite.scenarios[1].name = "<a & \"b\">\u{0}\u{1b}[31m\u{ffff}]]>".to_owned();
    let text = document(&suite);
    let report = Report::deserialize_from_str(&text).expect("the document is JUnit");
    let name = report.test_suites[0].test_cases[1].name.as_str().to_owned();
    assert_eq!(name, "<a & \"b\">\\u{0}\\u{1b}[31m\\u{ffff}]]>");
}
