//! Monitors: drawn histories with known answers, and long ones that no search would end.

use super::super::{SetCall, SetResponse};
use super::*;

type Call = (PileCall<u64>, Option<PileResponse<u64>>, u64, u64);

fn put(value: u64, invoked: u64, returned: u64) -> Call {
    (
        PileCall::Put(value),
        Some(PileResponse::Put),
        invoked,
        returned,
    )
}

fn take(value: Option<u64>, invoked: u64, returned: u64) -> Call {
    let response = Some(PileResponse::Taken(value));
    (PileCall::Take, response, invoked, returned)
}

fn judge(discipline: Discipline, calls: &[Call]) -> Monitored {
    let entries: Vec<Entry<'_, Pile<u64>>> = calls
        .iter()
        .map(|(call, response, invoked, returned)| Entry {
            call,
            response: response.as_ref(),
            invoked: *invoked,
            returned: *returned,
        })
        .collect();
    monitor_pile(discipline, &entries)
}

const QUEUE: Discipline = Discipline::FirstInFirstOut;
const STACK: Discipline = Discipline::LastInFirstOut;

#[test]
fn what_is_put_first_is_taken_first_from_a_queue_and_last_from_a_stack() {
    let calls = [
        put(1, 0, 1),
        put(2, 2, 3),
        take(Some(1), 4, 5),
        take(Some(2), 6, 7),
    ];
    assert_eq!(judge(QUEUE, &calls), Monitored::Legal);
    assert_eq!(judge(STACK, &calls), Monitored::Illegal(vec![0, 2, 1, 3]));
    let calls = [
        put(1, 0, 1),
        put(2, 2, 3),
        take(Some(2), 4, 5),
        take(Some(1), 6, 7),
    ];
    assert_eq!(judge(QUEUE, &calls), Monitored::Illegal(vec![0, 3, 1, 2]));
    assert_eq!(judge(STACK, &calls), Monitored::Legal);
}

#[test]
fn nothing_is_found_only_while_nothing_need_be_there() {
    // One value or the other is there from 20 to 80.
    let around = |from, to| {
        [
            put(1, 10, 20),
            put(2, 15, 30),
            take(Some(1), 40, 50),
            take(Some(2), 80, 90),
            take(None, from, to),
        ]
    };
    for discipline in [QUEUE, STACK] {
        let covered = judge(discipline, &around(21, 79));
        assert_eq!(covered, Monitored::Illegal(vec![0, 1, 2, 3, 4]));
        assert_eq!(judge(discipline, &around(19, 79)), Monitored::Legal);
        assert_eq!(judge(discipline, &around(21, 81)), Monitored::Legal);
    }
}

#[test]
fn a_value_is_put_once_and_taken_once() {
    let twice = [put(1, 0, 1), take(Some(1), 2, 3), take(Some(1), 4, 5)];
    assert_eq!(judge(QUEUE, &twice), Monitored::Illegal(vec![0, 1, 2]));
    let never = [put(1, 0, 1), take(Some(2), 2, 3)];
    assert_eq!(judge(QUEUE, &never), Monitored::Illegal(vec![1]));
    let early = [take(Some(1), 0, 1), put(1, 2, 3)];
    assert_eq!(judge(STACK, &early), Monitored::Illegal(vec![1, 0]));
    let again = [put(1, 0, 1), put(1, 2, 3), take(Some(1), 4, 5)];
    assert_eq!(judge(QUEUE, &again), Monitored::Unsuited);
}

#[test]
fn an_unknown_take_may_have_taken_what_is_in_the_way() {
    let mut calls = vec![put(1, 0, 1), put(2, 2, 3), take(Some(2), 6, 7)];
    assert!(matches!(judge(QUEUE, &calls), Monitored::Illegal(_)));
    calls.push((PileCall::Take, None, 4, u64::MAX));
    assert_eq!(judge(QUEUE, &calls), Monitored::Unsuited);
}

#[test]
fn a_long_history_of_many_clients_is_decided() {
    // Each call overlaps with about twenty others; the stack grows as high as half of all.
    let height = 50_000;
    let mut calls = Vec::new();
    for value in 0..height {
        calls.push(put(value, value * 40, value * 40 + 797));
    }
    let top = height * 40 + 1_000;
    for value in 0..height {
        let begin = top + (height - value) * 40 + 11;
        calls.push(take(Some(value), begin, begin + 790));
    }
    assert_eq!(judge(STACK, &calls), Monitored::Legal);
    assert!(matches!(judge(QUEUE, &calls), Monitored::Illegal(places) if places.len() == 4));
    // Two values far apart change places.
    let (low, high) = (calls[50_100].clone(), calls[90_000].clone());
    (calls[50_100].2, calls[50_100].3) = (high.2, high.3);
    (calls[90_000].2, calls[90_000].3) = (low.2, low.3);
    let Monitored::Illegal(places) = judge(STACK, &calls) else {
        panic!("a stack gives back the last first");
    };
    assert!(places.len() <= 8, "the evidence is small: {places:?}");
}

type SetEvent = (SetCall<u64>, Option<SetResponse<u64>>, u64, u64);

#[test]
fn sets_that_grow_are_seen_to_grow() {
    let add = |value, invoked, returned| {
        (
            SetCall::Add(value),
            Some(SetResponse::Done),
            invoked,
            returned,
        )
    };
    let read = |elements: &[u64], invoked, returned| {
        let elements = SetResponse::Elements(elements.iter().copied().collect());
        (SetCall::Read, Some(elements), invoked, returned)
    };
    let judge = |calls: &[SetEvent]| {
        let entries: Vec<Entry<'_, super::super::Set<u64>>> = calls
            .iter()
            .map(|(call, response, invoked, returned)| Entry {
                call,
                response: response.as_ref(),
                invoked: *invoked,
                returned: *returned,
            })
            .collect();
        monitor_set(&entries)
    };
    let both = [add(1, 0, 9), add(2, 1, 10)];
    let with = |reads: Vec<_>| [both.to_vec(), reads].concat();
    assert_eq!(
        judge(&with(vec![read(&[1], 2, 3), read(&[1, 2], 4, 5)])),
        Monitored::Legal
    );
    // Two readers see two additions in opposite orders.
    let fork = judge(&with(vec![read(&[1], 2, 3), read(&[2], 4, 5)]));
    assert_eq!(fork, Monitored::Illegal(vec![0, 1, 2, 3]));
    let back = judge(&with(vec![read(&[1, 2], 2, 3), read(&[1], 4, 5)]));
    assert!(matches!(back, Monitored::Illegal(_)), "{back:?}");
    let lost = judge(&[add(1, 0, 1), read(&[], 2, 3)]);
    assert_eq!(lost, Monitored::Illegal(vec![0, 1]));
    let removed = (SetCall::Remove(1), Some(SetResponse::Done), 4, 5);
    assert_eq!(judge(&[add(1, 0, 1), removed]), Monitored::Unsuited);
}
