//! Paxos Commit over strict two-phase locking on sharded keys.
//!
//! Gray & Lamport, "Consensus on Transaction Commit", ACM TODS 31(1), 2006.
//!
//! **Layout.** Every node is a resource manager of the keys that fall on it, modulo the number of
//! nodes; the first 2F+1 nodes are acceptors too (option `faults`, F); and any node coordinates the
//! transactions of the clients that come to it, as the leader of ballot 0.
//!
//! **A transaction** is executed as in two-phase commit. Then each resource manager's vote is settled
//! by an instance of Paxos of its own: in ballot 0 the resource manager itself proposes `prepared`,
//! when it has that on disk, or `aborted`, to F+1 acceptors. An acceptor writes all instances down at
//! once when it has heard of all, and tells the leader. The transaction is committed when every
//! instance has chosen `prepared`: that is a fact that any leader can find out, so the leader writes
//! nothing down. A resource manager that stays in doubt asks its coordinator and then the acceptors in
//! turn to take over: those begin a ballot of their own for all instances, propose what may have been
//! chosen, and `aborted` where nothing was. With F = 0 it is two-phase commit, the acceptor's record
//! being the coordinator's.
//!
//! **Promise.** Atomic (AC1 to AC5) and strictly serializable, whatever crashes, is lost, doubled,
//! reordered, cut, late or skewed; and not blocked while a majority of the acceptors and any leader
//! can talk to the resource managers. `paxos-commit-*.toml` test it; `paxos-commit-does-not-block.toml`
//! the last.
//! **Not promised.** Progress while leaders compete without end, which their back-off makes unlikely.
//! A disk that is lost or rots takes its data, votes or promises with it. Those that only read are
//! prepared like the others. The log is never cut short: a run is short.
//!
//! **Costs** as in the paper's table, pinned by `tests/costs.rs`: (N+1)(F+3) - 4 messages and N+F+1
//! stable writes for N resource managers, one message delay more than two-phase commit; N(F+3) - 3
//! messages when acceptors, leader and resource managers share nodes.

mod acceptor;
mod invariants;
mod leader;
mod manager;
mod message;
mod mutants;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use murphy_sim::{CallId, Context, Digest, Invariant, LogIndex, NodeId, Process, Role, View};

use self::{
    acceptor::{Acceptor, Said},
    leader::{Coordination, Leading},
};
pub use self::{
    message::{Ballot, Message, Record, Timer, Votes},
    mutants::Mutant,
};
use crate::{
    protocol::{Mode, MutantInfo, Parameters, Protocol},
    service::{
        Service,
        txn::{self, Request, Response},
    },
    shared::transactions::{
        ActKind, Book, Commits, Layout, Locking, LockingRules, Shard, TransactionId, Vote,
        invariants::{Locks, commitment, two_phase_locking},
    },
};

/// What every node is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Which node does what, and how patient nodes are.
    pub layout: Layout,
    /// How many acceptors may fail.
    pub faults: u32,
    /// The planted bug.
    pub mutant: Option<Mutant>,
}

impl Config {
    /// This layout, and everything else as it is by default.
    pub const fn new(layout: Layout) -> Config {
        Config {
            layout,
            faults: 1,
            mutant: None,
        }
    }

    /// All acceptors.
    fn acceptors(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..=2 * self.faults).map(NodeId)
    }

    /// How many of them must accept.
    fn majority(&self) -> usize {
        self.faults as usize + 1
    }

    /// As many acceptors as must accept, the coordinator first if it is one.
    fn near(&self, coordinator: NodeId) -> Vec<NodeId> {
        let all = 2 * self.faults + 1;
        let first = match coordinator.0 < all {
            true => coordinator.0,
            false => 0,
        };
        (0..=self.faults)
            .map(|place| NodeId((first + place) % all))
            .collect()
    }

    fn has(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}

/// What is to be done when a record is durable.
#[derive(Clone, Debug, PartialEq, Hash)]
enum AfterSync {
    CastVote(TransactionId),
    Answer(NodeId, Message),
}

impl Eq for AfterSync {}

/// A node: a resource manager, perhaps an acceptor, and the leader of transactions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PaxosCommit {
    config: Config,
    node: NodeId,
    shard: Shard<Locking>,
    coordinating: BTreeMap<TransactionId, Coordination>,
    leading: BTreeMap<TransactionId, Leading>,
    acceptors: BTreeMap<TransactionId, Acceptor>,
    after_sync: VecDeque<(LogIndex, AfterSync)>,
    book: Book,
    /// All that it has told leaders in this life, as an acceptor.
    said: Vec<Said>,
}

impl PaxosCommit {
    /// Appends a record, has it forced, and goes on when it is durable.
    fn force(&mut self, record: Record, then: AfterSync, ctx: &mut Context<Self>) {
        let index = ctx.append(record);
        ctx.sync();
        self.after_sync.push_back((index, then));
    }

    fn replay(&mut self, record: &Record) {
        match record {
            Record::Prepared {
                transaction,
                prepared,
            } => {
                self.shard.recover(*transaction, prepared);
                self.book.vote(*transaction, Vote::Yes);
            }
            Record::Decided {
                transaction,
                decision,
            } => {
                self.shard.replay_end(*transaction, *decision);
                let what = ActKind::Decided(*decision);
                self.book.decide(*transaction, what);
            }
            Record::Accepted {
                transaction,
                promised,
                accepted,
            } => self.replay_accepted(*transaction, *promised, accepted),
        }
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

impl Process for PaxosCommit {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Request = Request;
    type Response = Response;
    type View = txn::View;

    fn start(config: &Config, disk: &[Record], ctx: &mut Context<Self>) -> PaxosCommit {
        let life = ctx.rng().bits();
        let mut node = PaxosCommit {
            config: config.clone(),
            node: ctx.node(),
            shard: Shard::new(&config.layout, &LockingRules::default(), life),
            coordinating: BTreeMap::new(),
            leading: BTreeMap::new(),
            acceptors: BTreeMap::new(),
            after_sync: VecDeque::new(),
            book: Book::new(life),
            said: Vec::new(),
        };
        for record in disk {
            node.replay(record);
        }
        node.shard.ask_on(ctx);
        node
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
            Message::Refuse { transaction } => self.on_refuse(transaction, ctx),
            Message::Undecided { transaction } => {
                self.hear(from, transaction, ctx);
                self.shard.on_undecided(from, transaction);
            }
            Message::Leave { transaction } => self.shard.on_leave(&self.book, transaction, ctx),
            Message::Inquire { transaction } => self.on_inquire(from, transaction, ctx),
            Message::Prepare(prepare) => self.on_prepare(from, &prepare, ctx),
            Message::Phase1a {
                transaction,
                ballot,
            } => self.on_phase1a(from, transaction, ballot, ctx),
            Message::Phase1b {
                transaction,
                ballot,
                accepted,
            } => self.on_phase1b(from, transaction, ballot, accepted, ctx),
            Message::Phase2a {
                transaction,
                ballot,
                leader,
                participants,
                votes,
            } => self.on_phase2a(transaction, ballot, leader, (&participants, &votes), ctx),
            Message::Phase2b {
                transaction,
                ballot,
                votes,
            } => self.on_phase2b(from, transaction, ballot, votes, ctx),
            Message::Superseded {
                transaction,
                ballot,
            } => self.on_superseded(transaction, ballot),
            Message::Decide {
                transaction,
                decision,
            } => self.on_decide(transaction, decision, ctx),
            Message::TakeOver {
                transaction,
                participants,
            } => self.on_take_over(from, transaction, participants, ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<Self>) {
        match timer {
            Timer::Repeat(transaction) => self.repeat(transaction, ctx),
            Timer::Ballot(transaction) => self.next_ballot(transaction, ctx),
            Timer::LockWait(transaction) => self.shard.tire_of_waiting(transaction, ctx),
            Timer::Ask(transaction) => self.ask(transaction, ctx),
        }
    }

    fn on_synced(&mut self, upto: LogIndex, ctx: &mut Context<Self>) {
        while self
            .after_sync
            .front()
            .is_some_and(|(index, _)| *index <= upto)
        {
            match self.after_sync.pop_front() {
                Some((_, AfterSync::CastVote(transaction))) => self.cast_vote(transaction, ctx),
                Some((_, AfterSync::Answer(to, answer))) => self.answer(to, answer, ctx),
                None => {}
            }
        }
    }

    fn role(&self) -> Role {
        match self.coordinating.is_empty() && self.leading.is_empty() {
            true => Role("participant"),
            false => Role("leader"),
        }
    }

    fn view(&self) -> View<txn::View> {
        View {
            of: self.node.0,
            state: Some(self.shard.view(&self.book)),
            settled: self.shard.is_idle()
                && self.coordinating.is_empty()
                && self.leading.is_empty()
                && self.after_sync.is_empty(),
        }
    }

    fn abstraction(&self) -> u64 {
        let leading = self.leading.values().map(Leading::stage);
        let stages = |bits: u64, stage: u32| bits | 1 << stage;
        Digest::of(&(
            leading.fold(0, stages),
            self.shard.stages(),
            self.after_sync.len().min(4),
        ))
    }
}

impl Commits for PaxosCommit {
    fn book(&self) -> &Book {
        &self.book
    }
}

impl Locks for PaxosCommit {
    fn locking(&self) -> &Locking {
        &self.shard.control
    }
}

impl Protocol for PaxosCommit {
    const NAME: &'static str = "paxos-commit";
    const SERVICE: Service = Service::Txn;
    const PROMISE: &'static str =
        "atomic and strictly serializable; not blocked while a majority of acceptors is up";
    const MODES: &'static [Mode] = &[];
    const MUTANTS: &'static [MutantInfo] = mutants::MUTANTS;
    const ROLES: &'static [&'static str] = &["leader", "participant"];
    const OPTIONS: &'static [&'static str] = &[
        "coordinators",
        "repeat",
        "patience",
        "lock-wait",
        "ask",
        "faults",
    ];
    const MESSAGES: &'static [&'static str] = <Message as strum::VariantNames>::VARIANTS;
    const LABELS: &'static [&'static str] = &[
        "committed",
        "abort",
        "silence",
        "in-doubt",
        "refused",
        "wound",
        "lock-timeout",
        "lost-locks",
        "took-over",
        "ballot",
        "recovered-in-doubt",
    ];

    fn configure(parameters: &Parameters) -> Result<Config, String> {
        parameters.know_only(Self::OPTIONS)?;
        parameters.chosen_mode::<String>(Self::NAME, Self::MODES)?;
        let layout = Layout::from_parameters(Self::NAME, parameters)?;
        let default = Config::new(layout);
        let faults = parameters.option("faults", u64::from(default.faults));
        let nodes = u64::from(parameters.nodes);
        if faults.saturating_mul(2) >= nodes {
            return Err(format!(
                "{} acceptors that fail need 2F+1 nodes, but there are {nodes}: set `faults` to {} \
                 or less, or `nodes` to more",
                faults,
                (nodes - 1) / 2
            ));
        }
        Ok(Config {
            faults: faults as u32,
            mutant: parameters.planted(Self::NAME, Self::MUTANTS)?,
            ..default
        })
    }

    fn invariants(config: &Config) -> Vec<Box<dyn Invariant<Self>>> {
        let mut all = commitment();
        all.extend(two_phase_locking());
        all.extend(invariants::all(config.majority()));
        all
    }
}
