//! Properties of whole runs under any plan and any calls, by our own strategies.

use std::sync::Arc;

use murphy_models::{
    gossip::Gossip,
    last_writer_wins::LastWriterWins,
    log_broker::LogBroker,
    outbox::Outbox,
    primary_backup::PrimaryBackup,
    protocol::{Parameters, Protocol},
    service::{events, kv, log, membership, txn},
    swim::Swim,
    two_phase_commit::TwoPhaseCommit,
    version_vectors::VersionVectors,
};
use murphy_sim::{Cluster, Observe, Outcome, Plan, PlannedCall, Setup, Span, Time, run_on_world};
use proptest::prelude::*;

use crate::strategies::{
    Stage, calls, event_requests, kv_requests, log_requests, member_requests, plans, txn_requests,
};

const HEAL: Time = Time(3_000_000_000);
const CLIENTS: u32 = 3;

fn stage(nodes: u32) -> Stage {
    Stage {
        nodes,
        clients: CLIENTS,
        from: Time::ZERO,
        until: HEAL,
    }
}

/// Runs it twice, and compares; then everyone must be up and every call ended.
fn holds<P: Protocol>(
    nodes: u32,
    plan: Plan,
    calls: Vec<PlannedCall<P::Request>>,
    seed: u64,
) -> Outcome<P> {
    let parameters = Parameters {
        nodes,
        ..Parameters::default()
    };
    let config = P::configure(&parameters).expect("the defaults are a configuration");
    let setup = Arc::new(Setup::<P> {
        cluster: Cluster::new(nodes, CLIENTS)
            .compile()
            .expect("the defaults are a cluster"),
        config: config.clone(),
        plan,
        calls: Arc::new(calls),
        heal: Some(HEAL),
        end: HEAL + Span::secs(4),
    });
    setup
        .validate()
        .expect("strategies make plans that fit the stage");
    let run = || run_on_world(&setup, seed, Observe::default(), P::invariants(&config));
    let (first, second) = (run(), run());
    assert_eq!(first.digest, second.digest);
    assert!(
        first.processes.iter().all(Option::is_some),
        "the heal starts every node"
    );
    assert!(first.calls_are_done, "every call ends, if only as unknown");
    assert!(first.breaches.is_empty(), "{:?}", first.breaches);
    first
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn primary_backup_keeps_its_invariants_under_any_plan(
        plan in plans(stage(4), 4), calls in calls(stage(4), 40, kv_requests(3)), seed in 0..1_000u64,
    ) {
        let calls: Vec<PlannedCall<kv::Request>> = calls;
        holds::<PrimaryBackup>(4, plan, calls, seed);
    }

    #[test]
    fn two_phase_commit_keeps_its_invariants_under_any_plan(
        plan in plans(stage(3), 4), calls in calls(stage(3), 40, txn_requests(3)), seed in 0..1_000u64,
    ) {
        let calls: Vec<PlannedCall<txn::Request>> = calls;
        holds::<TwoPhaseCommit>(3, plan, calls, seed);
    }

    #[test]
    fn the_outbox_keeps_its_invariants_under_any_plan(
        plan in plans(stage(4), 4), calls in calls(stage(4), 40, event_requests(3)), seed in 0..1_000u64,
    ) {
        let calls: Vec<PlannedCall<events::Request>> = calls;
        holds::<Outbox>(4, plan, calls, seed);
    }

    #[test]
    fn the_log_broker_keeps_its_invariants_under_any_plan(
        plan in plans(stage(4), 4), calls in calls(stage(4), 60, log_requests(3)), seed in 0..1_000u64,
    ) {
        let calls: Vec<PlannedCall<log::Request>> = calls;
        holds::<LogBroker>(4, plan, calls, seed);
    }

    #[test]
    fn gossip_converges_after_any_plan(
        plan in plans(stage(5), 4), calls in calls(stage(5), 40, event_requests(3)), seed in 0..1_000u64,
    ) {
        let calls: Vec<PlannedCall<events::Request>> = calls;
        let outcome = holds::<Gossip>(5, plan, calls, seed);
        prop_assert!(outcome.converged_after.is_some(), "replicas agree after the heal");
    }

    #[test]
    fn last_writer_wins_converges_after_any_plan(
        plan in plans(stage(4), 4), calls in calls(stage(4), 40, kv_requests(3)), seed in 0..1_000u64,
    ) {
        let calls: Vec<PlannedCall<kv::Request>> = calls;
        let outcome = holds::<LastWriterWins>(4, plan, calls, seed);
        prop_assert!(outcome.converged_after.is_some(), "replicas agree after the heal");
    }

    #[test]
    fn version_vectors_converge_after_any_plan(
        plan in plans(stage(4), 4), calls in calls(stage(4), 40, kv_requests(3).prop_map(kv::Asked::from)), seed in 0..1_000u64,
    ) {
        let calls: Vec<PlannedCall<kv::Asked>> = calls;
        let outcome = holds::<VersionVectors>(4, plan, calls, seed);
        prop_assert!(outcome.converged_after.is_some(), "replicas agree after the heal");
    }

    #[test]
    fn members_hold_the_same_list_after_any_plan(
        plan in plans(stage(5), 4), calls in calls(stage(5), 40, member_requests()), seed in 0..1_000u64,
    ) {
        let calls: Vec<PlannedCall<membership::Request>> = calls;
        let outcome = holds::<Swim>(5, plan, calls, seed);
        prop_assert!(outcome.converged_after.is_some(), "all agree after the heal");
    }

    #[test]
    fn any_plan_survives_a_trip_through_a_case_file(plan in plans(stage(4), 6)) {
        #[derive(serde::Serialize, serde::Deserialize)]
        struct File { plan: Plan }
        let text = toml::to_string(&File { plan: plan.clone() }).expect("a plan can be written");
        let read: File = toml::from_str(&text).expect("what was written can be read");
        prop_assert_eq!(read.plan, plan);
    }
}
