//! Whole runs: what invariants find, and what they do not.

use murphy_sim::{Invariant, Plan, Route, World};

use super::*;
use crate::{
    chain::invariants,
    faults_testing::{at, calls, crash, isolate, role},
};

/// Anomalies that invariants found, and whether replicas agree in the end.
fn run(config: Config, plan: Plan) -> (BTreeSet<&'static str>, bool, World<Chain>) {
    let calls = calls(Route::Sticky, |i| match i % 16 {
        8.. => write(i),
        _ => Request::Read { key: 7 },
    });
    let (anomalies, world) = crate::faults_testing::run(4, config, plan, calls);
    (anomalies, world.has_converged(), world)
}

#[test]
fn the_chain_survives_the_loss_of_every_place_in_it_and_takes_the_node_back() {
    for mode in [Mode::Chain, Mode::Craq] {
        for place in ["head", "middle", "tail"] {
            for fault in [isolate(role(place)), crash(role(place))] {
                let (anomalies, converged, world) =
                    run(config(mode, None), vec![at(1_000, fault, 2_000)]);
                assert_eq!(anomalies, BTreeSet::new());
                assert!(world.calls_are_done() && converged, "{mode:?} {place}");
                for label in ["removed", "admitted", "rejoin"] {
                    let reached = world.reached().iter().any(|(known, _)| *known == label);
                    assert!(reached, "{mode:?} reaches {label} when the {place} is lost");
                }
            }
        }
    }
}

#[test]
fn a_head_that_acknowledges_alone_is_found() {
    let mutant = Some(Mutant::ChainHeadAcknowledges);
    let (anomalies, ..) = run(
        config(Mode::Chain, mutant),
        vec![at(1_000, isolate(role("head")), 2_000)],
    );
    assert!(anomalies.contains("committed-update-not-held"));
    assert!(anomalies.contains("update-not-in-process"));
    assert!(anomalies.contains("committed-entries-differ"));
}

#[test]
fn an_old_tail_that_serves_is_found() {
    let mutant = Some(Mutant::ChainOldTailNotFenced);
    let (anomalies, ..) = run(
        config(Mode::Chain, mutant),
        vec![at(1_000, isolate(role("tail")), 2_000)],
    );
    assert!(anomalies.contains("old-tail-serves"));
}

#[test]
fn updates_that_are_not_sent_again_stay_where_they_are() {
    let mutant = Some(Mutant::ChainNoResendAfterMending);
    let (_, converged, _) = run(
        config(Mode::Chain, mutant),
        vec![at(1_000, crash(role("middle")), 2_000)],
    );
    assert!(!converged);
}

#[test]
fn a_successor_that_has_what_its_predecessor_has_not_is_found() {
    let config = config(Mode::Chain, None);
    let (_, first) = in_chain(N0, &[N0, N1], config);
    let (mut node, mut second) = in_chain(N1, &[N0, N1], config);
    let both = vec![opening(1), entry(1, 1, 2)];
    node.on_message(&mut second, N0, forward(1, (0, 0), both));
    node.on_synced(&mut second);
    let processes = [Some(first), Some(second)];
    let mut invariant = invariants::update_propagation::UpdatePropagation;
    let breach = invariant.check(Time::ZERO, N1, &processes).unwrap_err();
    assert_eq!(breach.anomaly, "update-not-propagated");
}

#[test]
fn an_epoch_that_falls_is_found() {
    let config = config(Mode::Chain, None);
    let start = |disk: &[Record]| Some(React::new(N0, 4).start::<Chain>(&config, disk).0);
    let mut invariant = invariants::epochs_rise::EpochsRise::default();
    let before = [start(&[Record::Configured(configuration(5, &[N0]))])];
    assert_eq!(invariant.check(Time::ZERO, N0, &before), Ok(()));
    let breach = invariant.check(Time::ZERO, N0, &[start(&[])]).unwrap_err();
    assert_eq!(breach.anomaly, "epoch-falls");
}
