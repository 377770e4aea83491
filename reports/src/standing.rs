//! Where a scenario and a suite stand: judged once, so that no two formats can disagree.
//!
//! Unknown is never a pass here, whatever else a record says.

use crate::record::{HistoryRecord, ScenarioRecord, SuiteOutcome, SuiteRecord, VerdictKind};
use crate::text;

/// What a reader needs to know first of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It did what it said it would.
    AsExpected,
    /// Nobody can say: a checker gave up, or nothing was run.
    Unknown,
    /// It did something else.
    Unexpected,
}

impl Standing {
    /// Judges a scenario.
    pub(crate) fn of(scenario: &ScenarioRecord) -> Standing {
        let expects_violation = scenario.expect.starts_with("violated");
        let undecided = scenario.unknown > 0 && !expects_violation;
        if scenario.held == 0 && scenario.violated == 0 && scenario.unknown == 0 {
            Standing::Unknown
        } else if scenario.as_expected {
            if undecided {
                Standing::Unknown
            } else {
                Standing::AsExpected
            }
        } else if undecided && scenario.violated == 0 {
            Standing::Unknown
        } else {
            Standing::Unexpected
        }
    }

    /// One character, told apart without colour.
    pub(crate) fn mark(self) -> &'static str {
        match self {
            Standing::AsExpected => "✓",
            Standing::Unknown => "?",
            Standing::Unexpected => "✗",
        }
    }

    /// In words.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Standing::AsExpected => "as expected",
            Standing::Unknown => "unknown",
            Standing::Unexpected => "not as expected",
        }
    }

    /// A name for style sheets.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Standing::AsExpected => "good",
            Standing::Unknown => "unsure",
            Standing::Unexpected => "bad",
        }
    }
}

impl From<VerdictKind> for Standing {
    fn from(verdict: VerdictKind) -> Standing {
        match verdict {
            VerdictKind::Holds => Standing::AsExpected,
            VerdictKind::Unknown => Standing::Unknown,
            VerdictKind::Violated => Standing::Unexpected,
        }
    }
}

impl From<SuiteOutcome> for Standing {
    fn from(outcome: SuiteOutcome) -> Standing {
        match outcome {
            SuiteOutcome::AsExpected => Standing::AsExpected,
            SuiteOutcome::Unknown => Standing::Unknown,
            SuiteOutcome::Violated | SuiteOutcome::Nondeterministic => Standing::Unexpected,
        }
    }
}

/// How a document spells an outcome.
pub(crate) fn outcome_word(outcome: SuiteOutcome) -> &'static str {
    match outcome {
        SuiteOutcome::AsExpected => "as expected",
        SuiteOutcome::Unknown => "unknown",
        SuiteOutcome::Violated => "violated",
        SuiteOutcome::Nondeterministic => "nondeterministic",
    }
}

/// How a document spells a verdict.
pub(crate) fn verdict_word(verdict: VerdictKind) -> &'static str {
    match verdict {
        VerdictKind::Holds => "holds",
        VerdictKind::Unknown => "unknown",
        VerdictKind::Violated => "violated",
    }
}

/// `12 scenarios: 10 as expected, 1 unknown, 1 not as expected`.
pub(crate) fn totals(suite: &SuiteRecord) -> String {
    if suite.scenarios.is_empty() {
        return "no scenario was run".to_owned();
    }
    let of = |wanted| {
        let standings = suite.scenarios.iter().map(Standing::of);
        standings.filter(|standing| *standing == wanted).count() as u64
    };
    let parts: Vec<String> = [
        Standing::AsExpected,
        Standing::Unknown,
        Standing::Unexpected,
    ]
    .into_iter()
    .map(|standing| (of(standing), standing.word()))
    .filter(|(number, _)| *number > 0)
    .map(|(number, word)| format!("{} {word}", text::count(number)))
    .collect();
    format!(
        "{}: {}",
        text::plural(suite.scenarios.len() as u64, "scenario"),
        parts.join(", ")
    )
}

/// `violated 38, held 12`: what the runs of a scenario came to, worst first.
pub(crate) fn tally(scenario: &ScenarioRecord) -> String {
    let parts: Vec<String> = [
        (scenario.violated, "violated"),
        (scenario.unknown, "unknown"),
        (scenario.held, "held"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, word)| format!("{} {word}", text::count(number)))
    .collect();
    if parts.is_empty() {
        "not run".to_owned()
    } else {
        parts.join(", ")
    }
}

/// `stale-read ×38, lost-update ×2`, the most frequent first; empty where there are none.
pub(crate) fn anomalies(scenario: &ScenarioRecord) -> String {
    let mut found: Vec<_> = scenario.anomalies.iter().collect();
    found.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let told = found
        .iter()
        .map(|(name, number)| format!("{} ×{}", text::clean(name), text::count(**number)));
    told.collect::<Vec<_>>().join(", ")
}

/// `primary-backup` or `primary-backup + ack-before-sync`.
pub(crate) fn protocol(scenario: &ScenarioRecord) -> String {
    match &scenario.mutant {
        Some(mutant) => {
            format!(
                "{} + {}",
                text::clean(&scenario.protocol),
                text::clean(mutant)
            )
        }
        None => text::clean(&scenario.protocol),
    }
}
/// What a history was judged as: `list-append at snapshot-isolation`.
pub(crate) fn asked(record: &HistoryRecord) -> String {
    let model = text::clip(&record.model, 60);
    match &record.level {
        Some(level) => format!("{model} at {}", text::clip(level, 60)),
        None => model,
    }
}

/// The levels that a history breaks, if it breaks any.
pub(crate) fn broken(record: &HistoryRecord) -> Option<String> {
    let list = |levels: &[String]| text::clean(&levels.join(", "));
    match (record.not.is_empty(), record.also_not.is_empty()) {
        (true, _) => None,
        (false, true) => Some(format!("not {}", list(&record.not))),
        (false, false) => Some(format!(
            "not {}; and so not {}",
            list(&record.not),
            list(&record.also_not)
        )),
    }
}

/// How much was read, how, and in what time.
pub(crate) fn read(record: &HistoryRecord) -> String {
    let operations = text::plural(record.operations, "operation");
    let input = text::clip(&record.input, 20);
    let time = text::length((record.seconds.max(0.0) * 1e9) as u64);
    format!("{operations} read as {input} in {time}")
}
