//! SWIM with suspicion: a group in which every member probes one other a period, and tells what it hears
//! along with its probes.
//!
//! Das, Gupta & Motivala, SWIM: Scalable Weakly-consistent Infection-style Process Group Membership
//! Protocol (DSN 2002), sections 3 and 4: `Ping`, and through k others `PingReq`; members in turn, the
//! turns shuffled; updates piggybacked lambda log n times; `Suspect`, `Alive` and `Confirm` with
//! incarnations. Promise:
//! - strong completeness: who stays down is confirmed to have failed by everyone, in 2n-1 periods, a
//!   suspicion and a dissemination (`swim-steady.toml`, `swim-crashes.toml`,
//!   `swim-under-chaos.toml`; where whom to probe is drawn, `swim-random-*.toml`);
//! - accuracy: who was out of reach for less than a suspicion, less the time that a refutation takes, is
//!   never confirmed to have failed, though messages are lost (`swim-under-loss.toml`,
//!   `swim-short-pauses.toml`);
//! - where only links between pairs are cut, nobody is even suspected (`swim-link-cut.toml`);
//! - who is back in reach is taken back, and then all hold the same list (`swim-partition-heals.toml`).
//!
//! Tolerates crashes of any number of nodes as long as what was synced survives, lost, doubled, late
//! and reordered messages, partitions, pauses, clocks that drift by a few hundred millionths; no
//! clock is asked for the time. Not promised: agreement at any one moment, accuracy while nodes are out
//! of reach for longer, anything with a lost disk. When nothing fails each member sends one `Ping` a
//! period and answers one on average: two messages, whatever n; and one forced write at each start.
//!
//! What the paper leaves open. The group is named beforehand, and whoever starts asks any member for
//! its list (`Join`). Rejoining: a node counts its lives on disk, and a life is durable before it is
//! told; to the paper each is another member, whose incarnations begin at 0, and a later life overrides
//! `Confirm` of an earlier one. Who hears that its own life is confirmed to have failed begins the
//! next. Every period one of those confirmed to have failed is pinged in turn, or two sides of a
//! partition would never meet. A message to a member says what is held against it (Dadgar et al.,
//! Lifeguard, 2018, calls this the buddy system), so that it can refute it.

mod config;
mod invariants;
mod mutants;
mod node;
mod order;
mod rumours;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use murphy_sim::{
    CallId, Context, Digest, Invariant, LogIndex, NodeId, Process, Reply, Role, Span, View,
};
use serde::{Deserialize, Serialize};

use self::{config::default_suspicion, mutants::MUTANTS};
pub use self::{
    config::{Config, Mode},
    invariants::{FailuresWereSuspected, IncarnationsAreOwn, ListsAdvance, LivesAreNew},
    mutants::Mutant,
    node::Swim,
    rumours::Update,
};
use crate::{
    protocol::{self, MutantInfo, Parameters, Protocol},
    service::{
        Service,
        membership::{self, Bounds, Member, Request, Response, Status},
    },
};

/// One probe: who wants to know whether whom is up. Unique for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Probe {
    /// Who wants to know,
    pub origin: NodeId,
    /// in which of its lives,
    pub life: u32,
    /// and the how-manieth time in this life; 0 where nobody waits for the answer.
    pub number: u32,
    /// Who is asked.
    pub target: NodeId,
}

/// What nodes say to each other. What is piggybacked comes with everything.
#[derive(
    Clone,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
    strum::VariantNames,
)]
pub enum Message {
    /// Are you there? From the origin, or from a member that it has asked.
    Ping {
        /// For whom.
        probe: Probe,
        /// What else there is to tell.
        updates: Vec<Update>,
    },
    /// Is it there? I do not hear from it.
    PingReq {
        /// Who is meant.
        probe: Probe,
        /// What else there is to tell.
        updates: Vec<Update>,
    },
    /// The target is there. To whoever pinged it, who passes it on to the origin.
    Ack {
        /// Which probe it answers.
        probe: Probe,
        /// What else there is to tell.
        updates: Vec<Update>,
    },
    /// I have begun to live: tell me whom you know.
    Join {
        /// What else there is to tell: of the new life.
        updates: Vec<Update>,
    },
    /// Whom I know.
    Roster {
        /// All members, the sender included.
        members: Vec<Update>,
    },
}

/// What nodes remind themselves of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// The period is over, and the next begins.
    Period,
    /// Whoever was pinged in this period should have answered.
    Timeout,
    /// This member has been suspected for long enough.
    Suspicion(NodeId),
}

/// What a node writes: it begins its how-manieth life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Life(pub u32);

impl Process for Swim {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Life;
    type Request = Request;
    type Response = Response;
    type View = membership::View;

    fn start(config: &Config, disk: &[Life], ctx: &mut Context<Swim>) -> Swim {
        Swim::restore(*config, disk, ctx)
    }

    fn on_request(&mut self, call: CallId, Request::Members: Request, ctx: &mut Context<Swim>) {
        if !self.is_member() {
            return ctx.reply(call, Reply::Redirect(None));
        }
        let by = ctx.node();
        let members: BTreeMap<NodeId, Member> = self.everyone().collect();
        ctx.reply(call, Reply::Ok(Response::Members { by, members }));
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Swim>) {
        if !self.is_member() {
            // It has no life yet that it could answer in.
            return;
        }
        match message {
            Message::Ping { probe, updates } => {
                self.hear_all(updates, ctx);
                self.pinged(from, probe, ctx);
            }
            Message::PingReq { probe, updates } => {
                self.hear_all(updates, ctx);
                self.asked_to_probe(from, probe, ctx);
            }
            Message::Ack { probe, updates } => {
                self.hear_all(updates, ctx);
                self.answered(probe, ctx);
            }
            Message::Join { updates } => {
                self.hear_all(updates, ctx);
                self.welcome(from, ctx);
            }
            Message::Roster { members } => self.welcomed(members, ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<Swim>) {
        match timer {
            Timer::Period => self.next_period(ctx),
            Timer::Timeout => self.probe_indirectly(ctx),
            Timer::Suspicion(member) => self.confirm(member, ctx),
        }
    }

    fn on_synced(&mut self, upto: LogIndex, ctx: &mut Context<Swim>) {
        self.synced(upto, ctx);
    }

    fn role(&self) -> Role {
        Role("member")
    }

    fn view(&self) -> View<membership::View> {
        if !self.is_member() {
            return View::nothing(false);
        }
        let held: membership::View = self.everyone().map(|(m, held)| (m, held.status)).collect();
        View {
            of: 0,
            settled: !held.values().any(|status| *status == Status::Suspect),
            state: Some(held),
        }
    }

    fn abstraction(&self) -> u64 {
        let count = |status| self.everyone().filter(|(_, m)| m.status == status).count();
        Digest::of(&(
            self.is_member(),
            count(Status::Suspect),
            count(Status::Failed),
        ))
    }
}

impl Protocol for Swim {
    const NAME: &'static str = "swim";
    const SERVICE: Service = Service::Membership;
    const PROMISE: &'static str = "who stays down is confirmed to have failed by all in bounded \
         time, nobody else is, and all come to hold the same list";
    const MODES: &'static [protocol::Mode] = &[
        protocol::Mode {
            name: "round-robin",
            promise: "who stays down is confirmed to have failed by all within 2n-1 periods, a \
                      suspicion and a dissemination; nobody else is",
        },
        protocol::Mode {
            name: "random",
            promise: "who stays down is confirmed to have failed by all, first suspected after \
                      e/(e-1) periods on average; nobody else is",
        },
    ];
    const MUTANTS: &'static [MutantInfo] = MUTANTS;
    const ROLES: &'static [&'static str] = &["member"];
    const OPTIONS: &'static [&'static str] = &[
        "period",
        "timeout",
        "helpers",
        "lambda",
        "suspicion",
        "batch",
    ];
    const MESSAGES: &'static [&'static str] = <Message as strum::VariantNames>::VARIANTS;
    const LABELS: &'static [&'static str] = &[
        "joined",
        "welcomed",
        "probed-indirectly",
        "answered-indirectly",
        "suspected",
        "refuted",
        "confirmed",
        "rejoined",
        "taken-back",
    ];

    fn configure(parameters: &Parameters) -> Result<Config, String> {
        parameters.know_only(Self::OPTIONS)?;
        if parameters.spares > 0 {
            return Err("swim has no use for spare nodes: set `spares` to 0".to_owned());
        }
        let period = parameters.span("period", Span::millis(100))?;
        let timeout = parameters.span("timeout", Span::millis(30))?;
        if timeout * 3 > period {
            return Err(format!(
                "`timeout` of {timeout} leaves no time for an indirect probe: `period` must be three \
                 times as long at least"
            ));
        }
        let nodes = parameters.nodes;
        let lambda = u32::try_from(parameters.count("lambda", 3)?).unwrap_or(u32::MAX);
        if lambda > 1_000 {
            return Err(format!(
                "`lambda` of {lambda} tells everything for ever: write a number up to 1000"
            ));
        }
        let suspicion = default_suspicion(nodes, lambda, period);
        Ok(Config {
            nodes,
            mode: parameters
                .chosen_mode(Self::NAME, Self::MODES)?
                .unwrap_or(Mode::RoundRobin),
            period,
            timeout,
            helpers: parameters.count("helpers", 3)?,
            lambda,
            suspicion: parameters.span("suspicion", suspicion)?,
            batch: parameters.count("batch", 8)?,
            mutant: parameters.planted(Self::NAME, Self::MUTANTS)?,
        })
    }

    fn bounds(config: &Config) -> Option<Bounds> {
        Some(config.bounds())
    }

    fn invariants(_: &Config) -> Vec<Box<dyn Invariant<Swim>>> {
        invariants::all()
    }
}
