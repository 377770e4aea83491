//! The pipeline: single reactions, what a change costs, and every mutant beside its clean twin.

use std::collections::BTreeSet;

use murphy_sim::{DiskFate, Effect, Fault, PlannedFault, Target, Time, Trigger, testing::React};

use strum::VariantNames;

use super::*;
use crate::events_testing::{
    CALL, arrived_by_kind, at_ms, calm, change, crash_loop, every_mutant_shows_its_anomaly,
    planned, publications,
};

fn parameters(mutant: Option<&str>) -> Parameters {
    Parameters {
        nodes: 4,
        mutant: mutant.map(str::to_owned),
        ..Parameters::default()
    }
}

fn config() -> Config {
    ChangeDataCapture::configure(&parameters(None)).expect("valid")
}

fn started(node: NodeId, disk: &[Record]) -> (React, ChangeDataCapture) {
    let mut react = React::new(node, 4);
    let (process, _) = react.start::<ChangeDataCapture>(&config(), disk);
    (react, process)
}

fn send(to: NodeId, message: Message) -> Effect<ChangeDataCapture> {
    Effect::Send { to, message }
}

fn reached(label: &'static str) -> Effect<ChangeDataCapture> {
    Effect::Reached { label }
}

fn append(record: Record) -> Effect<ChangeDataCapture> {
    Effect::Append { record }
}

fn poll_timer() -> Effect<ChangeDataCapture> {
    Effect::SetTimer {
        timer: Timer::Poll,
        after: config().poll,
    }
}

/// A question of the view at node 2, and an answer to it.
fn select(round: u64, at: Option<u64>, behind: Option<Key>) -> Message {
    Message::Select {
        view: FIRST_VIEW,
        round,
        at,
        behind,
    }
}

fn chunk(round: u64, behind: Option<Key>, rows: Rows, is_last: bool) -> Message {
    Message::Chunk {
        view: FIRST_VIEW,
        round,
        at: 2,
        behind,
        rows,
        is_last,
        end: 0,
    }
}

#[test]
fn a_change_is_captured_and_acknowledged_when_its_transaction_is_durable() {
    let (mut react, mut database) = started(DATABASE, &[]);
    let record = Record::Committed { key: 7, event: 101 };
    let request = Request::Publish { key: 7, event: 101 };
    assert_eq!(
        react.on_request(&mut database, CALL, request.clone()),
        [append(record), Effect::Sync, reached("committing")]
    );
    let poll = Message::Poll { after: 0 };
    assert_eq!(react.on_message(&mut database, CAPTURE, poll.clone()), []);
    let published = Effect::Reply {
        call: CALL,
        reply: Reply::Ok(Response::Published),
    };
    assert_eq!(
        react.on_synced(&mut database),
        std::slice::from_ref(&published)
    );
    let changes = vec![change(1, 7)];
    assert_eq!(
        react.on_message(&mut database, CAPTURE, poll),
        [send(CAPTURE, Message::Changes { changes })]
    );
    let again = react.on_request(&mut database, CALL, request);
    assert_eq!(again, [published], "a retry is the same transaction");
}

#[test]
fn every_chunk_of_a_snapshot_is_of_the_position_of_the_first() {
    let disk = [(7, 101), (8, 102), (7, 103)].map(|(key, event)| Record::Committed { key, event });
    let (mut react, mut database) = started(DATABASE, &disk);
    assert_eq!(
        react.on_message(&mut database, CAPTURE, select(5, Some(2), None)),
        [send(CAPTURE, chunk(5, None, vec![(7, vec![101])], false))]
    );
    assert_eq!(
        react.on_message(&mut database, CAPTURE, select(5, Some(2), Some(7))),
        [send(CAPTURE, chunk(5, Some(7), vec![(8, vec![102])], true))]
    );
}

#[test]
fn the_capture_gives_out_what_is_durable_and_says_when_it_has_forgotten() {
    let (mut react, mut capture) = started(CAPTURE, &[]);
    let all: Vec<Change> = (1..=25).map(|position| change(position, 7)).collect();
    let changes = all.clone();
    react.on_message(&mut capture, DATABASE, Message::Changes { changes });
    let from_the_first = Message::Poll { after: 0 };
    let early = react.on_message(&mut capture, FIRST_VIEW, from_the_first.clone());
    assert_eq!(early, [], "nothing is durable");
    assert_eq!(
        react.on_synced(&mut capture),
        [Effect::Truncate {
            before: LogIndex(6)
        }]
    );
    assert_eq!(
        react.on_message(&mut capture, FIRST_VIEW, from_the_first),
        [send(FIRST_VIEW, Message::TooLate { after: 0 })]
    );
    let changes = all[5..].to_vec();
    assert_eq!(
        react.on_message(&mut capture, FIRST_VIEW, Message::Poll { after: 5 }),
        [send(FIRST_VIEW, Message::Changes { changes })]
    );
}

#[test]
fn a_view_begins_with_a_snapshot_and_goes_on_from_its_position() {
    let (mut react, mut view) = started(FIRST_VIEW, &[]);
    assert_eq!(
        react.on_timer(&mut view, Timer::Begin),
        [
            reached("snapshot-begun"),
            send(CAPTURE, select(1, None, None)),
            poll_timer()
        ]
    );
    let first = chunk(1, None, vec![(7, vec![101])], false);
    let next = [send(CAPTURE, select(1, Some(2), Some(7))), poll_timer()];
    assert_eq!(react.on_message(&mut view, CAPTURE, first.clone()), next);
    assert_eq!(
        react.on_message(&mut view, CAPTURE, first),
        [],
        "a second copy"
    );
    let last = chunk(1, Some(7), vec![(8, vec![102])], true);
    let rows = vec![(7, vec![101]), (8, vec![102])];
    assert_eq!(
        react.on_message(&mut view, CAPTURE, last),
        [
            reached("snapshot-whole"),
            append(Record::Whole { position: 2, rows }),
            Effect::Sync,
            send(CAPTURE, Message::Poll { after: 2 }),
            poll_timer(),
        ]
    );
    let before = LogIndex(1);
    assert_eq!(react.on_synced(&mut view), [Effect::Truncate { before }]);
    let changes = vec![change(2, 8), change(3, 7)];
    assert_eq!(
        react.on_message(&mut view, CAPTURE, Message::Changes { changes }),
        [
            reached("applying"),
            append(Record::Change(change(3, 7))),
            Effect::Sync,
            send(CAPTURE, Message::Poll { after: 3 }),
            poll_timer(),
        ],
        "the change that the snapshot has is left out"
    );
    react.on_synced(&mut view);
    let shown = Process::view(&view).state;
    assert_eq!(shown, Some([(7, vec![101, 103]), (8, vec![102])].into()));
}

#[test]
fn a_view_that_starts_again_goes_on_from_what_it_has_written_down() {
    let rows = vec![(7, vec![101])];
    let disk = [
        Record::Whole { position: 1, rows },
        Record::Change(change(2, 8)),
    ];
    let (mut react, mut view) = started(FIRST_VIEW, &disk);
    assert_eq!(
        react.on_timer(&mut view, Timer::Poll),
        [send(CAPTURE, Message::Poll { after: 2 }), poll_timer()]
    );
    assert_eq!(
        react.on_message(&mut view, CAPTURE, Message::TooLate { after: 2 })[..2],
        [reached("too-late"), reached("snapshot-begun")]
    );
    let shown = Process::view(&view).state;
    assert_eq!(
        shown,
        Some([(7, vec![101]), (8, vec![102])].into()),
        "until it is whole"
    );
}

#[test]
fn parameters_that_make_no_sense_are_refused_with_a_remedy() {
    let refused = |change: fn(&mut Parameters)| {
        let mut parameters = parameters(None);
        change(&mut parameters);
        ChangeDataCapture::configure(&parameters).expect_err("refused")
    };
    assert!(refused(|p| p.nodes = 2).contains("set `nodes` to 3 or more"));
    assert!(refused(|p| p.spares = 1).contains("set `spares` to 0"));
    assert!(refused(|p| p.mode = Some("fast".to_owned())).contains("has only one mode"));
    assert!(refused(|p| p.mutant = Some("typo".to_owned())).contains("position-saved"));
    let chunk = refused(|p| p.options.extend([("chunk".to_owned(), 0)]));
    assert!(chunk.contains("`chunk` of 0"), "{chunk}");
}

/// Each change comes alone, so that nothing is batched: what it costs is what each link costs, once.
#[test]
fn a_change_costs_a_message_a_hop_and_a_forced_write_a_node() {
    let calls = publications(1, 5, Span::millis(200), at_ms(10_100));
    let published = calls.len() as u64;
    let config = Config {
        bootstrap: Span::millis(1),
        checkpoint: 1_000,
        ..config()
    };
    let world = calm::<ChangeDataCapture>(config, 4, calls);
    let messages = arrived_by_kind(&world);
    let (views, snapshots) = (2, 2);
    assert_eq!(messages["Changes"], (1 + views) * published);
    assert_eq!(messages["Chunk"], 2 * snapshots);
    assert_eq!(world.stats().syncs, (2 + views) * published + snapshots);
}

/// The faults that show each mutant best.
fn trap(mutant: &str) -> Vec<PlannedFault> {
    match mutant {
        "gap-between-snapshot-and-stream" | "overlap-between-snapshot-and-stream" => Vec::new(),
        "position-saved-before-apply" => vec![crash_loop("view", 2_500, 130, 6_000)],
        "view-snapshot-without-its-position" => vec![crash_loop("view", 2_500, 700, 6_000)],
        "capture-reads-uncommitted" => {
            let (node, disk) = (Target::Node(DATABASE), DiskFate::LoseUnsynced);
            let stall = Fault::DiskStall { node: node.clone() };
            let crash = Fault::Crash { node, disk };
            vec![
                planned(Trigger::At(at_ms(2_000)), stall, 600),
                planned(Trigger::At(at_ms(2_500)), crash, 500),
            ]
        }
        unknown => panic!("no trap for {unknown}"),
    }
}

#[test]
fn every_mutant_shows_its_anomaly_and_its_clean_twin_shows_none() {
    let told: Vec<&str> = ChangeDataCapture::MUTANTS.iter().map(|m| m.name).collect();
    assert_eq!(told, Mutant::VARIANTS);
    every_mutant_shows_its_anomaly::<ChangeDataCapture>(parameters, trap);
}

/// What the invariants say of these disks, one after the other, each read by its node.
fn breaches(states: &[[(NodeId, &[Record]); 2]]) -> BTreeSet<&'static str> {
    let mut invariants = ChangeDataCapture::invariants(&config());
    let mut found = BTreeSet::new();
    for state in states {
        let mut processes = vec![None; 4];
        for (node, disk) in state {
            processes[node.index()] = Some(started(*node, disk).1);
        }
        for (node, _) in state {
            let checked = |invariant: &mut Box<dyn Invariant<ChangeDataCapture>>| {
                invariant.check(Time::ZERO, *node, &processes).err()
            };
            let breaches = invariants.iter_mut().filter_map(checked);
            found.extend(breaches.map(|breach| breach.anomaly));
        }
    }
    found
}

#[test]
fn a_stream_that_is_not_the_log_and_a_view_that_is_no_prefix_or_went_back_are_found() {
    let log = [101, 102].map(|event| Record::Committed { key: 7, event });
    let whole = |position, events: &[EventId]| Record::Whole {
        position,
        rows: vec![(7, events.to_vec())],
    };
    let at_two = [whole(2, &[101, 102])];
    let at_one = [whole(1, &[101])];
    let doubled = [whole(2, &[101, 102, 102])];
    let first = [Record::Change(change(1, 7))];
    let database = (DATABASE, &log[..]);

    let fine = [
        [database, (CAPTURE, &first)],
        [database, (FIRST_VIEW, &at_one)],
        [database, (FIRST_VIEW, &at_two)],
    ];
    assert_eq!(breaches(&fine), BTreeSet::new());
    let other = [Record::Change(change(1, 8))];
    let phantom = [[database, (CAPTURE, &other[..])]];
    assert_eq!(breaches(&phantom), ["phantom-event"].into());
    let twice = [[database, (FIRST_VIEW, &doubled[..])]];
    assert_eq!(breaches(&twice), ["duplicate-effect"].into());
    let back = [fine[2], fine[1]];
    assert_eq!(breaches(&back), ["view-went-back"].into());
}

#[test]
fn clients_are_sent_to_the_database_to_publish_and_to_a_view_to_read() {
    let (mut react, mut capture) = started(CAPTURE, &[]);
    for (request, to) in [
        (Request::Publish { key: 7, event: 101 }, DATABASE),
        (Request::Read { key: 7 }, FIRST_VIEW),
    ] {
        let reply = Reply::Redirect(Some(to));
        let effects = react.on_request(&mut capture, CALL, request);
        assert_eq!(effects, [Effect::Reply { call: CALL, reply }]);
    }
}
