//! Validation, one history at a time, and what a transaction costs.

use murphy_sim::{NodeId, Plan, PlannedCall, Span, Trigger, World};

use super::*;
use crate::{
    service::txn::{Datum, Key, MicroOp, Request},
    shared::transactions::{Control, Decision, Outcome, Step, TransactionId},
    transactions_testing::{
        Costs, at, call, costs, crash, ends, first_of, later, lose, node, reached, run, write,
    },
};

const X: Key = 1;
const Y: Key = 2;

fn read(key: Key) -> MicroOp {
    MicroOp::Read { key }
}

fn steps(ops: &[MicroOp]) -> Vec<Step> {
    (0..).zip(ops.iter().cloned()).collect()
}

/// A transaction reads and works at a shard.
fn arrives(shard: &mut Optimistic, client: u32, ops: &[MicroOp]) -> TransactionId {
    let transaction = first_of(client);
    let outcomes = shard.arrive(transaction, 0, steps(ops));
    assert!(matches!(outcomes[..], [(_, Outcome::Executed(_))]));
    transaction
}

fn shard(mutant: Option<Mutant>) -> Optimistic {
    Optimistic::new(None, &OptimisticRules::planted(mutant))
}

#[test]
fn what_was_read_before_it_was_written_is_not_valid() {
    for (mutant, is_valid) in [
        (None, false),
        (Some(Mutant::OccValidatesWritesOnly), true),
        (Some(Mutant::OccBeginsAtItsValidation), true),
    ] {
        let mut shard = shard(mutant);
        let reader = arrives(&mut shard, 0, &[read(X), write(Y, 1)]);
        let writer = arrives(&mut shard, 1, &[write(X, 7)]);
        assert!(shard.prepare(writer).is_some());
        shard.end(writer, Decision::Commit);
        assert_eq!(shard.prepare(reader).is_some(), is_valid, "{mutant:?}");
    }
}

#[test]
fn what_was_read_afterwards_and_what_was_never_written_is_valid() {
    let mut shard = shard(None);
    let writer = arrives(&mut shard, 0, &[write(X, 7)]);
    let aborted = arrives(&mut shard, 1, &[write(Y, 7)]);
    let other = arrives(&mut shard, 2, &[read(Y)]);
    assert!(shard.prepare(writer).is_some());
    shard.end(writer, Decision::Commit);
    assert!(shard.prepare(aborted).is_some());
    shard.end(aborted, Decision::Abort);
    let later = arrives(&mut shard, 3, &[read(X), read(Y)]);
    assert!(shard.prepare(other).is_some());
    assert!(shard.prepare(later).is_some());
}

#[test]
fn whoever_is_validated_and_has_not_ended_is_in_the_way_of_what_conflicts_with_it() {
    let sets = [
        ([write(X, 1)], [read(X)], false),
        ([read(X)], [write(X, 1)], false),
        ([write(X, 1)], [write(X, 2)], false),
        ([read(X)], [read(X)], true),
        ([write(X, 1)], [write(Y, 1)], true),
    ];
    for (first, second, is_valid) in sets {
        for mutant in [None, Some(Mutant::OccValidationAndWriteNotAtomic)] {
            let mut shard = shard(mutant);
            let first = arrives(&mut shard, 0, &first);
            let second = arrives(&mut shard, 1, &second);
            assert!(shard.prepare(first).is_some());
            let valid = shard.prepare(second).is_some();
            assert_eq!(valid, is_valid || mutant.is_some(), "{mutant:?}");
            assert_eq!(shard.validated_conflict().is_some(), valid && !is_valid);
        }
    }
}

#[test]
fn validated_sets_are_kept_from_others_until_the_end() {
    let mut shard = shard(None);
    let transaction = arrives(&mut shard, 0, &[read(X), write(Y, 1)]);
    assert!(shard.locked().is_empty());
    assert!(shard.prepare(transaction).is_some());
    assert_eq!(shard.locked(), [X, Y].into());
    shard.end(transaction, Decision::Commit);
    assert!(shard.locked().is_empty());
    assert_eq!(shard.store().get(Y), Some(Datum::Int(1)));
}

fn world(calls: Vec<PlannedCall<Request>>, plan: Plan) -> World<OptimisticCommit> {
    let nodes = 4;
    let config = Config::new(Layout::new(nodes));
    crate::transactions_testing::world(nodes, config, calls, plan)
}

#[test]
fn reading_costs_one_round_and_no_record() {
    let n = 3;
    let expected = Costs {
        messages: 2 * n + 2 * n,
        records: 0,
        forced: 0,
        end: "ok",
    };
    let calls = vec![call(0, 0, (1..=3).map(read).collect())];
    assert_eq!(costs(world(calls, Plan::new())), expected);
}

#[test]
fn who_has_only_read_takes_part_when_something_is_changed_elsewhere() {
    let n = 3;
    let expected = Costs {
        messages: 2 * n + 4 * n,
        records: 2 * n + 2,
        forced: 2 * n + 1,
        end: "ok",
    };
    let calls = vec![call(0, 0, vec![write(1, 7), read(2), read(3)])];
    assert_eq!(costs(world(calls, Plan::new())), expected);
}

#[test]
fn of_two_that_cross_neither_waits_and_at_most_one_commits() {
    let ops = || vec![read(1), write(1, 7), read(2), write(2, 7)];
    let mut world = world(vec![call(0, 1, ops()), call(1, 2, ops())], Plan::new());
    assert_eq!(run(&mut world, at(1_000_000)), []);
    assert!(reached(&world, "conflict") > 0);
    let committed = ends(&world).iter().filter(|(_, end)| *end == "ok").count();
    assert!(committed <= 1, "{:?}", ends(&world));
    assert!(world.has_converged());
}

#[test]
fn what_is_in_doubt_is_still_validated_after_a_crash() {
    let plan = vec![
        lose("Decide", 1),
        crash(Trigger::At(at(7_500)), 0, Span::secs(3)),
        crash(Trigger::At(at(8_000)), 1, Span::millis(10)),
    ];
    let begin = world(vec![call(0, 0, vec![read(1), write(1, 7)])], plan);
    let back = later(&begin, at(1_000_000));
    assert_eq!(reached(&back, "recovered-in-doubt"), 1);
    assert!(node(&back, 1).locked.contains(&1));
    let over = later(&begin, at(6_000_000));
    assert!(over.has_converged());
    assert_eq!(node(&over, 1).data.get(&1), Some(&Datum::Int(7)));
    assert_eq!(over.disk(NodeId(1)).records().len(), 2);
}

#[test]
fn settings_that_mean_nothing_are_refused_with_a_remedy() {
    let parameters = Parameters {
        nodes: 3,
        mutant: Some("tired".to_owned()),
        ..Parameters::default()
    };
    let error = OptimisticCommit::configure(&parameters).expect_err("it is refused");
    assert!(
        error.contains("mutants are occ-validates-writes-only, "),
        "{error}"
    );
}
