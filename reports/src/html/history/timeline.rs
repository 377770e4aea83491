//! The operations of the evidence, and what went on beside them, in the order of their beginnings
//! and ends: one lane a process. Distances mean nothing, only order does.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::record::{HistoryRecord, OperationRecord};
use crate::text;

/// Columns of text that a bar shows; the rest is in its title.
const WORDS: usize = 44;
const CHARACTER: f64 = 6.4;
const ROW: f64 = 24.0;
const NAMES: f64 = 64.0;
/// Between one beginning or end and the next.
const STEP: f64 = 12.0;

/// One operation in its place.
struct Bar<'a> {
    operation: &'a OperationRecord,
    from: f64,
    until: f64,
    row: usize,
}

struct Layout<'a> {
    bars: Vec<Bar<'a>>,
    /// The processes, with the first of their rows and how many they have.
    lanes: Vec<(u32, usize, usize)>,
    width: f64,
}

/// The timeline, or that there is none.
pub(super) fn section(record: &HistoryRecord) -> Markup {
    if record.shown.is_empty() {
        return html! {};
    }
    let layout = Layout::of(&record.shown);
    let beside = record.shown.iter().any(|shown| !shown.evidence);
    html! {
        section {
            h2 { "Operations" }
            p.meta {
                "In the order of their beginnings and ends, a line for each process. "
                "What the evidence names has a heavy frame"
                @if beside { "; the rest was open beside it" }
                ". A dashed bar: nobody knows whether it took effect, then or later. A grey bar: it did not."
            }
            figure.diagram {
                div.plane { div.scroll tabindex="0" role="region" aria-label="timeline of operations" {
                    (picture(&layout))
                } }
            }
        }
    }
}

fn picture(layout: &Layout<'_>) -> Markup {
    let rows: usize = layout.lanes.iter().map(|lane| lane.2).sum();
    let (width, height) = (layout.width.ceil(), rows as f64 * ROW + 8.0);
    html! {
        svg width=(width) height=(height) viewBox={ "0 0 " (width) " " (height) }
            role="img" aria-label="timeline" {
            @for (process, first, rows) in &layout.lanes {
                @let top = *first as f64 * ROW + 4.0;
                g.names { text.name x="6" y=(top + 16.0) { "p" (process) } }
                line.rule x1="0" x2=(width) y1=(top + *rows as f64 * ROW) y2=(top + *rows as f64 * ROW) {}
            }
            @for bar in &layout.bars { (drawn(bar)) }
        }
    }
}

fn drawn(bar: &Bar<'_>) -> Markup {
    let operation = bar.operation;
    let outcome = match operation.outcome.as_str() {
        "fail" => " fail",
        "info" => " info",
        _ => "",
    };
    let proof = if operation.evidence { " proof" } else { "" };
    let top = bar.row as f64 * ROW + 6.0;
    html! {
        g class={ "call" (outcome) (proof) } {
            title {
                (text::clip(&operation.label, 20)) " " (text::clip(&text::prose(&operation.told), 1_000))
                ", process " (operation.process) ", " (text::clip(&operation.outcome, 10))
            }
            rect x=(bar.from) y=(top) width=(bar.until - bar.from) height=(ROW - 5.0) rx="3" {}
            text x=(bar.from + 5.0) y=(top + 13.5) { (words(operation)) }
        }
    }
}

fn words(operation: &OperationRecord) -> String {
    let told = text::prose(&operation.told);
    text::clip(&format!("{} {told}", text::clean(&operation.label)), WORDS)
}

impl<'a> Layout<'a> {
    fn of(shown: &'a [OperationRecord]) -> Layout<'a> {
        let places = places(shown);
        let last = places.values().copied().fold(NAMES, f64::max);
        // What never ends goes on beyond the last end, as far as its words need.
        let open = shown.iter().filter(|operation| operation.ended.is_none());
        let needed = open.map(|operation| places[&operation.invoked] + room(operation));
        let width = needed.fold(last + 2.0 * STEP, f64::max);
        let mut rows: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
        let mut bars: Vec<Bar<'a>> = Vec::new();
        for operation in shown {
            let from = places[&operation.invoked];
            let until = operation
                .ended
                .map_or(width, |ended| places[&ended])
                .max(from);
            // A process does one thing at a time, in most histories.
            let ends = rows.entry(operation.process).or_default();
            let free = ends.iter().position(|end| *end <= from);
            let row = free.unwrap_or(ends.len());
            ends.resize(ends.len().max(row + 1), 0.0);
            ends[row] = until;
            bars.push(Bar {
                operation,
                from,
                until,
                row,
            });
        }
        let mut first = 0;
        let mut lanes = Vec::new();
        for (process, ends) in &rows {
            lanes.push((*process, first, ends.len()));
            first += ends.len();
        }
        for bar in &mut bars {
            let lane = lanes.iter().find(|lane| lane.0 == bar.operation.process);
            bar.row += lane.expect("every bar is in a lane").1;
        }
        Layout { bars, lanes, width }
    }
}

/// Where each beginning and end is: in order, and far enough apart for the words of every bar.
fn places(shown: &[OperationRecord]) -> BTreeMap<u64, f64> {
    let mut moments: BTreeMap<u64, Vec<(u64, f64)>> = BTreeMap::new();
    for operation in shown {
        moments.entry(operation.invoked).or_default();
        if let Some(ended) = operation.ended {
            let bars = moments.entry(ended).or_default();
            bars.push((operation.invoked, room(operation)));
        }
    }
    let mut places: BTreeMap<u64, f64> = BTreeMap::new();
    let mut last = NAMES - STEP;
    for (moment, bars) in moments {
        let needed = bars.iter().map(|(from, room)| {
            let from = places.get(from).copied();
            // A bar that ends where it begins is drawn all the same.
            from.unwrap_or(last) + room
        });
        last = needed.fold(last + STEP, f64::max);
        places.insert(moment, last);
    }
    places
}

fn room(operation: &OperationRecord) -> f64 {
    text::width(&words(operation)) as f64 * CHARACTER + 12.0
}
