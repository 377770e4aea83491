//! Judges of histories: linearizability, isolation, delivery, atomic commit, convergence.
//!
//! Anyone's history will do: this crate knows no nodes, no messages, no faults and no simulator.
//! Checking is deterministic, and bounded by counted steps and bytes.
//!
//! Every checker is compared with the definition of what it judges on small random histories:
//! `cargo test -p murphy-checkers --test oracles -- --nocapture` prints how many of each model, and
//! with `-- --ignored million` they are more than a million. `tests/literature/` has the histories
//! of the literature as text, each with its citation and its verdict at each level.

pub mod anomaly;
pub mod atomic_commit;
pub mod bank;
pub mod budget;
pub mod consumer_groups;
pub mod convergence;
pub mod deletes;
pub mod delivery;
pub mod direct;
pub mod durability;
pub mod eventual;
pub mod fencing;
pub mod formats;
mod hash;
pub mod history;
pub mod linearizable;
pub mod log;
pub mod membership;
pub mod ownership;
pub mod prefix;
pub mod registers;
pub mod saga;
pub mod siblings;
pub mod transactions;
pub mod verdict;

pub use anomaly::AnomalyName;
pub use budget::{Budget, Meter};
pub use history::{Builder, History, HistoryError, Moment, Operation, Outcome, Process};
pub use verdict::{Anomaly, Edge, Reason, Verdict, guard};
