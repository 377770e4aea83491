//! The story of one run, after `murphy replay`.

use std::io::{self, Write};

use super::paint::Paint;
use super::{Options, Page};
use crate::evidence::{self, Numbers};
use crate::plan;
use crate::record::{CallSpan, Diagram, RunRecord, VerdictKind};
use crate::standing::{self, Standing};
use crate::text;

/// The most calls that a story tells one by one.
const CALLS: usize = 40;
/// The longest call that a story tells on its line.
const CALL_COLUMNS: usize = 72;

/// Writes the story of one run: the plan, the calls, what the checks said with their evidence, the
/// digest, and the command that repeats it.
pub fn replay(run: &RunRecord, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let page = Page {
        paint: Paint {
            colour: options.colour,
        },
        width: options.width,
    };
    let standing = Standing::from(run.verdict);
    let verdict = format!(
        "{} {}",
        standing.mark(),
        standing::verdict_word(run.verdict)
    );
    let events = text::plural(run.events, "event");
    let title = page.paint.standing(standing, &verdict);
    writeln!(
        out,
        "{title}  seed {}, {events} in {}",
        run.seed,
        text::moment(run.ended)
    )?;

    writeln!(out, "\n{}", page.paint.strong("plan"))?;
    plan_lines(page, run, out)?;

    let calls = &run.calls;
    let told = format!(
        "{} ok, {} fail, {} info",
        text::count(calls.ok),
        text::count(calls.fail),
        text::count(calls.info)
    );
    writeln!(out, "\n{}  {told}", page.paint.strong("calls"))?;
    if let Some(diagram) = &run.diagram {
        call_lines(page, diagram, &Numbers::of(run), out)?;
    }

    writeln!(out, "\n{}", page.paint.strong("checks"))?;
    page.checks(run, 2, VerdictKind::Holds, out)?;
    if run.checks.is_empty() {
        writeln!(
            out,
            "  {}",
            page.paint
                .standing(Standing::Unknown, "? nothing was checked")
        )?;
    }

    writeln!(out, "\ndigest: {}", text::clean(&run.digest))?;
    page.repeat(0, &run.repeat, out)?;
    if let Some(report) = &options.report {
        writeln!(out, "report: {}", text::clean(report))?;
    }
    Ok(())
}

fn plan_lines(page: Page, run: &RunRecord, out: &mut dyn Write) -> io::Result<()> {
    if run.faults.is_empty() {
        return writeln!(out, "  no fault");
    }
    let spans: Vec<String> = run.faults.iter().map(plan::span).collect();
    let widest = spans
        .iter()
        .map(|span| text::width(span))
        .max()
        .unwrap_or(0);
    for (fault, span) in run.faults.iter().zip(spans) {
        let space = " ".repeat(widest - text::width(&span));
        let told = format!("{} ({})", text::prose(&fault.told), plan::hits(fault));
        page.item(2, &format!("{span}{space}  "), &told, out)?;
    }
    Ok(())
}

/// The calls around the evidence, one a line, the evidence with its numbers.
fn call_lines(
    page: Page,
    diagram: &Diagram,
    numbers: &Numbers,
    out: &mut dyn Write,
) -> io::Result<()> {
    let chosen = around_the_evidence(&diagram.calls, numbers);
    for &call in &chosen {
        let span = &diagram.calls[call];
        let lane = diagram
            .lanes
            .get(span.lane)
            .map_or("?", |lane| lane.name.as_str());
        let number = numbers
            .get(call)
            .map_or(String::new(), |number| format!("[{number}]"));
        let ended = span.ended.map_or("?".to_owned(), text::moment);
        let told = text::clip(&text::prose(&evidence::told(span)), CALL_COLUMNS);
        let times = format!("{} to {ended}", text::moment(span.invoked));
        let lane = text::clip(lane, 12);
        let line = format!("{number:>5} {times:<26} {lane:<4} {told}");
        let line = line.trim_end();
        if number.is_empty() {
            writeln!(out, "{line}")?;
        } else {
            writeln!(out, "{}", page.paint.strong(line))?;
        }
    }
    let more = (diagram.calls.len() - chosen.len()) as u64;
    if more > 0 {
        writeln!(out, "      and {}", text::plural(more, "more call"))?;
    }
    Ok(())
}

/// All of the evidence, and the calls nearest to it in time, in the order in which they began.
fn around_the_evidence(calls: &[CallSpan], numbers: &Numbers) -> Vec<usize> {
    let moments: Vec<u64> = numbers
        .iter()
        .map(|(call, _)| calls[call].invoked)
        .collect();
    let distance = |call: &CallSpan| {
        let apart = moments.iter().map(|moment| moment.abs_diff(call.invoked));
        apart.min().unwrap_or(call.invoked)
    };
    let mut chosen: Vec<usize> = (0..calls.len()).collect();
    chosen.sort_by_key(|&call| (numbers.get(call).is_none(), distance(&calls[call]), call));
    chosen.truncate(CALLS);
    chosen.sort_by_key(|&call| (calls[call].invoked, call));
    chosen
}
