//! One run on a page: the command that repeats it, the checks, the picture, the plan.

use std::collections::BTreeSet;

use maud::{Markup, html};

use crate::diagram;
use crate::evidence::{self, Numbers};
use crate::plan;
use crate::record::{AnomalyRecord, CheckRecord, RunRecord};
use crate::standing::{self, Standing};
use crate::text;

/// The longest line of evidence, and the most lines of one anomaly, that a page shows.
const LINE: usize = 2_000;
const LINES: usize = 200;

/// The line that opens a run.
pub(super) fn summary(run: &RunRecord) -> Markup {
    let standing = Standing::from(run.verdict);
    let mut names: Vec<&str> = Vec::new();
    for anomaly in run.checks.iter().flat_map(|check| &check.anomalies) {
        if !names.contains(&anomaly.name.as_str()) {
            names.push(&anomaly.name);
        }
    }
    html! {
        summary class=(standing.class()) {
            span.mark { (standing.mark()) } " seed " (run.seed) ": "
            (standing::verdict_word(run.verdict))
            @if !names.is_empty() { ", " bdi.anomaly { (text::clip(&names.join(", "), 120)) } }
        }
    }
}

/// Everything about a run; `id` is unique on the page.
pub(super) fn body(run: &RunRecord, id: &str) -> Markup {
    let numbers = Numbers::of(run);
    let calls = &run.calls;
    html! {
        p.meta {
            (text::plural(run.events, "event")) " in " (text::moment(run.ended)) " of simulated time; calls: "
            (text::count(calls.ok)) " ok, " (text::count(calls.fail)) " failed, "
            (text::count(calls.info)) " unknown; digest " code { (text::clip(&run.digest, 80)) }
        }
        pre.repeat { code { (text::clean(&run.repeat)) } }
        h3 { "Checks" }
        (checks(run, &numbers, id))
        h3 { "What happened" }
        (diagram::figure(run, &numbers, id))
        h3 { "Plan" }
        (plan_table(run))
    }
}

fn checks(run: &RunRecord, numbers: &Numbers, id: &str) -> Markup {
    // A call may be evidence of several anomalies; the picture links to the first.
    let mut anchored = BTreeSet::new();
    html! {
        @if run.checks.is_empty() { p.none { "Nothing was checked." } }
        ul.checks {
            @for check in &run.checks { (check_item(run, check, numbers, id, &mut anchored)) }
        }
        @let rest: Vec<(usize, usize)> =
            numbers.iter().filter(|(_, number)| !anchored.contains(number)).collect();
        @if !rest.is_empty() {
            h3 { "More evidence" }
            (call_list(run, &rest, id, &mut anchored))
        }
    }
}

fn check_item(
    run: &RunRecord,
    check: &CheckRecord,
    numbers: &Numbers,
    id: &str,
    anchored: &mut BTreeSet<usize>,
) -> Markup {
    let standing = Standing::from(check.verdict);
    html! {
        li class=(standing.class()) {
            span.mark { (standing.mark()) } " " strong { bdi { (text::clip(&check.check, 120)) } } " "
            (standing::verdict_word(check.verdict))
            @if let Some(reason) = &check.reason {
                ": " span dir="auto" { (text::clip(&text::prose(reason), LINE)) }
            }
            @for anomaly in &check.anomalies { (anomaly_part(run, anomaly, numbers, id, anchored)) }
        }
    }
}

fn anomaly_part(
    run: &RunRecord,
    anomaly: &AnomalyRecord,
    numbers: &Numbers,
    id: &str,
    anchored: &mut BTreeSet<usize>,
) -> Markup {
    let beside = numbers.beside(anomaly);
    let told_beside = beside.iter().any(Option::is_some);
    let named = anomaly
        .calls
        .iter()
        .filter_map(|&call| Some((call, numbers.get(call)?)));
    let calls: Vec<(usize, usize)> = named.take(LINES).collect();
    html! {
        div.found {
            p dir="auto" {
                bdi.anomaly { (text::clip(&anomaly.name, 120)) } ": "
                (text::clip(&text::prose(&anomaly.explanation), LINE))
            }
            ol.evidence {
                @for (line, number) in anomaly.evidence.iter().zip(&beside).take(LINES) {
                    @let anchor = number.filter(|number| anchored.insert(*number));
                    li id=[anchor.map(|number| format!("{id}-t{number}"))] {
                        @if let Some(number) = number { (link(id, *number)) }
                        span dir="auto" { (text::clip(&text::prose(line), LINE)) }
                    }
                }
            }
            @if anomaly.evidence.len() > LINES {
                p.none { "and " (text::plural((anomaly.evidence.len() - LINES) as u64, "more line")) }
            }
            @if !told_beside { (call_list(run, &calls, id, anchored)) }
        }
    }
}

/// Calls with their numbers, where the lines of evidence do not name them one by one.
fn call_list(
    run: &RunRecord,
    calls: &[(usize, usize)],
    id: &str,
    anchored: &mut BTreeSet<usize>,
) -> Markup {
    let Some(diagram) = &run.diagram else {
        return html! {};
    };
    html! {
        ul.calls {
            @for &(call, number) in calls {
                @let span = &diagram.calls[call];
                @let lane = diagram.lanes.get(span.lane).map_or("?", |lane| lane.name.as_str());
                @let anchor = Some(number).filter(|number| anchored.insert(*number));
                li id=[anchor.map(|number| format!("{id}-t{number}"))] {
                    (link(id, number))
                    bdi { (text::clip(lane, 40)) } " "
                    code { bdi { (text::clip(&text::prose(&evidence::told(span)), 200)) } }
                    " from " (text::moment(span.invoked))
                    @if let Some(ended) = span.ended { " to " (text::moment(ended)) }
                }
            }
        }
    }
}

/// The number of a call, which leads to it in the picture.
fn link(id: &str, number: usize) -> Markup {
    html! { a.badge href={ "#" (id) "-e" (number) } title="show it in the picture" { (number) } " " }
}

fn plan_table(run: &RunRecord) -> Markup {
    if run.faults.is_empty() {
        return html! { p.none { "No fault was planned." } };
    }
    html! {
        div.scroll tabindex="0" role="region" aria-label="plan" {
            table.plan {
                thead { tr { th { "" } th { "when" } th { "fault" } th { "what became of it" } } }
                tbody {
                    @for (index, fault) in run.faults.iter().enumerate() {
                        @let idle = fault.from.is_none() || fault.hits == 0;
                        tr.idle[idle] {
                            td { "F" (index + 1) }
                            td { (plan::span(fault)) }
                            td dir="auto" { (text::clip(&text::prose(&fault.told), LINE)) }
                            td { (plan::hits(fault)) }
                        }
                    }
                }
            }
        }
    }
}
