//! Events, judged: what was published against what has been applied everywhere in the end.

use std::collections::{BTreeMap, BTreeSet};

use murphy_checkers::{
    Verdict,
    delivery::{self, Arrival, Promise, Publication, Published},
};
use murphy_models::service::{
    Service,
    events::{EventId, Request, Response, View},
};
use murphy_sim::Happened;

use super::{Call, Seen, Served, Workload, calls};
use crate::{
    language::{HistoryCheck, WorkloadKind},
    workload,
};

impl Served for Request {
    type Answer = Response;
    type Held = View;
    const SERVICE: Service = Service::Events;

    const WORKLOADS: &'static [Workload<Request>] = &[
        Workload {
            kind: WorkloadKind::Outbox,
            draw: workload::outbox,
            checks: CHECKS,
        },
        Workload {
            kind: WorkloadKind::Broadcast,
            draw: workload::broadcast,
            checks: CHECKS,
        },
        Workload {
            kind: WorkloadKind::Conversation,
            draw: workload::conversation,
            checks: CHECKS,
        },
    ];

    fn judge(check: HistoryCheck, seen: &Seen<Request>) -> Verdict {
        let promise = promise(check);
        delivery::check(&what_was_seen(seen, promise), promise)
    }

    fn tell(&self) -> String {
        match self {
            Request::Publish { key, event } => format!("publish {key} += {event}"),
            Request::Read { key } => format!("read {key}"),
        }
    }

    fn tell_answer(answer: &Response) -> String {
        match answer {
            Response::Published => "ok".to_owned(),
            Response::Applied(events) => format!("ok {events:?}"),
        }
    }
}

const CHECKS: &[HistoryCheck] = &[
    HistoryCheck::Delivery,
    HistoryCheck::OrderedDelivery,
    HistoryCheck::CausalDelivery,
    HistoryCheck::ProducerOrder,
    HistoryCheck::TotalOrder,
    HistoryCheck::Agreement,
    HistoryCheck::AtLeastOnce,
    HistoryCheck::AtMostOnce,
];

fn promise(check: HistoryCheck) -> Promise {
    let nothing = Promise::default();
    let delivery = Promise {
        effect_always: true,
        effect_once: true,
        ..nothing
    };
    match check {
        HistoryCheck::Delivery => delivery,
        HistoryCheck::OrderedDelivery => Promise {
            order_per_key: true,
            ..delivery
        },
        HistoryCheck::CausalDelivery => Promise {
            causal_order: true,
            ..delivery
        },
        HistoryCheck::ProducerOrder => Promise {
            order_per_producer: true,
            ..nothing
        },
        HistoryCheck::TotalOrder => Promise {
            total_order: true,
            agreement: true,
            ..nothing
        },
        HistoryCheck::Agreement => Promise {
            agreement: true,
            ..nothing
        },
        HistoryCheck::AtLeastOnce => Promise {
            effect_always: true,
            ..nothing
        },
        HistoryCheck::AtMostOnce => Promise {
            effect_once: true,
            ..nothing
        },
        _ => unreachable!("checks of another service are refused when a scenario is read"),
    }
}

/// What was published, and what each node holds.
///
/// A node tells the order of each key's events, not that of two keys. Its events are put one after
/// the other key by key, the same way for all nodes, unless the promise is about an order across
/// keys: then they are put as well for the node as its keys allow, and what is still wrong is wrong
/// in every order.
fn what_was_seen(seen: &Seen<Request>, promise: Promise) -> delivery::Seen {
    let calls = calls(seen.history);
    let known = match promise {
        Promise {
            causal_order: true, ..
        } => known_before(&calls, true),
        Promise {
            order_per_producer: true,
            ..
        } => known_before(&calls, false),
        _ => BTreeMap::new(),
    };
    let published = calls.iter().enumerate();
    let published = published.filter_map(|(i, call)| published_by(i, call, &known));
    let mut applied = Vec::new();
    let mut receivers = Vec::new();
    for (node, view) in seen.held {
        let Some(state) = &view.state else { continue };
        receivers.push(node.0);
        let arrival = |event| Arrival {
            receiver: node.0,
            event,
            at: seen.ended.0,
        };
        applied.extend(merged(state, &known).into_iter().map(arrival));
    }
    delivery::Seen {
        published: published.collect(),
        delivered: applied.clone(),
        applied,
        receivers,
    }
}

/// For each event what its client knew of when it published it: what it had itself published, as it
/// was told, and what it had read, if reads count.
fn known_before(
    calls: &[Call<Request>],
    reads_count: bool,
) -> BTreeMap<EventId, BTreeSet<EventId>> {
    let mut known: BTreeMap<u32, BTreeSet<EventId>> = BTreeMap::new();
    let mut before = BTreeMap::new();
    for call in calls {
        let known = known.entry(call.client).or_default();
        if let Request::Publish { event, .. } = call.request {
            before.insert(*event, known.clone());
        }
        match (call.request, &call.ended) {
            (Request::Publish { event, .. }, Some((_, Happened::Ok(Response::Published)))) => {
                known.insert(*event);
            }
            (Request::Read { .. }, Some((_, Happened::Ok(Response::Applied(events)))))
                if reads_count =>
            {
                known.extend(events);
            }
            _ => {}
        }
    }
    before
}

/// The events of all keys in one order, each after its causes wherever the keys' own orders allow.
fn merged(state: &View, causes: &BTreeMap<EventId, BTreeSet<EventId>>) -> Vec<EventId> {
    let mut lines: Vec<&[EventId]> = state.values().map(Vec::as_slice).collect();
    let mut missing: BTreeSet<EventId> = lines.iter().copied().flatten().copied().collect();
    let mut order = Vec::new();
    loop {
        let length = order.len();
        for line in &mut lines {
            let is_ready = |event: &EventId, missing: &BTreeSet<EventId>| {
                let causes = causes.get(event);
                causes.is_none_or(|causes| causes.is_disjoint(missing))
            };
            while let Some((event, rest)) =
                line.split_first().filter(|(e, _)| is_ready(e, &missing))
            {
                missing.remove(event);
                order.push(*event);
                *line = rest;
            }
        }
        if order.len() == length {
            // No order of the keys is right: go on with any.
            let Some(line) = lines.iter_mut().find(|line| !line.is_empty()) else {
                return order;
            };
            missing.remove(&line[0]);
            order.push(line[0]);
            *line = &line[1..];
        }
    }
}

fn published_by(
    operation: usize,
    call: &Call<Request>,
    known: &BTreeMap<EventId, BTreeSet<EventId>>,
) -> Option<Published> {
    let Request::Publish { key, event } = *call.request else {
        return None;
    };
    let publication = match call.ended {
        Some((at, Happened::Ok(_))) => Publication::Acked(at.0),
        Some((_, Happened::Fail)) => Publication::Failed,
        _ => Publication::Unknown,
    };
    let causes = known.get(&event).into_iter().flatten();
    Some(Published {
        event,
        key: u64::from(key),
        producer: call.client,
        begun: call.invoked.0,
        publication,
        offset: None,
        depends_on: causes.copied().collect(),
        operation: Some(operation),
    })
}

#[cfg(test)]
mod tests;
