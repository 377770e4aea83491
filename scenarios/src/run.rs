//! One run: a prepared scenario and a seed in, a result out. A pure function: it reads no clock, no
//! file and no environment, and one run never sees another.
//!
//! This is the one file in which protocols' types are erased.

use std::{collections::BTreeMap, ops::ControlFlow, sync::Arc};

use murphy_checkers::guard;
use murphy_models::{
    protocol::{Parameters, Protocol},
    service::Service,
};
use murphy_reports::record::{CallCounts, CheckRecord, FaultRecord, RunRecord, VerdictKind};
use murphy_sim::{
    Breached, CompiledCluster, Data, Digest, Happened, Observe, Outcome, Plan, PlannedCall,
    Process, Setup, Span, Stream, Time, TraceEntry, World, run_on_madsim, run_on_world,
};

use crate::{
    diagram,
    judge::{Seen, Served, calls},
    language::{Case, HistoryCheck, LanguageError, Scenario},
    nemesis::Nemesis,
    verdicts,
    workload::{Demand, Pace},
};

/// Which simulator a run is on.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantNames,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Substrate {
    /// Our own loop over plain values.
    #[default]
    World,
    /// madsim's runtime and network.
    Madsim,
}

/// How a run is to be made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct How {
    /// On which substrate.
    pub substrate: Substrate,
    /// Keep so many trace entries, and draw a diagram of them.
    pub trace: usize,
}

/// A run that could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct CannotRun {
    /// What is in the way, and what to do instead.
    pub why: String,
}

/// What one run came to.
#[derive(Clone, Debug, PartialEq)]
pub struct RunResult {
    /// The seed.
    pub seed: u64,
    /// The digest over every event.
    pub digest: Digest,
    /// The worst of all verdicts.
    pub verdict: VerdictKind,
    /// What each check said.
    pub checks: Vec<CheckRecord>,
    /// Simulated events.
    pub events: u64,
    /// When the run ended.
    pub ended: Time,
    /// How calls ended.
    pub calls: CallCounts,
    /// How long each call took that ended ok, in microseconds.
    pub latencies_us: Vec<u64>,
    /// Messages between nodes.
    pub messages: u64,
    /// Forced writes.
    pub syncs: u64,
    /// From the heal until replicas agreed; none when nothing had to or they never did.
    pub converged_after: Option<Span>,
    /// Every fault of the plan and what became of it.
    pub faults: Vec<FaultRecord>,
    /// The labels that were reached.
    pub reached: Vec<&'static str>,
    /// What happened, where a trace was kept.
    pub trace: Vec<murphy_sim::TraceEntry>,
    /// The picture, where a trace was kept.
    pub diagram: Option<murphy_reports::record::Diagram>,
}

impl RunResult {
    /// The names of all anomalies, without repeats, in the order found.
    pub fn anomalies(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for anomaly in self.checks.iter().flat_map(|check| &check.anomalies) {
            if !names.contains(&anomaly.name.as_str()) {
                names.push(anomaly.name.as_str());
            }
        }
        names
    }

    /// As reporters read it; `repeat` is the command that makes it happen again.
    pub fn record(&self, repeat: String) -> RunRecord {
        RunRecord {
            seed: self.seed,
            digest: self.digest.to_string(),
            verdict: self.verdict,
            checks: self.checks.clone(),
            events: self.events,
            ended: self.ended.0,
            faults: self.faults.clone(),
            calls: self.calls,
            repeat,
            diagram: self.diagram.clone(),
        }
    }
}

/// One run of a scenario: a seed, and what a case says instead of what the seed would draw.
#[derive(Clone, Copy, Debug)]
pub struct Which<'a> {
    /// The seed.
    pub seed: u64,
    /// The plan, and the calls as [`Runnable::calls`] wrote them; drawn when absent.
    pub explicit: Option<(&'a Plan, &'a toml::Value)>,
}

/// A scenario that is ready to be run with any seed.
pub trait Runnable: Send + Sync {
    /// Runs it.
    fn run(&self, seed: u64, how: How) -> Result<RunResult, CannotRun>;

    /// Runs it with this plan and these calls (as [`Runnable::calls`] wrote them) instead of drawn
    /// ones.
    fn run_explicit(
        &self,
        seed: u64,
        plan: Plan,
        calls: &toml::Value,
        how: How,
    ) -> Result<RunResult, CannotRun>;

    /// The plan that this seed draws.
    fn plan(&self, seed: u64) -> Plan;

    /// The calls that this seed draws, as data.
    fn calls(&self, seed: u64) -> toml::Value;

    /// Whether the calls of a case are calls of this protocol; errors point at those that are not.
    fn check_case(&self, case: &Case) -> Result<(), Vec<LanguageError>>;

    /// What nodes hold at a time, in words, one line a node.
    fn states(&self, which: Which, at: Time) -> Result<Vec<String>, CannotRun>;

    /// Runs it on our own loop and tells everything that happens as it happens, for as long as
    /// `each` wants to hear more.
    fn trace(
        &self,
        which: Which,
        each: &mut dyn FnMut(&TraceEntry) -> ControlFlow<()>,
    ) -> Result<(), CannotRun>;

    /// Where two runs of this seed part, told; none when they do not.
    fn first_difference(&self, seed: u64) -> Option<String>;
}

/// A scenario of one protocol, with all that its runs share.
struct Prepared<P: Protocol> {
    scenario: Scenario,
    cluster: Arc<CompiledCluster>,
    config: P::Config,
    demand: Demand,
    heal: Time,
    end: Time,
}

/// Checks a scenario against its protocol and gets it ready.
pub(crate) fn prepare<P>(
    scenario: &Scenario,
    default_nodes: u32,
) -> Result<Box<dyn Runnable>, CannotRun>
where
    P: Protocol,
    P::Request: Served<Answer = P::Response, Held = P::View>,
{
    let refuse = |why: String| CannotRun { why };
    let cluster = scenario.cluster(default_nodes);
    let kind = scenario.workload.kind;
    let parameters = Parameters {
        nodes: cluster.nodes,
        spares: cluster.spares,
        mode: scenario.mode.clone(),
        mutant: scenario.mutant.clone(),
        opening_balance: kind.has_accounts().then_some(OPENING_BALANCE),
        options: scenario.options.clone(),
    };
    let config = P::configure(&parameters).map_err(refuse)?;
    let heal = scenario.phases.heal();
    let quiet = scenario.phases.quiet();
    let final_reads = scenario.phases.final_reads.then_some(quiet);
    let prepared = Prepared::<P> {
        demand: Demand {
            clients: cluster.clients,
            pace: pace(scenario),
            keys: scenario.workload.keys,
            key_choice: scenario.workload.key_choice,
            route: scenario.workload.route,
            reads: scenario.workload.reads,
            ops_max: scenario.workload.max_ops,
            from: Time::ZERO + FIRST_CALLS.min(scenario.phases.warm_up),
            until: heal,
            final_reads,
        },
        end: quiet
            + if final_reads.is_some() {
                cluster.client.timeout + FINAL_READS
            } else {
                Span::ZERO
            },
        cluster: cluster.compile().map_err(refuse)?,
        config,
        heal,
        scenario: scenario.clone(),
    };
    prepared.check().map_err(refuse)?;
    Ok(Box::new(prepared))
}

/// What is on each account of a bank in the beginning.
pub const OPENING_BALANCE: i64 = 100;

/// Clients begin this long after the nodes, unless the warm-up is shorter.
const FIRST_CALLS: Span = Span::millis(500);

/// How long final reads may take besides one timeout.
const FINAL_READS: Span = Span::secs(2);

/// How often nodes' states are sampled where a check wants to know when something was first seen.
const SAMPLE_EVERY: Span = Span::millis(250);

fn pace(scenario: &Scenario) -> Pace {
    match (scenario.workload.rate, scenario.workload.think) {
        (Some(rate), _) => Pace::Rate(rate.0),
        (None, Some(think)) => Pace::Think(think),
        (None, None) => unreachable!("a scenario without a pace is refused when it is read"),
    }
}

impl<P> Prepared<P>
where
    P: Protocol,
    P::Request: Served<Answer = P::Response, Held = P::View>,
{
    /// What could only be checked with the protocol at hand.
    fn check(&self) -> Result<(), String> {
        let kind = self.scenario.workload.kind;
        let Some(workload) = P::Request::workload(kind) else {
            return Err(format!(
                "workload `{}` is not for `{}`: write one of {}",
                <&str>::from(kind),
                P::NAME,
                words(P::Request::WORKLOADS.iter().map(|workload| workload.kind))
            ));
        };
        for check in &self.scenario.check.history {
            if !workload.checks.contains(check) {
                return Err(format!(
                    "history check `{}` is not for workload `{}` of `{}`, which knows {}",
                    <&str>::from(*check),
                    <&str>::from(kind),
                    P::NAME,
                    words(workload.checks.iter().copied())
                ));
            }
        }
        self.setup(self.scenario.nemesis.at.clone(), Vec::new())
            .validate()
            .map_err(|error| error.to_string())
    }

    fn setup(&self, plan: Plan, calls: Vec<PlannedCall<P::Request>>) -> Setup<P> {
        Setup {
            cluster: Arc::clone(&self.cluster),
            config: self.config.clone(),
            plan,
            calls: Arc::new(calls),
            heal: Some(self.heal),
            end: self.end,
        }
    }

    fn draw_plan(&self, seed: u64) -> Plan {
        let roles: Vec<&str> = P::ROLES.to_vec();
        let drawn = Nemesis {
            families: &self.scenario.nemesis.draw,
            min: self.scenario.nemesis.faults.min,
            max: self.scenario.nemesis.faults.max,
            nodes: self.cluster.settings().nodes,
            roles: &roles,
            from: self.scenario.phases.chaos(),
            until: self.heal,
        };
        let mut plan = self.scenario.nemesis.at.clone();
        plan.extend(drawn.draw(&mut Stream::named(seed, "nemesis")));
        plan
    }

    fn draw_calls(&self, seed: u64) -> Vec<PlannedCall<P::Request>> {
        let mut stream = Stream::named(seed, "workload");
        let workload = P::Request::workload(self.scenario.workload.kind)
            .expect("a workload of another service is refused when a scenario is prepared");
        (workload.draw)(&self.demand, &mut stream)
    }

    /// The world of one run before its first event.
    fn world(&self, which: Which) -> Result<World<P>, CannotRun> {
        let setup = match which.explicit {
            Some((plan, calls)) => self.setup(plan.clone(), read_calls(calls)?),
            None => self.setup(self.draw_plan(which.seed), self.draw_calls(which.seed)),
        };
        setup.validate().map_err(|error| CannotRun {
            why: error.to_string(),
        })?;
        Ok(World::new(Arc::new(setup), which.seed))
    }

    fn run_setup(&self, setup: Setup<P>, seed: u64, how: How) -> Result<RunResult, CannotRun> {
        let setup = Arc::new(setup);
        let invariants = if self.scenario.check.invariants {
            P::invariants(&self.config)
        } else {
            Vec::new()
        };
        let timed = [
            HistoryCheck::AtomicCommit,
            HistoryCheck::Completeness,
            HistoryCheck::Accuracy,
            HistoryCheck::Unsuspected,
            HistoryCheck::Saga,
        ];
        let mut checks = self.scenario.check.history.iter();
        let is_timed = checks.any(|check| timed.contains(check));
        let observe = Observe {
            sample_every: is_timed.then_some(SAMPLE_EVERY),
            keep_trace: how.trace,
        };
        let outcome = match how.substrate {
            Substrate::World => run_on_world(&setup, seed, observe, invariants),
            Substrate::Madsim => {
                run_on_madsim(&setup, seed, observe, invariants).map_err(|unsupported| {
                    CannotRun {
                        why: unsupported.to_string(),
                    }
                })?
            }
        };
        Ok(self.judge(&setup, seed, outcome, how))
    }

    fn judge(&self, setup: &Setup<P>, seed: u64, outcome: Outcome<P>, how: How) -> RunResult {
        let held: Vec<_> = outcome.views().collect();
        let seen = Seen::<P::Request> {
            history: &outcome.history,
            held: &held,
            samples: &outcome.samples,
            demand: &self.demand,
            opening_balance: self
                .scenario
                .workload
                .kind
                .has_accounts()
                .then_some(OPENING_BALANCE),
            ended: setup.end,
            healed: setup.heal,
            had_faults: !setup.plan.is_empty(),
            plan: &setup.plan,
            faults: &outcome.faults,
            lives: &outcome.lives,
            bounds: P::bounds(&self.config),
            converged_after: outcome.converged_after,
        };
        let mut checks: Vec<CheckRecord> = Vec::new();
        checks.extend(invariants(&outcome.breaches));
        for check in &self.scenario.check.history {
            let verdict = guard(|| P::Request::judge(*check, &seen));
            checks.push(verdicts::record(<&str>::from(*check), &verdict));
        }
        for check in &self.scenario.check.states {
            checks.push(verdicts::state(*check, &seen, outcome.converged));
        }
        let (counts, latencies_us) = count(&seen);
        if counts.ok == 0 {
            checks.push(verdicts::vacuous("no call ended ok, so nothing was tested"));
        }
        let diagram = (how.trace > 0).then(|| {
            diagram::draw::<P::Request>(
                setup.cluster.settings(),
                &outcome.history,
                &outcome.trace,
                &checks,
            )
        });
        RunResult {
            seed,
            digest: outcome.digest,
            verdict: checks
                .iter()
                .map(|check| check.verdict)
                .max()
                .unwrap_or(VerdictKind::Holds),
            checks,
            events: outcome.events,
            ended: setup.end,
            calls: counts,
            latencies_us,
            messages: outcome.stats.messages,
            syncs: outcome.stats.syncs,
            converged_after: outcome.converged_after,
            faults: setup
                .plan
                .iter()
                .zip(&outcome.faults)
                .map(|(planned, report)| fault(planned, report))
                .collect(),
            reached: outcome.reached.iter().map(|(label, _)| *label).collect(),
            trace: outcome.trace,
            diagram,
        }
    }
}

impl<P> Runnable for Prepared<P>
where
    P: Protocol,
    P::Request: Served<Answer = P::Response, Held = P::View>,
{
    fn run(&self, seed: u64, how: How) -> Result<RunResult, CannotRun> {
        self.run_setup(
            self.setup(self.draw_plan(seed), self.draw_calls(seed)),
            seed,
            how,
        )
    }

    fn run_explicit(
        &self,
        seed: u64,
        plan: Plan,
        calls: &toml::Value,
        how: How,
    ) -> Result<RunResult, CannotRun> {
        let calls: Vec<PlannedCall<P::Request>> = read_calls(calls)?;
        let setup = self.setup(plan, calls);
        setup.validate().map_err(|error| CannotRun {
            why: error.to_string(),
        })?;
        self.run_setup(setup, seed, how)
    }

    fn plan(&self, seed: u64) -> Plan {
        self.draw_plan(seed)
    }

    fn calls(&self, seed: u64) -> toml::Value {
        toml::Value::try_from(self.draw_calls(seed)).expect("calls are plain data")
    }

    fn check_case(&self, case: &Case) -> Result<(), Vec<LanguageError>> {
        case.calls::<P::Request>().map(|_| ())
    }

    fn states(&self, which: Which, at: Time) -> Result<Vec<String>, CannotRun> {
        let mut world = self.world(which)?;
        world.run_until(at);
        let told = world
            .processes()
            .iter()
            .enumerate()
            .map(|(i, process)| match process {
                Some(process) => format!("n{i} {}: {process:?}", process.role()),
                None => format!("n{i} is down"),
            });
        Ok(told.collect())
    }

    fn trace(
        &self,
        which: Which,
        each: &mut dyn FnMut(&TraceEntry) -> ControlFlow<()>,
    ) -> Result<(), CannotRun> {
        let mut world = self.world(which)?;
        world.keep_trace(usize::MAX);
        while world.next_at().is_some_and(|at| at <= self.end) {
            world.step();
            if world
                .trace_mut()
                .drain()
                .try_for_each(|entry| each(&entry))
                .is_break()
            {
                break;
            }
        }
        Ok(())
    }

    fn first_difference(&self, seed: u64) -> Option<String> {
        let world = || {
            let setup = Arc::new(self.setup(self.draw_plan(seed), self.draw_calls(seed)));
            murphy_sim::World::new(setup, seed)
        };
        murphy_sim::first_difference(world(), world(), self.end)
            .map(|difference| difference.to_string())
    }
}

fn read_calls<Q: Data>(calls: &toml::Value) -> Result<Vec<PlannedCall<Q>>, CannotRun> {
    calls
        .clone()
        .try_into()
        .map_err(|error: toml::de::Error| CannotRun {
            why: format!("the calls of the case cannot be read: {}", error.message()),
        })
}

/// One record for all invariants: what was breached, or that nothing was.
fn invariants(breaches: &[Breached]) -> Vec<CheckRecord> {
    breaches.iter().map(verdicts::breach).collect()
}

fn count<Q: Served>(seen: &Seen<Q>) -> (CallCounts, Vec<u64>) {
    let mut counts = CallCounts::default();
    let mut latencies = Vec::new();
    for call in calls(seen.history) {
        match call.ended {
            Some((at, Happened::Ok(_))) => {
                counts.ok += 1;
                latencies.push(at.since(call.invoked).as_micros());
            }
            Some((_, Happened::Fail)) => counts.fail += 1,
            _ => counts.info += 1,
        }
    }
    (counts, latencies)
}

fn fault(planned: &murphy_sim::PlannedFault, report: &murphy_sim::FaultReport) -> FaultRecord {
    let nodes: Vec<String> = report.nodes.iter().map(ToString::to_string).collect();
    let aimed = if nodes.is_empty() {
        String::new()
    } else {
        format!(" [{}]", nodes.join(" "))
    };
    FaultRecord {
        kind: planned.fault.kind().to_owned(),
        told: format!("{planned}{aimed}"),
        from: report.began.map(|time| time.0),
        until: report.ended.map(|time| time.0),
        lanes: report.nodes.iter().map(|node| node.index()).collect(),
        hits: report.hits,
    }
}

/// Counts of things by name, as reports sort them.
pub(crate) type Tally = BTreeMap<String, u64>;

/// The service that a protocol's requests belong to.
pub(crate) fn service_of<P>() -> Service
where
    P: Process,
    P::Request: Served<Answer = P::Response, Held = P::View>,
{
    P::Request::SERVICE
}

/// The words of a scenario file, in a row.
fn words<W: Into<&'static str>>(words: impl Iterator<Item = W>) -> String {
    words.map(Into::into).collect::<Vec<_>>().join(", ")
}
