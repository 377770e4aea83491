//! Each invariant is seen to fail on a state that breaks it.

use murphy_sim::{Invariant, Time, testing::React};

use super::*;

fn node(id: u32, mutant: Option<&str>, disk: &[Record]) -> (React, Dynamo) {
    let mut react = React::new(NodeId(id), NODES);
    let (node, _) = react.start::<Dynamo>(&config("strict-quorum", mutant), disk);
    (react, node)
}

fn stored(key: Key, siblings: Siblings) -> Record {
    Record::Stored { key, siblings }
}

/// What an invariant finds that has not looked before.
fn breach<I: Invariant<Dynamo> + Default>(nodes: &[Option<Dynamo>; 5]) -> Option<&'static str> {
    let found = I::default().check(Time::ZERO, NodeId(0), nodes);
    found.err().map(|breach| breach.anomaly)
}

#[test]
fn an_acknowledged_write_that_too_few_hold_is_found() {
    let key = key_from(0);
    let (mut react, mut coordinator) = node(0, None, &[]);
    let write = Request::Write { key, value: 5 };
    react.on_request(&mut coordinator, call(0), write.into());
    react.on_synced(&mut coordinator);
    for at in [NodeId(0), NodeId(1)] {
        let dot = dot(0, 1);
        let stored = Message::Stored { key, dot, at };
        react.on_message(&mut coordinator, at, stored);
    }
    let empty = |id| Some(node(id, None, &[]).1);
    let told = |holder| {
        [
            Some(coordinator.clone()),
            holder,
            empty(2),
            empty(3),
            empty(4),
        ]
    };
    assert_eq!(
        breach::<AcknowledgedAreHeld>(&told(empty(1))),
        Some("too-few-copies")
    );
    assert_eq!(
        breach::<AcknowledgedAreHeld>(&told(None)),
        None,
        "its disk may have it"
    );
    let replaced = stored(key, one(dot(1, 1), 6, &[dot(0, 1)]));
    let holder = Some(node(1, None, &[replaced]).1);
    assert_eq!(breach::<AcknowledgedAreHeld>(&told(holder)), None);
}

#[test]
fn one_name_for_two_versions_is_found() {
    let key = key_from(0);
    let holding = |id, value| Some(node(id, None, &[stored(key, one(dot(0, 1), value, &[]))]).1);
    let nodes = |value| [holding(0, 5), holding(1, value), None, None, None];
    assert_eq!(breach::<OneVersionADot>(&nodes(6)), Some("dot-reused"));
    assert_eq!(breach::<OneVersionADot>(&nodes(5)), None);
}

#[test]
fn a_sibling_in_the_past_of_another_is_found() {
    let key = key_from(0);
    let mut heap = one(dot(0, 1), 5, &[]);
    heap.heap(&one(dot(1, 1), 6, &[dot(0, 1)]));
    let nodes = |siblings| {
        let holding = node(0, None, &[stored(key, siblings)]).1;
        [Some(holding), None, None, None, None]
    };
    assert_eq!(
        breach::<SiblingsAreConcurrent>(&nodes(heap)),
        Some("false-sibling")
    );
    let fine = one(dot(0, 1), 5, &[]);
    assert_eq!(breach::<SiblingsAreConcurrent>(&nodes(fine)), None);
}

#[test]
fn a_tree_that_does_not_tell_what_is_there_is_found() {
    for (mutant, found) in [
        (None, None),
        (Some("merkle-tree-not-updated-on-write"), Some("stale-tree")),
    ] {
        let (mut react, mut holder) = node(0, mutant, &[]);
        let put = Message::Put {
            key: key_from(0),
            dot: dot(1, 1),
            siblings: one(dot(1, 1), 5, &[]),
            at: NodeId(0),
        };
        react.on_message(&mut holder, NodeId(1), put);
        let nodes = [Some(holder), None, None, None, None];
        assert_eq!(breach::<TreesTellContents>(&nodes), found);
    }
}
