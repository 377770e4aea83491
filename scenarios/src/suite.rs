//! A suite of scenarios over many seeds: runs in parallel, results in seed order, failures confirmed
//! on a fresh thread, a sample repeated to catch nondeterminism, vacuous suites called unknown.
//!
//! No run sees another, and nothing here decides what a run does. Wall-clock time enters only through
//! the caller's [`Options::stop`].

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Mutex,
};

use hdrhistogram::Histogram;
use murphy_reports::record::{
    CallCounts, Converge, FirstViolation, Latency, RUN_SCHEMA, RunRecord, ScenarioRecord,
    SuiteOutcome, SuiteRecord, VerdictKind,
};
use murphy_sim::{Digest, Span};
use rayon::iter::{ParallelBridge, ParallelIterator};

use crate::{
    language::{Expectation, Scenario},
    registry,
    run::{CannotRun, How, RunResult, Runnable, Substrate, Tally},
};

/// Which seeds to run: from the first up to, not including, the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seeds {
    /// The first.
    pub from: u64,
    /// One past the last.
    pub until: u64,
}

/// Why a suite came to no end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// What was asked for cannot be run.
    #[error(transparent)]
    Refused(#[from] CannotRun),
    /// A run panicked: a bug of the protocol or of murphy, not a verdict.
    #[error("{file}: seed {seed} panicked, which is a bug of the protocol or of murphy: {told}")]
    Panicked {
        /// The scenario.
        file: String,
        /// The seed.
        seed: u64,
        /// What the panic said.
        told: String,
    },
}

/// How a suite is to be run.
pub struct Options<'a> {
    /// Instead of each scenario's own number of seeds, counted from 1.
    pub seeds: Option<Seeds>,
    /// Only every n-th run, beginning with the i-th, from 1: (i, n).
    pub shard: Option<(u32, u32)>,
    /// Threads.
    pub jobs: usize,
    /// On which substrate.
    pub substrate: Substrate,
    /// How many violated or unknown runs of a scenario are shown in full, with a diagram.
    pub show: usize,
    /// Asked before each run but each scenario's first: no more runs are begun once it says yes.
    pub stop: &'a (dyn Fn() -> bool + Sync),
    /// Asked before every run: an interrupt.
    pub interrupted: &'a (dyn Fn() -> bool + Sync),
    /// Told after each run: runs done and runs planned.
    pub progress: &'a (dyn Fn(u64, u64) + Sync),
}

/// One run in this many is made twice, on another thread, and compared.
const SAMPLE: u64 = 16;

/// Trace entries kept of a run that is shown.
const TRACE_MOST: usize = 200_000;

/// Prepares every scenario. The first that cannot be is an error that names it.
pub fn prepare(scenarios: &[Scenario]) -> Result<Vec<Box<dyn Runnable>>, CannotRun> {
    let prepare = |scenario: &Scenario| {
        let entry = registry::protocol(&scenario.protocol).ok_or_else(|| CannotRun {
            why: format!("there is no protocol `{}`", scenario.protocol),
        })?;
        entry.prepare(scenario)
    };
    let named = |scenario: &Scenario| {
        prepare(scenario).map_err(|error| CannotRun {
            why: format!("{}: {}", scenario.file.display(), error.why),
        })
    };
    scenarios.iter().map(named).collect()
}

/// Runs every scenario with every seed. `wall_seconds` of the record is left at zero for the caller,
/// who has a clock.
pub fn run(
    scenarios: &[Scenario],
    version: &str,
    options: &Options,
) -> Result<SuiteRecord, Broken> {
    let prepared = prepare(scenarios)?;
    let units = units(scenarios, options);
    let tallies: Vec<Mutex<Results>> = scenarios.iter().map(|_| Mutex::default()).collect();
    let done = Mutex::new(0u64);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.jobs)
        .build()
        .map_err(|error| CannotRun {
            why: format!("cannot start {} threads: {error}", options.jobs),
        })?;
    let total = units.len() as u64;
    let failure = Mutex::new(None);
    pool.install(|| {
        units.into_iter().par_bridge().for_each(|unit| {
            if (options.interrupted)() || (!unit.first && (options.stop)()) {
                return lock(&tallies[unit.scenario]).skipped += 1;
            }
            match run_unit(prepared[unit.scenario].as_ref(), &unit, options.substrate) {
                Ok(ran) => lock(&tallies[unit.scenario]).add(ran),
                Err(failed) => {
                    lock(&failure).get_or_insert(failed.of(&scenarios[unit.scenario], unit.seed));
                }
            }
            let mut done = lock(&done);
            *done += 1;
            (options.progress)(*done, total);
        });
    });
    if let Some(error) = lock(&failure).take() {
        return Err(error);
    }
    let mut records = Vec::new();
    let mut interrupted = false;
    for ((scenario, prepared), tally) in scenarios.iter().zip(&prepared).zip(tallies) {
        let results = tally
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        interrupted |= results.skipped > 0;
        records.push(results.record(scenario, prepared.as_ref(), options));
    }
    Ok(SuiteRecord {
        schema: RUN_SCHEMA.to_owned(),
        version: version.to_owned(),
        outcome: records
            .iter()
            .map(|(_, outcome)| *outcome)
            .max()
            .unwrap_or(SuiteOutcome::AsExpected),
        runs: records.iter().map(|(record, _)| record.seeds).sum(),
        events: records.iter().map(|(record, _)| record.events).sum(),
        wall_seconds: 0.0,
        interrupted,
        scenarios: records.into_iter().map(|(record, _)| record).collect(),
    })
}

/// A lock whose holder cannot have panicked half-way: results are added whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// One run to be made.
#[derive(Clone, Copy, Debug)]
struct Unit {
    scenario: usize,
    seed: u64,
    /// The scenario's first: made whatever the time budget says.
    first: bool,
    /// To be made twice.
    sampled: bool,
}

/// Every scenario's first seed, then every scenario's second, and so on.
fn units(scenarios: &[Scenario], options: &Options) -> Vec<Unit> {
    let seeds_of = |scenario: &Scenario| {
        options.seeds.unwrap_or(Seeds {
            from: 1,
            until: u64::from(scenario.seeds) + 1,
        })
    };
    let rounds = scenarios
        .iter()
        .map(|s| seeds_of(s).until - seeds_of(s).from)
        .max()
        .unwrap_or(0);
    let mut units = Vec::new();
    let mut number = 0u64;
    let mut begun = vec![false; scenarios.len()];
    for round in 0..rounds {
        for (i, scenario) in scenarios.iter().enumerate() {
            let seeds = seeds_of(scenario);
            let seed = seeds.from + round;
            if seed >= seeds.until {
                continue;
            }
            number += 1;
            if options.shard.is_some_and(|(shard, of)| {
                number % u64::from(of) != u64::from(shard) % u64::from(of)
            }) {
                continue;
            }
            let first = !std::mem::replace(&mut begun[i], true);
            units.push(Unit {
                scenario: i,
                seed,
                first,
                sampled: first || round % SAMPLE == 0,
            });
        }
    }
    units
}

/// What one unit came to.
struct Ran {
    result: RunResult,
    /// Two runs of it differed.
    differs: bool,
}

/// Why a run came to nothing.
enum Failed {
    Refused(CannotRun),
    Panicked(String),
}

impl Failed {
    fn of(self, scenario: &Scenario, seed: u64) -> Broken {
        let file = scenario.file.display().to_string();
        match self {
            Failed::Refused(error) => Broken::Refused(CannotRun {
                why: format!("{file}: {}", error.why),
            }),
            Failed::Panicked(told) => Broken::Panicked { file, seed, told },
        }
    }
}

fn run_unit(prepared: &dyn Runnable, unit: &Unit, substrate: Substrate) -> Result<Ran, Failed> {
    let how = How {
        substrate,
        trace: 0,
    };
    let result = run_caught(prepared, unit.seed, how)?;
    let differs =
        unit.sampled && on_a_fresh_thread(prepared, unit.seed, how)?.digest != result.digest;
    Ok(Ran { result, differs })
}

/// A run whose panic is an error: a bug of the protocol or of murphy, not a verdict.
fn run_caught(prepared: &dyn Runnable, seed: u64, how: How) -> Result<RunResult, Failed> {
    match catch_unwind(AssertUnwindSafe(|| prepared.run(seed, how))) {
        Ok(run) => run.map_err(Failed::Refused),
        Err(panic) => {
            let told = panic.downcast_ref::<String>().map(String::as_str);
            let told = told
                .or(panic.downcast_ref::<&str>().copied())
                .unwrap_or("without a word");
            Err(Failed::Panicked(told.to_owned()))
        }
    }
}

fn on_a_fresh_thread(prepared: &dyn Runnable, seed: u64, how: How) -> Result<RunResult, Failed> {
    std::thread::scope(|scope| {
        scope
            .spawn(|| run_caught(prepared, seed, how))
            .join()
            .expect("the run's panic is caught inside")
    })
}

/// What the runs of one scenario came to, whatever the order they were made in.
#[derive(Default)]
struct Results {
    /// By seed: digest, verdict, anomalies.
    runs: BTreeMap<u64, (Digest, VerdictKind, Vec<String>)>,
    skipped: u64,
    differs: Vec<u64>,
    calls: CallCounts,
    latencies: Option<Histogram<u64>>,
    messages: u64,
    events: u64,
    converged_us: Vec<u64>,
    faults: Tally,
    /// By place in the scenario's own list: how often it hit something.
    own_faults: Vec<u64>,
    reached: Tally,
}

impl Results {
    fn add(&mut self, ran: Ran) {
        let run = ran.result;
        let anomalies = run.anomalies().into_iter().map(str::to_owned).collect();
        self.runs
            .insert(run.seed, (run.digest, run.verdict, anomalies));
        if ran.differs {
            self.differs.push(run.seed);
        }
        self.calls.ok += run.calls.ok;
        self.calls.fail += run.calls.fail;
        self.calls.info += run.calls.info;
        let histogram = self.latencies.get_or_insert_with(|| {
            Histogram::new(3).expect("three significant digits are allowed")
        });
        for latency in run.latencies_us {
            histogram
                .record(latency)
                .expect("the histogram grows as it must");
        }
        self.messages += run.messages;
        self.events += run.events;
        self.converged_us
            .extend(run.converged_after.map(Span::as_micros));
        self.own_faults
            .resize(self.own_faults.len().max(run.faults.len()), 0);
        for (place, fault) in run.faults.iter().enumerate() {
            if fault.hits > 0 {
                *self.faults.entry(fault.kind.clone()).or_default() += 1;
                self.own_faults[place] += 1;
            }
        }
        for label in run.reached {
            *self.reached.entry(label.to_owned()).or_default() += 1;
        }
    }

    fn count(&self, kind: VerdictKind) -> u64 {
        self.runs
            .values()
            .filter(|(_, verdict, _)| *verdict == kind)
            .count() as u64
    }

    fn record(
        self,
        scenario: &Scenario,
        prepared: &dyn Runnable,
        options: &Options,
    ) -> (ScenarioRecord, SuiteOutcome) {
        let (shown, unconfirmed) = self.shown(scenario, prepared, options);
        let (outcome, why) = self.outcome(scenario, &unconfirmed, prepared, options);
        let mut anomalies = Tally::new();
        for name in self.runs.values().flat_map(|(_, _, names)| names) {
            *anomalies.entry(name.clone()).or_default() += 1;
        }
        let mut digest = Digest::default();
        for (seed, (run, _, _)) in &self.runs {
            digest.fold_hash(&(*seed, *run));
        }
        let mut converged = self.converged_us.clone();
        converged.sort_unstable();
        let quantile = |q| {
            self.latencies
                .as_ref()
                .map_or(0, |histogram| histogram.value_at_quantile(q))
        };
        let record = ScenarioRecord {
            name: scenario.name.clone(),
            file: scenario.file.display().to_string(),
            story: scenario.story.clone(),
            protocol: scenario.protocol.clone(),
            mutant: scenario.mutant.clone(),
            expect: scenario.expect.to_string(),
            seeds: self.runs.len() as u64,
            held: self.count(VerdictKind::Holds),
            violated: self.count(VerdictKind::Violated),
            unknown: self.count(VerdictKind::Unknown),
            as_expected: outcome == SuiteOutcome::AsExpected,
            why,
            anomalies,
            first: self.first_violation(scenario, options.substrate),
            digest: digest.to_string(),
            calls: self.calls,
            latency_us: Latency {
                p50: quantile(0.5),
                p99: quantile(0.99),
            },
            messages_per_call: if self.calls.ok == 0 {
                0.0
            } else {
                self.messages as f64 / self.calls.ok as f64
            },
            converge_us: Converge {
                p50: converged.get(converged.len() / 2).copied().unwrap_or(0),
                max: converged.last().copied().unwrap_or(0),
            },
            faults: self.faults.clone(),
            reached: self.reached.keys().cloned().collect(),
            events: self.events,
            shown,
        };
        (record, outcome)
    }

    /// The violated run with the lowest seed; the anomaly that was expected comes first.
    fn first_violation(&self, scenario: &Scenario, substrate: Substrate) -> Option<FirstViolation> {
        let expected = if let Expectation::Violated(name) = &scenario.expect {
            Some(name)
        } else {
            None
        };
        let violated = || {
            self.runs
                .iter()
                .filter(|(_, (_, verdict, _))| *verdict == VerdictKind::Violated)
        };
        let with_expected =
            violated().find(|(_, (_, _, names))| expected.is_some_and(|name| names.contains(name)));
        let (seed, (digest, _, names)) = with_expected.or_else(|| violated().next())?;
        let anomaly = expected
            .filter(|name| names.contains(name))
            .or(names.first())?;
        Some(FirstViolation {
            seed: *seed,
            anomaly: anomaly.clone(),
            digest: digest.to_string(),
            repeat: repeat_command(scenario, *seed, substrate),
        })
    }

    /// The runs that are worth a look, made again on a fresh thread with a trace; and the seeds whose
    /// second run came out differently.
    fn shown(
        &self,
        scenario: &Scenario,
        prepared: &dyn Runnable,
        options: &Options,
    ) -> (Vec<RunRecord>, Vec<u64>) {
        let first = self
            .first_violation(scenario, options.substrate)
            .map(|first| first.seed);
        let others = self
            .runs
            .iter()
            .filter(|(_, (_, verdict, _))| *verdict != VerdictKind::Holds)
            .map(|(seed, _)| *seed);
        let seeds = first
            .into_iter()
            .chain(others.filter(|seed| Some(*seed) != first))
            .take(options.show.max(1));
        let mut shown = Vec::new();
        let mut unconfirmed = Vec::new();
        for seed in seeds {
            let how = How {
                substrate: options.substrate,
                trace: TRACE_MOST,
            };
            match on_a_fresh_thread(prepared, seed, how) {
                Ok(run) if run.digest == self.runs[&seed].0 => {
                    if shown.len() < options.show {
                        shown.push(run.record(repeat_command(scenario, seed, options.substrate)));
                    }
                }
                _ => unconfirmed.push(seed),
            }
        }
        (shown, unconfirmed)
    }

    fn outcome(
        &self,
        scenario: &Scenario,
        unconfirmed: &[u64],
        prepared: &dyn Runnable,
        options: &Options,
    ) -> (SuiteOutcome, Option<String>) {
        if let Some(seed) = self.differs.iter().chain(unconfirmed).min() {
            let parts = prepared.first_difference(*seed);
            let told = parts.unwrap_or_else(|| {
                "side by side they agree: the cause lies outside the world".to_owned()
            });
            return (
                SuiteOutcome::Nondeterministic,
                Some(format!("two runs of seed {seed} differ; {told}")),
            );
        }
        let violated = self.count(VerdictKind::Violated);
        let complete = self.skipped == 0;
        match &scenario.expect {
            Expectation::Holds if violated > 0 => {
                return (
                    SuiteOutcome::Violated,
                    Some(format!(
                        "{violated} of {} runs were violated",
                        self.runs.len()
                    )),
                );
            }
            Expectation::Holds => {}
            Expectation::Violated(name) => {
                let found = self.runs.values().any(|(_, _, names)| names.contains(name));
                if !found && complete {
                    let why = format!("`{name}` was not found in {} runs", self.runs.len());
                    return (SuiteOutcome::Violated, Some(why));
                }
                if !found {
                    let why = format!(
                        "`{name}` was not found in the {} runs that there was time for",
                        self.runs.len()
                    );
                    return (SuiteOutcome::Unknown, Some(why));
                }
            }
        }
        let unknown = self.count(VerdictKind::Unknown);
        if unknown > 0 && scenario.expect == Expectation::Holds {
            return (
                SuiteOutcome::Unknown,
                Some(format!(
                    "{unknown} of {} runs could not be judged",
                    self.runs.len()
                )),
            );
        }
        match self.vacuous(
            scenario,
            complete && options.seeds.is_none() && options.shard.is_none(),
        ) {
            Some(why) => (SuiteOutcome::Unknown, Some(why)),
            None => (SuiteOutcome::AsExpected, None),
        }
    }

    /// Why the suite tested less than it says, judged when all of its own seeds were run.
    fn vacuous(&self, scenario: &Scenario, all_seeds: bool) -> Option<String> {
        if self.runs.is_empty() {
            return Some("no run was made".to_owned());
        }
        if !all_seeds {
            return None;
        }
        let idle = scenario
            .nemesis
            .at
            .iter()
            .zip(&self.own_faults)
            .find(|(_, hits)| **hits == 0);
        if let Some((planned, _)) = idle {
            return Some(format!("vacuous: no seed's `{planned}` hit anything"));
        }
        let missed = scenario
            .check
            .sometimes
            .iter()
            .find(|label| !self.reached.contains_key(label.as_str()));
        missed.map(|label| format!("vacuous: no seed reached `{label}`"))
    }
}

/// The command that makes a run happen again.
pub fn repeat_command(scenario: &Scenario, seed: u64, substrate: Substrate) -> String {
    let on = if substrate == Substrate::World {
        ""
    } else {
        " --substrate madsim"
    };
    format!(
        "murphy replay {} --seed {seed}{on}",
        shell_word(&scenario.file.display().to_string())
    )
}

/// Quoted where a shell would not take it for one word.
fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./+:=@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
