use super::*;
use crate::history::Process;
use crate::linearizable::{SetCall, SetResponse};
use crate::transactions::{MicroOp, Txn, TxnHistory};

/// Operations one after the other.
fn serial<C, R>(steps: Vec<(C, Option<R>)>) -> History<C, R> {
    let mut builder = History::builder();
    for (number, (call, response)) in (0_u64..).zip(steps) {
        builder
            .invoke(Process(0), number * 2, call)
            .expect("nothing is open");
        match response {
            Some(response) => builder.ok(Process(0), number * 2 + 1, response),
            None => builder.info(Process(0), number * 2 + 1),
        }
        .expect("a call is open");
    }
    builder.finish()
}

#[test]
fn an_id_is_given_once() {
    let ids = |given: &[i32]| serial(given.iter().map(|id| ((), Some(*id))).collect());
    assert_eq!(unique_ids(&ids(&[1, 2, 3])), Verdict::Holds);
    assert_eq!(
        unique_ids(&ids(&[1, 2, 1])).names(),
        [AnomalyName::DuplicateIds]
    );
}

#[test]
fn everything_put_is_taken_once() {
    let put = |value: i32| (PileCall::Put(value), Some(PileResponse::Put));
    let take = |value: i32| (PileCall::Take, Some(PileResponse::Taken(Some(value))));
    let names = |steps| total_queue(&serial(steps)).names();
    assert_eq!(names(vec![put(1), put(2), take(2), take(1)]), []);
    assert_eq!(names(vec![put(1)]), [AnomalyName::LostMessage]);
    assert_eq!(
        names(vec![put(1), take(1), take(1)]),
        [AnomalyName::DuplicateMessage]
    );
    assert_eq!(names(vec![take(1)]), [AnomalyName::PhantomMessage]);
    assert_eq!(names(vec![(PileCall::Put(1), None)]), []);
    assert_eq!(names(vec![(PileCall::Put(1), None), take(1)]), []);
}

#[test]
fn a_counter_is_read_within_its_bounds() {
    let add = |more| (CounterCall::Add(more), Some(CounterResponse::Added));
    let read = |sum| (CounterCall::Read, Some(CounterResponse::Sum(sum)));
    let unknown = |more| (CounterCall::Add(more), None);
    let names = |steps| counter_bounds(0, &serial(steps)).names();
    assert_eq!(
        names(vec![add(2), read(2), unknown(3), read(2), read(5), read(4)]),
        []
    );
    assert_eq!(
        names(vec![add(2), read(1)]),
        [AnomalyName::CounterOutOfBounds]
    );
    assert_eq!(
        names(vec![add(2), read(3)]),
        [AnomalyName::CounterOutOfBounds]
    );
    assert_eq!(names(vec![unknown(-2), read(-2), read(0)]), []);
    assert_eq!(
        names(vec![add(-2), read(0)]),
        [AnomalyName::CounterOutOfBounds]
    );
}

#[test]
fn a_key_that_grows_is_not_seen_to_shrink() {
    let read = |value: i32| ((), Some(vec![("x", value)]));
    assert_eq!(
        monotonic_keys(&serial(vec![read(1), read(1), read(2)])),
        Verdict::Holds
    );
    let verdict = monotonic_keys(&serial(vec![read(2), read(1)]));
    assert_eq!(verdict.names(), [AnomalyName::NonMonotonicKey]);
}

#[test]
fn elements_are_lost_or_stale_or_nobodys() {
    let add = |value: i32| (SetCall::Add(value), Some(SetResponse::Done));
    let read = |values: &[i32]| {
        (
            SetCall::Read,
            Some(SetResponse::Elements(values.iter().copied().collect())),
        )
    };
    let names = |steps| set_full(&serial(steps)).verdict.names();
    assert_eq!(names(vec![add(1), read(&[1]), add(2), read(&[1, 2])]), []);
    assert_eq!(
        names(vec![add(1), read(&[]), read(&[1])]),
        [AnomalyName::StaleElement]
    );
    assert_eq!(
        names(vec![add(1), read(&[1]), read(&[])]),
        [AnomalyName::LostElement]
    );
    assert_eq!(names(vec![add(1), read(&[])]), [AnomalyName::NeverRead]);
    assert_eq!(names(vec![read(&[7])]), [AnomalyName::PhantomElement]);
    assert_eq!(names(vec![(SetCall::Add(1), None), read(&[])]), []);
    assert!(set_full(&serial(vec![add(1)])).verdict.is_unknown());
    let late = set_full(&serial(vec![read(&[]), add(1)]));
    assert_eq!((late.verdict, late.never_read), (Verdict::Holds, 1));
    let stale = set_full(&serial(vec![add(1), read(&[]), read(&[1])]));
    assert_eq!(
        stale.stable_latencies,
        [1],
        "known at 1 ns, absent from a read at 2 ns"
    );
}

#[test]
fn two_readers_may_not_see_two_writes_in_opposite_orders() {
    let txn = |steps: Txn| (steps.clone(), Some(steps));
    let read = |x, y| txn(vec![MicroOp::Read(1, x), MicroOp::Read(2, y)]);
    let writes = [
        txn(vec![MicroOp::Write(1, 1)]),
        txn(vec![MicroOp::Write(2, 1)]),
    ];
    let judge = |reads: Vec<(Txn, Option<Txn>)>| {
        let history: TxnHistory = serial(writes.iter().cloned().chain(reads).collect());
        long_fork(&history).names()
    };
    assert_eq!(
        judge(vec![
            read(None, None),
            read(Some(1), None),
            read(Some(1), Some(1))
        ]),
        []
    );
    assert_eq!(
        judge(vec![read(Some(1), None), read(None, Some(1))]),
        [AnomalyName::LongFork]
    );
}
