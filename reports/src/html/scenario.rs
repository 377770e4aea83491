//! The section of one scenario: what it tells, what came of it, and the runs that are worth a look.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::{figures, run};
use crate::record::ScenarioRecord;
use crate::standing::{self, Standing};
use crate::text;

/// The most names that a list shows.
const NAMES: usize = 60;

/// A scenario that did what it said is folded: its line in the table says as much.
pub(super) fn section(scenario: &ScenarioRecord, index: usize) -> Markup {
    let standing = Standing::of(scenario);
    html! {
        details class={ "scenario " (standing.class()) } id={ "s" (index) }
            open[standing != Standing::AsExpected] {
            summary {
                h2 {
                    span.mark title=(standing.word()) { (standing.mark()) } " "
                    bdi { (text::clip(&scenario.name, 200)) }
                }
            }
            (story(scenario))
            (numbers(scenario))
            div.columns {
                (counts("Anomalies, by runs that showed them", &scenario.anomalies))
                (counts("Faults that hit something", &scenario.faults))
                (reached(&scenario.reached))
            }
            @for (place, shown) in scenario.shown.iter().enumerate() {
                @let id = format!("s{index}r{place}");
                details.run id=(id) open[place == 0] { (run::summary(shown)) (run::body(shown, &id)) }
            }
        }
    }
}

/// What the scenario is about, what it should have done, what it did, and how to see it again.
fn story(scenario: &ScenarioRecord) -> Markup {
    html! {
        p.meta {
            bdi { (text::clip(&standing::protocol(scenario), 120)) } " · "
            bdi { (text::clip(&scenario.file, 200)) }
        }
        @if !scenario.story.trim().is_empty() {
            p.story dir="auto" { (text::prose(&scenario.story)) }
        }
        p.expectation {
            "Expected " strong { bdi { (text::clip(&scenario.expect, 200)) } } "; of "
            (text::plural(scenario.seeds, "run")) ": " strong { (standing::tally(scenario)) } "."
        }
        @if let Some(why) = &scenario.why { p dir="auto" { (text::prose(why)) } }
        @if let Some(first) = &scenario.first
            && !scenario.shown.iter().any(|run| run.seed == first.seed)
        {
            p { "Seed " (first.seed) " shows " bdi.anomaly { (text::clip(&first.anomaly, 200)) } ":" }
            pre { code { (text::clean(&first.repeat)) } }
        }
    }
}

fn numbers(scenario: &ScenarioRecord) -> Markup {
    let calls = &scenario.calls;
    let calls = [
        (calls.ok, "ok"),
        (calls.fail, "failed"),
        (calls.info, "unknown"),
    ];
    let calls = calls
        .map(|(number, word)| format!("{} {word}", text::count(number)))
        .join(", ");
    let pair = |one, other| {
        format!(
            "{} / {}",
            text::micros_or_dash(one),
            text::micros_or_dash(other)
        )
    };
    figures(&[
        ("calls", calls),
        (
            "latency p50 / p99",
            pair(scenario.latency_us.p50, scenario.latency_us.p99),
        ),
        ("messages per call", text::ratio(scenario.messages_per_call)),
        (
            "converged p50 / max",
            pair(scenario.converge_us.p50, scenario.converge_us.max),
        ),
        ("simulated events", text::count(scenario.events)),
        ("digest", text::clip(&scenario.digest, 40)),
    ])
}

/// Names with how often, and a bar to compare them by.
fn counts(title: &str, counts: &BTreeMap<String, u64>) -> Markup {
    let most = counts.values().copied().max().unwrap_or(0).max(1);
    html! {
        div {
            h3 { (title) }
            @if counts.is_empty() { p.none { "none" } } @else {
                ul.counts {
                    @for (name, number) in counts.iter().take(NAMES) {
                        @let share = *number as f64 / most as f64 * 100.0;
                        li {
                            bdi { (text::clip(name, 80)) } span.number { (text::count(*number)) }
                            span.share style={ "width:" (format!("{share:.1}")) "%" } {}
                        }
                    }
                }
                @if counts.len() > NAMES { p.none { "and " (counts.len() - NAMES) " more" } }
            }
        }
    }
}

fn reached(labels: &[String]) -> Markup {
    html! {
        div {
            h3 { "Labels reached" }
            @if labels.is_empty() { p.none { "none" } } @else {
                ul.tags {
                    @for label in labels.iter().take(NAMES) { li { bdi { (text::clip(label, 80)) } } }
                }
                @if labels.len() > NAMES { p.none { "and " (labels.len() - NAMES) " more" } }
            }
        }
    }
}
