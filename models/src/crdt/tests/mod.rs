//! The laws of every type, what each type means, reactions one at a time, and what an update costs.

mod costs;
mod laws;
mod meanings;
mod reactions;

use murphy_sim::{CallId, ClientId, Effect, NodeId, Reply};

use super::{lattice::Lattice, *};
use crate::shared::{
    hybrid_clock::{Stamp, Timestamp},
    version_vector::Dot,
};

const CALL: CallId = CallId {
    client: ClientId(0),
    number: 0,
};

fn parameters(mode: &str, mutant: Option<&str>) -> Parameters {
    Parameters {
        nodes: 3,
        mode: Some(mode.to_owned()),
        mutant: mutant.map(str::to_owned),
        ..Parameters::default()
    }
}

fn config(mode: &str) -> Config {
    Replica::configure(&parameters(mode, None)).expect("valid")
}

fn dot(node: u32, counter: u32) -> Dot {
    let node = NodeId(node);
    Dot { node, counter }
}

fn stamp(node: u32, physical: u64, logical: u32) -> Stamp {
    let time = Timestamp { physical, logical };
    let node = NodeId(node);
    Stamp { time, node }
}

/// What one update makes of nothing: its delta.
fn delta(request: &Request, dot: Dot, stamp: Stamp) -> Objects {
    Objects::default()
        .update(request, (dot, stamp), None)
        .expect("it can be done on nothing")
}

#[test]
fn every_mutant_and_every_mode_has_its_story() {
    let told: Vec<&str> = Replica::MUTANTS.iter().map(|m| m.name).collect();
    assert_eq!(told, <Mutant as strum::VariantNames>::VARIANTS);
    let modes: Vec<&str> = Replica::MODES.iter().map(|mode| mode.name).collect();
    assert_eq!(modes, <Mode as strum::VariantNames>::VARIANTS);
}

#[test]
fn parameters_that_make_no_sense_are_refused_with_a_remedy() {
    let refused = |parameters: Parameters| Replica::configure(&parameters).expect_err("no");
    let valid = || parameters("state-based", None);
    assert!(refused(parameters("op-based", None)).contains("state-based, delta-based"));
    assert!(refused(parameters("state-based", Some("typo"))).contains("delta-not-resent"));
    let options = [("interval".to_owned(), 0)].into();
    assert!(refused(Parameters { options, ..valid() }).contains("`interval` is zero"));
    assert!(
        refused(Parameters {
            spares: 1,
            ..valid()
        })
        .contains("set `spares` to 0")
    );
}
