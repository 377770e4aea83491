//! The pipeline: single reactions, what an event costs, and every mutant beside its clean twin.

use murphy_sim::{
    Cluster, DiskFate, Effect, Fault, Links, MessageFate, NodeId, PlannedFault, Probability, Reply,
    Setup, Span, Target, Trigger, World, testing::React,
};

use super::*;
use crate::{
    events_testing::{
        CALL, arrived_by_kind, at_ms, every_mutant_shows_its_anomaly, planned, publications, run,
    },
    service::events::Response,
};

const CONSUMER: NodeId = FIRST_CONSUMER;

fn parameters(mutant: Option<&str>) -> Parameters {
    Parameters {
        nodes: 4,
        mutant: mutant.map(str::to_owned),
        ..Parameters::default()
    }
}

fn config(mutant: Option<&str>) -> Config {
    Outbox::configure(&parameters(mutant)).expect("valid")
}

fn started(node: NodeId, config: &Config) -> (React, Outbox) {
    let mut react = React::new(node, 4);
    let (process, _) = react.start::<Outbox>(config, &[]);
    (react, process)
}

fn row(position: u64, key: Key) -> Row {
    Row {
        position,
        key,
        event: 100 + position,
    }
}

fn send(to: NodeId, message: Message) -> Effect<Outbox> {
    Effect::Send { to, message }
}

fn reached(label: &'static str) -> Effect<Outbox> {
    Effect::Reached { label }
}

fn timer(timer: Timer, config: &Config) -> Effect<Outbox> {
    let after = if timer == Timer::Poll {
        config.poll
    } else {
        config.retry
    };
    Effect::SetTimer { timer, after }
}

#[test]
fn a_publication_is_acknowledged_when_its_transaction_is_durable() {
    let (mut react, mut database) = started(DATABASE, &config(None));
    let request = Request::Publish { key: 7, event: 101 };
    let record = Record::Committed { key: 7, event: 101 };
    assert_eq!(
        react.on_request(&mut database, CALL, request.clone()),
        [
            Effect::Append { record },
            Effect::Sync,
            reached("row-written")
        ]
    );
    let poll = Message::Poll { after: 0 };
    assert_eq!(
        react.on_message(&mut database, RELAY, poll.clone()),
        [],
        "nothing is committed"
    );
    let published = Effect::Reply {
        call: CALL,
        reply: Reply::Ok(Response::Published),
    };
    assert_eq!(
        react.on_synced(&mut database),
        std::slice::from_ref(&published)
    );
    let rows = vec![row(1, 7)];
    assert_eq!(
        react.on_message(&mut database, RELAY, poll),
        [send(RELAY, Message::Rows { after: 0, rows })]
    );
    let again = react.on_request(&mut database, CALL, request);
    assert_eq!(again, [published], "a retry is the same transaction");
}

#[test]
fn the_relay_moves_its_cursor_over_what_the_broker_holds() {
    let config = config(None);
    let (mut react, mut relay) = started(RELAY, &config);
    let rows = vec![row(1, 7), row(2, 7)];
    let found = Message::Rows {
        after: 0,
        rows: rows.clone(),
    };
    let publish = || send(BROKER, Message::Publish { rows: rows.clone() });
    assert_eq!(
        react.on_message(&mut relay, DATABASE, found),
        [
            reached("publishing"),
            publish(),
            timer(Timer::Republish, &config)
        ]
    );
    assert_eq!(
        react.on_timer(&mut relay, Timer::Republish),
        [
            reached("republished"),
            publish(),
            timer(Timer::Republish, &config)
        ]
    );
    assert_eq!(
        react.on_message(&mut relay, BROKER, Message::Published { upto: 2 }),
        [
            Effect::CancelTimer {
                timer: Timer::Republish
            },
            Effect::Append {
                record: Record::Cursor(2)
            },
            Effect::Sync,
            send(DATABASE, Message::Poll { after: 2 }),
            timer(Timer::Poll, &config),
        ]
    );
    let twice = react.on_message(&mut relay, BROKER, Message::Published { upto: 2 });
    assert_eq!(twice, [], "a second copy of the answer says nothing new");
}

#[test]
fn the_broker_answers_and_delivers_what_is_durable() {
    let config = config(None);
    let (mut react, mut broker) = started(BROKER, &config);
    let rows = vec![row(1, 7), row(2, 8)];
    assert_eq!(
        react.on_message(&mut broker, RELAY, Message::Publish { rows: rows.clone() }),
        [
            Effect::Append {
                record: Record::Entry(rows[0])
            },
            Effect::Append {
                record: Record::Entry(rows[1])
            },
            Effect::Sync,
            reached("entry-written"),
        ]
    );
    let deliver = send(CONSUMER, Message::Deliver { upto: 2, rows });
    let redeliver = Timer::Redeliver(CONSUMER);
    assert_eq!(
        react.on_synced(&mut broker),
        [
            send(RELAY, Message::Published { upto: 2 }),
            deliver.clone(),
            timer(redeliver, &config),
        ]
    );
    assert_eq!(
        react.on_timer(&mut broker, redeliver),
        [reached("redelivered"), deliver, timer(redeliver, &config)]
    );
    assert_eq!(
        react.on_message(&mut broker, CONSUMER, Message::Acknowledge { upto: 2 }),
        [
            Effect::CancelTimer { timer: redeliver },
            reached("caught-up"),
            Effect::Append {
                record: Record::Offset(CONSUMER, 2)
            },
        ]
    );
}

#[test]
fn an_event_that_is_delivered_twice_takes_effect_once_and_is_acknowledged_when_durable() {
    let (mut react, mut consumer) = started(CONSUMER, &config(None));
    let rows = vec![row(1, 7)];
    let deliver = Message::Deliver { upto: 1, rows };
    let record = Record::Applied(row(1, 7));
    assert_eq!(
        react.on_message(&mut consumer, BROKER, deliver.clone()),
        [Effect::Append { record }, Effect::Sync, reached("applying")]
    );
    assert_eq!(
        react.on_message(&mut consumer, BROKER, deliver.clone()),
        [reached("deduplicated")],
        "it is not durable yet"
    );
    let acknowledge = send(BROKER, Message::Acknowledge { upto: 1 });
    assert_eq!(
        react.on_synced(&mut consumer),
        [acknowledge.clone(), acknowledge.clone()]
    );
    assert_eq!(
        react.on_message(&mut consumer, BROKER, deliver),
        [reached("deduplicated"), acknowledge]
    );
    assert_eq!(consumer.view().state, Some([(7, vec![101])].into()));
}

#[test]
fn a_consumer_that_starts_again_knows_what_it_has_applied() {
    let mut react = React::new(CONSUMER, 4);
    let disk = [Record::Applied(row(1, 7)), Record::Applied(row(2, 7))];
    let (mut consumer, _) = react.start::<Outbox>(&config(None), &disk);
    let again = Message::Deliver {
        upto: 2,
        rows: vec![row(2, 7)],
    };
    assert_eq!(
        react.on_message(&mut consumer, BROKER, again),
        [
            reached("deduplicated"),
            send(BROKER, Message::Acknowledge { upto: 2 })
        ]
    );
    assert_eq!(consumer.view().state, Some([(7, vec![101, 102])].into()));
}

#[test]
fn clients_are_sent_to_the_database_to_publish_and_to_a_consumer_to_read() {
    let config = config(None);
    let publish = Request::Publish { key: 7, event: 101 };
    for (node, request, to) in [
        (RELAY, publish.clone(), DATABASE),
        (CONSUMER, publish, DATABASE),
        (DATABASE, Request::Read { key: 7 }, CONSUMER),
        (BROKER, Request::Read { key: 7 }, CONSUMER),
    ] {
        let (mut react, mut process) = started(node, &config);
        let reply = Reply::Redirect(Some(to));
        assert_eq!(
            react.on_request(&mut process, CALL, request),
            [Effect::Reply { call: CALL, reply }]
        );
    }
}

#[test]
fn parameters_that_make_no_sense_are_refused_with_a_remedy() {
    let refused = |change: fn(&mut Parameters)| {
        let mut parameters = parameters(None);
        change(&mut parameters);
        Outbox::configure(&parameters).expect_err("refused")
    };
    let option = |name: &str, value| {
        let mut parameters = parameters(None);
        parameters.options.insert(name.to_owned(), value);
        Outbox::configure(&parameters).expect_err("refused")
    };
    assert!(refused(|p| p.nodes = 3).contains("set `nodes` to 4 or more"));
    assert!(refused(|p| p.spares = 1).contains("set `spares` to 0"));
    assert!(refused(|p| p.mode = Some("fast".to_owned())).contains("has only one mode"));
    assert!(refused(|p| p.mutant = Some("typo".to_owned())).contains("no-de-duplication"));
    assert!(option("batch", 0).contains("`batch` of 0"));
    assert!(option("size", 1).contains("poll, retry, batch"));
}

/// Each event comes alone, so that nothing is batched: what it costs is what each link of the
/// pipeline costs, once.
#[test]
fn an_event_costs_one_message_a_hop_and_a_forced_write_a_node() {
    let cluster = Cluster::new(4, 1).compile().expect("valid");
    let calls = publications(1, 5, Span::millis(200), at_ms(10_100));
    let published = calls.len() as u64;
    let setup = Setup::<Outbox>::calm(cluster, config(None), calls, at_ms(11_000));
    let mut world = World::new(setup.into(), 1);
    world.keep_trace(100_000);
    world.run_until(at_ms(11_000));
    assert!(world.has_converged());
    let mut messages = arrived_by_kind(&world);
    let polls = messages.remove("Poll").expect("the relay polls");
    for kind in ["Rows", "Publish", "Published", "Deliver", "Acknowledge"] {
        assert_eq!(messages.get(kind), Some(&published), "{kind}");
    }
    assert_eq!(world.stats().syncs, 4 * published);
    assert_eq!(
        world.stats().appends,
        5 * published,
        "the broker's offset is not forced"
    );
    let (polled_idly, span) = (polls - published, Span::secs(11));
    let most = span.0 / config(None).poll.0;
    assert!(
        (most - most / 50..=most + 1).contains(&polled_idly),
        "{polled_idly} of {most}"
    );
}

/// The faults that show each mutant best.
fn trap(mutant: &str) -> Vec<PlannedFault> {
    let reached = |label: &str| Trigger::Reached {
        reached: label.to_owned(),
        nth: 100,
    };
    let crash = |node, disk| Fault::Crash {
        node: Target::Node(node),
        disk,
    };
    match mutant {
        "publish-before-commit" => {
            let node = Target::Node(DATABASE);
            vec![
                planned(Trigger::At(at_ms(2_000)), Fault::DiskStall { node }, 600),
                planned(
                    Trigger::At(at_ms(2_500)),
                    crash(DATABASE, DiskFate::LoseUnsynced),
                    500,
                ),
            ]
        }
        "cursor-moves-before-publish" => {
            let (kind, nth) = ("Publish".to_owned(), 100);
            let sent = Trigger::Message {
                message: kind.clone(),
                nth,
            };
            let fate = MessageFate::Drop;
            vec![
                planned(
                    Trigger::At(at_ms(0)),
                    Fault::Message { kind, nth, fate },
                    12_000,
                ),
                planned(sent, crash(RELAY, DiskFate::KeepUnsynced), 200),
            ]
        }
        "no-de-duplication" => {
            let twice = Fault::Duplicate {
                probability: Probability::per_mille(50),
                links: Links::default(),
            };
            vec![planned(Trigger::At(at_ms(2_000)), twice, 4_000)]
        }
        "acknowledge-before-processing" => {
            vec![planned(
                reached("applying"),
                crash(CONSUMER, DiskFate::LoseUnsynced),
                200,
            )]
        }
        "broker-answers-before-sync" => {
            vec![planned(
                reached("entry-written"),
                crash(BROKER, DiskFate::LoseUnsynced),
                200,
            )]
        }
        "parallel-relay-breaks-key-order" => {
            let node = Target::Node(RELAY);
            vec![planned(
                Trigger::At(at_ms(2_000)),
                Fault::Pause { node },
                500,
            )]
        }
        unknown => panic!("no trap for {unknown}"),
    }
}

#[test]
fn every_mutant_shows_its_anomaly_and_its_clean_twin_shows_none() {
    every_mutant_shows_its_anomaly::<Outbox>(parameters, trap);
}

#[test]
fn several_consumers_each_build_the_view() {
    let parameters = Parameters {
        nodes: 6,
        ..parameters(None)
    };
    let crash = Fault::CrashLoop {
        node: Target::Nodes(vec![NodeId(4), NodeId(5)]),
        every: Span::millis(300),
        disk: DiskFate::Drawn,
    };
    let ran = run::<Outbox>(
        &parameters,
        vec![planned(Trigger::At(at_ms(1_000)), crash, 8_000)],
        3,
    );
    assert!(ran.anomalies().is_empty(), "{:?}", ran.breaches);
    let labels: Vec<&str> = ran
        .world
        .reached()
        .iter()
        .map(|(label, _)| *label)
        .collect();
    for label in ["redelivered", "deduplicated", "caught-up"] {
        assert!(labels.contains(&label), "{label} is not among {labels:?}");
    }
}

#[test]
fn every_mutant_has_its_story_and_every_label_is_known() {
    let told: Vec<&str> = Outbox::MUTANTS.iter().map(|mutant| mutant.name).collect();
    assert_eq!(told, <Mutant as strum::VariantNames>::VARIANTS);
    for mutant in Outbox::MUTANTS {
        for (label, _) in run::<Outbox>(&parameters(None), trap(mutant.name), 9)
            .world
            .reached()
        {
            assert!(Outbox::LABELS.contains(label), "{label}");
        }
    }
}
