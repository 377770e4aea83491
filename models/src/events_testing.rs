//! What the tests of event protocols share: demand, and what became of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use murphy_sim::{
    Breached, CallId, ClientId, Cluster, Happened, PlannedCall, PlannedFault, Route, Setup, Span,
    Start, Time, Trigger, World, run_checked,
};

use crate::{
    protocol::{Parameters, Protocol},
    service::events::{EventId, Request, Response, View},
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
pub(crate) fn planned(when: Trigger, fault: murphy_sim::Fault, lasts_ms: u64) -> PlannedFault {
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
    let setup = Setup::<P> {
        cluster: Cluster::new(parameters.nodes, 4).compile().expect("valid"),
        config: P::configure(parameters).expect("valid"),
        plan,
        calls: Arc::new(publications(4, 5, Span::millis(5), at_ms(10_000))),
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
