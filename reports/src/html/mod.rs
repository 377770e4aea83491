//! One self-contained HTML page: it opens offline, asks for nothing, and holds nothing unescaped.
//!
//! The page reads without scripts; its few lines of script sort the table and bring the evidence of
//! a diagram into sight. Every id on the page is made of numbers, never of a name.

mod history;
mod run;
mod scenario;

pub use history::history;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::record::{RunRecord, ScenarioRecord, SuiteRecord};
use crate::standing::{self, Standing};
use crate::text;

const STYLE: &str = concat!(include_str!("page.css"), include_str!("diagram.css"));
const SCRIPT: &str = include_str!("page.js");
/// Nothing may be loaded from anywhere, and no script may run but the page's own.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-murphy'; \
                      base-uri 'none'; form-action 'none'";

/// The page of a suite.
pub fn render(suite: &SuiteRecord) -> String {
    let outcome = standing::outcome_word(suite.outcome);
    let body = html! {
        (banner(suite))
        main {
            (table(suite))
            @for (index, scenario) in worst_first(suite) { (scenario::section(scenario, index)) }
        }
    };
    page(&format!("murphy: {outcome}"), &body)
}

/// The page of one run, as `murphy replay` tells it; `title` says which run it is.
pub fn replay(title: &str, run: &RunRecord) -> String {
    let standing = Standing::from(run.verdict);
    let body = html! {
        header class={ "banner " (standing.class()) } {
            h1 { span.mark { (standing.mark()) } " " bdi { (text::clip(title, 200)) } }
            p { (standing::verdict_word(run.verdict)) ", seed " (run.seed) }
        }
        main { section class={ "scenario " (standing.class()) } { (run::body(run, "r0")) } }
    };
    page(&format!("murphy: {}", text::clip(title, 80)), &body)
}

/// The scenarios with their places in the suite; what a reader came for is on top.
fn worst_first(suite: &SuiteRecord) -> Vec<(usize, &ScenarioRecord)> {
    let mut scenarios: Vec<_> = suite.scenarios.iter().enumerate().collect();
    scenarios.sort_by_key(|(_, scenario)| std::cmp::Reverse(Standing::of(scenario) as u8));
    scenarios
}

fn page(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (body)
                script nonce="murphy" { (PreEscaped(SCRIPT)) }
            }
        }
    };
    let mut page = page.into_string();
    page.push('\n');
    page
}

fn banner(suite: &SuiteRecord) -> Markup {
    let standing = Standing::from(suite.outcome);
    html! {
        header class={ "banner " (standing.class()) } {
            h1 {
                span.mark { (standing.mark()) } " murphy: "
                (standing::outcome_word(suite.outcome))
            }
            p { (standing::totals(suite)) }
            @if suite.interrupted {
                p.interrupted { "Interrupted: not every run was done." }
            }
            (figures(&[
                ("runs", text::count(suite.runs)),
                ("simulated events", text::count(suite.events)),
                ("on the wall clock", text::seconds(suite.wall_seconds)),
                ("murphy", text::clip(&suite.version, 40)),
            ]))
        }
    }
}

/// Numbers with their names, side by side.
fn figures(figures: &[(&str, String)]) -> Markup {
    html! {
        dl.figures {
            @for (name, value) in figures {
                div { dt { (name) } dd { bdi { (value) } } }
            }
        }
    }
}

fn table(suite: &SuiteRecord) -> Markup {
    if suite.scenarios.is_empty() {
        return html! { p.none { "No scenario was run." } };
    }
    html! {
        section {
            h2 { "Scenarios" }
            div.scroll tabindex="0" role="region" aria-label="scenarios" {
                table.sortable {
                    thead { tr {
                        th { span.unseen { "standing" } }
                        th { "scenario" }
                        th { "protocol" }
                        th { "expected" }
                        th.number { "runs" }
                        th { "found" }
                        th.number { "p50" }
                        th.number { "p99" }
                        th.number { "msgs/call" }
                        th.number { "converge" }
                    } }
                    tbody {
                        @for (index, scenario) in suite.scenarios.iter().enumerate() {
                            (row(scenario, index))
                        }
                    }
                }
            }
        }
    }
}

fn row(scenario: &ScenarioRecord, index: usize) -> Markup {
    let standing = Standing::of(scenario);
    let anomalies = standing::anomalies(scenario);
    let ratio = scenario.messages_per_call;
    let ratio = if ratio.is_finite() { ratio } else { 0.0 };
    html! {
        tr class=(standing.class()) {
            td.standing data-key=(standing as u8)
                title=(standing.word()) { (standing.mark()) }
            td.name { a href={ "#s" (index) } { bdi { (text::clip(&scenario.name, 80)) } } }
            td { bdi { (text::clip(&standing::protocol(scenario), 80)) } }
            td { bdi { (text::clip(&scenario.expect, 60)) } }
            td.number data-key=(scenario.seeds) { (text::count(scenario.seeds)) }
            td {
                (standing::tally(scenario))
                @if !anomalies.is_empty() { br; bdi.anomaly { (text::clip(&anomalies, 120)) } }
            }
            td.number data-key=(scenario.latency_us.p50) { (text::micros_or_dash(scenario.latency_us.p50)) }
            td.number data-key=(scenario.latency_us.p99) { (text::micros_or_dash(scenario.latency_us.p99)) }
            td.number data-key=(ratio) { (text::ratio(scenario.messages_per_call)) }
            td.number data-key=(scenario.converge_us.max) { (text::micros_or_dash(scenario.converge_us.max)) }
        }
    }
}
