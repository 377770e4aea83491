//! Logs, drawn by hand: one good history and the same with one thing wrong.

use super::*;
use LogEnd::{Failed, Ok, Unknown};
use LogOperation as Op;

#[track_caller]
fn expect(operations: &[LogOperation], names: &[AnomalyName]) {
    let verdict = check(operations, &LogPromise::strict());
    assert_eq!(verdict.names(), names, "{verdict:#?}");
}

fn send(partition: Partition, message: Message, offset: Offset) -> LogStep {
    LogStep::Send {
        partition,
        message,
        offset: Some(offset),
    }
}

fn poll(partition: Partition, got: &[(Offset, Message)]) -> LogStep {
    let Op {
        act: LogAct::Steps(mut steps),
        ..
    } = Op::polled(0, partition, got)
    else {
        unreachable!("a poll is made of steps")
    };
    steps.remove(0)
}

/// Messages 10, 11, 12 at offsets 0, 1, 2 of partition 7.
fn three() -> Vec<LogOperation> {
    vec![
        Op::sent(0, 7, 10, 0),
        Op::sent(0, 7, 11, 1),
        Op::sent(0, 7, 12, 2),
    ]
}

fn three_and(more: impl IntoIterator<Item = LogOperation>) -> Vec<LogOperation> {
    three().into_iter().chain(more).collect()
}

#[test]
fn what_is_sent_and_polled_in_order_holds() {
    let polls = [
        Op::polled(1, 7, &[(0, 10), (1, 11)]),
        Op::polled(1, 7, &[(2, 12)]),
    ];
    expect(&three_and(polls), &[]);
    expect(&[], &[]);
}

#[test]
fn holes_that_nobody_filled_are_no_skips() {
    let operations = [
        Op::sent(0, 7, 10, 0),
        Op::sent(0, 7, 11, 5),
        Op::polled(1, 7, &[(0, 10), (5, 11)]),
    ];
    expect(&operations, &[]);
}

#[test]
fn a_message_below_what_was_polled_and_never_polled_is_lost() {
    let polls = [Op::polled(1, 7, &[(0, 10)]), Op::polled(2, 7, &[(2, 12)])];
    expect(&three_and(polls), &[LostWrite]);
}

#[test]
fn a_message_above_what_was_polled_is_unseen() {
    let operations = three_and([Op::polled(1, 7, &[(0, 10), (1, 11)])]);
    expect(&operations, &[UnseenMessage]);
    let unfinished = LogPromise::strict().unfinished();
    assert_eq!(check(&operations, &unfinished), Verdict::Holds);
}

#[test]
fn an_unknown_transaction_counts_once_one_of_its_messages_is_polled() {
    let txn = Op::steps(0, Unknown, vec![send(7, 10, 0), send(7, 11, 1)]);
    expect(std::slice::from_ref(&txn), &[]);
    let operations = [txn, Op::polled(1, 7, &[(1, 11)])];
    expect(&operations, &[LostWrite]);
    let dirty = LogPromise::strict().read_uncommitted();
    assert_eq!(check(&operations, &dirty), Verdict::Holds);
}

#[test]
fn a_message_whose_sending_failed_may_not_be_polled() {
    let operations = [Op::send(0, 7, 10, Failed), Op::polled(1, 7, &[(0, 10)])];
    expect(&operations, &[AbortedRead]);
    expect(&[Op::polled(1, 7, &[(0, 10)])], &[PhantomMessage]);
    let retried = [
        Op::send(0, 7, 10, Failed),
        Op::send(0, 7, 10, Unknown),
        Op::polled(1, 7, &[(0, 10)]),
    ];
    expect(&retried, &[]);
}

#[test]
fn a_transaction_does_not_see_what_it_has_not_committed() {
    let own = Op::steps(0, Ok, vec![send(7, 10, 0), poll(7, &[(0, 10)])]);
    expect(&[own], &[PrecommittedRead]);
}

#[test]
fn an_offset_holds_one_message() {
    let operations = [
        Op::sent(0, 7, 10, 0),
        Op::sent(1, 7, 11, 0),
        Op::polled(2, 7, &[(0, 10)]),
        Op::polled(3, 7, &[(0, 11)]),
    ];
    expect(&operations, &[InconsistentOffsets]);
}

#[test]
fn a_message_has_as_many_offsets_as_it_was_sent() {
    let twice = [Op::polled(1, 7, &[(0, 10), (1, 10)])];
    let once = std::iter::once(Op::sent(0, 7, 10, 0));
    let operations: Vec<_> = once.chain(twice.clone()).collect();
    expect(&operations, &[DuplicateMessage]);
    let again = [Op::send(0, 7, 10, Unknown), Op::sent(0, 7, 10, 1)];
    let operations: Vec<_> = again.into_iter().chain(twice).collect();
    expect(&operations, &[]);
}

#[test]
fn polls_of_one_process_go_on_where_the_last_one_ended() {
    let all = Op::polled(9, 7, &[(0, 10), (1, 11), (2, 12)]);
    let skip = [
        all.clone(),
        Op::polled(1, 7, &[(0, 10)]),
        Op::polled(1, 7, &[(2, 12)]),
    ];
    expect(&three_and(skip.clone()), &[ExtPollSkip]);
    let back = [
        all,
        Op::polled(1, 7, &[(1, 11)]),
        Op::polled(1, 7, &[(1, 11)]),
    ];
    expect(&three_and(back.clone()), &[ExtNonMonotonicPoll]);
    for operations in [skip, back] {
        let verdict = check(&three_and(operations), &LogPromise::subscribed());
        assert_eq!(verdict, Verdict::Holds);
    }
}

#[test]
fn a_new_assignment_forgets_the_partitions_that_it_has_not() {
    let all = Op::polled(9, 7, &[(0, 10), (1, 11), (2, 12)]);
    let between = |what: LogOperation| {
        three_and([
            all.clone(),
            Op::polled(1, 7, &[(0, 10)]),
            what,
            Op::polled(1, 7, &[(2, 12)]),
        ])
    };
    expect(&between(Op::assign(1, vec![7, 8])), &[ExtPollSkip]);
    expect(&between(Op::assign(2, vec![8])), &[ExtPollSkip]);
    expect(&between(Op::assign(1, vec![8])), &[]);
    expect(&between(Op::reset(1)), &[]);
    let moved = Op::steps(1, Ok, vec![LogStep::Rebalance(vec![7])]);
    expect(&between(moved), &[]);
    // What failed leaves the place alone; after an unknown poll it is not known.
    let failed = |end| Op::steps(1, end, vec![poll(7, &[(1, 11)])]);
    expect(&between(failed(Ok)), &[]);
    expect(&between(failed(Failed)), &[ExtPollSkip]);
    expect(&between(failed(Unknown)), &[]);
}

#[test]
fn the_polls_of_one_operation_follow_each_other() {
    let all = Op::polled(9, 7, &[(0, 10), (1, 11), (2, 12)]);
    let skip = Op::polled(1, 7, &[(0, 10), (2, 12)]);
    expect(&three_and([all.clone(), skip]), &[IntPollSkip]);
    let back = Op::steps(
        1,
        Ok,
        vec![poll(7, &[(0, 10), (1, 11)]), poll(7, &[(0, 10)])],
    );
    expect(&three_and([all.clone(), back]), &[IntNonMonotonicPoll]);
    let steps = vec![
        poll(7, &[(0, 10)]),
        LogStep::Rebalance(vec![7]),
        poll(7, &[(2, 12)]),
    ];
    expect(&three_and([all, Op::steps(1, Ok, steps)]), &[]);
}

#[test]
fn sends_of_one_process_go_up() {
    let all = Op::polled(9, 7, &[(0, 10), (1, 11)]);
    let operations = [Op::sent(0, 7, 11, 1), Op::sent(0, 7, 10, 0), all.clone()];
    expect(&operations, &[ExtNonMonotonicSend]);
    // One that was not acknowledged may arrive at any later time.
    let late = [
        Op::send(0, 7, 11, Unknown),
        Op::sent(0, 7, 10, 0),
        all.clone(),
    ];
    expect(&late, &[]);
    // Where the answer gives no offset, a poll does.
    let silent = [Op::sent(0, 7, 11, 1), Op::send(0, 7, 10, Ok), all.clone()];
    expect(&silent, &[ExtNonMonotonicSend]);
    let inside = Op::steps(0, Ok, vec![send(7, 11, 1), send(7, 10, 0)]);
    expect(&[inside, all], &[IntNonMonotonicSend]);
}

#[test]
fn the_sends_of_one_operation_stand_side_by_side_unless_transactions_interleave() {
    let operations = [
        Op::steps(0, Ok, vec![send(7, 10, 0), send(7, 12, 2)]),
        Op::sent(1, 7, 11, 1),
        Op::polled(9, 7, &[(0, 10), (1, 11), (2, 12)]),
    ];
    expect(&operations, &[IntSendSkip]);
    let verdict = check(&operations, &LogPromise::transactional());
    assert_eq!(verdict, Verdict::Holds);
}

#[test]
fn modes_allow_what_they_say_and_no_more() {
    let lost = three_and([Op::polled(1, 7, &[(0, 10)]), Op::polled(1, 7, &[(2, 12)])]);
    assert_eq!(check(&lost, &LogPromise::at_most_once()), Verdict::Holds);
    let names = check(&lost, &LogPromise::at_least_once()).names();
    assert_eq!(names, [LostWrite]);
    let everything = LogPromise::strict().allowing(LOG_ANOMALIES.iter().copied());
    let phantom = [Op::polled(1, 7, &[(0, 10)])];
    assert_eq!(check(&phantom, &everything).names(), [PhantomMessage]);
}

#[test]
fn the_evidence_names_the_operations_of_the_caller() {
    let operations = [
        Op::send(0, 7, 10, Failed).numbered(40),
        Op::polled(1, 7, &[(0, 10)]).numbered(41),
    ];
    let verdict = check(&operations, &LogPromise::strict());
    assert_eq!(verdict.anomalies()[0].operations, [40, 41]);
    assert_eq!(
        verdict.anomalies()[0].to_string(),
        "aborted-read: message 10 of partition 7 was polled, and its sending failed
  #40 send 10 to 7 (process 0, failed)
  #41 poll [10 at 0 of 7] (process 1)"
    );
}
