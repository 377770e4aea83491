//! The walls of the house, read from the dependency graph: which crate may know which.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// What each crate may know of the others, outside of its tests.
fn may_know() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    BTreeMap::from([
        ("murphy-sim", BTreeSet::new()),
        ("murphy-checkers", BTreeSet::new()),
        ("murphy-reports", BTreeSet::new()),
        ("murphy-models", BTreeSet::from(["murphy-sim"])),
        (
            "murphy-scenarios",
            BTreeSet::from([
                "murphy-sim",
                "murphy-models",
                "murphy-checkers",
                "murphy-reports",
            ]),
        ),
        (
            "murphy",
            BTreeSet::from([
                "murphy-sim",
                "murphy-models",
                "murphy-checkers",
                "murphy-scenarios",
                "murphy-reports",
            ]),
        ),
    ])
}

/// Libraries that would bring the outside world into what decides a run.
const OUTSIDE_WORLD: [&str; 8] = [
    "toml",
    "serde_json",
    "clap",
    "miette",
    "indicatif",
    "tokio",
    "getrandom",
    "rayon",
];

fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = MetadataCommand::new()
        .no_deps()
        .exec()
        .expect("cargo can read its own workspace");
    let normal = |package: &cargo_metadata::Package| {
        let dependencies = package
            .dependencies
            .iter()
            .filter(|d| d.kind == DependencyKind::Normal);
        (
            package.name.to_string(),
            dependencies.map(|d| d.name.clone()).collect(),
        )
    };
    metadata.packages.iter().map(normal).collect()
}

#[test]
fn no_crate_uses_one_that_it_must_not_know() {
    let found = dependencies();
    for (package, allowed) in may_know() {
        let ours = found[package]
            .iter()
            .filter(|name| name.starts_with("murphy"));
        for known in ours {
            assert!(
                allowed.contains(known.as_str()),
                "{package} must not know {known}"
            );
        }
    }
}

#[test]
fn what_decides_a_run_knows_no_files_no_terminal_and_no_operating_system() {
    let found = dependencies();
    for package in ["murphy-sim", "murphy-models"] {
        for library in OUTSIDE_WORLD {
            assert!(
                !found[package].contains(library),
                "{package} must not know {library}"
            );
        }
    }
}

#[test]
fn the_checkers_stand_alone() {
    let found = dependencies();
    assert!(
        found["murphy-checkers"]
            .iter()
            .all(|name| !name.starts_with("murphy"))
    );
}
