//! A space-time diagram of one run: time runs to the right, one lane for each node and client.
//!
//! Messages are arrows, faults are shaded bands over the lanes that they touch, calls are bars in
//! the lanes of their clients, and what a checker named as evidence has a strong outline and the
//! number that the text beside the picture uses. `thin` chooses what is drawn, `scale` and `layout`
//! say where; `draw`, `lanes` and `messages` draw it; `overview` and `legend` stand above and below.

mod draw;
mod lanes;
mod layout;
mod legend;
mod messages;
mod overview;
mod scale;
mod thin;

use maud::{Markup, html};

use crate::evidence::Numbers;
use crate::record::RunRecord;
use crate::text;
use layout::Layout;
use thin::Chosen;

/// Draws the diagram of a run, or says that there is none. `id` must be unique on its page; the
/// picture's evidence is `#{id}-e1`, `#{id}-e2`, ... and links to `#{id}-t1`, `#{id}-t2`, ...
pub(crate) fn figure(run: &RunRecord, numbers: &Numbers, id: &str) -> Markup {
    let Some(diagram) = run
        .diagram
        .as_ref()
        .filter(|diagram| !diagram.lanes.is_empty())
    else {
        return html! { p.none { "No diagram was recorded for this run." } };
    };
    let chosen = Chosen::of(diagram, numbers);
    let layout = Layout::of(run, diagram, &chosen, numbers);
    html! {
        figure.diagram {
            (overview::strip(diagram, &layout, numbers))
            div.plane {
                (draw::names(diagram, &layout))
                div.scroll tabindex="0" role="region" aria-label="space-time diagram" {
                    (draw::picture(run, diagram, &chosen, &layout, numbers, id))
                }
            }
            figcaption {
                (legend::legend(diagram, &chosen, &layout, numbers))
                @if chosen.left_out > 0 {
                    p.none {
                        (text::count(chosen.left_out))
                        " of its messages, calls and marks left out: there were too many to draw."
                    }
                }
            }
        }
    }
}
