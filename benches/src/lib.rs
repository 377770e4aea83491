//! Criterion benchmarks of murphy beside its peers.
