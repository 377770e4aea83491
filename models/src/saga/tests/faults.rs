//! What becomes of sagas when things go wrong, and what each planted bug does.

use murphy_sim::{MessageFate, Plan, PlannedFault, Trigger, World};

use super::{
    SagaAct::{Abandoned, Compensated, Completed, Done},
    *,
};
use crate::transactions_testing::{at, call, crash, ends, later, lose, node, reached, run, world};

/// Two takes that can be done and one that cannot; each account is at a participant of its own.
fn refused_at_the_third() -> Vec<MicroOp> {
    vec![add(0, -4), add(1, -4), add(2, -11)]
}

fn ran(mutant: Option<&str>, ops: Vec<MicroOp>, plan: Plan) -> World<Saga> {
    let world = world::<Saga>(4, config(mutant), vec![call(0, 0, ops)], plan);
    later(&world, at(5_000_000))
}

/// What happened to the saga, in order.
fn acts(world: &World<Saga>) -> Vec<SagaAct> {
    let views = (0..4).map(|id| node(world, id).sagas);
    let mut effects: Vec<_> = views.flatten().collect();
    effects.sort_by_key(|effect| effect.stamp);
    effects.into_iter().map(|effect| effect.act).collect()
}

fn doubled(kind: &str) -> PlannedFault {
    let mut fault = lose(kind, 1);
    if let murphy_sim::Fault::Message { fate, .. } = &mut fault.fault {
        *fate = MessageFate::Duplicate;
    }
    fault
}

const UNDONE: [SagaAct; 5] = [Done(0), Done(1), Compensated(1), Compensated(0), Abandoned];

#[test]
fn a_saga_that_is_refused_is_compensated_in_reverse() {
    let world = ran(None, refused_at_the_third(), Plan::new());
    assert_eq!(acts(&world), UNDONE);
    assert_eq!(ends(&world), [(0, "fail")]);
    assert_eq!(node(&world, 1).data, [(0, Datum::Int(10))].into());
}

#[test]
fn compensations_out_of_order_are_seen_in_the_order_of_effects() {
    let mutant = Some("compensations-out-of-order");
    let world = ran(mutant, refused_at_the_third(), Plan::new());
    let wrong = [Done(0), Done(1), Compensated(0), Compensated(1), Abandoned];
    assert_eq!(acts(&world), wrong);
}

#[test]
fn a_compensation_is_asked_for_until_it_is_answered_but_by_the_mutant() {
    let plan = vec![lose("Compensate", 1)];
    let clean = ran(None, refused_at_the_third(), plan.clone());
    assert_eq!(acts(&clean), UNDONE);
    let missed = ran(
        Some("compensation-not-retried"),
        refused_at_the_third(),
        plan,
    );
    assert_eq!(acts(&missed), [Done(0), Done(1), Compensated(0), Abandoned]);
    assert_eq!(ends(&missed), [(0, "fail")]);
}

#[test]
fn a_compensation_that_is_asked_for_twice_is_done_once_but_by_the_mutant() {
    let plan = vec![doubled("Compensate")];
    let clean = ran(None, refused_at_the_third(), plan.clone());
    assert_eq!(acts(&clean), UNDONE);
    let mutant = config(Some("compensation-not-idempotent"));
    let mut twice = world::<Saga>(4, mutant, vec![call(0, 0, refused_at_the_third())], plan);
    let found = run(&mut twice, at(5_000_000));
    assert_eq!(found[0].breach.anomaly, "repeated-compensation");
}

#[test]
fn a_saga_whose_orchestrator_crashes_is_led_to_its_end() {
    let down = Span::millis(500);
    for nth in 1..=3 {
        for kind in ["Execute", "Executed", "Compensate", "Compensated"] {
            let message = kind.to_owned();
            let when = Trigger::Message { message, nth };
            let plan = vec![crash(when, 0, down)];
            let world = ran(None, refused_at_the_third(), plan);
            assert_eq!(acts(&world), UNDONE, "{kind} {nth}");
        }
    }
    let message = "Executed".to_owned();
    let plan = vec![crash(Trigger::Message { message, nth: 1 }, 0, down)];
    let world = ran(None, vec![add(0, -4), add(1, 4)], plan);
    assert_eq!(acts(&world), [Done(0), Done(1), Completed]);
    assert_eq!(reached(&world, "resumed"), 1);
}

#[test]
fn a_saga_that_is_not_in_the_log_stands_half_done_in_the_mutant() {
    let when = || Trigger::Message {
        message: "Execute".to_owned(),
        nth: 1,
    };
    // The client has given up when the orchestrator is back.
    let plan = || vec![crash(when(), 0, Span::secs(4))];
    let ops = vec![add(0, -4), add(1, 4)];
    let clean = ran(None, ops.clone(), plan());
    assert_eq!(acts(&clean), [Done(0), Done(1), Completed]);
    let half = ran(Some("step-before-log"), ops, plan());
    assert_eq!(acts(&half), [Done(0)]);
}
