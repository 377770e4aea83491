//! One reaction at a time, with its exact effects.

use murphy_sim::{Effect, testing::React};

use super::*;

const COORDINATOR: NodeId = NodeId(3);

fn send(to: NodeId, message: Message) -> Effect<Percolator> {
    Effect::Send { to, message }
}

/// A worker with key 1, which begins with these records.
fn tablet(disk: &[Record]) -> (React, Percolator) {
    let mut react = React::new(NodeId(2), 4);
    let (worker, _) = react.start::<Percolator>(&config(), disk);
    (react, worker)
}

fn prewritten(lock: Lock) -> Record {
    Record::Prewritten {
        lock,
        writes: vec![(1, Datum::Int(7))],
    }
}

fn prewrite(lock: Lock) -> Message {
    Message::Prewrite {
        lock,
        writes: vec![(1, Datum::Int(7))],
    }
}

#[test]
fn a_lock_is_on_disk_before_anyone_hears_of_it() {
    let (mut react, mut worker) = tablet(&[]);
    let lock = lock(0, 4, 1);
    let asked = react.on_message(&mut worker, COORDINATOR, prewrite(lock));
    let record = prewritten(lock);
    assert_eq!(asked, [Effect::Append { record }, Effect::Sync]);
    let again = react.on_message(&mut worker, COORDINATOR, prewrite(lock));
    assert_eq!(again, [], "a copy waits for the same write");
    let told = send(COORDINATOR, Message::Prewritten { start: lock.start });
    assert_eq!(react.on_synced(&mut worker), [told.clone(), told]);
}

#[test]
fn a_read_waits_for_an_older_lock_and_not_for_a_younger() {
    let held = lock(0, 4, 1);
    let (mut react, mut worker) = tablet(&[prewritten(held)]);
    let mut get = |start| {
        let (start, keys) = (Timestamp(start), vec![1]);
        react.on_message(&mut worker, COORDINATOR, Message::Get { start, keys })
    };
    let (start, locks) = (Timestamp(5), vec![(1, held)]);
    let label = "read-blocked";
    let blocked = send(COORDINATOR, Message::Blocked { start, locks });
    assert_eq!(get(5), [Effect::Reached { label }, blocked]);
    let (start, found) = (Timestamp(3), vec![(1, None)]);
    assert_eq!(get(3), [send(COORDINATOR, Message::Got { start, found })]);
}

#[test]
fn whoever_began_before_a_version_was_committed_does_not_write_over_it() {
    let before = lock(0, 4, 1);
    let (commit, keys) = (Timestamp(6), vec![1]);
    let version = Record::Committed {
        lock: before,
        commit,
        keys,
    };
    let (mut react, mut worker) = tablet(&[prewritten(before), version]);
    let late = lock(1, 5, 1);
    let (start, locks) = (late.start, Vec::new());
    let refused = send(COORDINATOR, Message::Conflict { start, locks });
    let effects = react.on_message(&mut worker, COORDINATOR, prewrite(late));
    assert_eq!(effects, [refused]);
    let next = lock(2, 7, 1);
    let effects = react.on_message(&mut worker, COORDINATOR, prewrite(next));
    assert_eq!(effects.len(), 2, "who began later may: {effects:?}");
}

#[test]
fn a_lock_that_was_rolled_back_does_not_come_back_with_a_late_copy() {
    let (mut react, mut worker) = tablet(&[]);
    let (lock, keys) = (lock(0, 4, 1), vec![1]);
    let rollback = Message::Rollback { lock, keys };
    react.on_message(&mut worker, COORDINATOR, rollback.clone());
    react.on_synced(&mut worker);
    let (start, locks) = (lock.start, Vec::new());
    let refused = send(COORDINATOR, Message::Conflict { start, locks });
    let effects = react.on_message(&mut worker, COORDINATOR, prewrite(lock));
    assert_eq!(effects, [refused]);
    assert_eq!(react.on_message(&mut worker, COORDINATOR, rollback), []);
}

#[test]
fn the_primary_is_asked_once_for_all_and_its_coordinator_finds_the_lock_gone() {
    let held = lock(0, 4, 1);
    let (mut react, mut worker) = tablet(&[prewritten(held)]);
    let reader = NodeId(1);
    let inquire = Message::Inquire { lock: held };
    let (lock, keys) = (held, vec![1]);
    let record = Record::RolledBack { lock, keys };
    let effects = react.on_message(&mut worker, reader, inquire.clone());
    assert_eq!(
        effects,
        [
            Effect::Reached {
                label: "primary-rolled-back"
            },
            Effect::Append { record },
            Effect::Sync
        ]
    );
    let end = End::RolledBack;
    let outcome = send(reader, Message::Outcome { lock, end });
    assert_eq!(react.on_synced(&mut worker), std::slice::from_ref(&outcome));
    assert_eq!(react.on_message(&mut worker, reader, inquire), [outcome]);
    let (commit, keys) = (Timestamp(9), vec![1]);
    let commit = Message::Commit { lock, commit, keys };
    let gone = send(COORDINATOR, Message::Gone { start: lock.start });
    assert_eq!(react.on_message(&mut worker, COORDINATOR, commit), [gone]);
}

fn ask(question: u64, count: u64) -> Message {
    Message::AskTimestamps { question, count }
}

fn first(question: u64, first: u64) -> Message {
    let first = Timestamp(first);
    Message::Timestamps { question, first }
}

#[test]
fn the_oracle_says_on_disk_how_far_it_may_go_before_it_goes_there() {
    let mut react = React::new(super::super::ORACLE, 4);
    let (mut oracle, _) = react.start::<Percolator>(&config(), &[]);
    let asked = react.on_message(&mut oracle, COORDINATOR, ask(8, 3));
    let record = Record::Allocated(Timestamp(32));
    let label = "range-taken";
    let expected = [
        Effect::Reached { label },
        Effect::Append { record },
        Effect::Sync,
    ];
    assert_eq!(asked, expected);
    let answer = send(COORDINATOR, first(8, 1));
    assert_eq!(react.on_synced(&mut oracle), [answer]);
    let asked = react.on_message(&mut oracle, COORDINATOR, ask(9, 29));
    assert_eq!(
        asked,
        [send(COORDINATOR, first(9, 4))],
        "the range has them"
    );
}

#[test]
fn the_oracle_goes_on_above_its_range_after_a_crash() {
    let disk = [
        Record::Allocated(Timestamp(32)),
        Record::Allocated(Timestamp(64)),
    ];
    for (mutant, next) in [(None, 65), (Some(Mutant::PercolatorOracleGoesBack), 1)] {
        let mut react = React::new(super::super::ORACLE, 4);
        let config = Config { mutant, ..config() };
        let (mut oracle, _) = react.start::<Percolator>(&config, &disk);
        react.on_message(&mut oracle, COORDINATOR, ask(1, 1));
        let answer = send(COORDINATOR, first(1, next));
        assert_eq!(react.on_synced(&mut oracle), [answer]);
    }
}
