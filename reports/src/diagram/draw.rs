//! The picture itself: the lanes' names, the time axis, the faults and the marks, from back to front.

use maud::{Markup, html};

use super::lanes::{self, px};
use super::layout::{AXIS, CHARACTER, FaultBox, Layout, MarkBox};
use super::messages;
use super::thin::Chosen;
use crate::evidence::Numbers;
use crate::plan;
use crate::record::{Diagram, RunRecord};
use crate::text;

/// How many colours the palette of faults has.
const FAULT_HUES: usize = 5;
/// The longest message that a tooltip tells.
pub(super) const TOLD: usize = 400;
/// Width of the column with the lanes' names.
pub(super) const NAMES: f64 = 92.0;

/// The lanes' names: a picture of its own, so that they stay where they are when time scrolls.
pub(super) fn names(diagram: &Diagram, layout: &Layout) -> Markup {
    let (width, height) = (px(NAMES), px(layout.height));
    html! {
        svg.names width=(width) height=(height) viewBox={ "0 0 " (width) " " (height) } {
            @if !layout.faults.is_empty() { text.what x="8" y=(px(AXIS + 12.0)) { "faults" } }
            @for (lane, area) in diagram.lanes.iter().zip(&layout.lanes) {
                g {
                    title { (text::clip(&lane.name, 200)) }
                    text.name x="8" y=(px((area.upper + area.lower) / 2.0 + 4.5)) {
                        (text::clip(&lane.name, 11))
                    }
                    line.rule x1="0" y1=(px(area.top)) x2=(width) y2=(px(area.top)) {}
                }
            }
        }
    }
}

/// The picture, from back to front.
pub(super) fn picture(
    run: &RunRecord,
    diagram: &Diagram,
    chosen: &Chosen,
    layout: &Layout,
    numbers: &Numbers,
    id: &str,
) -> Markup {
    let (width, height) = (px(layout.scale.width), px(layout.height));
    html! {
        svg.spacetime width=(width) height=(height) viewBox={ "0 0 " (width) " " (height) } {
            (lanes::grounds(diagram, layout))
            @for fault in &layout.faults { (band(diagram, fault, layout)) }
            (axis(layout))
            @for fault in &layout.faults { (fault_bar(run, fault)) }
            // Behind the nodes' lines: a message passes the nodes that it is not meant for.
            (messages::arrows(diagram, chosen, layout, numbers))
            (lanes::nodes(diagram, layout))
            (messages::labels(diagram, chosen, layout, numbers))
            @for mark in &layout.marks { (mark_glyph(diagram, mark)) }
            (lanes::calls(diagram, layout, numbers, id))
        }
    }
}

/// Ticks above and below, lines between them, and the places where time was cut short.
fn axis(layout: &Layout) -> Markup {
    let (top, bottom) = (px(AXIS - 6.0), px(layout.bottom));
    html! {
        g.axis {
            @for lane in &layout.lanes {
                line.rule x1="0" y1=(px(lane.top)) x2=(px(layout.scale.width)) y2=(px(lane.top)) {}
            }
            @for tick in layout.scale.ticks() {
                @let x = px(tick.x);
                @let anchor = anchor(tick.x, layout.scale.width);
                line.tick x1=(x) y1=(top) x2=(x) y2=(bottom) {}
                text text-anchor=(anchor) x=(x) y=(px(AXIS - 11.0)) { (tick.label) }
                text text-anchor=(anchor) x=(x) y=(px(layout.bottom + 16.0)) { (tick.label) }
            }
            @for cut in layout.scale.cuts() {
                @let middle = cut.x + cut.width / 2.0;
                g.cut {
                    title {
                        "Nothing began or ended from " (text::moment(cut.from)) " to "
                        (text::moment(cut.until)) "; this stretch is drawn short."
                    }
                    rect x=(px(cut.x)) y=(top) width=(px(cut.width)) height=(px(layout.bottom - AXIS + 6.0)) {}
                    text text-anchor="middle" x=(px(middle)) y=(px(AXIS - 11.0)) {
                        "⁓ " (text::length(cut.until - cut.from)) " ⁓"
                    }
                }
            }
        }
    }
}

/// Labels at the edges grow inwards.
fn anchor(x: f64, width: f64) -> &'static str {
    if x < 24.0 {
        "start"
    } else if x > width - 24.0 {
        "end"
    } else {
        "middle"
    }
}

pub(super) fn fault_class(fault: &FaultBox) -> String {
    format!("f{}", fault.hue % FAULT_HUES)
}

/// The shade of a fault over the lanes that it touched.
fn band(diagram: &Diagram, fault: &FaultBox, layout: &Layout) -> Markup {
    let last = fault
        .lanes
        .iter()
        .map(|&lane| layout.lanes[lane])
        .next_back();
    html! {
        g class={ "band " (fault_class(fault)) } {
            @for &lane in &fault.lanes {
                @let area = layout.lanes[lane];
                rect x=(px(fault.x)) y=(px(area.top)) width=(px(fault.width)) height=(px(area.height)) {}
                @if !diagram.lanes[lane].client {
                    text x=(px(fault.x + 4.0)) y=(px(area.top + area.height - 4.0)) { (fault.tag) }
                }
            }
            @if let Some(last) = last {
                @let bottom = px(last.top + last.height);
                @for x in [fault.x, fault.x + fault.width] {
                    line x1=(px(x)) y1=(px(fault.y)) x2=(px(x)) y2=(bottom) {}
                }
            }
        }
    }
}

/// The bar of a fault above the lanes, with its name in words.
fn fault_bar(run: &RunRecord, area: &FaultBox) -> Markup {
    let fault = &run.faults[area.fault];
    let room = text::width(&area.label) as f64 * CHARACTER + 12.0;
    html! {
        g class={ "fault " (fault_class(area)) } {
            title {
                (area.tag) ": " (text::clip(&text::prose(&fault.told), TOLD)) "\n"
                (plan::span(fault)) ", " (plan::hits(fault))
            }
            rect x=(px(area.x)) y=(px(area.y)) width=(px(area.width)) height="16" rx="2" {}
            text x=(px(area.label_x)) y=(px(area.y + 12.0)) { (area.label) }
            @for at in lanes::again(area.label_x, area.x + area.width, room).skip(1) {
                text x=(px(at)) y=(px(area.y + 12.0)) { (area.label) }
            }
        }
    }
}

/// A mark: a shape for each kind, and its label where there is room.
fn mark_glyph(diagram: &Diagram, area: &MarkBox) -> Markup {
    let mark = &diagram.marks[area.mark];
    let (x, y) = (area.x, area.y);
    let (class, path) = match mark.kind.as_str() {
        "crash" | "violated" => (
            "event grave",
            format!("M{} {}l4 4l4 -4l-4 -4z", px(x - 4.0), px(y)),
        ),
        "start" => (
            "event",
            format!("M{} {}l8 0l-4 -7z", px(x - 4.0), px(y + 3.0)),
        ),
        "role" => ("event", format!("M{} {}l0 6", px(x), px(y - 2.0))),
        _ => (
            "event",
            format!(
                "M{} {}m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0",
                px(x),
                px(y)
            ),
        ),
    };
    html! {
        g class=(class) {
            title {
                (text::clip(&mark.kind, 80)) " at " (text::moment(mark.at)) "\n"
                (text::clip(&text::prose(&mark.told), TOLD))
            }
            path d=(path) {}
            @if !area.label.is_empty() {
                text x=(px(x + 7.0)) y=(px(y + 3.5)) { (area.label) }
            }
        }
    }
}
