//! The scenario language: a TOML file in, a [`Scenario`] out, or errors that point at the key and say
//! what to write instead.
//!
//! [`Scenario::read`] reads one file, [`Scenario::read_all`] files and folders. What protocols there
//! are it is told through [`Known`]; it knows none itself. [`schema`] describes the language to
//! editors. A [`Case`] holds one run whole, to repeat it for ever.
//!
//! One thing has one spelling, in files, plans, traces and reports:
//!
//! - Keys and words are in kebab-case; a length of time is a text with a unit, `"250ms"`; a rate is
//!   `"200/s"`; a share is a number from 0 to 1.
//! - A fault is spelt as [`murphy_sim::Fault`] spells it: `fault` names the variant, and its fields
//!   stand beside `when` and `for`. How a partition cuts is its `shape`: `"halves"`, `"minority"`,
//!   `"bridge"`, `"majorities-ring"`, `{ isolate = "leader" }`, `{ one-way = { from = "n0", to = "n1" } }`,
//!   `{ groups = [["n0", "c0"], ["n1"]] }`.
//! - There is one shorthand for it: `fault = "isolate"` with a `node` is a partition with
//!   `shape = { isolate = NODE }`, and is written as that from then on.
//! - Samples of an `empirical` latency can come from a CSV file beside the scenario,
//!   `{ csv = "rtt.csv" }`; what is read is part of the scenario from then on.
//!
//! An unknown key is an error at every depth. A file is at most [`FILE_BYTES_MOST`] long, and its
//! name without `.toml`, `[a-z0-9-]+`, is the scenario's.

mod case;
mod document;
mod error;
mod files;
mod history_check;
mod known;
mod narrow;
mod plan;
mod scenario;
mod schema;
mod setting;
mod shorthand;
mod spanned;
mod suggest;
mod validate;
mod words;

pub use self::{
    case::{CASE_BYTES_MOST, Case},
    error::LanguageError,
    files::{FILE_BYTES_MOST, find},
    history_check::HistoryCheck,
    known::Known,
    scenario::{Check, FaultCount, Nemesis, Phases, Scenario, Workload},
    schema::schema,
    words::{Expectation, Family, KeyChoice, NodeChoice, Rate, StateCheck, WorkloadKind},
};

/// The names of all history checks.
pub const HISTORY_CHECKS: &[&str] = <HistoryCheck as strum::VariantNames>::VARIANTS;
