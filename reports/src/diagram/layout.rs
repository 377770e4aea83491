//! Where everything in a diagram goes: pure arithmetic over what was chosen.

use super::scale::Scale;
use super::thin::Chosen;
use crate::evidence::{self, Numbers};
use crate::record::{Diagram, RunRecord};
use crate::text;

/// Width of one character of a small label in the pictures' fixed-width font.
pub(super) const CHARACTER: f64 = 6.3;
/// Room above the first lane for the time axis.
pub(super) const AXIS: f64 = 26.0;
/// Thickness of a node's line.
pub(super) const STRIP: f64 = 15.0;
/// Height of a call's bar.
pub(super) const BAR: f64 = 16.0;
/// Distance from one row of calls to the next.
const BAR_ROW: f64 = 21.0;
/// Distance from one row of faults, or of labels on a lane, to the next.
pub(super) const FAULT_ROW: f64 = 20.0;
const LABEL_ROW: f64 = 12.0;
/// Free room above and below each node's line, where the slope of a message shows.
const NODE_ROOM: f64 = 21.0;
/// Radius of the badge that numbers a call.
pub(super) const BADGE: f64 = 8.0;
/// The longest label of a call and of a mark, in characters.
const CALL_LABEL: usize = 30;
const EVIDENCE_LABEL: usize = 60;
const MARK_LABEL: usize = 24;
const FAULT_LABEL: usize = 64;
/// The most rows that labels may claim in one lane.
const CALL_ROWS: usize = 4;
const MARK_ROWS: usize = 2;
const WIDTH_MIN: f64 = 1_060.0;
const WIDTH_MAX: f64 = 9_000.0;

/// The whole picture's geometry.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) scale: Scale,
    pub(super) lanes: Vec<LaneBox>,
    pub(super) calls: Vec<CallBox>,
    pub(super) marks: Vec<MarkBox>,
    pub(super) faults: Vec<FaultBox>,
    /// Where the lanes end.
    pub(super) bottom: f64,
    pub(super) height: f64,
}

/// One lane: its room, and the edges that messages come from and go to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LaneBox {
    pub(super) top: f64,
    pub(super) height: f64,
    pub(super) upper: f64,
    pub(super) lower: f64,
}

/// One call's bar.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct CallBox {
    /// Index into the diagram's calls.
    pub(super) call: usize,
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    /// What is written beside or in the bar; empty where there is no room.
    pub(super) label: String,
    /// Where the label begins.
    pub(super) label_x: f64,
}

/// One mark on a lane.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct MarkBox {
    /// Index into the diagram's marks.
    pub(super) mark: usize,
    pub(super) x: f64,
    pub(super) y: f64,
    /// Empty where there is no room.
    pub(super) label: String,
}

/// One fault's bar above the lanes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FaultBox {
    /// Index into the run's faults.
    pub(super) fault: usize,
    /// `F1`, `F2`, ...: as the plan beside the picture has it.
    pub(super) tag: String,
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) label: String,
    pub(super) label_x: f64,
    /// Which colour of the palette.
    pub(super) hue: usize,
    /// The lanes that are shaded.
    pub(super) lanes: Vec<usize>,
}

impl Layout {
    pub(super) fn of(
        run: &RunRecord,
        diagram: &Diagram,
        chosen: &Chosen,
        numbers: &Numbers,
    ) -> Layout {
        let scale = Scale::new(
            diagram.from,
            diagram.until,
            width(diagram, chosen),
            moments(run, diagram, chosen),
        );
        let (faults, fault_rows) = faults(run, diagram, &scale);
        let top = AXIS + fault_rows as f64 * FAULT_ROW + if fault_rows > 0 { 8.0 } else { 0.0 };
        let mut layout = Layout {
            scale,
            lanes: Vec::with_capacity(diagram.lanes.len()),
            calls: Vec::new(),
            marks: Vec::new(),
            faults,
            bottom: top,
            height: 0.0,
        };
        for lane in 0..diagram.lanes.len() {
            layout.add_lane(lane, diagram, chosen, numbers);
        }
        layout.height = layout.bottom + AXIS;
        layout
    }

    /// Puts one lane below the others, with its calls and its marks.
    fn add_lane(&mut self, lane: usize, diagram: &Diagram, chosen: &Chosen, numbers: &Numbers) {
        let top = self.bottom;
        let mut marks = marks(lane, diagram, chosen, &self.scale);
        let label_rows = marks.iter().map(|(row, _)| row + 1).max().unwrap_or(0) as f64;
        let calls = calls(lane, diagram, chosen, numbers, &self.scale);
        let upper = top + NODE_ROOM + label_rows * LABEL_ROW;
        let (upper, lower, height) = if calls.is_empty() && !diagram.lanes[lane].client {
            (upper, upper + STRIP, upper + STRIP + NODE_ROOM - top)
        } else {
            let first = top + 7.0 + label_rows * LABEL_ROW;
            let rows = calls.iter().map(|(row, _)| row + 1).max().unwrap_or(1) as f64;
            let lower = first + rows * BAR_ROW - (BAR_ROW - BAR);
            (first, lower, lower + 7.0 - top)
        };
        self.calls.extend(calls.into_iter().map(|(row, mut call)| {
            call.y = upper + row as f64 * BAR_ROW;
            call
        }));
        for (row, mark) in &mut marks {
            mark.y = upper - 4.0 - *row as f64 * LABEL_ROW;
        }
        self.marks.extend(marks.into_iter().map(|(_, mark)| mark));
        self.lanes.push(LaneBox {
            top,
            height,
            upper,
            lower,
        });
        self.bottom = top + height;
    }

    /// Where a message touches a lane: on the side of the other lane, and, in a client's lane, at
    /// the call that it belongs to.
    pub(super) fn edge(&self, diagram: &Diagram, lane: usize, other: usize, at: u64) -> f64 {
        let own = self
            .calls
            .iter()
            .filter(|area| diagram.calls[area.call].lane == lane);
        let open = own.filter(|area| {
            let call = &diagram.calls[area.call];
            call.invoked <= at && at <= call.ended.unwrap_or(u64::MAX)
        });
        let ends_here = |area: &&CallBox| {
            let call = &diagram.calls[area.call];
            call.invoked == at || call.ended == Some(at)
        };
        let (upper, lower) = match open.max_by_key(ends_here) {
            Some(area) => (area.y, area.y + BAR),
            None => (self.lanes[lane].upper, self.lanes[lane].lower),
        };
        if other < lane { upper } else { lower }
    }
}

/// Wide enough for the arrows and for the labels of the busiest client.
fn width(diagram: &Diagram, chosen: &Chosen) -> f64 {
    let busiest = (0..diagram.lanes.len())
        .map(|lane| {
            chosen
                .calls
                .iter()
                .filter(|&&i| diagram.calls[i].lane == lane)
                .count()
        })
        .max()
        .unwrap_or(0);
    let wanted = f64::max(chosen.arrows.len() as f64 * 11.0, busiest as f64 * 90.0);
    wanted.clamp(WIDTH_MIN, WIDTH_MAX)
}

/// Every moment at which something that is drawn begins or ends.
fn moments(run: &RunRecord, diagram: &Diagram, chosen: &Chosen) -> Vec<u64> {
    let arrows = chosen.arrows.iter().map(|&i| &diagram.messages[i]);
    let calls = chosen.calls.iter().map(|&i| &diagram.calls[i]);
    let mut moments: Vec<u64> = Vec::new();
    moments.extend(arrows.flat_map(|arrow| [arrow.sent, arrow.arrived]));
    moments.extend(
        calls
            .flat_map(|call| [Some(call.invoked), call.ended])
            .flatten(),
    );
    moments.extend(chosen.marks.iter().map(|&i| diagram.marks[i].at));
    moments.extend(
        run.faults
            .iter()
            .flat_map(|fault| [fault.from, fault.until])
            .flatten(),
    );
    for lane in &diagram.lanes {
        moments.extend(lane.roles.iter().map(|(at, _)| *at));
        moments.extend(lane.down.iter().flat_map(|(from, until)| [*from, *until]));
    }
    moments
}

fn calls(
    lane: usize,
    diagram: &Diagram,
    chosen: &Chosen,
    numbers: &Numbers,
    scale: &Scale,
) -> Vec<(usize, CallBox)> {
    let mut own: Vec<usize> = chosen
        .calls
        .iter()
        .copied()
        .filter(|&i| diagram.calls[i].lane == lane)
        .collect();
    // Evidence chooses its place first, so that it always has its label.
    own.sort_by_key(|&i| (numbers.get(i).is_none(), diagram.calls[i].invoked, i));
    let mut rows = Rows::default();
    let mut boxes: Vec<(usize, CallBox)> = own
        .into_iter()
        .map(|i| {
            let call = &diagram.calls[i];
            let x = scale.x(call.invoked);
            let width = (call.ended.map_or(scale.width, |ended| scale.x(ended)) - x).max(3.0);
            let evidence = numbers.get(i).is_some();
            let most = if evidence { EVIDENCE_LABEL } else { CALL_LABEL };
            let label = text::clip(&text::prose(&evidence::told(call)), most);
            let badge = if evidence { 2.0 * BADGE + 4.0 } else { 0.0 };
            let label_width = text::width(&label) as f64 * CHARACTER;
            // In the bar where it fits, else behind it, else before it at the right edge.
            let fits = label_width + badge + 10.0 <= width;
            let behind = x + width + 4.0 + if fits { 0.0 } else { badge };
            let label_x = if fits {
                x + badge + 5.0
            } else if behind + label_width <= scale.width {
                behind
            } else {
                (x - label_width - badge - 4.0).max(0.0)
            };
            let label_end = label_x + label_width;
            let labelled = (x.min(label_x - badge), label_end.max(x + width));
            let place = rows.place(labelled.0 - 3.0, labelled.1 + 5.0, CALL_ROWS);
            let (row, label) = match place {
                Some(row) => (row, label),
                None if evidence => (rows.place_anywhere(labelled.0, labelled.1), label),
                None => (rows.place_anywhere(x, x + width + 1.0), String::new()),
            };
            (
                row,
                CallBox {
                    call: i,
                    x,
                    y: 0.0,
                    width,
                    label,
                    label_x,
                },
            )
        })
        .collect();
    boxes.sort_by_key(|(_, b)| b.call);
    boxes
}

fn marks(lane: usize, diagram: &Diagram, chosen: &Chosen, scale: &Scale) -> Vec<(usize, MarkBox)> {
    let mut rows = Rows::default();
    let own = chosen
        .marks
        .iter()
        .copied()
        .filter(|&i| diagram.marks[i].lane == lane);
    own.map(|i| {
        let mark = &diagram.marks[i];
        let x = scale.x(mark.at);
        let told = if mark.told.trim().is_empty() {
            &mark.kind
        } else {
            &mark.told
        };
        let label = text::clip(&text::prose(told), MARK_LABEL);
        let end = x + 8.0 + text::width(&label) as f64 * CHARACTER;
        let place = if mark.kind == "role" || end > scale.width {
            None
        } else {
            rows.place(x - 6.0, end, MARK_ROWS)
        };
        let (row, label) = place.map_or((0, String::new()), |row| (row, label));
        (
            row,
            MarkBox {
                mark: i,
                x,
                y: 0.0,
                label,
            },
        )
    })
    .collect()
}

/// The faults in sight, a row each where their labels would meet, and how many rows that takes.
fn faults(run: &RunRecord, diagram: &Diagram, scale: &Scale) -> (Vec<FaultBox>, usize) {
    let mut kinds: Vec<&str> = Vec::new();
    let mut rows = Rows::default();
    let mut boxes = Vec::new();
    for (i, fault) in run.faults.iter().enumerate() {
        let Some(from) = fault.from.filter(|from| *from <= diagram.until) else {
            continue;
        };
        let until = fault.until.unwrap_or(u64::MAX);
        if until < diagram.from {
            continue;
        }
        let hue = kinds
            .iter()
            .position(|kind| *kind == fault.kind)
            .unwrap_or_else(|| {
                kinds.push(&fault.kind);
                kinds.len() - 1
            });
        let tag = format!("F{}", i + 1);
        let label = format!(
            "{tag} {}",
            text::clip(&text::prose(&fault.told), FAULT_LABEL)
        );
        let x = scale.x(from);
        let width = (scale.x(until) - x).max(3.0);
        let label_width = text::width(&label) as f64 * CHARACTER + 10.0;
        let label_x = (x + 5.0).min(scale.width - label_width).max(0.0);
        let row = rows.place_anywhere(x.min(label_x), (x + width).max(label_x + label_width) + 4.0);
        let y = AXIS + row as f64 * FAULT_ROW;
        let lanes = touched(&fault.lanes, fault.hits, diagram);
        boxes.push(FaultBox {
            fault: i,
            tag,
            x,
            y,
            width,
            label,
            label_x,
            hue,
            lanes,
        });
    }
    (boxes, rows.count())
}

/// The lanes to shade: those that are named; every node where none is named and something was hit.
fn touched(named: &[usize], hits: u64, diagram: &Diagram) -> Vec<usize> {
    let lanes = 0..diagram.lanes.len();
    if named.is_empty() && hits > 0 {
        lanes.filter(|&lane| !diagram.lanes[lane].client).collect()
    } else {
        lanes.filter(|lane| named.contains(lane)).collect()
    }
}

/// Rows of intervals that do not overlap.
#[derive(Debug, Default)]
struct Rows(Vec<Vec<(f64, f64)>>);

impl Rows {
    /// The first of at most `most` rows in which the interval is free.
    fn place(&mut self, start: f64, end: f64, most: usize) -> Option<usize> {
        let is_free = |row: &Vec<(f64, f64)>| row.iter().all(|(s, e)| end <= *s || *e <= start);
        let row = match self.0.iter().position(is_free) {
            Some(row) if row < most => row,
            None if self.0.len() < most => {
                self.0.push(Vec::new());
                self.0.len() - 1
            }
            _ => return None,
        };
        self.0[row].push((start, end));
        Some(row)
    }

    /// As [`Rows::place`], with as many rows as it takes.
    fn place_anywhere(&mut self, start: f64, end: f64) -> usize {
        self.place(start, end, usize::MAX)
            .expect("there is always room for one more row")
    }

    fn count(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_that_meet_are_in_different_rows() {
        let mut rows = Rows::default();
        assert_eq!(rows.place(0.0, 10.0, 2), Some(0));
        assert_eq!(rows.place(5.0, 15.0, 2), Some(1));
        assert_eq!(rows.place(9.0, 12.0, 2), None);
        assert_eq!(rows.place(10.0, 12.0, 2), Some(0));
        assert_eq!(rows.place_anywhere(9.0, 12.0), 2);
    }
}
