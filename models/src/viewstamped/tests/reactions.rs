//! Reactions of a replica, status by status.

use murphy_sim::{Process, Reply};

use super::*;

#[test]
fn an_operation_is_committed_when_f_backups_have_it_but_for_a_mutant() {
    let mutant = Some(Mutant::VrCommitsWithoutAMajority);
    for (mutant, alone) in [(None, false), (mutant, true)] {
        let (mut node, mut process) = installed(N0, mutant);
        let effects = node.on_request(&mut process, call(1), write(2));
        assert_eq!(effects.contains(&answer(1)), alone);
        let operation = prepare(0, 0, &[entry(0, 1, 2)], 0);
        assert_eq!(sent(&effects), [(N1, operation.clone()), (N2, operation)]);
        let effects = node.on_message(&mut process, N2, prepare_ok(0, 1));
        assert_eq!(effects.contains(&answer(1)), !alone);
    }
}

#[test]
fn a_backup_takes_operations_in_order_and_asks_for_what_it_has_missed() {
    let (mut node, mut process) = installed(N1, None);
    let late = prepare(0, 1, &[entry(0, 2, 3)], 1);
    let get = Message::GetState {
        view: ViewNumber(0),
        length: 0,
    };
    let effects = node.on_message(&mut process, N0, late);
    assert_eq!(sent(&effects), [(N0, get)]);
    let state = Message::NewState {
        view: ViewNumber(0),
        previous: 0,
        entries: vec![entry(0, 1, 2), entry(0, 2, 3)],
        committed: 1,
    };
    let effects = node.on_message(&mut process, N0, state);
    assert_eq!(sent(&effects), [(N0, prepare_ok(0, 2))]);
    assert_eq!(process.view().state.unwrap()[&7], 2, "one is committed");
}

#[test]
fn a_call_that_is_asked_for_again_is_not_done_again_but_by_a_mutant() {
    let mutant = Some(Mutant::VrClientTableForgotten);
    for (mutant, again) in [(None, 0), (mutant, 2)] {
        let (mut node, mut process) = installed(N0, mutant);
        node.on_request(&mut process, call(1), write(2));
        let effects = node.on_request(&mut process, call(1), write(2));
        assert_eq!(sent(&effects).len(), again);
    }
    let (mut node, mut process) = installed(N0, None);
    node.on_request(&mut process, call(1), write(2));
    node.on_message(&mut process, N1, prepare_ok(0, 1));
    let effects = node.on_request(&mut process, call(1), write(2));
    assert_eq!(effects, [answer(1)], "it is committed");
}

#[test]
fn a_replica_says_that_it_wants_a_view_when_its_disk_says_so_too() {
    let (mut node, mut process) = installed(N2, None);
    assert_eq!(sent(&node.on_timer(&mut process, Timer::Watch)), []);
    let effects = node.on_timer(&mut process, Timer::Watch);
    assert_eq!(sent(&effects), [], "it was not heard since the last look");
    let record = Record::View(ViewNumber(1));
    assert!(effects.contains(&Effect::Append { record }));
    let effects = node.on_message(&mut process, N0, start_view_change(1));
    assert_eq!(sent(&effects), []);
    let effects = node.on_synced(&mut process);
    let told = do_view_change(1, 0, whole(&[], 0));
    let wants = start_view_change(1);
    assert_eq!(
        sent(&effects),
        [(N0, wants.clone()), (N1, wants), (N1, told)]
    );
}

#[test]
fn a_view_starts_with_the_log_of_the_latest_view_but_for_a_mutant() {
    let mutant = Some(Mutant::VrStartsViewWithAStaleLog);
    for mutant in [None, mutant] {
        let (mut node, mut process) = installed(N1, mutant);
        let operations = [entry(0, 1, 2), entry(0, 2, 3)];
        node.on_message(&mut process, N0, prepare(0, 0, &operations[..1], 0));
        let told = do_view_change(1, 0, whole(&operations, 1));
        let effects = node.on_message(&mut process, N2, told);
        assert_eq!(sent(&effects), [], "its own promise is not on its disk");
        let effects = node.on_synced(&mut process);
        let log = if mutant.is_some() {
            whole(&operations[..1], 1)
        } else {
            whole(&operations, 1)
        };
        let start = Message::StartView {
            view: ViewNumber(1),
            log,
        };
        assert!(sent(&effects).contains(&(N0, start)));
        assert_eq!(process.role().0, "primary");
    }
}

#[test]
fn a_replica_that_has_missed_a_view_change_keeps_only_what_is_committed() {
    let (mut node, mut process) = installed(N0, None);
    node.on_request(&mut process, call(1), write(2));
    let operation = prepare(1, 1, &[entry(1, 3, 4)], 1);
    let effects = node.on_message(&mut process, N1, operation);
    let get = Message::GetState {
        view: ViewNumber(1),
        length: 0,
    };
    assert_eq!(sent(&effects), [(N1, get)]);
    let state = Message::NewState {
        view: ViewNumber(1),
        previous: 0,
        entries: vec![entry(0, 1, 9), entry(1, 3, 4)],
        committed: 2,
    };
    let effects = node.on_message(&mut process, N1, state);
    assert_eq!(sent(&effects), [(N1, prepare_ok(1, 2))]);
    assert_eq!(process.view().state.unwrap()[&7], 4);
}

/// Node 2 after a crash in the view on its disk, and the nonce of its recovery.
fn recovering(mutant: Option<Mutant>, view: u64) -> (React, Viewstamped, Nonce) {
    let mut node = React::new(N2, 3);
    let disk = [Record::View(ViewNumber(0)), Record::View(ViewNumber(view))];
    let (process, effects) = node.start::<Viewstamped>(&config(mutant), &disk);
    let nonce = sent(&effects)
        .into_iter()
        .find_map(|(_, message)| match message {
            Message::Recovery { nonce, promised } => {
                let forgets = mutant == Some(Mutant::VrViewNumberForgotten);
                assert_eq!(promised.0, if forgets { 0 } else { view });
                Some(nonce)
            }
            _ => None,
        });
    (node, process, nonce.unwrap())
}

fn response(view: u64, nonce: Nonce, log: Option<Whole>) -> Message {
    Message::RecoveryResponse {
        view: ViewNumber(view),
        nonce,
        log,
    }
}

#[test]
fn a_replica_without_memory_goes_on_when_a_majority_and_the_primary_have_answered() {
    let (mut node, mut process, nonce) = recovering(None, 0);
    let log = whole(&[entry(0, 1, 2)], 1);
    node.on_message(&mut process, N0, response(0, nonce, Some(log)));
    assert_eq!(process.role().0, "recovering");
    node.on_message(&mut process, N1, response(0, nonce, None));
    assert_eq!(process.role().0, "backup");
    assert_eq!(process.view().state.unwrap()[&7], 2);
}

#[test]
fn answers_to_another_recovery_count_for_nothing_but_with_a_mutant() {
    let mutant = Some(Mutant::VrRecoveryWithoutANonce);
    for (mutant, role) in [(None, "recovering"), (mutant, "backup")] {
        let (mut node, mut process, nonce) = recovering(mutant, 0);
        let other = Nonce(nonce.0 ^ 1);
        node.on_message(&mut process, N0, response(0, other, Some(whole(&[], 0))));
        node.on_message(&mut process, N1, response(0, other, None));
        assert_eq!(process.role().0, role);
    }
}

#[test]
fn a_log_of_an_earlier_view_is_not_taken_for_that_of_the_latest_though_its_primary_sent_it() {
    let (mut node, mut process, nonce) = recovering(None, 0);
    let log = whole(&[entry(0, 1, 2)], 1);
    node.on_message(&mut process, N0, response(0, nonce, Some(whole(&[], 0))));
    node.on_message(&mut process, N1, response(3, nonce, None));
    assert_eq!(process.role().0, "recovering", "node 0 is primary of both");
    node.on_message(&mut process, N0, response(3, nonce, Some(log)));
    assert_eq!(process.role().0, "backup");
    assert_eq!(process.view().state.unwrap()[&7], 2);
}

#[test]
fn a_replica_recovers_into_no_view_before_the_one_it_voted_for_but_as_a_mutant() {
    let mutant = Some(Mutant::VrViewNumberForgotten);
    for (mutant, role) in [(None, "recovering"), (mutant, "backup")] {
        let (mut node, mut process, nonce) = recovering(mutant, 1);
        node.on_message(&mut process, N0, response(0, nonce, Some(whole(&[], 0))));
        node.on_message(&mut process, N1, response(0, nonce, None));
        assert_eq!(process.role().0, role);
    }
    let (mut node, mut process) = installed(N1, None);
    let asked = Message::Recovery {
        nonce: Nonce(1),
        promised: ViewNumber(1),
    };
    node.on_message(&mut process, N2, asked);
    assert_eq!(process.role().0, "view-change", "it goes there too");
}

#[test]
fn a_replica_without_memory_takes_part_in_nothing() {
    let (mut node, mut process, _) = recovering(None, 0);
    for message in [
        prepare(0, 0, &[entry(0, 1, 2)], 0),
        start_view_change(1),
        do_view_change(2, 0, whole(&[], 0)),
    ] {
        assert_eq!(node.on_message(&mut process, N0, message), []);
    }
    let effects = node.on_request(&mut process, call(1), write(2));
    let redirect = Effect::Reply {
        call: call(1),
        reply: Reply::Redirect(None),
    };
    assert!(effects.contains(&redirect));
}
