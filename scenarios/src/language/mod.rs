//! The scenario language: a TOML file in, a [`Scenario`] out, or errors that point at the key.

mod document;
mod error;
mod files;
mod known;
mod narrow;
mod scenario;
mod schema;
mod setting;
mod shorthand;
mod spanned;
mod suggest;
mod validate;
mod words;

pub use self::{
    error::LanguageError,
    files::{FILE_BYTES_MOST, find},
    known::Known,
    scenario::{Check, FaultCount, Nemesis, Phases, Scenario, Workload},
    schema::schema,
    words::{Expectation, Family, HistoryCheck, KeyChoice, Rate, StateCheck, WorkloadKind},
};

/// The names of all history checks.
pub const HISTORY_CHECKS: &[&str] = <HistoryCheck as strum::VariantNames>::VARIANTS;
