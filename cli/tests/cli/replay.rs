//! `murphy replay`: the same run again, told, traced, drawn, kept as a case.

use serde_json::Value;

use crate::Desk;

/// The first seed that shows the planted bug, and its digest.
fn found(desk: &Desk) -> (String, String) {
    desk.scenarios();
    let told = desk.murphy(["run", "suite/finds.toml", "--no-report", "--format", "json"]);
    let suite: Value = serde_json::from_str(&told.out).expect("one document");
    let first = &suite["scenarios"][0]["first"];
    (
        first["seed"].to_string(),
        first["digest"].as_str().expect("a digest").to_owned(),
    )
}

#[test]
fn the_run_that_was_found_comes_out_again_bit_for_bit() {
    let desk = Desk::new();
    let (seed, digest) = found(&desk);
    let told = desk.murphy([
        "replay",
        "suite/finds.toml",
        "--seed",
        &seed,
        "--format",
        "json",
        "--verify",
    ]);
    let run: Value = serde_json::from_str(&told.out).expect("one document");
    assert_eq!(run["schema"], "murphy.replay/1");
    assert_eq!(run["digest"], digest.as_str());
    assert_eq!(run["verdict"], "violated");
    assert!(
        run["anomalies"]
            .as_array()
            .expect("a list")
            .contains(&"stale-read".into()),
        "{run}"
    );
    assert_eq!(told.code, Some(0), "the scenario expects it");
    assert_eq!(
        told.err,
        format!("verified: two runs agree on digest {digest}\n")
    );
}

#[test]
fn a_story_is_told_with_its_plan_its_evidence_and_its_command() {
    let desk = Desk::new();
    let (seed, digest) = found(&desk);
    let told = desk.murphy([
        "replay",
        "suite/finds.toml",
        "--seed",
        &seed,
        "--html",
        "run.html",
    ]);
    for part in [
        "plan",
        "calls",
        "stale-read",
        &digest,
        &format!("repeat: murphy replay suite/finds.toml --seed {seed}"),
    ] {
        assert!(told.out.contains(part), "{part} is not in\n{}", told.out);
    }
    assert!(desk.read("run.html").contains("<svg"));
}

#[test]
fn a_trace_tells_every_event_that_the_digest_counts() {
    let desk = Desk::new();
    let (seed, _) = found(&desk);
    let told = desk.murphy(["replay", "suite/finds.toml", "--seed", &seed, "--trace"]);
    let json = desk.murphy([
        "replay",
        "suite/finds.toml",
        "--seed",
        &seed,
        "--format",
        "json",
    ]);
    let run: Value = serde_json::from_str(&json.out).expect("one document");
    let number = |line: &str| {
        line.split_whitespace()
            .next()
            .and_then(|word| word.parse::<u64>().ok())
    };
    let events = told
        .out
        .lines()
        .take_while(|line| !line.is_empty())
        .map(|line| number(line).expect("an event"));
    assert_eq!(events.max(), run["events"].as_u64());
}

#[test]
fn states_at_a_time_are_those_of_every_node() {
    let desk = Desk::new();
    desk.scenarios();
    let told = desk.murphy(["replay", "suite/holds.toml", "--seed", "1", "--at", "900ms"]);
    assert_eq!(told.code, Some(0), "{}", told.err);
    let lines: Vec<&str> = told.out.lines().collect();
    assert_eq!(lines[0], "at 900ms, seed 1:");
    for node in ["n0 ", "n1 ", "n2 "] {
        assert!(
            lines.iter().any(|line| line.starts_with(node)),
            "{}",
            told.out
        );
    }
}

#[test]
fn a_case_repeats_its_run_whatever_becomes_of_the_scenario() {
    let desk = Desk::new();
    let (seed, digest) = found(&desk);
    let kept = desk.murphy([
        "replay",
        "suite/finds.toml",
        "--seed",
        &seed,
        "--save-case",
        "kept.toml",
    ]);
    assert_eq!(kept.code, Some(0), "{}", kept.err);
    assert!(
        kept.err.contains("repeat: murphy replay kept.toml"),
        "{}",
        kept.err
    );
    std::fs::remove_dir_all(desk.path("suite")).expect("the scenario goes away");
    let told = desk.murphy(["replay", "kept.toml", "--verify"]);
    assert_eq!(told.code, Some(0), "{}{}", told.out, told.err);
    assert!(told.out.contains(&digest), "{}", told.out);
    assert!(
        told.out.contains("repeat: murphy replay kept.toml"),
        "{}",
        told.out
    );
}

#[test]
fn a_case_that_comes_out_otherwise_says_so() {
    let desk = Desk::new();
    let (seed, digest) = found(&desk);
    desk.murphy([
        "replay",
        "suite/finds.toml",
        "--seed",
        &seed,
        "--save-case",
        "kept.toml",
    ]);
    let kept = desk.read("kept.toml");
    desk.write(
        "other-digest.toml",
        kept.replace(&digest, &"0".repeat(digest.len())),
    );
    assert_eq!(desk.murphy(["replay", "other-digest.toml"]).code, Some(4));
    let version = format!("murphy = \"{}\"", env!("CARGO_PKG_VERSION"));
    let older = kept
        .replace(&digest, &"0".repeat(digest.len()))
        .replace(&version, "murphy = \"0.0.1\"");
    desk.write("other-version.toml", older);
    let told = desk.murphy(["replay", "other-version.toml"]);
    assert_eq!(told.code, Some(0), "{}", told.err);
    assert!(
        told.err.contains("murphy 0.0.1 recorded digest 0000"),
        "{}",
        told.err
    );
    desk.write(
        "repaired.toml",
        kept.replace("mutant = \"reads-on-a-backup\"\n", ""),
    );
    let told = desk.murphy(["replay", "repaired.toml"]);
    assert_eq!(told.code, Some(1), "{}{}", told.out, told.err);
    assert!(told.err.contains("did not come out"), "{}", told.err);
}

#[test]
fn a_scenario_without_a_seed_and_a_case_with_another_are_bad_input() {
    let desk = Desk::new();
    let (seed, _) = found(&desk);
    let told = desk.murphy(["replay", "suite/finds.toml"]);
    assert_eq!(
        (told.code, told.err.contains("--seed 1")),
        (Some(2), true),
        "{}",
        told.err
    );
    desk.murphy([
        "replay",
        "suite/finds.toml",
        "--seed",
        &seed,
        "--save-case",
        "kept.toml",
    ]);
    assert_eq!(
        desk.murphy(["replay", "kept.toml", "--seed", "999999"])
            .code,
        Some(2)
    );
    assert_eq!(
        desk.murphy(["replay", "kept.toml", "--seed", &seed]).code,
        Some(0)
    );
}
