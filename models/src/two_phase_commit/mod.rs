//! Two-phase commit with presumed abort, over strict two-phase locking on sharded keys.
//!
//! Mohan, Lindsay & Obermarck, "Transaction Management in the R* Distributed Database Management
//! System" (1986), for the logging and the presumption; Bernstein, Hadzilacos & Goodman,
//! "Concurrency Control and Recovery in Database Systems" (1987), ch. 3 for the locks and ch. 7 for
//! AC1 to AC5 and cooperative termination (7.4); Rosenkrantz, Stearns & Lewis, "System Level
//! Concurrency Control for Distributed Database Systems" (1978), for wound-wait.
//!
//! **Layout.** Every node holds the keys that fall on it, modulo the number of nodes, and any node
//! coordinates the transactions of the clients that come to it; with the option `coordinators` only
//! the first so many do, and the others send clients there. A node's role is `coordinator` while a
//! transaction of its own is open and `participant` otherwise, so that a fault aimed at
//! `coordinator` when a label such as `in-doubt` is reached hits the one that matters.
//!
//! **A transaction** is executed first (`Execute`, `Executed`): each shard locks all that its steps
//! touch and runs them. When every shard has executed, and so every lock is held, the coordinator
//! asks them to prepare. Those that only read let go of their locks and are done; the others force a
//! prepare record and vote. On all votes the coordinator forces a commit record, tells the client
//! and the participants, and repeats itself until each has acknowledged. An abort is written down by
//! nobody that has not voted, and forced by nobody: no record means abort.
//!
//! **Deadlocks** are prevented by wound-wait: a transaction that must wait aborts the younger ones in
//! its way that have not voted, and waits for older ones, so waits never form a cycle and the oldest
//! always gets through. A wait also ends when it has taken `lock-wait`, because whoever is in the way
//! may be in doubt, which only its coordinator or a peer can end. Aborted transactions are not tried
//! again here, so there is no livelock.
//!
//! **Promise.** Atomic (AC1 to AC5) and strictly serializable, whatever crashes, is lost, doubled,
//! reordered, cut, late or skewed. It blocks: a participant that has voted yes keeps its locks until
//! it hears from its coordinator or from a peer that knows. `two-phase-commit-*.toml` and
//! `money-is-neither-made-nor-lost.toml` test it.
//! **Not promised.** A disk that is lost or rots takes its data with it: there is one copy. Clients
//! must not retry a call at another node, which would make a second transaction of it. The log is
//! never cut short: a run is short.

mod coordinator;
mod invariants;
mod message;
mod mutants;
mod participant;
mod recovery;
#[cfg(test)]
mod tests;
mod work;

use std::collections::{BTreeMap, VecDeque};

use murphy_sim::{CallId, Context, Digest, Invariant, LogIndex, NodeId, Process, Role, Span, View};

use self::{
    coordinator::Coordination,
    message::{Act, ActKind},
    participant::Participation,
};
pub use self::{
    message::{Change, Decision, Message, Record, Step, Timer, TransactionId, Vote},
    mutants::Mutant,
};
use crate::{
    protocol::{Mode, MutantInfo, Parameters, Protocol},
    service::{
        Service,
        txn::{self, Key, Request, Response, Store},
    },
    shared::locks::LockTable,
};

/// What every node is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Nodes; each is a shard.
    pub nodes: u32,
    /// The first so many of them coordinate.
    pub coordinators: u32,
    /// The balance of accounts that were never touched.
    pub opening_balance: Option<i64>,
    /// A coordinator repeats what was not answered after this long, then after twice as long, and
    /// so on.
    pub repeat: Span,
    /// A coordinator aborts a transaction when a shard has been silent for this long.
    pub patience: Span,
    /// A transaction aborts when it has waited for a lock for this long.
    pub lock_wait: Span,
    /// A participant asks how a transaction stands after this long, then after twice as long, and
    /// so on.
    pub ask: Span,
    /// The planted bug.
    pub mutant: Option<Mutant>,
}

impl Config {
    /// So many nodes, and everything else as it is by default.
    pub const fn new(nodes: u32) -> Config {
        Config {
            nodes,
            coordinators: nodes,
            opening_balance: None,
            repeat: Span::millis(50),
            patience: Span::millis(400),
            lock_wait: Span::millis(300),
            ask: Span::millis(150),
            mutant: None,
        }
    }

    /// The shard that a key falls on.
    pub const fn shard(&self, key: Key) -> NodeId {
        NodeId(key % self.nodes)
    }

    fn has(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}

/// After how many doublings a wait between two attempts grows no further.
const DOUBLINGS: u32 = 4;

/// The wait before the next attempt.
fn backoff(first: Span, attempts: u32) -> Span {
    first * (1 << attempts.min(DOUBLINGS))
}

/// What is to be done when a record is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum AfterSync {
    CastVote(TransactionId),
    TellCommit(TransactionId),
    Acknowledge(TransactionId, NodeId),
}

/// Whether a decision is told for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Telling {
    First,
    Again,
}

/// A node: a shard, and the coordinator of the transactions that its clients ask for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TwoPhaseCommit {
    config: Config,
    node: NodeId,
    /// Another one after every crash.
    life: u64,
    /// Committed data.
    store: Store,
    locks: LockTable<TransactionId>,
    coordinating: BTreeMap<TransactionId, Coordination>,
    participating: BTreeMap<TransactionId, Participation>,
    /// How transactions ended, as far as this node has decided, as coordinator or participant.
    decisions: BTreeMap<TransactionId, Decision>,
    /// Transactions that this node takes no part in any more in this life, and the vote to repeat.
    over: BTreeMap<TransactionId, Vote>,
    after_sync: VecDeque<(LogIndex, AfterSync)>,
    /// All that was done in this life, for invariants to read on from where they were.
    acts: Vec<Act>,
}

impl TwoPhaseCommit {
    fn act(&mut self, transaction: TransactionId, what: ActKind) {
        self.acts.push(Act { transaction, what });
    }

    /// Writes down that a transaction has ended here. Nobody decides twice (AC2); the clean protocol
    /// never tries to decide otherwise.
    fn decide(&mut self, transaction: TransactionId, decision: Decision, what: ActKind) {
        self.decisions.insert(transaction, decision);
        self.act(transaction, what);
    }

    /// Appends a record, has it forced, and goes on when it is durable.
    fn force(&mut self, record: Record, then: AfterSync, ctx: &mut Context<Self>) {
        let index = ctx.append(record);
        ctx.sync();
        self.after_sync.push_back((index, then));
    }

    /// The only way that a decision leaves a node.
    fn tell(
        &self,
        to: NodeId,
        transaction: TransactionId,
        decision: Decision,
        telling: Telling,
        ctx: &mut Context<Self>,
    ) {
        if telling == Telling::Again && self.config.has(Mutant::DecisionNotResent) {
            return;
        }
        ctx.send(
            to,
            Message::Decide {
                transaction,
                decision,
            },
        );
    }

    /// Someone asks how a transaction ends (BHG 7.4; Mohan 1986, section 3.2).
    fn on_inquire(&mut self, from: NodeId, transaction: TransactionId, ctx: &mut Context<Self>) {
        if let Some(mine) = self.coordinating.get(&transaction) {
            return match mine.has_committed() {
                true => self.tell(from, transaction, Decision::Commit, Telling::Again, ctx),
                false => ctx.send(from, Message::Undecided { transaction }),
            };
        }
        if let Some(decision) = self.decisions.get(&transaction) {
            return self.tell(from, transaction, *decision, Telling::Again, ctx);
        }
        match self.participating.get(&transaction) {
            // Its coordinator has forgotten it, so it has not committed: presumed abort.
            Some(here) if here.coordinator == self.node => {
                ctx.reached("presumed-abort");
                self.tell(from, transaction, Decision::Abort, Telling::Again, ctx);
            }
            // In doubt itself: it cannot help.
            Some(here) if !here.may_withdraw() => {}
            // It has not voted, and now never will: whoever has voted can abort.
            Some(_) => {
                self.vote_no(transaction);
                self.withdraw(transaction, ctx);
                self.tell(from, transaction, Decision::Abort, Telling::Again, ctx);
            }
            // A coordinator that knows nothing has not committed: presumed abort. A peer that knows
            // nothing has not voted, for a vote is durable; and one that has only read is nobody's
            // peer.
            None => {
                ctx.reached("presumed-abort");
                self.over.insert(transaction, Vote::No);
                self.tell(from, transaction, Decision::Abort, Telling::Again, ctx);
            }
        }
    }
}

impl Process for TwoPhaseCommit {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Request = Request;
    type Response = Response;
    type View = txn::View;

    fn start(config: &Config, disk: &[Record], ctx: &mut Context<Self>) -> TwoPhaseCommit {
        TwoPhaseCommit::recover(config, disk, ctx)
    }

    fn on_request(&mut self, call: CallId, request: Request, ctx: &mut Context<Self>) {
        self.begin(call, request, ctx);
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Self>) {
        match message {
            Message::Execute {
                transaction,
                begun,
                steps,
            } => self.on_execute(from, transaction, begun, steps, ctx),
            Message::Executed {
                transaction,
                life,
                found,
            } => self.on_executed(from, transaction, life, found, ctx),
            Message::Undecided { transaction } => self.on_undecided(from, transaction, ctx),
            Message::Prepare {
                transaction,
                life,
                peers,
            } => self.on_prepare(from, transaction, life, peers, ctx),
            Message::Vote { transaction, vote } => self.on_vote(from, transaction, vote, ctx),
            Message::Decide {
                transaction,
                decision,
            } => self.on_decide(from, transaction, decision, ctx),
            Message::Acknowledge { transaction } => self.on_acknowledge(from, transaction, ctx),
            Message::Inquire { transaction } => self.on_inquire(from, transaction, ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<Self>) {
        match timer {
            Timer::Repeat(transaction) => self.repeat(transaction, ctx),
            Timer::LockWait(transaction) => self.tire_of_waiting(transaction, ctx),
            Timer::Ask(transaction) => self.ask(transaction, ctx),
        }
    }

    fn on_synced(&mut self, upto: LogIndex, ctx: &mut Context<Self>) {
        while let Some((index, then)) = self.after_sync.front().copied() {
            if index > upto {
                break;
            }
            self.after_sync.pop_front();
            match then {
                AfterSync::CastVote(transaction) => self.cast_vote(transaction, ctx),
                AfterSync::TellCommit(transaction) => self.tell_commit(transaction, ctx),
                AfterSync::Acknowledge(transaction, coordinator) => {
                    ctx.send(coordinator, Message::Acknowledge { transaction });
                }
            }
        }
    }

    fn role(&self) -> Role {
        match self.coordinating.is_empty() {
            true => Role("participant"),
            false => Role("coordinator"),
        }
    }

    fn view(&self) -> View<txn::View> {
        let votes = self.acts.iter().filter_map(|act| match act.what {
            // Who has only read does not care how it ends, and takes no part in ending it.
            ActKind::Voted(Vote::ReadOnly) => None,
            ActKind::Voted(vote) => Some((act.transaction, vote == Vote::Yes)),
            ActKind::Decided(_) | ActKind::Aborted | ActKind::Committed(_) => None,
        });
        let decisions = self.decisions.iter();
        let here = self.participating.iter();
        View {
            of: self.node.0,
            state: Some(txn::View {
                data: self.store.data.clone(),
                votes: votes.collect(),
                decisions: decisions
                    .map(|(transaction, decision)| (*transaction, *decision == Decision::Commit))
                    .collect(),
                in_doubt: here
                    .filter(|(_, participation)| participation.is_in_doubt())
                    .map(|(transaction, _)| *transaction)
                    .collect(),
                locked: self.locks.held().map(|(key, _)| key).collect(),
            }),
            settled: self.participating.is_empty()
                && self.coordinating.is_empty()
                && self.after_sync.is_empty(),
        }
    }

    fn abstraction(&self) -> u64 {
        let coordinating = self.coordinating.values().map(Coordination::stage);
        let participating = self.participating.values().map(Participation::stage);
        let stages = |bits: u64, stage: u32| bits | 1 << stage;
        Digest::of(&(
            coordinating.fold(0, stages),
            participating.fold(0, stages),
            self.after_sync.len().min(4),
        ))
    }
}

impl Protocol for TwoPhaseCommit {
    const NAME: &'static str = "two-phase-commit";
    const SERVICE: Service = Service::Txn;
    const PROMISE: &'static str = "atomic and strictly serializable; blocks while in doubt";
    const MODES: &'static [Mode] = &[];
    const MUTANTS: &'static [MutantInfo] = mutants::MUTANTS;
    const ROLES: &'static [&'static str] = &["coordinator", "participant"];
    const OPTIONS: &'static [&'static str] =
        &["coordinators", "repeat", "patience", "lock-wait", "ask"];
    const MESSAGES: &'static [&'static str] = <Message as strum::VariantNames>::VARIANTS;
    const LABELS: &'static [&'static str] = &[
        "prepared-everywhere",
        "committed",
        "abort",
        "silence",
        "in-doubt",
        "read-only",
        "refused",
        "wound",
        "lock-timeout",
        "lost-locks",
        "asked-peers",
        "cooperative-termination",
        "presumed-abort",
        "recovered-in-doubt",
        "recovered-commit",
    ];

    fn configure(parameters: &Parameters) -> Result<Config, String> {
        parameters.know_only(Self::OPTIONS)?;
        if parameters.spares > 0 {
            return Err(
                "two-phase-commit has a fixed number of shards: remove `spares`".to_owned(),
            );
        }
        if let Some(mode) = &parameters.mode {
            return Err(format!(
                "two-phase-commit has only one mode: remove `mode = \"{mode}\"`"
            ));
        }
        let default = Config::new(parameters.nodes);
        let span = |name, default: Span| match parameters.option(name, default.0) {
            0 => Err(format!(
                "`{name}` is zero: write a span such as `{default}`"
            )),
            nanos => Ok(Span(nanos)),
        };
        let coordinators = parameters.option("coordinators", u64::from(parameters.nodes));
        if coordinators == 0 || coordinators > u64::from(parameters.nodes) {
            return Err(format!(
                "`coordinators` is {coordinators}: write 1 to {}, the number of nodes",
                parameters.nodes
            ));
        }
        let mutant = parameters.mutant.as_ref().map(|name| {
            name.parse().map_err(|_| {
                let known: Vec<&str> = mutants::MUTANTS.iter().map(|mutant| mutant.name).collect();
                format!(
                    "two-phase-commit has no mutant `{name}`: mutants are {}",
                    known.join(", ")
                )
            })
        });
        Ok(Config {
            coordinators: coordinators as u32,
            opening_balance: parameters.opening_balance,
            repeat: span("repeat", default.repeat)?,
            patience: span("patience", default.patience)?,
            lock_wait: span("lock-wait", default.lock_wait)?,
            ask: span("ask", default.ask)?,
            mutant: mutant.transpose()?,
            ..default
        })
    }

    fn invariants(_: &Config) -> Vec<Box<dyn Invariant<Self>>> {
        invariants::all()
    }
}
