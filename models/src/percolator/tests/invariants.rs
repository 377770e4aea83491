//! Each invariant holds on what is right and is seen to fail on a state that breaks it. Workers begin with
//! records that no clean worker writes.

use murphy_sim::{Invariant, Time, testing::React};

use super::{
    super::invariants::{
        commit_after_start::CommitAfterStart, oracle_goes_on::OracleGoesOn,
        primary_decides::PrimaryDecides, versions_apart::VersionsApart,
    },
    *,
};

fn started(id: u32, disk: &[Record]) -> Percolator {
    let mut react = React::new(NodeId(id), 4);
    react.start::<Percolator>(&config(), disk).0
}

/// What the invariant finds when a worker has this on its disk after another has that.
fn found<I: Invariant<Percolator> + Default>(
    first: &[Record],
    second: &[Record],
) -> Option<&'static str> {
    let workers = [
        None,
        None,
        Some(started(2, first)),
        Some(started(3, second)),
    ];
    let mut invariant = I::default();
    let mut check = |touched| invariant.check(Time::ZERO, NodeId(touched), &workers);
    let result = check(2).and_then(|()| check(3));
    result.err().map(|breach| breach.anomaly)
}

fn committed(lock: Lock, commit: u64, key: Key) -> Record {
    let (commit, keys) = (Timestamp(commit), vec![key]);
    Record::Committed { lock, commit, keys }
}

fn rolled_back(lock: Lock, key: Key) -> Record {
    let keys = vec![key];
    Record::RolledBack { lock, keys }
}

#[test]
fn a_version_from_before_its_transaction_began_is_noticed() {
    let lock = lock(0, 5, 1);
    assert_eq!(
        found::<CommitAfterStart>(&[committed(lock, 6, 1)], &[]),
        None
    );
    let found = found::<CommitAfterStart>(&[committed(lock, 5, 1)], &[]);
    assert_eq!(found, Some("commit-before-start"));
}

#[test]
fn versions_whose_spans_overlap_are_noticed_in_either_order() {
    let (a, b) = (lock(0, 1, 1), lock(1, 4, 1));
    let apart = [committed(a, 3, 1), committed(b, 6, 1)];
    assert_eq!(found::<VersionsApart>(&apart, &[]), None);
    let other_cell = [committed(a, 5, 1), committed(b, 6, 4)];
    assert_eq!(found::<VersionsApart>(&other_cell, &[]), None);
    let backwards = [committed(b, 3, 1), committed(a, 2, 1)];
    assert_eq!(
        found::<VersionsApart>(&backwards, &[]),
        None,
        "another's to notice"
    );
    for commits in [(5, 6), (8, 6)] {
        let (first, second) = (committed(a, commits.0, 1), committed(b, commits.1, 1));
        for disk in [[first.clone(), second.clone()], [second, first]] {
            let found = found::<VersionsApart>(&disk, &[]);
            assert_eq!(found, Some("overlapping-versions"), "{disk:?}");
        }
    }
}

#[test]
fn a_secondary_that_does_not_follow_its_primary_is_noticed() {
    let lock = lock(0, 5, 1);
    let (yes, no) = (committed(lock, 8, 1), rolled_back(lock, 1));
    let follows = |primary: &Record, secondary: Record| {
        let primary = std::slice::from_ref(primary);
        found::<PrimaryDecides>(primary, &[secondary])
    };
    assert_eq!(follows(&yes, committed(lock, 8, 2)), None);
    assert_eq!(follows(&no, rolled_back(lock, 2)), None);
    let broken = Some("non-atomic-commit");
    assert_eq!(follows(&yes, rolled_back(lock, 2)), broken);
    assert_eq!(follows(&yes, committed(lock, 9, 2)), broken);
    assert_eq!(follows(&no, committed(lock, 8, 2)), broken);
    let early = |secondary, primary: &Record| {
        let primary = std::slice::from_ref(primary);
        found::<PrimaryDecides>(&[secondary], primary)
    };
    assert_eq!(early(rolled_back(lock, 2), &no), None);
    assert_eq!(early(rolled_back(lock, 2), &yes), broken);
    assert_eq!(early(committed(lock, 8, 2), &yes), broken);
}

#[test]
fn an_oracle_that_goes_back_is_noticed() {
    let after = |upto| [Some(started(0, &[Record::Allocated(Timestamp(upto))]))];
    let mut invariant = OracleGoesOn::default();
    let mut check = |upto| invariant.check(Time::ZERO, NodeId(0), &after(upto));
    assert!(check(32).is_ok() && check(64).is_ok());
    let breach = check(32).expect_err("it goes back");
    assert_eq!(breach.anomaly, "timestamps-go-back");
}
