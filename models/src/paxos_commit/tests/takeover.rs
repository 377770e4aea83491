//! Leaders that fail, acceptors that fail, and the mutants that stumble there. The transaction writes
//! at `n3` and `n4`; `n0` to `n2` are acceptors, `n0` and `n1` those that are told first.

use super::*;

const MANAGERS: std::ops::Range<Key> = 3..5;

fn with(mutant: Option<Mutant>, plan: Plan) -> World<PaxosCommit> {
    let config = Config {
        mutant,
        ..config(5, 1)
    };
    world(config, MANAGERS, plan)
}

/// Whether the resource managers have committed; none while one has not decided.
fn decided(world: &World<PaxosCommit>) -> [Option<bool>; 2] {
    [3, 4].map(|manager| node(world, manager).decisions.get(&first_of(0)).copied())
}

#[test]
fn an_acceptor_takes_over_and_commits_what_was_chosen() {
    let gone = vec![crash(Trigger::At(at(7_500)), 0, Span::secs(9))];
    let ended = later(&with(None, gone), at(3_000_000));
    assert!(reached(&ended, "took-over") > 0);
    assert_eq!(decided(&ended), [Some(true); 2]);
    assert!(node(&ended, 3).locked.is_empty(), "nobody is blocked");
    assert_eq!(node(&ended, 4).data.get(&4), Some(&Datum::Int(7)));
}

#[test]
fn an_acceptor_takes_over_and_aborts_where_nobody_has_heard_from_a_resource_manager() {
    let plan = vec![
        crash(Trigger::At(at(3_500)), 4, Span::secs(9)),
        crash(Trigger::At(at(4_500)), 0, Span::secs(9)),
    ];
    let ended = later(&with(None, plan), at(3_000_000));
    assert_eq!(decided_at(&ended, 3), Some(false));
    assert!(node(&ended, 3).locked.is_empty(), "nobody is blocked");
}

fn decided_at(world: &World<PaxosCommit>, manager: u32) -> Option<bool> {
    node(world, manager).decisions.get(&first_of(0)).copied()
}

#[test]
fn one_acceptor_may_fail_and_nobody_waits_for_it_to_come_back() {
    let gone = vec![crash(Trigger::At(at(4_500)), 1, Span::secs(9))];
    let ended = later(&with(None, gone), at(1_000_000));
    assert_eq!(ends(&ended), [(0, "ok")]);
    assert_eq!(decided(&ended), [Some(true); 2]);
}

#[test]
fn two_acceptors_may_not_and_doubt_lasts_until_one_is_back() {
    let plan = vec![
        crash(Trigger::At(at(4_500)), 0, Span::secs(3)),
        crash(Trigger::At(at(4_500)), 1, Span::secs(3)),
    ];
    let begin = with(None, plan);
    let waiting = later(&begin, at(2_900_000));
    assert_eq!(decided(&waiting), [None; 2]);
    assert!(node(&waiting, 3).in_doubt.contains(&first_of(0)));
    let over = later(&begin, at(9_000_000));
    assert!(over.has_converged());
    assert_eq!(decided(&over)[0], decided(&over)[1]);
}

#[test]
fn a_resource_manager_that_forgot_what_it_did_votes_no() {
    let forgets = vec![crash(Trigger::At(at(2_500)), 4, Span::micros(200))];
    let ended = later(&with(None, forgets), at(1_000_000));
    assert_eq!(ends(&ended), [(0, "fail")]);
    assert_eq!(decided(&ended), [Some(false); 2]);
    assert!(ended.has_converged());
}

/// Both resource managers in the end: of the clean twin, and with the bug.
fn planted(mutant: Mutant, plan: &Plan) -> [[Option<bool>; 2]; 2] {
    let mut clean = with(None, plan.clone());
    assert_eq!(run(&mut clean, at(9_000_000)), [], "the clean twin holds");
    let mut planted = with(Some(mutant), plan.clone());
    run(&mut planted, at(9_000_000));
    [decided(&clean), decided(&planted)]
}

const TOGETHER: [Option<bool>; 2] = [Some(true); 2];
const APART: [Option<bool>; 2] = [Some(true), Some(false)];

/// One resource manager does not hear the decision, and the leader is gone.
fn half_told() -> Plan {
    vec![
        lose("Decide", 2),
        crash(Trigger::At(at(8_500)), 0, Span::secs(5)),
    ]
}

#[test]
fn acceptors_that_forget_let_the_next_leader_abort_what_was_committed() {
    let mut plan = half_told();
    plan.push(crash(Trigger::At(at(9_000)), 1, Span::millis(10)));
    let ended = planted(Mutant::PaxosCommitAcceptorForgetsItsBallot, &plan);
    assert_eq!(ended, [TOGETHER, APART]);
}

#[test]
fn a_leader_that_does_not_heed_the_highest_ballot_aborts_what_was_committed() {
    let ended = planted(Mutant::PaxosCommitHighestAcceptedIgnored, &half_told());
    assert_eq!(ended, [TOGETHER, APART]);
}

#[test]
fn a_leader_that_asks_no_acceptor_aborts_what_was_committed() {
    let ended = planted(Mutant::PaxosCommitAbortsWithoutABallot, &half_told());
    assert_eq!(ended, [TOGETHER, APART]);
}

#[test]
fn what_one_acceptor_has_accepted_is_not_chosen() {
    let mut plan = half_told();
    // The other acceptor never hears of it.
    plan.push(crash(Trigger::At(at(4_500)), 1, Span::millis(20)));
    let [clean, planted] = planted(Mutant::PaxosCommitOneAcceptorIsEnough, &plan);
    assert_eq!(clean[0], clean[1]);
    assert_eq!(planted, APART);
}
