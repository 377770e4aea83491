//! Objects that many change at once, judged key by key.

use std::collections::BTreeSet;

use murphy_checkers::{
    Builder, History, Process, Verdict,
    direct::monotonic_keys,
    eventual::{self, LastReads, ListCall, ListResponse, MapCall, MapResponse},
    linearizable::{CounterCall, CounterResponse, SetCall, SetResponse},
};
use murphy_models::service::{
    Service,
    objects::{Element, Field, Key, Kind, Object, Request, Response, Value, View},
};
use murphy_sim::{CallId, Happened};

use super::{Seen, Served, Workload};
use crate::{
    language::{HistoryCheck, WorkloadKind},
    workload,
};

const CHECKS: &[HistoryCheck] = &[HistoryCheck::Eventual];

impl Served for Request {
    type Answer = Response;
    type Held = View;
    const SERVICE: Service = Service::Objects;

    const WORKLOADS: &'static [Workload<Request>] = &[
        Workload {
            kind: WorkloadKind::Tally,
            draw: workload::tally,
            checks: CHECKS,
        },
        Workload {
            kind: WorkloadKind::Counter,
            draw: workload::counter,
            checks: CHECKS,
        },
        Workload {
            kind: WorkloadKind::Set,
            draw: workload::set,
            checks: CHECKS,
        },
        Workload {
            kind: WorkloadKind::Map,
            draw: workload::map,
            checks: CHECKS,
        },
        Workload {
            kind: WorkloadKind::List,
            draw: workload::list,
            checks: CHECKS,
        },
    ];

    fn judge(check: HistoryCheck, seen: &Seen<Request>) -> Verdict {
        assert_eq!(
            check,
            HistoryCheck::Eventual,
            "checks of another service are refused when a scenario is read"
        );
        let objects = seen.history.iter().filter_map(|event| match &event.what {
            Happened::Invoke(request) => Some(request.object()),
            _ => None,
        });
        let objects: BTreeSet<(Kind, Key)> = objects.collect();
        Verdict::all(objects.into_iter().map(|object| eventual(seen, object)))
    }

    fn tell(&self) -> String {
        match self {
            Request::Read { kind, key } => format!("read {kind:?} {key}"),
            Request::Count { key, by } => format!("count {key} +{by}"),
            Request::Add { key, amount } => format!("add {key} {amount:+}"),
            Request::Insert { key, element } => format!("insert {key} {element}"),
            Request::Remove { key, element } => format!("remove {key} {element}"),
            Request::Put { key, field, value } => format!("put {key}.{field} := {value}"),
            Request::Delete { key, field } => format!("delete {key}.{field}"),
            Request::InsertAfter {
                key,
                after: Some(after),
                element,
            } => format!("insert {key} {element} behind {after}"),
            Request::InsertAfter { key, element, .. } => format!("insert {key} {element} in front"),
            Request::Erase { key, element } => format!("erase {key} {element}"),
        }
    }

    fn tell_answer(answer: &Response) -> String {
        match answer {
            Response::Done => "ok".to_owned(),
            Response::Found(Object::Number(number)) => format!("ok {number}"),
            Response::Found(Object::Elements(elements)) => format!("ok {elements:?}"),
            Response::Found(Object::Fields(fields)) => format!("ok {fields:?}"),
            Response::Found(Object::Sequence(elements)) => format!("ok {elements:?}"),
        }
    }
}

fn eventual(seen: &Seen<Request>, object: (Kind, Key)) -> Verdict {
    let last = LastReads {
        from: seen.demand.final_reads.map_or(u64::MAX, |time| time.0),
    };
    match object.0 {
        Kind::Tally => {
            let history = of_object(seen, object, counter_call, counter_answer);
            let growing = of_object(seen, object, counter_call, |response| {
                number(response).map(|sum| ((), sum)).into_iter().collect()
            });
            eventual::counter(&history, last).and(monotonic_keys(&growing))
        }
        Kind::Counter => {
            let history = of_object(seen, object, counter_call, counter_answer);
            eventual::counter(&history, last)
        }
        Kind::Set => eventual::set(&of_object(seen, object, set_call, set_answer), last),
        Kind::Map => eventual::map(&of_object(seen, object, map_call, map_answer), last),
        Kind::List => eventual::list(&of_object(seen, object, list_call, list_answer), last),
    }
}

/// The calls of one object in a checker's words. Those of other objects stand among them as reads that
/// found nothing out, so that each is at its place in the order of invocation of all calls.
fn of_object<C, R>(
    seen: &Seen<Request>,
    (kind, key): (Kind, Key),
    call: impl Fn(&Request) -> C,
    answer: impl Fn(&Response) -> R,
) -> History<C, R> {
    let mut builder: Builder<C, R> = History::builder();
    let mut open: BTreeSet<CallId> = BTreeSet::new();
    for event in seen.history {
        let (process, time) = (Process(event.process), event.time.0);
        let told = match &event.what {
            Happened::Invoke(request) if request.object() == (kind, key) => {
                open.insert(event.call);
                builder.invoke(process, time, call(request))
            }
            Happened::Invoke(_) => {
                builder.invoke(process, time, call(&Request::Read { kind, key }))
            }
            Happened::Ok(response) if open.contains(&event.call) => {
                builder.ok(process, time, answer(response))
            }
            Happened::Fail => builder.fail(process, time),
            Happened::Ok(_) | Happened::Info => builder.info(process, time),
        };
        told.expect("a world's clients make one call at a time and end what they began");
    }
    builder.finish()
}

fn number(response: &Response) -> Option<i64> {
    match response {
        Response::Found(Object::Number(number)) => Some(*number),
        _ => None,
    }
}

fn counter_call(request: &Request) -> CounterCall {
    match *request {
        Request::Count { by, .. } => CounterCall::Add(i64::from(by)),
        Request::Add { amount, .. } => CounterCall::Add(amount),
        _ => CounterCall::Read,
    }
}

fn counter_answer(response: &Response) -> CounterResponse {
    number(response).map_or(CounterResponse::Added, CounterResponse::Sum)
}

fn set_call(request: &Request) -> SetCall<Element> {
    match *request {
        Request::Insert { element, .. } => SetCall::Add(element),
        Request::Remove { element, .. } => SetCall::Remove(element),
        _ => SetCall::Read,
    }
}

fn set_answer(response: &Response) -> SetResponse<Element> {
    match response {
        Response::Found(Object::Elements(elements)) => SetResponse::Elements(elements.clone()),
        _ => SetResponse::Done,
    }
}

fn map_call(request: &Request) -> MapCall<Field, Value> {
    match *request {
        Request::Put { field, value, .. } => MapCall::Put(field, Some(value)),
        Request::Delete { field, .. } => MapCall::Put(field, None),
        _ => MapCall::Read,
    }
}

fn map_answer(response: &Response) -> MapResponse<Field, Value> {
    match response {
        Response::Found(Object::Fields(fields)) => MapResponse::Fields(fields.clone()),
        _ => MapResponse::Done,
    }
}

fn list_call(request: &Request) -> ListCall<Element> {
    match *request {
        Request::InsertAfter { after, element, .. } => ListCall::InsertAfter(after, element),
        Request::Erase { element, .. } => ListCall::Erase(element),
        _ => ListCall::Read,
    }
}

fn list_answer(response: &Response) -> ListResponse<Element> {
    match response {
        Response::Found(Object::Sequence(elements)) => ListResponse::Elements(elements.clone()),
        _ => ListResponse::Done,
    }
}
