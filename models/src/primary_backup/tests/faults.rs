//! Whole runs: what invariants find, and what they do not.

use murphy_sim::{
    Fault, Invariant, Plan, PlannedCall, PlannedFault, Route, Shift, Span, Target, World,
};

use super::*;
use crate::{
    faults_testing::{at, crash, role},
    primary_backup::invariants,
};

/// The primary is cut off for two seconds, half of the clients with it.
fn isolate() -> PlannedFault {
    at(
        1_000,
        crate::faults_testing::isolate(role("primary")),
        2_000,
    )
}

/// Two clients read and write, one reads, and one reads but for a write now and then, so that it
/// waits for no write while it can still read.
fn calls() -> Vec<PlannedCall<Request>> {
    crate::faults_testing::calls(Route::Sticky, |i| {
        let (key, value) = (i as u32, i);
        if i % 16 >= 14 || i.is_multiple_of(64) {
            Request::Write { key, value }
        } else {
            Request::Read { key: key % 100 }
        }
    })
}

/// Anomalies that invariants found, and whether replicas agree in the end.
fn run(config: Config, plan: Plan) -> (BTreeSet<&'static str>, bool, World<PrimaryBackup>) {
    let (anomalies, world) = crate::faults_testing::run(4, config, plan, calls());
    assert!(world.calls_are_done());
    (anomalies, world.has_converged(), world)
}

#[test]
fn every_mode_survives_the_loss_of_its_primary_and_takes_it_back() {
    for mode in [Mode::Synchronous, Mode::SemiSynchronous, Mode::Asynchronous] {
        let (anomalies, converged, world) = run(config(mode, None), vec![isolate()]);
        assert_eq!(anomalies, BTreeSet::new());
        assert!(converged);
        for label in ["failover", "takeover", "lease-lost", "rejoin", "tail-cut"] {
            let reached = world.reached().iter().any(|(known, _)| *known == label);
            assert!(reached, "{mode:?} reaches {label}");
        }
    }
}

#[test]
fn an_old_primary_that_serves_is_found() {
    let mutant = Some(Mutant::OldPrimaryNotFenced);
    let (anomalies, ..) = run(config(Mode::Synchronous, mutant), vec![isolate()]);
    assert!(anomalies.contains("old-primary-serves"));

    let back = Fault::ClockStep {
        node: Target::Node(N0),
        by: Shift(-2_000_000_000),
    };
    let plan = vec![isolate(), at(1_050, back, 0)];
    let mutant = Some(Mutant::LeaseOnTheWallClock);
    let (anomalies, ..) = run(config(Mode::Synchronous, mutant), plan.clone());
    assert!(anomalies.contains("old-primary-serves"));
    let (anomalies, ..) = run(config(Mode::Synchronous, None), plan);
    assert_eq!(anomalies, BTreeSet::new());
}

#[test]
fn a_monitor_that_forgets_its_lease_is_found() {
    let plan = vec![isolate(), at(1_010, crash(Target::Node(MONITOR)), 50)];
    let long = |mutant| Config {
        lease: Span::secs(1),
        ..config(Mode::Synchronous, mutant)
    };
    let mutant = Some(Mutant::MonitorForgetsItsLease);
    let (anomalies, ..) = run(long(mutant), plan.clone());
    assert!(anomalies.contains("old-primary-serves"));
    assert_eq!(run(long(None), plan).0, BTreeSet::new());
}

#[test]
fn a_commit_that_others_do_not_hold_is_found() {
    let mutant = Some(Mutant::AckBeforeReplicate);
    let (anomalies, ..) = run(config(Mode::Synchronous, mutant), vec![isolate()]);
    assert!(anomalies.contains("committed-entry-not-held"));
    assert!(anomalies.contains("committed-entries-differ"));
}

#[test]
fn a_tail_that_is_kept_is_found_and_stays() {
    let mutant = Some(Mutant::CatchUpSkipsTheTail);
    let (anomalies, converged, _) = run(config(Mode::Synchronous, mutant), vec![isolate()]);
    assert!(anomalies.contains("committed-entries-differ"));
    assert!(!converged);
}

#[test]
fn two_primaries_of_one_epoch_are_found() {
    let config = config(Mode::Synchronous, None);
    let lead = |node: NodeId| {
        let mut react = React::new(node, 4);
        let (mut process, _) = react.start::<PrimaryBackup>(&config, &[]);
        let configured = Message::Configured(configuration(1, node));
        react.on_message(&mut process, MONITOR, configured);
        Some(process)
    };
    let processes = [lead(N0), lead(N1)];
    let mut invariant = invariants::one_primary::OnePrimary::default();
    assert_eq!(invariant.check(Time::ZERO, N0, &processes), Ok(()));
    let breach = invariant.check(Time::ZERO, N1, &processes).unwrap_err();
    assert_eq!(breach.anomaly, "two-primaries");
}

#[test]
fn an_epoch_that_falls_is_found() {
    let config = config(Mode::Synchronous, None);
    let start = |disk: &[Record]| Some(React::new(N0, 4).start::<PrimaryBackup>(&config, disk).0);
    let mut invariant = invariants::epochs_rise::EpochsRise::default();
    let before = [start(&[Record::Epoch(Epoch(5))])];
    assert_eq!(invariant.check(Time::ZERO, N0, &before), Ok(()));
    let breach = invariant.check(Time::ZERO, N0, &[start(&[])]).unwrap_err();
    assert_eq!(breach.anomaly, "epoch-falls");
}
