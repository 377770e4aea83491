//! Stories that prove the world: what every fault does, what a run is a function of, what is refused.

#[path = "../common/mod.rs"]
mod common;

mod clients;
mod clocks;
mod determinism;
mod disks;
mod faults;
mod links;
mod machines;
mod partitions;
mod properties;
mod refusals;
mod triggers;
