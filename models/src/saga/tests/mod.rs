//! Single reactions, what the invariants find, and parameters; what sagas cost, and what becomes of
//! them when things go wrong, is in files of their own.

mod costs;
mod faults;

use std::collections::BTreeSet;

use murphy_sim::{Effect, Time, testing::React};

use super::*;
use crate::{
    service::txn::{MicroOp, SagaAct},
    transactions_testing::first_of,
};

const FIRST: NodeId = NodeId(1);

fn parameters(mutant: Option<&str>) -> Parameters {
    Parameters {
        nodes: 4,
        mutant: mutant.map(str::to_owned),
        opening_balance: Some(10),
        ..Parameters::default()
    }
}

fn config(mutant: Option<&str>) -> Config {
    Saga::configure(&parameters(mutant)).expect("valid")
}

fn add(key: Key, amount: i64) -> MicroOp {
    MicroOp::Add { key, amount }
}

fn started(node: NodeId, disk: &[Record]) -> (React, Saga) {
    let mut react = React::new(node, 4);
    let (process, _) = react.start::<Saga>(&config(None), disk);
    (react, process)
}

fn send(to: NodeId, message: Message) -> Effect<Saga> {
    Effect::Send { to, message }
}

fn append(record: Record) -> Effect<Saga> {
    Effect::Append { record }
}

fn reached(label: &'static str) -> Effect<Saga> {
    Effect::Reached { label }
}

/// The timer of the saga that all of these tests speak of.
fn timer() -> Effect<Saga> {
    Effect::SetTimer {
        timer: Timer::Retry(first_of(0)),
        after: config(None).retry,
    }
}

const TAKE: Step = Step { key: 0, amount: -4 };
const GIVE: Step = Step { key: 1, amount: 4 };

fn execute(place: u32, step: Step, stamp: u64) -> Message {
    Message::Execute {
        saga: first_of(0),
        place,
        step,
        stamp,
    }
}

fn executed(place: u32, done: bool, stamp: u64) -> Message {
    Message::Executed {
        saga: first_of(0),
        place,
        done,
        stamp,
    }
}

fn compensate(place: u32, step: Step) -> Message {
    Message::Compensate {
        saga: first_of(0),
        place,
        step,
        stamp: 3,
    }
}

fn ended(place: u32, step: Step, outcome: Outcome, stamp: u64) -> Record {
    Record::Ended {
        saga: first_of(0),
        place,
        step,
        outcome,
        stamp,
    }
}

fn advanced(progress: Progress, stamp: u64) -> Record {
    Record::Progress {
        saga: first_of(0),
        progress,
        stamp,
    }
}

fn begun(steps: &[Step]) -> Record {
    Record::Begun {
        saga: first_of(0),
        steps: steps.to_vec(),
    }
}

#[test]
fn a_saga_begins_when_its_log_is_forced_and_takes_before_it_gives() {
    let (mut react, mut orchestrator) = started(ORCHESTRATOR, &[]);
    let request = Request(vec![add(1, 4), add(0, -4)]);
    assert_eq!(
        react.on_request(&mut orchestrator, first_of(0), request.clone()),
        [
            reached("begun"),
            append(begun(&[TAKE, GIVE])),
            Effect::Sync,
            timer()
        ]
    );
    assert_eq!(
        react.on_synced(&mut orchestrator),
        [send(FIRST, execute(0, TAKE, 0))]
    );
    assert_eq!(
        react.on_message(&mut orchestrator, FIRST, executed(0, true, 1)),
        [
            append(advanced(Progress::Forward { next: 1 }, 2)),
            send(NodeId(2), execute(1, GIVE, 2)),
            timer()
        ]
    );
    let again = react.on_message(&mut orchestrator, FIRST, executed(0, true, 1));
    assert_eq!(again, [], "it has been heard before");
    let done = Effect::Reply {
        call: first_of(0),
        reply: Reply::Ok(Response(vec![None; 2])),
    };
    let cancel = Effect::CancelTimer {
        timer: Timer::Retry(first_of(0)),
    };
    assert_eq!(
        react.on_message(&mut orchestrator, NodeId(2), executed(1, true, 3)),
        [
            append(advanced(Progress::Completed, 4)),
            reached("completed"),
            cancel,
            done.clone()
        ]
    );
    let again = react.on_request(&mut orchestrator, first_of(0), request);
    assert_eq!(again, [done]);
}

#[test]
fn what_took_effect_is_compensated_when_a_step_is_refused_and_again_until_it_is_answered() {
    let disk = [
        begun(&[TAKE, GIVE]),
        advanced(Progress::Forward { next: 1 }, 2),
    ];
    let (mut react, mut orchestrator) = started(ORCHESTRATOR, &disk);
    let ask = send(FIRST, compensate(0, TAKE));
    assert_eq!(
        react.on_message(&mut orchestrator, NodeId(2), executed(1, false, 2)),
        [
            reached("refused"),
            append(advanced(Progress::Backward { done: 1, left: 1 }, 3)),
            ask.clone(),
            timer()
        ]
    );
    assert_eq!(
        react.on_timer(&mut orchestrator, Timer::Retry(first_of(0))),
        [reached("retried"), ask, timer()]
    );
    let (saga, place, stamp) = (first_of(0), 0, 4);
    let answer = Message::Compensated { saga, place, stamp };
    let effects = react.on_message(&mut orchestrator, FIRST, answer);
    let reply = Reply::Fail;
    assert_eq!(
        effects.last(),
        Some(&Effect::Reply { call: saga, reply }),
        "it is over"
    );
}

#[test]
fn an_orchestrator_goes_on_where_its_log_ends() {
    let disk = [
        begun(&[TAKE, GIVE]),
        advanced(Progress::Forward { next: 1 }, 2),
    ];
    let mut react = React::new(ORCHESTRATOR, 4);
    let (_, effects) = react.start::<Saga>(&config(None), &disk);
    let ask = send(NodeId(2), execute(1, GIVE, 2));
    assert_eq!(effects, [reached("resumed"), ask, timer()]);
}

#[test]
fn a_participant_does_a_step_once_and_answers_when_it_is_durable() {
    let (mut react, mut participant) = started(FIRST, &[]);
    let answer = send(ORCHESTRATOR, executed(0, true, 1));
    assert_eq!(
        react.on_message(&mut participant, ORCHESTRATOR, execute(0, TAKE, 0)),
        [append(ended(0, TAKE, Outcome::Done, 1)), Effect::Sync]
    );
    assert_eq!(
        react.on_synced(&mut participant),
        std::slice::from_ref(&answer)
    );
    assert_eq!(
        react.on_message(&mut participant, ORCHESTRATOR, execute(0, TAKE, 0)),
        [reached("repeated"), answer]
    );
}

#[test]
fn a_step_that_was_refused_stays_refused_and_one_that_was_compensated_too() {
    let much = Step {
        key: 0,
        amount: -11,
    };
    let (mut react, mut participant) = started(FIRST, &[]);
    assert_eq!(
        react.on_message(&mut participant, ORCHESTRATOR, execute(0, much, 0)),
        [append(ended(0, much, Outcome::Refused, 1)), Effect::Sync]
    );
    let disk = [
        ended(0, much, Outcome::Refused, 1),
        ended(1, TAKE, Outcome::Done, 2),
        ended(1, TAKE, Outcome::Compensated, 3),
    ];
    let (mut react, mut participant) = started(FIRST, &disk);
    for (place, step) in [(0, TAKE), (1, TAKE)] {
        let answer = send(ORCHESTRATOR, executed(place, false, 3));
        assert_eq!(
            react.on_message(&mut participant, ORCHESTRATOR, execute(place, step, 0)),
            [reached("repeated"), answer],
            "whatever is there now"
        );
    }
    let (saga, place, stamp) = (first_of(0), 1, 3);
    let answer = Message::Compensated { saga, place, stamp };
    assert_eq!(
        react.on_message(&mut participant, ORCHESTRATOR, compensate(1, TAKE)),
        [reached("repeated"), send(ORCHESTRATOR, answer)]
    );
}

#[test]
fn a_compensation_that_comes_before_its_step_bars_it() {
    let (mut react, mut participant) = started(FIRST, &[]);
    assert_eq!(
        react.on_message(&mut participant, ORCHESTRATOR, compensate(0, TAKE)),
        [append(ended(0, TAKE, Outcome::Refused, 4)), Effect::Sync]
    );
}

#[test]
fn what_cannot_be_taken_back_is_refused_and_participants_send_clients_on() {
    let (mut react, mut orchestrator) = started(ORCHESTRATOR, &[]);
    let call = first_of(0);
    let write = Request(vec![add(0, -1), MicroOp::Write { key: 1, value: 3 }]);
    let reply = Reply::Fail;
    assert_eq!(
        react.on_request(&mut orchestrator, call, write.clone()),
        [Effect::Reply { call, reply }]
    );
    let (mut react, mut participant) = started(FIRST, &[]);
    let reply = Reply::Redirect(Some(ORCHESTRATOR));
    let effects = react.on_request(&mut participant, call, write);
    assert_eq!(effects, [Effect::Reply { call, reply }]);
}

#[test]
fn parameters_that_make_no_sense_are_refused_with_a_remedy() {
    let refused = |change: fn(&mut Parameters)| {
        let mut parameters = parameters(None);
        change(&mut parameters);
        Saga::configure(&parameters).expect_err("refused")
    };
    assert!(refused(|p| p.nodes = 1).contains("set `nodes` to 2 or more"));
    assert!(refused(|p| p.spares = 1).contains("set `spares` to 0"));
    assert!(refused(|p| p.mode = Some("fast".to_owned())).contains("has only one mode"));
    assert!(refused(|p| p.mutant = Some("typo".to_owned())).contains("step-before-log"));
}

/// What the invariants say of a node that starts with these disks, one after the other.
fn breaches(node: NodeId, disks: &[&[Record]]) -> BTreeSet<&'static str> {
    let mut invariants = Saga::invariants(&config(None));
    let mut found = BTreeSet::new();
    for disk in disks {
        let mut processes = vec![None; 4];
        let mut check = |processes: &[Option<Saga>]| {
            let checked = |invariant: &mut Box<dyn Invariant<Saga>>| {
                invariant.check(Time::ZERO, node, processes).err()
            };
            let breaches = invariants.iter_mut().filter_map(checked);
            found.extend(breaches.map(|breach| breach.anomaly));
        };
        check(&processes);
        processes[node.index()] = Some(started(node, disk).1);
        check(&processes);
    }
    found
}

#[test]
fn effects_that_come_twice_or_out_of_order_and_ends_that_change_are_found() {
    let done = ended(0, TAKE, Outcome::Done, 1);
    let undone = ended(0, TAKE, Outcome::Compensated, 2);
    let fine = [done.clone(), undone.clone()];
    assert_eq!(breaches(FIRST, &[&fine, &fine]), BTreeSet::new());

    let twice = [done.clone(), done.clone()];
    assert_eq!(breaches(FIRST, &[&twice]), ["duplicate-effect"].into());
    let repeated = [done, undone.clone(), undone.clone()];
    let repeated = breaches(FIRST, &[&repeated]);
    assert_eq!(repeated, ["repeated-compensation"].into());
    assert_eq!(
        breaches(FIRST, &[&[undone]]),
        ["needless-compensation"].into()
    );
    let second = [ended(1, TAKE, Outcome::Done, 1)];
    assert_eq!(breaches(FIRST, &[&second]), ["step-out-of-order"].into());

    let end = |progress| [begun(&[TAKE, GIVE]), advanced(progress, 2)];
    let (completed, abandoned) = (end(Progress::Completed), end(Progress::Abandoned));
    let kept: [&[Record]; 2] = [&completed, &completed];
    assert_eq!(breaches(ORCHESTRATOR, &kept), BTreeSet::new());
    let changed: [&[Record]; 2] = [&completed, &abandoned];
    let changed = breaches(ORCHESTRATOR, &changed);
    assert_eq!(changed, ["decision-reversed"].into());
}

#[test]
fn an_end_is_shown_by_the_orchestrator_and_an_effect_where_it_was() {
    let (_, participant) = started(FIRST, &[ended(0, TAKE, Outcome::Done, 1)]);
    let view = Process::view(&participant);
    let state = view.state.expect("a participant holds accounts");
    assert_eq!(view.of, 1);
    assert_eq!(state.data, [(0, Datum::Int(6))].into());
    assert_eq!(state.sagas[0].act, SagaAct::Done(0));
}
