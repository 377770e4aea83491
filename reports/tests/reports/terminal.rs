//! What a person reads after `murphy run` and `murphy replay`.

use murphy_reports::record::{RunRecord, SuiteOutcome, SuiteRecord};
use murphy_reports::terminal::{self, Options};

use crate::sample;

fn summary(suite: &SuiteRecord, options: &Options) -> String {
    let mut out = Vec::new();
    terminal::render(suite, options, &mut out).expect("a vector takes everything");
    String::from_utf8(out).expect("the summary is text")
}

fn story(run: &RunRecord) -> String {
    let mut out = Vec::new();
    let options = Options {
        width: 100,
        ..Options::default()
    };
    terminal::replay(run, &options, &mut out).expect("a vector takes everything");
    String::from_utf8(out).expect("the story is text")
}

#[test]
fn a_suite_is_told_with_its_failures_and_totals() {
    let report = Some("target/murphy/index.html".to_owned());
    let options = Options {
        report,
        ..Options::default()
    };
    insta::assert_snapshot!(summary(&sample::suite(), &options));
}

#[test]
fn a_narrow_terminal_gets_the_columns_that_matter_most() {
    let options = Options {
        width: 80,
        ..Options::default()
    };
    let told = summary(&sample::suite(), &options);
    let table: Vec<&str> = told.lines().take_while(|line| !line.is_empty()).collect();
    assert!(
        table.iter().all(|line| line.chars().count() <= 80),
        "{table:#?}"
    );
    insta::assert_snapshot!(table.join("\n"));
}

#[test]
fn every_width_gets_one_line_a_scenario() {
    let suite = sample::suite();
    for width in 0..200 {
        let told = summary(
            &suite,
            &Options {
                width,
                ..Options::default()
            },
        );
        let table = told.lines().take_while(|line| !line.is_empty()).count();
        assert_eq!(table, suite.scenarios.len() + 1, "at width {width}");
    }
}

#[test]
fn colour_is_used_only_if_told_so() {
    let suite = sample::suite();
    let plain = summary(&suite, &Options::default());
    assert!(!plain.contains('\u{1b}'));
    let coloured = summary(
        &suite,
        &Options {
            colour: true,
            ..Options::default()
        },
    );
    assert!(coloured.contains("\u{1b}[31m✗"));
    let mut stripped = String::new();
    for part in coloured.split('\u{1b}') {
        stripped.push_str(
            part.split_once('m')
                .filter(|_| part.starts_with('['))
                .map_or(part, |p| p.1),
        );
    }
    let trimmed = |text: &str| {
        text.lines()
            .map(str::trim_end)
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert_eq!(trimmed(&stripped), trimmed(&plain));
}

#[test]
fn unknown_is_neither_green_nor_a_tick() {
    let mut suite = sample::suite();
    suite.scenarios.retain(|scenario| scenario.unknown > 0);
    suite.outcome = SuiteOutcome::Unknown;
    // Even a record that says otherwise cannot make a pass of it.
    suite.scenarios[0].as_expected = true;
    let told = summary(
        &suite,
        &Options {
            colour: true,
            ..Options::default()
        },
    );
    assert!(
        !told.contains('✓') && !told.contains("\u{1b}[32m"),
        "{told}"
    );
    assert!(told.contains("\u{1b}[33m?"));
    assert!(told.contains("1 scenario: 1 unknown"));
}

#[test]
fn nothing_run_is_not_a_pass() {
    let mut suite = sample::suite();
    suite.scenarios.truncate(1);
    suite.scenarios[0].held = 0;
    let told = summary(&suite, &Options::default());
    assert!(
        told.contains("? outbox-broker-crashes") && told.contains("not run"),
        "{told}"
    );
    suite.scenarios.clear();
    assert!(summary(&suite, &Options::default()).contains("no scenario was run"));
}

#[test]
fn a_violation_without_a_shown_run_still_has_its_command() {
    let mut suite = sample::suite();
    suite.scenarios[1].shown.clear();
    let told = summary(&suite, &Options::default());
    assert!(told.contains("seed 7 shows stale-read"), "{told}");
    assert!(told.contains("repeat: murphy replay scenarios/catalog/primary-backup-cut-off.toml"));
}

#[test]
fn a_command_is_never_broken() {
    let mut suite = sample::suite();
    let command = format!("murphy replay {} --seed 7", "deep/".repeat(60));
    suite.scenarios[1].shown[0].repeat = command.clone();
    let told = summary(
        &suite,
        &Options {
            width: 60,
            ..Options::default()
        },
    );
    assert!(told.lines().any(|line| line.ends_with(&command)));
}

#[test]
fn a_run_is_told_from_plan_to_digest() {
    insta::assert_snapshot!(story(&sample::stale_read()));
}

#[test]
fn a_run_of_which_nothing_was_recorded_is_told_too() {
    let mut run = sample::stale_read();
    run.diagram = None;
    run.checks.clear();
    run.faults.clear();
    insta::assert_snapshot!(story(&run));
}

#[test]
fn a_closed_pipe_is_an_error_and_no_panic() {
    struct Closed;
    impl std::io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let error = terminal::render(&sample::suite(), &Options::default(), &mut Closed);
    assert_eq!(
        error.expect_err("it is closed").kind(),
        std::io::ErrorKind::BrokenPipe
    );
}
