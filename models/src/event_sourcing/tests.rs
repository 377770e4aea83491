//! Single reactions, what a command costs, and every mutant beside its clean twin.

use std::collections::BTreeSet;

use murphy_sim::{
    Effect, Fault, Happened, Links, PlannedFault, Probability, Route, Time, Trigger, testing::React,
};
use strum::VariantNames;

use super::*;
use crate::events_testing::{
    CALL, arrived_by_kind, at_ms, calm, change, crash_loop, planned, publications, run_spaced,
};

const PROJECTION: NodeId = NodeId(3);

fn parameters(mutant: Option<&str>) -> Parameters {
    Parameters {
        nodes: 5,
        mutant: mutant.map(str::to_owned),
        ..Parameters::default()
    }
}

fn config() -> Config {
    EventSourcing::configure(&parameters(None)).expect("valid")
}

fn started(node: NodeId, disk: &[Record]) -> (React, EventSourcing) {
    let mut react = React::new(node, 5);
    let (process, _) = react.start::<EventSourcing>(&config(), disk);
    (react, process)
}

const fn publish(event: EventId) -> Request {
    Request::Publish { key: 7, event }
}

fn send(to: NodeId, message: Message) -> Effect<EventSourcing> {
    Effect::Send { to, message }
}

fn reached(label: &'static str) -> Effect<EventSourcing> {
    Effect::Reached { label }
}

fn append(record: Record) -> Effect<EventSourcing> {
    Effect::Append { record }
}

fn published() -> Effect<EventSourcing> {
    Effect::Reply {
        call: CALL,
        reply: Reply::Ok(Response::Published),
    }
}

/// What the first handler asks of the store, and its timer.
fn asks(message: Message) -> [Effect<EventSourcing>; 2] {
    let timer = Effect::SetTimer {
        timer: Timer::Retry(7),
        after: config().retry,
    };
    [send(STORE, message), timer]
}

const fn append_of(expected: Version, event: EventId) -> Message {
    Message::Append {
        key: 7,
        expected,
        event,
    }
}

#[test]
fn the_store_appends_what_was_decided_on_the_version_that_there_is() {
    let (mut react, mut store) = started(STORE, &[]);
    assert_eq!(
        react.on_message(&mut store, FIRST_HANDLER, append_of(0, 101)),
        [
            append(Record::Event(change(1, 7))),
            Effect::Sync,
            reached("appending")
        ]
    );
    let other = NodeId(2);
    let conflict = Message::Conflict {
        key: 7,
        expected: 0,
    };
    assert_eq!(
        react.on_message(&mut store, other, append_of(0, 102)),
        [reached("conflict")],
        "what it is refused for is not there to be seen yet"
    );
    let appended = Message::Appended {
        key: 7,
        version: 1,
        event: 101,
    };
    assert_eq!(
        react.on_synced(&mut store),
        [send(FIRST_HANDLER, appended), send(other, conflict)]
    );
    let loaded = Message::Loaded {
        key: 7,
        after: 0,
        events: vec![101],
    };
    let load = Message::Load { key: 7, after: 0 };
    assert_eq!(
        react.on_message(&mut store, other, load),
        [send(other, loaded)]
    );
}

#[test]
fn a_handler_that_is_refused_looks_again_and_decides_anew() {
    let (mut react, mut handler) = started(FIRST_HANDLER, &[]);
    assert_eq!(
        react.on_request(&mut handler, CALL, publish(102)),
        asks(append_of(0, 102))
    );
    let conflict = Message::Conflict {
        key: 7,
        expected: 0,
    };
    let load = Message::Load { key: 7, after: 0 };
    assert_eq!(
        react.on_message(&mut handler, STORE, conflict.clone()),
        [send(STORE, load)]
    );
    let loaded = Message::Loaded {
        key: 7,
        after: 0,
        events: vec![101],
    };
    assert_eq!(
        react.on_message(&mut handler, STORE, loaded.clone()),
        asks(append_of(1, 102))
    );
    assert_eq!(
        react.on_message(&mut handler, STORE, loaded),
        [],
        "a second copy"
    );
    assert_eq!(
        react.on_message(&mut handler, STORE, conflict),
        [],
        "it is old"
    );
    let appended = Message::Appended {
        key: 7,
        version: 2,
        event: 102,
    };
    let cancel = Effect::CancelTimer {
        timer: Timer::Retry(7),
    };
    assert_eq!(
        react.on_message(&mut handler, STORE, appended),
        [published(), cancel]
    );
}

#[test]
fn a_command_whose_event_is_there_already_is_done() {
    let (mut react, mut handler) = started(FIRST_HANDLER, &[]);
    react.on_request(&mut handler, CALL, publish(101));
    // The store has appended it, and its answer is lost.
    let load = Message::Load { key: 7, after: 0 };
    let [ask, timer] = asks(load);
    assert_eq!(
        react.on_timer(&mut handler, Timer::Retry(7)),
        [reached("retried"), ask, timer]
    );
    let loaded = Message::Loaded {
        key: 7,
        after: 0,
        events: vec![101],
    };
    let cancel = Effect::CancelTimer {
        timer: Timer::Retry(7),
    };
    assert_eq!(
        react.on_message(&mut handler, STORE, loaded),
        [reached("deduplicated"), published(), cancel.clone()]
    );
    assert_eq!(
        react.on_request(&mut handler, CALL, publish(101)),
        [reached("deduplicated"), published(), cancel]
    );
}

#[test]
fn a_handler_that_starts_again_knows_what_it_has_written_down() {
    let disk = [Record::Aggregate(7, vec![101, 102])];
    let (mut react, mut handler) = started(FIRST_HANDLER, &disk);
    assert_eq!(
        react.on_request(&mut handler, CALL, publish(103)),
        asks(append_of(2, 103))
    );
}

#[test]
fn a_projection_applies_what_comes_next_once_and_goes_on_from_its_snapshot() {
    let rows = vec![(7, vec![101])];
    let disk = [
        Record::Snapshot { position: 1, rows },
        Record::Event(change(2, 8)),
    ];
    let (mut react, mut projection) = started(PROJECTION, &disk);
    let changes = vec![change(1, 7), change(2, 8), change(3, 7)];
    let events = Message::Events { changes };
    assert_eq!(
        react.on_message(&mut projection, STORE, events.clone()),
        [append(Record::Event(change(3, 7))), Effect::Sync]
    );
    assert_eq!(react.on_message(&mut projection, STORE, events), []);
    react.on_synced(&mut projection);
    let shown = Process::view(&projection).state;
    assert_eq!(shown, Some([(7, vec![101, 103]), (8, vec![102])].into()));
}

#[test]
fn a_projection_writes_itself_down_with_its_position_and_forgets_what_was_before() {
    let (mut react, mut projection) = started(PROJECTION, &[]);
    let changes: Vec<Change> = (1..=8).map(|position| change(position, 7)).collect();
    let effects = react.on_message(&mut projection, STORE, Message::Events { changes });
    let rows = vec![(7, (101..=108).collect())];
    assert_eq!(
        effects[8..],
        [
            reached("snapshot"),
            append(Record::Snapshot { position: 8, rows }),
            Effect::Sync
        ]
    );
    let before = LogIndex(9);
    assert_eq!(
        react.on_synced(&mut projection),
        [Effect::Truncate { before }]
    );
}

#[test]
fn parameters_that_make_no_sense_are_refused_with_a_remedy() {
    let refused = |change: fn(&mut Parameters)| {
        let mut parameters = parameters(None);
        change(&mut parameters);
        EventSourcing::configure(&parameters).expect_err("refused")
    };
    assert!(refused(|p| p.nodes = 3).contains("set `nodes` to 4 or more"));
    assert!(refused(|p| p.spares = 1).contains("set `spares` to 0"));
    assert!(refused(|p| p.mode = Some("fast".to_owned())).contains("has only one mode"));
    assert!(refused(|p| p.mutant = Some("typo".to_owned())).contains("expected-version"));
    let batch = refused(|p| p.options.extend([("batch".to_owned(), 0)]));
    assert!(batch.contains("`batch` of 0"), "{batch}");
}

/// One client and one handler: nobody is in the way, and each command comes alone.
#[test]
fn a_command_costs_two_messages_and_a_forced_write_and_its_event_one_of_each_a_projection() {
    let (message, sync) = (Span::millis(1), Span::millis(2));
    let mut calls = publications(1, 5, Span::millis(200), at_ms(10_100));
    for call in &mut calls {
        call.route = Route::Node(FIRST_HANDLER);
    }
    let commands = calls.len() as u64;
    let config = Config {
        snapshot: 1_000,
        ..config()
    };
    let world = calm::<EventSourcing>(config, 5, calls);
    let messages = arrived_by_kind(&world);
    let projections = 2;
    assert_eq!(messages["Append"], commands);
    assert_eq!(messages["Appended"], commands);
    assert_eq!(messages["Events"], projections * commands);
    assert!(!messages.contains_key("Load") && !messages.contains_key("Conflict"));
    assert_eq!(world.stats().syncs, (1 + projections) * commands);
    for call in world.history().chunks(2) {
        assert_eq!(call[1].what, Happened::Ok(Response::Published));
        // To the handler, to the store, its disk, and all the way back.
        assert_eq!(call[1].time.since(call[0].time), message * 4 + sync);
    }
}

/// The faults that show each mutant best.
fn trap(mutant: &str) -> Vec<PlannedFault> {
    match mutant {
        "expected-version-ignored" => {
            let twice = Fault::Duplicate {
                probability: Probability::per_mille(100),
                links: Links::default(),
            };
            vec![planned(Trigger::At(at_ms(1_000)), twice, 3_000)]
        }
        "command-not-deduplicated" => {
            let loss = Fault::Loss {
                probability: Probability::per_mille(100),
                links: Links::default(),
            };
            vec![planned(Trigger::At(at_ms(1_000)), loss, 3_000)]
        }
        "snapshot-without-its-position" => vec![crash_loop("projection", 1_000, 700, 8_000)],
        "store-answers-before-sync" => vec![crash_loop("store", 1_000, 230, 8_000)],
        unknown => panic!("no trap for {unknown}"),
    }
}

#[test]
fn every_mutant_shows_its_anomaly_and_its_clean_twin_shows_none() {
    let told: Vec<&str> = EventSourcing::MUTANTS.iter().map(|m| m.name).collect();
    assert_eq!(told, Mutant::VARIANTS);
    // Four clients write five streams, each with the version that it has seen: more than this is
    // too much for them.
    let spacing = Span::millis(10);
    for mutant in EventSourcing::MUTANTS {
        let run = |planted, seed| {
            let plan = trap(mutant.name);
            run_spaced::<EventSourcing>(&parameters(planted), spacing, plan, seed).anomalies()
        };
        for seed in 0..4 {
            assert_eq!(run(None, seed), BTreeSet::new(), "{}", mutant.name);
        }
        let is_shown = |seed| run(Some(mutant.name), seed).contains(mutant.anomaly);
        assert!((0..4).any(is_shown), "{}", mutant.name);
    }
}

/// What the invariants say of these disks, one after the other, each read by its node.
fn breaches(states: &[[(NodeId, &[Record]); 2]]) -> BTreeSet<&'static str> {
    let mut invariants = EventSourcing::invariants(&config());
    let mut found = BTreeSet::new();
    for state in states {
        let mut processes = vec![None; 5];
        for (node, disk) in state {
            processes[node.index()] = Some(started(*node, disk).1);
        }
        for (node, _) in state {
            let checked = |invariant: &mut Box<dyn Invariant<EventSourcing>>| {
                invariant.check(Time::ZERO, *node, &processes).err()
            };
            let breaches = invariants.iter_mut().filter_map(checked);
            found.extend(breaches.map(|breach| breach.anomaly));
        }
    }
    found
}

#[test]
fn an_event_that_is_there_twice_and_views_that_differ_or_went_back_are_found() {
    let log = [1, 2].map(|position| Record::Event(change(position, 7)));
    let snapshot = |position, events: &[EventId]| Record::Snapshot {
        position,
        rows: vec![(7, events.to_vec())],
    };
    let at_two = [snapshot(2, &[101, 102])];
    let at_one = [snapshot(1, &[101])];
    let short = [snapshot(2, &[101])];
    let known = [Record::Aggregate(7, vec![101])];
    let store = (STORE, &log[..]);

    let fine = [
        [store, (FIRST_HANDLER, &known)],
        [store, (PROJECTION, &at_one)],
        [store, (PROJECTION, &at_two)],
    ];
    assert_eq!(breaches(&fine), BTreeSet::new());
    let again = [log[0].clone(), log[1].clone(), log[0].clone()];
    let twice = [[(STORE, &again[..]), (FIRST_HANDLER, &known)]];
    assert_eq!(breaches(&twice), ["duplicate-effect"].into());
    let other = [Record::Aggregate(7, vec![102])];
    let differs = [[store, (FIRST_HANDLER, &other[..])]];
    assert_eq!(breaches(&differs), ["aggregate-differs"].into());
    let lost = [[store, (PROJECTION, &short[..])]];
    assert_eq!(breaches(&lost), ["lost-event"].into());
    let back = [fine[2], fine[1]];
    assert_eq!(breaches(&back), ["view-went-back"].into());
}

#[test]
fn clients_ask_around_for_a_handler_and_a_projection() {
    for (node, request) in [
        (STORE, publish(101)),
        (FIRST_HANDLER, Request::Read { key: 7 }),
    ] {
        let (mut react, mut process) = started(node, &[]);
        let reply = Reply::Redirect(None);
        let effects = react.on_request(&mut process, CALL, request);
        assert_eq!(effects, [Effect::Reply { call: CALL, reply }]);
    }
}
