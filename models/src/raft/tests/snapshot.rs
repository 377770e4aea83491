//! Reactions of snapshots and compaction.

use std::sync::Arc;

use super::{super::Snapshot, *};

const EVERY_TWO: Config = Config {
    snapshot_every: 2,
    ..Config::new(3, Mode::ReadIndex)
};

/// A follower of three entries, of which two are committed: it takes a snapshot.
fn compacting(mutant: Option<Mutant>) -> (React, Raft, Effects) {
    let config = Config {
        mutant,
        ..EVERY_TWO
    };
    let (mut react, mut raft) = node(N1, config, &[]);
    let entries = vec![nothing(1), update(1, 0, 5), update(1, 1, 6)];
    let message = append(1, 1, Position::default(), entries, 2);
    let effects = react.on_message(&mut raft, N0, message);
    (react, raft, effects)
}

fn checkpoint(effects: &Effects) -> Record {
    let is_checkpoint = |effect: &Effect<Raft>| match effect {
        Effect::Append { record } if matches!(record, Record::Checkpoint { .. }) => {
            Some(record.clone())
        }
        _ => None,
    };
    effects
        .iter()
        .find_map(is_checkpoint)
        .expect("a snapshot was written")
}

#[test]
fn the_log_before_a_snapshot_is_forgotten_when_the_snapshot_is_durable() {
    let (mut react, mut raft, effects) = compacting(None);
    let forgets = |effects: &Effects| {
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Truncate { .. }))
    };
    assert!(!forgets(&effects));
    assert!(forgets(&react.on_synced(&mut raft)));
    assert_eq!(raft.log.base(), position(1, 2));
}

#[test]
fn a_node_starts_from_its_snapshot_and_what_comes_after() {
    for (mutant, last) in [
        (None, position(1, 3)),
        (Some(Mutant::SnapshotDropsTheTail), position(1, 2)),
    ] {
        let (_, before, effects) = compacting(mutant);
        let (_, after) = node(N1, EVERY_TWO, &[checkpoint(&effects)]);
        assert_eq!(after.log.last(), last, "{mutant:?}");
        assert_eq!(after.machine, before.machine);
        assert_eq!((after.commit, after.log.term()), (Index(2), Term(1)));
    }
}

#[test]
fn who_is_too_far_behind_gets_a_snapshot_and_goes_on_from_there() {
    let (mut react, mut raft) = leading(EVERY_TWO);
    react.on_request(&mut raft, call(0), write(5));
    react.on_synced(&mut raft);
    react.on_message(&mut raft, N1, appended(1, 3, 2));
    assert_eq!(raft.log.base(), position(1, 2));
    let behind = Message::Rejected {
        term: Term(1),
        sequence: 4,
        conflict: None,
        first: Index(1),
    };
    let effects = sent(&react.on_message(&mut raft, N2, behind));
    let [(N2, install @ Message::InstallSnapshot { snapshot, .. })] = &effects[..] else {
        panic!("it sends its snapshot, not {effects:?}")
    };
    assert_eq!(snapshot.last, position(1, 2));
    let (mut other, mut follower) = node(N2, EVERY_TWO, &[]);
    let effects = other.on_message(&mut follower, N0, install.clone());
    assert_eq!(sent(&effects), [], "not before its disk has it");
    assert_eq!(
        sent(&other.on_synced(&mut follower)),
        [(N0, appended(1, 5, 2))]
    );
    assert_eq!(follower.machine, raft.machine);
}

#[test]
fn a_snapshot_keeps_entries_after_it_that_are_the_leaders() {
    let install = |last| Message::InstallSnapshot {
        term: Term(2),
        sequence: 1,
        snapshot: Arc::new(Snapshot {
            last,
            ..Snapshot::default()
        }),
    };
    let disk = [1, 1, 1].map(|term| Record::Entry(nothing(term)));
    for (last, kept) in [(position(1, 2), 1), (position(2, 2), 0)] {
        let (mut react, mut raft) = node(N1, config(None), &disk);
        react.on_message(&mut raft, N0, install(last));
        assert_eq!(raft.log.after(last.index).len(), kept, "{last:?}");
        assert_eq!(raft.commit, Index(2));
        react.on_message(&mut raft, N0, install(position(1, 1)));
        assert_eq!(raft.commit, Index(2), "an old one changes nothing");
    }
}
