//! Reactions one at a time, the laws of the join, and what a write costs.

mod costs;
mod laws;
mod reactions;

use murphy_sim::{CallId, ClientId, Effect, NodeId, Reply};

use super::*;
use crate::{
    service::kv::Response,
    shared::{
        siblings::Version,
        version_vector::{Dot, DotContext},
    },
};

const KEY: Key = 7;

fn call(client: u32) -> CallId {
    CallId {
        client: ClientId(client),
        number: 0,
    }
}

fn parameters(mutant: Option<&str>) -> Parameters {
    Parameters {
        nodes: 3,
        mutant: mutant.map(str::to_owned),
        ..Parameters::default()
    }
}

fn config(mutant: Option<&str>) -> Config {
    VersionVectors::configure(&parameters(mutant)).expect("valid")
}

fn dot(node: u32, counter: u32) -> Dot {
    let node = NodeId(node);
    Dot { node, counter }
}

fn versions(of: &[(u32, u32)]) -> VersionVector {
    let mut versions = VersionVector::default();
    for (node, counter) in of {
        versions.raise(dot(*node, *counter));
    }
    versions
}

fn version(value: u64, past: &[Dot]) -> Version {
    Version {
        value,
        past: past.iter().copied().collect::<DotContext>(),
    }
}

fn siblings(of: &[(Dot, Version)]) -> Siblings {
    let mut siblings = Siblings::default();
    for (dot, version) in of {
        siblings.write(*dot, version.clone());
    }
    siblings
}

/// An answer to a client that has been shown these writes by then.
fn reply(client: u32, response: Response, shown: &[Dot]) -> Effect<VersionVectors> {
    let shown = [(KEY, shown.iter().copied().collect())].into();
    Effect::Reply {
        call: call(client),
        reply: Reply::Ok(Answered { response, shown }),
    }
}

#[test]
fn every_mutant_has_its_story() {
    let told: Vec<&str> = VersionVectors::MUTANTS.iter().map(|m| m.name).collect();
    assert_eq!(told, <Mutant as strum::VariantNames>::VARIANTS);
}

#[test]
fn parameters_that_make_no_sense_are_refused_with_a_remedy() {
    let refused = |parameters: Parameters| VersionVectors::configure(&parameters).expect_err("no");
    let valid = || parameters(None);
    assert!(refused(parameters(Some("typo"))).contains("siblings-dropped-on-merge"));
    let mode = Some("fast".to_owned());
    assert!(refused(Parameters { mode, ..valid() }).contains("has only one mode"));
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
