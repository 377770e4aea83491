//! What a node is told: the cluster's layout, the mode, the spans of time, and the planted bug.

use murphy_sim::{NodeId, Span};

use crate::{
    protocol::{self, MutantInfo, Parameters},
    shared::lease::{check_drift, wait_for_lease},
};

/// When a primary answers a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "kebab-case")]
pub enum Mode {
    /// When every replica of the in-sync set has it on disk.
    Synchronous,
    /// When one backup has it on disk.
    SemiSynchronous,
    /// When its own disk has it.
    Asynchronous,
}

/// The bugs that can be planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "kebab-case")]
pub enum Mutant {
    /// The synchronous primary commits what its own disk has.
    AckBeforeReplicate,
    /// A backup answers reads.
    ReadsOnABackup,
    /// A primary that was granted a lease once never lets go of it.
    OldPrimaryNotFenced,
    /// Leases are measured on the wall clock.
    LeaseOnTheWallClock,
    /// A backup takes any entry that it has for the one that the primary has there.
    CatchUpSkipsTheTail,
    /// A monitor that has restarted does not wait out the lease that it granted before.
    MonitorForgetsItsLease,
}

/// What a node is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Replicas are the nodes `0..replicas`; the monitor is the node after them.
    pub replicas: u32,
    /// When a primary answers a write.
    pub mode: Mode,
    /// The planted bug.
    pub mutant: Option<Mutant>,
    /// How long a lease lasts.
    pub lease: Span,
    /// How many millionths a monotonic clock may run fast or slow.
    pub drift_ppm: u64,
    /// How long a message may go unanswered before it is sent again, the first time.
    pub resend: Span,
    /// How long an idle primary lets a backup wait for a sign of life.
    pub heartbeat: Span,
}

pub(super) const MODES: &[protocol::Mode] = &[
    protocol::Mode {
        name: "synchronous",
        promise: "linearizable; serves while the monitor and one replica that holds everything do",
    },
    protocol::Mode {
        name: "semi-synchronous",
        promise: "linearizable, every acknowledged write on two disks; serves while the monitor \
                  and all replicas but one do",
    },
    protocol::Mode {
        name: "asynchronous",
        promise: "linearizable until a failover, which may lose acknowledged writes; replicas \
                  converge",
    },
];

pub(super) const MUTANTS: &[MutantInfo] = &[
    MutantInfo {
        name: "ack-before-replicate",
        mode: "synchronous",
        anomaly: "lost-write",
        story: "The primary acknowledges a write that only its own disk has; a failover loses it.",
    },
    MutantInfo {
        name: "reads-on-a-backup",
        mode: "synchronous",
        anomaly: "stale-read",
        story: "A backup that has not heard of the last writes answers a read.",
    },
    MutantInfo {
        name: "old-primary-not-fenced",
        mode: "synchronous",
        anomaly: "stale-read",
        story: "The old primary, cut off with a client, keeps answering reads after its lease.",
    },
    MutantInfo {
        name: "lease-on-the-wall-clock",
        mode: "synchronous",
        anomaly: "stale-read",
        story: "The cut-off primary's wall clock is set back, so it takes its lease for longer \
                than the monitor does, and answers reads of the past.",
    },
    MutantInfo {
        name: "catch-up-skips-the-tail",
        mode: "synchronous",
        anomaly: "diverged",
        story: "An old primary returns with writes that nobody else has, and keeps them in place \
                of its successor's.",
    },
    MutantInfo {
        name: "monitor-forgets-its-lease",
        mode: "synchronous",
        anomaly: "stale-read",
        story: "The monitor restarts and promotes a backup at once, while the old primary, which \
                it cannot reach, still reads under its lease.",
    },
];

pub(super) const OPTIONS: &[&str] = &["lease", "drift-ppm", "resend", "heartbeat"];

impl Config {
    /// So many replicas and a monitor, all else as it is by default.
    pub const fn new(replicas: u32, mode: Mode) -> Config {
        Config {
            replicas,
            mode,
            mutant: None,
            lease: Span::millis(500),
            drift_ppm: 1_000,
            resend: Span::millis(25),
            heartbeat: Span::millis(100),
        }
    }

    /// What a scenario's parameters come to.
    pub(super) fn read(parameters: &Parameters, name: &str) -> Result<Config, String> {
        parameters.know_only(OPTIONS)?;
        if parameters.nodes < 3 {
            return Err(format!(
                "primary-backup needs 2 replicas and a monitor, but there are {} nodes: set \
                 `nodes` to 3 or more",
                parameters.nodes
            ));
        }
        if parameters.spares > 0 {
            return Err("primary-backup has a fixed membership: leave out `spares`".to_owned());
        }
        let mode = parameters
            .chosen_mode(name, MODES)?
            .unwrap_or(Mode::Synchronous);
        let default = Config::new(parameters.nodes - 1, mode);
        let config = Config {
            mutant: parameters.planted(name, MUTANTS)?,
            lease: Span(parameters.option("lease", default.lease.0)),
            drift_ppm: parameters.option("drift-ppm", default.drift_ppm),
            resend: Span(parameters.option("resend", default.resend.0)),
            heartbeat: Span(parameters.option("heartbeat", default.heartbeat.0)),
            ..default
        };
        let spans = [
            ("lease", config.lease),
            ("resend", config.resend),
            ("heartbeat", config.heartbeat),
        ];
        if let Some((name, _)) = spans.iter().find(|(_, span)| *span < Span::millis(1)) {
            return Err(format!("`{name}` is too short: set it to 1ms or more"));
        }
        check_drift(config.drift_ppm)?;
        Ok(config)
    }

    /// The monitor.
    pub const fn monitor(&self) -> NodeId {
        NodeId(self.replicas)
    }

    /// Every replica.
    pub fn members(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.replicas).map(NodeId)
    }

    /// How long the monitor waits, from a grant, for a lease to be over on any clock.
    pub const fn wait_for_lease(&self) -> Span {
        wait_for_lease(self.lease, self.drift_ppm)
    }

    pub(super) fn has(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(nodes: u32) -> Parameters {
        Parameters {
            nodes,
            ..Parameters::default()
        }
    }

    #[test]
    fn every_mutant_and_mode_that_is_told_of_is_there() {
        for info in MUTANTS {
            let parameters = Parameters {
                mode: Some(info.mode.to_owned()),
                mutant: Some(info.name.to_owned()),
                ..parameters(4)
            };
            let config = Config::read(&parameters, "primary-backup").unwrap();
            assert_eq!(config.mutant.map(<&str>::from), Some(info.name));
            assert_eq!(<&str>::from(config.mode), info.mode);
        }
    }

    #[test]
    fn what_cannot_run_is_refused_with_a_remedy() {
        let refused =
            |parameters: &Parameters| Config::read(parameters, "primary-backup").unwrap_err();
        assert!(refused(&parameters(2)).contains("set `nodes` to 3 or more"));
        let mut odd = parameters(4);
        odd.mode = Some("sync".to_owned());
        assert!(refused(&odd).contains("modes are synchronous, semi-synchronous, asynchronous"));
        let mut odd = parameters(4);
        odd.options.insert("lease".to_owned(), 0);
        assert!(refused(&odd).contains("`lease` is too short"));
        let mut odd = parameters(4);
        odd.options.insert("leese".to_owned(), 1);
        assert!(refused(&odd).contains("options are lease"));
    }

    #[test]
    fn the_monitor_waits_longer_than_the_slowest_lease_lasts() {
        let config = Config::new(3, Mode::Synchronous);
        let (lease, wait) = (config.lease.0 as u128, config.wait_for_lease().0 as u128);
        let drift = u128::from(config.drift_ppm);
        // True time on a slow clock against true time on a fast one.
        assert!(wait * (1_000_000 - drift) >= lease * (1_000_000 + drift));
    }
}
