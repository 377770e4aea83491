use super::*;

/// An event of key 1 and producer 1 that is begun at its number and acknowledged right after.
fn event(event: u64) -> Published {
    Published {
        event,
        key: 1,
        producer: 1,
        begun: event * 10,
        publication: Publication::Acked(event * 10 + 5),
        offset: None,
        depends_on: Vec::new(),
        operation: Some(event as usize),
    }
}

fn arrivals(receiver: u32, events: &[u64]) -> Vec<Arrival> {
    events
        .iter()
        .map(|&event| Arrival {
            receiver,
            event,
            at: 1_000,
        })
        .collect()
}

fn seen(published: &[Published], delivered: &[(u32, &[u64])]) -> Seen {
    Seen {
        published: published.to_vec(),
        delivered: delivered
            .iter()
            .flat_map(|(to, events)| arrivals(*to, events))
            .collect(),
        applied: Vec::new(),
        receivers: delivered.iter().map(|(receiver, _)| *receiver).collect(),
    }
}

const ALL: Promise = Promise {
    no_loss: true,
    agreement: true,
    at_most_once: true,
    effect_once: true,
    effect_always: false,
    order_per_key: true,
    order_per_producer: true,
    causal_order: true,
    total_order: true,
    offsets: true,
};

fn names(seen: &Seen, promise: Promise) -> Vec<AnomalyName> {
    check(seen, promise).names()
}

#[test]
fn all_in_order_once_keeps_every_promise() {
    let seen = seen(&[event(1), event(2)], &[(7, &[1, 2]), (8, &[1, 2])]);
    assert_eq!(check(&seen, ALL), Verdict::Holds);
}

#[test]
fn an_event_that_nobody_published_is_a_phantom() {
    let none = Promise::default();
    assert_eq!(
        names(&seen(&[event(1)], &[(7, &[1, 9])]), none),
        [AnomalyName::PhantomEvent]
    );
    let failed = Published {
        publication: Publication::Failed,
        ..event(1)
    };
    assert_eq!(
        names(&seen(&[failed], &[(7, &[1])]), none),
        [AnomalyName::PhantomEvent]
    );
    let unknown = Published {
        publication: Publication::Unknown,
        ..event(1)
    };
    assert_eq!(names(&seen(&[unknown], &[(7, &[1])]), none), []);
    let later = Published {
        begun: 2_000,
        publication: Publication::Unknown,
        ..event(1)
    };
    assert_eq!(
        names(&seen(&[later], &[(7, &[1])]), none),
        [AnomalyName::PhantomEvent]
    );
}

#[test]
fn an_acknowledged_event_may_not_be_lost() {
    let promise = Promise {
        no_loss: true,
        ..Promise::default()
    };
    let lost = seen(&[event(1)], &[(7, &[1]), (8, &[])]);
    assert_eq!(names(&lost, promise), [AnomalyName::LostEvent]);
    let unknown = Published {
        publication: Publication::Unknown,
        ..event(1)
    };
    assert_eq!(
        names(&seen(std::slice::from_ref(&unknown), &[(7, &[])]), promise),
        []
    );
    let agreement = Promise {
        agreement: true,
        ..Promise::default()
    };
    let half = seen(&[unknown], &[(7, &[1]), (8, &[])]);
    assert_eq!(names(&half, agreement), [AnomalyName::DeliveryDisagreement]);
}

#[test]
fn an_effect_may_be_promised_once_where_deliveries_repeat() {
    let mut twice = seen(&[event(1)], &[(7, &[1, 1])]);
    let promise = Promise {
        effect_once: true,
        effect_always: true,
        ..Promise::default()
    };
    assert_eq!(names(&twice, promise), [AnomalyName::LostEvent]);
    twice.applied = arrivals(7, &[1]);
    assert_eq!(names(&twice, promise), []);
    twice.applied = arrivals(7, &[1, 1]);
    assert_eq!(names(&twice, promise), [AnomalyName::DuplicateEffect]);
    let once = Promise {
        at_most_once: true,
        ..Promise::default()
    };
    assert_eq!(names(&twice, once), [AnomalyName::DuplicateDelivery]);
}

#[test]
fn order_is_that_of_publication_and_of_first_delivery() {
    let promise = Promise {
        order_per_key: true,
        ..Promise::default()
    };
    let swapped = seen(&[event(1), event(2)], &[(7, &[2, 1])]);
    assert_eq!(names(&swapped, promise), [AnomalyName::OutOfOrder]);
    let again = seen(&[event(1), event(2)], &[(7, &[1, 2, 1])]);
    assert_eq!(names(&again, promise), []);
    let overlapping = Published {
        publication: Publication::Acked(500),
        ..event(1)
    };
    assert_eq!(
        names(&seen(&[overlapping, event(2)], &[(7, &[2, 1])]), promise),
        []
    );
    let other_key = Published { key: 2, ..event(2) };
    let swapped = seen(&[event(1), other_key], &[(7, &[2, 1])]);
    assert_eq!(names(&swapped, promise), []);
    let per_producer = Promise {
        order_per_producer: true,
        ..Promise::default()
    };
    assert_eq!(names(&swapped, per_producer), [AnomalyName::OutOfOrder]);
}

#[test]
fn a_cause_comes_before_its_effect() {
    let promise = Promise {
        causal_order: true,
        ..Promise::default()
    };
    let effect = Published {
        depends_on: vec![1],
        ..event(2)
    };
    let published = [event(1), effect];
    assert_eq!(names(&seen(&published, &[(7, &[1, 2])]), promise), []);
    assert_eq!(
        names(&seen(&published, &[(7, &[2, 1])]), promise),
        [AnomalyName::CausalOrder]
    );
    assert_eq!(
        names(&seen(&published, &[(7, &[2])]), promise),
        [AnomalyName::CausalOrder]
    );
}

#[test]
fn all_receivers_share_one_order() {
    let promise = Promise {
        total_order: true,
        ..Promise::default()
    };
    let published = [event(1), event(2), event(3)];
    let split = seen(&published, &[(7, &[1, 2]), (8, &[2, 3, 1])]);
    assert_eq!(names(&split, promise), [AnomalyName::TotalOrder]);
    assert_eq!(
        names(&seen(&published, &[(7, &[1, 3]), (8, &[1, 2, 3])]), promise),
        []
    );
}

#[test]
fn an_offset_belongs_to_one_event() {
    let promise = Promise {
        offsets: true,
        ..Promise::default()
    };
    let at = |number, offset| Published {
        offset: Some((0, offset)),
        ..event(number)
    };
    assert_eq!(names(&seen(&[at(1, 0), at(2, 1)], &[]), promise), []);
    let twice = seen(&[at(1, 0), at(2, 0)], &[]);
    assert_eq!(names(&twice, promise), [AnomalyName::OffsetReused]);
    let hole = seen(&[at(1, 0), at(2, 2)], &[]);
    assert_eq!(names(&hole, promise), [AnomalyName::OffsetGap]);
}
