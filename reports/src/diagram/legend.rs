//! The legend under a picture.

use maud::{Markup, html};

use super::lanes;
use super::layout::Layout;
use super::messages::Line;
use super::thin::Chosen;
use crate::evidence::Numbers;
use crate::record::Diagram;
use crate::text;

/// What each shape and colour of this picture means; nothing that is not in it.
pub(super) fn legend(
    diagram: &Diagram,
    chosen: &Chosen,
    layout: &Layout,
    numbers: &Numbers,
) -> Markup {
    let roles = lanes::roles(diagram);
    let arrows = || chosen.arrows.iter().map(|&i| &diagram.messages[i]);
    let calls = |outcome: &str| {
        chosen
            .calls
            .iter()
            .any(|&i| diagram.calls[i].outcome == outcome)
    };
    let arrow = Line {
        x1: 2.0,
        y1: 8.0,
        x2: 26.0,
        y2: 8.0,
    };
    html! {
        ul.legend {
            @for role in &roles {
                @if !role.is_empty() {
                    li { (key(&html! { g class={ "role " (lanes::role_class(&roles, role)) } {
                        rect x="1" y="2" width="26" height="12" {} } })) bdi { (text::clip(role, 40)) } }
                }
            }
            @if diagram.lanes.iter().any(|lane| !lane.down.is_empty()) {
                li { (key(&html! { g.down { rect x="1" y="2" width="26" height="12" {} } })) "down" }
            }
            @if arrows().any(|arrow| arrow.dropped.is_none()) {
                li { (key(&html! { g.message { path d=(arrow.path(false)) {} } })) "message" }
            }
            @if arrows().any(|arrow| arrow.dropped.is_some()) {
                li { (key(&html! { g class="message lost" { path d=(arrow.path(true)) {} } })) "dropped" }
            }
            @for (outcome, told) in [("ok", "call ok"), ("fail", "call failed"), ("info", "call unknown")] {
                @if calls(outcome) {
                    li { (key(&html! { g class={ "call " (outcome) } {
                        rect x="1" y="2" width="26" height="12" rx="2" {} } })) (told) }
                }
            }
            @if !numbers.is_empty() {
                li { (key(&html! { g class="call ok proof" { (lanes::badge(14.0, 8.0, 1)) } })) "evidence" }
            }
            @if !layout.faults.is_empty() {
                li { (key(&html! { g class="fault f0" { rect x="1" y="2" width="26" height="12" {} } }))
                    "fault, and the lanes it touched" }
            }
        }
    }
}

fn key(shape: &Markup) -> Markup {
    html! { svg.key width="28" height="16" viewBox="0 0 28 16" aria-hidden="true" { (shape) } }
}
