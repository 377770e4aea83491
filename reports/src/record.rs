//! What a run leaves behind, as plain data: the only thing that reporters read.
//!
//! Times are simulated nanoseconds since the start of the run unless a name says otherwise.

mod history;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use history::{CHECK_SCHEMA, DependencyRecord, FindingRecord, HistoryRecord, OperationRecord};

/// The name and version of the document that `murphy run --format json` prints.
pub const RUN_SCHEMA: &str = "murphy.run/1";
/// The name and version of the document that `murphy replay --format json` prints.
pub const REPLAY_SCHEMA: &str = "murphy.replay/1";

/// A whole suite: every scenario that was run, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SuiteRecord {
    /// Always [`RUN_SCHEMA`].
    pub schema: String,
    /// The version of murphy that ran it.
    pub version: String,
    /// The worst that happened.
    pub outcome: SuiteOutcome,
    /// Runs completed, over all scenarios.
    pub runs: u64,
    /// Simulated events, over all runs.
    pub events: u64,
    /// How long the suite took on the wall clock, in seconds. Decides nothing.
    pub wall_seconds: f64,
    /// True when an interrupt or a time budget ended the suite before every run was done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interrupted: bool,
    /// One record a scenario, in the order of their files.
    pub scenarios: Vec<ScenarioRecord>,
}

/// The worst that happened in a suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SuiteOutcome {
    /// Every scenario did what it said it would.
    AsExpected,
    /// A checker could not decide, or a run tested nothing.
    Unknown,
    /// A clean scenario was violated, or an expected violation was not found.
    Violated,
    /// Two runs of one seed differed.
    Nondeterministic,
}

/// One scenario over all of its seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScenarioRecord {
    /// The scenario's name, unique in its suite.
    pub name: String,
    /// The file it was read from, as the user named it.
    pub file: String,
    /// What the scenario tells, in a sentence or two.
    pub story: String,
    /// The protocol that ran.
    pub protocol: String,
    /// The planted bug, if one is.
    pub mutant: Option<String>,
    /// `holds`, or `violated: ANOMALY`.
    pub expect: String,
    /// Seeds that were run.
    pub seeds: u64,
    /// Runs in which everything held.
    pub held: u64,
    /// Runs in which something was violated.
    pub violated: u64,
    /// Runs that no checker could decide, or that tested nothing.
    pub unknown: u64,
    /// Whether the scenario did what `expect` says.
    pub as_expected: bool,
    /// Why not, in words, where `as_expected` is false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// How many runs showed each anomaly.
    pub anomalies: BTreeMap<String, u64>,
    /// The violated run with the lowest seed.
    pub first: Option<FirstViolation>,
    /// A digest over the digests of all runs, in seed order.
    pub digest: String,
    /// How the clients' calls ended.
    pub calls: CallCounts,
    /// Latency of calls that ended ok, in microseconds.
    pub latency_us: Latency,
    /// Messages between nodes for each call that ended ok.
    pub messages_per_call: f64,
    /// Time from the last heal until all replicas agreed, in microseconds.
    pub converge_us: Converge,
    /// How often each kind of fault was applied and hit something.
    pub faults: BTreeMap<String, u64>,
    /// The labels that at least one run reached.
    pub reached: Vec<String>,
    /// Simulated events over all runs.
    pub events: u64,
    /// Up to a few runs worth a look: violated, unknown or nondeterministic ones, in seed order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shown: Vec<RunRecord>,
}

/// The violated run with the lowest seed, and how to see it again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FirstViolation {
    /// The seed.
    pub seed: u64,
    /// The first anomaly that was found.
    pub anomaly: String,
    /// The run's digest.
    pub digest: String,
    /// The command that repeats it.
    pub repeat: String,
}

/// How calls ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallCounts {
    /// The call took effect and the client knows it.
    pub ok: u64,
    /// The call definitely did not take effect.
    pub fail: u64,
    /// Nobody knows.
    pub info: u64,
}

/// Quantiles of latency in microseconds; zero where no call ended ok.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    /// Median.
    pub p50: u64,
    /// 99th percentile.
    pub p99: u64,
}

/// Quantiles of time to converge in microseconds; zero where nothing had to converge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Converge {
    /// Median.
    pub p50: u64,
    /// Largest.
    pub max: u64,
}

/// A verdict as reporters see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerdictKind {
    /// Everything that was checked held.
    Holds,
    /// A checker gave up, or the run tested nothing.
    Unknown,
    /// Something did not hold.
    Violated,
}

/// One run, told in full.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// The seed.
    pub seed: u64,
    /// The digest over every event.
    pub digest: String,
    /// The worst verdict of all checkers.
    pub verdict: VerdictKind,
    /// What each checker and invariant said.
    pub checks: Vec<CheckRecord>,
    /// Simulated events.
    pub events: u64,
    /// Simulated time at the end of the run, in nanoseconds.
    pub ended: u64,
    /// Every fault of the plan and what became of it.
    pub faults: Vec<FaultRecord>,
    /// How the calls ended.
    pub calls: CallCounts,
    /// The command that repeats the run.
    pub repeat: String,
    /// The picture, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diagram: Option<Diagram>,
}

/// What one checker said of one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckRecord {
    /// The checker, as a scenario names it: `linearizable`, `converges`, ...
    pub check: String,
    /// What it said.
    pub verdict: VerdictKind,
    /// Why it is unknown, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What it found, worst first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anomalies: Vec<AnomalyRecord>,
}

/// One thing that went wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnomalyRecord {
    /// Its name: `stale-read`, `lost-update`, `non-atomic-commit`, ...
    pub name: String,
    /// What happened, in a sentence.
    pub explanation: String,
    /// The steps of the evidence, in order, each a line for a person.
    pub evidence: Vec<String>,
    /// The calls that are evidence, by index into [`Diagram::calls`].
    pub calls: Vec<usize>,
}

/// One fault of a plan and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultRecord {
    /// `partition`, `crash`, ...
    pub kind: String,
    /// The whole fault in words: `isolate n1 (leader) for 4s`.
    pub told: String,
    /// When it began; none when its trigger never came.
    pub from: Option<u64>,
    /// When it ended; none when it lasted to the end of the run.
    pub until: Option<u64>,
    /// The nodes it touched, by lane; empty when it touched all or none.
    pub lanes: Vec<usize>,
    /// How many things it hit: messages dropped, nodes crashed, syncs failed.
    pub hits: u64,
}

/// A space-time diagram: time runs along one axis, one lane for each node and client.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Diagram {
    /// The stretch of time that is worth drawing.
    pub from: u64,
    /// Its end.
    pub until: u64,
    /// Nodes first, then clients.
    pub lanes: Vec<Lane>,
    /// Messages between lanes.
    pub messages: Vec<Arrow>,
    /// Calls of clients.
    pub calls: Vec<CallSpan>,
    /// Things that happened at a point on a lane.
    pub marks: Vec<Mark>,
    /// How many arrows and marks were left out because there were too many to draw.
    pub left_out: u64,
}

/// One lane of a diagram.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lane {
    /// `n0`, `n1`, `c0`, ...
    pub name: String,
    /// True for a client, false for a node.
    pub client: bool,
    /// The roles a node had: from when, and which. Empty for a client.
    pub roles: Vec<(u64, String)>,
    /// When the node was down: from, until.
    pub down: Vec<(u64, u64)>,
}

/// One message of a diagram.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arrow {
    /// Lane it left.
    pub from: usize,
    /// Lane it was meant for.
    pub to: usize,
    /// When it left.
    pub sent: u64,
    /// When it arrived, or when it was dropped.
    pub arrived: u64,
    /// The message's kind: `Append`, `Vote`, `request`, `response`.
    pub kind: String,
    /// The message in full, for a tooltip.
    pub told: String,
    /// Why it was dropped, where it was: `partition`, `loss`, `crash`, ...
    pub dropped: Option<String>,
}

/// One call of a client in a diagram.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallSpan {
    /// The client's lane.
    pub lane: usize,
    /// When it was invoked.
    pub invoked: u64,
    /// When it ended; none when nobody ever knew.
    pub ended: Option<u64>,
    /// What was asked: `write x 3`.
    pub asked: String,
    /// What came back: `ok`, `ok 3`, `fail`, `info`.
    pub answered: String,
    /// `ok`, `fail` or `info`.
    pub outcome: String,
    /// True when a checker names the call as evidence.
    pub evidence: bool,
}

/// Something that happened at a point on a lane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// The lane.
    pub lane: usize,
    /// When.
    pub at: u64,
    /// `crash`, `start`, `reached`, `violated`, `role`, ...
    pub kind: String,
    /// In words.
    pub told: String,
}

/// What `murphy replay --format json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReplayRecord {
    /// Always [`REPLAY_SCHEMA`].
    pub schema: String,
    /// The digest over every event.
    pub digest: String,
    /// The worst verdict of all checkers.
    pub verdict: VerdictKind,
    /// The names of all anomalies, without repeats.
    pub anomalies: Vec<String>,
    /// Simulated events.
    pub events: u64,
}

impl From<&RunRecord> for ReplayRecord {
    fn from(run: &RunRecord) -> ReplayRecord {
        let mut anomalies: Vec<String> = Vec::new();
        for anomaly in run.checks.iter().flat_map(|check| &check.anomalies) {
            if !anomalies.contains(&anomaly.name) {
                anomalies.push(anomaly.name.clone());
            }
        }
        ReplayRecord {
            schema: REPLAY_SCHEMA.to_owned(),
            digest: run.digest.clone(),
            verdict: run.verdict,
            anomalies,
            events: run.events,
        }
    }
}
