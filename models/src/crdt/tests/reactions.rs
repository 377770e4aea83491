//! One reaction at a time, and exactly what it asks for.

use murphy_sim::testing::React;

use super::*;
use crate::service::objects::{Kind, Object};

fn fresh(mode: &str) -> (React, Replica) {
    let mut react = React::new(NodeId(0), 3);
    let (node, _) = react.start::<Replica>(&config(mode), &[]);
    (react, node)
}

fn reached(label: &'static str) -> Effect<Replica> {
    Effect::Reached { label }
}

fn reply(reply: Reply<Response>) -> Effect<Replica> {
    Effect::Reply { call: CALL, reply }
}

const COUNT: Request = Request::Count { key: 7, by: 3 };
const READ: Request = Request::Read {
    kind: Kind::Tally,
    key: 7,
};

/// Nodes' wall clocks begin here, in milliseconds.
const BEGINNING: u64 = 1_000_000_000;

/// The delta of the how-manieth count of three at a node that has done nothing else.
fn counted(node: u32, time: u32) -> Objects {
    let mut objects = Objects::default();
    let deltas = (1..=time).map(|n| {
        let named = (dot(node, n), stamp(node, BEGINNING, n - 1));
        objects.update(&COUNT, named, None).expect("always")
    });
    deltas.last().expect("at least one")
}

#[test]
fn an_update_is_acknowledged_when_it_is_durable_and_shown_no_sooner() {
    let (mut react, mut node) = fresh("state-based");
    assert_eq!(
        react.on_request(&mut node, CALL, COUNT),
        [
            Effect::Append {
                record: counted(0, 1)
            },
            Effect::Sync,
            reached("updated"),
        ]
    );
    assert_eq!(react.on_request(&mut node, CALL, READ), []);
    assert_eq!(
        react.on_synced(&mut node),
        [
            reply(Reply::Ok(Response::Done)),
            reply(Reply::Ok(Response::Found(Object::Number(3)))),
        ]
    );
}

#[test]
fn by_states_a_round_tells_somebody_everything() {
    let (mut react, mut node) = fresh("state-based");
    react.on_request(&mut node, CALL, COUNT);
    react.on_synced(&mut node);
    let effects = react.on_timer(&mut node, Timer::Round);
    let Effect::Send { message, .. } = &effects[0] else {
        panic!("{effects:?}");
    };
    assert_eq!(*message, Message::State(node.objects().clone()));
    assert_eq!(effects.len(), 2, "and the next round is set");
    let news = Message::State(counted(1, 1));
    assert_eq!(
        react.on_message(&mut node, NodeId(1), news.clone()),
        [
            Effect::Append {
                record: counted(1, 1)
            },
            Effect::Sync,
            reached("joined"),
        ]
    );
    assert_eq!(react.on_message(&mut node, NodeId(1), news), []);
    assert_eq!(node.objects().read((Kind::Tally, 7)), Object::Number(6));
}

/// The next two rounds to each of the two peers: what each was told.
fn told(react: &mut React, node: &mut Replica) -> Vec<(NodeId, Message)> {
    let mut told = Vec::new();
    for _ in 0..8 {
        for effect in react.on_timer(node, Timer::Round) {
            if let Effect::Send { to, message } = effect {
                told.push((to, message));
            }
        }
    }
    told.sort_by_key(|(to, _)| *to);
    told.dedup();
    told
}

#[test]
fn by_deltas_a_round_tells_what_is_not_confirmed_until_it_is() {
    let (mut react, mut node) = fresh("delta-based");
    assert_eq!(told(&mut react, &mut node), [], "there is nothing to tell");
    react.on_request(&mut node, CALL, COUNT);
    react.on_synced(&mut node);
    let whole = Message::Delta {
        delta: counted(0, 1),
        upto: LogIndex(1),
    };
    let both = [(NodeId(1), whole.clone()), (NodeId(2), whole.clone())];
    assert_eq!(told(&mut react, &mut node), both);
    let confirm = Message::Confirm { upto: LogIndex(1) };
    react.on_message(&mut node, NodeId(1), confirm.clone());
    assert_eq!(told(&mut react, &mut node), [(NodeId(2), whole)]);
    assert_eq!(node.kept(), 1);
    react.on_message(&mut node, NodeId(2), confirm);
    assert_eq!(node.kept(), 0, "all have it");
    assert_eq!(told(&mut react, &mut node), []);
    react.on_request(&mut node, CALL, COUNT);
    react.on_synced(&mut node);
    let news = Message::Delta {
        delta: counted(0, 2),
        upto: LogIndex(2),
    };
    let both = [(NodeId(1), news.clone()), (NodeId(2), news)];
    assert_eq!(told(&mut react, &mut node), both);
}

#[test]
fn a_delta_is_confirmed_when_it_is_durable() {
    let (mut react, mut node) = fresh("delta-based");
    let delta = Message::Delta {
        delta: counted(1, 1),
        upto: LogIndex(9),
    };
    let effects = react.on_message(&mut node, NodeId(1), delta.clone());
    assert_eq!(effects.last(), Some(&reached("joined")));
    let confirm = Effect::Send {
        to: NodeId(1),
        message: Message::Confirm { upto: LogIndex(9) },
    };
    assert_eq!(react.on_synced(&mut node), std::slice::from_ref(&confirm));
    assert_eq!(react.on_message(&mut node, NodeId(1), delta), [confirm]);
}

#[test]
fn a_node_that_was_started_again_tells_everything_that_its_disk_kept() {
    let mut react = React::new(NodeId(0), 3);
    let disk = [counted(0, 1), counted(1, 1)];
    let (mut node, effects) = react.start::<Replica>(&config("delta-based"), &disk);
    assert_eq!(effects[0], reached("resumed"));
    assert_eq!(node.objects().read((Kind::Tally, 7)), Object::Number(6));
    let whole = Message::Delta {
        delta: node.objects().clone(),
        upto: LogIndex(2),
    };
    let both = [(NodeId(1), whole.clone()), (NodeId(2), whole)];
    assert_eq!(told(&mut react, &mut node), both);
}

#[test]
fn what_cannot_be_done_here_is_refused_and_what_need_not_be_is_done() {
    let (mut react, mut node) = fresh("state-based");
    let erase = Request::Erase { key: 7, element: 1 };
    assert_eq!(
        react.on_request(&mut node, CALL, erase),
        [reply(Reply::Fail)]
    );
    let remove = Request::Remove { key: 7, element: 1 };
    assert_eq!(
        react.on_request(&mut node, CALL, remove),
        [reply(Reply::Ok(Response::Done))]
    );
    assert_eq!(*node.objects(), Objects::default());
}

#[test]
fn a_write_to_a_map_is_stamped_later_than_what_was_heard() {
    let (mut react, mut node) = fresh("state-based");
    let put = |value| Request::Put {
        key: 7,
        field: 1,
        value,
    };
    let theirs = delta(&put(8), dot(1, 1), stamp(1, BEGINNING + 5_000, 0));
    react.on_message(&mut node, NodeId(1), Message::State(theirs));
    react.on_request(&mut node, CALL, put(9));
    let fields = [(1, 9)].into();
    assert_eq!(node.objects().read((Kind::Map, 7)), Object::Fields(fields));
}
