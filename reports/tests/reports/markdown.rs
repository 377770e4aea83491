//! The summary for the page of a CI run.

use murphy_reports::markdown;
use murphy_reports::record::SuiteRecord;

use crate::sample;

pub(crate) fn summary(suite: &SuiteRecord) -> String {
    let mut out = Vec::new();
    markdown::write(suite, &mut out).expect("a vector takes everything");
    String::from_utf8(out).expect("Markdown is text")
}

#[test]
fn a_suite_is_a_table_and_its_failures() {
    insta::assert_snapshot!(summary(&sample::suite()));
}

#[test]
fn a_name_stays_in_its_cell() {
    let mut suite = sample::suite();
    suite.scenarios[1].name = "a|b `c` <script>alert(1)</script>\n# d".to_owned();
    let told = summary(&suite);
    let row = told
        .lines()
        .find(|line| line.contains("alert"))
        .expect("the name is told");
    assert_eq!(row.matches('|').count(), 11, "{row}");
    assert!(!told.contains("<script"), "{told}");
}

#[test]
fn an_empty_suite_says_so() {
    let mut suite = sample::suite();
    suite.scenarios.clear();
    assert!(summary(&suite).contains("no scenario was run"));
}
