//! One run with every kind of fault in its plan: each begins, ends and hits something.

use std::collections::BTreeSet;

use murphy_sim::{
    DiskFate, Fault, Links, MessageFate, Plan, Probability, Shape, Shift, Span, Target, World,
};

use crate::common::{Node, Story, ms, node, planned, story};

/// One fault of each kind, each against something that is there to be hit.
fn one_of_each() -> Vec<Fault> {
    let half = Probability::per_mille(500);
    let links = Links::default;
    let one = || node(1);
    vec![
        Fault::Partition {
            shape: Shape::Halves,
            flap: None,
            clients: vec![],
        },
        Fault::Loss {
            probability: half,
            links: links(),
        },
        Fault::Duplicate {
            probability: half,
            links: links(),
        },
        Fault::Reorder {
            probability: half,
            window: Span::millis(5),
            links: links(),
        },
        Fault::Corrupt {
            probability: half,
            links: links(),
        },
        Fault::Delay {
            by: Span::millis(1),
            jitter: Span::millis(1),
            links: links(),
        },
        Fault::Bandwidth {
            bytes_per_second: 1_000,
            queue: 10,
            links: links(),
        },
        Fault::Clog { links: links() },
        Fault::SwizzleClog { node: Target::All },
        Fault::Message {
            kind: "Ping".to_owned(),
            nth: 1,
            fate: MessageFate::Drop,
        },
        Fault::Crash {
            node: one(),
            disk: DiskFate::Drawn,
        },
        Fault::CrashLoop {
            node: one(),
            every: Span::millis(20),
            disk: DiskFate::Drawn,
        },
        Fault::Pause { node: one() },
        Fault::SlowCpu {
            node: one(),
            per_message: Span::millis(1),
        },
        Fault::AddNode { node: node(3) },
        Fault::RemoveNode { node: one() },
        Fault::ClockOffset {
            node: one(),
            by: Shift(1_000_000),
        },
        Fault::ClockStep {
            node: one(),
            by: Shift(-1_000_000),
        },
        Fault::ClockDrift {
            node: one(),
            ppm: 100,
        },
        Fault::ClockStrobe {
            node: one(),
            by: Shift(1_000_000),
            every: Span::millis(3),
        },
        Fault::ClockFreeze { node: one() },
        Fault::ClockSlew {
            node: one(),
            ppm: 500,
        },
        Fault::ClockBound {
            node: one(),
            uncertainty: Span::ZERO,
        },
        Fault::DiskCorrupt { node: one() },
        Fault::DiskSyncError { node: one() },
        Fault::DiskSlow {
            node: one(),
            factor: 5,
        },
        Fault::DiskStall { node: one() },
        Fault::DiskFull { node: one() },
        Fault::Buggify {
            sites: Probability::ALWAYS,
            fires: half,
        },
    ]
}

fn busy() -> Story {
    story(3).cluster(|c| c.spares = 1).toy(|toy| {
        toy.writes = true;
        toy.answers = true;
    })
}

fn check(fault: &Fault, world: &World<Node>, index: usize, from: u64) {
    let report = &world.faults()[index];
    let kind = fault.kind();
    assert_eq!(report.began, Some(ms(from)), "{kind}");
    let ends = if fault.is_instant() { from } else { from + 100 };
    assert_eq!(report.ended, Some(ms(ends)), "{kind}");
    assert!(report.hits > 0, "{kind} hit nothing");
    // Two ticks of 10 ms fall on 100 ms, of which there are at most a few dozen messages.
    assert!(report.hits < 1_000, "{kind} hit {} times", report.hits);
}

#[test]
fn every_kind_of_fault_begins_ends_and_hits_something() {
    let mut seen = BTreeSet::new();
    for fault in one_of_each() {
        let world = busy().with(fault.clone()).run(1);
        check(&fault, &world, 0, 95);
        seen.insert(fault.kind());
        // The trace tells of it in the words of the plan.
        let mut traced = busy().with(fault.clone()).world(1);
        traced.keep_trace(100_000);
        traced.run_until(ms(500));
        let told = traced.trace().entries().map(ToString::to_string);
        assert!(
            told.into_iter()
                .any(|line| line.contains(&fault.to_string()))
        );
        assert_eq!(traced.digest(), world.digest(), "a trace changes nothing");
    }
    let all: BTreeSet<_> = Fault::kinds().iter().copied().collect();
    assert_eq!(
        seen, all,
        "a kind of fault without a test that it was applied"
    );
}

#[test]
fn a_fault_changes_the_run_and_a_run_without_it_is_calm() {
    let calm = busy().run(1);
    let to_the_spare = 3 * 49;
    assert_eq!(
        (calm.stats().dropped, calm.stats().crashes),
        (to_the_spare, 0)
    );
    for fault in one_of_each() {
        let world = busy().with(fault.clone()).run(1);
        assert_ne!(world.digest(), calm.digest(), "{}", fault.kind());
    }
}

#[test]
fn all_faults_at_once_end_and_leave_a_healthy_cluster() {
    let mut story = busy().until(2_000).heal_at(1_000);
    let plan = one_of_each().into_iter().enumerate();
    story.plan = plan
        .map(|(i, f)| planned(f, 90 + 7 * i as u64, 190 + 7 * i as u64))
        .collect::<Plan>();
    for seed in 0..20 {
        let world = story.run(seed);
        assert!(world.processes().iter().all(Option::is_some));
        assert!(
            world
                .faults()
                .iter()
                .all(|f| f.began.is_some() && f.ended.is_some())
        );
        let mut later = world.clone();
        later.run_until(ms(2_100));
        let lost = later.stats().dropped - world.stats().dropped;
        assert_eq!(lost, 0, "nothing goes wrong any more");
        assert_eq!(later.stats().syncs - world.stats().syncs, 40);
    }
}
