//! One reaction at a time; which claim overrides which; what a period costs and how long things take;
//! what each invariant shows.

mod costs;
mod invariants;
mod order;
mod reactions;

use murphy_sim::{Effect, NodeId, testing::React};

use super::*;
use crate::service::membership::Incarnation;

const N0: NodeId = NodeId(0);
const N1: NodeId = NodeId(1);
const N2: NodeId = NodeId(2);

type Effects = Vec<Effect<Swim>>;

fn parameters(nodes: u32, mode: &str, mutant: Option<Mutant>) -> Parameters {
    Parameters {
        nodes,
        mode: Some(mode.to_owned()),
        mutant: mutant.map(|mutant| <&str>::from(mutant).to_owned()),
        ..Parameters::default()
    }
}

fn config(nodes: u32) -> Config {
    Swim::configure(&parameters(nodes, "round-robin", None)).expect("the defaults are possible")
}

/// What is said of a member in its first life.
fn said(status: Status, number: u32) -> Member {
    in_life(status, 1, number)
}

fn in_life(status: Status, life: u32, number: u32) -> Member {
    let incarnation = Incarnation { life, number };
    Member {
        status,
        incarnation,
    }
}

/// Node 0, in its first life and given a list in which all others are in theirs.
fn member(config: &Config) -> (React, Swim) {
    let mut react = React::new(N0, config.nodes);
    let (mut swim, _) = react.start::<Swim>(config, &[]);
    react.on_synced(&mut swim);
    let others = (1..config.nodes).map(|n| (NodeId(n), said(Status::Alive, 0)));
    let members = others.collect();
    react.on_message(&mut swim, N1, Message::Roster { members });
    // What it has heard so far it has told.
    let (batch, times) = (config.batch, config.times());
    while !swim.rumours_mut().take(batch, times).is_empty() {}
    (react, swim)
}

/// A probe of node 1 by node 0.
const fn probe(number: u32) -> Probe {
    Probe {
        origin: N0,
        life: 1,
        number,
        target: N1,
    }
}

const fn reached(label: &'static str) -> Effect<Swim> {
    Effect::Reached { label }
}

const fn send(to: NodeId, message: Message) -> Effect<Swim> {
    Effect::Send { to, message }
}
