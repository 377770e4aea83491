//! What a scenario may say to the protocol.

use std::collections::BTreeMap;

use super::*;
use crate::protocol::Parameters;

fn refused(parameters: &Parameters) -> String {
    TwoPhaseCommit::configure(parameters).expect_err("it is refused")
}

#[test]
fn settings_that_mean_nothing_are_refused_with_a_remedy() {
    let three = Parameters {
        nodes: 3,
        ..Parameters::default()
    };
    let options = |name: &str, value| BTreeMap::from([(name.to_owned(), value)]);
    for (parameters, remedy) in [
        (
            Parameters {
                spares: 1,
                ..three.clone()
            },
            "remove `spares`",
        ),
        (
            Parameters {
                mode: Some("fast".to_owned()),
                ..three.clone()
            },
            "modes are presumed-abort, presumed-nothing, presumed-commit",
        ),
        (
            Parameters {
                mutant: Some("tired".to_owned()),
                ..three.clone()
            },
            "mutants are coordinator-forgets-its-decision, ",
        ),
        (
            Parameters {
                options: options("coordinators", 4),
                ..three.clone()
            },
            "write 1 to 3",
        ),
        (
            Parameters {
                options: options("patience", 0),
                ..three.clone()
            },
            "`patience` is zero",
        ),
        (
            Parameters {
                options: options("patients", 1),
                ..three.clone()
            },
            "options are coordinators, ",
        ),
    ] {
        let error = refused(&parameters);
        assert!(error.contains(remedy), "{error}");
    }
    assert_eq!(TwoPhaseCommit::configure(&three), Ok(config()));
}

#[test]
fn a_node_that_does_not_coordinate_sends_clients_to_one_that_does() {
    let mut config = config();
    config.layout.coordinators = 1;
    let mut world = world(config, vec![call(0, 2, vec![write(1, 7)])], Plan::new());
    assert_eq!(run(&mut world, at(500_000)), []);
    assert_eq!(ends(&world), [(0, "ok")]);
    let records = |node| world.disk(NodeId(node)).records().len();
    assert_eq!([records(0), records(1), records(2)], [2, 2, 0]);
}
