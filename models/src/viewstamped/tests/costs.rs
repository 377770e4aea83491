//! What an operation and a view change cost when nothing else goes wrong, exactly.

use std::sync::Arc;

use murphy_sim::{
    Cluster, DiskFate, Fault, Latency, Plan, PlannedFault, Process, Setup, Span, Target, Trigger,
    World,
};

use super::*;
use crate::costs_testing::{MESSAGE, SYNC, cost_of_a_call, one_by_one};

/// Nobody says anything unless something happens.
fn quiet(replicas: u32) -> Config {
    Config {
        heartbeat: Span::secs(1_000),
        patience: Span::secs(1_000),
        ..Config::new(replicas)
    }
}

fn cost(replicas: u32, request: fn(u64) -> Request) -> (u64, u64, Span) {
    let run = |calls| {
        let calls = one_by_one(calls, |_| N0, request);
        crate::costs_testing::run::<Viewstamped>(replicas, quiet(replicas), calls)
    };
    cost_of_a_call(&run(0), &run(20))
}

#[test]
fn an_operation_costs_two_messages_a_backup_four_delays_and_no_forced_write() {
    for replicas in [3, 5, 7] {
        let expected = (2 * u64::from(replicas - 1), 0, MESSAGE * 4);
        assert_eq!(cost(replicas, write), expected);
        assert_eq!(cost(replicas, |_| Request::Read { key: 7 }), expected);
    }
}

/// The primary dies after one operation, and a moment later the view ends that it had.
fn without_its_primary(replicas: u32, patience: Span) -> World<Viewstamped> {
    let mut cluster = Cluster::new(replicas, 1);
    cluster.network.latency = Latency::Constant(MESSAGE);
    cluster.disk.sync = Latency::Constant(SYNC);
    cluster.clock.drift_ppm_max = 0;
    let crash = PlannedFault {
        when: Trigger::At(Time::ZERO + Span::secs(1)),
        fault: Fault::Crash {
            node: Target::Node(N0),
            disk: DiskFate::Drawn,
        },
        lasts: Some(Span::secs(100)),
    };
    let config = Config {
        patience,
        ..quiet(replicas)
    };
    let calls = one_by_one(1, |_| N0, write);
    let end = Time::ZERO + Span::secs(10);
    let cluster = cluster.compile().expect("this cluster can be made");
    let plan: Plan = vec![crash];
    let setup = Setup {
        plan,
        ..Setup::calm(cluster, config, calls, end)
    };
    World::new(Arc::new(setup), 1)
}

#[test]
fn a_view_change_costs_a_sync_two_delays_and_about_a_message_from_each_to_each() {
    for replicas in [3_u32, 5, 7] {
        let patience = Span::millis(800);
        let mut world = without_its_primary(replicas, patience);
        let of_role = |world: &World<Viewstamped>, role| {
            let processes = world.processes().iter().flatten();
            processes.filter(|p| p.role().0 == role).count() as u32
        };
        // Installed, heard since, and not again; then everyone wants the next view at once.
        let wanted = Time::ZERO + SYNC + patience * 2;
        world.run_until(wanted - Span::micros(1));
        let (messages, syncs) = (world.stats().messages, world.stats().syncs);
        world.run_until(wanted + SYNC + MESSAGE * 2 - Span::micros(1));
        assert_eq!(of_role(&world, "primary"), 0);
        world.run_until(wanted + SYNC + MESSAGE * 2);
        assert_eq!(of_role(&world, "primary"), 1);
        world.run_until(wanted + SYNC + MESSAGE * 3);
        assert_eq!(of_role(&world, "backup"), replicas - 2);
        let n = u64::from(replicas);
        // Each that is left says to all others that it wants the view; all but the next primary tell
        // it what they have; it tells all others the log, which all that live acknowledge.
        let expected = (n - 1) * (n - 1) + (n - 2) + (n - 1) + (n - 2);
        assert_eq!(world.stats().messages - messages, expected, "{replicas}");
        assert_eq!(world.stats().syncs - syncs, n - 1, "{replicas}");
    }
}
