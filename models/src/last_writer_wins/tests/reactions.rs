//! One reaction at a time, and exactly what it asks for.

use murphy_sim::testing::React;

use super::*;

/// Node 0 of three that has just begun.
fn fresh(config: &Config) -> (React, LastWriterWins) {
    let mut react = React::new(NodeId(0), 3);
    let (node, _) = react.start::<LastWriterWins>(config, &[]);
    (react, node)
}

fn reached(label: &'static str) -> Effect<LastWriterWins> {
    Effect::Reached { label }
}

fn write(value: u64) -> Request {
    Request::Write { key: KEY, value }
}

/// Nodes' wall clocks begin here, in milliseconds.
const BEGINNING: u64 = 1_000_000_000;

#[test]
fn a_write_is_acknowledged_and_told_when_it_is_durable() {
    let (mut react, mut node) = fresh(&config("hybrid-logical-clock"));
    let record = Delta {
        since: versions(&[]),
        upto: versions(&[(0, 1)]),
        entries: vec![(KEY, entry(0, 1, BEGINNING, 0, 5))],
    };
    assert_eq!(
        react.on_request(&mut node, CALL, write(5)),
        [
            reached("written"),
            Effect::Append {
                record: record.clone()
            },
            Effect::Sync,
        ]
    );
    let read = Request::Read { key: KEY };
    assert_eq!(
        react.on_request(&mut node, CALL, read.clone()),
        [],
        "a reader waits until what it would see cannot be lost"
    );
    let delta = Message::Delta(record);
    assert_eq!(
        react.on_synced(&mut node),
        [
            reply(Response::Written),
            send(1, delta.clone()),
            send(2, delta),
            reply(Response::Read(Some(5))),
        ]
    );
    assert_eq!(
        react.on_request(&mut node, CALL, read),
        [reply(Response::Read(Some(5)))]
    );
}

#[test]
fn a_hybrid_clock_is_carried_ahead_by_what_is_merged() {
    let (mut react, mut node) = fresh(&config("hybrid-logical-clock"));
    let ahead = BEGINNING + 5_000;
    let delta = Delta {
        since: versions(&[]),
        upto: versions(&[(1, 1)]),
        entries: vec![(KEY, entry(1, 1, ahead, 3, 8))],
    };
    let effects = react.on_message(&mut node, NodeId(1), Message::Delta(delta.clone()));
    assert_eq!(
        effects,
        [
            Effect::Append { record: delta },
            Effect::Sync,
            reached("merged")
        ]
    );
    let effects = react.on_request(&mut node, CALL, write(9));
    assert_eq!(effects[0], reached("written"));
    let held = node.store().get(KEY).expect("written");
    assert_eq!(*held, entry(0, 1, ahead, 5, 9));
}

#[test]
fn on_wall_clocks_a_write_is_overtaken_by_one_of_a_node_that_is_ahead() {
    let (mut react, mut node) = fresh(&config("wall-clock"));
    let theirs = entry(1, 1, BEGINNING + 5_000, 1, 8);
    let delta = Delta {
        since: versions(&[]),
        upto: versions(&[(1, 1)]),
        entries: vec![(KEY, theirs)],
    };
    react.on_message(&mut node, NodeId(1), Message::Delta(delta));
    let effects = react.on_request(&mut node, CALL, write(9));
    assert_eq!(effects[0], reached("overtaken"));
    assert_eq!(node.store().get(KEY), Some(&theirs));
}

#[test]
fn news_with_a_gap_before_it_is_asked_for_and_old_news_is_let_pass() {
    let (mut react, mut node) = fresh(&config("wall-clock"));
    let later = Delta {
        since: versions(&[(1, 1)]),
        upto: versions(&[(1, 2)]),
        entries: vec![(KEY, entry(1, 2, 6, 2, 8))],
    };
    assert_eq!(
        react.on_message(&mut node, NodeId(1), Message::Delta(later)),
        [
            reached("gap-found"),
            reached("asked"),
            send(1, Message::Ask(versions(&[])))
        ]
    );
    let whole = Delta {
        since: versions(&[]),
        upto: versions(&[(1, 2)]),
        entries: vec![(KEY, entry(1, 2, 6, 2, 8))],
    };
    react.on_message(&mut node, NodeId(1), Message::Delta(whole.clone()));
    assert_eq!(
        react.on_message(&mut node, NodeId(1), Message::Delta(whole)),
        []
    );
}

#[test]
fn a_round_carries_what_either_side_lacks_and_nothing_else() {
    let (mut react, mut node) = fresh(&config("hybrid-logical-clock"));
    react.on_request(&mut node, CALL, write(5));
    react.on_synced(&mut node);
    let theirs = Message::Digest(versions(&[(2, 1)]));
    let lacking = Delta {
        since: versions(&[(2, 1)]),
        upto: versions(&[(0, 1)]),
        entries: vec![(KEY, entry(0, 1, BEGINNING, 0, 5))],
    };
    assert_eq!(
        react.on_message(&mut node, NodeId(2), theirs),
        [
            send(2, Message::Delta(lacking)),
            reached("asked"),
            send(2, Message::Ask(versions(&[(0, 1)]))),
        ]
    );
    let same = Message::Digest(versions(&[(0, 1)]));
    assert_eq!(react.on_message(&mut node, NodeId(2), same), []);
}

#[test]
fn what_was_written_and_its_clock_come_back_from_the_disk() {
    let config = config("hybrid-logical-clock");
    let record = Delta {
        since: versions(&[]),
        upto: versions(&[(0, 1)]),
        entries: vec![(KEY, entry(0, 1, BEGINNING + 70, 4, 5))],
    };
    let mut react = React::new(NodeId(0), 3);
    let (mut node, effects) = react.start::<LastWriterWins>(&config, &[record]);
    assert_eq!(effects[0], reached("resumed"));
    react.on_request(&mut node, CALL, write(6));
    assert_eq!(
        node.store().get(KEY),
        Some(&entry(0, 2, BEGINNING + 70, 5, 6)),
        "stamped later than what was written before the crash, though the wall clock is behind"
    );
}

#[test]
fn a_compare_and_swap_is_refused() {
    let (mut react, mut node) = fresh(&config("wall-clock"));
    let cas = Request::Cas {
        key: KEY,
        from: 1,
        to: 2,
    };
    assert_eq!(
        react.on_request(&mut node, CALL, cas),
        [Effect::Reply {
            call: CALL,
            reply: Reply::Fail
        }]
    );
}
