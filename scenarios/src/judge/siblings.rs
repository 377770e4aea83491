//! Registers that keep concurrent writes, put into the checker's words.

use murphy_checkers::{
    History, Process, Verdict,
    siblings::{self, Promise, Reads, SiblingCall, SiblingResponse},
};
use murphy_models::service::kv::{Asked, Key, Request, Response, Value};
use murphy_sim::Happened;

use super::Seen;
use crate::language::HistoryCheck;

/// A client is one process, whatever became of its calls: what it has seen it has seen. Only when
/// nothing fails must its node remember that.
pub(super) fn siblings(check: HistoryCheck, seen: &Seen<Asked>) -> Verdict {
    let mut builder: murphy_checkers::Builder<SiblingCall<Key, Value>, SiblingResponse<Value>> =
        History::builder();
    for event in seen.history {
        let (process, time) = (Process(event.client.0), event.time.0);
        let told = match &event.what {
            Happened::Invoke(asked) => builder.invoke(process, time, call(&asked.request)),
            Happened::Ok(answered) => builder.ok(process, time, answer(&answered.response)),
            Happened::Fail => builder.fail(process, time),
            Happened::Info => builder.info(process, time),
        };
        told.expect("a world's clients make one call at a time and end what they began");
    }
    let promise = Promise {
        last_reads_from: seen.demand.final_reads.map_or(u64::MAX, |time| time.0),
        replaces_what_was_seen: !seen.had_faults,
        reads: match check {
            HistoryCheck::Regular => Reads::Regular,
            HistoryCheck::Atomic => Reads::Atomic,
            _ => Reads::Anything,
        },
    };
    siblings::check(&builder.finish(), promise)
}

fn call(request: &Request) -> SiblingCall<Key, Value> {
    match *request {
        Request::Read { key } => SiblingCall::Read(key),
        // A compare-and-swap that was refused is left out by the checker; none is done.
        Request::Write { key, value } | Request::Cas { key, to: value, .. } => {
            SiblingCall::Write(key, value)
        }
    }
}

fn answer(response: &Response) -> SiblingResponse<Value> {
    match response {
        Response::Siblings(values) => SiblingResponse::Values(values.clone()),
        Response::Read(value) => SiblingResponse::Values(value.iter().copied().collect()),
        Response::Written | Response::Swapped(_) => SiblingResponse::Written,
    }
}
