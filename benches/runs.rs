//! `cargo bench -p murphy-benches --bench runs`: whole runs, set-up included, and copies of a world.
#![allow(missing_docs, reason = "a bench target exports nothing")]

use std::{hint::black_box, sync::Arc};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use murphy_benches::replica;
use murphy_sim::{Process, Setup, Span, Time, World};

fn run<P: Process>(setup: &Arc<Setup<P>>, seed: u64) -> World<P> {
    let mut world = World::new(Arc::clone(setup), seed);
    world.run_until(setup.end);
    world
}

/// Five nodes, one simulated second of heartbeats, set-up included; and set-up alone.
fn short_runs(criterion: &mut Criterion) {
    let setup = replica::short();
    let mut group = criterion.benchmark_group("short_runs");
    let mut seed = 0;
    group.throughput(Throughput::Elements(1));
    group.bench_function("run", |bench| {
        bench.iter(|| {
            seed += 1;
            black_box(run(&setup, seed).digest())
        });
    });
    group.bench_function("set-up alone", |bench| {
        bench.iter(|| {
            seed += 1;
            black_box(World::new(Arc::clone(&setup), seed).digest())
        });
    });
    group.throughput(Throughput::Elements(run(&setup, 1).events()));
    group.bench_function("events", |bench| {
        bench.iter(|| black_box(run(&setup, 1).digest()));
    });
    group.finish();
}

/// A minute of five nodes with a thousand calls and faults: the run, and a copy of its world mid-run.
fn long_runs(criterion: &mut Criterion) {
    let setup = replica::long();
    let mut group = criterion.benchmark_group("long_runs");
    let mut seed = 0;
    group.bench_function("run", |bench| {
        bench.iter(|| {
            seed += 1;
            black_box(run(&setup, seed).digest())
        });
    });
    let mut world = World::new(Arc::clone(&setup), 1);
    world.run_until(Time::ZERO + Span::secs(30));
    group.bench_function("clone mid-run", |bench| {
        bench.iter(|| black_box(world.clone()));
    });
    group.finish();
}

criterion_group!(runs, short_runs, long_runs);
criterion_main!(runs);
