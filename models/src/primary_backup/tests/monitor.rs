//! Reactions of the monitor.

use murphy_sim::Span;

use super::*;

fn renew(sent: Time, wanted: Option<(u64, BTreeSet<NodeId>)>) -> Message {
    Message::Renew {
        epoch: Epoch(1),
        sent,
        wanted,
    }
}

fn first() -> Configuration {
    Configuration {
        version: 0,
        ..configuration(1, N0)
    }
}

/// A monitor whose first decision is on its disk.
fn settled(mode: Mode) -> (React, PrimaryBackup) {
    let mut node = React::new(MONITOR, 4);
    let (mut process, effects) = node.start::<PrimaryBackup>(&config(mode, None), &[]);
    assert_eq!(
        sent(&effects),
        [],
        "nobody is told before it is on the disk"
    );
    let told = sent(&node.on_synced(&mut process));
    let configured = |to| (to, Message::Configured(first()));
    assert_eq!(told, [N0, N1, N2].map(configured));
    (node, process)
}

fn standing(node: &React, length: u64) -> Message {
    Message::Standing {
        round: node.elapsed(),
        last: position(1, length),
    }
}

#[test]
fn nobody_is_asked_before_the_lease_must_have_run_out() {
    let (mut node, mut process) = settled(Mode::Synchronous);
    node.pass(Span::millis(400));
    node.on_message(&mut process, N0, renew(node.elapsed(), None));
    node.pass(Span::millis(501));
    let again = Effect::SetTimer {
        timer: Timer::Watch,
        after: Span(1_002),
    };
    assert_eq!(node.on_timer(&mut process, Timer::Watch), [again]);
    node.pass(Span(1_002));
    let round = node.elapsed();
    let asked = sent(&node.on_timer(&mut process, Timer::Watch));
    assert_eq!(asked, [N0, N1, N2].map(|n| (n, Message::Inquire { round })));
}

#[test]
fn the_longest_log_in_sync_is_promoted_when_that_is_on_the_disk() {
    let (mut node, mut process) = settled(Mode::Synchronous);
    node.pass(Span::secs(1));
    node.on_timer(&mut process, Timer::Watch);
    let answer = standing(&node, 3);
    assert_eq!(node.on_message(&mut process, N1, answer), []);
    let answer = standing(&node, 4);
    let effects = node.on_message(&mut process, N2, answer);
    let next = Configuration {
        epoch: Epoch(2),
        primary: N2,
        version: 1,
        in_sync: BTreeSet::from([N1, N2]),
    };
    assert_eq!(sent(&effects), []);
    assert!(effects.ends_with(&[written(Record::Configured(next.clone())), Effect::Sync]));
    let told = sent(&node.on_synced(&mut process));
    assert_eq!(
        told,
        [N0, N1, N2].map(|n| (n, Message::Configured(next.clone())))
    );
}

#[test]
fn a_replica_out_of_sync_is_not_promoted_however_long_the_others_are_silent() {
    let (mut node, mut process) = settled(Mode::Synchronous);
    let wanted = Some((0, BTreeSet::from([N0, N1])));
    node.on_message(&mut process, N0, renew(Time::ZERO, wanted));
    node.on_synced(&mut process);
    node.pass(Span::secs(1));
    node.on_timer(&mut process, Timer::Watch);
    let answer = standing(&node, 9);
    node.on_message(&mut process, N2, answer);
    node.pass(Span::secs(60));
    let effects = node.on_timer(&mut process, Timer::Inquire);
    assert!(!effects.contains(&Effect::Reached { label: "failover" }));
}

#[test]
fn a_semi_synchronous_failover_waits_for_all_replicas_but_one() {
    let (mut node, mut process) = settled(Mode::SemiSynchronous);
    node.pass(Span::secs(1));
    node.on_timer(&mut process, Timer::Watch);
    let (one, other) = (standing(&node, 3), standing(&node, 2));
    node.on_message(&mut process, N1, one);
    node.pass(Span::secs(60));
    let failover = Effect::Reached { label: "failover" };
    let effects = node.on_timer(&mut process, Timer::Inquire);
    assert!(!effects.contains(&failover));
    assert!(node.on_message(&mut process, N0, other).contains(&failover));
}

#[test]
fn a_new_in_sync_set_is_on_the_disk_before_the_primary_hears_of_it() {
    let (mut node, mut process) = settled(Mode::Synchronous);
    let without = BTreeSet::from([N0, N2]);
    let wanted = Some((0, without.clone()));
    let effects = node.on_message(&mut process, N0, renew(Time::ZERO, wanted));
    let granted = Message::Granted {
        sent: Time::ZERO,
        configuration: first(),
    };
    assert_eq!(
        sent(&effects),
        [(N0, granted)],
        "what counts is the old set"
    );
    let next = Configuration {
        version: 1,
        in_sync: without,
        ..first()
    };
    assert!(effects.ends_with(&[written(Record::Configured(next.clone())), Effect::Sync]));
    let told = sent(&node.on_synced(&mut process));
    assert_eq!(told, [(N0, Message::Configured(next))]);
}

#[test]
fn a_monitor_that_restarts_waits_out_the_lease_it_may_have_granted() {
    let disk = [Record::Configured(first())];
    for (mutant, waits) in [(None, true), (Some(Mutant::MonitorForgetsItsLease), false)] {
        let mut node = React::new(MONITOR, 4);
        let config = config(Mode::Synchronous, mutant);
        let (mut process, _) = node.start::<PrimaryBackup>(&config, &disk);
        let asked = sent(&node.on_timer(&mut process, Timer::Watch));
        assert_eq!(asked.is_empty(), waits);
    }
}
