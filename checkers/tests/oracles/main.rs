//! Every checker against the definition of what it judges: by brute force, on small random histories,
//! half of them made valid and then perhaps damaged. No disagreement is allowed.
//!
//! `cargo test -p murphy-checkers --test oracles` compares more than a hundred thousand histories and
//! prints how many of each model (with `-- --nocapture`); `-- --ignored million` more than a million.

#[path = "../common/mod.rs"]
mod common;
mod events;
mod logs;
mod monitors;
mod objects;
mod registers;
mod sessions;
mod transactions;

use std::ops::Range;

/// A model, how many histories of it are compared each time, and how.
type Comparison = (&'static str, u64, fn(Range<u64>) -> u64);

const COMPARISONS: &[Comparison] = &[
    ("register, unique values or not", 20_000, registers::compare),
    ("register, cas-register", 5_000, objects::registers),
    ("set", 5_000, objects::sets),
    ("counter", 5_000, objects::counters),
    ("queue", 5_000, objects::queues),
    ("stack", 5_000, objects::stacks),
    ("lock", 5_000, objects::locks),
    ("queue by its monitor", 20_000, monitors::queues),
    ("stack by its monitor", 20_000, monitors::stacks),
    ("set by its monitor", 20_000, monitors::sets),
    ("order of the servers", 5_000, objects::certificates),
    ("list-append", 12_000, transactions::list_append),
    ("rw-register", 12_000, transactions::rw_register),
    ("weak levels of rw-register", 6_000, sessions::weak_levels),
    ("PRAM", 6_000, sessions::pram),
    ("log", 20_000, logs::compare),
    ("saga", 4_000, events::sagas),
    ("lock held", 2_000, events::holds),
    ("fence", 2_000, events::fences),
    ("owner", 2_000, events::owners),
    ("states at every step", 3_000, events::states),
    ("deletes", 3_000, events::resurrections),
    ("consistent prefix", 2_000, events::prefixes),
];

const RELATIONS: &[Comparison] = &[
    (
        "stronger levels imply weaker ones",
        1_000,
        transactions::implications,
    ),
    ("names mean nothing", 2_000, transactions::names),
];

/// Compares so many times the usual number, and gives how many histories that were.
#[expect(
    clippy::print_stdout,
    reason = "the counts are what these tests are run for"
)]
fn compare_all(comparisons: &[Comparison], times: u64) -> u64 {
    std::thread::scope(|scope| {
        let run = |&(model, histories, compare): &Comparison| {
            let work = move || (model, compare(0..histories * times));
            scope.spawn(work)
        };
        let runs: Vec<_> = comparisons.iter().map(run).collect();
        let mut total = 0;
        for run in runs {
            let (model, histories) = run.join().expect("every comparison agrees");
            println!("{histories:9} histories: {model}");
            total += histories;
        }
        total
    })
}

#[test]
fn every_checker_agrees_with_its_definition() {
    let total = compare_all(COMPARISONS, 1);
    println!("{total:9} histories in all, and no disagreement");
    assert!(total >= 100_000, "{total} histories are too few");
}

#[test]
fn relations_between_levels_hold() {
    let total = compare_all(RELATIONS, 1);
    assert!(total >= 3_000, "{total} histories are too few");
}

#[test]
#[ignore = "ten times the work; cargo test -p murphy-checkers --test oracles -- --ignored million"]
fn a_million_histories_agree_with_their_definitions() {
    let usual: u64 = COMPARISONS.iter().map(|(_, histories, _)| histories).sum();
    let total = compare_all(COMPARISONS, 1_000_000_u64.div_ceil(usual));
    println!("{total:9} histories in all, and no disagreement");
    assert!(total >= 1_000_000, "{total} histories are too few");
}
