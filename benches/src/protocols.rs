//! Whole runs of the protocols: demand, faults and a heal.

use std::sync::Arc;

use murphy_models::{
    gossip::Gossip,
    primary_backup::PrimaryBackup,
    protocol::{Parameters, Protocol},
    raft::Raft,
    service::{events, kv, txn},
    two_phase_commit::TwoPhaseCommit,
};
use murphy_sim::{
    ClientId, Cluster, DiskFate, Fault, Latency, Links, NodeId, Observe, Outcome, PlannedCall,
    PlannedFault, Probability, Route, Setup, Shape, Span, Start, Target, Time, Trigger, World,
    run_on_world,
};

const CLIENTS: u32 = 4;

fn seconds(n: u64) -> Time {
    Time::ZERO + Span::secs(n)
}

fn config<P: Protocol>(nodes: u32) -> P::Config {
    let parameters = Parameters {
        nodes,
        ..Parameters::default()
    };
    P::configure(&parameters).expect("every protocol has defaults")
}

/// One call every so often, of each client in turn.
fn calls<Q>(count: u32, every: Span, request: impl Fn(u32) -> Q) -> Vec<PlannedCall<Q>> {
    let call = |n: u32| PlannedCall {
        client: ClientId(n % CLIENTS),
        start: Start::At(Time::ZERO + every * u64::from(n)),
        route: Route::Any,
        request: request(n),
    };
    (0..count).map(call).collect()
}

/// One fault of each family every five seconds, each for four.
fn faults() -> Vec<PlannedFault> {
    let faults = [
        Fault::Partition {
            shape: Shape::Minority,
            flap: None,
            clients: vec![],
        },
        Fault::Crash {
            node: Target::Any,
            disk: DiskFate::Drawn,
        },
        Fault::Loss {
            probability: Probability::per_mille(50),
            links: Links::default(),
        },
        Fault::DiskSlow {
            node: Target::Any,
            factor: 20,
        },
    ];
    let planned = |(i, fault): (usize, Fault)| PlannedFault {
        when: Trigger::At(seconds(5 + 5 * i as u64)),
        fault,
        lasts: Some(Span::secs(4)),
    };
    faults.into_iter().enumerate().map(planned).collect()
}

/// A minute with a thousand calls, faults until the heal at 30 s, and quiet at the end.
fn minute<P: Protocol>(nodes: u32, request: impl Fn(u32) -> P::Request) -> Arc<Setup<P>> {
    let cluster = Cluster::new(nodes, CLIENTS);
    let cluster = cluster.compile().expect("the cluster makes sense");
    let calls = calls(1_000, Span::millis(50), request);
    let mut setup = Setup::calm(cluster, config::<P>(nodes), calls, seconds(60));
    setup.plan = faults();
    setup.heal = Some(seconds(30));
    Arc::new(setup)
}

/// Reads and writes of ten keys by turns.
fn registers(n: u32) -> kv::Request {
    match n % 2 {
        0 => kv::Request::Write {
            key: n % 10,
            value: u64::from(n),
        },
        _ => kv::Request::Read { key: n % 10 },
    }
}

/// A minute of primary-backup: reads and writes of ten keys by turns.
pub fn primary_backup() -> Arc<Setup<PrimaryBackup>> {
    minute(4, registers)
}

/// A minute of Raft on five nodes: the same.
pub fn raft() -> Arc<Setup<Raft>> {
    minute(5, registers)
}

/// A minute of two-phase commit: transfers between twenty accounts.
pub fn two_phase_commit() -> Arc<Setup<TwoPhaseCommit>> {
    let add = |key, amount| txn::MicroOp::Add { key, amount };
    minute(5, |n| {
        let (from, to) = (n % 20, (n * 7 + 1) % 20);
        txn::Request(vec![add(from, 1), add(to, 1)])
    })
}

/// A run with its invariants checked after every event.
pub fn checked<P: Protocol>(setup: &Arc<Setup<P>>, seed: u64) -> Outcome<P> {
    let invariants = P::invariants(&setup.config);
    run_on_world(setup, seed, Observe::default(), invariants)
}

/// Gossip of so many nodes, one event published at each of four of them.
pub fn gossip(nodes: u32) -> Arc<Setup<Gossip>> {
    let mut cluster = Cluster::new(nodes, CLIENTS);
    cluster.network.latency = Latency::Uniform {
        min: Span::millis(1),
        max: Span::millis(10),
    };
    let cluster = cluster.compile().expect("the cluster makes sense");
    let publish = |client: u32| PlannedCall {
        client: ClientId(client),
        start: Start::At(Time::ZERO),
        route: Route::Node(NodeId(client * (nodes / CLIENTS))),
        request: events::Request::Publish {
            key: client,
            event: u64::from(client),
        },
    };
    let calls = (0..CLIENTS).map(publish).collect();
    Arc::new(Setup::calm(
        cluster,
        config::<Gossip>(nodes),
        calls,
        seconds(60),
    ))
}

/// Runs gossip until every node shows the same and all calls are over; the simulated time then.
pub fn spread(setup: &Arc<Setup<Gossip>>, seed: u64) -> Time {
    const LOOK_EVERY: Span = Span::millis(100);
    let mut world = World::new(Arc::clone(setup), seed);
    while world.now() < setup.end {
        world.run_until(world.now() + LOOK_EVERY);
        if world.calls_are_done() && world.has_converged() {
            return world.now();
        }
    }
    panic!("gossip reaches everybody within a minute");
}
