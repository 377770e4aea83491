//! Whole runs: what invariants find, and what they do not.

use std::sync::Arc;

use murphy_sim::{
    Cluster, DiskFate, Fault, Invariant, Plan, PlannedCall, PlannedFault, Route, Setup, Shape,
    Span, Start, Target, Trigger, World, run_checked,
};

use super::*;
use crate::{chain::invariants, protocol::Protocol};

const CLIENTS: u32 = 4;

fn at(millis: u64, fault: Fault, lasts: u64) -> PlannedFault {
    PlannedFault {
        when: Trigger::At(Time::ZERO + Span::millis(millis)),
        fault,
        lasts: Some(Span::millis(lasts)),
    }
}

/// Who takes itself for this is cut off for two seconds, half of the clients with it.
fn isolate(role: &str) -> PlannedFault {
    let fault = Fault::Partition {
        shape: Shape::Isolate(Target::Role(role.to_owned())),
        flap: None,
        clients: vec![0, 1],
    };
    at(1_000, fault, 2_000)
}

fn crash(role: &str) -> PlannedFault {
    let fault = Fault::Crash {
        node: Target::Role(role.to_owned()),
        disk: DiskFate::Drawn,
    };
    at(1_000, fault, 2_000)
}

/// A call of each client every 20 ms, half of them writes.
fn calls() -> Vec<PlannedCall<Request>> {
    let call = |i: u64| PlannedCall {
        client: ClientId((i % u64::from(CLIENTS)) as u32),
        start: Start::At(Time::ZERO + Span::millis(5 * i)),
        route: Route::Sticky,
        request: if i % 16 >= 8 {
            write(i)
        } else {
            Request::Read { key: 7 }
        },
    };
    (0..800).map(call).collect()
}

/// Anomalies that invariants found, and whether replicas agree in the end.
fn run(config: Config, plan: Plan) -> (BTreeSet<&'static str>, bool, World<Chain>) {
    let mut cluster = Cluster::new(4, CLIENTS);
    cluster.client.retry = Some(Span::millis(100));
    let end = Time::ZERO + Span::secs(10);
    let setup = Setup {
        cluster: cluster.compile().unwrap(),
        config,
        plan,
        calls: Arc::new(calls()),
        heal: Some(Time::ZERO + Span::secs(6)),
        end,
    };
    let mut world = World::new(Arc::new(setup), 7);
    let found = run_checked(&mut world, end, Chain::invariants(&config));
    let anomalies = found.iter().map(|found| found.breach.anomaly).collect();
    (anomalies, world.has_converged(), world)
}

#[test]
fn the_chain_survives_the_loss_of_every_place_in_it_and_takes_the_node_back() {
    for mode in [Mode::Chain, Mode::Craq] {
        for role in ["head", "middle", "tail"] {
            for fault in [isolate(role), crash(role)] {
                let (anomalies, converged, world) = run(config(mode, None), vec![fault]);
                assert_eq!(anomalies, BTreeSet::new());
                assert!(world.calls_are_done() && converged, "{mode:?} {role}");
                for label in ["removed", "admitted", "rejoin"] {
                    let reached = world.reached().iter().any(|(known, _)| *known == label);
                    assert!(reached, "{mode:?} reaches {label} when the {role} is lost");
                }
            }
        }
    }
}

#[test]
fn a_head_that_acknowledges_alone_is_found() {
    let mutant = Some(Mutant::ChainHeadAcknowledges);
    let (anomalies, ..) = run(config(Mode::Chain, mutant), vec![isolate("head")]);
    assert!(anomalies.contains("committed-update-not-held"));
    assert!(anomalies.contains("update-not-in-process"));
    assert!(anomalies.contains("committed-entries-differ"));
}

#[test]
fn an_old_tail_that_serves_is_found() {
    let mutant = Some(Mutant::ChainOldTailNotFenced);
    let (anomalies, ..) = run(config(Mode::Chain, mutant), vec![isolate("tail")]);
    assert!(anomalies.contains("old-tail-serves"));
}

#[test]
fn updates_that_are_not_sent_again_stay_where_they_are() {
    let mutant = Some(Mutant::ChainNoResendAfterMending);
    let (_, converged, _) = run(config(Mode::Chain, mutant), vec![crash("middle")]);
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
