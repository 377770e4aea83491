//! A run's trace as a space-time diagram: lanes, messages, calls, marks; plain data for reporters.
//!
//! Long runs are cut to the stretch that the evidence lies in.

use std::collections::BTreeMap;

use murphy_reports::record::{Arrow, CallSpan, CheckRecord, Diagram, Lane, Mark};
use murphy_sim::{
    Carried, Cluster, Dropped, Happened, HistoryEvent, NodeId, Span, Time, TraceEntry, What,
};

use crate::judge::{Call, Served, calls};

/// Arrows that a diagram shows at most.
const ARROWS_MOST: usize = 400;

/// How much is shown before and after the evidence.
const AROUND: Span = Span::millis(300);

/// The longest stretch that is shown.
const STRETCH_MOST: Span = Span::secs(6);

/// Draws what a trace tells about a run.
pub(crate) fn draw<Q: Served>(
    cluster: &Cluster,
    history: &[HistoryEvent<Q, Q::Answer>],
    trace: &[TraceEntry],
    checks: &[CheckRecord],
) -> Diagram {
    let calls = calls(history);
    let evidence = evidence(checks, calls.len());
    let (from, until) = stretch(&calls, &evidence, trace);
    let mut diagram = Diagram {
        from: from.0,
        until: until.0,
        lanes: lanes(cluster, trace),
        calls: spans(cluster, &calls, &evidence),
        ..Diagram::default()
    };
    let inside = |time: Time| time >= from && time <= until;
    for entry in trace.iter().filter(|entry| inside(entry.time)) {
        match &entry.what {
            What::Delivered(carried) => diagram.messages.push(arrow(carried, entry.time, None)),
            What::Dropped(carried, why) => {
                diagram
                    .messages
                    .push(arrow(carried, entry.time, Some(*why)));
            }
            what => diagram.marks.extend(mark(what, entry.time)),
        }
    }
    thin_out(&mut diagram);
    diagram
}

/// Which calls a checker names.
fn evidence(checks: &[CheckRecord], count: usize) -> Vec<bool> {
    let mut evidence = vec![false; count];
    let named = checks
        .iter()
        .flat_map(|check| &check.anomalies)
        .flat_map(|anomaly| &anomaly.calls);
    for call in named {
        if let Some(named) = evidence.get_mut(*call) {
            *named = true;
        }
    }
    evidence
}

/// From a little before the first call that is evidence to a little after the last; the whole
/// trace when no call is. Cut at the front when it is too long.
fn stretch<Q: Served>(calls: &[Call<Q>], evidence: &[bool], trace: &[TraceEntry]) -> (Time, Time) {
    let named = || {
        calls
            .iter()
            .zip(evidence)
            .filter(|(_, named)| **named)
            .map(|(call, _)| call)
    };
    let whole = (
        trace.first().map_or(Time::ZERO, |entry| entry.time),
        trace.last().map_or(Time::ZERO, |entry| entry.time),
    );
    let first = named().map(|call| call.invoked).min();
    let last = named()
        .map(|call| call.ended.map_or(call.invoked, |(at, _)| at))
        .max();
    let (from, until) = match (first, last) {
        (Some(first), Some(last)) => (first - AROUND, last + AROUND),
        _ => whole,
    };
    (from.max(until - STRETCH_MOST), until)
}

fn lanes(cluster: &Cluster, trace: &[TraceEntry]) -> Vec<Lane> {
    let servers = cluster.nodes + cluster.spares;
    let mut lanes: Vec<Lane> = (0..servers + cluster.clients)
        .map(|place| {
            let client = place >= servers;
            let name = if client {
                format!("c{}", place - servers)
            } else {
                format!("n{place}")
            };
            Lane {
                name,
                client,
                roles: Vec::new(),
                down: Vec::new(),
            }
        })
        .collect();
    for entry in trace {
        match &entry.what {
            What::Role { node, role } => lanes[node.index()]
                .roles
                .push((entry.time.0, (*role).to_owned())),
            What::Crashed { node, .. } => lanes[node.index()].down.push((entry.time.0, u64::MAX)),
            What::Started { node, .. } => {
                if let Some((_, until)) = lanes[node.index()].down.last_mut() {
                    *until = entry.time.0.min(*until);
                }
            }
            _ => {}
        }
    }
    let end = trace.last().map_or(0, |entry| entry.time.0);
    for (_, until) in lanes.iter_mut().flat_map(|lane| &mut lane.down) {
        *until = (*until).min(end);
    }
    lanes
}

fn spans<Q: Served>(cluster: &Cluster, calls: &[Call<Q>], evidence: &[bool]) -> Vec<CallSpan> {
    let servers = (cluster.nodes + cluster.spares) as usize;
    let span = |(call, evidence): (&Call<Q>, &bool)| {
        let (outcome, answered) = match call.ended {
            Some((_, Happened::Ok(answer))) => ("ok", Q::tell_answer(answer)),
            Some((_, Happened::Fail)) => ("fail", "fail".to_owned()),
            _ => ("info", "info".to_owned()),
        };
        CallSpan {
            lane: servers + call.client as usize,
            invoked: call.invoked.0,
            ended: call.ended.map(|(at, _)| at.0),
            asked: call.request.tell(),
            answered,
            outcome: outcome.to_owned(),
            evidence: *evidence,
        }
    };
    calls.iter().zip(evidence).map(span).collect()
}

fn arrow(carried: &Carried, at: Time, dropped: Option<Dropped>) -> Arrow {
    Arrow {
        from: carried.from.index(),
        to: carried.to.index(),
        sent: carried.sent.0,
        arrived: at.0,
        kind: carried.kind.to_owned(),
        told: carried.told.clone(),
        dropped: dropped.map(|why| <&str>::from(why).to_owned()),
    }
}

fn mark(what: &What, at: Time) -> Option<Mark> {
    let mark = |node: &NodeId, kind: &str, told: String| {
        Some(Mark {
            lane: node.index(),
            at: at.0,
            kind: kind.to_owned(),
            told,
        })
    };
    match what {
        What::Crashed { node, lost, .. } => mark(
            node,
            "crash",
            format!("{node} crashes, {lost} records lost"),
        ),
        What::Started { node, disk } => {
            mark(node, "start", format!("{node} starts, disk {disk:?}"))
        }
        What::Role { node, role } => mark(node, "role", format!("{node} is {role}")),
        What::Reached { node, label } => mark(node, "reached", format!("{node} reaches {label}")),
        What::SyncFailed { node } => mark(node, "sync-failed", format!("a sync of {node} fails")),
        _ => None,
    }
}

/// Leaves out the arrows that say least: kinds that come most often, evenly.
fn thin_out(diagram: &mut Diagram) {
    let total = diagram.messages.len();
    if total <= ARROWS_MOST {
        return;
    }
    let mut by_kind = BTreeMap::<String, usize>::new();
    for arrow in &diagram.messages {
        *by_kind.entry(arrow.kind.clone()).or_default() += 1;
    }
    // Every kind gets the same number of places; those that need fewer leave theirs to the others.
    let mut kinds: Vec<(String, usize)> = by_kind.into_iter().collect();
    kinds.sort_by_key(|(_, count)| *count);
    let (mut places, mut left) = (BTreeMap::new(), ARROWS_MOST);
    let count_of_kinds = kinds.len();
    for (i, (kind, count)) in kinds.into_iter().enumerate() {
        let fair = left / (count_of_kinds - i);
        let given = fair.min(count);
        left -= given;
        places.insert(kind, (given, count, 0usize));
    }
    diagram.messages.retain(|arrow| {
        let (given, count, seen) = places.get_mut(&arrow.kind).expect("every kind was counted");
        let keep = (*seen + 1) * *given / *count > *seen * *given / *count;
        *seen += 1;
        keep
    });
    diagram.left_out = (total - diagram.messages.len()) as u64;
}
