//! Raft: a replicated log under an elected leader, with everything that it takes to run for long.
//!
//! Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm (Extended Version)"
//! (2014); numbers of sections and figures are that paper's. What it leaves open is after Ongaro's
//! dissertation, "Consensus: Bridging Theory and Practice" (2014): pre-vote and leaders that others
//! stand by (9.6, 4.2.3), check-quorum (6.2), ReadIndex and leases (6.4), snapshots (5), changes of
//! membership by one node at a time (4) with the correction of 2015 (an entry of the leader's own
//! term first), sessions (6.3), leadership transfer (3.10), writing to the leader's disk in parallel
//! (10.2.1).
//!
//! # Promise, by mode
//!
//! - **read-index**: linearizable, each call applied at most once under however many attempts,
//!   whatever clocks do; serves while a majority of the members does. `raft-steady.toml`,
//!   `raft-under-chaos.toml` and `raft-on-bad-clocks.toml` test it; `raft-snapshots-*.toml` with
//!   snapshots, `raft-membership-*.toml` with members that come and go.
//! - **lease**: the same, while monotonic clocks (over pauses too) run within `drift-ppm` of true
//!   time; wall clocks may be off, jump, stand still. A leader reads from memory.
//!   `raft-lease-*.toml` test it.
//!
//! # Tolerated
//!
//! Crashes of any node with whatever they do to what was not synced; sync errors (the node gives up
//! and starts again), stalls, full and slow disks: `raft-on-bad-disks.toml`. Messages lost, doubled,
//! late and out of order, partitions of any shape, pauses.
//!
//! Not promised: anything once a disk has lost or corrupted what it had synced; progress without a
//! majority; that an operator's change is made when there is no leader to ask.
//!
//! # Cost when nothing fails, for n members
//!
//! A write: 2(n - 1) messages, a forced write on each disk, all at once, and four message delays from
//! the client and back. A read: 2(n - 1) messages and four delays in mode read-index, none and two
//! under a lease; no forced write. `tests/costs.rs` counts them.

mod config;
mod election;
mod invariants;
mod leader;
mod log;
mod membership;
mod message;
mod mutants;
mod reads;
mod replication;
mod snapshot;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use murphy_sim::{
    CallId, Context, Digest, Invariant, LogIndex, Membership, NodeId, Process, Reply, Role, Time,
    View,
};

pub use self::{
    config::{Config, Mode},
    leader::Leader,
    message::{Entry, Index, Members, Message, Payload, Position, Record, Term, Timer},
    mutants::Mutant,
    snapshot::{Machine, Snapshot},
};
use self::{leader::Follower, log::Log, log::Then};
use crate::{
    protocol::{self, MutantInfo, Parameters, Protocol},
    service::{Service, kv},
};

type Ctx<'a> = Context<'a, Raft>;

/// A node's state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Raft {
    me: NodeId,
    config: Config,
    log: Log,
    /// What is committed and applied.
    commit: Index,
    machine: Machine,
    /// When a leader was last heard of, by the monotonic clock.
    heard: Option<Time>,
    part: Part,
}

/// What a node takes itself for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Part {
    /// Of the leader of this term, if it is known.
    Follower(Option<NodeId>),
    /// No member, as somebody who knows more has said.
    Outsider,
    /// Asks who would vote for it.
    PreCandidate(BTreeSet<NodeId>),
    /// Asks for votes; these it has.
    Candidate(BTreeSet<NodeId>),
    /// Of this term.
    Leader(Box<Leader>),
}

impl Raft {
    const fn has(&self, mutant: Mutant) -> bool {
        match self.config.mutant {
            Some(planted) => planted as u8 == mutant as u8,
            None => false,
        }
    }

    /// Does this when the disk has got so far, which may be now.
    fn when_durable(&mut self, record: LogIndex, then: Then, ctx: &mut Ctx<'_>) {
        if self.log.is_durable(record) {
            self.act(then, ctx);
        } else {
            self.log.wait(record, then);
        }
    }

    fn say_when_durable(
        &mut self,
        record: LogIndex,
        to: NodeId,
        message: Message,
        ctx: &mut Ctx<'_>,
    ) {
        let then = Then::Say(to, self.log.term(), message);
        self.when_durable(record, then, ctx);
    }

    /// Says it when the term that it is said in is durable.
    fn say(&mut self, to: NodeId, message: Message, ctx: &mut Ctx<'_>) {
        self.say_when_durable(self.log.term_record(), to, message, ctx);
    }

    fn act(&mut self, then: Then, ctx: &mut Ctx<'_>) {
        match then {
            Then::Say(to, term, message) => {
                if term == self.log.term() {
                    ctx.send(to, message);
                }
            }
            Then::Stand { term, transfer } => self.ask_for_votes(term, transfer, ctx),
            Then::Count(term, upto) => self.count(term, upto, ctx),
            Then::Forget(record) => self.forget(record, ctx),
        }
    }

    /// One who leads or asks in an earlier term is told of the later one.
    fn is_stale(&mut self, from: NodeId, term: Term, ctx: &mut Ctx<'_>) -> bool {
        let stale = term < self.log.term();
        if stale {
            let message = Message::Stale {
                term: self.log.term(),
            };
            self.say(from, message, ctx);
        }
        stale
    }

    fn receive(&mut self, from: NodeId, message: Message, ctx: &mut Ctx<'_>) {
        match message {
            Message::PreVote { term, last } => self.on_pre_vote(from, term, last, ctx),
            Message::PreVoted { of, term, granted } => {
                self.on_pre_voted(from, of, term, granted, ctx);
            }
            Message::RequestVote {
                term,
                last,
                transfer,
            } => self.on_request_vote(from, term, last, transfer, ctx),
            Message::Voted { term, granted } => self.on_voted(from, term, granted, ctx),
            Message::Append { term, .. }
            | Message::Heartbeat { term, .. }
            | Message::InstallSnapshot { term, .. } => {
                if !self.is_stale(from, term, ctx) && self.follow(from, term, ctx) {
                    self.on_leaders_word(from, message, ctx);
                }
            }
            Message::Appended { term, .. }
            | Message::Rejected { term, .. }
            | Message::Following { term, .. } => {
                if term == self.log.term() {
                    self.on_followers_word(from, &message, ctx);
                }
            }
            Message::Stale { term } => self.join_if_later(term, ctx),
            Message::Outsider { upto } => self.on_outsider(upto, ctx),
            Message::TimeoutNow { term } => self.on_timeout_now(term, ctx),
        }
    }

    /// Whether this node is no member, as far as it knows or has been told.
    fn is_outside(&self) -> bool {
        matches!(self.part, Part::Outsider) || !self.may_stand(self.me)
    }
}

impl Process for Raft {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Request = kv::Request;
    type Response = kv::Response;
    type View = kv::View;

    const MEMBERSHIP: bool = true;

    fn start(config: &Config, disk: &[Record], ctx: &mut Ctx<'_>) -> Raft {
        let log = Log::read(config.members(), disk, ctx);
        let raft = Raft {
            me: ctx.node(),
            config: *config,
            commit: log.base().index,
            machine: log.snapshot().machine.clone(),
            log,
            // A leader that it has forgotten may hold a lease, which rests on this node too.
            heard: match config.mode {
                Mode::ReadIndex => None,
                Mode::Lease => Some(ctx.elapsed()),
            },
            part: Part::Follower(None),
        };
        raft.await_leader(ctx);
        raft
    }

    fn on_request(&mut self, call: CallId, request: kv::Request, ctx: &mut Ctx<'_>) {
        match (&self.part, request) {
            (Part::Leader(_), kv::Request::Read { key }) => self.on_read(call, key, ctx),
            (Part::Leader(_), request) => self.on_update(call, request, ctx),
            (part, _) => {
                let leader = match part {
                    Part::Follower(leader) => *leader,
                    _ => None,
                };
                ctx.reached("redirect");
                ctx.reply(call, Reply::Redirect(leader));
            }
        }
        self.log.flush(ctx);
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Ctx<'_>) {
        self.receive(from, message, ctx);
        self.log.flush(ctx);
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Ctx<'_>) {
        match timer {
            Timer::Election => self.on_election_timeout(ctx),
            Timer::Heartbeat => self.on_heartbeat_due(ctx),
        }
        self.log.flush(ctx);
    }

    fn on_synced(&mut self, upto: LogIndex, ctx: &mut Ctx<'_>) {
        for then in self.log.synced(upto, ctx) {
            self.act(then, ctx);
        }
        self.log.flush(ctx);
    }

    fn on_membership(&mut self, change: Membership, ctx: &mut Ctx<'_>) {
        self.on_operator(change, ctx);
        self.log.flush(ctx);
    }

    fn role(&self) -> Role {
        match &self.part {
            Part::Leader(_) => Role("leader"),
            Part::Candidate(_) | Part::PreCandidate(_) => Role("candidate"),
            Part::Follower(_) | Part::Outsider if self.is_outside() => Role("outsider"),
            Part::Follower(_) | Part::Outsider => Role("follower"),
        }
    }

    fn view(&self) -> View<kv::View> {
        if self.is_outside() {
            return View::nothing(true);
        }
        View {
            of: 0,
            state: Some(self.machine.registers.clone()),
            settled: self.commit == self.log.last().index,
        }
    }

    fn abstraction(&self) -> u64 {
        let followers = match &self.part {
            Part::Leader(leader) => leader.abstraction(),
            _ => Vec::new(),
        };
        let is_settled = self.commit == self.log.last().index;
        let has_own = self.log.last().term == self.log.term();
        Digest::of(&(self.role().0, is_settled, has_own, followers))
    }
}

impl Protocol for Raft {
    const NAME: &'static str = "raft";
    const SERVICE: Service = Service::Kv;
    const PROMISE: &'static str = "linearizable registers over a log that an elected leader \
                                   replicates to a majority; nodes come and go";
    const MODES: &'static [protocol::Mode] = config::MODES;
    const MUTANTS: &'static [MutantInfo] = mutants::MUTANTS;
    const ROLES: &'static [&'static str] = &["leader", "candidate", "follower", "outsider"];
    const OPTIONS: &'static [&'static str] = config::OPTIONS;
    const MESSAGES: &'static [&'static str] = <Message as strum::VariantNames>::VARIANTS;
    const LABELS: &'static [&'static str] = &[
        "redirect",
        "election",
        "elected",
        "deposed",
        "quorum-lost",
        "tail-cut",
        "old-entry-held",
        "snapshot",
        "snapshot-installed",
        "leased-read",
        "confirmed-read",
        "member-proposed",
        "member-added",
        "member-removed",
        "told-outside",
        "transfer",
        "transfer-leadership",
    ];

    fn configure(parameters: &Parameters) -> Result<Config, String> {
        Config::read(parameters, Self::NAME)
    }

    fn invariants(config: &Config) -> Vec<Box<dyn Invariant<Raft>>> {
        invariants::all(config)
    }
}
