//! What a node is told: the cluster's layout, what an acknowledgement waits for, the spans of time,
//! and the planted bug.

use murphy_sim::{NodeId, Span};

use crate::{
    protocol::{self, MutantInfo, Parameters},
    service::log::{Key, Partition},
};

/// What a leader waits for before it acknowledges a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "kebab-case")]
pub enum Mode {
    /// That every replica of the in-sync set has it on disk.
    AcksAll,
    /// That its own disk has it.
    AcksOne,
    /// Nothing.
    AcksNone,
}

/// The bugs that can be planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Mutant {
    /// Consumers are given everything that the leader has.
    ConsumerReadsBeyondTheHighWatermark,
    /// When nobody of the in-sync set is there, the controller makes do with anybody.
    UncleanLeaderElection,
    /// Whoever begins to follow cuts its log at its own high watermark.
    TruncatesByHighWatermark,
    /// The coordinator commits what it gives out in a poll.
    OffsetCommittedBeforeProcessing,
    /// The coordinator does not look at generations.
    RebalanceWithoutFencing,
    /// A leader acknowledges what its own disk has.
    AckBeforeIsr,
    /// A leader appends whatever it is sent.
    SequenceIgnored,
}

/// What a node is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Brokers are the nodes `0..brokers`; the controller is the node after them.
    pub brokers: u32,
    /// Partitions of the topic, each on every broker. One more holds the group's offsets.
    pub partitions: u32,
    /// What an acknowledgement waits for.
    pub mode: Mode,
    /// The planted bug.
    pub mutant: Option<Mutant>,
    /// With fewer replicas in sync, `acks-all` refuses messages.
    pub min_in_sync: usize,
    /// How often brokers say that they are there, and followers ask again.
    pub heartbeat: Span,
    /// A broker that the controller has not heard of for so long is not there.
    pub session: Span,
    /// A follower that has not caught up for so long is not in sync.
    pub lag: Span,
    /// A member that has not polled for so long has left the group.
    pub member_session: Span,
    /// How long a poll waits for the leader of a partition.
    pub poll_wait: Span,
}

pub(super) const MODES: &[protocol::Mode] = &[
    protocol::Mode {
        name: "acks-all",
        promise: "no acknowledged message is lost as long as disks keep what they have synced; \
                  members of the group process each at least once, those of one key in the order of \
                  their producer",
    },
    protocol::Mode {
        name: "acks-one",
        promise: "as acks-all while leaders stay up and in touch; a change of leader may lose \
                  acknowledged messages",
    },
    protocol::Mode {
        name: "acks-none",
        promise: "as acks-all for what is read; an acknowledgement says nothing",
    },
];

pub(super) const MUTANTS: &[MutantInfo] = &[
    MutantInfo {
        name: "consumer-reads-beyond-the-high-watermark",
        mode: "acks-all",
        anomaly: "inconsistent-offsets",
        story: "A leader that is cut off gives consumers messages that no follower has; its \
                successor puts others at the same offsets.",
    },
    MutantInfo {
        name: "unclean-leader-election",
        mode: "acks-all",
        anomaly: "lost-write",
        story: "When the whole in-sync set is down, the controller makes a broker the leader that \
                has not kept up; the others cut their logs to match.",
    },
    MutantInfo {
        name: "truncates-by-high-watermark",
        mode: "acks-all",
        anomaly: "lost-write",
        story: "A follower that returns cuts its log at its own high watermark, which lags, and is \
                elected before it has fetched the rest again (KIP-101, scenario 1).",
    },
    MutantInfo {
        name: "offset-committed-before-processing",
        mode: "acks-all",
        anomaly: "lost-message",
        story: "The group's position moves when messages are given out: the answer is lost, and \
                whoever continues goes on behind them.",
    },
    MutantInfo {
        name: "rebalance-without-fencing",
        mode: "acks-all",
        anomaly: "nonmonotonic-commit",
        story: "A member goes on with partitions that were given to another, and its commits take \
                the group's position back.",
    },
    MutantInfo {
        name: "ack-before-isr",
        mode: "acks-all",
        anomaly: "lost-write",
        story: "The leader acknowledges a message that only its own disk has; its successor has \
                never heard of it.",
    },
    MutantInfo {
        name: "sequence-ignored",
        mode: "acks-all",
        anomaly: "duplicate-message",
        story: "The leader does not look at sequence numbers: a producer that asks again has its \
                message in the log twice.",
    },
];

pub(super) const OPTIONS: &[&str] = &[
    "partitions",
    "min-in-sync",
    "heartbeat",
    "session",
    "lag",
    "member-session",
    "poll-wait",
];

impl Config {
    /// So many brokers and a controller, all else as it is by default.
    pub const fn new(brokers: u32, mode: Mode) -> Config {
        Config {
            brokers,
            partitions: 2,
            mode,
            mutant: None,
            min_in_sync: 2,
            heartbeat: Span::millis(50),
            session: Span::millis(400),
            lag: Span::millis(200),
            member_session: Span::millis(800),
            poll_wait: Span::millis(150),
        }
    }

    /// What a scenario's parameters come to.
    pub(super) fn read(parameters: &Parameters, name: &str) -> Result<Config, String> {
        parameters.know_only(OPTIONS)?;
        if parameters.nodes < 3 {
            return Err(format!(
                "log-broker needs 2 brokers and a controller, but there are {} nodes: set `nodes` \
                 to 3 or more",
                parameters.nodes
            ));
        }
        if parameters.spares > 0 {
            return Err("log-broker has a fixed membership: leave out `spares`".to_owned());
        }
        let mode = parameters
            .chosen_mode(name, MODES)?
            .unwrap_or(Mode::AcksAll);
        let default = Config::new(parameters.nodes - 1, mode);
        let span = |name: &str, default: Span| match Span(parameters.option(name, default.0)) {
            span if span < Span::millis(1) => {
                Err(format!("`{name}` is too short: set it to 1ms or more"))
            }
            span => Ok(span),
        };
        let partitions = parameters.option("partitions", u64::from(default.partitions));
        if !(1..=64).contains(&partitions) {
            return Err(format!(
                "`partitions` is {partitions}: write a number from 1 to 64"
            ));
        }
        let min_in_sync = parameters.option("min-in-sync", default.min_in_sync as u64);
        if !(1..=u64::from(default.brokers)).contains(&min_in_sync) {
            return Err(format!(
                "`min-in-sync` is {min_in_sync}: write a number from 1 to {}, the number of brokers",
                default.brokers
            ));
        }
        Ok(Config {
            partitions: partitions as u32,
            min_in_sync: min_in_sync as usize,
            mutant: parameters.planted(name, MUTANTS)?,
            heartbeat: span("heartbeat", default.heartbeat)?,
            session: span("session", default.session)?,
            lag: span("lag", default.lag)?,
            member_session: span("member-session", default.member_session)?,
            poll_wait: span("poll-wait", default.poll_wait)?,
            ..default
        })
    }

    /// The controller.
    pub const fn controller(&self) -> NodeId {
        NodeId(self.brokers)
    }

    /// Every broker.
    pub fn members(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.brokers).map(NodeId)
    }

    /// Every broker, the one that should lead this partition first.
    pub(super) fn preferred(&self, partition: Partition) -> impl Iterator<Item = NodeId> + use<> {
        let brokers = self.brokers;
        (0..brokers).map(move |i| NodeId((partition + i) % brokers))
    }

    /// Where messages of this key go.
    pub const fn partition_of(&self, key: Key) -> Partition {
        key % self.partitions
    }

    /// Where the group's offsets are: its leader is the group's coordinator.
    pub const fn offsets(&self) -> Partition {
        self.partitions
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
        let told: Vec<&str> = MUTANTS.iter().map(|mutant| mutant.name).collect();
        assert_eq!(told, <Mutant as strum::VariantNames>::VARIANTS);
        for info in MUTANTS {
            let parameters = Parameters {
                mode: Some(info.mode.to_owned()),
                mutant: Some(info.name.to_owned()),
                ..parameters(4)
            };
            let config = Config::read(&parameters, "log-broker").expect("it is told of");
            assert_eq!(<&str>::from(config.mode), info.mode);
        }
    }

    #[test]
    fn what_cannot_run_is_refused_with_a_remedy() {
        let refused = |parameters: &Parameters| {
            Config::read(parameters, "log-broker").expect_err("it cannot run")
        };
        let option = |name: &str, value| {
            let mut parameters = parameters(4);
            parameters.options.insert(name.to_owned(), value);
            refused(&parameters)
        };
        assert!(refused(&parameters(2)).contains("set `nodes` to 3 or more"));
        assert!(option("partitions", 0).contains("from 1 to 64"));
        assert!(option("min-in-sync", 4).contains("from 1 to 3"));
        assert!(option("lag", 0).contains("1ms or more"));
        assert!(option("size", 1).contains("partitions, min-in-sync"));
    }
}
