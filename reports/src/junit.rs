//! JUnit XML, for the test pages of CI systems: one test case a scenario.
//!
//! A scenario that did something else than expected is a failure; one that nobody can judge is an
//! error, never a pass. Characters that XML cannot hold are spelled out.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use crate::record::{RunRecord, ScenarioRecord, SuiteOutcome, SuiteRecord, VerdictKind};
use crate::standing::{self, Standing};
use crate::text;

/// Writes a suite as a JUnit document.
pub fn write(suite: &SuiteRecord, out: &mut dyn Write) -> io::Result<()> {
    let mut cases = TestSuite::new("murphy");
    cases.add_property(Property::new("murphy.version", text::clean(&suite.version)));
    cases.add_property(Property::new(
        "murphy.outcome",
        standing::outcome_word(suite.outcome),
    ));
    cases.add_property(Property::new("murphy.runs", suite.runs.to_string()));
    cases.add_property(Property::new(
        "murphy.interrupted",
        suite.interrupted.to_string(),
    ));
    cases.add_test_cases(suite.scenarios.iter().map(of_scenario));
    cases.add_test_cases(of_suite(suite));
    let mut report = Report::new("murphy");
    if let Ok(time) = Duration::try_from_secs_f64(suite.wall_seconds) {
        cases.set_time(time);
        report.set_time(time);
    }
    report.add_test_suite(cases);
    report.serialize(out).map_err(io::Error::other)
}

fn of_scenario(scenario: &ScenarioRecord) -> TestCase {
    let standing = Standing::of(scenario);
    let mut case = TestCase::new(text::clean(&scenario.name), status(scenario, standing));
    case.set_classname(standing::protocol(scenario));
    case.add_property(Property::new("expect", text::clean(&scenario.expect)));
    case.add_property(Property::new("file", text::clean(&scenario.file)));
    case.add_property(Property::new("seeds", scenario.seeds.to_string()));
    case.add_property(Property::new("runs", standing::tally(scenario)));
    case.add_property(Property::new("digest", text::clean(&scenario.digest)));
    case
}

fn status(scenario: &ScenarioRecord, standing: Standing) -> TestCaseStatus {
    let kind = match standing {
        Standing::AsExpected => return TestCaseStatus::success(),
        Standing::Unexpected => NonSuccessKind::Failure,
        Standing::Unknown => NonSuccessKind::Error,
    };
    let type_name = match (standing, &scenario.first) {
        (Standing::Unexpected, Some(first)) => text::clean(&first.anomaly),
        (Standing::Unexpected, None) => "not-as-expected".to_owned(),
        _ => "unknown".to_owned(),
    };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(type_name);
    status.set_message(message(scenario));
    status.set_description(description(scenario));
    status
}

/// One line: what was expected, and what happened instead.
fn message(scenario: &ScenarioRecord) -> String {
    let mut told = format!(
        "expected {}; of {}: {}",
        text::clean(&scenario.expect),
        text::plural(scenario.seeds, "run"),
        standing::tally(scenario)
    );
    let anomalies = standing::anomalies(scenario);
    if !anomalies.is_empty() {
        told += &format!(" ({anomalies})");
    }
    if let Some(why) = &scenario.why {
        told += &format!("; {}", text::prose(why));
    }
    told
}

/// The story, the command that repeats it, and the evidence of each run that is worth a look.
fn description(scenario: &ScenarioRecord) -> String {
    let mut told = text::prose(&scenario.story);
    if let Some(first) = &scenario.first
        && scenario.shown.iter().all(|run| run.seed != first.seed)
    {
        let _ = write!(
            told,
            "\n\nseed {}: {}, digest {}\nrepeat: {}",
            first.seed,
            text::clean(&first.anomaly),
            text::clean(&first.digest),
            text::clean(&first.repeat)
        );
    }
    for run in &scenario.shown {
        describe_run(run, &mut told);
    }
    told
}

fn describe_run(run: &RunRecord, told: &mut String) {
    let verdict = standing::verdict_word(run.verdict);
    let digest = text::clean(&run.digest);
    let _ = write!(told, "\n\nseed {}, {verdict}, digest {digest}:", run.seed);
    for check in run
        .checks
        .iter()
        .filter(|check| check.verdict != VerdictKind::Holds)
    {
        let verdict = standing::verdict_word(check.verdict);
        let _ = write!(told, "\n  {}: {verdict}", text::clean(&check.check));
        if let Some(reason) = &check.reason {
            let _ = write!(told, ", {}", text::prose(reason));
        }
        for anomaly in &check.anomalies {
            let (name, why) = (
                text::clean(&anomaly.name),
                text::prose(&anomaly.explanation),
            );
            let _ = write!(told, "\n    {name}: {why}");
            for (i, line) in anomaly.evidence.iter().enumerate() {
                let _ = write!(told, "\n      {}. {}", i + 1, text::prose(line));
            }
        }
    }
    let _ = write!(told, "\n  repeat: {}", text::clean(&run.repeat));
}

/// A case of the suite's own where no scenario tells of its outcome: nothing was run, or two runs of
/// one seed differed.
fn of_suite(suite: &SuiteRecord) -> Option<TestCase> {
    let why = if suite.outcome == SuiteOutcome::Nondeterministic {
        "two runs of one seed differed"
    } else if suite.scenarios.is_empty() {
        "no scenario was run"
    } else {
        return None;
    };
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_type(standing::outcome_word(suite.outcome));
    status.set_message(why);
    let mut case = TestCase::new("the suite as a whole", status);
    case.set_classname("murphy");
    Some(case)
}
