//! What a checker said of a history from a file, after `murphy check`.

use std::io::{self, Write};

use super::paint::Paint;
use super::{LINES, Options, Page};
use crate::record::{FindingRecord, HistoryRecord};
use crate::standing::{self, Standing};
use crate::text;

/// Writes the verdict, the levels that are broken, the evidence, and how much was read.
pub fn history(record: &HistoryRecord, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let page = Page {
        paint: Paint {
            colour: options.colour,
        },
        width: options.width,
    };
    let standing = Standing::from(record.verdict);
    let verdict = standing::verdict_word(record.verdict);
    let names = record.anomalies.join(", ");
    let verdict = if names.is_empty() {
        format!("{} {verdict}", standing.mark())
    } else {
        format!("{} {verdict}: {}", standing.mark(), text::clean(&names))
    };
    let verdict = page.paint.standing(standing, &verdict);
    writeln!(out, "{verdict}  {}", text::clean(&record.file))?;
    page.wrapped(2, &standing::asked(record), out)?;
    if let Some(reason) = &record.reason {
        page.wrapped(2, &text::prose(reason), out)?;
    }
    if let Some(told) = standing::broken(record) {
        page.wrapped(2, &told, out)?;
    }
    for finding in &record.evidence {
        page.finding(finding, out)?;
    }
    for warning in &record.warnings {
        page.item(2, "note: ", &text::prose(warning), out)?;
    }
    if let Some(report) = &options.report {
        writeln!(out, "  report: {}", text::clean(report))?;
    }
    let told = standing::read(record);
    writeln!(out, "{}", page.paint.dim(&told))
}

impl Page {
    fn finding(self, finding: &FindingRecord, out: &mut dyn Write) -> io::Result<()> {
        let name = self.paint.strong(&text::clean(&finding.anomaly));
        writeln!(out, "\n  {name}")?;
        self.wrapped(4, &text::prose(&finding.explanation), out)?;
        for (number, line) in finding.steps.iter().take(LINES).enumerate() {
            self.item(4, &format!("{}. ", number + 1), &text::prose(line), out)?;
        }
        let more = finding.steps.len().saturating_sub(LINES) as u64;
        if more > 0 {
            let told = format!("and {}", text::plural(more, "more line"));
            self.item(4, "", &told, out)?;
        }
        Ok(())
    }
}
