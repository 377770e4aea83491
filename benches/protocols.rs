//! `cargo bench -p murphy-benches --bench protocols`: a minute of primary-backup, of two-phase commit and
//! of Raft with faults and invariants, gossip of many nodes until all know, and how long replicas took to agree
//! after the heal.
#![allow(
    missing_docs,
    clippy::print_stdout,
    reason = "a bench target prints its table and exports nothing"
)]

use std::{hint::black_box, sync::Arc};

use criterion::{Criterion, Throughput};
use murphy_benches::protocols;
use murphy_models::{
    primary_backup::PrimaryBackup, protocol::Protocol, raft::Raft, two_phase_commit::TwoPhaseCommit,
};
use murphy_sim::{Setup, Span};

fn minutes<P: Protocol>(criterion: &mut Criterion, name: &str, setup: &Arc<Setup<P>>) {
    let mut group = criterion.benchmark_group("minute");
    group.throughput(Throughput::Elements(1));
    let mut seed = 0;
    group.bench_function(name, |bench| {
        bench.iter(|| {
            seed += 1;
            black_box(protocols::checked(setup, seed).digest)
        });
    });
    group.finish();
}

fn spread(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("gossip");
    group.sample_size(10);
    for nodes in [100, 1_000, 10_000] {
        let setup = protocols::gossip(nodes);
        let mut seed = 0;
        group.throughput(Throughput::Elements(u64::from(nodes)));
        group.bench_function(nodes.to_string(), |bench| {
            bench.iter(|| {
                seed += 1;
                black_box(protocols::spread(&setup, seed))
            });
        });
    }
    group.finish();
}

/// Simulated, so it is the same on every machine.
fn converge<P: Protocol>(name: &str, setup: &Arc<Setup<P>>) {
    const SEEDS: u64 = 200;
    let run = |seed| protocols::checked(setup, seed).converged_after;
    let mut took: Vec<Span> = (0..SEEDS).filter_map(run).collect();
    took.sort_unstable();
    let Some(longest) = took.last() else {
        println!("  {name:<20} never");
        return;
    };
    println!(
        "  {name:<20} {} of {SEEDS} runs, median {}, longest {longest}",
        took.len(),
        took[took.len() / 2],
    );
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let (primary_backup, two_phase_commit) =
        (protocols::primary_backup(), protocols::two_phase_commit());
    minutes(&mut criterion, "primary-backup", &primary_backup);
    minutes(&mut criterion, "two-phase-commit", &two_phase_commit);
    let raft = protocols::raft();
    minutes(&mut criterion, "raft", &raft);
    spread(&mut criterion);
    criterion.final_summary();
    println!("\nsimulated time from the heal until all replicas agree");
    converge(PrimaryBackup::NAME, &primary_backup);
    converge(TwoPhaseCommit::NAME, &two_phase_commit);
    converge(Raft::NAME, &raft);
}
