//! What a node is told: the cluster's layout, the mode, the spans of time, and the planted bug.

use murphy_sim::{NodeId, Span};

use super::mutants::{MUTANTS, Mutant};
use crate::{
    protocol::{self, Parameters},
    shared::lease,
};

/// Who answers reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "kebab-case")]
pub enum Mode {
    /// The tail.
    Chain,
    /// Every node of the chain; it asks the tail about a key with an update in process.
    Craq,
}

/// What a node is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Replicas are the nodes `0..replicas`; the master is the node after them.
    pub replicas: u32,
    /// Who answers reads.
    pub mode: Mode,
    /// The planted bug.
    pub mutant: Option<Mutant>,
    /// How long a lease lasts.
    pub lease: Span,
    /// How many millionths a monotonic clock may run fast or slow.
    pub drift_ppm: u64,
    /// How long an update may go unacknowledged before it is sent again, the first time.
    pub resend: Span,
    /// How often a node outside the chain asks to be let in.
    pub hello: Span,
}

pub(super) const MODES: &[protocol::Mode] = &[
    protocol::Mode {
        name: "chain",
        promise: "linearizable; serves while the master and one node of the chain do",
    },
    protocol::Mode {
        name: "craq",
        promise: "linearizable, with reads at every node of the chain",
    },
];

pub(super) const OPTIONS: &[&str] = &["lease", "drift-ppm", "resend", "hello"];

impl Config {
    /// So many replicas and a master, all else as it is by default.
    pub const fn new(replicas: u32, mode: Mode) -> Config {
        Config {
            replicas,
            mode,
            mutant: None,
            lease: Span::millis(500),
            drift_ppm: 1_000,
            resend: Span::millis(50),
            hello: Span::millis(100),
        }
    }

    /// What a scenario's parameters come to.
    pub(super) fn read(parameters: &Parameters, name: &str) -> Result<Config, String> {
        parameters.know_only(OPTIONS)?;
        if parameters.nodes < 3 {
            return Err(format!(
                "chain needs 2 replicas and a master, but there are {} nodes: set `nodes` to 3 or \
                 more",
                parameters.nodes
            ));
        }
        if parameters.spares > 0 {
            return Err("chain reconfigures among the nodes that start: leave out `spares`".into());
        }
        let mode = parameters.chosen_mode(name, MODES)?.unwrap_or(Mode::Chain);
        let default = Config::new(parameters.nodes - 1, mode);
        let config = Config {
            mutant: parameters.planted(name, MUTANTS)?,
            lease: Span(parameters.option("lease", default.lease.0)),
            drift_ppm: parameters.option("drift-ppm", default.drift_ppm),
            resend: Span(parameters.option("resend", default.resend.0)),
            hello: Span(parameters.option("hello", default.hello.0)),
            ..default
        };
        let spans = [
            ("lease", config.lease),
            ("resend", config.resend),
            ("hello", config.hello),
        ];
        if let Some((name, _)) = spans.iter().find(|(_, span)| *span < Span::millis(1)) {
            return Err(format!("`{name}` is too short: set it to 1ms or more"));
        }
        lease::check_drift(config.drift_ppm)?;
        Ok(config)
    }

    /// The master.
    pub const fn master(&self) -> NodeId {
        NodeId(self.replicas)
    }

    /// Every replica.
    pub fn replicas(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.replicas).map(NodeId)
    }

    /// How long the master waits, from a grant, for a lease to be over on any clock.
    pub const fn wait_for_lease(&self) -> Span {
        lease::wait_for_lease(self.lease, self.drift_ppm)
    }

    pub(super) fn has(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}
