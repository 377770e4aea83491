//! Two-phase commit with its three presumptions, over strict two-phase locking on sharded keys.
//!
//! Mohan, Lindsay & Obermarck, "Transaction Management in the R* Distributed Database Management
//! System" (1986), and Lampson & Lomet, "A New Presumed Commit Optimization for Two Phase Commit"
//! (1993), for the logging and the presumptions; Bernstein, Hadzilacos & Goodman, "Concurrency Control
//! and Recovery in Database Systems" (1987), ch. 7 for AC1 to AC5 and cooperative termination (7.4).
//! The locks, and how deadlocks are prevented, are in `shared/transactions/locking.rs`.
//!
//! **Layout.** Every node holds the keys that fall on it, modulo the number of nodes, and any node
//! coordinates the transactions of the clients that come to it; with the option `coordinators` only
//! the first so many do, and the others send clients there. A node's role is `coordinator` while a
//! transaction of its own is open and `participant` otherwise, so that a fault aimed at
//! `coordinator` when a label such as `in-doubt` is reached hits the one that matters.
//!
//! **A transaction** is executed first (`Execute`, `Executed`): each shard locks all that its steps
//! touch and runs them. When every shard has executed, and so every lock is held, the coordinator
//! asks them to prepare. Those that only read let go of their locks and are done, unless nothing is
//! presumed; the others force a prepare record and vote. On all votes the coordinator forces a commit
//! record and tells the client and the participants. A transaction that aborts before anyone is asked
//! to prepare leaves no record.
//!
//! **Presumptions.** What is presumed of a transaction that its coordinator does not know need not be
//! remembered. `presumed-abort`: aborts are neither forced nor acknowledged. `presumed-nothing`: both
//! decisions are forced and repeated until each participant has acknowledged. `presumed-commit`:
//! commits are forced at the coordinator only and not acknowledged, for which it forces the names of
//! those it asks before it asks them. `tests/costs.rs` pins what each costs.
//!
//! **Promise.** Atomic (AC1 to AC5) and strictly serializable, whatever crashes, is lost, doubled,
//! reordered, cut, late or skewed. It blocks: a participant that has voted yes keeps its locks until
//! it hears from its coordinator or from a peer that knows. `two-phase-commit-*.toml`,
//! `presumed-*.toml` and `money-is-neither-made-nor-lost.toml` test it.
//! **Not promised.** A disk that is lost or rots takes its data with it: there is one copy. Clients
//! must not retry a call at another node, which would make a second transaction of it. The log is
//! never cut short: a run is short. Aborted transactions are not tried again.

mod coordinator;
mod message;
mod mutants;
mod participant;
mod presumption;
mod recovery;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use murphy_sim::{CallId, Context, Digest, Invariant, LogIndex, NodeId, Process, Role, View};

use self::coordinator::Coordination;
pub use self::{
    message::{Asking, Decision, Message, Record, Timer, TransactionId, Vote},
    mutants::Mutant,
    presumption::Presumption,
};
use crate::{
    protocol::{Mode, MutantInfo, Parameters, Protocol},
    service::{
        Service,
        txn::{self, Request, Response},
    },
    shared::transactions::{
        Book, Commits, Control, Layout, Locking, LockingRules, Shard,
        invariants::{self, Locks},
    },
};

/// What every node is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config<R = LockingRules> {
    /// Which node does what, and how patient nodes are.
    pub layout: Layout,
    /// What a coordinator that knows nothing answers.
    pub presumption: Presumption,
    /// The rules of the concurrency control.
    pub rules: R,
    /// The planted bug.
    pub mutant: Option<Mutant>,
}

impl<R: Default> Config<R> {
    /// This layout, and everything else as it is by default.
    pub fn new(layout: Layout) -> Config<R> {
        Config {
            layout,
            presumption: Presumption::default(),
            rules: R::default(),
            mutant: None,
        }
    }
}

impl<R> Config<R> {
    fn has(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}

impl Config {
    /// The same with a planted bug; those of the locks bend the locks' rules.
    pub fn plant(self, mutant: Mutant) -> Config {
        let rules = LockingRules {
            reads_lock: mutant != Mutant::ReadLocksOmitted,
            waits_end: mutant != Mutant::DeadlockIgnored,
            strict: mutant != Mutant::LocksReleasedAtPrepare,
        };
        Config {
            rules,
            mutant: Some(mutant),
            ..self
        }
    }
}

/// What is to be done when a record is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum AfterSync {
    AskToPrepare(TransactionId),
    CastVote(TransactionId),
    TellCommit(TransactionId),
    TellAbort(TransactionId),
    Acknowledge(TransactionId, NodeId),
}

/// Whether a decision is told for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Telling {
    First,
    Again,
}

/// Two-phase commit over shards that lock.
pub type TwoPhaseCommit = TwoPhase<Locking>;

/// A node: a shard, and the coordinator of the transactions that its clients ask for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TwoPhase<C: Control> {
    config: Config<C::Rules>,
    node: NodeId,
    shard: Shard<C>,
    coordinating: BTreeMap<TransactionId, Coordination>,
    after_sync: VecDeque<(LogIndex, AfterSync)>,
    book: Book,
}

impl<C: Control> TwoPhase<C> {
    /// Its concurrency control.
    pub(crate) const fn control(&self) -> &C {
        &self.shard.control
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
}

impl<C: Control> Process for TwoPhase<C> {
    type Config = Config<C::Rules>;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Request = Request;
    type Response = Response;
    type View = txn::View;

    fn start(config: &Self::Config, disk: &[Record], ctx: &mut Context<Self>) -> Self {
        TwoPhase::recover(config, disk, ctx)
    }

    fn on_request(&mut self, call: CallId, request: Request, ctx: &mut Context<Self>) {
        self.begin(call, request, ctx);
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Self>) {
        match message {
            Message::Execute(execute) => {
                let decided = self.book.decision(execute.transaction);
                self.shard.on_execute(from, execute, decided, ctx);
            }
            Message::Executed(executed) => self.on_executed(from, executed, ctx),
            Message::Leave { transaction } => {
                self.shard.on_leave(&self.book, transaction, ctx);
            }
            Message::Undecided { transaction } => self.on_undecided(from, transaction, ctx),
            Message::Prepare(prepare) => self.on_prepare(from, prepare, ctx),
            Message::Vote { transaction, vote } => self.on_vote(from, transaction, vote, ctx),
            Message::Decide {
                transaction,
                decision,
            } => self.on_decide(from, transaction, decision, ctx),
            Message::Acknowledge { transaction } => self.on_acknowledge(from, transaction, ctx),
            Message::Inquire {
                transaction,
                asking,
            } => self.on_inquire(from, transaction, asking, ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<Self>) {
        match timer {
            Timer::Repeat(transaction) => self.repeat(transaction, ctx),
            Timer::LockWait(transaction) => self.shard.tire_of_waiting(transaction, ctx),
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
                AfterSync::AskToPrepare(transaction) => self.ask_to_prepare(transaction, ctx),
                AfterSync::CastVote(transaction) => self.cast_vote(transaction, ctx),
                AfterSync::TellCommit(transaction) => self.tell_commit(transaction, ctx),
                AfterSync::TellAbort(transaction) => self.tell_abort(transaction, ctx),
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
        View {
            of: self.node.0,
            state: Some(self.shard.view(&self.book)),
            settled: self.shard.is_idle()
                && self.coordinating.is_empty()
                && self.after_sync.is_empty(),
        }
    }

    fn abstraction(&self) -> u64 {
        let coordinating = self.coordinating.values().map(Coordination::stage);
        let stages = |bits: u64, stage: u32| bits | 1 << stage;
        Digest::of(&(
            coordinating.fold(0, stages),
            self.shard.stages(),
            self.after_sync.len().min(4),
        ))
    }
}

impl<C: Control> Commits for TwoPhase<C> {
    fn book(&self) -> &Book {
        &self.book
    }
}

impl Locks for TwoPhaseCommit {
    fn locking(&self) -> &Locking {
        self.control()
    }
}

impl Protocol for TwoPhaseCommit {
    const NAME: &'static str = "two-phase-commit";
    const SERVICE: Service = Service::Txn;
    const PROMISE: &'static str = "atomic and strictly serializable; blocks while in doubt";
    const MODES: &'static [Mode] = &[
        Mode {
            name: "presumed-abort",
            promise: "the same; an abort costs its coordinator no record and nobody an answer",
        },
        Mode {
            name: "presumed-nothing",
            promise: "the same; every decision is forced and acknowledged, reads are prepared",
        },
        Mode {
            name: "presumed-commit",
            promise: "the same; a commit is not acknowledged, and forced at its coordinator only",
        },
    ];
    const MUTANTS: &'static [MutantInfo] = mutants::MUTANTS;
    const ROLES: &'static [&'static str] = &["coordinator", "participant"];
    const OPTIONS: &'static [&'static str] = Layout::OPTIONS;
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
        "presumed-commit",
        "recovered-abort",
        "recovered-in-doubt",
        "recovered-commit",
    ];

    fn configure(parameters: &Parameters) -> Result<Config, String> {
        parameters.know_only(Self::OPTIONS)?;
        let layout = Layout::from_parameters(Self::NAME, parameters)?;
        let presumption = parameters.chosen_mode(Self::NAME, Self::MODES)?;
        let clean = Config {
            presumption: presumption.unwrap_or_default(),
            ..Config::new(layout)
        };
        let mutant = parameters.planted(Self::NAME, Self::MUTANTS)?;
        Ok(match mutant {
            Some(mutant) => clean.plant(mutant),
            None => clean,
        })
    }

    fn invariants(_: &Config) -> Vec<Box<dyn Invariant<Self>>> {
        let mut all = invariants::commitment();
        all.extend(invariants::two_phase_locking());
        all
    }
}
