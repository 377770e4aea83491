//! How far one rumour gets among 1,000 nodes when nobody compares notes, and what that costs: Demers
//! et al., section 1.4 and Table 2.
//!
//! The residue s, the share that is left out, solves s = e^-((k+1)(1-s)), counter or coin; blind,
//! s = e^-(k(1-s)), which is Table 2's column. Table 1 (counters, 0.176 for k = 1 and 0.037 for k = 2)
//! stays below the formula, because its sites act in step, so that two who tell a third at once both
//! take it for news, and because a useful contact resets its counters; here nobody acts in step.

use std::sync::Arc;

use murphy_sim::{ClientId, Cluster, Latency, PlannedCall, Route, Setup, Start, World};

use super::*;
use crate::events_testing::at_ms;

const NODES: u32 = 1_000;
const SEEDS: u64 = 10;

/// What became of one rumour.
struct Spread {
    /// Nodes that heard of it.
    heard: u64,
    /// Rumours sent.
    pushes: u64,
}

impl Spread {
    fn residue(&self) -> f64 {
        1.0 - self.heard as f64 / f64::from(NODES)
    }

    /// Rumours sent, a node.
    fn traffic(&self) -> f64 {
        self.pushes as f64 / f64::from(NODES)
    }
}

fn spread(mode: &str, k: u32, blind: bool, seed: u64) -> Spread {
    let mut cluster = Cluster::new(NODES, 1);
    cluster.network.latency = Latency::Constant(Span::micros(500));
    let config = Config {
        nodes: NODES,
        k,
        blind,
        anti_entropy: Span::secs(1_000_000_000),
        ..config(mode)
    };
    let call = PlannedCall {
        client: ClientId(0),
        start: Start::At(at_ms(1)),
        route: Route::Any,
        request: Request::Publish { key: 0, event: 1 },
    };
    let end = at_ms(60_000);
    let setup = Setup::calm(cluster.compile().expect("valid"), config, vec![call], end);
    let mut world = World::<RumourMongering>::new(Arc::new(setup), seed);
    world.run_until(end);
    let nodes = || world.processes().iter().flatten();
    assert!(nodes().all(|node| node.hot().count() == 0), "all is told");
    let heard = nodes().filter(|node| !node.store().held().is_empty());
    let heard = heard.count() as u64;
    let messages = world.stats().messages;
    // Every push is useful to one node, or answered that it was not.
    let useful = heard - 1;
    let pushes = if blind {
        messages
    } else {
        useful + (messages - useful) / 2
    };
    Spread { heard, pushes }
}

fn mean(runs: &[Spread], of: impl Fn(&Spread) -> f64) -> f64 {
    runs.iter().map(of).sum::<f64>() / runs.len() as f64
}

fn runs(mode: &str, k: u32, blind: bool) -> Vec<Spread> {
    (0..SEEDS)
        .map(|seed| spread(mode, k, blind, seed))
        .collect()
}

/// The s below one that solves s = e^-(contacts (1 - s)).
fn residue(contacts: f64) -> f64 {
    (0..1_000).fold(0.0, |s: f64, _| (-contacts * (1.0 - s)).exp())
}

fn near(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!(
        (found - expected).abs() <= tolerance,
        "{what}: {found} instead of {expected}"
    );
}

#[test]
fn with_feedback_the_residue_is_that_of_the_formula() {
    for mode in ["counter", "coin"] {
        for k in 1..=3 {
            let runs = runs(mode, k, false);
            let expected = residue(f64::from(k) + 1.0);
            let what = format!("{mode} {k}");
            near(mean(&runs, Spread::residue), expected, 0.015, &what);
            let traffic = mean(&runs, Spread::traffic);
            near(traffic, f64::from(k + 1) * (1.0 - expected), 0.08, &what);
            // Whatever the variant: a push is a ball thrown at a random bin.
            near(mean(&runs, Spread::residue), (-traffic).exp(), 0.015, &what);
        }
    }
}

/// Each node that hears of it is told once, but for the first, and loses interest after k useless
/// pushes: the lower bound of the paper, which is met when no counter is ever reset.
#[test]
fn a_counter_costs_exactly_k_useless_pushes_a_node() {
    for k in 1..=3 {
        for run in runs("counter", k, false) {
            assert_eq!(run.pushes, (u64::from(k) + 1) * run.heard - 1);
        }
    }
}

/// Table 2: blind and coin. With k = 1 the epidemic does not get off the ground.
#[test]
fn blind_with_a_coin_residue_and_traffic_are_those_of_table_2() {
    for (k, residue, traffic) in [
        (1, 0.960, 0.04),
        (2, 0.205, 1.59),
        (3, 0.060, 2.82),
        (4, 0.021, 3.91),
    ] {
        let runs = runs("coin", k, true);
        let what = format!("k = {k}");
        near(mean(&runs, Spread::residue), residue, 0.02, &what);
        near(mean(&runs, Spread::traffic), traffic, 0.08, &what);
    }
}
