//! What reads, writes, repair, handing over and comparing cost, exactly.

use std::sync::Arc;

use murphy_sim::{
    Cluster, Happened, Latency, Plan, PlannedCall, Route, Setup, Span, Start, Time, World,
    testing::React,
};

use super::*;
use crate::{costs_testing::cost_of_a_call, transactions_testing::lose};

const CALLS: u64 = 10;
const MESSAGE: Span = Span::millis(1);
const SYNC: Span = Span::millis(2);
/// From a client to its node and back.
const ASKED: Span = Span::millis(2);

/// Messages and syncs, and from the call to its answer.
type Cost = (u64, u64, Span);

fn quorums(n: usize, r: usize, w: usize) -> Config {
    let never = Span::secs(1_000);
    Config {
        n,
        r,
        w,
        timeout: never,
        interval: never,
        ..config("sloppy-quorum", None)
    }
}

/// A run in which one client asks this node for each of these at its millisecond.
fn run(config: Config, node: u32, calls: &[(Request, u64)], plan: Plan) -> World<Dynamo> {
    let mut cluster = Cluster::new(NODES, 1);
    cluster.network.latency = Latency::Constant(MESSAGE);
    cluster.disk.sync = Latency::Constant(SYNC);
    let call = |(request, millis): &(Request, u64)| PlannedCall {
        client: ClientId(0),
        start: Start::At(Time::ZERO + Span::millis(*millis)),
        route: Route::Node(NodeId(node)),
        request: request.clone().into(),
    };
    let end = Time::ZERO + Span::secs(4);
    let cluster = cluster.compile().expect("valid");
    let setup = Setup {
        plan,
        ..Setup::calm(cluster, config, calls.iter().map(call).collect(), end)
    };
    let mut world = World::new(Arc::new(setup), 1);
    world.run_until(end);
    world
}

/// What one call costs, in a run in which nothing fails and nobody compares notes.
fn cost(config: Config, node: u32, request: &Request) -> Cost {
    let calls: Vec<(Request, u64)> = (1..=CALLS).map(|i| (request.clone(), 200 * i)).collect();
    let idle = run(config, node, &[], Plan::new());
    let busy = run(config, node, &calls, Plan::new());
    cost_of_a_call(&idle, &busy)
}

#[test]
fn a_write_costs_two_messages_and_a_forced_write_a_node_and_two_delays() {
    let round = MESSAGE * 2 + SYNC;
    let write = Request::Write {
        key: key_from(0),
        value: 1,
    };
    for n in 1..=4 {
        for w in 1..=n {
            let others = n as u64 - 1;
            let waits = if w > 1 { round } else { Span::ZERO };
            let within = (2 * others, n as u64, ASKED + SYNC + waits);
            assert_eq!(cost(quorums(n, 1, w), 0, &write), within, "{n} {w}");
            // One that is not among the N forces the version's name.
            let outside = (2 * n as u64, n as u64 + 1, ASKED + SYNC + round);
            assert_eq!(cost(quorums(n, 1, w), 4, &write), outside, "{n} {w}");
        }
    }
}

#[test]
fn a_read_costs_two_messages_a_node_and_two_delays_and_none_where_one_answer_is_enough() {
    let round = MESSAGE * 2;
    let read = Request::Read { key: key_from(0) };
    for n in 1..=4 {
        for r in 1..=n {
            let others = n as u64 - 1;
            let waits = if r > 1 { round } else { Span::ZERO };
            let within = (2 * others, 0, ASKED + waits);
            assert_eq!(cost(quorums(n, r, 1), 0, &read), within, "{n} {r}");
            let outside = (2 * n as u64, 0, ASKED + round);
            assert_eq!(cost(quorums(n, r, 1), 4, &read), outside, "{n} {r}");
        }
    }
}

#[test]
fn read_repair_costs_a_message_and_a_forced_write_for_each_node_that_lags() {
    let key = key_from(0);
    let config = quorums(3, 2, 1);
    let stats = |lost: Plan, reads: u64| {
        let mut calls = vec![(Request::Write { key, value: 1 }, 200)];
        calls.extend((0..reads).map(|i| (Request::Read { key }, 400 + 200 * i)));
        *run(config, 0, &calls, lost).stats()
    };
    for lagging in 1..=2 {
        let lost: Plan = (1..=lagging).map(|nth| lose("Put", nth)).collect();
        let (written, read) = (stats(lost.clone(), 0), stats(lost.clone(), 1));
        assert_eq!(read.messages - written.messages, 2 * 2 + lagging);
        assert_eq!(read.syncs - written.syncs, lagging);
        let again = stats(lost, 2);
        assert_eq!(
            again.messages - read.messages,
            2 * 2,
            "nobody lags any more"
        );
    }
}

#[test]
fn a_node_that_does_not_answer_costs_two_messages_to_stand_in_for_and_two_to_hand_over() {
    let key = key_from(0);
    let config = Config {
        timeout: Span::millis(50),
        interval: Span::secs(1_000),
        ..quorums(3, 1, 3)
    };
    let stats = |lost: Plan| {
        let world = run(config, 0, &[(Request::Write { key, value: 1 }, 200)], lost);
        assert!(matches!(world.history()[1].what, Happened::Ok(_)));
        *world.stats()
    };
    let (whole, lost) = (
        stats(Plan::new()),
        stats([lose("Put", 1)].into_iter().collect()),
    );
    // Put and Stored at the fallback, but no Stored from the node that heard nothing.
    assert_eq!(lost.messages, whole.messages + 2 - 1);
    assert_eq!(lost.syncs, whole.syncs, "one there instead of one here");
    // The rest is told by `a_hint_is_handed_over_in_every_round_until_its_node_has_it`: HandOver and
    // HandedOver, a forced write at each end.
}

/// A node with a version under each of these keys.
fn holding(node: u32, keys: &[Key]) -> (React, Dynamo) {
    let stored = |(i, key): (u32, &Key)| Record::Stored {
        key: *key,
        siblings: one(dot(9, i), 5, &[]),
    };
    let disk: Vec<Record> = (1..).zip(keys).map(stored).collect();
    let mut react = React::new(NodeId(node), NODES);
    let (node, _) = react.start::<Dynamo>(&config("strict-quorum", None), &disk);
    (react, node)
}

/// What two nodes that share a range say to each other when the first begins to compare it: messages,
/// and hashes in them.
fn compared(range: Range, sides: &mut [(React, Dynamo); 2]) -> (usize, usize) {
    let hashes = vec![sides[0].1.store().tree(range).root()];
    let mut said = vec![Message::Compare { range, hashes }];
    let (mut messages, mut told) = (0, 0);
    while let Some(message) = said.pop() {
        messages += 1;
        if let Message::Compare { hashes, .. } = &message {
            told += hashes.len();
        }
        let from = NodeId((messages as u32 + 1) % 2);
        let (react, node) = &mut sides[messages % 2];
        let mut effects = react.on_message(node, from, message);
        if effects.contains(&Effect::Sync) {
            effects.extend(react.on_synced(node));
        }
        said.extend(effects.into_iter().filter_map(|effect| match effect {
            Effect::Send { message, .. } => Some(message),
            _ => None,
        }));
        assert!(said.len() <= 1, "they speak in turns");
    }
    (messages, told)
}

#[test]
fn comparing_costs_a_message_when_nothing_differs_and_else_one_a_level_and_two_for_what_does() {
    let ring = Ring::new(NODES, 3);
    let range = Range(0);
    let keys: Vec<Key> = (0..400)
        .filter(|key| ring.range_of(*key) == range)
        .collect();
    let depth = store::DEPTH as usize;
    for lacks in [0, 1, 2, 5] {
        for beginner_lacks in [true, false] {
            let fewer = &keys[..keys.len() - lacks];
            let mut sides = match beginner_lacks {
                true => [holding(0, fewer), holding(1, &keys)],
                false => [holding(0, &keys), holding(1, fewer)],
            };
            let (messages, told) = compared(range, &mut sides);
            // With an even depth whoever did not begin finds the buckets and tells what it has first.
            let expected = match (lacks, beginner_lacks) {
                (0, _) => 1,
                (_, true) => depth + 2,
                (_, false) => depth + 3,
            };
            assert_eq!(messages, expected, "{lacks} {beginner_lacks}");
            assert!(told <= 1 + 2 * lacks * depth);
            let [(_, one), (_, other)] = &sides;
            assert_eq!(one.store().tree(range), other.store().tree(range));
        }
    }
}
