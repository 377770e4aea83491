//! Reactions of a backup.

use murphy_sim::{Process, Reply, Span};

use super::*;

/// Node 1 after a restart as it was in epoch 1, with one write that nobody else has.
fn with_a_tail(mutant: Option<Mutant>) -> (React, PrimaryBackup) {
    let disk = [
        Record::Epoch(Epoch(1)),
        Record::Entry(opening(1)),
        Record::Entry(entry(1, 0, 1)),
        Record::Entry(entry(1, 1, 2)),
    ];
    let mut node = React::new(N1, 4);
    let (process, _) = node.start(&config(Mode::Synchronous, mutant), &disk);
    (node, process)
}

fn wait_for_primary() -> Effect<PrimaryBackup> {
    Effect::SetTimer {
        timer: Timer::Hello,
        after: Span::millis(200),
    }
}

#[test]
fn a_backup_says_that_it_has_an_entry_when_it_is_on_its_disk() {
    let mut node = React::new(N1, 4);
    let (mut process, _) = node.start::<PrimaryBackup>(&config(Mode::Synchronous, None), &[]);
    let first = append(1, 1, position(0, 0), vec![opening(1)], 0);
    assert_eq!(
        node.on_message(&mut process, N0, first.clone()),
        [
            written(Record::Epoch(Epoch(1))),
            wait_for_primary(),
            written(Record::Entry(opening(1))),
            Effect::Sync,
        ]
    );
    assert_eq!(node.on_synced(&mut process), [send(N0, appended(1, 1, 1))]);
    assert_eq!(
        node.on_message(&mut process, N0, first),
        [send(N0, appended(1, 1, 1))],
        "it was sent again, and is on the disk already"
    );
}

#[test]
fn a_returned_primary_cuts_off_the_tail_that_its_successor_does_not_have() {
    let (mut node, mut process) = with_a_tail(None);
    let change = append(2, 1, position(1, 2), vec![opening(2), entry(2, 2, 3)], 3);
    let effects = node.on_message(&mut process, N0, change);
    assert_eq!(
        effects,
        [
            written(Record::Epoch(Epoch(2))),
            wait_for_primary(),
            written(Record::Cut { keep: 2 }),
            Effect::Reached { label: "tail-cut" },
            written(Record::Entry(opening(2))),
            written(Record::Entry(entry(2, 2, 3))),
            Effect::Reached { label: "rejoin" },
            Effect::Sync,
        ]
    );
    assert_eq!(node.on_synced(&mut process), [send(N0, appended(2, 1, 4))]);
}

#[test]
fn catch_up_skips_the_tail_says_that_it_has_what_it_has_not() {
    let (mut node, mut process) = with_a_tail(Some(Mutant::CatchUpSkipsTheTail));
    let change = append(2, 1, position(1, 2), vec![opening(2), entry(2, 2, 3)], 4);
    let effects = node.on_message(&mut process, N0, change);
    assert!(!effects.contains(&written(Record::Cut { keep: 2 })));
    assert_eq!(node.on_synced(&mut process), [send(N0, appended(2, 1, 4))]);
    assert_eq!(
        process.view().state.unwrap()[&7],
        3,
        "its own write of 2 is below the successor's"
    );
}

#[test]
fn a_log_that_does_not_reach_the_entries_says_how_far_it_may_agree() {
    let (mut node, mut process) = with_a_tail(None);
    let mismatch = |sequence, length| Message::Mismatch {
        epoch: Epoch(3),
        sequence,
        length,
    };
    let far = append(3, 1, position(2, 9), vec![], 9);
    let effects = node.on_message(&mut process, N0, far);
    assert_eq!(sent(&effects), [(N0, mismatch(1, 3))]);
    let other = append(3, 2, position(2, 3), vec![], 3);
    let effects = node.on_message(&mut process, N0, other);
    assert_eq!(sent(&effects), [(N0, mismatch(2, 0))]);
}

#[test]
fn an_old_primary_is_refused() {
    let (mut node, mut process) = with_a_tail(None);
    let later = Message::Configured(configuration(2, N2));
    node.on_message(&mut process, MONITOR, later);
    let late = append(1, 7, position(1, 3), vec![], 3);
    assert_eq!(
        node.on_message(&mut process, N0, late),
        [send(N0, Message::Refused { epoch: Epoch(2) })]
    );
}

#[test]
fn a_backup_sends_reads_to_the_primary_it_knows() {
    let mutant = Some(Mutant::ReadsOnABackup);
    let answers = [Reply::Redirect(Some(N0)), Reply::Ok(Response::Read(None))];
    for (mutant, answer) in [None, mutant].into_iter().zip(answers) {
        let (mut node, mut process) = with_a_tail(mutant);
        let configured = Message::Configured(configuration(1, N0));
        node.on_message(&mut process, MONITOR, configured);
        assert_eq!(read(&mut node, &mut process), Some(answer));
    }
}
