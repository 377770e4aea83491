//! What an event depends on, and orders across keys, on runs drawn by hand.

use murphy_checkers::AnomalyName;
use murphy_models::service::events::Key;
use murphy_sim::{CallId, ClientId, HistoryEvent, NodeId, Probability, Time};

use super::*;
use crate::{
    language::{KeyChoice, NodeChoice},
    workload::{Demand, Pace},
};

/// A call and its answer; none where nobody knows.
type Asked = (u32, Request, Option<Response>);

fn publish(client: u32, key: Key, event: EventId) -> Asked {
    let request = Request::Publish { key, event };
    (client, request, Some(Response::Published))
}

fn read(client: u32, key: Key, events: &[EventId]) -> Asked {
    let answer = Response::Applied(events.to_vec());
    (client, Request::Read { key }, Some(answer))
}

fn judge(check: HistoryCheck, asked: &[Asked], held: &[&[&[EventId]]]) -> Vec<AnomalyName> {
    let mut history = Vec::new();
    for (number, (client, request, answer)) in (0..).zip(asked) {
        let mut push = |at: u64, what| {
            history.push(HistoryEvent {
                time: Time(u64::from(number) * 10 + at),
                process: *client,
                client: ClientId(*client),
                call: CallId {
                    client: ClientId(*client),
                    number,
                },
                what,
            });
        };
        push(0, Happened::Invoke(request.clone()));
        push(5, answer.clone().map_or(Happened::Info, Happened::Ok));
    }
    let view = |keys: &&[&[EventId]]| (0..).zip(keys.iter().map(|line| line.to_vec())).collect();
    let held: Vec<_> = (0..)
        .map(NodeId)
        .zip(
            held.iter()
                .map(|keys| murphy_sim::View::replica(view(keys))),
        )
        .collect();
    let demand = Demand {
        clients: 4,
        pace: Pace::Rate(1),
        keys: 3,
        key_choice: KeyChoice::Uniform,
        route: NodeChoice::Sticky,
        reads: Probability::per_mille(500),
        ops_max: 1,
        from: Time(0),
        until: Time(900),
        final_reads: None,
    };
    let seen = Seen {
        held: &held,
        ..Seen::quiet(&history, &demand)
    };
    <Request as Served>::judge(check, &seen).names()
}

#[test]
fn an_answer_before_its_question_breaks_causal_delivery_and_no_order_of_producers() {
    let asked = [publish(0, 0, 1), read(1, 0, &[1]), publish(1, 0, 2)];
    let held: &[&[&[EventId]]] = &[&[&[1, 2]], &[&[2, 1]]];
    let names = |check| judge(check, &asked, held);
    assert_eq!(
        names(HistoryCheck::CausalDelivery),
        [AnomalyName::CausalOrder]
    );
    assert_eq!(names(HistoryCheck::ProducerOrder), []);
    assert_eq!(names(HistoryCheck::Delivery), []);
    assert_eq!(names(HistoryCheck::TotalOrder), [AnomalyName::TotalOrder]);
}

#[test]
fn causes_count_across_keys_where_no_order_of_the_keys_can_be_right() {
    // 1 of key 0, then 2 of key 1, then 3 of key 0, each after the one before.
    let asked = [publish(0, 0, 1), publish(0, 1, 2), publish(0, 0, 3)];
    let right: &[&[&[EventId]]] = &[&[&[1, 3], &[2]]];
    let wrong: &[&[&[EventId]]] = &[&[&[3, 1], &[2]]];
    for check in [HistoryCheck::CausalDelivery, HistoryCheck::ProducerOrder] {
        assert_eq!(judge(check, &asked, right), []);
        assert!(!judge(check, &asked, wrong).is_empty());
    }
    // Keys that were heard of the other way round, one by one, tell nothing.
    let asked = [publish(0, 1, 1), publish(0, 0, 2)];
    assert_eq!(
        judge(HistoryCheck::CausalDelivery, &asked, &[&[&[2], &[1]]]),
        []
    );
}

#[test]
fn an_event_whose_publication_ended_unknown_is_no_cause() {
    let mut unknown = publish(0, 0, 1);
    unknown.2 = None;
    let asked = [unknown, publish(0, 0, 2)];
    let held: &[&[&[EventId]]] = &[&[&[2, 1]]];
    assert_eq!(judge(HistoryCheck::CausalDelivery, &asked, held), []);
    assert_eq!(judge(HistoryCheck::ProducerOrder, &asked, held), []);
}

#[test]
fn losses_repetitions_and_disagreements_are_told_apart() {
    let asked = [publish(0, 0, 1), publish(0, 0, 2)];
    let lost: &[&[&[EventId]]] = &[&[&[1, 2]], &[&[1]]];
    assert_eq!(
        judge(HistoryCheck::AtLeastOnce, &asked, lost),
        [AnomalyName::LostEvent]
    );
    assert_eq!(judge(HistoryCheck::AtMostOnce, &asked, lost), []);
    assert_eq!(
        judge(HistoryCheck::Agreement, &asked, lost),
        [AnomalyName::DeliveryDisagreement]
    );
    let twice: &[&[&[EventId]]] = &[&[&[1, 2, 1]]];
    assert_eq!(judge(HistoryCheck::AtLeastOnce, &asked, twice), []);
    assert_eq!(
        judge(HistoryCheck::AtMostOnce, &asked, twice),
        [AnomalyName::DuplicateEffect]
    );
    assert_eq!(
        judge(HistoryCheck::OrderedDelivery, &asked, &[&[&[2, 1]]]),
        [AnomalyName::OutOfOrder]
    );
}
