//! What the tests of event protocols share: demand, and what became of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use murphy_sim::{
    Breached, CallId, ClientId, Cluster, DiskFate, Fault, Happened, Latency, NodeId, PlannedCall,
    PlannedFault, Process, Route, Setup, Shape, Span, Start, Target, Time, Trigger, What, World,
    run_checked,
};

use crate::{
    protocol::{Parameters, Protocol},
    service::events::{EventId, Key, Request, Response, View},
    shared::commit_log::Change,
};

/// The first call of the first client.
pub(crate) const CALL: CallId = CallId {
    client: ClientId(0),
    number: 0,
};

/// An instant, in milliseconds.
pub(crate) fn at_ms(ms: u64) -> Time {
    Time::ZERO + Span::millis(ms)
}

/// A fault that lasts for so many milliseconds.
pub(crate) fn planned(when: Trigger, fault: Fault, lasts_ms: u64) -> PlannedFault {
    PlannedFault {
        when,
        fault,
        lasts: Some(Span::millis(lasts_ms)),
    }
}

/// Publications by `clients` clients in turn, `spacing` apart, under `keys` keys, for so long.
pub(crate) fn publications(
    clients: u32,
    keys: u32,
    spacing: Span,
    upto: Time,
) -> Vec<PlannedCall<Request>> {
    let publication = |i: u32| PlannedCall {
        client: ClientId(i % clients),
        start: Start::At(Time::ZERO + spacing * u64::from(i + 1)),
        route: Route::Any,
        request: Request::Publish {
            key: i % keys,
            event: u64::from(i),
        },
    };
    let within = |call: &PlannedCall<Request>| matches!(call.start, Start::At(at) if at < upto);
    (0..).map(publication).take_while(within).collect()
}

/// The change at this position: its event is numbered after it.
pub(crate) const fn change(position: u64, key: Key) -> Change {
    Change {
        position,
        key,
        event: 100 + position,
    }
}

/// Nodes in this role crash over and over, each time with a drawn part of what was not synced.
pub(crate) fn crash_loop(role: &str, from_ms: u64, every_ms: u64, lasts_ms: u64) -> PlannedFault {
    let fault = Fault::CrashLoop {
        node: Target::Role(role.to_owned()),
        every: Span::millis(every_ms),
        disk: DiskFate::Drawn,
    };
    planned(Trigger::At(at_ms(from_ms)), fault, lasts_ms)
}

/// Two nodes that crash again and again, and a cluster cut in halves until long after.
pub(crate) fn crashes_and_a_cut() -> Vec<PlannedFault> {
    let looping = Fault::CrashLoop {
        node: Target::Nodes(vec![NodeId(0), NodeId(3)]),
        every: Span::millis(700),
        disk: DiskFate::Torn,
    };
    let halves = Fault::Partition {
        shape: Shape::Halves,
        flap: None,
        clients: vec![],
    };
    vec![
        planned(Trigger::At(at_ms(1_000)), looping, 5_000),
        planned(Trigger::At(at_ms(4_000)), halves, 8_000),
    ]
}

/// Node 1 alone on its side, for so long.
pub(crate) fn isolated(from_ms: u64, lasts_ms: u64) -> PlannedFault {
    let fault = Fault::Partition {
        shape: Shape::Isolate(Target::Node(NodeId(1))),
        flap: None,
        clients: vec![],
    };
    planned(Trigger::At(at_ms(from_ms)), fault, lasts_ms)
}

/// Node 1 writes to a disk that stands still, and crashes with nothing of that durable.
pub(crate) fn crash_with_unsynced_writes() -> Vec<PlannedFault> {
    let node = || Target::Node(NodeId(1));
    let crash = Fault::Crash {
        node: node(),
        disk: DiskFate::LoseUnsynced,
    };
    vec![
        planned(
            Trigger::At(at_ms(2_000)),
            Fault::DiskStall { node: node() },
            310,
        ),
        planned(Trigger::At(at_ms(2_300)), crash, 50),
        isolated(2_300, 1_000),
    ]
}

/// Runs the protocol of these parameters, whose mutant is planted, under this plan, and its clean
/// twin as well: the one shows its anomaly, the other none.
pub(crate) fn shows_its_anomaly<P>(parameters: &Parameters, plan: &[PlannedFault], seed: u64)
where
    P: Protocol<Request = Request, Response = Response, View = View>,
{
    let planted = parameters.mutant.as_deref().expect("a mutant is planted");
    let mut known = P::MUTANTS.iter();
    let known = known.find(|known| known.name == planted).expect("known");
    let clean = Parameters {
        mutant: None,
        ..parameters.clone()
    };
    let clean = run::<P>(&clean, plan.to_vec(), seed);
    assert!(
        clean.anomalies().is_empty(),
        "{planted}: {:?}",
        clean.breaches
    );
    let found = run::<P>(parameters, plan.to_vec(), seed).anomalies();
    assert!(
        found.contains(known.anomaly),
        "{planted} shows {found:?} with seed {seed}"
    );
}

/// In each of four runs under its own faults, every mutant shows its anomaly and its clean twin none.
pub(crate) fn every_mutant_shows_its_anomaly<P>(
    parameters: impl Fn(Option<&str>) -> Parameters,
    trap: impl Fn(&str) -> Vec<PlannedFault>,
) where
    P: Protocol<Request = Request, Response = Response, View = View>,
{
    for mutant in P::MUTANTS {
        for seed in 0..4 {
            let parameters = parameters(Some(mutant.name));
            shows_its_anomaly::<P>(&parameters, &trap(mutant.name), seed);
        }
    }
}

/// Runs the protocol of these parameters under [`crashes_and_a_cut`]: nothing is wrong, and the labels
/// that are reached are those that it knows, these among them.
pub(crate) fn heals<P>(parameters: &Parameters, labels: &[&str])
where
    P: Protocol<Request = Request, Response = Response, View = View>,
{
    let ran = run::<P>(parameters, crashes_and_a_cut(), 1);
    assert!(ran.anomalies().is_empty(), "{:?}", ran.breaches);
    let reached = ran.world.reached().iter();
    let reached: Vec<&str> = reached.map(|(label, _)| *label).collect();
    for label in &reached {
        assert!(P::LABELS.contains(label), "{label}");
    }
    for label in labels {
        assert!(reached.contains(label), "{label} is not in {reached:?}");
    }
}

/// What these calls, by one client, lead to when nothing goes wrong, every message takes a
/// millisecond and every sync two.
pub(crate) fn calm<P>(config: P::Config, nodes: u32, calls: Vec<PlannedCall<Request>>) -> World<P>
where
    P: Protocol<Request = Request, Response = Response, View = View>,
{
    let mut cluster = Cluster::new(nodes, 1);
    cluster.network.latency = Latency::Constant(Span::millis(1));
    cluster.disk.sync = Latency::Constant(Span::millis(2));
    let cluster = cluster.compile().expect("valid");
    let setup = Setup::<P>::calm(cluster, config, calls, at_ms(11_000));
    let mut world = World::new(setup.into(), 1);
    world.keep_trace(100_000);
    world.run_until(at_ms(11_000));
    assert!(world.has_converged());
    world
}

/// How many messages of each kind arrived, in a world that has kept its whole trace.
pub(crate) fn arrived_by_kind<P: Process>(world: &World<P>) -> BTreeMap<&'static str, u64> {
    assert_eq!(world.trace().forgotten(), 0, "the trace is whole");
    let mut messages = BTreeMap::new();
    for entry in world.trace().entries() {
        if let What::Delivered(carried) = &entry.what {
            *messages.entry(carried.kind).or_default() += 1;
        }
    }
    messages
}

/// A run, and what was wrong with it.
pub(crate) struct Ran<P: Protocol> {
    pub(crate) world: World<P>,
    pub(crate) breaches: Vec<Breached>,
}

/// Ten seconds of publications under these faults, then a heal and five seconds of quiet.
pub(crate) fn run<P>(parameters: &Parameters, plan: Vec<PlannedFault>, seed: u64) -> Ran<P>
where
    P: Protocol<Request = Request, Response = Response, View = View>,
{
    run_spaced(parameters, Span::millis(5), plan, seed)
}

/// The same, with a publication so often.
pub(crate) fn run_spaced<P>(
    parameters: &Parameters,
    spacing: Span,
    plan: Vec<PlannedFault>,
    seed: u64,
) -> Ran<P>
where
    P: Protocol<Request = Request, Response = Response, View = View>,
{
    let setup = Setup::<P> {
        cluster: Cluster::new(parameters.nodes, 4).compile().expect("valid"),
        config: P::configure(parameters).expect("valid"),
        plan,
        calls: Arc::new(publications(4, 5, spacing, at_ms(10_000))),
        heal: Some(at_ms(12_000)),
        end: at_ms(17_000),
    };
    let (end, invariants) = (setup.end, P::invariants(&setup.config));
    let mut world = World::new(Arc::new(setup), seed);
    let breaches = run_checked(&mut world, end, invariants);
    Ran { world, breaches }
}

impl<P> Ran<P>
where
    P: Protocol<Request = Request, Response = Response, View = View>,
{
    /// Everything that is wrong, by name.
    pub(crate) fn anomalies(&self) -> BTreeSet<&'static str> {
        let mut found: BTreeSet<&str> = self.breaches.iter().map(|b| b.breach.anomaly).collect();
        let acked = self.acked();
        assert!(acked.len() > 100, "the run was not vacuous");
        if !self.world.has_converged() {
            found.insert("diverged");
        }
        for (_, view) in self.world.views() {
            let Some(state) = view.state else { continue };
            let applied: BTreeSet<EventId> = state.values().flatten().copied().collect();
            if !acked.is_subset(&applied) {
                found.insert("lost-event");
            }
            if applied.len() < state.values().flatten().count() {
                found.insert("duplicate-effect");
            }
        }
        found
    }

    fn acked(&self) -> BTreeSet<EventId> {
        let mut asked = BTreeMap::new();
        let mut acked = BTreeSet::new();
        for event in self.world.history() {
            match event.what {
                Happened::Invoke(Request::Publish { event: id, .. }) => {
                    asked.insert(event.call, id);
                }
                Happened::Ok(Response::Published) => {
                    acked.insert(asked[&event.call]);
                }
                _ => {}
            }
        }
        acked
    }
}
