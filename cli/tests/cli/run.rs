//! `murphy run`: verdicts as exit codes, one JSON document, reports where they were asked for.

use serde_json::Value;

use crate::{Desk, FINDS, HOLDS, Told, repository};

fn document(told: &Told) -> Value {
    serde_json::from_str(&told.out).expect("standard output is one JSON document")
}

#[test]
fn a_suite_that_does_as_it_says_exits_0_and_leaves_a_report() {
    let desk = Desk::new();
    desk.scenarios();
    let told = desk.murphy(["run", "suite"]);
    assert_eq!(told.code, Some(0), "{}{}", told.out, told.err);
    assert!(
        told.out.contains("as expected") || told.out.contains("as-expected"),
        "{}",
        told.out
    );
    assert!(
        told.out.contains("murphy-report/index.html"),
        "{}",
        told.out
    );
    assert_eq!(told.err, "", "no bar and no note in a pipe");
    let page = desk.read("murphy-report/index.html");
    assert!(page.contains("<svg"), "the run that was found is drawn");
    assert_eq!(desk.everything(), ["murphy-report", "suite"]);
}

#[test]
fn the_json_document_is_one_and_says_what_the_exit_code_says() {
    let desk = Desk::new();
    desk.scenarios();
    let told = desk.murphy(["run", "suite", "--format", "json", "--jobs", "2"]);
    assert_eq!(told.code, Some(0), "{}", told.err);
    let suite = document(&told);
    assert_eq!(suite["schema"], "murphy.run/1");
    assert_eq!(suite["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(suite["outcome"], "as-expected");
    assert_eq!(suite["runs"], 23);
    assert!(suite["wall_seconds"].as_f64().expect("a number") > 0.0);
    let [finds, holds] = suite["scenarios"].as_array().expect("a list").as_slice() else {
        panic!("two scenarios: {suite}");
    };
    assert_eq!(
        (&holds["name"], &holds["held"]),
        (&"holds".into(), &3.into())
    );
    assert_eq!(holds["first"], Value::Null);
    assert_eq!(finds["as_expected"], true);
    assert_eq!(finds["first"]["anomaly"], "stale-read");
    let repeat = finds["first"]["repeat"].as_str().expect("a command");
    assert!(
        repeat.starts_with("murphy replay suite/finds.toml --seed "),
        "{repeat}"
    );
    assert_eq!(told.err, "report: murphy-report/index.html\n");
}

#[test]
fn digests_do_not_depend_on_the_number_of_threads() {
    let desk = Desk::new();
    desk.scenarios();
    let digests = |jobs: &str| {
        let told = desk.murphy([
            "run",
            "suite",
            "--no-report",
            "--format",
            "json",
            "--jobs",
            jobs,
        ]);
        let suite = document(&told);
        let scenarios = suite["scenarios"].as_array().expect("a list").clone();
        scenarios
            .into_iter()
            .map(|scenario| scenario["digest"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(digests("1"), digests("2"));
    assert_eq!(desk.everything(), ["suite"]);
}

#[test]
fn an_unexpected_violation_exits_1_and_names_the_command_that_repeats_it() {
    let desk = Desk::new();
    desk.write(
        "broken.toml",
        FINDS.replace("expect = \"violated: stale-read\"\n", ""),
    );
    let told = desk.murphy([
        "run",
        "broken.toml",
        "--junit",
        "junit.xml",
        "--markdown",
        "summary.md",
    ]);
    assert_eq!(told.code, Some(1), "{}{}", told.out, told.err);
    assert!(
        told.out
            .contains("repeat: murphy replay broken.toml --seed "),
        "{}",
        told.out
    );
    assert!(desk.read("junit.xml").contains("<failure"));
    assert!(desk.read("summary.md").contains("stale-read"));
}

#[test]
fn an_expected_violation_that_is_not_found_exits_1() {
    let desk = Desk::new();
    desk.write(
        "expects.toml",
        HOLDS.replace("seeds = 3", "seeds = 2\nexpect = \"violated: future-read\""),
    );
    let told = desk.murphy(["run", "expects.toml", "--no-report"]);
    assert_eq!(told.code, Some(1), "{}{}", told.out, told.err);
    assert!(told.out.contains("was not found"), "{}", told.out);
}

#[test]
fn a_label_that_no_seed_reaches_makes_the_suite_unknown_and_exits_3() {
    let desk = Desk::new();
    let never = HOLDS
        .replace("draw = [\"crash\"]", "")
        .replace("[check]", "[check]\nsometimes = [\"asked-peers\"]");
    desk.write("vacuous.toml", never);
    let told = desk.murphy(["run", "vacuous.toml", "--format", "json", "-q"]);
    assert_eq!(told.code, Some(3), "{}{}", told.out, told.err);
    assert_eq!(document(&told)["outcome"], "unknown");
    assert_eq!(told.err, "");
}

#[test]
fn seeds_only_and_shard_choose_what_is_run() {
    let desk = Desk::new();
    desk.scenarios();
    let runs = |arguments: &[&str]| {
        let fixed = ["run", "suite", "--no-report", "--format", "json"];
        document(&desk.murphy(fixed.iter().chain(arguments)))["runs"]
            .as_u64()
            .expect("a number")
    };
    assert_eq!(runs(&["--only", "hold", "--seeds", "5"]), 5);
    assert_eq!(runs(&["--only", "h*s", "--seeds", "7..9"]), 2);
    let shares: u64 = ["1/3", "2/3", "3/3"]
        .iter()
        .map(|share| runs(&["--seeds", "4", "--shard", share]))
        .sum();
    assert_eq!(shares, 8);
}

#[test]
fn a_spent_budget_still_runs_every_scenario_once() {
    let desk = Desk::new();
    desk.scenarios();
    let told = desk.murphy([
        "run",
        "suite",
        "--no-report",
        "--budget",
        "0s",
        "--format",
        "json",
        "--only",
        "holds",
    ]);
    let suite = document(&told);
    assert_eq!(
        (&suite["runs"], &suite["interrupted"]),
        (&1.into(), &true.into())
    );
    assert_eq!(told.code, Some(0), "{}", told.err);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_suite_with_what_is_done() {
    use std::{
        io::Read,
        process::{Command, Stdio},
    };
    let desk = Desk::new();
    desk.write("long.toml", HOLDS);
    let mut command = desk.command();
    command.args([
        "run",
        "long.toml",
        "--seeds",
        "200000",
        "--format",
        "json",
        "--no-report",
    ]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let second = std::time::Duration::from_secs(1);
    #[expect(
        clippy::disallowed_methods,
        reason = "a person waits before pressing Ctrl-C"
    )]
    std::thread::sleep(second);
    let interrupt = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(interrupt.expect("kill can be run").success());
    let (mut out, mut err) = (String::new(), String::new());
    child
        .stdout
        .take()
        .expect("piped")
        .read_to_string(&mut out)
        .expect("UTF-8");
    child
        .stderr
        .take()
        .expect("piped")
        .read_to_string(&mut err)
        .expect("UTF-8");
    let code = child.wait().expect("it ends").code();
    let suite: Value = serde_json::from_str(&out).expect("one document all the same");
    assert_eq!(suite["interrupted"], true);
    let runs = suite["runs"].as_u64().expect("a number");
    assert!((1..200_000).contains(&runs), "{runs}");
    assert_eq!(code, Some(0), "{err}");
    assert!(err.contains("interrupted"), "{err}");
}

#[test]
fn a_catalogue_of_the_repository_is_used_at_its_root_and_a_built_in_one_elsewhere() {
    let desk = Desk::new();
    let arguments = ["list", "scenarios", "--format", "json"];
    let there = desk
        .command()
        .current_dir(repository())
        .args(arguments)
        .output()
        .expect("it runs");
    let elsewhere = desk.murphy(arguments);
    assert_eq!(Told::from(there).out, elsewhere.out);
    let first = document(&elsewhere)[0]["scenario"]
        .as_str()
        .expect("a name")
        .to_owned();
    let told = desk.murphy([
        "run",
        &first,
        "--seeds",
        "1",
        "--no-report",
        "--format",
        "json",
    ]);
    assert_eq!(
        document(&told)["scenarios"][0]["name"],
        first.as_str(),
        "{}",
        told.err
    );
}
