//! Three-phase commit with its termination protocol, over strict two-phase locking on sharded keys.
//!
//! Skeen, "Nonblocking Commit Protocols" (1981); Bernstein, Hadzilacos & Goodman, "Concurrency Control
//! and Recovery in Database Systems" (1987), section 7.5, for the version that survives failures of
//! sites and its rules TR1 to TR4.
//!
//! **Layout** and locks are those of two-phase commit: every node is a shard, any node coordinates.
//!
//! **A transaction** is executed and voted on as in two-phase commit. When all have voted yes the
//! coordinator lets them know (`PreCommit`), and commits when each has answered or has failed. So
//! nobody that is operational is uncertain when someone has committed, and those that are left can
//! always end it: when a coordinator is silent for longer than it could be, the next process takes
//! over, asks where the others stand and decides by the rules. Who has crashed after its vote takes no
//! part in that, and asks how it ended; when all have crashed they wait until all are back.
//!
//! **Promise.** Atomic (AC1 to AC5), strictly serializable, and never blocked while one process that
//! has voted is operational: whatever crashes, if the network is synchronous. That is, no message is
//! lost between nodes that are up, and none takes longer than `bound`, reaction and sync included.
//! `three-phase-commit-steady.toml`, `three-phase-commit-under-crashes.toml` and
//! `three-phase-commit-does-not-block.toml` test it.
//! **Not promised.** Anything under a partition, a loss, a pause or a delay beyond the bound, which
//! all look like a crash: both sides of a cut elect a coordinator, and one commits what the other
//! aborts. `three-phase-commit-under-a-partition.toml` shows it. A disk that is lost or rots takes its
//! data with it. The log is never cut short: a run is short.
//!
//! **Costs** for each of N participants: five messages and five delays before its locks are free, one
//! forced write; and two at the coordinator, before it asks for votes and before it commits.

mod coordinator;
mod invariants;
mod message;
mod mutants;
mod participant;
mod recovery;
mod termination;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use murphy_sim::{CallId, Context, Digest, Invariant, LogIndex, NodeId, Process, Role, Span, View};

use self::{
    coordinator::{Coordination, Round},
    recovery::Recovering,
    termination::Term,
};
pub use self::{
    message::{Message, Record, Standing, Timer},
    mutants::Mutant,
};
use crate::{
    protocol::{Mode, MutantInfo, Parameters, Protocol},
    service::{
        Service,
        txn::{self, Request, Response},
    },
    shared::transactions::{
        Book, Commits, Layout, Locking, Shard, TransactionId,
        invariants::{Locks, commitment, two_phase_locking},
    },
};

/// What every node is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Which node does what, and how patient nodes are before the vote.
    pub layout: Layout,
    /// No message takes longer than this, with the reaction to it and a sync.
    pub bound: Span,
    /// The planted bug.
    pub mutant: Option<Mutant>,
}

impl Config {
    /// This layout, and everything else as it is by default.
    pub const fn new(layout: Layout) -> Config {
        Config {
            layout,
            bound: Span::millis(50),
            mutant: None,
        }
    }

    /// By when everyone who is operational has answered.
    fn round_trip(&self) -> Span {
        self.bound * 2
    }

    /// For how long a coordinator that has not failed can be silent: one round, a write and a message,
    /// and another message for those that began to wait earlier than others.
    fn patience(&self) -> Span {
        self.bound * 5
    }

    fn has(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}

/// What is to be done when a record is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum AfterSync {
    AskToPrepare(TransactionId),
    CastVote(TransactionId),
    TellCommit(TransactionId),
}

/// A node: a shard, and the coordinator of the transactions that its clients ask for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ThreePhaseCommit {
    config: Config,
    node: NodeId,
    shard: Shard<Locking>,
    coordinating: BTreeMap<TransactionId, Coordination>,
    /// Transactions that it has voted yes on, without a crash since.
    terms: BTreeMap<TransactionId, Term>,
    /// What it waits for as their coordinator, elected or not.
    rounds: BTreeMap<TransactionId, Round>,
    /// Transactions that a crash has interrupted here.
    recovering: BTreeMap<TransactionId, Recovering>,
    after_sync: VecDeque<(LogIndex, AfterSync)>,
    book: Book,
}

impl ThreePhaseCommit {
    /// Appends a record, has it forced, and goes on when it is durable.
    fn force(&mut self, record: Record, then: AfterSync, ctx: &mut Context<Self>) {
        let index = ctx.append(record);
        ctx.sync();
        self.after_sync.push_back((index, then));
    }

    /// A shard that has not voted asks what has become of a transaction.
    fn on_inquire(&self, from: NodeId, transaction: TransactionId, ctx: &mut Context<Self>) {
        let answer = match self.coordinating.contains_key(&transaction) {
            true => Message::Undecided { transaction },
            false => Message::Leave { transaction },
        };
        ctx.send(from, answer);
    }
}

impl Process for ThreePhaseCommit {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Request = Request;
    type Response = Response;
    type View = txn::View;

    fn start(config: &Config, disk: &[Record], ctx: &mut Context<Self>) -> ThreePhaseCommit {
        ThreePhaseCommit::recover(config, disk, ctx)
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
            Message::Undecided { transaction } => {
                self.hear(from, transaction, ctx);
                self.shard.on_undecided(from, transaction);
            }
            Message::Leave { transaction } => self.shard.on_leave(&self.book, transaction, ctx),
            Message::Inquire { transaction } => self.on_inquire(from, transaction, ctx),
            Message::Prepare(prepare) => self.on_prepare(from, &prepare, ctx),
            Message::Vote { transaction, vote } => self.on_vote(from, transaction, vote, ctx),
            Message::PreCommit { transaction } => self.on_pre_commit(from, transaction, ctx),
            Message::PreCommitted { transaction } => self.on_pre_committed(from, transaction, ctx),
            Message::Decide {
                transaction,
                decision,
            } => self.on_decide(transaction, decision, ctx),
            Message::AskStanding { transaction } => self.on_ask_standing(from, transaction, ctx),
            Message::Stand {
                transaction,
                standing,
            } => self.on_stand(from, transaction, standing, ctx),
            Message::Recover { transaction } => self.on_recover(from, transaction, ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<Self>) {
        match timer {
            Timer::Repeat(transaction) => self.repeat(transaction, ctx),
            Timer::LockWait(transaction) => self.shard.tire_of_waiting(transaction, ctx),
            // Who has voted is told, or misses its coordinator.
            Timer::Ask(transaction) => _ = self.shard.ask(transaction, ctx),
            Timer::Round(transaction) => self.on_round(transaction, ctx),
            Timer::Silence(transaction) => self.on_silence(transaction, ctx),
            Timer::Recover(transaction) => self.ask_all(transaction, ctx),
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
            }
        }
    }

    fn role(&self) -> Role {
        match self.coordinating.is_empty() && self.rounds.is_empty() {
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
                && self.rounds.is_empty()
                && self.recovering.is_empty()
                && self.after_sync.is_empty(),
        }
    }

    fn abstraction(&self) -> u64 {
        let coordinating = self.coordinating.values().map(Coordination::stage);
        let stages = |bits: u64, stage: u32| bits | 1 << stage;
        Digest::of(&(
            coordinating.fold(0, stages),
            self.shard.stages(),
            self.rounds.len().min(3),
            self.recovering.len().min(3),
        ))
    }
}

impl Commits for ThreePhaseCommit {
    fn book(&self) -> &Book {
        &self.book
    }
}

impl Locks for ThreePhaseCommit {
    fn locking(&self) -> &Locking {
        &self.shard.control
    }
}

impl Protocol for ThreePhaseCommit {
    const NAME: &'static str = "three-phase-commit";
    const SERVICE: Service = Service::Txn;
    const PROMISE: &'static str =
        "atomic, strictly serializable and never blocked, if the network is synchronous";
    const MODES: &'static [Mode] = &[];
    const MUTANTS: &'static [MutantInfo] = mutants::MUTANTS;
    const ROLES: &'static [&'static str] = &["coordinator", "participant"];
    const OPTIONS: &'static [&'static str] = &[
        "coordinators",
        "repeat",
        "patience",
        "lock-wait",
        "ask",
        "bound",
    ];
    const MESSAGES: &'static [&'static str] = <Message as strum::VariantNames>::VARIANTS;
    const LABELS: &'static [&'static str] = &[
        "prepared-everywhere",
        "pre-committed",
        "committing",
        "committed",
        "abort",
        "silence",
        "in-doubt",
        "read-only",
        "refused",
        "wound",
        "lock-timeout",
        "lost-locks",
        "elected",
        "terminated-by-abort",
        "terminated-by-commit",
        "recovered-in-doubt",
        "total-failure",
    ];

    fn configure(parameters: &Parameters) -> Result<Config, String> {
        parameters.know_only(Self::OPTIONS)?;
        parameters.chosen_mode::<String>(Self::NAME, Self::MODES)?;
        let layout = Layout::from_parameters(Self::NAME, parameters)?;
        let default = Config::new(layout);
        Ok(Config {
            bound: parameters.span("bound", default.bound)?,
            mutant: parameters.planted(Self::NAME, Self::MUTANTS)?,
            ..default
        })
    }

    fn invariants(_: &Config) -> Vec<Box<dyn Invariant<Self>>> {
        let mut all = commitment();
        all.extend(two_phase_locking());
        all.push(Box::new(invariants::NonBlocking));
        all
    }
}
