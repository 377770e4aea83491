//! History checks by level: each is refused for a workload that it says nothing about, is judged on
//! every other, and stands in the documentation.

use std::{collections::BTreeSet, fmt::Write as _, path::Path};

use insta::assert_snapshot;
use murphy_checkers::{registers, transactions};
use murphy_reports::record::SuiteRecord;
use murphy_scenarios::{
    Options, Registered, Seeds, Substrate,
    language::{HISTORY_CHECKS, LanguageError, Scenario, WorkloadKind, schema},
    protocol, run,
};

/// For every workload a protocol that keeps everything that can be asked of it.
const STRONG: &[(&str, &str, &[WorkloadKind])] = &[
    (
        "primary-backup",
        "mode = \"synchronous\"",
        &[WorkloadKind::Register, WorkloadKind::CasRegister],
    ),
    (
        "two-phase-commit",
        "",
        &[
            WorkloadKind::ListAppend,
            WorkloadKind::RwRegister,
            WorkloadKind::Bank,
        ],
    ),
    (
        "outbox",
        "",
        &[
            WorkloadKind::Outbox,
            WorkloadKind::Broadcast,
            WorkloadKind::Conversation,
        ],
    ),
    ("log-broker", "mode = \"acks-all\"", &[WorkloadKind::Log]),
    // A single node is a register that nobody can read late.
    ("version-vectors", "nodes = 1", &[WorkloadKind::Siblings]),
    ("saga", "", &[WorkloadKind::Saga]),
    (
        "crdt",
        "",
        &[
            WorkloadKind::Tally,
            WorkloadKind::Counter,
            WorkloadKind::Set,
            WorkloadKind::Map,
            WorkloadKind::List,
        ],
    ),
    ("swim", "", &[WorkloadKind::Members]),
];

fn scenario(
    (protocol, mode): (&str, &str),
    kind: WorkloadKind,
    checks: &[&str],
) -> Result<Scenario, Vec<LanguageError>> {
    let kind: &str = kind.into();
    let text = format!(
        "story = \"Nothing goes wrong.\"\nprotocol = \"{protocol}\"\n{mode}\n\
         [workload]\nkind = \"{kind}\"\nclients = 3\nrate = \"30/s\"\nkeys = 3\n\
         [phases]\nwarm-up = \"1s\"\nchaos = \"2s\"\nquiesce = \"2s\"\n\
         [check]\nhistory = {checks:?}\n"
    );
    Scenario::parse(Path::new("steady.toml"), text, &Registered::default())
}

fn suitable(protocol_name: &str, kind: WorkloadKind) -> Vec<&'static str> {
    let entry = protocol(protocol_name).expect("a protocol of the registry");
    entry.checks(kind).iter().map(Into::into).collect()
}

fn suite(scenarios: &[Scenario]) -> SuiteRecord {
    let options = Options {
        seeds: Some(Seeds { from: 1, until: 2 }),
        shard: None,
        jobs: 1,
        substrate: Substrate::World,
        show: 0,
        stop: &|| false,
        interrupted: &|| false,
        progress: &|_, _| {},
    };
    run(scenarios, "test", &options).expect("a steady scenario runs")
}

#[test]
fn every_check_is_judged_on_the_workloads_that_it_suits_and_refused_on_all_others() {
    let mut judged: BTreeSet<&str> = BTreeSet::new();
    for (protocol, mode, kinds) in STRONG {
        for &kind in *kinds {
            let suitable = suitable(protocol, kind);
            let whole = scenario((protocol, mode), kind, &suitable).expect("all of these suit");
            let record = suite(&[whole]);
            let (held, why) = (record.scenarios[0].held, &record.scenarios[0].why);
            assert_eq!(held, 1, "{protocol}, {kind:?}: {why:?}");
            judged.extend(&suitable);
            for check in HISTORY_CHECKS
                .iter()
                .filter(|name| !suitable.contains(name))
            {
                let errors = scenario((protocol, mode), kind, &[check])
                    .expect_err("a check of another service is refused");
                let words = errors[0].to_string();
                assert!(
                    words.contains(check) && words.contains("is not judged"),
                    "{words}"
                );
            }
        }
    }
    assert_eq!(judged, HISTORY_CHECKS.iter().copied().collect());
}

#[test]
fn every_level_that_the_checkers_judge_can_be_asked_for() {
    let levels = transactions::Level::ALL.iter().copied();
    let transactions: BTreeSet<&str> = levels
        .filter(|level| transactions::is_judged(*level))
        .map(transactions::Level::as_str)
        .collect();
    for kind in [WorkloadKind::ListAppend, WorkloadKind::RwRegister] {
        let mut known: BTreeSet<&str> = suitable("two-phase-commit", kind).into_iter().collect();
        assert!(known.remove("atomic-commit"));
        assert_eq!(known, transactions);
    }
    for kind in [WorkloadKind::Register, WorkloadKind::CasRegister] {
        let mut known = suitable("primary-backup", kind);
        assert_eq!(known.pop(), Some("durable"));
        let levels: Vec<&str> = registers::LEVELS
            .iter()
            .map(|level| level.as_str())
            .collect();
        assert_eq!(known, levels);
    }
}

#[test]
fn a_check_of_another_service_is_refused_with_what_to_write_instead() {
    let errors = scenario(
        ("outbox", ""),
        WorkloadKind::Outbox,
        &["delivery", "serializable"],
    )
    .expect_err("events are no transactions");
    let theme = miette::GraphicalTheme::none();
    let handler = miette::GraphicalReportHandler::new_themed(theme).with_width(100);
    let mut text = String::new();
    for error in &errors {
        handler
            .render_report(&mut text, error)
            .expect("a text takes all that is written to it");
    }
    assert_snapshot!(text);
}

#[test]
fn the_documentation_lists_every_check_with_its_meaning() {
    let schema = schema();
    let variants = schema
        .pointer("/$defs/HistoryCheck/oneOf")
        .and_then(serde_json::Value::as_array)
        .expect("a check is one of several");
    let mut table = "| check | workloads | what must hold |\n|---|---|---|\n".to_owned();
    for variant in variants {
        let text = |key: &str| variant[key].as_str().expect("a word of the schema");
        let name = text("const");
        let about: Vec<&str> = text("description").split_whitespace().collect();
        let workloads = STRONG.iter().flat_map(|(protocol, _, kinds)| {
            let suits = |kind: &&WorkloadKind| suitable(protocol, **kind).contains(&name);
            kinds.iter().filter(suits).map(|kind| <&str>::from(*kind))
        });
        let workloads: Vec<&str> = workloads.collect();
        writeln!(
            table,
            "| `{name}` | {} | {} |",
            workloads.join(", "),
            about.join(" ")
        )
        .expect("a text takes all that is written to it");
    }
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/scenarios.md");
    let page = std::fs::read_to_string(page).expect("the page is in the repository");
    assert!(
        page.contains(&table),
        "docs/scenarios.md lacks this table:\n{table}"
    );
}
