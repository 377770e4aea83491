//! Runs in which every latency is a millisecond, so that each step has its known moment:
//!
//! | at     | in a transaction of `n0` over `n1` and `n2`                |
//! |--------|------------------------------------------------------------|
//! | 1 ms   | the request arrives, `Execute` leaves                      |
//! | 3 ms   | `Executed` arrives, the start record is written            |
//! | 4 ms   | `Prepare` leaves                                           |
//! | 6 ms   | the prepare records are durable, votes leave               |
//! | 7 ms   | the votes arrive, `PreCommit` leaves                       |
//! | 9 ms   | the acknowledgements arrive, the commit record is written  |
//! | 10 ms  | the decision leaves                                        |

use murphy_sim::{Plan, PlannedCall, Span, Trigger, World};

use super::{Config, Mutant, ThreePhaseCommit};
use crate::{
    protocol::{Parameters, Protocol},
    service::txn::{Datum, MicroOp, Request},
    shared::transactions::Layout,
    transactions_testing::{
        Costs, at, call, costs, crash, ends, first_answer, first_of, isolate, later, lose, node,
        reached, run, write,
    },
};

fn world(
    nodes: u32,
    mutant: Option<Mutant>,
    ops: Vec<MicroOp>,
    plan: Plan,
) -> World<ThreePhaseCommit> {
    let config = Config {
        mutant,
        ..Config::new(Layout::new(nodes))
    };
    let calls: Vec<PlannedCall<Request>> = vec![call(0, 0, ops)];
    crate::transactions_testing::world(nodes, config, calls, plan)
}

fn two_writes() -> Vec<MicroOp> {
    vec![write(1, 7), write(2, 7)]
}

/// Whether this node has committed the one transaction; none while it has not decided.
fn decided(world: &World<ThreePhaseCommit>, shard: u32) -> Option<bool> {
    node(world, shard).decisions.get(&first_of(0)).copied()
}

#[test]
fn a_commit_costs_five_messages_and_one_forced_write_a_participant_and_two_more() {
    for participants in 1..=3 {
        let ops = (1..=participants).map(|key| write(key, 7)).collect();
        let n = u64::from(participants);
        let expected = Costs {
            messages: 2 * n + 5 * n,
            records: 2 * n + 2,
            forced: n + 2,
            end: "ok",
        };
        assert_eq!(costs(world(4, None, ops, Plan::new())), expected);
    }
}

#[test]
fn a_client_waits_for_one_more_round_than_in_two_phase_commit() {
    let mut world = world(3, None, two_writes(), Plan::new());
    run(&mut world, at(1_000_000));
    // Two phase commit takes 8, one of them for a write that this protocol forces earlier.
    let (start_record, round) = (1, 2);
    assert_eq!(first_answer(&world), 8 + start_record + round);
}

#[test]
fn reading_costs_one_round_and_no_record() {
    let ops = (1..=3).map(|key| MicroOp::Read { key }).collect();
    let expected = Costs {
        messages: 2 * 3 + 2 * 3,
        records: 0,
        forced: 0,
        end: "ok",
    };
    assert_eq!(costs(world(4, None, ops, Plan::new())), expected);
}

#[test]
fn an_abort_after_votes_forces_nothing_more() {
    let ops = (1..=3).map(|key| write(key, 7)).collect();
    // It forgets what it has done before it is asked to prepare, and votes no before the others
    // have written their votes down.
    let forgets = vec![crash(Trigger::At(at(2_500)), 3, Span::micros(200))];
    let (n, yes) = (3, 2);
    let expected = Costs {
        messages: 2 * n + 2 * n + yes,
        records: 2 + 2 * yes,
        forced: 1 + yes,
        end: "fail",
    };
    assert_eq!(costs(world(4, None, ops, forgets)), expected);
}

#[test]
fn those_that_have_heard_the_pre_commit_commit_without_their_coordinator() {
    let gone = vec![crash(Trigger::At(at(8_500)), 0, Span::secs(9))];
    let mut world = world(3, None, two_writes(), gone);
    assert_eq!(run(&mut world, at(1_000_000)), []);
    assert_eq!(reached(&world, "terminated-by-commit"), 1);
    assert_eq!([decided(&world, 1), decided(&world, 2)], [Some(true); 2]);
    assert!(node(&world, 1).locked.is_empty(), "nobody is blocked");
    assert_eq!(node(&world, 2).data.get(&2), Some(&Datum::Int(7)));
}

#[test]
fn those_that_have_only_voted_abort_without_their_coordinator() {
    let gone = vec![crash(Trigger::At(at(6_500)), 0, Span::secs(3))];
    let begin = world(3, None, two_writes(), gone);
    let ended = later(&begin, at(1_000_000));
    assert_eq!(reached(&ended, "terminated-by-abort"), 1);
    assert_eq!([decided(&ended, 1), decided(&ended, 2)], [Some(false); 2]);
    let back = later(&begin, at(5_000_000));
    assert_eq!(decided(&back, 0), Some(false), "it is told when it is back");
    assert!(back.has_converged());
}

#[test]
fn the_next_takes_over_when_the_elected_coordinator_fails_too() {
    let plan = vec![
        crash(Trigger::At(at(8_500)), 0, Span::secs(2)),
        crash(Trigger::At(at(100_000)), 1, Span::secs(2)),
    ];
    let ops = vec![write(1, 7), write(2, 7), write(3, 7)];
    let begin = world(4, None, ops, plan);
    let ended = later(&begin, at(1_500_000));
    assert_eq!([decided(&ended, 2), decided(&ended, 3)], [Some(true); 2]);
    let back = later(&begin, at(9_000_000));
    assert_eq!([decided(&back, 0), decided(&back, 1)], [Some(true); 2]);
    assert!(back.has_converged());
}

#[test]
fn a_participant_that_fails_does_not_stop_the_others_and_learns_the_end() {
    let gone = vec![crash(Trigger::At(at(6_500)), 2, Span::secs(1))];
    let begin = world(3, None, two_writes(), gone);
    let ended = later(&begin, at(500_000));
    assert_eq!(ends(&ended), [(0, "ok")]);
    assert_eq!(decided(&ended, 1), Some(true));
    let back = later(&begin, at(5_000_000));
    assert_eq!(node(&back, 2).data.get(&2), Some(&Datum::Int(7)));
    assert!(back.has_converged());
}

#[test]
fn after_a_total_failure_they_wait_for_all_and_abort() {
    let plan = vec![
        crash(Trigger::At(at(6_500)), 0, Span::secs(3)),
        crash(Trigger::At(at(6_500)), 1, Span::secs(1)),
        crash(Trigger::At(at(6_500)), 2, Span::secs(1)),
    ];
    let begin = world(3, None, two_writes(), plan);
    let waiting = later(&begin, at(2_900_000));
    assert_eq!([decided(&waiting, 1), decided(&waiting, 2)], [None; 2]);
    assert!(node(&waiting, 1).locked.contains(&1), "it is in doubt");
    let back = later(&begin, at(9_000_000));
    assert!(reached(&back, "total-failure") > 0);
    assert_eq!([0, 1, 2].map(|n| decided(&back, n)), [Some(false); 3]);
    assert!(back.has_converged());
}

#[test]
fn after_a_total_failure_a_commit_that_one_disk_knows_of_stands() {
    let plan = vec![
        lose("Decide", 1),
        lose("Decide", 2),
        crash(Trigger::At(at(10_500)), 0, Span::secs(3)),
        crash(Trigger::At(at(10_500)), 1, Span::secs(1)),
        crash(Trigger::At(at(10_500)), 2, Span::secs(1)),
    ];
    let mut world = world(3, None, two_writes(), plan);
    assert_eq!(run(&mut world, at(9_000_000)), []);
    assert_eq!([0, 1, 2].map(|n| decided(&world, n)), [Some(true); 3]);
    assert_eq!(node(&world, 1).data.get(&1), Some(&Datum::Int(7)));
}

#[test]
fn a_partition_ends_the_promise() {
    // One participant has heard the pre-commit, the other has not, and they cannot ask each other.
    let plan = vec![
        lose("PreCommit", 2),
        crash(Trigger::At(at(8_500)), 0, Span::secs(9)),
        isolate(Trigger::At(at(9_000)), 2, Span::secs(9)),
    ];
    let mut world = world(3, None, two_writes(), plan);
    let found = run(&mut world, at(2_000_000));
    assert_eq!(found[0].breach.anomaly, "uncertain-beside-a-commit");
    assert_eq!(
        [decided(&world, 1), decided(&world, 2)],
        [Some(true), Some(false)]
    );
}

/// Whether each participant has committed in the end, with and without the bug.
fn planted(mutant: Mutant, plan: &Plan) -> [[Option<bool>; 2]; 2] {
    let in_the_end = |mutant| {
        let mut world = world(3, mutant, two_writes(), plan.clone());
        let found = run(&mut world, at(9_000_000));
        if mutant.is_none() {
            assert_eq!(found, [], "the clean twin holds");
        }
        [decided(&world, 1), decided(&world, 2)]
    };
    [in_the_end(None), in_the_end(Some(mutant))]
}

const TOGETHER: [Option<bool>; 2] = [Some(true); 2];
const APART: [Option<bool>; 2] = [Some(true), Some(false)];

#[test]
fn without_the_pre_commit_one_side_commits_and_the_other_aborts() {
    let plan = vec![
        crash(Trigger::At(at(8_500)), 0, Span::secs(1)),
        lose("Decide", 2),
        crash(Trigger::At(at(9_500)), 1, Span::secs(1)),
    ];
    let [clean, planted] = planted(Mutant::SkipsThePreCommit, &plan);
    assert_eq!(clean[0], clean[1]);
    assert_eq!(planted, APART);
}

#[test]
fn who_terminates_by_its_own_state_ends_apart_from_the_others() {
    let plan = vec![
        lose("PreCommit", 2),
        crash(Trigger::At(at(8_500)), 0, Span::secs(3)),
    ];
    assert_eq!(
        planted(Mutant::TerminatesByItsOwnState, &plan),
        [TOGETHER, APART]
    );
}

#[test]
fn who_ignores_pre_commits_aborts_what_one_has_committed() {
    let plan = vec![
        lose("Decide", 1),
        lose("Decide", 2),
        crash(Trigger::At(at(10_500)), 0, Span::secs(3)),
    ];
    let [clean, planted] = planted(Mutant::PreCommitsIgnored, &plan);
    assert_eq!(clean, TOGETHER);
    assert_eq!(
        planted,
        [Some(false); 2],
        "and the client was told otherwise"
    );
}

#[test]
fn who_aborts_alone_after_a_crash_loses_its_half() {
    let gone = vec![crash(Trigger::At(at(6_500)), 2, Span::secs(1))];
    assert_eq!(
        planted(Mutant::AbortsAloneAfterACrash, &gone),
        [TOGETHER, APART]
    );
}

#[test]
fn a_bound_of_zero_and_a_mode_are_refused_with_a_remedy() {
    let mut parameters = Parameters {
        nodes: 3,
        ..Parameters::default()
    };
    parameters.options.insert("bound".to_owned(), 0);
    let error = ThreePhaseCommit::configure(&parameters).expect_err("it is refused");
    assert!(error.contains("`bound` is zero"), "{error}");
    parameters.options.clear();
    parameters.mode = Some("fast".to_owned());
    let error = ThreePhaseCommit::configure(&parameters).expect_err("it is refused");
    assert!(error.contains("remove `mode = \"fast\"`"), "{error}");
}
