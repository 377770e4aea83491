//! Criterion benchmarks of murphy beside its peers: what they run. How it is measured is in the bench
//! targets next to this folder.
//!
//! Every figure is a ratio or a rate taken side by side in one process, never a timed test.

pub mod bars;
pub mod histories;
pub mod protocols;
pub mod relay;
pub mod replica;
pub mod table;
