//! What a person reads in a terminal: a suite after `murphy run`, one run after `murphy replay`,
//! a history after `murphy check`.
//!
//! Colour only says again what the words say; unknown has a mark, a word and a colour of its own.

mod history;
mod paint;
mod replay;
mod table;

use std::io::{self, Write};

use crate::record::{RunRecord, ScenarioRecord, SuiteRecord, VerdictKind};
use crate::standing::{self, Standing};
use crate::text;
use paint::Paint;

pub use history::history;
pub use replay::replay;

/// How the caller's terminal is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether to use colour. This crate never asks the environment.
    pub colour: bool,
    /// Columns of the terminal; 0 where nothing limits them, as in a pipe.
    pub width: usize,
    /// Where the report is, as the user would open it; none when none was written.
    pub report: Option<String>,
}

/// The narrowest text that is still worth wrapping.
const TEXT_COLUMNS_MIN: usize = 40;
/// The widest text that is easy to read.
const TEXT_COLUMNS_MAX: usize = 100;
/// The most lines of evidence of one anomaly; a report holds the rest.
const LINES: usize = 12;

/// Writes the summary of a suite: a line a scenario, the failures with the commands that repeat
/// them, totals, and where the report is.
pub fn render(suite: &SuiteRecord, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let page = Page {
        paint: Paint {
            colour: options.colour,
        },
        width: options.width,
    };
    if !suite.scenarios.is_empty() {
        for line in table::lines(&suite.scenarios, options.width, page.paint) {
            writeln!(out, "{line}")?;
        }
        writeln!(out)?;
    }
    let worth_telling = |scenario: &&ScenarioRecord| Standing::of(scenario) != Standing::AsExpected;
    for scenario in suite.scenarios.iter().filter(worth_telling) {
        page.failure(scenario, out)?;
        writeln!(out)?;
    }
    totals(suite, page.paint, out)?;
    if let Some(report) = &options.report {
        writeln!(out, "report: {}", text::clean(report))?;
    }
    Ok(())
}

fn totals(suite: &SuiteRecord, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let standing = Standing::from(suite.outcome);
    let outcome = format!(
        "{} {}",
        standing.mark(),
        standing::outcome_word(suite.outcome)
    );
    writeln!(
        out,
        "{}  {}",
        paint.standing(standing, &outcome),
        standing::totals(suite)
    )?;
    writeln!(
        out,
        "{}, {} in {}, murphy {}",
        text::plural(suite.runs, "run"),
        text::plural(suite.events, "event"),
        text::seconds(suite.wall_seconds),
        text::clean(&suite.version),
    )?;
    if suite.interrupted {
        let told = "interrupted: not every run was done";
        writeln!(out, "{}", paint.standing(Standing::Unknown, told))?;
    }
    Ok(())
}

/// Paint and width: what every part of the text needs.
#[derive(Clone, Copy)]
struct Page {
    paint: Paint,
    width: usize,
}

impl Page {
    /// A scenario that was not as expected: what happened, and how to see it again.
    fn failure(self, scenario: &ScenarioRecord, out: &mut dyn Write) -> io::Result<()> {
        let standing = Standing::of(scenario);
        let title = format!(
            "{} {}",
            standing.mark(),
            text::clip(&scenario.name, TEXT_COLUMNS_MAX)
        );
        let protocol = standing::protocol(scenario);
        let title = self.paint.standing(standing, &title);
        writeln!(
            out,
            "{title}  {}",
            self.paint.dim(&text::clip(&protocol, TEXT_COLUMNS_MAX))
        )?;
        self.wrapped(2, &text::prose(&scenario.story), out)?;
        let told = format!(
            "expected {}; of {}: {}",
            text::clip(&scenario.expect, TEXT_COLUMNS_MAX),
            text::plural(scenario.seeds, "run"),
            standing::tally(scenario)
        );
        self.wrapped(2, &told, out)?;
        if let Some(why) = &scenario.why {
            self.wrapped(2, &text::prose(why), out)?;
        }
        let first = scenario.first.as_ref();
        let is_first = |run: &&RunRecord| first.is_some_and(|first| first.seed == run.seed);
        let shown = scenario
            .shown
            .iter()
            .find(is_first)
            .or(scenario.shown.first());
        if let Some(run) = shown {
            writeln!(
                out,
                "  seed {}, digest {}",
                run.seed,
                text::clean(&run.digest)
            )?;
            self.checks(run, 4, VerdictKind::Unknown, out)?;
            self.repeat(2, &run.repeat, out)?;
        }
        // Where no run was told in full, its seed, its anomaly and its command still stand.
        if let Some(first) = first
            && shown.is_none_or(|run| run.seed != first.seed)
        {
            writeln!(
                out,
                "  seed {} shows {}",
                first.seed,
                text::clean(&first.anomaly)
            )?;
            self.repeat(2, &first.repeat, out)?;
        }
        Ok(())
    }

    /// What the checks said that were at least as bad as `from`, with their evidence.
    fn checks(
        self,
        run: &RunRecord,
        indent: usize,
        from: VerdictKind,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        for check in run.checks.iter().filter(|check| check.verdict >= from) {
            let standing = Standing::from(check.verdict);
            let verdict = standing::verdict_word(check.verdict);
            let told = format!(
                "{} {}: {verdict}",
                standing.mark(),
                text::clean(&check.check)
            );
            writeln!(
                out,
                "{:indent$}{}",
                "",
                self.paint.standing(standing, &told)
            )?;
            if let Some(reason) = &check.reason {
                self.wrapped(indent + 2, &text::prose(reason), out)?;
            }
            for anomaly in &check.anomalies {
                let (name, why) = (
                    text::clean(&anomaly.name),
                    text::prose(&anomaly.explanation),
                );
                self.wrapped(indent + 2, &format!("{name}: {why}"), out)?;
                for (i, line) in anomaly.evidence.iter().take(LINES).enumerate() {
                    self.item(indent + 4, &format!("{}. ", i + 1), &text::prose(line), out)?;
                }
                let more = anomaly.evidence.len().saturating_sub(LINES) as u64;
                if more > 0 {
                    let told = format!("and {}", text::plural(more, "more line"));
                    self.item(indent + 4, "", &told, out)?;
                }
            }
        }
        Ok(())
    }

    /// The command alone on its line, never broken: it is there to be copied.
    fn repeat(self, indent: usize, command: &str, out: &mut dyn Write) -> io::Result<()> {
        let command = self.paint.strong(&text::clean(command));
        writeln!(out, "{:indent$}repeat: {command}", "")
    }

    fn wrapped(self, indent: usize, text: &str, out: &mut dyn Write) -> io::Result<()> {
        self.item(indent, "", text, out)
    }

    /// Text behind a label, its further lines under the first.
    fn item(self, indent: usize, label: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
        let hanging = indent + text::width(label);
        let columns = match self.width {
            0 => TEXT_COLUMNS_MAX,
            width => width.clamp(TEXT_COLUMNS_MIN, TEXT_COLUMNS_MAX + hanging),
        };
        let lines = text::wrap(
            text,
            columns.saturating_sub(hanging).max(TEXT_COLUMNS_MIN / 2),
        );
        for (i, line) in lines.iter().enumerate() {
            if i == 0 {
                writeln!(out, "{:indent$}{label}{line}", "")?;
            } else {
                writeln!(out, "{:hanging$}{line}", "")?;
            }
        }
        Ok(())
    }
}
