//! What a member does at its start, in a period, and when it hears of others and of itself.

use murphy_sim::{CallId, ClientId, LogIndex, Reply};

use super::*;
use Status::{Alive, Failed, Suspect};

fn ack(updates: Vec<Update>) -> Message {
    let probe = probe(1);
    Message::Ack { probe, updates }
}

/// The ping of a period that begins, and the probe that it is for.
fn pinged(effects: &Effects) -> (Probe, Vec<Update>) {
    let ping = effects.iter().find_map(|effect| match effect {
        Effect::Send {
            message: Message::Ping { probe, updates },
            ..
        } => Some((*probe, updates.clone())),
        _ => None,
    });
    ping.expect("a period begins with a ping")
}

#[test]
fn a_life_is_durable_before_anyone_hears_of_it() {
    let mut react = React::new(N0, 2);
    let (mut swim, effects) = react.start::<Swim>(&config(2), &[Life(1), Life(2)]);
    assert_eq!(effects, [Effect::Append { record: Life(3) }, Effect::Sync]);
    let ping = Message::Ping {
        probe: Probe {
            origin: N1,
            life: 1,
            number: 1,
            target: N0,
        },
        updates: vec![],
    };
    assert_eq!(
        react.on_message(&mut swim, N1, ping),
        [],
        "it is not there yet"
    );
    assert!(swim.view().state.is_none() && !swim.view().settled);
    let call = CallId {
        client: ClientId(0),
        number: 0,
    };
    let reply = Reply::Redirect(None);
    assert_eq!(
        react.on_request(&mut swim, call, Request::Members),
        [Effect::Reply { call, reply }]
    );
    let effects = react.on_synced(&mut swim);
    let updates = vec![(N0, in_life(Alive, 3, 0))];
    let before = LogIndex(3);
    assert_eq!(
        effects[..3],
        [
            Effect::Truncate { before },
            reached("joined"),
            send(N1, Message::Join { updates })
        ]
    );
    assert!(matches!(
        effects[3..],
        [Effect::SetTimer {
            timer: Timer::Period,
            ..
        }]
    ));
}

#[test]
fn whoever_joins_is_given_the_list_and_asks_until_it_has_one() {
    let (mut react, mut swim) = member(&config(3));
    let updates = vec![(N2, in_life(Alive, 5, 0))];
    let effects = react.on_message(&mut swim, N2, Message::Join { updates });
    let members = vec![
        (N1, said(Alive, 0)),
        (N2, in_life(Alive, 5, 0)),
        (N0, said(Alive, 0)),
    ];
    assert_eq!(effects, [send(N2, Message::Roster { members })]);

    let mut react = React::new(N0, 3);
    let (mut swim, _) = react.start::<Swim>(&config(3), &[]);
    react.on_synced(&mut swim);
    let asks = |effects: Effects| {
        effects.iter().any(|effect| {
            matches!(
                effect,
                Effect::Send {
                    message: Message::Join { .. },
                    ..
                }
            )
        })
    };
    assert!(asks(react.on_timer(&mut swim, Timer::Period)));
    let members = vec![(N1, said(Failed, 0))];
    let effects = react.on_message(&mut swim, N2, Message::Roster { members });
    assert_eq!(effects, [reached("welcomed")]);
    assert!(!asks(react.on_timer(&mut swim, Timer::Period)));
    assert_eq!(swim.view().state.map(|list| list[&N1]), Some(Failed));
}

#[test]
fn an_answer_in_time_ends_the_probe() {
    let (mut react, mut swim) = member(&config(2));
    let effects = react.on_timer(&mut swim, Timer::Period);
    assert_eq!(pinged(&effects), (probe(1), vec![]));
    let timer = Timer::Timeout;
    assert_eq!(
        react.on_message(&mut swim, N1, ack(vec![])),
        [Effect::CancelTimer { timer }]
    );
    assert_eq!(react.on_timer(&mut swim, Timer::Timeout), []);
    assert_eq!(
        pinged(&react.on_timer(&mut swim, Timer::Period)).0,
        probe(2)
    );
    assert_eq!(
        react.on_message(&mut swim, N1, ack(vec![])),
        [],
        "the answer to the first is none to the second"
    );
}

#[test]
fn without_an_answer_others_are_asked_and_then_the_member_is_suspected() {
    let (mut react, mut swim) = member(&config(3));
    let probed = pinged(&react.on_timer(&mut swim, Timer::Period)).0;
    let other = if probed.target == N1 { N2 } else { N1 };
    let ask = Message::PingReq {
        probe: probed,
        updates: vec![],
    };
    assert_eq!(
        react.on_timer(&mut swim, Timer::Timeout),
        [reached("probed-indirectly"), send(other, ask)]
    );
    let effects = react.on_timer(&mut swim, Timer::Period);
    let timer = Timer::Suspicion(probed.target);
    let after = config(3).suspicion;
    assert_eq!(
        effects[..2],
        [reached("suspected"), Effect::SetTimer { timer, after }]
    );
    let suspicion = (probed.target, said(Suspect, 0));
    assert_eq!(pinged(&effects).1, [suspicion], "it is told at once");
    let effects = react.on_timer(&mut swim, timer);
    assert_eq!(
        effects,
        [reached("confirmed"), Effect::CancelTimer { timer }]
    );
    let list = swim.view().state.expect("it is a member");
    assert_eq!((list[&probed.target], list[&other]), (Failed, Alive));
}

#[test]
fn whoever_is_asked_pings_for_another_and_passes_the_answer_on() {
    let (mut react, mut swim) = member(&config(3));
    let probe = Probe {
        origin: N1,
        life: 1,
        number: 7,
        target: N2,
    };
    let updates = Vec::new;
    let ask = Message::PingReq {
        probe,
        updates: updates(),
    };
    let ping = Message::Ping {
        probe,
        updates: updates(),
    };
    assert_eq!(react.on_message(&mut swim, N1, ask), [send(N2, ping)]);
    let ack = || Message::Ack {
        probe,
        updates: updates(),
    };
    assert_eq!(
        react.on_message(&mut swim, N2, ack()),
        [reached("answered-indirectly"), send(N1, ack())]
    );
}

#[test]
fn a_suspect_raises_its_incarnation_once_and_tells_everyone() {
    let (mut react, mut swim) = member(&config(3));
    let suspicion = || ack(vec![(N0, said(Suspect, 0))]);
    assert_eq!(
        react.on_message(&mut swim, N1, suspicion()),
        [reached("refuted")]
    );
    let refutation = vec![(N0, said(Alive, 1))];
    let (_, updates) = pinged(&react.on_timer(&mut swim, Timer::Period));
    assert_eq!(updates, refutation);
    assert_eq!(
        react.on_message(&mut swim, N1, suspicion()),
        [],
        "this one it has refuted, and tells it once more"
    );
    assert_eq!(swim.own().number, 1);
}

#[test]
fn whoever_hears_that_it_has_failed_begins_another_life() {
    let (mut react, mut swim) = member(&config(3));
    let confirmation = || ack(vec![(N0, said(Failed, 0))]);
    assert_eq!(
        react.on_message(&mut swim, N1, confirmation()),
        [Effect::Append { record: Life(2) }, Effect::Sync]
    );
    assert_eq!(react.on_message(&mut swim, N1, confirmation()), [], "once");
    let before = LogIndex(2);
    assert_eq!(
        react.on_synced(&mut swim),
        [Effect::Truncate { before }, reached("rejoined")]
    );
    let (_, updates) = pinged(&react.on_timer(&mut swim, Timer::Period));
    assert_eq!(updates, [(N0, in_life(Alive, 2, 0))]);
    assert_eq!(
        react.on_message(&mut swim, N1, confirmation()),
        [],
        "long ago"
    );
    let never_begun = ack(vec![(N0, in_life(Failed, 9, 0))]);
    assert_eq!(react.on_message(&mut swim, N1, never_begun), []);
    assert_eq!(swim.own(), Incarnation { life: 2, number: 0 });
}

#[test]
fn a_refutation_ends_a_suspicion_and_another_life_ends_a_failure() {
    let (mut react, mut swim) = member(&config(3));
    let suspected = react.on_message(&mut swim, N2, ack(vec![(N1, said(Suspect, 0))]));
    let timer = Timer::Suspicion(N1);
    let after = config(3).suspicion;
    assert_eq!(suspected, [Effect::SetTimer { timer, after }]);
    let refuted = react.on_message(&mut swim, N2, ack(vec![(N1, said(Alive, 1))]));
    assert_eq!(refuted, [Effect::CancelTimer { timer }]);
    react.on_message(&mut swim, N2, ack(vec![(N1, said(Failed, 0))]));
    assert_eq!(
        swim.list()[&N1],
        said(Failed, 0),
        "whatever the incarnation"
    );
    react.on_message(&mut swim, N2, ack(vec![(N1, said(Alive, 7))]));
    assert_eq!(swim.list()[&N1], said(Failed, 0), "for all of that life");
    let back = react.on_message(&mut swim, N2, ack(vec![(N1, in_life(Alive, 2, 0))]));
    assert_eq!(back, [reached("taken-back")]);
}

#[test]
fn who_has_failed_is_knocked_at_every_period_and_told_what_is_held_against_it() {
    let (mut react, mut swim) = member(&config(4));
    let failed = [(N1, said(Failed, 0)), (N2, said(Failed, 0))];
    react.on_message(&mut swim, NodeId(3), ack(failed.to_vec()));
    let mut knocks = Vec::new();
    for _ in 0..4 {
        for effect in react.on_timer(&mut swim, Timer::Period) {
            if let Effect::Send {
                to,
                message: Message::Ping { probe, updates },
            } = effect
                && probe.number == 0
            {
                let told = (to, said(Failed, 0));
                assert!(updates.contains(&told), "{updates:?}");
                knocks.push(to);
            }
        }
    }
    assert_eq!(knocks, [N1, N2, N1, N2]);
}

#[test]
fn options_that_leave_no_time_for_an_indirect_probe_are_refused() {
    let refused = |name: &str, value| {
        let mut parameters = parameters(5, "round-robin", None);
        parameters.options.insert(name.to_owned(), value);
        Swim::configure(&parameters).expect_err("it is refused")
    };
    assert!(refused("timeout", 40_000_000).contains("`period`"));
    assert!(refused("lambda", 1_001).contains("up to 1000"));
    assert!(refused("patience", 1).contains("options are"));
}

#[test]
fn every_mutant_has_its_story() {
    let told: Vec<&str> = Swim::MUTANTS.iter().map(|mutant| mutant.name).collect();
    assert_eq!(told, <Mutant as strum::VariantNames>::VARIANTS);
    let modes: Vec<&str> = Swim::MODES.iter().map(|mode| mode.name).collect();
    assert_eq!(modes, <Mode as strum::VariantNames>::VARIANTS);
}
