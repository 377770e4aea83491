//! Registers by key, judged.

use std::collections::{BTreeMap, BTreeSet};

use murphy_checkers::{
    Budget, Meter, Reason, Verdict, durability,
    linearizable::{Register, RegisterCall, RegisterHistory, RegisterResponse},
    registers,
};
use murphy_models::service::{
    Service,
    kv::{Answered, Asked, Key, Request, Response, Value, View},
};
use murphy_sim::PlannedCall;

use super::{Seen, Served, Workload, history, level, siblings::siblings};
use crate::{
    language::{HistoryCheck, WorkloadKind},
    workload,
};

impl Served for Request {
    type Answer = Response;
    type Held = View;
    const SERVICE: Service = Service::Kv;

    const WORKLOADS: &'static [Workload<Request>] = &[
        Workload {
            kind: WorkloadKind::Register,
            draw: workload::register,
            checks: CHECKS,
        },
        Workload {
            kind: WorkloadKind::CasRegister,
            draw: workload::cas_register,
            checks: CHECKS,
        },
    ];

    fn judge(check: HistoryCheck, seen: &Seen<Request>) -> Verdict {
        assert!(
            CHECKS.contains(&check),
            "checks of another service are refused when a scenario is read"
        );
        let history = history(seen.history, call, |_, response| answer(response));
        match level(check) {
            Some(level) => registers::check(&REGISTERS, &history, level, &mut Meter::default()),
            None => durable(seen, &history),
        }
    }

    fn tell(&self) -> String {
        match self {
            Request::Read { key } => format!("read {key}"),
            Request::Write { key, value } => format!("write {key} := {value}"),
            Request::Cas { key, from, to } => format!("cas {key} {from} -> {to}"),
        }
    }

    fn tell_answer(answer: &Response) -> String {
        match answer {
            Response::Read(Some(value)) => format!("ok {value}"),
            Response::Read(None) => "ok nothing".to_owned(),
            Response::Siblings(values) => format!("ok {values:?}"),
            Response::Written => "ok".to_owned(),
            Response::Swapped(true) => "ok swapped".to_owned(),
            Response::Swapped(false) => "ok not swapped".to_owned(),
        }
    }
}

/// Where clients carry what they have been shown, registers keep siblings.
impl Served for Asked {
    type Answer = Answered;
    type Held = View;
    const SERVICE: Service = Service::Kv;

    const WORKLOADS: &'static [Workload<Asked>] = &[Workload {
        kind: WorkloadKind::Siblings,
        draw: |demand, stream| {
            let calls = workload::register(demand, stream).into_iter();
            calls
                .map(|planned| PlannedCall {
                    client: planned.client,
                    start: planned.start,
                    route: planned.route,
                    request: planned.request.into(),
                })
                .collect()
        },
        checks: SIBLING_CHECKS,
    }];

    fn judge(check: HistoryCheck, seen: &Seen<Asked>) -> Verdict {
        assert!(
            SIBLING_CHECKS.contains(&check),
            "checks of another service are refused when a scenario is read"
        );
        siblings(check, seen)
    }

    fn tell(&self) -> String {
        self.request.tell()
    }

    fn tell_answer(answer: &Answered) -> String {
        Request::tell_answer(&answer.response)
    }
}

const CHECKS: &[HistoryCheck] = &[
    HistoryCheck::Linearizable,
    HistoryCheck::Sequential,
    HistoryCheck::Causal,
    HistoryCheck::Pram,
    HistoryCheck::ReadYourWrites,
    HistoryCheck::MonotonicReads,
    HistoryCheck::MonotonicWrites,
    HistoryCheck::WritesFollowReads,
    HistoryCheck::Durable,
];

const SIBLING_CHECKS: &[HistoryCheck] = &[
    HistoryCheck::Siblings,
    HistoryCheck::Regular,
    HistoryCheck::Atomic,
];

/// Registers in which nothing was written.
static REGISTERS: Register<Key, Value> = Register::new(None);

/// Is what was acknowledged there in the end, as far as the final reads tell?
///
/// A write is lost when every final read of its key gave what had certainly been overwritten: one
/// replica that lags is the business of `converges`.
fn durable(seen: &Seen<Request>, history: &RegisterHistory<Key, Value>) -> Verdict {
    let mut last: BTreeMap<Key, BTreeSet<Option<Value>>> = BTreeMap::new();
    let since = seen.demand.final_reads.map_or(u64::MAX, |time| time.0);
    for operation in history.operations() {
        if let (RegisterCall::Read(key), Some(RegisterResponse::Value(value))) =
            (&operation.call, operation.response())
            && operation.invoked.time >= since
        {
            last.entry(*key).or_default().insert(*value);
        }
    }
    if last.is_empty() {
        let words = "no final read succeeded, so nobody knows what is still there".to_owned();
        return Verdict::Unknown(Reason::NotEnoughKnown(words));
    }
    let judge = |(key, values): (Key, BTreeSet<Option<Value>>)| {
        let verdicts = values.into_iter().map(|value| {
            let last = [(key, value)].into();
            durability::check_final_values(None, history, &last, Budget::default())
        });
        verdicts
            .reduce(better)
            .expect("a key is there with a value")
    };
    Verdict::all(last.into_iter().map(judge))
}

/// The verdict of the read that saw most.
fn better(one: Verdict, other: Verdict) -> Verdict {
    match (&one, &other) {
        (Verdict::Holds, _) | (Verdict::Unknown(_), Verdict::Violated(_)) => one,
        (Verdict::Violated(_), Verdict::Violated(_)) => one,
        _ => other,
    }
}

fn call(request: &Request) -> RegisterCall<Key, Value> {
    match *request {
        Request::Read { key } => RegisterCall::Read(key),
        Request::Write { key, value } => RegisterCall::Write(key, value),
        Request::Cas { key, from, to } => RegisterCall::Cas {
            key,
            from: Some(from),
            to,
        },
    }
}

fn answer(response: &Response) -> RegisterResponse<Value> {
    match *response {
        Response::Read(value) => RegisterResponse::Value(value),
        // A register that holds several values at once is not one: it reads as if empty.
        Response::Siblings(ref values) => RegisterResponse::Value(only(values)),
        Response::Written => RegisterResponse::Written,
        Response::Swapped(swapped) => RegisterResponse::Swapped(swapped),
    }
}

/// The value where there is one.
fn only(values: &[Value]) -> Option<Value> {
    match *values {
        [value] => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
