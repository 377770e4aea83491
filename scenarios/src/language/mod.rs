//! The scenario language: a TOML file in, a [`Scenario`] out, or errors that point at the key.

mod scenario;
mod setting;
mod words;

pub use self::{
    scenario::{Check, FaultCount, Nemesis, Phases, Scenario, Workload},
    words::{Expectation, Family, HistoryCheck, KeyChoice, Rate, StateCheck, WorkloadKind},
};

/// The names of all history checks.
pub const HISTORY_CHECKS: &[&str] = <HistoryCheck as strum::VariantNames>::VARIANTS;
