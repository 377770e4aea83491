//! Reactions one by one, with their exact effects, and what breaks the invariant.

use murphy_sim::{Effect, Reply, Time};

use super::*;
use crate::events_testing::CALL;

fn send(message: Message) -> Effect<RumourMongering> {
    let to = NodeId(1);
    Effect::Send { to, message }
}

fn append(record: Item) -> Effect<RumourMongering> {
    Effect::Append { record }
}

fn reached(label: &'static str) -> Effect<RumourMongering> {
    Effect::Reached { label }
}

fn again(config: &Config) -> Effect<RumourMongering> {
    Effect::SetTimer {
        timer: Timer::Tell,
        after: config.interval,
    }
}

/// Node 0 of two, for which its first event is hot.
fn with_a_rumour(config: &Config) -> (React, RumourMongering) {
    let (mut react, mut node) = holding(&[], config);
    react.on_request(&mut node, CALL, Request::Publish { key: 7, event: 1 });
    react.on_synced(&mut node);
    (react, node)
}

#[test]
fn an_event_is_acknowledged_and_hot_when_it_is_durable() {
    let config = config("counter");
    let (mut react, mut node) = holding(&[], &config);
    let request = Request::Publish { key: 7, event: 1 };
    assert_eq!(
        react.on_request(&mut node, CALL, request.clone()),
        [append(item(0, 1)), Effect::Sync, reached("event-written")]
    );
    assert_eq!(react.on_timer(&mut node, Timer::Tell), [], "nothing is hot");
    let published = Effect::Reply {
        call: CALL,
        reply: Reply::Ok(Response::Published),
    };
    let effects = react.on_synced(&mut node);
    assert_eq!(effects[0], published);
    assert!(matches!(
        effects[1..],
        [Effect::SetTimer {
            timer: Timer::Tell,
            ..
        }]
    ));
    let rumours = send(Message::Rumours(vec![item(0, 1)]));
    assert_eq!(
        react.on_timer(&mut node, Timer::Tell),
        [rumours, again(&config)]
    );
    assert_eq!(
        react.on_request(&mut node, CALL, request),
        [reached("published-again"), published]
    );
}

#[test]
fn who_is_told_what_it_knows_says_so() {
    let (mut react, mut node) = holding(&[item(0, 1)], &config("counter"));
    let rumours = Message::Rumours(vec![item(0, 1), item(1, 4)]);
    assert_eq!(
        react.on_message(&mut node, NodeId(1), rumours.clone()),
        [
            append(item(1, 4)),
            Effect::Sync,
            reached("caught-up"),
            reached("learned-by-rumour"),
            send(Message::Known(vec![item(0, 1).dot])),
        ],
        "those before the fourth are missing, and the fourth is taken"
    );
    let blind = Config {
        blind: true,
        ..config("counter")
    };
    let (mut react, mut node) = holding(&[item(0, 1), item(1, 4)], &blind);
    assert_eq!(react.on_message(&mut node, NodeId(1), rumours), []);
}

#[test]
fn a_counter_loses_interest_at_the_kth_useless_contact() {
    let config = Config {
        k: 2,
        ..config("counter")
    };
    let (mut react, mut node) = with_a_rumour(&config);
    let known = || Message::Known(vec![item(0, 1).dot]);
    assert_eq!(react.on_message(&mut node, NodeId(1), known()), []);
    assert_eq!(
        react.on_message(&mut node, NodeId(1), known()),
        [reached("lost-interest")]
    );
    assert_eq!(
        react.on_message(&mut node, NodeId(1), known()),
        [],
        "it has cooled"
    );
    assert_eq!(react.on_timer(&mut node, Timer::Tell), []);
}

#[test]
fn a_coin_of_one_side_loses_interest_at_once() {
    let config = Config {
        k: 1,
        ..config("coin")
    };
    let (mut react, mut node) = with_a_rumour(&config);
    let known = Message::Known(vec![item(0, 1).dot]);
    assert_eq!(
        react.on_message(&mut node, NodeId(1), known),
        [reached("lost-interest")]
    );
}

#[test]
fn blind_tellers_count_every_contact() {
    let config = Config {
        k: 1,
        blind: true,
        ..config("counter")
    };
    let (mut react, mut node) = with_a_rumour(&config);
    assert_eq!(
        react.on_timer(&mut node, Timer::Tell),
        [
            send(Message::Rumours(vec![item(0, 1)])),
            reached("lost-interest"),
            again(&config)
        ]
    );
    assert_eq!(react.on_timer(&mut node, Timer::Tell), []);
}

#[test]
fn anti_entropy_finds_what_rumours_left_out_and_makes_it_hot() {
    let config = config("coin");
    let (mut react, mut node) = holding(&[item(0, 1), item(1, 1), item(1, 3)], &config);
    let known = |items: &[Item]| {
        let names: DotContext = items.iter().map(|item| item.dot).collect();
        Message::Digest(names)
    };
    assert_eq!(
        react.on_timer(&mut node, Timer::Compare)[0],
        send(known(&[item(0, 1), item(1, 1), item(1, 3)]))
    );
    assert_eq!(
        react.on_message(&mut node, NodeId(1), known(&[item(1, 1), item(1, 2)])),
        [send(Message::Missing(vec![item(0, 1), item(1, 3)]))]
    );
    let missing = Message::Missing(vec![item(1, 2)]);
    assert_eq!(
        react.on_message(&mut node, NodeId(1), missing.clone()),
        [
            append(item(1, 2)),
            Effect::Sync,
            reached("caught-up"),
            reached("learned-by-anti-entropy"),
        ]
    );
    assert_eq!(react.on_message(&mut node, NodeId(1), missing), []);
    react.on_synced(&mut node);
    assert_eq!(node.hot().collect::<Vec<_>>(), [(item(1, 2).dot, 0)]);
}

#[test]
fn after_a_full_message_the_next_is_asked_for_at_once() {
    let config = Config {
        batch: 1,
        ..config("coin")
    };
    let (mut react, mut node) = holding(&[], &config);
    let missing = Message::Missing(vec![item(1, 1)]);
    let effects = react.on_message(&mut node, NodeId(1), missing);
    assert!(matches!(
        effects.last(),
        Some(Effect::Send {
            message: Message::Digest(_),
            ..
        })
    ));
}

#[test]
fn a_gap_is_told_unless_the_bug_takes_it_for_known() {
    let digest = |mutant| {
        let config = RumourMongering::configure(&parameters(2, "coin", mutant)).expect("valid");
        let (mut react, mut node) = holding(&[item(1, 3)], &config);
        match react.on_timer(&mut node, Timer::Compare).swap_remove(0) {
            Effect::Send {
                message: Message::Digest(known),
                ..
            } => known,
            other => panic!("it begins with {other:?}"),
        }
    };
    assert!(!digest(None).covers(item(1, 2).dot));
    assert!(digest(Some("rumour-gap-taken-for-known")).covers(item(1, 2).dot));
}

#[test]
fn what_is_hot_and_not_durable_or_told_for_too_long_is_seen() {
    let config = config("counter");
    let check = |node: &RumourMongering| {
        let breach = HotIsHeld.check(Time::ZERO, NodeId(0), &[Some(node.clone()), None]);
        breach.err().map(|breach| breach.anomaly)
    };
    let (_, mut node) = with_a_rumour(&config);
    assert_eq!(check(&node), None);
    node.heat_for_tests(item(0, 1), config.k);
    assert_eq!(check(&node), Some("rumour-told-for-too-long"));
    let (_, mut node) = holding(&[], &config);
    node.heat_for_tests(item(0, 1), 0);
    assert_eq!(check(&node), Some("rumour-not-durable"));
}

#[test]
fn parameters_that_make_no_sense_are_refused_with_a_remedy() {
    let refused = |parameters: Parameters| {
        RumourMongering::configure(&parameters).expect_err("it makes no sense")
    };
    let valid = || parameters(5, "coin", None);
    assert!(
        refused(Parameters {
            spares: 1,
            ..valid()
        })
        .contains("remove `spares`")
    );
    assert!(refused(parameters(5, "dice", None)).contains("counter, coin"));
    for (option, value, remedy) in [
        ("k", 0, "above it"),
        ("k", u64::MAX, "write 2"),
        ("blind", 2, "true or false"),
        ("anti-entropy", 0, "is zero"),
    ] {
        let options = [(option.to_owned(), value)].into();
        assert!(refused(Parameters { options, ..valid() }).contains(remedy));
    }
}
