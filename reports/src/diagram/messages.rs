//! Messages as arrows from lane to lane; one that was dropped ends in a cross and says why.

use maud::{Markup, html};

use super::draw::TOLD;
use super::lanes::px;
use super::layout::Layout;
use super::thin::{self, Chosen};
use crate::evidence::Numbers;
use crate::record::{Arrow, Diagram};
use crate::text;

/// How far apart two labels are that say the same.
const LIKE_LABELS_APART: f64 = 90.0;

/// The messages that are drawn, plain ones first, then dropped ones, then those of the evidence.
fn in_order<'a>(diagram: &'a Diagram, chosen: &Chosen, numbers: &Numbers) -> Vec<(u8, &'a Arrow)> {
    let ranked = chosen.arrows.iter().map(|&i| match &diagram.messages[i] {
        arrow if thin::of_evidence(diagram, numbers, arrow) => (2, arrow),
        arrow if arrow.dropped.is_some() => (1, arrow),
        arrow => (0, arrow),
    });
    let mut order: Vec<(u8, &Arrow)> = ranked.collect();
    order.sort_by_key(|(rank, _)| *rank);
    order
}

/// All messages, as arrows.
pub(super) fn arrows(
    diagram: &Diagram,
    chosen: &Chosen,
    layout: &Layout,
    numbers: &Numbers,
) -> Markup {
    html! {
        @for (rank, arrow) in in_order(diagram, chosen, numbers) {
            (message(diagram, layout, arrow, rank == 2))
        }
    }
}

/// What messages are, those of the evidence first, while there is room to say so.
pub(super) fn labels(
    diagram: &Diagram,
    chosen: &Chosen,
    layout: &Layout,
    numbers: &Numbers,
) -> Markup {
    let mut taken = Vec::new();
    html! {
        @for (_, arrow) in in_order(diagram, chosen, numbers).into_iter().rev() {
            (message_label(diagram, layout, arrow, &mut taken))
        }
    }
}

/// Where a message begins and ends on the page.
#[derive(Clone, Copy)]
pub(super) struct Line {
    pub(super) x1: f64,
    pub(super) y1: f64,
    pub(super) x2: f64,
    pub(super) y2: f64,
}

impl Line {
    fn of(diagram: &Diagram, layout: &Layout, arrow: &Arrow) -> Line {
        let (x1, x2) = (layout.scale.x(arrow.sent), layout.scale.x(arrow.arrived));
        let y1 = layout.edge(diagram, arrow.from, arrow.to, arrow.sent);
        let y2 = layout.edge(diagram, arrow.to, arrow.from, arrow.arrived);
        // A message that was dropped does not reach the lane it was meant for.
        let y2 = match arrow.dropped {
            Some(_) => y2 - (y2 - y1).signum() * (y2 - y1).abs().min(26.0) / 2.0,
            None => y2,
        };
        Line { x1, y1, x2, y2 }
    }

    fn at(self, share: f64) -> (f64, f64) {
        (
            self.x1 + share * (self.x2 - self.x1),
            self.y1 + share * (self.y2 - self.y1),
        )
    }

    /// The line, and at its end the two strokes of an arrow's head or of a cross.
    pub(super) fn path(self, cross: bool) -> String {
        let (x, y) = (self.x2, self.y2);
        let shaft = format!("M{} {}L{} {}", px(self.x1), px(self.y1), px(x), px(y));
        if cross {
            let (l, r, t, b) = (px(x - 4.0), px(x + 4.0), px(y - 4.0), px(y + 4.0));
            return format!("{shaft}M{l} {t}L{r} {b}M{l} {b}L{r} {t}");
        }
        let angle = (y - self.y1).atan2(x - self.x1);
        let wing = |turn: f64| {
            let (x, y) = (
                x - 6.5 * (angle + turn).cos(),
                y - 6.5 * (angle + turn).sin(),
            );
            format!("{} {}", px(x), px(y))
        };
        format!("{shaft}M{}L{} {}L{}", wing(0.42), px(x), px(y), wing(-0.42))
    }
}

fn message(diagram: &Diagram, layout: &Layout, arrow: &Arrow, proof: bool) -> Markup {
    let client = diagram.lanes[arrow.from].client || diagram.lanes[arrow.to].client;
    let lost = arrow.dropped.is_some();
    let mut class = "message".to_owned();
    for (applies, name) in [(client, " outer"), (lost, " lost"), (proof, " proof")] {
        class += if applies { name } else { "" };
    }
    let path = if arrow.from == arrow.to {
        // To itself: a small bow above the lane.
        let (x1, x2) = (layout.scale.x(arrow.sent), layout.scale.x(arrow.arrived));
        let y = layout.lanes[arrow.from].upper;
        let (up, right) = (px(y - 14.0), px(x2.max(x1 + 8.0)));
        format!(
            "M{} {}C{} {up} {right} {up} {right} {}",
            px(x1),
            px(y),
            px(x1),
            px(y)
        )
    } else {
        Line::of(diagram, layout, arrow).path(lost)
    };
    html! {
        g class=(class) {
            title { (tooltip(diagram, arrow)) }
            path.reach d=(path) {}
            path d=(path) {}
        }
    }
}

fn tooltip(diagram: &Diagram, arrow: &Arrow) -> String {
    let name = |lane: usize| text::clip(&diagram.lanes[lane].name, 80);
    let end = match &arrow.dropped {
        Some(why) => format!(
            "dropped at {}: {}",
            text::moment(arrow.arrived),
            text::clip(why, 80)
        ),
        None => format!(
            "arrived at {} ({} later)",
            text::moment(arrow.arrived),
            text::length(arrow.arrived.saturating_sub(arrow.sent))
        ),
    };
    format!(
        "{} to {}: {}\n{}\nsent at {}, {end}",
        name(arrow.from),
        name(arrow.to),
        text::clip(&arrow.kind, 80),
        text::clip(&text::prose(&arrow.told), TOLD),
        text::moment(arrow.sent),
    )
}

/// A label that has its place, and the room that it claims.
struct Taken {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    label: String,
}

impl Taken {
    /// True where two labels would touch; two that say the same stay further apart.
    fn crowds(&self, other: &Taken) -> bool {
        let apart = if self.label == other.label {
            LIKE_LABELS_APART
        } else {
            0.0
        };
        self.left - apart < other.right
            && other.left - apart < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }
}

/// The kind of a message, or why it was dropped, where no other label is near.
fn message_label(
    diagram: &Diagram,
    layout: &Layout,
    arrow: &Arrow,
    taken: &mut Vec<Taken>,
) -> Markup {
    let label = text::clip(arrow.dropped.as_ref().unwrap_or(&arrow.kind), 16);
    if arrow.from == arrow.to || label.is_empty() {
        return html! {};
    }
    let line = Line::of(diagram, layout, arrow);
    // Beside a cross, else in the free room next to the lane that the message comes from.
    let (x, y) = if arrow.dropped.is_some() {
        (line.x2 + 7.0, line.y2 + 3.0)
    } else {
        let length = (line.y2 - line.y1).abs().max(1.0);
        let (x, y) = line.at((11.0 / length).min(0.5));
        (x + 4.0, y + 3.0)
    };
    let right = x + text::width(&label) as f64 * 5.6 + 4.0;
    let area = Taken {
        left: x - 2.0,
        right,
        top: y - 9.0,
        bottom: y + 3.0,
        label,
    };
    let on_a_lane = layout
        .lanes
        .iter()
        .any(|lane| area.top < lane.lower && area.bottom > lane.upper);
    if on_a_lane || right > layout.scale.width || taken.iter().any(|other| area.crowds(other)) {
        return html! {};
    }
    let class = if arrow.dropped.is_some() {
        "kind lost"
    } else {
        "kind"
    };
    let drawn = html! { text class=(class) x=(px(x)) y=(px(y)) { (area.label) } };
    taken.push(area);
    drawn
}
