//! What final reads tell of durability.

use murphy_sim::{CallId, ClientId, Happened, HistoryEvent, Probability, Time};

use super::*;
use crate::{
    language::{KeyChoice, NodeChoice},
    workload::{Demand, Pace},
};

/// Writes 1 and then 2 to a key, and reads it in the end; an answer that is none never came.
fn judge(final_reads: &[Option<Option<Value>>]) -> Verdict {
    let write = |value| (Request::Write { key: 0, value }, Some(Response::Written));
    let read =
        |found: &Option<Option<Value>>| (Request::Read { key: 0 }, found.map(Response::Read));
    let mut history = Vec::new();
    let calls = [write(1), write(2)].into_iter();
    for (number, (request, answer)) in (0..).zip(calls.chain(final_reads.iter().map(read))) {
        let mut push = |at: u64, what| {
            history.push(HistoryEvent {
                time: Time(u64::from(number) * 10 + at),
                process: number,
                client: ClientId(number),
                call: CallId {
                    client: ClientId(number),
                    number: 0,
                },
                what,
            });
        };
        push(0, Happened::Invoke(request));
        push(5, answer.map_or(Happened::Info, Happened::Ok));
    }
    let demand = Demand {
        clients: 4,
        pace: Pace::Rate(1),
        keys: 1,
        key_choice: KeyChoice::Uniform,
        route: NodeChoice::Sticky,
        reads: Probability::per_mille(500),
        ops_max: 1,
        from: Time(0),
        until: Time(20),
        final_reads: Some(Time(20)),
    };
    let seen = Seen::quiet(&history, &demand);
    <Request as Served>::judge(HistoryCheck::Durable, &seen)
}

#[test]
fn what_one_final_read_finds_is_not_lost() {
    assert_eq!(judge(&[Some(Some(1)), Some(Some(2))]), Verdict::Holds);
}

#[test]
fn what_no_final_read_finds_is_lost() {
    let lost = [murphy_checkers::AnomalyName::LostAcknowledgedWrite];
    assert_eq!(judge(&[Some(Some(1)), None]).names(), lost);
    assert_eq!(judge(&[Some(None)]).names(), lost);
}

#[test]
fn where_no_final_read_succeeds_nobody_knows() {
    assert!(judge(&[None]).is_unknown());
}
