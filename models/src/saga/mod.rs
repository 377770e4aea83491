//! Sagas: long transactions as a row of local ones, each with a compensation, led by an orchestrator.
//!
//! Garcia-Molina and Salem, "Sagas" (1987), section 2: the outcome is `T1 T2 ... Tn`, or
//! `T1 ... Tj Cj ... C2 C1`; section 4, backward recovery from a log of the saga. Richardson,
//! Microservices Patterns (2018), ch. 4: an orchestrator that asks participants one after the other,
//! over messages that are repeated until answered; steps that may be refused come first, so that what
//! follows them can only succeed (4.3.2, "compensatable, pivot and retriable").
//!
//! The first node leads; every other node keeps accounts, in a store of its own. A step adds to one
//! account or takes from it, and is refused where there is not enough.
//!
//! # Promise
//!
//! Every saga ends with all its steps or with none: those that took effect are then compensated, each
//! once, the latest first, and its client is told so. A step takes effect once, however often it is
//! asked for. `saga-steady.toml` and `saga-under-chaos.toml` test it. A saga whose orchestrator crashes
//! is led to its end from the log: `saga-orchestrator-crashes.toml` tests it.
//!
//! # Tolerated
//!
//! Lost, doubled, reordered and late messages, partitions, pauses, slow and failing disks, clocks that
//! do anything, and crashes of any node as long as what was synced survives. Without the orchestrator
//! or a participant that it needs a saga waits.
//!
//! # Not promised
//!
//! Isolation: effects are seen before a saga has ended, and of sagas that are compensated then.
//! `saga-is-not-isolated.toml` shows money that is under way, and that an auditor misses.
//!
//! # Cost
//!
//! Of n steps, all done: 2n messages, one after the other, and n + 1 forced writes: the log of the saga
//! is forced once, before its first step, since participants remember how each step ended. With step
//! j + 1 refused: 4j + 2 messages and 2j + 2 forced writes. `tests/costs.rs` pins it.

mod invariants;
mod orchestrator;
mod participant;
#[cfg(test)]
mod tests;

use murphy_sim::{
    CallId, Context, Digest, Invariant, LogIndex, NodeId, Process, Reply, Role, Span, View,
};
use serde::{Deserialize, Serialize};

pub use self::{orchestrator::Orchestrator, participant::Participant};
use crate::{
    protocol::{Mode, MutantInfo, Parameters, Protocol},
    service::{
        Service,
        txn::{self, Datum, Key, Request, Response},
    },
};

/// Where the orchestrator is.
pub const ORCHESTRATOR: NodeId = NodeId(0);

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Saga {
    /// Leads sagas.
    Orchestrator(Orchestrator),
    /// Keeps accounts.
    Participant(Participant),
}

/// What a node is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Nodes that keep accounts.
    pub participants: u32,
    /// The balance of accounts that were never touched.
    pub opening_balance: Option<i64>,
    /// How long the orchestrator waits for an answer before it asks again.
    pub retry: Span,
    /// The planted bug.
    pub mutant: Option<Mutant>,
}

/// The bugs that can be planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Mutant {
    /// The orchestrator asks for a compensation once, and takes silence for an answer.
    CompensationNotRetried,
    /// A participant compensates a step whenever it is asked to.
    CompensationNotIdempotent,
    /// The orchestrator compensates the first step first.
    CompensationsOutOfOrder,
    /// The orchestrator asks for the first step before its log is forced.
    StepBeforeLog,
}

/// One step of a saga: so much is added to this account, or taken from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Step {
    /// Which account.
    pub key: Key,
    /// How much; below zero it is taken.
    pub amount: i64,
}

/// How far a saga is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Progress {
    /// This step is asked for; all before it have taken effect.
    Forward {
        /// Counted from zero.
        next: u32,
    },
    /// A step was refused.
    Backward {
        /// So many steps had taken effect.
        done: u32,
        /// So many are still to be compensated.
        left: u32,
    },
    /// All steps have taken effect.
    Completed,
    /// What had taken effect is compensated.
    Abandoned,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// It took effect.
    Done,
    /// It never will.
    Refused,
    /// It took effect, and that is undone.
    Compensated,
}

/// What nodes say to each other. The stamps of effects travel with it: see [`txn::SagaEffect`].
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
    /// Orchestrator to participant: do this step.
    Execute {
        /// Of which saga.
        saga: CallId,
        /// Which of its steps.
        place: u32,
        /// What to do.
        step: Step,
        /// The sender's stamp.
        stamp: u64,
    },
    /// Orchestrator to participant: undo it.
    Compensate {
        /// Of which saga.
        saga: CallId,
        /// Which of its steps.
        place: u32,
        /// What was done.
        step: Step,
        /// The sender's stamp.
        stamp: u64,
    },
    /// Participant to orchestrator.
    Executed {
        /// Of which saga.
        saga: CallId,
        /// Which of its steps.
        place: u32,
        /// Whether it took effect; if not, it never will.
        done: bool,
        /// The sender's stamp.
        stamp: u64,
    },
    /// Participant to orchestrator.
    Compensated {
        /// Of which saga.
        saga: CallId,
        /// Which of its steps.
        place: u32,
        /// The sender's stamp.
        stamp: u64,
    },
    /// Orchestrator to participant: what is on these accounts?
    Look {
        /// For which call.
        call: CallId,
        /// Which accounts.
        keys: Vec<Key>,
    },
    /// Participant to orchestrator.
    Found {
        /// For which call.
        call: CallId,
        /// What is there.
        found: Vec<(Key, Option<Datum>)>,
    },
}

/// What the orchestrator reminds itself of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// This saga, or this reading, has had no answer.
    Retry(CallId),
}

/// What is written to disk.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Record {
    /// Orchestrator: a saga begins.
    Begun {
        /// Which.
        saga: CallId,
        /// What it has to do.
        steps: Vec<Step>,
    },
    /// Orchestrator: how far it is. Not forced: participants remember.
    Progress {
        /// Which.
        saga: CallId,
        /// How far.
        progress: Progress,
        /// The orchestrator's stamp.
        stamp: u64,
    },
    /// Participant: a local transaction.
    Ended {
        /// Of which saga.
        saga: CallId,
        /// Which of its steps.
        place: u32,
        /// What it was asked to do.
        step: Step,
        /// What has become of it.
        outcome: Outcome,
        /// The participant's stamp.
        stamp: u64,
    },
}

impl Process for Saga {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Request = Request;
    type Response = Response;
    type View = txn::View;

    fn start(config: &Config, disk: &[Record], ctx: &mut Context<Self>) -> Saga {
        if ctx.node() == ORCHESTRATOR {
            Saga::Orchestrator(Orchestrator::start(*config, disk, ctx))
        } else {
            Saga::Participant(Participant::start(*config, disk, ctx))
        }
    }

    fn on_request(&mut self, call: CallId, request: Request, ctx: &mut Context<Self>) {
        match self {
            Saga::Orchestrator(orchestrator) => orchestrator.ask(call, &request, ctx),
            Saga::Participant(_) => ctx.reply(call, Reply::Redirect(Some(ORCHESTRATOR))),
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Self>) {
        match self {
            Saga::Orchestrator(orchestrator) => orchestrator.on_message(message, ctx),
            Saga::Participant(participant) => participant.on_message(from, message, ctx),
        }
    }

    fn on_timer(&mut self, Timer::Retry(call): Timer, ctx: &mut Context<Self>) {
        match self {
            Saga::Orchestrator(orchestrator) => orchestrator.retry(call, ctx),
            Saga::Participant(_) => unreachable!("a participant sets no timer"),
        }
    }

    fn on_synced(&mut self, upto: LogIndex, ctx: &mut Context<Self>) {
        match self {
            Saga::Orchestrator(orchestrator) => orchestrator.synced(upto, ctx),
            Saga::Participant(participant) => participant.synced(upto, ctx),
        }
    }

    fn role(&self) -> Role {
        Role(match self {
            Saga::Orchestrator(_) => "orchestrator",
            Saga::Participant(_) => "participant",
        })
    }

    fn view(&self) -> View<txn::View> {
        match self {
            Saga::Orchestrator(orchestrator) => orchestrator.view(),
            Saga::Participant(participant) => participant.view(),
        }
    }

    fn abstraction(&self) -> u64 {
        let open = match self {
            Saga::Orchestrator(orchestrator) => orchestrator.open(),
            Saga::Participant(_) => (0, 0),
        };
        Digest::of(&(self.role().0, open))
    }
}

impl Protocol for Saga {
    const NAME: &'static str = "saga";
    const SERVICE: Service = Service::Txn;
    const PROMISE: &'static str = "every saga ends with all its steps, or with those that took effect \
         compensated, once each and the latest first; no isolation until then";
    const MODES: &'static [Mode] = &[];
    const MUTANTS: &'static [MutantInfo] = &[
        MutantInfo {
            name: "compensation-not-retried",
            mode: "",
            anomaly: "missing-compensation",
            story: "The orchestrator asks for a compensation once and takes silence for an answer: \
                    the message is lost, and what was taken is never given back.",
        },
        MutantInfo {
            name: "compensation-not-idempotent",
            mode: "",
            anomaly: "repeated-compensation",
            story: "A participant compensates a step as often as it is asked to: the message comes \
                    twice, and what was taken is given back twice.",
        },
        MutantInfo {
            name: "compensations-out-of-order",
            mode: "",
            anomaly: "compensation-out-of-order",
            story: "The orchestrator compensates the first step first: a later step stands on what \
                    is gone.",
        },
        MutantInfo {
            name: "step-before-log",
            mode: "",
            anomaly: "unfinished-saga",
            story: "The orchestrator asks for the first step before its log is forced: it crashes, \
                    and nobody leads the saga to an end.",
        },
    ];
    const ROLES: &'static [&'static str] = &["orchestrator", "participant"];
    const OPTIONS: &'static [&'static str] = &["retry"];
    const MESSAGES: &'static [&'static str] = <Message as strum::VariantNames>::VARIANTS;
    const LABELS: &'static [&'static str] = &[
        "begun",
        "refused",
        "compensated",
        "completed",
        "abandoned",
        "resumed",
        "retried",
        "repeated",
    ];

    fn configure(parameters: &Parameters) -> Result<Config, String> {
        parameters.know_only(Self::OPTIONS)?;
        parameters.chosen_mode::<String>(Self::NAME, Self::MODES)?;
        if parameters.nodes < 2 {
            return Err(format!(
                "saga with {} nodes has nobody to keep accounts: set `nodes` to 2 or more \
                 (orchestrator, participants)",
                parameters.nodes
            ));
        }
        if parameters.spares > 0 {
            return Err("saga has no use for spare nodes: set `spares` to 0".to_owned());
        }
        Ok(Config {
            participants: parameters.nodes - 1,
            opening_balance: parameters.opening_balance,
            retry: parameters.span("retry", Span::millis(100))?,
            mutant: parameters.planted(Self::NAME, Self::MUTANTS)?,
        })
    }

    fn invariants(_: &Config) -> Vec<Box<dyn Invariant<Saga>>> {
        invariants::all()
    }
}

impl Config {
    /// Who keeps this account.
    pub const fn keeper(&self, key: Key) -> NodeId {
        NodeId(1 + key % self.participants)
    }

    fn has(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}

impl Step {
    /// What undoes it.
    pub const fn compensation(self) -> Step {
        Step {
            amount: -self.amount,
            ..self
        }
    }
}
