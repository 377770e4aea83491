//! What a replica is told: how many there are, the spans of time, and the planted bug.

use murphy_sim::{NodeId, Span};

use super::{
    message::ViewNumber,
    mutants::{MUTANTS, Mutant},
};
use crate::protocol::Parameters;

/// What a replica is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// How many replicas: 2f + 1, of which f may fail.
    pub replicas: u32,
    /// The planted bug.
    pub mutant: Option<Mutant>,
    /// How often a primary says what is committed, and sends again what is not acknowledged.
    pub heartbeat: Span,
    /// How long a backup waits for its primary before it wants another view.
    pub patience: Span,
}

pub(super) const OPTIONS: &[&str] = &["heartbeat", "patience"];

impl Config {
    /// So many replicas, all else as it is by default.
    pub const fn new(replicas: u32) -> Config {
        Config {
            replicas,
            mutant: None,
            heartbeat: Span::millis(50),
            patience: Span::millis(300),
        }
    }

    /// What a scenario's parameters come to.
    pub(super) fn from_parameters(parameters: &Parameters) -> Result<Config, String> {
        parameters.know_only(OPTIONS)?;
        let nodes = parameters.nodes;
        if nodes < 3 || nodes.is_multiple_of(2) {
            return Err(format!(
                "viewstamped needs 2f + 1 replicas, but there are {nodes} nodes: set `nodes` to 3, \
                 5 or 7"
            ));
        }
        if parameters.spares > 0 {
            return Err("viewstamped has a fixed membership here: leave out `spares`".to_owned());
        }
        parameters.chosen_mode::<String>("viewstamped", &[])?;
        let default = Config::new(nodes);
        Ok(Config {
            mutant: parameters.planted("viewstamped", MUTANTS)?,
            heartbeat: parameters.span("heartbeat", default.heartbeat)?,
            patience: parameters.span("patience", default.patience)?,
            ..default
        })
    }

    /// How many replicas may fail.
    pub const fn f(&self) -> usize {
        (self.replicas as usize - 1) / 2
    }

    /// Who is primary in a view: they take turns.
    pub const fn primary(&self, view: ViewNumber) -> NodeId {
        NodeId((view.0 % self.replicas as u64) as u32)
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
        let refused = |nodes| {
            let parameters = Parameters {
                nodes,
                ..Parameters::default()
            };
            Config::from_parameters(&parameters).unwrap_err()
        };
        assert!(refused(2).contains("set `nodes` to 3, 5 or 7"));
        assert!(refused(4).contains("set `nodes` to 3, 5 or 7"));
    }
}
