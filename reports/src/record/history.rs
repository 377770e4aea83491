//! What a checker said of a history from a file: the document of `murphy check`.

use serde::{Deserialize, Serialize};

use super::VerdictKind;

/// The name and version of the document that `murphy check --format json` prints.
pub const CHECK_SCHEMA: &str = "murphy.check/1";

/// A history that was judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryRecord {
    /// Always [`CHECK_SCHEMA`].
    pub schema: String,
    /// The file, as the user named it; `-` for standard input.
    pub file: String,
    /// The format it was read in.
    pub input: String,
    /// What the history is about.
    pub model: String,
    /// The level that was asked for; none where the model has checks of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// What came out.
    pub verdict: VerdictKind,
    /// Why it is unknown, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The names of what was found, each once.
    pub anomalies: Vec<String>,
    /// The weakest levels that are broken.
    pub not: Vec<String>,
    /// The stronger ones, broken with them.
    pub also_not: Vec<String>,
    /// How many operations were read.
    pub operations: u64,
    /// Malformed operations that were skipped.
    pub skipped: u64,
    /// How long reading and judging took on the wall clock. Decides nothing.
    pub seconds: f64,
    /// What a person should know beside the verdict.
    pub warnings: Vec<String>,
    /// What was found, with its evidence.
    pub evidence: Vec<FindingRecord>,
    /// The operations that the evidence names, and what went on beside them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shown: Vec<OperationRecord>,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FindingRecord {
    /// Its name: `G-single`, `stale-read`, ...
    pub anomaly: String,
    /// What happened, in a sentence.
    pub explanation: String,
    /// The evidence, line by line.
    pub steps: Vec<String>,
    /// The operations involved, by position in the history.
    pub operations: Vec<usize>,
    /// For a cycle: its edges, each from an operation to the next.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cycle: Vec<DependencyRecord>,
}

/// Why one operation must come before another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DependencyRecord {
    /// The earlier operation.
    pub from: usize,
    /// The later one.
    pub to: usize,
    /// `ww`, `wr`, `rw`, `process`, `realtime`, ...
    pub kind: String,
    /// Why, in a sentence.
    pub because: String,
}

/// One operation, told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperationRecord {
    /// Its position in the history.
    pub operation: usize,
    /// As the evidence names it: `T3`, `#3`.
    pub label: String,
    /// Who called.
    pub process: u32,
    /// The position of its beginning among all beginnings and ends.
    pub invoked: u64,
    /// The position of its end; none where nobody ever knew.
    pub ended: Option<u64>,
    /// `ok`, `fail` or `info`.
    pub outcome: String,
    /// What was asked and answered.
    pub told: String,
    /// True when the evidence names it.
    pub evidence: bool,
}
