//! Case files: written, read back, and refused.

mod common;

use std::path::Path;

use common::{Registry, WHOLE, rendered};
use murphy_scenarios::language::{Case, Expectation, Scenario};
use murphy_sim::{ClientId, Digest, NodeId, PlannedCall, Route, Span, Start, Time};
use serde::{Deserialize, Serialize};

/// A request as services have them.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize)]
enum Request {
    Read {
        key: u32,
    },
    Cas {
        key: u32,
        from: Option<u64>,
        to: u64,
    },
    Steps(Vec<(u32, i64)>),
}

fn calls() -> Vec<PlannedCall<Request>> {
    let call = |client, start, route, request| PlannedCall {
        client: ClientId(client),
        start,
        route,
        request,
    };
    let at = Start::At(Time::ZERO + Span::micros(1_234_567));
    let after = Start::After {
        think: Span::millis(5),
        until: Time::ZERO + Span::secs(9),
    };
    let cas = Request::Cas {
        key: 2,
        from: None,
        to: 7,
    };
    vec![
        call(0, at, Route::Sticky, Request::Read { key: 1 }),
        call(1, after, Route::Node(NodeId(2)), cas),
        call(
            1,
            after,
            Route::Key(3),
            Request::Steps(vec![(1, -5), (2, 5)]),
        ),
    ]
}

fn case() -> Case {
    let file = Path::new("catalog/trap.toml");
    let scenario =
        Scenario::parse(file, WHOLE.to_owned(), &Registry).expect("the scenario is right");
    let plan = scenario.nemesis.at.clone();
    let expect = Expectation::Violated("stale-read".into());
    Case::new(&scenario, 7, plan, &calls(), expect, Digest::default()).expect("the calls are TOML")
}

fn parse(text: &str) -> Result<Case, String> {
    let file = Path::new("cases/stale-read.toml");
    Case::parse(file, text.to_owned(), &Registry).map_err(|errors| rendered(&errors))
}

#[test]
fn a_case_that_is_written_reads_back_the_same() {
    let case = case();
    let text = case.to_toml().unwrap();
    let read = parse(&text).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(read.name, "stale-read");
    assert_eq!(read.scenario.name, "trap");
    assert_eq!(read.plan, case.plan);
    assert_eq!(read.calls::<Request>().unwrap(), calls());
    assert_eq!(case.calls::<Request>().unwrap(), calls());
    assert_eq!((read.seed, read.digest), (7, case.digest));
    assert_eq!(read.expect, case.expect);
    let mut scenario = read.scenario.clone();
    scenario.file = case.scenario.file.clone();
    assert_eq!(scenario, case.scenario);
    assert_eq!(read.to_toml().unwrap(), text);
}

#[test]
fn a_case_is_a_file_that_a_person_can_read() {
    insta::assert_snapshot!(
        "case",
        case()
            .to_toml()
            .unwrap()
            .replace(env!("CARGO_PKG_VERSION"), "VERSION")
    );
}

#[test]
fn what_is_wrong_with_a_case_is_pointed_at() {
    let text = case().to_toml().unwrap();
    let with = |old: &str, new: &str| {
        assert!(text.contains(old), "`{old}` is in the case");
        parse(&text.replacen(old, new, 1)).expect_err("the case is wrong")
    };
    insta::assert_snapshot!("case_unknown_key", with("seed =", "sead ="));
    insta::assert_snapshot!("case_bad_fault", with("\"clock-step\"", "\"clock-stop\""));
    insta::assert_snapshot!("case_no_such_node", with("from = \"n0\"", "from = \"n8\""));
    insta::assert_snapshot!("case_bad_digest", with(&case().digest.to_string(), "cafe"));
    insta::assert_snapshot!(
        "case_bad_name",
        with("name = \"trap\"", "name = \"../trap\"")
    );
    insta::assert_snapshot!("case_bad_scenario", with("primary-backup", "primary-bakup"));
    insta::assert_snapshot!(
        "case_missing_calls",
        parse("murphy = \"1\"\nseed = 1\n").unwrap_err()
    );
}

#[test]
fn a_call_that_the_service_does_not_take_is_pointed_at() {
    let text = case().to_toml().unwrap();
    for (old, new, name) in [
        ("{ Read = ", "{ Raed = ", "case_unknown_request"),
        (
            "route = \"sticky\"",
            "rout = \"sticky\"",
            "case_unknown_call_key",
        ),
        ("client = 0", "client = -1", "case_bad_client"),
    ] {
        assert!(text.contains(old), "`{old}` is in the case");
        let case = parse(&text.replacen(old, new, 1)).unwrap();
        let errors = case.calls::<Request>().unwrap_err();
        insta::assert_snapshot!(name, rendered(&errors));
    }
}
