//! A cycle of dependencies as a graph: its operations on a circle, each edge with its kind.

use std::f64::consts::TAU;

use maud::{Markup, html};

use super::label;
use crate::record::{DependencyRecord, FindingRecord, HistoryRecord};
use crate::text;

/// Operations of a cycle that are drawn; a longer one is told in words alone.
const NODES_MAX: usize = 24;
/// Half the width and half the height of an operation's box.
const BOX: (f64, f64) = (30.0, 14.0);

/// The graph, and beside it why each edge is there.
///
/// `number` is the finding's own on its page.
pub(super) fn figure(record: &HistoryRecord, finding: &FindingRecord, number: usize) -> Markup {
    let mut nodes: Vec<usize> = Vec::new();
    for edge in &finding.cycle {
        for end in [edge.from, edge.to] {
            if !nodes.contains(&end) {
                nodes.push(end);
            }
        }
    }
    html! {
        figure.cycle {
            @if nodes.len() <= NODES_MAX { (graph(record, finding, number, &nodes)) }
            figcaption {
                ul.calls {
                    @for edge in finding.cycle.iter().take(super::LINES) {
                        li {
                            code {
                                (label(record, edge.from)) " " span.why { (text::clip(&edge.kind, 30)) }
                                " → " (label(record, edge.to))
                            }
                            " " span dir="auto" { (text::clip(&text::prose(&edge.because), super::LINE)) }
                        }
                    }
                }
            }
        }
    }
}

fn graph(
    record: &HistoryRecord,
    finding: &FindingRecord,
    number: usize,
    nodes: &[usize],
) -> Markup {
    let tip = format!("c{number}-tip");
    let count = nodes.len().max(1) as f64;
    // Neighbours stand far enough apart for the word between them.
    let radius = (count * 120.0 / TAU).max(90.0);
    let is_pair = nodes.len() == 2;
    let width = 2.0 * (radius + 70.0);
    let height = if is_pair {
        120.0
    } else {
        2.0 * (radius + 30.0)
    };
    // Two stand side by side, so that the words of their edges lie above each other.
    let first = if is_pair { TAU / 2.0 } else { TAU / 4.0 };
    let place = |operation: usize| {
        let position = nodes.iter().position(|node| *node == operation);
        let turn = position.expect("both ends of an edge are nodes") as f64 / count;
        let angle = turn * TAU - first;
        (
            width / 2.0 + radius * angle.cos(),
            height / 2.0 + radius * angle.sin(),
        )
    };
    html! {
        svg width=(round(width)) height=(round(height))
            viewBox={ "0 0 " (round(width)) " " (round(height)) } role="img" aria-label="the cycle" {
            defs {
                marker id=(tip) viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8"
                    orient="auto-start-reverse" { path d="M0 0 L8 4 L0 8 z" {} }
            }
            @for edge in &finding.cycle {
                (arrow(place(edge.from), place(edge.to), edge, &tip))
            }
            @for node in nodes {
                @let (x, y) = place(*node);
                @let told = record.shown.iter().find(|shown| shown.operation == *node);
                g.node {
                    rect x=(round(x - BOX.0)) y=(round(y - BOX.1)) width=(2.0 * BOX.0) height=(2.0 * BOX.1) rx="5" {}
                    text x=(round(x)) y=(round(y + 4.0)) { (label(record, *node)) }
                    @if let Some(shown) = told { title { (text::clip(&text::prose(&shown.told), 400)) } }
                }
            }
        }
    }
}

/// An edge, bent to its left, so that two between the same operations lie apart.
fn arrow(from: (f64, f64), to: (f64, f64), edge: &DependencyRecord, tip: &str) -> Markup {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = dx.hypot(dy).max(1.0);
    let bend = 0.18 * length;
    let middle = (
        f64::midpoint(from.0, to.0) + bend * dy / length,
        f64::midpoint(from.1, to.1) - bend * dx / length,
    );
    let (start, end) = (edge_of_box(from, middle), edge_of_box(to, middle));
    // The middle of the curve, where its word stands.
    let word = (
        (start.0 + 2.0 * middle.0 + end.0) / 4.0,
        (start.1 + 2.0 * middle.1 + end.1) / 4.0,
    );
    let path = format!(
        "M{} {} Q{} {} {} {}",
        round(start.0),
        round(start.1),
        round(middle.0),
        round(middle.1),
        round(end.0),
        round(end.1)
    );
    html! {
        g.edge {
            title { (text::clip(&text::prose(&edge.because), 400)) }
            path d=(path) marker-end={ "url(#" (tip) ")" } {}
            text x=(round(word.0)) y=(round(word.1 + 4.0)) { (text::clip(&edge.kind, 20)) }
        }
    }
}

/// Where the line from the middle of a box to a point leaves the box.
fn edge_of_box(middle: (f64, f64), point: (f64, f64)) -> (f64, f64) {
    let (dx, dy) = (point.0 - middle.0, point.1 - middle.1);
    let share = (dx.abs() / (BOX.0 + 3.0)).max(dy.abs() / (BOX.1 + 3.0));
    let share = share.max(1.0);
    (middle.0 + dx / share, middle.1 + dy / share)
}

/// A tenth of a pixel is as much as anyone sees.
fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
