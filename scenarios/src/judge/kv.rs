//! Registers by key, judged.

use murphy_checkers::{
    Meter, Verdict,
    linearizable::{Register, RegisterCall, RegisterResponse, check_registers},
};
use murphy_models::service::{
    Service,
    kv::{Key, Request, Response, Value, View},
};
use murphy_sim::{PlannedCall, Stream};

use super::{Seen, Served, history};
use crate::{
    language::{HistoryCheck, WorkloadKind},
    workload::{self, Demand},
};

impl Served for Request {
    type Answer = Response;
    type Held = View;
    const SERVICE: Service = Service::Kv;

    fn draw(
        kind: WorkloadKind,
        demand: &Demand,
        stream: &mut Stream,
    ) -> Option<Vec<PlannedCall<Request>>> {
        match kind {
            WorkloadKind::Register => Some(workload::register(demand, stream)),
            WorkloadKind::CasRegister => Some(workload::cas_register(demand, stream)),
            _ => None,
        }
    }

    fn workloads() -> &'static [WorkloadKind] {
        &[WorkloadKind::Register, WorkloadKind::CasRegister]
    }

    fn checks() -> &'static [HistoryCheck] {
        &[HistoryCheck::Linearizable]
    }

    fn judge(check: HistoryCheck, seen: &Seen<Request>) -> Verdict {
        match check {
            HistoryCheck::Linearizable => linearizable(seen),
            _ => unreachable!("checks of another service are refused when a scenario is read"),
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
            Response::Written => "ok".to_owned(),
            Response::Swapped(true) => "ok swapped".to_owned(),
            Response::Swapped(false) => "ok not swapped".to_owned(),
        }
    }
}

fn linearizable(seen: &Seen<Request>) -> Verdict {
    let history = history(seen.history, call, |_, response| answer(response));
    check_registers(
        &Register::<Key, Value>::new(None),
        &history,
        &mut Meter::default(),
    )
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
        Response::Written => RegisterResponse::Written,
        Response::Swapped(swapped) => RegisterResponse::Swapped(swapped),
    }
}
