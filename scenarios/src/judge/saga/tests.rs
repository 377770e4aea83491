//! What nodes hold of one saga, drawn by hand.

use murphy_checkers::AnomalyName::{self, *};
use murphy_sim::{ClientId, Happened, HistoryEvent, Probability, Time, View};

use super::*;
use crate::{
    judge::Served,
    language::{HistoryCheck, KeyChoice, NodeChoice},
    workload::{Demand, Pace},
};

const CALL: CallId = CallId {
    client: ClientId(0),
    number: 0,
};

type Told = Happened<Request, <Request as Served>::Answer>;

/// A saga of two steps, how it was told to end, and what each node says of it and when.
fn judge(told: Told, held: &[&[(SagaAct, u64)]]) -> Verdict {
    let add = |key, amount| MicroOp::Add { key, amount };
    let request = Request(vec![add(0, -1), add(1, 1)]);
    let event = |time, what| HistoryEvent {
        time: Time(time),
        process: 0,
        client: ClientId(0),
        call: CALL,
        what,
    };
    let history = [event(0, Happened::Invoke(request)), event(9, told)];
    let view = |acts: &&[(SagaAct, u64)]| {
        let effect = |(act, stamp): &(SagaAct, u64)| SagaEffect {
            saga: CALL,
            act: *act,
            stamp: *stamp,
        };
        View::replica(murphy_models::service::txn::View {
            sagas: acts.iter().map(effect).collect(),
            ..Default::default()
        })
    };
    let held: Vec<_> = (0..).map(NodeId).zip(held.iter().map(view)).collect();
    let demand = Demand {
        clients: 1,
        pace: Pace::Rate(1),
        keys: 2,
        key_choice: KeyChoice::Uniform,
        route: NodeChoice::Sticky,
        reads: Probability::NEVER,
        ops_max: 1,
        from: Time(0),
        until: Time(900),
        final_reads: None,
    };
    let seen = Seen {
        held: &held,
        opening_balance: Some(10),
        healed: Some(Time(900)),
        ..Seen::quiet(&history, &demand)
    };
    <Request as Served>::judge(HistoryCheck::Saga, &seen)
}

fn names(told: Told, held: &[&[(SagaAct, u64)]]) -> Vec<AnomalyName> {
    judge(told, held).names()
}

#[test]
fn effects_are_put_in_order_by_their_stamps() {
    use SagaAct::*;
    let first = [(Done(0), 1), (Compensated(0), 4)];
    let held: [&[_]; 2] = [&first, &[(Done(1), 2), (Compensated(1), 3)]];
    assert_eq!(names(Happened::Fail, &held), []);
    let held: [&[_]; 2] = [&first, &[(Done(1), 2), (Compensated(1), 5)]];
    assert_eq!(names(Happened::Fail, &held), [CompensationOutOfOrder]);
}

#[test]
fn what_a_client_was_told_must_be_so() {
    use SagaAct::*;
    let done = || Happened::Ok(murphy_models::service::txn::Response(vec![None; 2]));
    let whole: [&[_]; 2] = [&[(Done(0), 1)], &[(Done(1), 2), (Completed, 3)]];
    assert_eq!(names(done(), &whole), []);
    assert_eq!(names(Happened::Fail, &whole), [DecisionReversed]);
    let half: [&[_]; 1] = [&[(Done(0), 1)]];
    assert_eq!(names(done(), &half), [UnfinishedSaga]);
    assert_eq!(names(Happened::Fail, &half), [MissingCompensation]);
    assert_eq!(names(Happened::Info, &half), [UnfinishedSaga]);
}

#[test]
fn a_protocol_without_sagas_is_not_judged() {
    assert!(judge(Happened::Info, &[&[]]).is_unknown());
}
