//! Scenario files, nemesis, workloads, and the runner of murphy.

pub mod language;
