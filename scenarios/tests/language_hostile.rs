//! Files that nobody meant as scenarios: refused with a remedy, and never a panic.

mod common;

use std::{
    fs::{self, File},
    path::Path,
};

use common::{Registry, WHOLE, rendered};
use murphy_scenarios::language::{self, Case, FILE_BYTES_MOST, LanguageError, Scenario};
use proptest::prelude::*;

/// What is said about a file in a folder of its own, without the folder.
fn about(name: &str, prepare: impl FnOnce(&Path)) -> String {
    let folder = tempfile::tempdir().expect("a folder to write to");
    let file = folder.path().join(name);
    prepare(&file);
    let errors = Scenario::read(&file, &Registry).expect_err("it is no scenario");
    let told: Vec<String> = errors.iter().map(LanguageError::in_one_line).collect();
    told.join("\n")
        .replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn files_that_are_no_text_are_refused() {
    insta::assert_snapshot!(
        about("latin.toml", |file| fs::write(file, b"story = \"caf\xe9\"\n").unwrap()),
        @"latin.toml:1:13: not UTF-8: byte 12 belongs to no character; save the file as UTF-8"
    );
    insta::assert_snapshot!(
        about("huge.toml", |file| {
            let file = File::create(file).unwrap();
            file.set_len(100_000_000).unwrap();
        }),
        @"huge.toml: has 100000000 bytes, and at most 1048576 are read; a scenario takes a few thousand bytes: is this the right file?"
    );
    insta::assert_snapshot!(
        about("folder.toml", |file| fs::create_dir(file).unwrap()),
        @"folder.toml: is not a file; name a .toml file"
    );
    insta::assert_snapshot!(
        about("gone.toml", |_| {}),
        @"gone.toml: cannot be read: No such file or directory (os error 2); name a scenario file or a folder of them; `murphy list scenarios` shows what there is"
    );
}

#[test]
fn a_file_is_named_so_that_reports_can_be() {
    for name in [
        "A.toml",
        "a b.toml",
        "..toml",
        "ä.toml",
        "a.yaml",
        &format!("{}.toml", "a".repeat(65)),
    ] {
        let told = about(name, |file| fs::write(file, WHOLE).unwrap());
        assert!(
            told.contains("no name for a scenario") || told.contains(".toml files"),
            "{told}"
        );
    }
}

#[test]
fn folders_without_scenarios_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let paths = [folder.path().to_owned()];
    let error = language::find(&paths).unwrap_err().remove(0);
    assert!(
        error.message.contains("no scenario in this folder"),
        "{error}"
    );
    assert!(error.help.contains("murphy new scenario"), "{}", error.help);
    let gone = [folder.path().join("gone")];
    assert!(language::find(&gone).is_err());
}

#[test]
fn what_is_as_large_as_may_be_is_told_in_no_time() {
    let most = FILE_BYTES_MOST as usize;
    for text in [
        "a.".repeat(most / 2),
        "[[nemesis.at]]\n".repeat(most / 15),
        "[".repeat(most),
        format!("x = {}", "[".repeat(most - 4)),
        format!("x = {}", "{a=".repeat(most / 3)),
        format!(
            "[nemesis]\nat = [{}]",
            "{fault=\"crash\",when=\"x\"},".repeat(most / 40)
        ),
        format!(
            "[[nemesis.at]]\nfault = \"crash\"\n{}",
            (0..most / 12)
                .map(|i| format!("k{i} = 1\n"))
                .collect::<String>()
        ),
        "\0".repeat(most),
    ] {
        let errors = Scenario::parse(Path::new("big.toml"), text, &Registry).unwrap_err();
        assert!(
            !errors.is_empty() && errors.len() < 100,
            "{} errors",
            errors.len()
        );
    }
}

fn read(text: &str) -> Result<(), TestCaseError> {
    let file = Path::new("trap.toml");
    match Scenario::parse(file, text.to_owned(), &Registry) {
        Ok(scenario) => {
            let written =
                toml::to_string(&scenario).map_err(|e| TestCaseError::fail(e.to_string()))?;
            let again = Scenario::parse(file, written, &Registry);
            let again = again.map_err(|errors| TestCaseError::fail(rendered(&errors)))?;
            prop_assert_eq!(again, scenario);
        }
        Err(errors) => {
            prop_assert!(!errors.is_empty());
            for error in &errors {
                prop_assert!(
                    !error.message.is_empty() && !error.help.is_empty(),
                    "{:?}",
                    error
                );
                prop_assert!(error.position.is_some());
            }
            rendered(&errors);
        }
    }
    if let Err(errors) = Case::parse(file, text.to_owned(), &Registry) {
        prop_assert!(!errors.is_empty());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_text_never_panics(text in "\\PC{0,200}") {
        read(&text)?;
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        read(&String::from_utf8_lossy(&bytes))?;
    }

    /// A scenario with pieces of it taken out, doubled, or put elsewhere.
    #[test]
    fn a_mutated_scenario_never_panics(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0usize..40, 0u8..4), 1..6)
    ) {
        let mut text: Vec<char> = WHOLE.chars().collect();
        for (from, to, length, edit) in edits {
            if text.is_empty() {
                break;
            }
            let from = from.index(text.len());
            let piece: Vec<char> = text[from..(from + length).min(text.len())].to_vec();
            if edit != 1 {
                text.drain(from..from + piece.len());
            }
            if edit != 0 {
                let to = to.index(text.len() + 1);
                text.splice(to..to, piece);
            }
        }
        read(&text.into_iter().collect::<String>())?;
    }

    /// A scenario with one value in place of another.
    #[test]
    fn a_value_in_the_place_of_another_never_panics(
        line in any::<prop::sample::Index>(),
        value in prop::sample::select(vec![
            "1", "-1", "0", "nan", "inf", "-inf", "1e999", "9223372036854775807", "18446744073709551616",
            "true", "\"\"", "\"any\"", "\"5s\"", "\"18446744073s\"", "[]", "{}", "[[]]", "{ a = 1 }",
            "2026-01-01", "[\"n0\", 1]", "{ fault = 1 }", "[{ fault = \"partition\", shape = [] }]",
            "{ mixture = [{ weight = 1, latency = { mixture = [] } }] }", "\"0/s\"", "4294967295",
        ]),
    ) {
        let lines: Vec<&str> = WHOLE.lines().collect();
        let at = line.index(lines.len());
        let changed: Vec<String> = lines.iter().enumerate().map(|(i, line)| match line.split_once('=') {
            Some((key, _)) if i == at => format!("{key}= {value}"),
            _ => (*line).to_owned(),
        }).collect();
        read(&changed.join("\n"))?;
    }
}
