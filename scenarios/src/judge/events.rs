//! Events, judged: what was published against what has been applied everywhere in the end.

use murphy_checkers::{
    Verdict,
    delivery::{self, Arrival, Promise, Publication, Published},
};
use murphy_models::service::{
    Service,
    events::{Request, Response, View},
};
use murphy_sim::{Happened, PlannedCall, Stream};

use super::{Call, Seen, Served, calls};
use crate::{
    language::{HistoryCheck, WorkloadKind},
    workload::{self, Demand},
};

impl Served for Request {
    type Answer = Response;
    type Held = View;
    const SERVICE: Service = Service::Events;

    fn draw(
        kind: WorkloadKind,
        demand: &Demand,
        stream: &mut Stream,
    ) -> Option<Vec<PlannedCall<Request>>> {
        match kind {
            WorkloadKind::Outbox => Some(workload::outbox(demand, stream)),
            WorkloadKind::Broadcast => Some(workload::broadcast(demand, stream)),
            _ => None,
        }
    }

    fn workloads() -> &'static [WorkloadKind] {
        &[WorkloadKind::Outbox, WorkloadKind::Broadcast]
    }

    fn checks() -> &'static [HistoryCheck] {
        &[HistoryCheck::Delivery, HistoryCheck::OrderedDelivery]
    }

    fn judge(check: HistoryCheck, seen: &Seen<Request>) -> Verdict {
        let promise = Promise {
            no_loss: false,
            effect_always: true,
            effect_once: true,
            order_per_key: matches!(check, HistoryCheck::OrderedDelivery),
            ..Promise::default()
        };
        delivery::check(&what_was_seen(seen), promise)
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

fn what_was_seen(seen: &Seen<Request>) -> delivery::Seen {
    let published = calls(seen.history)
        .iter()
        .enumerate()
        .filter_map(|(i, call)| published(i, call))
        .collect();
    let mut applied = Vec::new();
    let mut receivers = Vec::new();
    for (node, view) in seen.held {
        let Some(state) = &view.state else { continue };
        receivers.push(node.0);
        for event in state.values().flatten() {
            applied.push(Arrival {
                receiver: node.0,
                event: *event,
                at: seen.ended.0,
            });
        }
    }
    delivery::Seen {
        published,
        delivered: applied.clone(),
        applied,
        receivers,
    }
}

fn published(operation: usize, call: &Call<Request>) -> Option<Published> {
    let Request::Publish { key, event } = *call.request else {
        return None;
    };
    let publication = match call.ended {
        Some((at, Happened::Ok(_))) => Publication::Acked(at.0),
        Some((_, Happened::Fail)) => Publication::Failed,
        _ => Publication::Unknown,
    };
    Some(Published {
        event,
        key: u64::from(key),
        producer: call.client,
        begun: call.invoked.0,
        publication,
        offset: None,
        depends_on: Vec::new(),
        operation: Some(operation),
    })
}
