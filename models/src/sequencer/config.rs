//! What a node of the sequencer's group is told.

use murphy_sim::{NodeId, Span};

use super::mutants::{MUTANTS, Mutant};
use crate::{protocol::Parameters, shared::log::Epoch};

/// What a node is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Nodes.
    pub nodes: u32,
    /// The sequencer gives a sign of life this often.
    pub heartbeat: Span,
    /// A node takes over when it has heard nothing for this long, or for up to twice as long.
    pub patience: Span,
    /// The planted bug.
    pub mutant: Option<Mutant>,
}

pub(super) const OPTIONS: &[&str] = &["heartbeat", "patience"];

impl Config {
    /// So many nodes, and everything else as it is by default.
    pub const fn new(nodes: u32) -> Config {
        Config {
            nodes,
            heartbeat: Span::millis(50),
            patience: Span::millis(250),
            mutant: None,
        }
    }

    pub(super) fn read(parameters: &Parameters, name: &str) -> Result<Config, String> {
        parameters.know_only(OPTIONS)?;
        parameters.chosen_mode::<String>(name, &[])?;
        if parameters.spares > 0 {
            return Err(format!(
                "{name} has a fixed group of nodes: remove `spares`"
            ));
        }
        let default = Config::new(parameters.nodes);
        Ok(Config {
            heartbeat: parameters.span("heartbeat", default.heartbeat)?,
            patience: parameters.span("patience", default.patience)?,
            mutant: parameters.planted(name, MUTANTS)?,
            ..default
        })
    }

    /// Who orders the events of an epoch.
    pub const fn sequencer(&self, epoch: Epoch) -> NodeId {
        NodeId((epoch.0 % self.nodes as u64) as u32)
    }

    /// The first epoch after this one that a node is the sequencer of.
    pub(super) const fn next_of(&self, node: NodeId, after: Epoch) -> Epoch {
        let nodes = self.nodes as u64;
        let behind = (node.0 as u64 + nodes - (after.0 + 1) % nodes) % nodes;
        Epoch(after.0 + 1 + behind)
    }

    /// More than half of the nodes.
    pub(super) const fn majority(&self) -> usize {
        self.nodes as usize / 2 + 1
    }

    pub(super) fn has(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_epoch_has_one_sequencer_and_every_node_has_epochs_to_come() {
        let config = Config::new(3);
        for after in 0..7 {
            for node in 0..3 {
                let next = config.next_of(NodeId(node), Epoch(after));
                assert_eq!(config.sequencer(next), NodeId(node));
                assert!((after + 1..=after + 3).contains(&next.0), "{after} {node}");
            }
        }
    }
}
