//! Markdown for the summary page of a CI run.
//!
//! What a scenario says is escaped for Markdown, for its tables and for HTML, all at once: every
//! character that means something to any of them becomes a character reference.

use std::io::{self, Write};

use crate::record::{RunRecord, ScenarioRecord, SuiteRecord, VerdictKind};
use crate::standing::{self, Standing};
use crate::text;

/// The longest name that a table shows; the rest is in the other reports.
const NAME_COLUMNS: usize = 80;
/// The longest line of evidence that a summary shows.
const LINE_COLUMNS: usize = 400;
/// The most lines of evidence that a summary shows of one anomaly.
const LINES: usize = 20;

/// Writes the summary of a suite.
pub fn write(suite: &SuiteRecord, out: &mut dyn Write) -> io::Result<()> {
    let standing = Standing::from(suite.outcome);
    let outcome = standing::outcome_word(suite.outcome);
    writeln!(out, "## {} murphy: {outcome}\n", standing.mark())?;
    writeln!(
        out,
        "{}; {}, {} in {}, murphy {}.",
        standing::totals(suite),
        text::plural(suite.runs, "run"),
        text::plural(suite.events, "event"),
        text::seconds(suite.wall_seconds),
        escape(&suite.version),
    )?;
    if suite.interrupted {
        writeln!(out, "\n**Interrupted: not every run was done.**")?;
    }
    if !suite.scenarios.is_empty() {
        table(suite, out)?;
    }
    let worth_telling = |scenario: &&ScenarioRecord| Standing::of(scenario) != Standing::AsExpected;
    for scenario in suite.scenarios.iter().filter(worth_telling) {
        failure(scenario, out)?;
    }
    Ok(())
}

fn table(suite: &SuiteRecord, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "\n|  | scenario | protocol | expected | runs | found | p50 | p99 | msgs/call | converge |\n\
         |:-:|---|---|---|--:|---|--:|--:|--:|--:|"
    )?;
    for scenario in &suite.scenarios {
        let found = match standing::anomalies(scenario) {
            anomalies if anomalies.is_empty() => standing::tally(scenario),
            anomalies => format!("{}: {anomalies}", standing::tally(scenario)),
        };
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            Standing::of(scenario).mark(),
            name(&scenario.name),
            escape(&text::clip(&standing::protocol(scenario), NAME_COLUMNS)),
            name(&scenario.expect),
            text::count(scenario.seeds),
            escape(&text::clip(&found, LINE_COLUMNS)),
            text::micros_or_dash(scenario.latency_us.p50),
            text::micros_or_dash(scenario.latency_us.p99),
            text::ratio(scenario.messages_per_call),
            text::micros_or_dash(scenario.converge_us.max),
        )?;
    }
    Ok(())
}

/// A scenario that was not as expected, with the commands that repeat it.
fn failure(scenario: &ScenarioRecord, out: &mut dyn Write) -> io::Result<()> {
    let standing = Standing::of(scenario);
    writeln!(out, "\n### {} {}\n", standing.mark(), name(&scenario.name))?;
    if !scenario.story.trim().is_empty() {
        writeln!(out, "{}\n", line(&scenario.story))?;
    }
    let (expect, tally) = (name(&scenario.expect), standing::tally(scenario));
    let runs = text::plural(scenario.seeds, "run");
    writeln!(out, "Expected **{expect}**; of {runs}: **{tally}**.")?;
    if let Some(why) = &scenario.why {
        writeln!(out, "\n{}", line(why))?;
    }
    if let Some(first) = &scenario.first {
        writeln!(
            out,
            "\nSeed {} shows **{}**:\n",
            first.seed,
            name(&first.anomaly)
        )?;
        code(&first.repeat, out)?;
    }
    for run in &scenario.shown {
        let told_already = scenario
            .first
            .as_ref()
            .is_some_and(|first| first.seed == run.seed);
        evidence(run, !told_already, out)?;
    }
    Ok(())
}

/// What the checks found in a run, folded, with its command where that was not told yet.
fn evidence(run: &RunRecord, with_command: bool, out: &mut dyn Write) -> io::Result<()> {
    let mark = Standing::from(run.verdict).mark();
    let verdict = standing::verdict_word(run.verdict);
    writeln!(
        out,
        "\n<details><summary>{mark} seed {}: {verdict}</summary>\n",
        run.seed
    )?;
    for check in run
        .checks
        .iter()
        .filter(|check| check.verdict != VerdictKind::Holds)
    {
        let verdict = standing::verdict_word(check.verdict);
        let reason = check
            .reason
            .as_deref()
            .map(|reason| format!(": {}", line(reason)));
        writeln!(
            out,
            "- **{}** {verdict}{}",
            name(&check.check),
            reason.unwrap_or_default()
        )?;
        for anomaly in &check.anomalies {
            writeln!(
                out,
                "  - **{}**: {}",
                name(&anomaly.name),
                line(&anomaly.explanation)
            )?;
            for (i, step) in anomaly.evidence.iter().take(LINES).enumerate() {
                writeln!(out, "    {}. {}", i + 1, line(step))?;
            }
            let more = anomaly.evidence.len().saturating_sub(LINES) as u64;
            if more > 0 {
                writeln!(out, "    - and {}", text::plural(more, "more line"))?;
            }
        }
    }
    if with_command {
        writeln!(out)?;
        code(&run.repeat, out)?;
    }
    writeln!(out, "\n</details>")
}

/// A block of code whose fence is longer than any row of backticks inside it.
fn code(command: &str, out: &mut dyn Write) -> io::Result<()> {
    let command = text::clean(command);
    let longest = command.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(3.max(longest + 1));
    writeln!(out, "{fence}sh\n{command}\n{fence}")
}

fn name(text: &str) -> String {
    escape(&text::clip(text, NAME_COLUMNS))
}

fn line(text: &str) -> String {
    escape(&text::clip(&text::prose(text), LINE_COLUMNS))
}

/// Escapes for running text and table cells alike.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text::clean(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '~' | '#' | '@' | '!' | '$' => {
                out.push_str(&format!("&#{};", c as u32));
            }
            // A bare address would become a link.
            ':' if out.ends_with("http") || out.ends_with("https") => out.push_str("&#58;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_markdown_reads_is_left() {
        assert_eq!(escape("a|b `c` <d>"), "a&#124;b &#96;c&#96; &lt;d&gt;");
        assert_eq!(escape("a\n# b\u{0}"), "a&#92;n&#35; b&#92;u{0}");
        assert_eq!(escape("https://x"), "https&#58;//x");
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        let mut out = Vec::new();
        code("echo ````", &mut out).expect("a vector takes everything");
        assert_eq!(String::from_utf8_lossy(&out), "`````sh\necho ````\n`````\n");
    }
}
