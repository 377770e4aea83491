//! One line a scenario: columns that fit the terminal, the least needed ones left out first.

use super::paint::Paint;
use crate::record::ScenarioRecord;
use crate::standing::{self, Standing};
use crate::text;

const GAP: usize = 2;
const MARK: usize = 2;
const NAME_COLUMNS_MAX: usize = 48;
const NAME_COLUMNS_MIN: usize = 12;
const PROTOCOL_COLUMNS_MAX: usize = 44;
const PROTOCOL_COLUMNS_MIN: usize = 24;
const ANOMALY_COLUMNS_MIN: usize = 16;

/// One column: its cells, and how it may be narrowed.
struct Column {
    title: &'static str,
    cells: Vec<String>,
    right: bool,
    width: usize,
    shown: bool,
}

impl Column {
    fn new(title: &'static str, right: bool, cells: Vec<String>) -> Column {
        let widest = cells
            .iter()
            .map(|cell| text::width(cell))
            .max()
            .unwrap_or(0);
        Column {
            title,
            right,
            width: widest.max(text::width(title)),
            shown: true,
            cells,
        }
    }

    /// The cell, cut to the column's width, painted, and padded.
    fn fitted(&self, cell: &str, paint: impl Fn(&str) -> String) -> String {
        let cell = text::clip(cell, self.width);
        let space = " ".repeat(self.width - text::width(&cell));
        if self.right {
            space + &paint(&cell)
        } else {
            paint(&cell) + &space
        }
    }
}

/// The lines of the table, its titles first; `width` zero means as wide as it gets.
pub(super) fn lines(scenarios: &[ScenarioRecord], width: usize, paint: Paint) -> Vec<String> {
    let mut columns = columns(scenarios);
    fit(&mut columns, width);
    let line = |cells: Vec<String>| cells.join(&" ".repeat(GAP)).trim_end().to_owned();
    let shown = || columns.iter().filter(|column| column.shown);
    let titles = shown().map(|column| column.fitted(column.title, |title| paint.dim(title)));
    let mut lines = vec![format!("{:MARK$}{}", "", line(titles.collect()))];
    for (row, scenario) in scenarios.iter().enumerate() {
        let standing = Standing::of(scenario);
        let unsure = if scenario.unknown > 0 {
            Standing::Unknown
        } else {
            standing
        };
        let cells = shown().map(|column| {
            column.fitted(&column.cells[row], |cell| match column.title {
                "verdict" => paint.standing(unsure, cell),
                "anomalies" => paint.standing(standing, cell),
                "scenario" => paint.strong(cell),
                _ => cell.to_owned(),
            })
        });
        let mark = paint.standing(standing, standing.mark());
        lines.push(format!("{mark} {}", line(cells.collect())));
    }
    lines
}

fn columns(scenarios: &[ScenarioRecord]) -> Vec<Column> {
    let cells = |cell: &dyn Fn(&ScenarioRecord) -> String| scenarios.iter().map(cell).collect();
    let clipped = |text: &str, columns| text::clip(text, columns);
    vec![
        Column::new(
            "scenario",
            false,
            cells(&|s| clipped(&s.name, NAME_COLUMNS_MAX)),
        ),
        Column::new(
            "protocol",
            false,
            cells(&|s| clipped(&standing::protocol(s), PROTOCOL_COLUMNS_MAX)),
        ),
        Column::new("runs", true, cells(&|s| text::count(s.seeds))),
        Column::new("verdict", false, cells(&standing::tally)),
        Column::new(
            "p50",
            true,
            cells(&|s| text::micros_or_dash(s.latency_us.p50)),
        ),
        Column::new(
            "p99",
            true,
            cells(&|s| text::micros_or_dash(s.latency_us.p99)),
        ),
        Column::new(
            "msgs/call",
            true,
            cells(&|s| text::ratio(s.messages_per_call)),
        ),
        Column::new(
            "converge",
            true,
            cells(&|s| text::micros_or_dash(s.converge_us.max)),
        ),
        Column::new("anomalies", false, cells(&standing::anomalies)),
    ]
}

/// Leaves columns out and narrows the others until a line fits the width.
fn fit(columns: &mut [Column], width: usize) {
    let index_of = |columns: &[Column], title| {
        columns
            .iter()
            .position(|c| c.title == title)
            .expect("the titles are those of `columns`")
    };
    let anomalies = index_of(columns, "anomalies");
    if columns[anomalies].cells.iter().all(String::is_empty) {
        columns[anomalies].shown = false;
    }
    if width == 0 {
        return;
    }
    // The last column may be cut, down to a width that still tells something.
    let needed = |columns: &[Column]| {
        let widths = columns
            .iter()
            .enumerate()
            .filter(|(_, c)| c.shown)
            .map(|(i, c)| {
                if i == anomalies {
                    c.width.min(ANOMALY_COLUMNS_MIN)
                } else {
                    c.width
                }
            });
        let shown = columns.iter().filter(|c| c.shown).count();
        MARK + widths.sum::<usize>() + GAP * shown.saturating_sub(1)
    };
    let protocol = index_of(columns, "protocol");
    let over = needed(columns).saturating_sub(width);
    let least = columns[protocol].width.min(PROTOCOL_COLUMNS_MIN);
    columns[protocol].width = columns[protocol].width.saturating_sub(over).max(least);
    for title in ["msgs/call", "converge", "p50", "p99", "runs", "protocol"] {
        if needed(columns) <= width {
            break;
        }
        let column = index_of(columns, title);
        columns[column].shown = false;
    }
    let over = needed(columns).saturating_sub(width);
    let name = index_of(columns, "scenario");
    columns[name].width = columns[name]
        .width
        .saturating_sub(over)
        .max(NAME_COLUMNS_MIN);
    if columns[anomalies].shown {
        let least = columns[anomalies].width.min(ANOMALY_COLUMNS_MIN);
        let left = width.saturating_sub(needed(columns));
        columns[anomalies].width = columns[anomalies].width.min(least + left);
    }
}
