//! Rumour mongering: single reactions, how far rumours get, and every mutant beside its clean twin.

mod epidemic;
mod faults;
mod reactions;

use murphy_sim::testing::React;

use super::*;

fn parameters(nodes: u32, mode: &str, mutant: Option<&str>) -> Parameters {
    Parameters {
        nodes,
        mode: Some(mode.to_owned()),
        mutant: mutant.map(str::to_owned),
        ..Parameters::default()
    }
}

fn config(mode: &str) -> Config {
    RumourMongering::configure(&parameters(2, mode, None)).expect("valid")
}

fn item(node: u32, counter: u32) -> Item {
    let node = NodeId(node);
    Item {
        dot: Dot { node, counter },
        key: 7,
        event: u64::from(100 * node.0 + counter),
    }
}

/// Node 0 of two, with these on its disk.
fn holding(disk: &[Item], config: &Config) -> (React, RumourMongering) {
    let mut react = React::new(NodeId(0), 2);
    let (node, _) = react.start::<RumourMongering>(config, disk);
    (react, node)
}
