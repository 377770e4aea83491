//! Reactions of a primary.

use murphy_sim::{Reply, Span};

use super::*;

fn answer(number: u32) -> Effect<PrimaryBackup> {
    Effect::Reply {
        call: call(number),
        reply: Reply::Ok(Response::Written),
    }
}

#[test]
fn a_new_primary_says_nothing_before_its_first_entry_is_on_its_disk() {
    let mut node = React::new(N0, 4);
    let config = config(Mode::Synchronous, None);
    let (mut process, effects) = node.start::<PrimaryBackup>(&config, &[]);
    let hello = Effect::SetTimer {
        timer: Timer::Hello,
        after: Span::millis(200),
    };
    assert_eq!(effects, [hello, send(MONITOR, Message::Hello)]);
    let configured = Message::Configured(configuration(1, N0));
    let effects = node.on_message(&mut process, MONITOR, configured);
    assert_eq!(
        effects,
        [
            Effect::CancelTimer {
                timer: Timer::Hello
            },
            written(Record::Epoch(Epoch(1))),
            written(Record::Entry(opening(1))),
            Effect::Sync,
        ]
    );
    let timer = |timer, millis| Effect::SetTimer {
        timer,
        after: Span::millis(millis),
    };
    let renew = Message::Renew {
        epoch: Epoch(1),
        sent: Time::ZERO,
        wanted: None,
    };
    let first = |sequence| append(1, sequence, position(0, 0), vec![opening(1)], 0);
    assert_eq!(
        node.on_synced(&mut process),
        [
            send(MONITOR, renew),
            timer(Timer::Renew, 100),
            send(N1, first(1)),
            timer(Timer::Send(N1), 25),
            send(N2, first(2)),
            timer(Timer::Send(N2), 25),
        ]
    );
}

#[test]
fn a_synchronous_write_is_answered_when_every_backup_in_sync_has_it() {
    let (mut node, mut process) = serving(config(Mode::Synchronous, None));
    let effects = node.on_request(&mut process, call(1), write(2));
    assert_eq!(
        effects,
        [written(Record::Entry(entry(1, 1, 2))), Effect::Sync]
    );
    let effects = node.on_synced(&mut process);
    let grow = |sequence| append(1, sequence, position(1, 2), vec![entry(1, 1, 2)], 2);
    assert_eq!(sent(&effects), [(N1, grow(5)), (N2, grow(6))]);
    let effects = node.on_message(&mut process, N2, appended(1, 6, 3));
    assert!(!effects.contains(&answer(1)), "n1 does not have it yet");
    let effects = node.on_message(&mut process, N1, appended(1, 5, 3));
    assert!(effects.contains(&answer(1)));
}

#[test]
fn a_semi_synchronous_write_is_answered_with_the_first_backup_that_has_it() {
    let (mut node, mut process) = serving(config(Mode::SemiSynchronous, None));
    node.on_request(&mut process, call(1), write(2));
    assert!(!node.on_synced(&mut process).contains(&answer(1)));
    let effects = node.on_message(&mut process, N2, appended(1, 6, 3));
    assert!(effects.contains(&answer(1)));
}

#[test]
fn an_asynchronous_write_is_answered_when_it_is_on_the_own_disk() {
    let (mut node, mut process) = serving(config(Mode::Asynchronous, None));
    let effects = node.on_request(&mut process, call(1), write(2));
    assert!(!effects.contains(&answer(1)));
    assert!(node.on_synced(&mut process).contains(&answer(1)));
}

#[test]
fn ack_before_replicate_answers_when_only_the_own_disk_has_it() {
    let mutant = Some(Mutant::AckBeforeReplicate);
    let (mut node, mut process) = serving(config(Mode::Synchronous, mutant));
    node.on_request(&mut process, call(1), write(2));
    assert!(node.on_synced(&mut process).contains(&answer(1)));
}

#[test]
fn a_write_that_is_asked_for_again_is_done_once_and_answered_alike() {
    let (mut node, mut process) = serving(config(Mode::Synchronous, None));
    assert_eq!(
        node.on_request(&mut process, call(0), write(1)),
        [answer(0)],
        "it is committed"
    );
    node.on_request(&mut process, call(1), write(2));
    assert_eq!(
        node.on_request(&mut process, call(1), write(2)),
        [],
        "it is on its way"
    );
    assert_eq!(
        node.on_request(&mut process, call(0), write(1)),
        [],
        "its client has gone on"
    );
}

#[test]
fn a_primary_that_slept_looks_at_its_lease_before_it_answers_a_read() {
    let found = Some(Reply::Ok(Response::Read(Some(1))));
    let (mut node, mut process) = serving(config(Mode::Synchronous, None));
    node.pass(Span::millis(499));
    assert_eq!(read(&mut node, &mut process), found);
    node.pass(Span::millis(1));
    assert_eq!(read(&mut node, &mut process), Some(Reply::Redirect(None)));

    let mutant = Some(Mutant::OldPrimaryNotFenced);
    let (mut node, mut process) = serving(config(Mode::Synchronous, mutant));
    node.pass(Span::secs(60));
    assert_eq!(read(&mut node, &mut process), found);
}

#[test]
fn a_wall_clock_that_is_set_back_makes_no_lease_longer() {
    let mutant = Some(Mutant::LeaseOnTheWallClock);
    for (mutant, is_fenced) in [(None, true), (mutant, false)] {
        let (mut node, mut process) = serving(config(Mode::Synchronous, mutant));
        if mutant.is_some() {
            // This one measures the lease from what its wall clock showed.
            let granted = Message::Granted {
                sent: murphy_sim::WALL_EPOCH,
                configuration: configuration(1, N0),
            };
            node.on_message(&mut process, MONITOR, granted);
        }
        node.pass(Span::secs(1));
        node.step_wall_clock(-1_000_000_000);
        let redirected = read(&mut node, &mut process) == Some(Reply::Redirect(None));
        assert_eq!(redirected, is_fenced);
    }
}

#[test]
fn what_is_committed_without_a_lease_is_answered_with_the_next_one() {
    let (mut node, mut process) = serving(config(Mode::Synchronous, None));
    node.on_request(&mut process, call(1), write(2));
    node.on_synced(&mut process);
    node.pass(Span::millis(600));
    node.on_message(&mut process, N1, appended(1, 5, 3));
    let effects = node.on_message(&mut process, N2, appended(1, 6, 3));
    assert!(!effects.contains(&answer(1)));
    let granted = Message::Granted {
        sent: Time::ZERO + Span::millis(590),
        configuration: configuration(1, N0),
    };
    let effects = node.on_message(&mut process, MONITOR, granted);
    assert!(effects.contains(&answer(1)));
}

#[test]
fn a_backup_that_never_answers_holds_writes_up_until_the_monitor_takes_it_out() {
    let (mut node, mut process) = serving(config(Mode::Synchronous, None));
    node.on_request(&mut process, call(1), write(2));
    node.on_synced(&mut process);
    node.on_message(&mut process, N1, appended(1, 5, 3));
    let mut asked = Vec::new();
    for _ in 0..3 {
        asked = sent(&node.on_timer(&mut process, Timer::Send(N2)));
    }
    let without = BTreeSet::from([N0, N1]);
    let renew = Message::Renew {
        epoch: Epoch(1),
        sent: Time::ZERO,
        wanted: Some((1, without.clone())),
    };
    assert_eq!(asked.last(), Some(&(MONITOR, renew)));
    let configured = Message::Configured(Configuration {
        version: 2,
        in_sync: without,
        ..configuration(1, N0)
    });
    let effects = node.on_message(&mut process, MONITOR, configured);
    assert!(effects.contains(&answer(1)));
}

#[test]
fn a_primary_that_restarts_never_takes_up_its_epoch_again() {
    let disk = [Record::Epoch(Epoch(1)), Record::Entry(opening(1))];
    let mut node = React::new(N0, 4);
    let config = config(Mode::Synchronous, None);
    let (mut process, _) = node.start::<PrimaryBackup>(&config, &disk);
    let configured = Message::Configured(configuration(1, N0));
    assert_eq!(node.on_message(&mut process, MONITOR, configured), []);
}
