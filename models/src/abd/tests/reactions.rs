//! Reactions of a node: to others, and to its own clients.

use super::*;

#[test]
fn a_write_asks_then_chooses_then_tells_and_its_own_disk_is_first() {
    let (mut node, mut process) = start(N1, None);
    let effects = node.on_request(&mut process, call(1), write(2));
    assert_eq!(sent(&effects), [(N0, query(0)), (N2, query(0))]);
    let theirs = Some(tagged(4, N2, 1));
    let effects = node.on_message(&mut process, N2, found(0, theirs));
    let ours = tagged(5, N1, 2);
    assert!(effects.contains(&held(ours)) && sent(&effects).is_empty());
    let effects = node.on_synced(&mut process);
    let told = update(0, ours);
    assert_eq!(sent(&effects), [(N0, told), (N2, told)]);
    let effects = node.on_message(&mut process, N0, updated(0));
    assert!(effects.contains(&answer(1, Response::Written)));
}

#[test]
fn nobody_hears_of_a_write_before_its_own_disk_has_it() {
    let (mut node, mut process) = start(N1, None);
    node.on_request(&mut process, call(1), write(2));
    node.on_message(&mut process, N2, found(0, None));
    let effects = node.on_message(&mut process, N2, query(7));
    assert_eq!(sent(&effects), [(N2, found(7, None))]);
    node.on_synced(&mut process);
    let effects = node.on_message(&mut process, N2, query(8));
    assert_eq!(sent(&effects), [(N2, found(8, Some(tagged(1, N1, 2))))]);
}

#[test]
fn a_write_that_waits_for_the_disk_gives_way_to_a_later_one() {
    let (mut node, mut process) = start(N1, None);
    node.on_request(&mut process, call(1), write(2));
    node.on_message(&mut process, N2, found(0, None));
    let later = tagged(4, N2, 9);
    node.on_message(&mut process, N2, update(7, later));
    node.on_synced(&mut process);
    let effects = node.on_message(&mut process, N2, query(8));
    assert_eq!(sent(&effects), [(N2, found(8, Some(later)))]);
}

#[test]
fn two_writes_at_one_node_get_two_timestamps() {
    let (mut node, mut process) = start(N0, None);
    for (number, value) in [(0, 10), (1, 11)] {
        node.on_request(&mut process, call(number), write(value));
    }
    let first = node.on_message(&mut process, N1, found(0, None));
    assert!(first.contains(&held(tagged(1, N0, 10))));
    let second = node.on_message(&mut process, N1, found(1, None));
    assert!(second.contains(&held(tagged(2, N0, 11))));
}

#[test]
fn a_read_writes_back_what_it_has_found_but_for_a_mutant() {
    let theirs = tagged(4, N2, 1);
    let answered = answer(1, Response::Read(Some(1)));
    let (mut node, mut process) = start(N1, None);
    node.on_request(&mut process, call(1), READ);
    let effects = node.on_message(&mut process, N2, found(0, Some(theirs)));
    let back = update(0, theirs);
    assert_eq!(sent(&effects), [(N0, back), (N2, back)]);
    assert!(!effects.contains(&answered));
    node.on_message(&mut process, N2, updated(0));
    assert!(node.on_synced(&mut process).contains(&answered));

    let (mut node, mut process) = start(N1, Some(Mutant::AbdReadWithoutWriteBack));
    node.on_request(&mut process, call(1), READ);
    let effects = node.on_message(&mut process, N2, found(0, Some(theirs)));
    assert!(effects.contains(&answered));
}

#[test]
fn a_key_that_was_never_written_is_read_in_one_round_trip() {
    let (mut node, mut process) = start(N1, None);
    node.on_request(&mut process, call(1), READ);
    let effects = node.on_message(&mut process, N0, found(0, None));
    assert!(effects.contains(&answer(1, Response::Read(None))));
}

#[test]
fn a_node_says_that_it_has_an_update_when_its_disk_has_it_but_for_a_mutant() {
    for (mutant, at_once) in [(None, false), (Some(Mutant::AbdAckBeforeSync), true)] {
        let (mut node, mut process) = start(N1, mutant);
        let told = [(N0, updated(0))];
        let effects = node.on_message(&mut process, N0, update(0, tagged(1, N0, 2)));
        assert_eq!(sent(&effects) == told, at_once);
        let effects = node.on_synced(&mut process);
        assert_eq!(sent(&effects) == told, !at_once);
    }
}

#[test]
fn an_older_update_is_acknowledged_and_changes_nothing() {
    let (mut node, mut process) = start(N1, None);
    node.on_message(&mut process, N0, update(0, tagged(3, N0, 2)));
    node.on_synced(&mut process);
    let effects = node.on_message(&mut process, N2, update(0, tagged(2, N2, 9)));
    assert_eq!(effects.len(), 1);
    assert_eq!(sent(&effects), [(N2, updated(0))]);
}

#[test]
fn of_equal_numbers_the_greater_node_wins_but_with_a_mutant_either() {
    let mutant = Some(Mutant::AbdTimestampWithoutNodeId);
    for (mutant, node) in [(None, N1), (mutant, N0)] {
        let (mut react, mut process) = start(N1, mutant);
        react.on_request(&mut process, call(1), write(2));
        let effects = react.on_message(&mut process, N2, found(0, None));
        assert!(effects.contains(&held(tagged(1, node, 2))));
    }
}

#[test]
fn a_late_answer_to_an_operation_before_a_crash_counts_for_nothing() {
    let mut node = React::new(N1, 3);
    node.pass(murphy_sim::Span::secs(1));
    let (mut process, _) = node.start::<Abd>(&config(None), &[]);
    node.on_request(&mut process, call(1), READ);
    let theirs = Some(tagged(4, N2, 1));
    assert_eq!(node.on_message(&mut process, N2, found(0, theirs)), []);
}

#[test]
fn who_has_not_answered_is_asked_again() {
    let (mut node, mut process) = start(N1, None);
    node.on_request(&mut process, call(1), write(2));
    let effects = node.on_timer(&mut process, Timer::Resend(ticket(0)));
    assert_eq!(sent(&effects), [(N0, query(0)), (N2, query(0))]);
}

#[test]
fn compare_and_swap_is_refused() {
    let (mut node, mut process) = start(N1, None);
    let swap = Request::Cas {
        key: KEY,
        from: 1,
        to: 2,
    };
    let refused = Effect::Reply {
        call: call(1),
        reply: Reply::Fail,
    };
    assert_eq!(node.on_request(&mut process, call(1), swap), [refused]);
}
