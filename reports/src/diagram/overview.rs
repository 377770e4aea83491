//! A whole run in one narrow strip above its picture: who led, what went wrong, where the evidence is.
//!
//! Drawn only where the picture is wider than a screen. It reads without scripts; with them it shows
//! which part is in sight, and leads to any other.

use maud::{Markup, html};

use super::draw;
use super::lanes::{self, px};
use super::layout::Layout;
use crate::evidence::Numbers;
use crate::record::Diagram;

/// A picture that is no wider than this is its own overview.
const WIDE: f64 = 1_400.0;
/// Height of one row, of the role in it, and of the faults under that.
const ROW: f64 = 9.0;
const BAR: f64 = 4.0;
const SHADE: f64 = 3.0;

pub(super) fn strip(diagram: &Diagram, layout: &Layout, numbers: &Numbers) -> Markup {
    if layout.scale.width <= WIDE {
        return html! {};
    }
    let roles = lanes::roles(diagram);
    let nodes = diagram
        .lanes
        .iter()
        .enumerate()
        .filter(|(_, lane)| !lane.client);
    let (width, bottom) = (
        px(layout.scale.width),
        px(ROW * (nodes.clone().count() + 2) as f64),
    );
    html! {
        svg.overview width="100%" height=(bottom) viewBox={ "0 0 " (width) " " (bottom) }
            preserveAspectRatio="none" {
            title { "the whole run; press to go there" }
            @for (row, (index, lane)) in nodes.enumerate() {
                @let y = px(ROW * (row + 1) as f64);
                @for stretch in lanes::stretches(lane, diagram.from, diagram.until) {
                    @let x = layout.scale.x(stretch.from);
                    @let width = px(layout.scale.x(stretch.until) - x);
                    g class={ "role " (lanes::role_class(&roles, stretch.role)) } {
                        rect x=(px(x)) y=(y) width=(width) height=(px(BAR)) {}
                    }
                }
                @for fault in layout.faults.iter().filter(|fault| fault.lanes.contains(&index)) {
                    rect class={ "shade " (draw::fault_class(fault)) } x=(px(fault.x)) y=(px(ROW * (row + 1) as f64 + BAR))
                        width=(px(fault.width)) height=(px(SHADE)) {}
                }
                @for (from, until) in &lane.down {
                    @let x = layout.scale.x(*from);
                    @let width = px((layout.scale.x(*until) - x).max(0.0));
                    rect.gone x=(px(x)) y=(y) width=(width) height=(px(BAR)) {}
                }
            }
            @for area in layout.calls.iter().filter(|area| numbers.get(area.call).is_some()) {
                @let x = px(area.x + area.width / 2.0);
                line.proof x1=(x) y1="0" x2=(x) y2=(bottom) {}
            }
            rect.sight x="0" y="0" width="0" height=(bottom) {}
        }
    }
}
