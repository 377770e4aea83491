//! What a node is told: how many nodes there are, the mode, the spans of time, and the planted bug.

use murphy_sim::{NodeId, Span};

use super::{
    message::Members,
    mutants::{MUTANTS, Mutant},
};
use crate::{
    protocol::{self, Parameters},
    shared::lease,
};

/// How a leader makes sure that a read is fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "kebab-case")]
pub enum Mode {
    /// It asks a majority whether it still leads (dissertation, section 6.4).
    ReadIndex,
    /// It trusts clocks, within a bound (dissertation, section 6.4.1).
    Lease,
}

/// What a node is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// The nodes `0..nodes` are members in the beginning; spares come after them.
    pub nodes: u32,
    /// How a leader makes sure that a read is fresh.
    pub mode: Mode,
    /// The planted bug.
    pub mutant: Option<Mutant>,
    /// A follower stands for election when it has heard of no leader for so long, and up to twice
    /// that, drawn.
    pub election_timeout: Span,
    /// How often a leader is heard.
    pub heartbeat: Span,
    /// How many millionths a monotonic clock may run fast or slow: leases rest on it.
    pub drift_ppm: u64,
    /// After so many committed entries there is a new snapshot.
    pub snapshot_every: u64,
    /// How many entries one message carries at most.
    pub batch: u64,
}

pub(super) const MODES: &[protocol::Mode] = &[
    protocol::Mode {
        name: "read-index",
        promise: "linearizable whatever clocks do; serves while a majority does",
    },
    protocol::Mode {
        name: "lease",
        promise: "linearizable while monotonic clocks drift by no more than `drift-ppm`, wall \
                  clocks do anything; reads cost no message",
    },
];

pub(super) const OPTIONS: &[&str] = &[
    "election-timeout",
    "heartbeat",
    "drift-ppm",
    "snapshot-every",
    "batch",
];

impl Config {
    /// So many nodes, all else as it is by default.
    pub const fn new(nodes: u32, mode: Mode) -> Config {
        Config {
            nodes,
            mode,
            mutant: None,
            election_timeout: Span::millis(400),
            heartbeat: Span::millis(100),
            drift_ppm: 1_000,
            snapshot_every: 1_000,
            batch: 256,
        }
    }

    /// What a scenario's parameters come to.
    pub(super) fn read(parameters: &Parameters, name: &str) -> Result<Config, String> {
        parameters.know_only(OPTIONS)?;
        let mode = parameters
            .chosen_mode(name, MODES)?
            .unwrap_or(Mode::ReadIndex);
        let default = Config::new(parameters.nodes, mode);
        let config = Config {
            mutant: parameters.planted(name, MUTANTS)?,
            election_timeout: Span(
                parameters.option("election-timeout", default.election_timeout.0),
            ),
            heartbeat: Span(parameters.option("heartbeat", default.heartbeat.0)),
            drift_ppm: parameters.option("drift-ppm", default.drift_ppm),
            snapshot_every: parameters.option("snapshot-every", default.snapshot_every),
            batch: parameters.option("batch", default.batch),
            ..default
        };
        if config.heartbeat < Span::millis(1) || config.election_timeout <= config.heartbeat {
            return Err(format!(
                "a leader that is heard every {} is deposed after {}: set `heartbeat` to 1ms or \
                 more, and `election-timeout` to more than that",
                config.heartbeat, config.election_timeout
            ));
        }
        lease::check_drift(config.drift_ppm)?;
        if config.snapshot_every == 0 || config.batch == 0 {
            return Err("set `snapshot-every` and `batch` to 1 or more".to_owned());
        }
        Ok(config)
    }

    /// The members in the beginning.
    pub fn members(&self) -> Members {
        (0..self.nodes).map(NodeId).collect()
    }

    /// How long a lease lasts on the leader's clock, so that it ends before an election timeout does
    /// on any follower's: (1 - d) / (1 + d) of it (Gray and Cheriton, "Leases", 1989, section 5).
    pub const fn lease(&self) -> Span {
        let million = 1_000_000;
        let lease = self.election_timeout.0 as u128 * (million - self.drift_ppm as u128);
        Span((lease / (million + self.drift_ppm as u128)) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(options: &[(&str, u64)]) -> Parameters {
        let options = options.iter().map(|(name, n)| ((*name).to_owned(), *n));
        Parameters {
            nodes: 3,
            options: options.collect(),
            ..Parameters::default()
        }
    }

    #[test]
    fn every_mutant_and_mode_that_is_told_of_is_there() {
        for info in MUTANTS {
            let parameters = Parameters {
                mode: (!info.mode.is_empty()).then(|| info.mode.to_owned()),
                mutant: Some(info.name.to_owned()),
                ..parameters(&[])
            };
            let config = Config::read(&parameters, "raft").unwrap();
            assert_eq!(config.mutant.map(<&str>::from), Some(info.name));
        }
    }

    #[test]
    fn what_cannot_run_is_refused_with_a_remedy() {
        let refused =
            |options: &[(&str, u64)]| Config::read(&parameters(options), "raft").unwrap_err();
        assert!(refused(&[("lease", 1)]).contains("options are election-timeout"));
        assert!(refused(&[("heartbeat", 500_000_000)]).contains("set `heartbeat`"));
        assert!(refused(&[("drift-ppm", 1_000_000)]).contains("below 1000000"));
        assert!(refused(&[("batch", 0)]).contains("1 or more"));
        let unknown = Parameters {
            mutant: Some("vote".to_owned()),
            ..parameters(&[])
        };
        let error = Config::read(&unknown, "raft").unwrap_err();
        assert!(error.contains("mutants are vote-not-persisted"));
    }

    #[test]
    fn a_lease_ends_before_the_followers_stop_standing_by_it() {
        let config = Config::new(3, Mode::Lease);
        let fast = 1_000_000 + config.drift_ppm;
        let slow = 1_000_000 - config.drift_ppm;
        // True time, in millionths of what the clocks show.
        let lease_at_most = u128::from(config.lease().0) * 1_000_000 / u128::from(slow);
        let waits_at_least = u128::from(config.election_timeout.0) * 1_000_000 / u128::from(fast);
        assert!(lease_at_most <= waits_at_least);
    }
}
