//! Everything that can be wrong with what was asked for: told with its remedy, exit code 2, nothing
//! written, no panic.

use std::fs;

use insta::assert_snapshot;

use crate::{Desk, HOLDS, Told, masked};

fn refused(desk: &Desk, arguments: &[&str]) -> Told {
    let before = desk.everything();
    let told = desk.murphy(arguments);
    assert_eq!(
        told.code,
        Some(2),
        "{arguments:?}\n{}{}",
        told.out,
        told.err
    );
    assert_eq!(told.out, "", "{arguments:?}");
    assert!(
        !told.err.contains("panicked"),
        "{arguments:?}\n{}",
        told.err
    );
    assert_eq!(
        desk.everything(),
        before,
        "{arguments:?} left something behind"
    );
    told
}

#[test]
fn a_scenario_that_is_wrong_is_pointed_at() {
    let with = |from: &str, to: &str| HOLDS.replace(from, to).into_bytes();
    let at = |fault: &str| {
        with(
            "draw = [\"crash\"]",
            &format!("[[nemesis.at]]\nwhen = \"1s\"\n{fault}"),
        )
    };
    let cases: [(&str, Vec<u8>, &str); 12] = [
        ("unknown-key", with("seeds = 3", "sedes = 3"), "seeds"),
        (
            "unknown-protocol",
            with("two-phase-commit", "two-phase-comit"),
            "two-phase-commit",
        ),
        (
            "unknown-fault",
            at("fault = \"crush\"\nnode = \"n1\""),
            "crash",
        ),
        ("unknown-checker", with("\"bank\"]", "\"blank\"]"), "bank"),
        (
            "unknown-mutant",
            with("seeds = 3", "seeds = 3\nmutant = \"none-such\""),
            "none-such",
        ),
        ("no-such-node", at("fault = \"crash\"\nnode = \"n9\""), "n9"),
        (
            "overlapping-groups",
            at("fault = \"partition\"\nshape = { groups = [[\"n0\", \"n1\"], [\"n1\", \"n2\"]] }"),
            "n1",
        ),
        ("rate-zero", with("40/s", "0/s"), "1/s"),
        ("not-utf-8", b"story = \"\xff\"".to_vec(), "UTF-8"),
        ("not-toml", b"story = ".to_vec(), "TOML"),
        ("empty", Vec::new(), "empty"),
        (
            "wrong-workload",
            with("\"bank\"\nclients", "\"register\"\nclients"),
            "register",
        ),
    ];
    let mut all = String::new();
    for (name, text, remedy) in cases {
        let desk = Desk::new();
        let file = format!("{name}.toml");
        desk.write(&file, text);
        let told = refused(&desk, &["run", &file]);
        assert!(
            told.err.contains(remedy),
            "{name}: {remedy} is not in\n{}",
            told.err
        );
        assert!(told.err.contains(&file), "{name}\n{}", told.err);
        all += &format!("--- {name}\n{}\n", masked(&told.err, &desk));
        refused(&desk, &["replay", &file, "--seed", "1"]);
    }
    assert_snapshot!(all);
}

#[test]
fn a_file_of_a_hundred_megabytes_is_not_read() {
    let desk = Desk::new();
    let file = fs::File::create(desk.path("huge.toml")).expect("a file");
    file.set_len(100 << 20).expect("a sparse file");
    let told = refused(&desk, &["run", "huge.toml"]);
    assert!(told.err.contains("104857600"), "{}", told.err);
    refused(&desk, &["replay", "huge.toml", "--seed", "1"]);
}

#[test]
fn places_without_scenarios_are_told() {
    let desk = Desk::new();
    fs::create_dir(desk.path("nothing")).expect("a folder");
    assert!(
        refused(&desk, &["run", "nothing"])
            .err
            .contains("murphy new scenario")
    );
    assert!(
        refused(&desk, &["run", "not-there.toml"])
            .err
            .contains("not-there.toml")
    );
    desk.scenarios();
    assert!(
        refused(&desk, &["run", "suite", "--only", "none-such"])
            .err
            .contains("finds, holds")
    );
    refused(&desk, &["replay", "suite", "--seed", "1"]);
}

#[test]
fn arguments_that_make_no_sense_are_told_with_what_would() {
    let desk = Desk::new();
    desk.scenarios();
    let wrong: [&[&str]; 16] = [
        &["--seeds", "0"],
        &["--seeds", "5..5"],
        &["--seeds", "9..3"],
        &["--seeds", "many"],
        &["--seeds", "18446744073709551615"],
        &["--jobs", "0"],
        &["--jobs", "-1"],
        &["--jobs", "1000000"],
        &["--shard", "3/2"],
        &["--shard", "0/2"],
        &["--shard", "1"],
        &["--budget", "soon"],
        &["--budget", "60"],
        &["--substrate", "reality"],
        &["--format", "xml"],
        &["--bogus"],
    ];
    let mut all = String::new();
    for arguments in wrong {
        let told = refused(&desk, &[&["run", "suite"], arguments].concat());
        all += &format!(
            "--- {}\n{}\n",
            arguments.join(" "),
            masked(&told.err, &desk)
        );
    }
    assert_snapshot!(all);
    for arguments in [
        &["nonsense"][..],
        &["replay"],
        &["replay", "suite/holds.toml", "--seed", "x"],
        &["list"],
    ] {
        refused(&desk, arguments);
    }
}

#[test]
fn a_place_that_cannot_be_written_is_found_out_before_anything_is_run() {
    let desk = Desk::new();
    desk.scenarios();
    desk.write("a-file", "in the way");
    fs::create_dir_all(desk.path("folder/index.html")).expect("a folder in the way");
    let wrong: [&[&str]; 6] = [
        &["--report", "a-file"],
        &["--report", "a-file/below"],
        &["--report", "folder"],
        &["--junit", "no/such/folder.xml"],
        &["--markdown", "suite"],
        &["--report", "/proc/none/here"],
    ];
    for arguments in wrong {
        let all = [&["run", "suite", "--seeds", "200000"], arguments].concat();
        let told = refused(&desk, &all);
        assert!(
            told.err.contains("cannot write"),
            "{arguments:?}\n{}",
            told.err
        );
    }
    for file in ["suite", "no/such/folder.html"] {
        refused(
            &desk,
            &["replay", "suite/holds.toml", "--seed", "1", "--html", file],
        );
        refused(
            &desk,
            &[
                "replay",
                "suite/holds.toml",
                "--seed",
                "1",
                "--save-case",
                file,
            ],
        );
    }
}

#[test]
fn a_name_cannot_lead_out_of_the_report_folder() {
    let desk = Desk::new();
    let story = HOLDS.replace(
        "Two-phase commit keeps",
        "../../<script>alert(1)</script> keeps",
    );
    desk.write("suite/plain.toml", story);
    let told = desk.murphy(["run", "suite", "--seeds", "1", "--report", "out"]);
    assert_eq!(told.code, Some(0), "{}", told.err);
    assert_eq!(desk.everything(), ["out", "suite"]);
    assert!(!desk.read("out/index.html").contains("<script>alert"));
    desk.write("suite/..evil.toml", HOLDS);
    assert_eq!(desk.murphy(["run", "suite/..evil.toml"]).code, Some(2));
}
