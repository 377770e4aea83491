//! One reaction at a time, and exactly what it asks for.

use murphy_sim::{Span, testing::React};

use super::*;

const TIMEOUT: Span = Span::millis(100);

fn fresh(node: u32, mode: &str) -> (React, Dynamo) {
    let mut react = React::new(NodeId(node), NODES);
    let (node, _) = react.start::<Dynamo>(&config(mode, None), &[]);
    (react, node)
}

fn write(key: Key, value: Value) -> Asked {
    Request::Write { key, value }.into()
}

fn read(key: Key) -> Asked {
    Request::Read { key }.into()
}

fn put(key: Key, dot: Dot, siblings: &Siblings, at: u32) -> Message {
    Message::Put {
        key,
        dot,
        siblings: siblings.clone(),
        at: NodeId(at),
    }
}

fn stored(key: Key, dot: Dot, at: u32) -> Message {
    let at = NodeId(at);
    Message::Stored { key, dot, at }
}

/// The nonce of the question that is among these.
fn nonce(effects: &[Effect<Dynamo>]) -> u64 {
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::Send {
            message: Message::Get { read, .. },
            ..
        } => Some(*read),
        _ => None,
    });
    asked.expect("a read asks")
}

#[test]
fn a_version_is_told_when_its_name_is_durable_and_acknowledged_when_w_have_stored_it() {
    let (mut react, mut node) = fresh(0, "strict-quorum");
    let (key, dot) = (key_from(0), dot(0, 1));
    let siblings = one(dot, 5, &[]);
    let record = Record::Stored {
        key,
        siblings: siblings.clone(),
    };
    let timer = Timer::Write { key, dot };
    assert_eq!(
        react.on_request(&mut node, call(0), write(key, 5)),
        [
            Effect::Append { record },
            Effect::Sync,
            Effect::SetTimer {
                timer,
                after: TIMEOUT
            }
        ]
    );
    assert_eq!(
        react.on_synced(&mut node),
        [
            send(0, stored(key, dot, 0)),
            send(1, put(key, dot, &siblings, 1)),
            send(2, put(key, dot, &siblings, 2)),
        ]
    );
    let mut tell = |from: u32| react.on_message(&mut node, NodeId(from), stored(key, dot, from));
    assert_eq!(tell(0), []);
    assert_eq!(tell(0), [], "the same node again");
    assert_eq!(tell(2), [reply(0, Response::Written, (key, &[dot]))]);
    assert_eq!(tell(1), [Effect::CancelTimer { timer }]);
    assert_eq!(tell(1), []);
}

#[test]
fn another_coordinator_writes_the_name_and_nothing_else() {
    let (mut react, mut node) = fresh(4, "strict-quorum");
    let key = key_from(0);
    let effects = react.on_request(&mut node, call(0), write(key, 5));
    let record = Record::Named { key, counter: 1 };
    assert_eq!(effects[0], reached("coordinated-outside"));
    assert_eq!(effects[1..3], [Effect::Append { record }, Effect::Sync]);
    assert_eq!(react.on_synced(&mut node).len(), 3, "a Put to each of N");
    assert_eq!(node.store().registers().count(), 0);
}

#[test]
fn the_next_nodes_stand_in_for_those_that_do_not_answer_and_count_where_that_is_allowed() {
    for (mode, counts) in [("strict-quorum", false), ("sloppy-quorum", true)] {
        let (mut react, mut node) = fresh(0, mode);
        let (key, dot) = (key_from(0), dot(0, 1));
        let siblings = one(dot, 5, &[]);
        react.on_request(&mut node, call(0), write(key, 5));
        react.on_synced(&mut node);
        react.on_message(&mut node, NodeId(0), stored(key, dot, 0));
        let timer = Timer::Write { key, dot };
        assert_eq!(
            react.on_timer(&mut node, timer),
            [
                send(3, put(key, dot, &siblings, 1)),
                send(4, put(key, dot, &siblings, 2)),
                Effect::SetTimer {
                    timer,
                    after: TIMEOUT
                }
            ]
        );
        let effects = react.on_message(&mut node, NodeId(4), stored(key, dot, 2));
        let written = reply(0, Response::Written, (key, &[dot]));
        assert_eq!(effects == [written], counts, "{mode}");
        let given_up = react.on_timer(&mut node, timer);
        let unknown = Effect::Reply {
            call: call(0),
            reply: Reply::Unknown,
        };
        assert_eq!(given_up == [unknown], !counts, "{mode}");
    }
}

#[test]
fn a_hint_is_handed_over_in_every_round_until_its_node_has_it() {
    let (mut react, mut node) = fresh(3, "sloppy-quorum");
    let (key, dot) = (key_from(0), dot(0, 1));
    let siblings = one(dot, 5, &[]);
    react.on_message(&mut node, NodeId(0), put(key, dot, &siblings, 1));
    assert_eq!(
        react.on_synced(&mut node),
        [send(0, stored(key, dot, 1))],
        "in the place of node 1"
    );
    let hint = Hint {
        of: NodeId(1),
        key,
        siblings: siblings.clone(),
    };
    let hints = vec![(LogIndex(1), hint)];
    for _ in 0..2 {
        let effects = react.on_timer(&mut node, Timer::Round);
        assert_eq!(effects[0], send(1, Message::HandOver(hints.clone())));
    }
    let (mut there, mut other) = fresh(1, "sloppy-quorum");
    let effects = there.on_message(&mut other, NodeId(3), Message::HandOver(hints));
    assert!(!effects.iter().any(|e| matches!(e, Effect::Send { .. })));
    let taken = Message::HandedOver(vec![LogIndex(1)]);
    assert_eq!(there.on_synced(&mut other), [send(3, taken.clone())]);
    assert_eq!(other.store().get(key), Some(&siblings));
    let effects = react.on_message(&mut node, NodeId(1), taken);
    assert_eq!(effects[0], reached("handed-over"));
    assert_eq!(node.hints().count(), 0);
}

#[test]
fn a_read_is_answered_by_r_and_repairs_whoever_lags_when_all_have_answered() {
    let (mut react, mut node) = fresh(4, "strict-quorum");
    let key = key_from(0);
    let (old, new) = (one(dot(0, 1), 5, &[]), one(dot(1, 1), 6, &[dot(0, 1)]));
    let effects = react.on_request(&mut node, call(0), read(key));
    let read = nonce(&effects);
    let shown = [dot(0, 1), dot(1, 1)];
    let mut tell = |from: u32, siblings: &Siblings| {
        let siblings = siblings.clone();
        react.on_message(&mut node, NodeId(from), Message::Got { read, siblings })
    };
    assert_eq!(tell(0, &old), []);
    let answer = reply(0, Response::Siblings(vec![6]), (key, &shown));
    assert_eq!(tell(1, &new), [answer]);
    let repair = Message::Repair { key, siblings: new };
    assert_eq!(
        tell(2, &Siblings::default()),
        [
            Effect::CancelTimer {
                timer: Timer::Read(read)
            },
            reached("read-repaired"),
            send(0, repair.clone()),
            send(2, repair),
        ]
    );
    // What the client has been shown it replaces.
    let shown = [(key, shown.into_iter().collect())].into();
    let asked = Asked {
        shown,
        ..write(key, 7)
    };
    let effects = react.on_request(&mut node, call(0), asked);
    assert_eq!(effects[0], reached("coordinated-outside"));
    let puts = react.on_synced(&mut node);
    let seventh = one(dot(4, 1), 7, &[dot(0, 1), dot(1, 1)]);
    assert_eq!(puts[0], send(0, put(key, dot(4, 1), &seventh, 0)));
}

#[test]
fn a_read_asks_those_that_stand_in_where_a_quorum_may_be_sloppy() {
    for (mode, asks) in [("strict-quorum", 0), ("sloppy-quorum", 2)] {
        let (mut react, mut node) = fresh(0, mode);
        let key = key_from(0);
        let read = nonce(&react.on_request(&mut node, call(0), read(key)));
        let siblings = Siblings::default();
        react.on_message(&mut node, NodeId(0), Message::Got { read, siblings });
        let effects = react.on_timer(&mut node, Timer::Read(read));
        let asked = effects.iter().filter(|e| matches!(e, Effect::Send { .. }));
        assert_eq!(asked.count(), asks, "{mode}");
        let refused = Effect::Reply {
            call: call(0),
            reply: Reply::Fail,
        };
        let effects = react.on_timer(&mut node, Timer::Read(read));
        assert!(effects.contains(&refused), "nobody has answered");
    }
}

#[test]
fn names_and_hints_and_what_was_stored_come_back_from_the_disk() {
    let (own, others) = (key_from(0), key_from(1));
    let siblings = one(dot(0, 1), 5, &[]);
    let hint = |of| Hint {
        of: NodeId(of),
        key: others,
        siblings: one(dot(1, 1), 6, &[]),
    };
    let disk = [
        Record::Stored {
            key: own,
            siblings: siblings.clone(),
        },
        Record::Named {
            key: others,
            counter: 3,
        },
        Record::Hinted(hint(1)),
        Record::Hinted(hint(2)),
        Record::HandedOver(vec![LogIndex(3)]),
    ];
    let mut react = React::new(NodeId(0), NODES);
    let (mut node, effects) = react.start::<Dynamo>(&config("sloppy-quorum", None), &disk);
    assert_eq!(effects[0], reached("resumed"));
    assert_eq!(node.store().get(own), Some(&siblings));
    assert_eq!(node.hints().collect::<Vec<_>>(), [&hint(2)]);
    for (key, next) in [(own, dot(0, 2)), (others, dot(0, 4))] {
        react.on_request(&mut node, call(0), write(key, 9));
        let named = node.writes().find(|(of, ..)| *of == key);
        assert_eq!(named.map(|(_, dot, _)| dot), Some(next));
    }
}

#[test]
fn a_client_carries_what_it_was_shown_and_loses_it_with_a_call_whose_end_is_unknown() {
    let (key, dot) = (key_from(0), dot(0, 1));
    let shown: Shown = [(key, [dot].into_iter().collect())].into();
    let response = Response::Written;
    let last = Answered { response, shown };
    let carried = Dynamo::carry(write(key, 6), Some(&last));
    assert_eq!(carried.shown, last.shown);
    assert_eq!(Dynamo::carry(carried, None), write(key, 6));
}

#[test]
fn a_compare_and_swap_is_refused() {
    let (mut react, mut node) = fresh(0, "strict-quorum");
    let (key, from, to) = (7, 1, 2);
    let effects = react.on_request(&mut node, call(0), Request::Cas { key, from, to }.into());
    let refused = Effect::Reply {
        call: call(0),
        reply: Reply::Fail,
    };
    assert_eq!(effects, [refused]);
}
