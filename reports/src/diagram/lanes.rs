//! The lanes of a diagram: nodes with their roles and their down time, clients with their calls.

use maud::{Markup, html};

use super::layout::{BADGE, BAR, CHARACTER, Layout, STRIP};
use crate::evidence::{self, Numbers};
use crate::record::{CallSpan, Diagram, Lane};
use crate::text;

/// How far apart a label is written again along something long.
const AGAIN: f64 = 640.0;
/// How many colours the palette of roles has; the most common role has none of them.
const ROLE_HUES: usize = 5;

/// A number as SVG wants it: short, and never in scientific notation.
pub(super) fn px(value: f64) -> String {
    let text = format!("{value:.1}");
    match text.strip_suffix(".0") {
        Some(whole) => whole.to_owned(),
        None => text,
    }
}

/// The roles of a diagram, the most common one first: it is the background, the others stand out.
pub(super) fn roles(diagram: &Diagram) -> Vec<&str> {
    let mut roles: Vec<(&str, usize)> = Vec::new();
    for lane in &diagram.lanes {
        let first = lane.roles.first().map(|(_, role)| role.as_str());
        for (_, role) in &lane.roles {
            match roles.iter_mut().find(|(known, _)| known == role) {
                Some((_, lanes)) => *lanes += usize::from(first == Some(role)),
                None => roles.push((role, usize::from(first == Some(role)))),
            }
        }
    }
    roles.sort_by_key(|(_, lanes)| usize::MAX - lanes);
    roles.into_iter().map(|(role, _)| role).collect()
}

/// The style of a role: `r0` for the most common one, then the palette in turn.
pub(super) fn role_class(roles: &[&str], role: &str) -> String {
    match roles.iter().position(|known| *known == role) {
        None | Some(0) => "r0".to_owned(),
        Some(place) => format!("r{}", (place - 1) % ROLE_HUES + 1),
    }
}

/// The backgrounds of all lanes.
pub(super) fn grounds(diagram: &Diagram, layout: &Layout) -> Markup {
    html! {
        @for (lane, area) in diagram.lanes.iter().zip(&layout.lanes) {
            @let class = if lane.client { "ground client" } else { "ground" };
            rect class=(class) x="0" y=(px(area.top)) width=(px(layout.scale.width))
                height=(px(area.height)) {}
        }
    }
}

/// The line of every node, coloured by its role, and where it was down.
pub(super) fn nodes(diagram: &Diagram, layout: &Layout) -> Markup {
    let roles = roles(diagram);
    html! {
        @for (lane, area) in diagram.lanes.iter().zip(&layout.lanes) {
            @if !lane.client {
                @for stretch in stretches(lane, diagram.from, diagram.until) {
                    (role_strip(&stretch, &role_class(&roles, stretch.role), area.upper, layout))
                }
                @for (from, until) in &lane.down {
                    (down_strip(&lane.name, *from, *until, area.upper, layout))
                }
            }
        }
    }
}

/// A stretch of time in which a node had one role.
pub(super) struct Stretch<'a> {
    pub(super) from: u64,
    pub(super) until: u64,
    pub(super) role: &'a str,
}

/// The stretches of a node's time, in order, without holes.
pub(super) fn stretches(lane: &Lane, from: u64, until: u64) -> Vec<Stretch<'_>> {
    let mut changes: Vec<(u64, &str)> = lane
        .roles
        .iter()
        .map(|(at, role)| (*at, role.as_str()))
        .collect();
    changes.sort_by_key(|(at, _)| *at);
    let mut stretches = Vec::with_capacity(changes.len() + 1);
    let mut current = Stretch {
        from,
        until,
        role: "",
    };
    for (at, role) in changes {
        if at > until {
            break;
        }
        let at = at.max(from);
        if at > current.from {
            stretches.push(Stretch {
                until: at,
                ..current
            });
        }
        current = Stretch {
            from: at,
            until,
            role,
        };
    }
    stretches.push(current);
    stretches
}

fn role_strip(stretch: &Stretch<'_>, class: &str, y: f64, layout: &Layout) -> Markup {
    let (x, end) = (layout.scale.x(stretch.from), layout.scale.x(stretch.until));
    let label = text::clip(stretch.role, 24);
    let room = text::width(&label) as f64 * CHARACTER + 12.0;
    html! {
        g class={ "role " (class) } {
            @if !stretch.role.is_empty() { title { (text::clip(stretch.role, 200)) } }
            rect x=(px(x)) y=(px(y)) width=(px((end - x).max(1.0))) height=(px(STRIP)) {}
            @for at in again(x + 6.0, end, room) { text x=(px(at)) y=(px(y + 11.0)) { (label) } }
        }
    }
}

/// Where to write a label that takes `room`: at `x`, and again while there is room before `end`.
pub(super) fn again(x: f64, end: f64, room: f64) -> impl Iterator<Item = f64> {
    let places = std::iter::successors(Some(x), |at| Some(at + AGAIN));
    places.take_while(move |at| at + room <= end)
}

fn down_strip(name: &str, from: u64, until: u64, y: f64, layout: &Layout) -> Markup {
    let (x, end) = (layout.scale.x(from), layout.scale.x(until));
    let width = (end - x).max(3.0);
    html! {
        g.down {
            title {
                (text::clip(name, 80)) " was down from " (text::moment(from)) " to "
                (text::moment(until))
            }
            rect x=(px(x)) y=(px(y - 1.0)) width=(px(width)) height=(px(STRIP + 2.0)) {}
            @if width > 40.0 { text x=(px(x + 6.0)) y=(px(y + 11.0)) { "down" } }
        }
    }
}

/// Every call, those that are evidence last, so that nothing covers them.
pub(super) fn calls(diagram: &Diagram, layout: &Layout, numbers: &Numbers, id: &str) -> Markup {
    let (evidence, others): (Vec<_>, Vec<_>) = layout
        .calls
        .iter()
        .partition(|area| numbers.get(area.call).is_some());
    html! {
        @for area in others.into_iter().chain(evidence) {
            @let call = &diagram.calls[area.call];
            @let number = numbers.get(area.call);
            @let class = format!("call {}{}", class_of(call), if number.is_some() { " proof" } else { "" });
            @let anchor = number.map(|number| format!("{id}-e{number}"));
            g class=(class) id=[anchor] {
                title { (tooltip(diagram, call, number)) }
                rect x=(px(area.x)) y=(px(area.y)) width=(px(area.width)) height=(px(BAR)) rx="2" {}
                @if !area.label.is_empty() {
                    text x=(px(area.label_x)) y=(px(area.y + 12.0)) { (area.label) }
                }
                @if let Some(number) = number {
                    a href={ "#" (id) "-t" (number) } {
                        (badge(badge_x(area.x, area.width, area.label_x), area.y + BAR / 2.0, number))
                    }
                }
            }
        }
    }
}

/// In a bar with room for it, else just behind it, else where its label begins.
fn badge_x(x: f64, width: f64, label_x: f64) -> f64 {
    if label_x >= x && label_x < x + width {
        x + BADGE + 3.0
    } else {
        label_x - BADGE - 3.0
    }
}

/// A number in a circle.
pub(super) fn badge(x: f64, y: f64, number: usize) -> Markup {
    html! {
        circle.badge cx=(px(x)) cy=(px(y)) r=(px(BADGE)) {}
        text.number x=(px(x)) y=(px(y + 3.8)) { (number) }
    }
}

fn class_of(call: &CallSpan) -> &'static str {
    match call.outcome.as_str() {
        "ok" => "ok",
        "fail" => "fail",
        _ => "info",
    }
}

fn tooltip(diagram: &Diagram, call: &CallSpan, number: Option<usize>) -> String {
    let lane = diagram
        .lanes
        .get(call.lane)
        .map_or("?", |lane| lane.name.as_str());
    let mut told = format!(
        "{}: {}\n{} to {}",
        text::clip(lane, 80),
        text::clip(&text::prose(&evidence::told(call)), 400),
        text::moment(call.invoked),
        call.ended.map_or("nobody knows".to_owned(), text::moment),
    );
    if let Some(ended) = call.ended {
        told += &format!(" ({})", text::length(ended.saturating_sub(call.invoked)));
    }
    if let Some(number) = number {
        told += &format!("\nevidence {number}");
    }
    told
}
