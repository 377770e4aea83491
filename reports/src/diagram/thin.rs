//! What of a diagram is drawn: all of it, unless that would be too much to see.
//!
//! Evidence is never left out. After it, what was dropped comes before what arrived; what is left
//! out of the rest is left out evenly over time.

use crate::evidence::Numbers;
use crate::record::{Arrow, CallSpan, Diagram};

/// The most arrows, calls and marks that a picture holds and stays legible.
const ARROWS: usize = 600;
const CALLS: usize = 240;
const MARKS: usize = 160;

/// The parts of a diagram that are drawn, by index, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) arrows: Vec<usize>,
    pub(super) calls: Vec<usize>,
    pub(super) marks: Vec<usize>,
    /// What is not drawn, with what the record already left out.
    pub(super) left_out: u64,
}

impl Chosen {
    pub(super) fn of(diagram: &Diagram, numbers: &Numbers) -> Chosen {
        let lanes = diagram.lanes.len();
        let in_sight = |start: u64, end: u64| start <= diagram.until && end >= diagram.from;

        let arrows: Vec<usize> = (0..diagram.messages.len())
            .filter(|&i| {
                let arrow = &diagram.messages[i];
                arrow.from < lanes && arrow.to < lanes && in_sight(arrow.sent, arrow.arrived)
            })
            .collect();
        let calls: Vec<usize> = (0..diagram.calls.len())
            .filter(|&i| diagram.shows(&diagram.calls[i]))
            .collect();
        let marks: Vec<usize> = (0..diagram.marks.len())
            .filter(|&i| {
                let mark = &diagram.marks[i];
                mark.lane < lanes && in_sight(mark.at, mark.at)
            })
            .collect();

        let found = arrows.len() + calls.len() + marks.len();
        let arrow_rank = |&i: &usize| match &diagram.messages[i] {
            arrow if of_evidence(diagram, numbers, arrow) => 0,
            arrow if arrow.dropped.is_some() => 1,
            _ => 2,
        };
        let call_rank = |&i: &usize| usize::from(numbers.get(i).is_none());
        let mark_rank = |&i: &usize| usize::from(diagram.marks[i].kind == "role");
        let arrows = keep(arrows, ARROWS, arrow_rank);
        let calls = keep(calls, CALLS, call_rank);
        let marks = keep(marks, MARKS, mark_rank);
        let kept = arrows.len() + calls.len() + marks.len();
        Chosen {
            arrows,
            calls,
            marks,
            left_out: diagram.left_out.saturating_add((found - kept) as u64),
        }
    }
}

/// True for a message that a client sent or got while a call that is evidence was open.
pub(super) fn of_evidence(diagram: &Diagram, numbers: &Numbers, arrow: &Arrow) -> bool {
    let during = |call: &CallSpan| {
        (arrow.from == call.lane || arrow.to == call.lane)
            && arrow.sent >= call.invoked
            && arrow.arrived <= call.ended.unwrap_or(u64::MAX)
    };
    numbers.iter().any(|(call, _)| during(&diagram.calls[call]))
}

/// At most `most` of the items: whole ranks, lowest first, then an even choice of the next.
fn keep(items: Vec<usize>, most: usize, rank: impl Fn(&usize) -> usize) -> Vec<usize> {
    if items.len() <= most {
        return items;
    }
    let mut kept = Vec::with_capacity(most);
    for wanted in 0..3 {
        let group: Vec<usize> = items
            .iter()
            .copied()
            .filter(|i| rank(i) == wanted)
            .collect();
        let room = most - kept.len();
        if group.len() <= room {
            kept.extend(group);
        } else {
            kept.extend((0..room).map(|slot| group[slot * group.len() / room]));
        }
    }
    kept.sort_unstable();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_rank_is_kept_and_the_rest_thinned_evenly() {
        let kept = keep((0..100).collect(), 12, |i| {
            if *i == 50 || *i == 51 { 0 } else { 2 }
        });
        assert_eq!(kept, [0, 9, 19, 29, 39, 49, 50, 51, 60, 70, 80, 90]);
    }

    #[test]
    fn a_few_are_all_kept() {
        assert_eq!(keep(vec![3, 5], 2, |_| 2), [3, 5]);
    }
}
