//! Crashes at the moments that matter, lost decisions, deadlock; and the same for the mutants that
//! stumble there.

use super::*;

fn with(mutant: Option<Mutant>) -> Config {
    match mutant {
        Some(mutant) => config().plant(mutant),
        None => config(),
    }
}

fn two_writes() -> Vec<PlannedCall<Request>> {
    vec![call(0, 0, vec![write(1, 7), write(2, 7)])]
}

/// The second participant does not hear the decision, and the coordinator is gone for `lasts`.
fn half_told(lasts: Span) -> Plan {
    vec![lose("Decide", 2), crash(Trigger::At(at(7_500)), 0, lasts)]
}

#[test]
fn a_participant_in_doubt_is_told_by_a_peer() {
    let begin = world(with(None), two_writes(), half_told(Span::secs(9)));
    let in_doubt = node(&later(&begin, at(100_000)), 2);
    assert!(in_doubt.in_doubt.contains(&first_of(0)) && in_doubt.locked.contains(&2));
    let told = later(&begin, at(2_000_000));
    assert_eq!(reached(&told, "cooperative-termination"), 1);
    assert_eq!(node(&told, 2).data.get(&2), Some(&Datum::Int(7)));
    assert!(node(&told, 2).locked.is_empty());
}

#[test]
fn participants_block_while_nobody_knows_and_abort_when_the_coordinator_has_no_record() {
    let gone = crash(Trigger::At(at(6_500)), 0, Span::secs(3));
    let begin = world(with(None), two_writes(), vec![gone]);
    let blocked = later(&begin, at(2_900_000));
    for shard in [1, 2] {
        let view = node(&blocked, shard);
        assert!(view.in_doubt.contains(&first_of(0)), "n{shard} has voted");
        assert!(view.locked.contains(&shard), "n{shard} keeps its locks");
    }
    let over = later(&begin, at(6_000_000));
    assert!(over.has_converged());
    assert!(reached(&over, "presumed-abort") > 0);
    assert_eq!(node(&over, 1).decisions.get(&first_of(0)), Some(&false));
    assert_eq!(ends(&over), [(0, "info")]);
}

#[test]
fn a_coordinator_goes_on_telling_what_its_log_says() {
    let plan = vec![
        lose("Decide", 1),
        lose("Decide", 2),
        crash(Trigger::At(at(7_500)), 0, Span::millis(20)),
    ];
    let mut world = world(with(None), two_writes(), plan);
    assert_eq!(run(&mut world, at(1_000_000)), []);
    assert_eq!(reached(&world, "recovered-commit"), 1);
    assert!(world.has_converged());
    assert_eq!(node(&world, 1).data.get(&1), Some(&Datum::Int(7)));
}

#[test]
fn a_participant_in_doubt_takes_its_locks_again_after_a_crash() {
    let plan = vec![
        crash(Trigger::At(at(6_500)), 0, Span::secs(3)),
        crash(Trigger::At(at(8_000)), 1, Span::millis(10)),
    ];
    let begin = world(with(None), two_writes(), plan);
    let back = later(&begin, at(1_000_000));
    assert_eq!(reached(&back, "recovered-in-doubt"), 1);
    assert!(node(&back, 1).locked.contains(&1));
    assert!(later(&begin, at(6_000_000)).has_converged());
}

#[test]
fn a_shard_that_loses_its_locks_before_it_votes_does_not_vote_yes() {
    let gone = crash(Trigger::At(at(2_500)), 1, Span::micros(200));
    let mut world = world(with(None), two_writes(), vec![gone]);
    assert_eq!(run(&mut world, at(1_000_000)), []);
    assert_eq!(reached(&world, "lost-locks"), 1);
    assert_eq!(ends(&world), [(0, "fail")]);
    assert!(world.has_converged());
}

/// Each of two coordinators locks its own key at once and the other's a millisecond later.
fn crossing() -> Vec<PlannedCall<Request>> {
    let ops = || vec![write(1, 7), write(2, 7)];
    vec![call(0, 1, ops()), call(1, 2, ops())]
}

#[test]
fn the_older_of_two_transactions_that_would_deadlock_wounds_the_younger() {
    let mut world = world(with(None), crossing(), Plan::new());
    assert_eq!(run(&mut world, at(1_000_000)), []);
    assert_eq!(reached(&world, "wound"), 1);
    assert_eq!(ends(&world), [(1, "fail"), (0, "ok")]);
    assert!(world.has_converged());
}

#[test]
fn without_wounds_and_patience_a_deadlock_lasts_for_ever() {
    let mut world = world(with(Some(Mutant::DeadlockIgnored)), crossing(), Plan::new());
    run(&mut world, at(9_000_000));
    assert_eq!(ends(&world), [(0, "info"), (1, "info")]);
    assert!(node(&world, 1).locked.contains(&1) && node(&world, 2).locked.contains(&2));
}

/// What the invariants find first.
fn anomaly(mutant: Mutant, plan: Plan) -> &'static str {
    let mut clean = world(with(None), two_writes(), plan.clone());
    assert_eq!(run(&mut clean, at(9_000_000)), [], "the clean twin holds");
    assert!(clean.has_converged());
    let mut planted = world(with(Some(mutant)), two_writes(), plan);
    let found = run(&mut planted, at(9_000_000));
    found.first().map_or("none", |first| first.breach.anomaly)
}

#[test]
fn a_coordinator_that_forgets_commits_here_and_aborts_there() {
    let plan = vec![
        lose("Decide", 2),
        crash(Trigger::At(at(6_500)), 0, Span::millis(50)),
    ];
    assert_eq!(
        anomaly(Mutant::CoordinatorForgetsItsDecision, plan),
        "non-atomic-commit"
    );
}

#[test]
fn a_participant_that_tires_of_doubt_aborts_what_others_commit() {
    assert_eq!(
        anomaly(
            Mutant::ParticipantAbortsAloneAfterItsVote,
            half_told(Span::secs(2))
        ),
        "non-atomic-commit"
    );
}

#[test]
fn a_vote_that_was_not_durable_leaves_half_a_commit() {
    let gone = crash(Trigger::At(at(4_500)), 1, Span::millis(50));
    let plan = vec![gone];
    let mut clean = world(with(None), two_writes(), plan.clone());
    assert_eq!(run(&mut clean, at(9_000_000)), []);
    assert_eq!(ends(&clean), [(0, "fail")]);
    let mut planted = world(with(Some(Mutant::VoteBeforeSync)), two_writes(), plan);
    run(&mut planted, at(9_000_000));
    assert_eq!(ends(&planted), [(0, "ok")]);
    assert_eq!(node(&planted, 1).data.get(&1), None, "the write is lost");
    assert_eq!(node(&planted, 2).data.get(&2), Some(&Datum::Int(7)));
}

#[test]
fn a_vote_that_comes_twice_is_not_two_votes() {
    let twice = PlannedFault {
        when: Trigger::At(Time::ZERO),
        fault: Fault::Message {
            kind: "Vote".to_owned(),
            nth: 1,
            fate: MessageFate::Duplicate,
        },
        lasts: None,
    };
    // The other shard does not hear that it should prepare.
    let plan = vec![twice, lose("Prepare", 2)];
    assert_eq!(
        anomaly(Mutant::VotesCountedTwice, plan),
        "commit-without-votes"
    );
}

#[test]
fn a_decision_that_is_told_once_and_lost_leaves_doubt_for_ever() {
    let plan = vec![lose("Decide", 2)];
    assert_eq!(anomaly(Mutant::DecisionNotResent, plan.clone()), "none");
    let config = with(Some(Mutant::DecisionNotResent));
    let mut planted = world(config, two_writes(), plan);
    run(&mut planted, at(9_000_000));
    let view = node(&planted, 2);
    assert!(view.in_doubt.contains(&first_of(0)) && view.locked.contains(&2));
}

#[test]
fn giving_locks_up_too_soon_is_seen_at_once() {
    for (mutant, ops, found) in [
        (
            Mutant::LocksReleasedAtPrepare,
            vec![write(1, 7), write(2, 7)],
            "early-release",
        ),
        (
            Mutant::ReadLocksOmitted,
            vec![MicroOp::Read { key: 1 }, write(2, 7)],
            "lock-violation",
        ),
    ] {
        let calls = vec![call(0, 0, ops)];
        let mut planted = world(with(Some(mutant)), calls, Plan::new());
        let breaches = run(&mut planted, at(1_000_000));
        assert_eq!(
            breaches.first().map(|first| first.breach.anomaly),
            Some(found)
        );
    }
}

/// A shard crashes before it is asked to prepare, and its coordinator when the other has voted.
fn one_votes_and_one_cannot() -> Plan {
    vec![
        lose("Prepare", 2),
        crash(Trigger::At(at(6_500)), 0, Span::millis(20)),
        crash(Trigger::At(at(3_500)), 2, Span::secs(1)),
    ]
}

#[test]
fn who_presumes_commit_knows_after_a_crash_whom_it_had_asked() {
    let presuming = Config {
        presumption: Presumption::PresumedCommit,
        ..config()
    };
    let plan = one_votes_and_one_cannot();
    let mut clean = world(presuming.clone(), two_writes(), plan.clone());
    assert_eq!(run(&mut clean, at(9_000_000)), []);
    assert_eq!(reached(&clean, "recovered-abort"), 1);
    assert!(clean.has_converged());
    let planted = presuming.plant(Mutant::PresumedCommitWithoutItsFirstRecord);
    let mut planted = world(planted, two_writes(), plan);
    let found = run(&mut planted, at(9_000_000));
    assert_eq!(reached(&planted, "presumed-commit"), 1);
    assert_eq!(found[0].breach.anomaly, "commit-without-votes");
}

#[test]
fn a_commit_that_is_presumed_is_told_to_whoever_missed_it() {
    let presuming = Config {
        presumption: Presumption::PresumedCommit,
        ..config()
    };
    let mut world = world(presuming, two_writes(), vec![lose("Decide", 2)]);
    assert_eq!(run(&mut world, at(1_000_000)), []);
    assert_eq!(reached(&world, "presumed-commit"), 1);
    assert!(world.has_converged());
    assert_eq!(node(&world, 2).data.get(&2), Some(&Datum::Int(7)));
}

#[test]
fn an_abort_that_is_not_presumed_is_told_after_a_crash_until_it_is_heard() {
    let presuming = Config {
        presumption: Presumption::PresumedNothing,
        ..config()
    };
    let plan = vec![
        crash(Trigger::At(at(2_500)), 2, Span::micros(200)),
        lose("Decide", 1),
        crash(Trigger::At(at(7_000)), 0, Span::millis(20)),
    ];
    let mut world = world(presuming, two_writes(), plan);
    assert_eq!(run(&mut world, at(1_000_000)), []);
    assert_eq!(reached(&world, "recovered-abort"), 1);
    assert_eq!(ends(&world), [(0, "fail")]);
    assert!(world.has_converged());
}
