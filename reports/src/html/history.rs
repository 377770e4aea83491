//! The evidence of a judged history as a page: the verdict, each finding in words, its cycle as a
//! graph, and the operations on a timeline.

mod cycle;
mod timeline;

use maud::{Markup, html};

use super::{figures, page};
use crate::record::{FindingRecord, HistoryRecord, VerdictKind};
use crate::standing::{self, Standing};
use crate::text;

/// The longest line, and the most lines of one finding, that a page shows.
const LINE: usize = 2_000;
const LINES: usize = 200;

/// The page of a judged history.
pub fn history(record: &HistoryRecord) -> String {
    let standing = Standing::from(record.verdict);
    let word = standing::verdict_word(record.verdict);
    let body = html! {
        header class={ "banner " (standing.class()) } {
            h1 {
                span.mark { (standing.mark()) } " " (word)
                @if !record.anomalies.is_empty() {
                    ": " bdi { (text::clip(&record.anomalies.join(", "), 200)) }
                }
            }
            p { bdi { (text::clip(&record.file, 200)) } ": " (standing::asked(record)) }
            @if let Some(reason) = &record.reason { p { (text::clip(&text::prose(reason), LINE)) } }
            (figures(&[
                ("operations", text::count(record.operations)),
                ("skipped", text::count(record.skipped)),
                ("read as", text::clip(&record.input, 20)),
                ("on the wall clock", text::length((record.seconds.max(0.0) * 1e9) as u64)),
            ]))
        }
        main {
            (levels(record))
            @for warning in &record.warnings { p.none { (text::clip(&text::prose(warning), LINE)) } }
            @for (number, finding) in record.evidence.iter().enumerate() {
                (section(record, finding, number))
            }
            @if record.verdict == VerdictKind::Violated { (timeline::section(record)) }
        }
    };
    page(&format!("murphy check: {word}"), &body)
}

fn levels(record: &HistoryRecord) -> Markup {
    let list = |levels: &[String]| {
        html! {
            ul.tags { @for level in levels { li { bdi { (text::clip(level, 60)) } } } }
        }
    };
    html! {
        @if !record.not.is_empty() {
            section {
                h2 { "Levels" }
                h3 { "Not" }
                (list(&record.not))
                @if !record.also_not.is_empty() {
                    h3 { "And so not what implies them" }
                    (list(&record.also_not))
                }
            }
        }
    }
}

fn section(record: &HistoryRecord, finding: &FindingRecord, number: usize) -> Markup {
    html! {
        section.scenario.bad {
            h2 { bdi.anomaly { (text::clip(&finding.anomaly, 120)) } }
            p dir="auto" { (text::clip(&text::prose(&finding.explanation), LINE)) }
            @if !finding.cycle.is_empty() { (cycle::figure(record, finding, number)) }
            ol.evidence {
                @for line in finding.steps.iter().take(LINES) {
                    li { span dir="auto" { (text::clip(&text::prose(line), LINE)) } }
                }
            }
            @if finding.steps.len() > LINES {
                p.none { "and " (text::plural((finding.steps.len() - LINES) as u64, "more line")) }
            }
        }
    }
}

/// The name of an operation as the evidence has it.
fn label(record: &HistoryRecord, operation: usize) -> String {
    let shown = record
        .shown
        .iter()
        .find(|shown| shown.operation == operation);
    shown.map_or_else(
        || format!("T{operation}"),
        |shown| text::clip(&shown.label, 12),
    )
}
