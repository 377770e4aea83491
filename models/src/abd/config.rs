//! What a node is told: how many there are, how long to wait, and the planted bug.

use murphy_sim::Span;

use super::mutants::{MUTANTS, Mutant};
use crate::protocol::Parameters;

/// What a node is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// How many nodes.
    pub nodes: u32,
    /// The planted bug.
    pub mutant: Option<Mutant>,
    /// How long a question may go unanswered before it is asked again, the first time.
    pub resend: Span,
}

pub(super) const OPTIONS: &[&str] = &["resend"];

impl Config {
    /// So many nodes, all else as it is by default.
    pub const fn new(nodes: u32) -> Config {
        Config {
            nodes,
            mutant: None,
            resend: Span::millis(50),
        }
    }

    /// What a scenario's parameters come to.
    pub(super) fn from_parameters(parameters: &Parameters) -> Result<Config, String> {
        parameters.know_only(OPTIONS)?;
        let nodes = parameters.nodes;
        if nodes < 3 {
            return Err(format!(
                "abd survives the loss of a minority, which {nodes} nodes do not have: set `nodes` \
                 to 3 or more"
            ));
        }
        if parameters.spares > 0 {
            return Err("abd has a fixed membership here: leave out `spares`".to_owned());
        }
        parameters.chosen_mode::<String>("abd", &[])?;
        let default = Config::new(nodes);
        Ok(Config {
            mutant: parameters.planted("abd", MUTANTS)?,
            resend: parameters.span("resend", default.resend)?,
            ..default
        })
    }

    /// How many nodes are a majority: any two majorities have a node in common.
    pub const fn majority(&self) -> usize {
        self.nodes as usize / 2 + 1
    }

    /// How many nodes a phase waits for.
    pub(super) fn quorum(&self) -> usize {
        if self.has(Mutant::AbdMinorityQuorum) {
            return self.nodes as usize / 2;
        }
        self.majority()
    }

    pub(super) fn has(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_run_is_refused_with_a_remedy() {
        let parameters = Parameters {
            nodes: 2,
            ..Parameters::default()
        };
        let refused = Config::from_parameters(&parameters).unwrap_err();
        assert!(refused.contains("set `nodes` to 3 or more"));
    }

    #[test]
    fn two_majorities_meet_and_two_halves_need_not() {
        for nodes in 3..=7 {
            assert!(2 * Config::new(nodes).quorum() > nodes as usize);
            let mutant = Config {
                mutant: Some(Mutant::AbdMinorityQuorum),
                ..Config::new(nodes)
            };
            assert!(2 * mutant.quorum() <= nodes as usize);
        }
    }
}
