//! Scenario files, nemesis, workloads, and the runner of murphy.
//!
//! This crate puts a world, a protocol and judges together as a scenario says, and makes plain records
//! of what came out. It knows nothing of how messages move, how a checker searches or how anything is
//! drawn.

pub mod catalog;
pub mod language;

mod diagram;
mod judge;
mod known;
mod nemesis;
mod page;
mod registry;
mod run;
mod suite;
mod verdicts;
mod workload;

#[cfg(any(test, feature = "proptest"))]
pub mod strategies;

#[cfg(test)]
mod properties;

pub use crate::{
    judge::{Seen, Served},
    known::Registered,
    nemesis::Nemesis,
    page::protocols_page,
    registry::{Entry, protocol, protocols},
    run::{CannotRun, How, OPENING_BALANCE, RunResult, Runnable, Substrate, Which},
    suite::{Broken, Options, Seeds, prepare, repeat_command, run},
    verdicts::STATE_ANOMALIES,
    workload::{Demand, Pace},
};
