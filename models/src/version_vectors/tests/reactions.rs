//! One reaction at a time, and exactly what it asks for.

use murphy_sim::testing::React;

use super::*;

fn fresh(mutant: Option<&str>) -> (React, VersionVectors) {
    let mut react = React::new(NodeId(0), 3);
    let (node, _) = react.start::<VersionVectors>(&config(mutant), &[]);
    (react, node)
}

fn reached(label: &'static str) -> Effect<VersionVectors> {
    Effect::Reached { label }
}

fn send(to: u32, message: Message) -> Effect<VersionVectors> {
    let to = NodeId(to);
    Effect::Send { to, message }
}

fn write(value: u64) -> Request {
    Request::Write { key: KEY, value }
}

const READ: Request = Request::Read { key: KEY };

/// Writes, and lets the disk finish.
fn written(react: &mut React, node: &mut VersionVectors, client: u32, value: u64) {
    react.on_request(node, call(client), write(value));
    react.on_synced(node);
}

fn read(react: &mut React, node: &mut VersionVectors, client: u32) -> Vec<u64> {
    let effects = react.on_request(node, call(client), READ);
    let response = effects.into_iter().find_map(|effect| match effect {
        Effect::Reply {
            reply: Reply::Ok(Response::Siblings(values)),
            ..
        } => Some(values),
        _ => None,
    });
    response.expect("a read is answered at once when all is durable")
}

#[test]
fn a_write_is_acknowledged_and_told_when_it_is_durable() {
    let (mut react, mut node) = fresh(None);
    let record = Delta {
        since: versions(&[]),
        upto: versions(&[(0, 1)]),
        entries: vec![(KEY, siblings(&[(dot(0, 1), version(5, &[]))]))],
    };
    assert_eq!(
        react.on_request(&mut node, call(0), write(5)),
        [
            Effect::Append {
                record: record.clone()
            },
            Effect::Sync
        ]
    );
    let delta = Message::Delta(record);
    assert_eq!(
        react.on_synced(&mut node),
        [
            reply(0, Response::Written),
            send(1, delta.clone()),
            send(2, delta)
        ]
    );
    assert_eq!(
        react.on_request(&mut node, call(1), READ),
        [reply(1, Response::Siblings(vec![5]))]
    );
}

#[test]
fn two_clients_of_one_node_that_have_not_seen_each_other_write_siblings() {
    let (mut react, mut node) = fresh(None);
    written(&mut react, &mut node, 0, 5);
    written(&mut react, &mut node, 1, 6);
    assert_eq!(read(&mut react, &mut node, 0), [5, 6]);
    let (mut react, mut node) = fresh(Some("vector-without-dots"));
    written(&mut react, &mut node, 0, 5);
    written(&mut react, &mut node, 1, 6);
    assert_eq!(read(&mut react, &mut node, 0), [6]);
}

#[test]
fn a_write_replaces_what_its_client_has_read_and_written_and_nothing_else() {
    let (mut react, mut node) = fresh(None);
    written(&mut react, &mut node, 0, 5);
    written(&mut react, &mut node, 0, 6);
    assert_eq!(read(&mut react, &mut node, 0), [6], "its own");
    written(&mut react, &mut node, 1, 7);
    written(&mut react, &mut node, 0, 8);
    assert_eq!(read(&mut react, &mut node, 2), [7, 8], "it had not seen 7");
    written(&mut react, &mut node, 1, 9);
    assert_eq!(read(&mut react, &mut node, 2), [8, 9], "it had not seen 8");
    written(&mut react, &mut node, 2, 10);
    assert_eq!(read(&mut react, &mut node, 2), [10]);
}

#[test]
fn what_comes_from_elsewhere_stands_beside_what_is_here_unless_its_writer_had_seen_it() {
    let (mut react, mut node) = fresh(None);
    written(&mut react, &mut node, 0, 5);
    let concurrent = Delta {
        since: versions(&[]),
        upto: versions(&[(1, 1)]),
        entries: vec![(KEY, siblings(&[(dot(1, 1), version(6, &[]))]))],
    };
    let effects = react.on_message(&mut node, NodeId(1), Message::Delta(concurrent));
    assert_eq!(effects[2], reached("merged"));
    react.on_synced(&mut node);
    assert_eq!(read(&mut react, &mut node, 0), [5, 6]);
    let seen = [dot(0, 1), dot(1, 1)];
    let later = Delta {
        since: versions(&[(0, 1), (1, 1)]),
        upto: versions(&[(0, 1), (1, 1), (2, 1)]),
        entries: vec![(KEY, siblings(&[(dot(2, 1), version(7, &seen))]))],
    };
    react.on_message(&mut node, NodeId(2), Message::Delta(later));
    react.on_synced(&mut node);
    assert_eq!(read(&mut react, &mut node, 0), [7]);
}

#[test]
fn news_with_a_gap_before_it_is_asked_for() {
    let (mut react, mut node) = fresh(None);
    let later = Delta {
        since: versions(&[(1, 1)]),
        upto: versions(&[(1, 2)]),
        entries: vec![],
    };
    assert_eq!(
        react.on_message(&mut node, NodeId(1), Message::Delta(later)),
        [
            reached("gap-found"),
            reached("asked"),
            send(1, Message::Ask(versions(&[])))
        ]
    );
}

#[test]
fn a_node_that_has_crashed_keeps_too_much_rather_than_too_little() {
    let (mut react, mut node) = fresh(None);
    written(&mut react, &mut node, 0, 5);
    let record = Delta {
        since: versions(&[]),
        upto: versions(&[(0, 1)]),
        entries: vec![(KEY, siblings(&[(dot(0, 1), version(5, &[]))]))],
    };
    let mut react = React::new(NodeId(0), 3);
    let (mut node, effects) = react.start::<VersionVectors>(&config(None), &[record]);
    assert_eq!(effects[0], reached("resumed"));
    written(&mut react, &mut node, 0, 6);
    assert_eq!(read(&mut react, &mut node, 0), [5, 6]);
}
