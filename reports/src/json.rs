//! The JSON documents: `murphy.run/1` for a suite, `murphy.replay/1` for one run, `murphy.check/1`
//! for a history.
//!
//! A document is one value and a newline. Keys may be added to a version, none is taken away or
//! changes its meaning.

use std::io::{self, Write};

use serde::Serialize;

use crate::record::{HistoryRecord, ReplayRecord, ScenarioRecord, SuiteRecord};

/// Whether the runs that are told in full, with their diagrams, go into the document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shown {
    /// The documented document, and nothing else.
    #[default]
    LeftOut,
    /// The document with each scenario's `shown` runs: large, and enough to draw the HTML again.
    Included,
}

/// Writes the document of a suite. What is not a number (a ratio over no calls) is written as 0.
pub fn write(suite: &SuiteRecord, shown: Shown, out: &mut dyn Write) -> io::Result<()> {
    let document = SuiteRecord {
        schema: suite.schema.clone(),
        version: suite.version.clone(),
        outcome: suite.outcome,
        runs: suite.runs,
        events: suite.events,
        wall_seconds: finite(suite.wall_seconds),
        interrupted: suite.interrupted,
        scenarios: suite
            .scenarios
            .iter()
            .map(|scenario| of_scenario(scenario, shown))
            .collect(),
    };
    document_to(&document, out)
}

/// Writes the document of one run.
pub fn replay(record: &ReplayRecord, out: &mut dyn Write) -> io::Result<()> {
    document_to(record, out)
}

/// Writes the document of a judged history.
pub fn history(record: &HistoryRecord, out: &mut dyn Write) -> io::Result<()> {
    let seconds = finite(record.seconds);
    document_to(
        &HistoryRecord {
            seconds,
            ..record.clone()
        },
        out,
    )
}

fn document_to(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, document)?;
    out.write_all(b"\n")
}

/// A copy of a scenario's record, without its pictures unless they are wanted.
fn of_scenario(scenario: &ScenarioRecord, shown: Shown) -> ScenarioRecord {
    ScenarioRecord {
        name: scenario.name.clone(),
        file: scenario.file.clone(),
        story: scenario.story.clone(),
        protocol: scenario.protocol.clone(),
        mutant: scenario.mutant.clone(),
        expect: scenario.expect.clone(),
        why: scenario.why.clone(),
        anomalies: scenario.anomalies.clone(),
        first: scenario.first.clone(),
        digest: scenario.digest.clone(),
        messages_per_call: finite(scenario.messages_per_call),
        faults: scenario.faults.clone(),
        reached: scenario.reached.clone(),
        shown: match shown {
            Shown::LeftOut => Vec::new(),
            Shown::Included => scenario.shown.clone(),
        },
        ..*scenario
    }
}

/// JSON has no word for infinity, and a reader of the document expects a number.
fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { 0.0 }
}
