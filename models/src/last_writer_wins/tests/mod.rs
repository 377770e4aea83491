//! Reactions one at a time, the laws of the join, and what a write costs.

mod costs;
mod laws;
mod reactions;

use murphy_sim::{CallId, ClientId, Effect, NodeId, Reply};

use super::*;
use crate::shared::{
    hybrid_clock::{Stamp, Timestamp},
    version_vector::Dot,
};

const CALL: CallId = CallId {
    client: ClientId(0),
    number: 0,
};

const KEY: Key = 7;

fn parameters(mode: &str, mutant: Option<&str>) -> Parameters {
    Parameters {
        nodes: 3,
        mode: Some(mode.to_owned()),
        mutant: mutant.map(str::to_owned),
        ..Parameters::default()
    }
}

fn config(mode: &str) -> Config {
    LastWriterWins::configure(&parameters(mode, None)).expect("valid")
}

fn versions(of: &[(u32, u32)]) -> VersionVector {
    let mut versions = VersionVector::default();
    for (node, counter) in of {
        let (node, counter) = (NodeId(*node), *counter);
        versions.raise(Dot { node, counter });
    }
    versions
}

fn entry(node: u32, counter: u32, physical: u64, logical: u32, value: u64) -> Entry {
    let node = NodeId(node);
    let time = Timestamp { physical, logical };
    Entry {
        value,
        stamp: Stamp { time, node },
        dot: Dot { node, counter },
    }
}

fn reply(response: Response) -> Effect<LastWriterWins> {
    Effect::Reply {
        call: CALL,
        reply: Reply::Ok(response),
    }
}

fn send(to: u32, message: Message) -> Effect<LastWriterWins> {
    let to = NodeId(to);
    Effect::Send { to, message }
}

#[test]
fn every_mutant_and_every_mode_has_its_story() {
    let told: Vec<&str> = LastWriterWins::MUTANTS.iter().map(|m| m.name).collect();
    assert_eq!(told, <Mutant as strum::VariantNames>::VARIANTS);
    let modes: Vec<&str> = LastWriterWins::MODES.iter().map(|mode| mode.name).collect();
    assert_eq!(modes, <Mode as strum::VariantNames>::VARIANTS);
}

#[test]
fn parameters_that_make_no_sense_are_refused_with_a_remedy() {
    let refused = |parameters: Parameters| LastWriterWins::configure(&parameters).expect_err("no");
    let valid = || parameters("wall-clock", None);
    assert!(refused(parameters("sundial", None)).contains("hybrid-logical-clock, wall-clock"));
    assert!(refused(parameters("wall-clock", Some("typo"))).contains("lww-tie-not-broken"));
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
