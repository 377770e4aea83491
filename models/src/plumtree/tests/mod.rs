//! Plumtree: single reactions, exact costs, and every mutant beside its clean twin.

mod costs;
mod faults;
mod reactions;

use murphy_sim::testing::React;

use super::*;

fn parameters(nodes: u32, mutant: Option<&str>) -> Parameters {
    Parameters {
        nodes,
        mutant: mutant.map(str::to_owned),
        ..Parameters::default()
    }
}

/// Three nodes, each linked to both others.
fn config(mutant: Option<&str>) -> Config {
    Plumtree::configure(&parameters(3, mutant)).expect("valid")
}

fn item(node: u32, counter: u32) -> Item {
    let node = NodeId(node);
    Item {
        dot: Dot { node, counter },
        key: 7,
        event: u64::from(100 * node.0 + counter),
    }
}

/// Node 0 of three, with these on its disk.
fn holding(disk: &[Item], mutant: Option<&str>) -> (React, Plumtree) {
    let mut react = React::new(NodeId(0), 3);
    let (node, _) = react.start::<Plumtree>(&config(mutant), disk);
    (react, node)
}
