//! Pipes that close early, colour that was not asked for.

use std::process::Stdio;

use crate::Desk;

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let desk = Desk::new();
    desk.scenarios();
    let commands: [&[&str]; 4] = [
        &["run", "suite", "--no-report"],
        &["replay", "suite/holds.toml", "--seed", "1", "--trace"],
        &["schema"],
        &["list", "faults"],
    ];
    for arguments in commands {
        let mut child = desk
            .command()
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_and_never_a_pass() {
    let desk = Desk::new();
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .expect("Linux has it");
    let output = desk
        .command()
        .arg("schema")
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write to standard output"));
}

#[test]
fn colour_is_for_terminals_and_for_those_who_ask() {
    let desk = Desk::new();
    desk.scenarios();
    let escapes = |arguments: &[&str]| {
        let told = desk.murphy(arguments);
        (told.out.contains('\x1b'), told.err.contains('\x1b'))
    };
    assert_eq!(escapes(&["run", "suite", "--no-report"]), (false, false));
    assert_eq!(
        escapes(&["run", "suite", "--no-report", "--color", "always"]),
        (true, false)
    );
    assert_eq!(escapes(&["run", "nothing-here"]), (false, false));
    assert_eq!(
        escapes(&["run", "nothing-here", "--color", "always"]),
        (false, true)
    );
    let told = desk
        .command()
        .arg("--color=always")
        .env("NO_COLOR", "1")
        .output()
        .expect("it runs");
    assert!(told.stdout.contains(&0x1b), "what was asked for wins");
}

#[test]
fn logs_go_to_standard_error_and_only_when_asked_for() {
    let desk = Desk::new();
    desk.scenarios();
    let quiet = desk.murphy([
        "replay",
        "suite/holds.toml",
        "--seed",
        "1",
        "--format",
        "json",
    ]);
    let loud = desk.murphy([
        "replay",
        "suite/holds.toml",
        "--seed",
        "1",
        "--format",
        "json",
        "--log",
        "murphy=trace",
    ]);
    assert_eq!(quiet.out, loud.out, "listening changes nothing");
    assert_eq!(quiet.err, "");
    assert!(
        loud.err.contains("TRACE"),
        "{}",
        loud.err.get(..400).unwrap_or(&loud.err)
    );
    assert_eq!(desk.murphy(["--log", "a=b=c"]).code, Some(2));
}
