//! The sequencer: single reactions, what an event costs, and crashes and cuts all through.

use murphy_sim::{
    ClientId, Cluster, DiskFate, Effect, Fault, Latency, PlannedCall, Route, Setup, Shape, Span,
    Start, Target, Trigger, World, testing::React,
};

use super::*;
use crate::events_testing::{CALL, at_ms, planned, run};

const N0: NodeId = NodeId(0);
const N1: NodeId = NodeId(1);
const N2: NodeId = NodeId(2);

fn parameters(nodes: u32, mutant: Option<&str>) -> Parameters {
    Parameters {
        nodes,
        mutant: mutant.map(str::to_owned),
        ..Parameters::default()
    }
}

fn config(mutant: Option<&str>) -> Config {
    Sequencer::configure(&parameters(3, mutant)).expect("valid")
}

const fn ordered(event: EventId) -> Ordered {
    Ordered { key: 7, event }
}

fn order(epoch: u64, base: u64, from: u64, events: &[EventId], stable: u64) -> Message {
    Message::Order {
        epoch: Epoch(epoch),
        base,
        from,
        events: events.iter().map(|event| ordered(*event)).collect(),
        stable,
    }
}

fn record(epoch: u64, from: u64, events: &[EventId], stable: u64) -> Record {
    Record::Order {
        epoch: Epoch(epoch),
        from,
        events: events.iter().map(|event| ordered(*event)).collect(),
        stable,
    }
}

fn sends(effects: &[Effect<Sequencer>]) -> Vec<(NodeId, Message)> {
    let send = |effect: &Effect<Sequencer>| match effect {
        Effect::Send { to, message } => Some((*to, message.clone())),
        _ => None,
    };
    effects.iter().filter_map(send).collect()
}

fn records(effects: &[Effect<Sequencer>]) -> Vec<Record> {
    let append = |effect: &Effect<Sequencer>| match effect {
        Effect::Append { record } => Some(record.clone()),
        _ => None,
    };
    effects.iter().filter_map(append).collect()
}

/// Node 1 of three, with this on its disk.
fn member(mutant: Option<&str>, disk: &[Record]) -> (React, Sequencer) {
    let mut react = React::new(N1, 3);
    let (node, _) = react.start::<Sequencer>(&config(mutant), disk);
    (react, node)
}

fn written(epoch: u64, length: u64) -> Message {
    Message::Written {
        epoch: Epoch(epoch),
        length,
    }
}

#[test]
fn a_member_answers_for_what_is_on_its_disk() {
    let (mut react, mut node) = member(None, &[]);
    let effects = react.on_message(&mut node, N0, order(3, 0, 0, &[5], 0));
    assert_eq!(records(&effects), [record(3, 0, &[5], 0)]);
    assert_eq!(sends(&effects), [], "nothing before the disk answers");
    assert_eq!(sends(&react.on_synced(&mut node)), [(N0, written(3, 1))]);
    assert!(node.delivered().is_empty(), "it is not stable yet");
    react.on_message(&mut node, N0, order(3, 0, 1, &[], 1));
    assert_eq!(node.delivered(), [ordered(5)]);

    let (mut react, mut node) = member(Some("sequencer-written-before-sync"), &[]);
    let effects = react.on_message(&mut node, N0, order(3, 0, 0, &[5], 0));
    assert_eq!(sends(&effects), [(N0, written(3, 1))], "the bug does");
}

#[test]
fn a_new_epoch_is_joined_with_its_whole_order_or_not_at_all() {
    let disk = [record(2, 0, &[1, 2, 3], 1)];
    let (mut react, mut node) = member(None, &disk);
    let missing = Message::Missing {
        epoch: Epoch(3),
        length: 1,
    };
    for part in [order(3, 3, 1, &[2], 1), order(3, 3, 2, &[4], 1)] {
        let effects = react.on_message(&mut node, N0, part);
        assert_eq!(sends(&effects), [(N0, missing.clone())]);
        assert_eq!(records(&effects), []);
    }
    let effects = react.on_message(&mut node, N0, order(3, 3, 0, &[1, 2, 4], 3));
    assert_eq!(records(&effects), [record(3, 1, &[2, 4], 1)]);
    assert!(effects.contains(&Effect::Reached { label: "void-tail" }));
    assert_eq!(node.delivered(), [ordered(1), ordered(2), ordered(4)]);
}

#[test]
fn who_has_promised_does_not_listen_to_the_old_sequencer() {
    let (mut react, mut node) = member(None, &[]);
    let take_over = Message::TakeOver { epoch: Epoch(5) };
    let effects = react.on_message(&mut node, N2, take_over.clone());
    assert_eq!(records(&effects), [Record::Promised(Epoch(5))]);
    let promise = Message::Promise {
        epoch: Epoch(5),
        written_in: Epoch(0),
        events: vec![],
        stable: 0,
    };
    assert_eq!(sends(&react.on_synced(&mut node)), [(N2, promise)]);
    assert_eq!(react.on_message(&mut node, N0, order(3, 0, 0, &[5], 0)), []);
    assert_eq!(react.on_message(&mut node, N2, take_over), []);

    let (_, restarted) = member(None, &[Record::Promised(Epoch(5))]);
    assert_eq!(restarted.promised(), Epoch(5));
}

/// Node 1 takes over; node 2 has promised, and has this order.
fn taken_over(mutant: Option<&str>, theirs: (u64, &[EventId])) -> Sequencer {
    let (mut react, mut node) = member(mutant, &[record(2, 0, &[1, 2, 3], 1)]);
    react.on_timer(&mut node, Timer::Patience);
    react.on_synced(&mut node);
    let events = theirs.1.iter().map(|event| ordered(*event)).collect();
    let promise = Message::Promise {
        epoch: Epoch(4),
        written_in: Epoch(theirs.0),
        events,
        stable: 1,
    };
    react.on_message(&mut node, N2, promise);
    assert!(node.is_sequencer());
    node
}

#[test]
fn whoever_takes_over_goes_on_from_the_longest_order_of_the_latest_epoch() {
    let order_of = |node: &Sequencer| -> Vec<EventId> {
        let events = node.order.events().iter();
        events.map(|ordered| ordered.event).collect()
    };
    assert_eq!(order_of(&taken_over(None, (3, &[1, 4]))), [1, 4]);
    assert_eq!(order_of(&taken_over(None, (1, &[1, 4, 5, 6]))), [1, 2, 3]);
    assert_eq!(
        order_of(&taken_over(None, (2, &[1, 2, 3, 4]))),
        [1, 2, 3, 4]
    );
    let own = taken_over(
        Some("sequencer-reuses-numbers-after-failover"),
        (3, &[1, 4]),
    );
    assert_eq!(order_of(&own), [1, 2, 3]);
}

#[test]
fn a_member_sends_clients_to_the_sequencer() {
    let (mut react, mut node) = member(None, &[record(2, 0, &[1], 1)]);
    let request = Request::Publish { key: 7, event: 5 };
    assert_eq!(
        react.on_request(&mut node, CALL, request),
        [Effect::Reply {
            call: CALL,
            reply: Reply::Redirect(Some(N2))
        }]
    );
}

/// Runs so many events, one at a time, in which nobody loses patience.
fn calm(nodes: u32, events: u64) -> World<Sequencer> {
    let mut cluster = Cluster::new(nodes, 1);
    cluster.network.latency = Latency::Constant(Span::millis(1));
    cluster.disk.sync = Latency::Constant(Span::millis(2));
    let config = Config {
        heartbeat: Span::secs(1_000),
        ..Config::new(nodes)
    };
    let call = |i: u64| PlannedCall {
        client: ClientId(0),
        start: Start::At(at_ms(600 + 10 * i)),
        route: Route::Sticky,
        request: Request::Publish { key: 0, event: i },
    };
    let end = at_ms(800);
    let calls = (0..events).map(call).collect();
    let setup = Setup::calm(cluster.compile().expect("valid"), config, calls, end);
    let mut world = World::new(setup.into(), 3);
    world.run_until(end);
    world
}

/// Defago, Schiper & Urban 2004, section 4.1.1 (the variant by way of the sequencer), with answers
/// that make it uniform: two messages for each other node.
#[test]
fn an_event_costs_two_messages_a_member_and_a_forced_write_a_node() {
    for nodes in [3, 5] {
        let (few, many) = (calm(nodes, 1), calm(nodes, 11));
        let more = |of: fn(&murphy_sim::Stats) -> u64| of(many.stats()) - of(few.stats());
        assert_eq!(more(|stats| stats.messages), 10 * 2 * u64::from(nodes - 1));
        assert_eq!(more(|stats| stats.syncs), 10 * u64::from(nodes));
        for call in many.history().chunks(2).skip(1) {
            // To the sequencer, to the members, their disks, and all the way back.
            let span = call[1].time.since(call[0].time);
            assert_eq!(span, Span::millis(1 + 1 + 2 + 1 + 1));
        }
    }
}

#[test]
fn nothing_is_wrong_under_crashes_and_cuts() {
    for seed in 0..3 {
        let looping = Fault::CrashLoop {
            node: Target::Nodes(vec![N0, NodeId(3)]),
            every: Span::millis(700),
            disk: DiskFate::Torn,
        };
        let halves = Fault::Partition {
            shape: Shape::Halves,
            flap: None,
            clients: vec![],
        };
        let plan = vec![
            planned(Trigger::At(at_ms(1_000)), looping, 5_000),
            planned(Trigger::At(at_ms(4_000)), halves, 8_000),
        ];
        let ran = run::<Sequencer>(&parameters(5, None), plan, seed);
        assert!(ran.anomalies().is_empty(), "{:?}", ran.breaches);
        for (label, _) in ran.world.reached() {
            assert!(Sequencer::LABELS.contains(label), "{label}");
        }
    }
}

#[test]
fn every_mutant_has_its_story() {
    let told: Vec<&str> = Sequencer::MUTANTS.iter().map(|m| m.name).collect();
    assert_eq!(told, <Mutant as strum::VariantNames>::VARIANTS);
}
