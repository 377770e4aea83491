//! Whole runs: what invariants find, and what they do not.

use murphy_sim::{
    DiskFate, Fault, Invariant, Plan, PlannedFault, Route, Shape, Shift, Target, Trigger, World,
};

use super::*;
use crate::{
    faults_testing::{at, calls, role},
    protocol::Protocol,
};

/// The leader is cut off for two seconds, half of the clients with it.
fn isolate() -> PlannedFault {
    at(1_000, crate::faults_testing::isolate(role("leader")), 2_000)
}

fn crash(millis: u64, node: Target, lasts: u64) -> PlannedFault {
    let disk = DiskFate::LoseUnsynced;
    at(millis, Fault::Crash { node, disk }, lasts)
}

/// Anomalies that invariants found, and the world in the end.
fn run(config: Config, plan: Plan, reads_of_eight: u64) -> (BTreeSet<&'static str>, World<Raft>) {
    let calls = calls(Route::Sticky, |i| {
        let (key, value) = (i as u32, i);
        if i % 64 < reads_of_eight * 8 {
            Request::Read { key: key % 50 }
        } else {
            Request::Write { key, value }
        }
    });
    crate::faults_testing::run(config.nodes, config, plan, calls)
}

#[test]
fn every_mode_survives_the_loss_of_its_leader_and_takes_it_back() {
    for (mode, snapshot_every, label) in [
        (Mode::ReadIndex, 10, "snapshot-installed"),
        (Mode::ReadIndex, 1_000, "tail-cut"),
        (Mode::Lease, 10, "snapshot-installed"),
        (Mode::Lease, 1_000, "tail-cut"),
    ] {
        let config = Config {
            snapshot_every,
            ..Config::new(3, mode)
        };
        let (anomalies, world) = run(config, vec![isolate()], 0);
        assert_eq!(anomalies, BTreeSet::new());
        assert!(world.has_converged() && world.calls_are_done());
        for label in ["elected", "quorum-lost", "deposed", label] {
            let reached = world.reached().iter().any(|(known, _)| *known == label);
            assert!(reached, "{mode:?} reaches {label}");
        }
    }
}

#[test]
fn terms_that_fall_make_two_leaders_and_logs_that_differ() {
    let plan = vec![isolate(), crash(1_050, role("follower"), 20)];
    let (anomalies, _) = run(config(Some(Mutant::TermNotPersisted)), plan.clone(), 0);
    for anomaly in ["term-falls", "two-leaders", "logs-differ"] {
        assert!(anomalies.contains(anomaly), "{anomaly} in {anomalies:?}");
    }
    assert_eq!(run(config(None), plan, 0).0, BTreeSet::new());
}

#[test]
fn what_is_not_on_disks_is_lost_to_later_leaders() {
    let plan = vec![crash(2_000, Target::All, 50), crash(3_000, Target::All, 50)];
    let slow = |mutant| Config {
        snapshot_every: 4,
        ..config(mutant)
    };
    let (anomalies, _) = run(slow(Some(Mutant::SnapshotDropsTheTail)), plan.clone(), 2);
    assert!(anomalies.contains("state-machine-safety"), "{anomalies:?}");
    assert_eq!(run(slow(None), plan, 2).0, BTreeSet::new());
}

#[test]
fn a_leader_without_what_is_committed_is_found() {
    let plan = vec![
        crash(1_000, Target::Node(N2), 1_500),
        at(
            2_500,
            Fault::Partition {
                shape: Shape::Isolate(role("leader")),
                flap: None,
                clients: vec![],
            },
            2_000,
        ),
    ];
    let found = (0..12u64).any(|late| {
        let mut plan = plan.clone();
        plan[1].when = Trigger::At(Time::ZERO + Span::millis(2_500 + 17 * late));
        let (anomalies, _) = run(config(Some(Mutant::NoUpToDateCheck)), plan.clone(), 2);
        assert_eq!(run(config(None), plan, 2).0, BTreeSet::new());
        anomalies.contains("incomplete-leader")
    });
    assert!(found);
}

#[test]
fn two_lease_holders_are_found() {
    let back = Fault::ClockStep {
        node: role("leader"),
        by: Shift(-5_000_000_000),
    };
    let plan = vec![at(1_000, back, 0), isolate()];
    let lease = |mutant| Config {
        mutant,
        heartbeat: Span::millis(350),
        ..Config::new(5, Mode::Lease)
    };
    let (anomalies, _) = run(lease(Some(Mutant::LeaseOnTheWallClock)), plan.clone(), 8);
    assert_eq!(anomalies, BTreeSet::from(["two-lease-holders"]));
    assert_eq!(run(lease(None), plan, 8).0, BTreeSet::new());
}

#[test]
fn a_leader_that_overwrites_and_a_commit_that_falls_are_found() {
    let (mut react, mut raft) = leading(config(None));
    react.on_request(&mut raft, call(0), write(5));
    let shorter = leading(config(None)).1;
    let mut other = shorter.clone();
    other.commit = Index(0);
    let breaches = |states: [&Raft; 2]| {
        let mut invariants = Raft::invariants(&config(None));
        let mut found = BTreeSet::new();
        for state in states {
            let processes = [Some(state.clone())];
            let check = |invariant: &mut Box<dyn Invariant<Raft>>| {
                invariant.check(Time::ZERO, N0, &processes).err()
            };
            let breaches = invariants.iter_mut().filter_map(check);
            found.extend(breaches.map(|breach| breach.anomaly));
        }
        found
    };
    assert_eq!(breaches([&raft, &shorter]), ["leader-overwrites"].into());
    assert_eq!(breaches([&shorter, &raft]), BTreeSet::new());
    assert_eq!(breaches([&shorter, &other]), BTreeSet::new(), "a restart");
    let compacted = Config {
        snapshot_every: 1,
        ..config(None)
    };
    let (mut react, raft) = leading(compacted);
    let mut later = raft.clone();
    react.on_request(&mut later, call(0), write(5));
    react.on_synced(&mut later);
    react.on_message(&mut later, N1, appended(1, 3, 2));
    let mut fallen = later.clone();
    fallen.commit = Index(1);
    assert_eq!(later.commit, Index(2));
    assert!(breaches([&later, &fallen]).contains("commit-falls"));
}
