//! A partitioned log: brokers that replicate each partition from its leader, a controller that says
//! who leads, and a consumer group.
//!
//! Kreps, Narkhede and Rao, "Kafka: a Distributed Messaging System for Log Processing" (2011), and
//! the design of Apache Kafka since: in-sync replicas and the high watermark ("Replication" in its
//! documentation), leader epochs (KIP-101, KIP-279, KIP-595), changes of the in-sync set (KIP-497),
//! the idempotent producer (KIP-98), the consumer group protocol (KIP-62).
//!
//! The last node is the controller, the others are brokers; each has a copy of every partition and of
//! the partition of the group's offsets, whose leader coordinates the group.
//!
//! # Promise, by mode
//!
//! - **acks-all**: no acknowledged message is lost; messages of one key and producer are in its
//!   order, each once; members of the group are given every message at least once before the group's
//!   position passes it. A message is answered when every replica of the in-sync set has it on disk,
//!   and refused when fewer than `min-in-sync` are in it. `log-acks-all-steady.toml` and
//!   `log-acks-all-under-chaos.toml` test it, the group's part
//!   `log-group-members-come-and-go.toml`, too.
//! - **acks-one**: the same while leaders do not change. `log-acks-one-steady.toml` and
//!   `log-acks-one-under-chaos.toml` test it, `log-acks-one-forgets-what-it-acknowledged.toml` shows
//!   its end.
//! - **acks-none**: an acknowledgement says nothing. `log-acks-none-steady.toml` and
//!   `log-acks-none-under-chaos.toml` test it, `log-acks-none-forgets-what-it-acknowledged.toml`
//!   shows its end.
//!
//! In every mode replicas agree on what is committed, and consumers read nothing else.
//!
//! # Tolerated
//!
//! Crashes of any node with whatever they do to what was not synced, sync errors, stalls and full
//! disks; messages lost, doubled, late and out of order; partitions of any shape; pauses; clocks that
//! do anything at all: time decides when to act, never what is safe. While a partition's whole in-sync
//! set is down it has no leader. The controller is one node here and a replicated one in Kafka.
//!
//! # Not promised
//!
//! That a member is the only reader of its partitions at any moment: one that has not heard of a new
//! assignment may be given messages by a coordinator that has not heard of its end. It cannot commit.
//! Disks that lose or rot what they have synced are outside the promise; Kafka, which by default does
//! not force messages to disk, relies on other replicas there.
//!
//! # Cost
//!
//! With `n` replicas, a message costs two messages to each follower with any of the modes. acks-none
//! answers at once, acks-one after one forced write, acks-all after two forced writes and a round
//! trip between brokers. `tests/costs.rs` pins it.

mod broker;
mod config;
mod controller;
mod coordinator;
mod group;
mod invariants;
mod leader;
mod log;
mod message;
mod replica;
#[cfg(test)]
mod tests;

use murphy_sim::{
    CallId, Context, Digest, Invariant, LogIndex, NodeId, Process, Reply, Role, View,
};

pub use self::{
    broker::Broker,
    config::{Config, Mode, Mutant},
    controller::Controller,
    group::Group,
    log::Log,
    message::{Entry, Epoch, Leadership, Message, Payload, Record, Standing, Timer},
    replica::Replica,
};
use crate::{
    protocol::{self, MutantInfo, Parameters, Protocol},
    service::{
        Service,
        log::{self as service, Request, Response},
    },
};

/// A node of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LogBroker {
    /// The last node.
    Controller(Controller),
    /// Any other.
    Broker(Broker),
}

impl Process for LogBroker {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Request = Request;
    type Response = Response;
    type View = service::View;

    const CARRIES: bool = true;

    fn start(config: &Config, disk: &[Record], ctx: &mut Context<'_, Self>) -> LogBroker {
        if ctx.node() == config.controller() {
            LogBroker::Controller(Controller::start(*config, disk, ctx))
        } else {
            LogBroker::Broker(Broker::start(*config, disk, ctx))
        }
    }

    fn on_request(&mut self, call: CallId, request: Request, ctx: &mut Context<'_, Self>) {
        match self {
            LogBroker::Controller(controller) => {
                let partition = broker::partition_of(controller.config(), &request);
                ctx.reply(call, Reply::Redirect(controller.leader(partition)));
            }
            LogBroker::Broker(broker) => broker.on_request(call, request, ctx),
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, Self>) {
        match self {
            LogBroker::Controller(controller) => controller.on_message(from, message, ctx),
            LogBroker::Broker(broker) => broker.on_message(from, message, ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_, Self>) {
        match (self, timer) {
            (LogBroker::Controller(controller), Timer::Watch) => controller.watch(ctx),
            (LogBroker::Controller(_), timer) => {
                unreachable!("the controller never sets {timer:?}")
            }
            (LogBroker::Broker(broker), timer) => broker.on_timer(timer, ctx),
        }
    }

    fn on_synced(&mut self, upto: LogIndex, ctx: &mut Context<'_, Self>) {
        match self {
            LogBroker::Controller(controller) => controller.synced(upto, ctx),
            LogBroker::Broker(broker) => broker.on_synced(upto, ctx),
        }
    }

    fn role(&self) -> Role {
        match self {
            LogBroker::Controller(_) => Role("controller"),
            LogBroker::Broker(broker) => broker.role(),
        }
    }

    fn view(&self) -> View<service::View> {
        match self {
            LogBroker::Controller(_) => View::nothing(true),
            LogBroker::Broker(broker) => broker.view(),
        }
    }

    fn carry(planned: Request, last: Option<&Response>) -> Request {
        planned.carry(last)
    }

    fn abstraction(&self) -> u64 {
        match self {
            LogBroker::Controller(controller) => {
                Digest::of(&("controller", controller.abstraction()))
            }
            LogBroker::Broker(broker) => Digest::of(&(broker.role().0, broker.abstraction())),
        }
    }
}

impl Protocol for LogBroker {
    const NAME: &'static str = "log-broker";
    const SERVICE: Service = Service::Log;
    const PROMISE: &'static str = "a partitioned log, replicated to an in-sync set, and a consumer \
                                   group that processes at least once; what an acknowledgement is \
                                   worth depends on the mode";
    const MODES: &'static [protocol::Mode] = config::MODES;
    const MUTANTS: &'static [MutantInfo] = config::MUTANTS;
    const ROLES: &'static [&'static str] = &["controller", "coordinator", "leader", "follower"];
    const OPTIONS: &'static [&'static str] = config::OPTIONS;
    const MESSAGES: &'static [&'static str] = <Message as strum::VariantNames>::VARIANTS;
    const LABELS: &'static [&'static str] = &[
        "redirect",
        "elected",
        "leaderless",
        "isr-shrank",
        "isr-grew",
        "leading",
        "deposed",
        "truncated",
        "deduplicated",
        "not-enough-replicas",
        "rebalanced",
        "member-expired",
        "fenced",
        "commit-fenced",
        "poll-ran-out",
    ];

    fn configure(parameters: &Parameters) -> Result<Config, String> {
        Config::read(parameters, Self::NAME)
    }

    fn invariants(config: &Config) -> Vec<Box<dyn Invariant<LogBroker>>> {
        invariants::all(config)
    }
}
