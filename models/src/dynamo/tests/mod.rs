//! Reactions one at a time, what invariants find, and what each operation costs.

mod costs;
mod invariants;
mod reactions;

use murphy_sim::{ClientId, Effect};

use super::*;
use crate::{
    service::kv::{Key, Response, Shown, Value},
    shared::{
        siblings::{Siblings, Version},
        version_vector::{Dot, DotContext},
    },
};

const NODES: u32 = 5;

fn call(client: u32) -> CallId {
    CallId {
        client: ClientId(client),
        number: 0,
    }
}

fn parameters(mode: &str, mutant: Option<&str>, options: &[(&str, u64)]) -> Parameters {
    let options = options.iter().map(|(name, n)| ((*name).to_owned(), *n));
    Parameters {
        nodes: NODES,
        mode: Some(mode.to_owned()),
        mutant: mutant.map(str::to_owned),
        options: options.collect(),
        ..Parameters::default()
    }
}

fn config(mode: &str, mutant: Option<&str>) -> Config {
    Dynamo::configure(&parameters(mode, mutant, &[])).expect("valid")
}

/// A key that is held by this node, the next ones after it, and no others.
fn key_from(node: u32) -> Key {
    let ring = Ring::new(NODES, 3);
    let mut keys = 0..;
    keys.find(|key| ring.range_of(*key) == Range(node))
        .expect("keys are spread over the ring")
}

fn dot(node: u32, counter: u32) -> Dot {
    let node = NodeId(node);
    Dot { node, counter }
}

fn one(dot: Dot, value: Value, past: &[Dot]) -> Siblings {
    let past: DotContext = past.iter().copied().collect();
    let mut siblings = Siblings::default();
    siblings.write(dot, Version { value, past });
    siblings
}

/// An answer to a client that has been shown these versions of a key by then, and nothing else.
fn reply(client: u32, response: Response, (key, shown): (Key, &[Dot])) -> Effect<Dynamo> {
    let shown: Shown = [(key, shown.iter().copied().collect())].into();
    Effect::Reply {
        call: call(client),
        reply: Reply::Ok(Answered { response, shown }),
    }
}

fn send(to: u32, message: Message) -> Effect<Dynamo> {
    let to = NodeId(to);
    Effect::Send { to, message }
}

fn reached(label: &'static str) -> Effect<Dynamo> {
    Effect::Reached { label }
}

#[test]
fn every_mutant_and_every_mode_has_its_story() {
    let told: Vec<&str> = Dynamo::MUTANTS.iter().map(|m| m.name).collect();
    assert_eq!(told, <Mutant as strum::VariantNames>::VARIANTS);
    let modes: Vec<&str> = Dynamo::MODES.iter().map(|mode| mode.name).collect();
    assert_eq!(modes, <Mode as strum::VariantNames>::VARIANTS);
}

#[test]
fn quorums_that_do_not_keep_their_mode_are_refused_with_a_remedy() {
    let refused = |mode: &str, options: &[(&str, u64)]| {
        Dynamo::configure(&parameters(mode, None, options)).expect_err("no")
    };
    assert!(refused("loose", &[]).contains("strict-quorum, sloppy-quorum, partial-quorum"));
    assert!(refused("strict-quorum", &[("r", 1)]).contains("the mode to `partial-quorum`"));
    assert!(refused("partial-quorum", &[("w", 3)]).contains("the mode to `strict-quorum`"));
    assert!(refused("sloppy-quorum", &[("r", 4)]).contains("set `r` and `w` to 3 at most"));
    assert!(refused("sloppy-quorum", &[("n", 6)]).contains("6 of 5 nodes"));
    assert!(refused("sloppy-quorum", &[("w", 0)]).contains("`w` of 0"));
    let spares = Parameters {
        spares: 1,
        ..parameters("strict-quorum", None, &[])
    };
    assert!(
        Dynamo::configure(&spares)
            .expect_err("no")
            .contains("set `spares` to 0")
    );
}
