//! What is left of a run when it is over: plain data, the same for every substrate that can host a
//! process. Also what there is to watch while it goes on: invariants, views, convergence.

use std::{fmt, sync::Arc};

use crate::{
    cluster::Setup,
    digest::{Checkpoints, Digest},
    history::HistoryEvent,
    id::NodeId,
    invariant::{Breached, Invariant, check_all},
    process::{Process, View},
    time::{Span, Time},
    trace::TraceEntry,
    world::{FaultReport, Life, Stats, World, views},
};

/// What to keep of a run besides what every outcome holds. Nothing, by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Observe {
    /// Views are looked at this often, for staleness and blocking.
    pub sample_every: Option<Span>,
    /// So many of the last trace entries are kept.
    pub keep_trace: usize,
}

/// What every node that is up held at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample<V> {
    /// True time.
    pub time: Time,
    /// By node; those that are down are absent.
    pub views: Vec<(NodeId, View<V>)>,
}

/// All that a run leaves behind.
#[derive(Clone, Debug)]
pub struct Outcome<P: Process> {
    /// What clients saw.
    pub history: Vec<HistoryEvent<P::Request, P::Response>>,
    /// The process of each server at the end, spares included; none where it is down.
    pub processes: Vec<Option<P>>,
    /// What became of each fault of the plan, in its order.
    pub faults: Vec<FaultReport>,
    /// When each node was up, in the order of starts.
    pub lives: Vec<Life>,
    /// The labels that were reached, and how often, in order of the first time.
    pub reached: Vec<(&'static str, u64)>,
    /// What it cost.
    pub stats: Stats,
    /// The first breach of each invariant that did not hold, in order of time.
    pub breaches: Vec<Breached>,
    /// How many events happened.
    pub events: u64,
    /// The digest over all of them. Two substrates give two digests.
    pub digest: Digest,
    /// The digest as it went along.
    pub checkpoints: Checkpoints,
    /// From the heal until every node was up and all replicas agreed, as seen every
    /// [`LOOK_EVERY`]; none when that never was, or when nothing heals.
    pub converged_after: Option<Span>,
    /// Whether every node was up and all replicas agreed at the end.
    pub converged: bool,
    /// Whether every client made all of its calls and saw them end.
    pub calls_are_done: bool,
    /// Views over time, when asked for.
    pub samples: Vec<Sample<P::View>>,
    /// The last trace entries, when asked for.
    pub trace: Vec<TraceEntry>,
}

/// How often it is looked whether replicas agree, from the heal until they do.
pub const LOOK_EVERY: Span = Span::millis(10);

impl<P: Process> Outcome<P> {
    /// What this world leaves behind, and what was seen on the way.
    pub(crate) fn of(mut world: World<P>, watch: Watch<P>) -> Outcome<P> {
        let trace = world.trace_mut().drain().collect();
        Outcome {
            faults: world.faults().to_vec(),
            lives: world.lives().to_vec(),
            reached: world.reached().to_vec(),
            stats: *world.stats(),
            breaches: watch.breaches,
            events: world.events(),
            digest: world.digest(),
            checkpoints: world.checkpoints().clone(),
            converged_after: watch.converged_after,
            converged: world.has_converged(),
            calls_are_done: world.calls_are_done(),
            samples: watch.samples,
            trace,
            processes: world.processes().to_vec(),
            history: world.into_history(),
        }
    }

    /// What every node holds that is up at the end.
    pub fn views(&self) -> impl Iterator<Item = (NodeId, View<P::View>)> + '_ {
        views(&self.processes)
    }
}

/// Why a substrate cannot host a run. Known before the run begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported {
    /// The fault of the plan that it cannot express, by its place, if it is one of them.
    pub fault: Option<usize>,
    /// What it is, why not, and what to do instead.
    pub why: String,
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fault {
            Some(fault) => write!(f, "fault {fault} of the plan: {}", self.why),
            None => f.write_str(&self.why),
        }
    }
}

impl std::error::Error for Unsupported {}

/// Runs a setup on a [`World`] to its end, checking invariants after every event.
///
/// Panics on a setup that [`Setup::validate`] refuses.
pub fn run_on_world<P: Process>(
    setup: &Arc<Setup<P>>,
    seed: u64,
    observe: Observe,
    invariants: Vec<Box<dyn Invariant<P>>>,
) -> Outcome<P> {
    let mut world = World::new(Arc::clone(setup), seed);
    if observe.keep_trace > 0 {
        world.keep_trace(observe.keep_trace);
    }
    let mut watch = Watch::new(setup, observe, invariants);
    loop {
        let until = watch.next_look().min(setup.end);
        while world.next_at().is_some_and(|at| at <= until) {
            let Some(step) = world.step() else { break };
            if let Some(touched) = step.node {
                watch.check(step.time, touched, world.processes());
            }
        }
        world.run_until(until);
        watch.look(until, world.processes(), || world.has_converged());
        if until == setup.end {
            break;
        }
    }
    Outcome::of(world, watch)
}

/// What is watched while a run goes on, whichever substrate it is on.
pub(crate) struct Watch<P: Process> {
    invariants: Vec<Box<dyn Invariant<P>>>,
    breaches: Vec<Breached>,
    every: Option<Span>,
    /// When views are to be kept next; never when nobody asked.
    sample_at: Time,
    samples: Vec<Sample<P::View>>,
    heal: Time,
    /// When to look next whether replicas agree; never before there is a heal and after they do.
    agree_at: Time,
    converged_after: Option<Span>,
}

impl<P: Process> Watch<P> {
    pub(crate) fn new(
        setup: &Setup<P>,
        observe: Observe,
        invariants: Vec<Box<dyn Invariant<P>>>,
    ) -> Watch<P> {
        let every = observe.sample_every.map(|every| every.max(Span::micros(1)));
        let heal = setup.heal.unwrap_or(Time::NEVER);
        Watch {
            invariants,
            breaches: Vec::new(),
            every,
            sample_at: every.map_or(Time::NEVER, |every| Time::ZERO + every),
            samples: Vec::new(),
            heal,
            agree_at: heal,
            converged_after: None,
        }
    }

    /// Checks what must hold after every event.
    #[inline]
    pub(crate) fn check(&mut self, now: Time, touched: NodeId, processes: &[Option<P>]) {
        check_all(
            &mut self.invariants,
            (now, touched, processes),
            &mut self.breaches,
        );
    }

    /// When to call [`Watch::look`] next.
    pub(crate) fn next_look(&self) -> Time {
        self.sample_at.min(self.agree_at)
    }

    /// Looks at what is due to be looked at by now.
    pub(crate) fn look(
        &mut self,
        now: Time,
        processes: &[Option<P>],
        converged: impl FnOnce() -> bool,
    ) {
        if let Some(every) = self.every.filter(|_| self.sample_at <= now) {
            self.samples.push(Sample {
                time: now,
                views: views(processes).collect(),
            });
            self.sample_at += every;
        }
        if self.agree_at <= now {
            if converged() {
                self.converged_after = Some(now.since(self.heal));
                self.agree_at = Time::NEVER;
            } else {
                self.agree_at += LOOK_EVERY;
            }
        }
    }
}
