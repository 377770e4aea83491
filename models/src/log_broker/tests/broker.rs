//! A broker's reactions: as leader, as follower, as coordinator.

use super::*;
use crate::service::log::Session;

fn fetch(epoch: u32, from: u64, last_epoch: u32, high_watermark: u64) -> Message {
    Message::Fetch {
        partition: 0,
        epoch: Epoch(epoch),
        from,
        last_epoch: Epoch(last_epoch),
        high_watermark,
    }
}

fn fetched(epoch: u32, from: u64, entries: Vec<Entry>, high_watermark: u64) -> Message {
    Message::Fetched {
        partition: 0,
        epoch: Epoch(epoch),
        from,
        entries,
        high_watermark,
    }
}

fn sent(number: u32) -> Request {
    Request::Send {
        key: 0,
        value: u64::from(number) + 100,
    }
}

fn acked(number: u32, offset: u64) -> Effect<LogBroker> {
    let offset = Some(offset);
    Effect::Reply {
        call: call(number),
        reply: Reply::Ok(Response::Sent {
            partition: 0,
            offset,
        }),
    }
}

#[test]
fn a_message_is_acknowledged_when_everyone_in_sync_has_it_on_disk() {
    let (mut react, mut leader) = led(N0, config(), &[], leadership(1, N0, &[N0, N1, N2]));
    for node in [N1, N2] {
        assert_eq!(react.on_message(&mut leader, node, fetch(1, 0, 0, 0)), []);
    }
    assert_eq!(
        react.on_request(&mut leader, call(1), sent(1)),
        [append(Record::Entry(0, message(1, 1))), Effect::Sync]
    );
    let entries = fetched(1, 0, vec![message(1, 1)], 0);
    assert_eq!(
        react.on_synced(&mut leader),
        [send(N1, entries.clone()), send(N2, entries)]
    );
    assert_eq!(react.on_message(&mut leader, N1, fetch(1, 1, 1, 0)), []);
    assert_eq!(
        react.on_message(&mut leader, N2, fetch(1, 1, 1, 0)),
        [append(Record::HighWatermark(0, 1)), acked(1, 0)]
    );
    let again = react.on_request(&mut leader, call(1), sent(1));
    assert_eq!(again, [reached("deduplicated"), acked(1, 0)]);
    let late = react.on_request(&mut leader, call(0), sent(0));
    assert_eq!(late, [], "its producer has gone on to a later call");
}

#[test]
fn acks_one_waits_for_the_leaders_disk_and_acks_none_for_nothing() {
    let with = |mode| {
        led(
            N0,
            Config::new(3, mode),
            &[],
            leadership(1, N0, &[N0, N1, N2]),
        )
    };
    let (mut react, mut leader) = with(Mode::AcksOne);
    assert_eq!(said(react.on_request(&mut leader, call(1), sent(1))), []);
    assert_eq!(react.on_synced(&mut leader), [acked(1, 0)]);
    let (mut react, mut leader) = with(Mode::AcksNone);
    let offset = None;
    let reply = Reply::Ok(Response::Sent {
        partition: 0,
        offset,
    });
    let answer = Effect::Reply {
        call: call(1),
        reply,
    };
    assert_eq!(
        said(react.on_request(&mut leader, call(1), sent(1))),
        [answer]
    );
}

#[test]
fn with_too_few_in_sync_a_message_is_refused() {
    let (mut react, mut leader) = led(N0, config(), &[], leadership(1, N0, &[N0]));
    let refused = Effect::Reply {
        call: call(1),
        reply: Reply::Fail,
    };
    assert_eq!(
        react.on_request(&mut leader, call(1), sent(1)),
        [reached("not-enough-replicas"), refused]
    );
}

#[test]
fn a_follower_asks_for_more_when_what_it_has_is_on_its_disk() {
    let mut react = React::new(N1, 4);
    let (mut follower, _) = react.start::<LogBroker>(&config(), &[]);
    let led = Message::Led {
        partition: 0,
        leadership: leadership(1, N0, &[N0, N1, N2]),
    };
    assert_eq!(
        react.on_message(&mut follower, CONTROLLER, led),
        [append(Record::Joined(0, Epoch(1))), Effect::Sync]
    );
    assert_eq!(
        react.on_synced(&mut follower),
        [send(N0, fetch(1, 0, 0, 0))]
    );
    let entries = vec![message(1, 1), message(1, 2)];
    assert_eq!(
        react.on_message(&mut follower, N0, fetched(1, 0, entries.clone(), 1)),
        [
            append(Record::Entry(0, message(1, 1))),
            append(Record::Entry(0, message(1, 2))),
            append(Record::HighWatermark(0, 1)),
            Effect::Sync,
        ]
    );
    let twice = react.on_message(&mut follower, N0, fetched(1, 0, entries, 1));
    assert_eq!(twice, [], "a second copy says nothing new");
    assert_eq!(
        react.on_synced(&mut follower),
        [send(N0, fetch(1, 2, 1, 1))]
    );
}

/// KIP-101, scenario 2: two logs of one length part in their last epochs.
#[test]
fn a_follower_cuts_its_log_where_the_leaders_epochs_part_from_its_own() {
    let disk = |epochs: &[u32]| {
        let mut records = vec![Record::Joined(0, Epoch(2))];
        let entry = |(n, epoch): (u32, &u32)| Record::Entry(0, message(*epoch, n));
        records.extend((0..).zip(epochs).map(entry));
        records
    };
    let now = || leadership(3, N0, &[N0, N1]);
    let (mut leading, mut leader) = led(N0, config(), &disk(&[1, 2, 2]), now());
    let (mut following, mut follower) = led(N1, config(), &disk(&[1, 1, 1]), now());
    let diverged = Message::Diverged {
        partition: 0,
        epoch: Epoch(3),
        from: 3,
        last_epoch: Epoch(1),
        end_epoch: Epoch(1),
        end: 1,
    };
    assert_eq!(
        leading.on_message(&mut leader, N1, fetch(3, 3, 1, 0)),
        [send(N1, diverged.clone())]
    );
    assert_eq!(
        following.on_message(&mut follower, N0, diverged.clone()),
        [
            append(Record::Cut(0, 1)),
            reached("truncated"),
            Effect::Sync
        ]
    );
    let twice = following.on_message(&mut follower, N0, diverged);
    assert_eq!(twice, [], "it is not about this log any more");
    assert_eq!(
        following.on_synced(&mut follower),
        [send(N0, fetch(3, 1, 1, 0))]
    );
    let rest = vec![message(2, 1), message(2, 2)];
    assert_eq!(
        leading.on_message(&mut leader, N1, fetch(3, 1, 1, 0)),
        [
            send(N1, fetched(3, 1, rest, 0)),
            append(Record::HighWatermark(0, 1)),
        ]
    );
}

/// KAFKA-7128: a new leader's high watermark may lag behind what is committed.
#[test]
fn nobody_joins_the_in_sync_set_below_the_start_of_the_leaders_epoch() {
    let disk = [Record::Joined(0, Epoch(1)), Record::Entry(0, message(1, 1))];
    let (mut react, mut leader) = led(N0, config(), &disk, leadership(2, N0, &[N0]));
    // The high watermark is 0 here, but entry 1 may have been committed by another leader.
    assert_eq!(leader_committed(&leader), 1, "it is alone, and has it");
    let (mut other, mut lagging) = led(N0, config(), &disk, leadership(2, N0, &[N0, N2]));
    let effects = said(other.on_message(&mut lagging, N1, fetch(2, 0, 0, 0)));
    let entries = fetched(2, 0, vec![message(1, 1)], 0);
    assert_eq!(effects, [send(N1, entries)], "the set is not asked to grow");
    let in_sync = [N0, N1, N2].into();
    let alter = Message::AlterInSync {
        partition: 0,
        epoch: Epoch(2),
        version: 2,
        in_sync,
    };
    let effects = said(other.on_message(&mut lagging, N1, fetch(2, 1, 1, 0)));
    assert_eq!(effects, [send(CONTROLLER, alter)]);
    let effects = said(react.on_message(&mut leader, N1, fetch(2, 0, 0, 0)));
    assert_eq!(effects.len(), 1, "it is fed, and not in sync");
}

fn leader_committed(process: &LogBroker) -> u64 {
    let LogBroker::Broker(broker) = process else {
        panic!("it is a broker")
    };
    broker.replicas()[0].high_watermark()
}

/// A coordinator of one broker in sync, with this client as its only member.
fn coordinator() -> (React, LogBroker, Session) {
    let config = config();
    let mut react = React::new(N0, 4);
    let (mut broker, _) = react.start::<LogBroker>(&config, &[]);
    for partition in 0..=config.partitions {
        let leadership = leadership(1, N0, &[N0]);
        let led = Message::Led {
            partition,
            leadership,
        };
        react.on_message(&mut broker, CONTROLLER, led);
    }
    react.on_synced(&mut broker);
    react.on_synced(&mut broker);
    let joined = react.on_request(&mut broker, call(0), Request::Poll { session: None });
    assert_eq!(said(joined), [], "the assignment is not committed yet");
    let session = Session {
        generation: 1,
        positions: [(0, 0), (1, 0)].into(),
    };
    let polled = Response::Polled {
        messages: Vec::new(),
        session: session.clone(),
    };
    let reply = Reply::Ok(polled);
    let call = call(0);
    assert_eq!(
        said(react.on_synced(&mut broker)),
        [Effect::Reply { call, reply }]
    );
    (react, broker, session)
}

#[test]
fn a_commit_is_answered_when_it_is_committed_and_one_of_another_generation_is_refused() {
    let (mut react, mut broker, session) = coordinator();
    let commit = |session: &Session| Request::Commit {
        session: Some(session.clone()),
    };
    assert_eq!(
        said(react.on_request(&mut broker, call(1), commit(&session))),
        []
    );
    let reply = Reply::Ok(Response::Committed {
        session: session.clone(),
    });
    let answer = Effect::Reply {
        call: call(1),
        reply,
    };
    assert_eq!(said(react.on_synced(&mut broker)), [answer]);
    let older = Session {
        generation: 0,
        ..session
    };
    let reply = Reply::Fail;
    let refused = Effect::Reply {
        call: call(2),
        reply,
    };
    assert_eq!(
        react.on_request(&mut broker, call(2), commit(&older)),
        [reached("commit-fenced"), refused]
    );
}

#[test]
fn a_member_of_another_generation_begins_anew_from_what_is_committed() {
    let (mut react, mut broker, session) = coordinator();
    let zombie = Session {
        generation: 0,
        positions: [(0, 9)].into(),
    };
    let polled = Response::Polled {
        messages: Vec::new(),
        session,
    };
    let answer = Effect::Reply {
        call: call(1),
        reply: Reply::Ok(polled),
    };
    let request = Request::Poll {
        session: Some(zombie),
    };
    assert_eq!(
        react.on_request(&mut broker, call(1), request),
        [reached("fenced"), answer]
    );
}

#[test]
fn a_member_that_does_not_poll_leaves_the_group() {
    let (mut react, mut broker, _) = coordinator();
    react.pass(config().member_session + Span::millis(1));
    let effects = react.on_timer(&mut broker, Timer::Lag);
    let payload = Payload::Group {
        generation: 2,
        members: Vec::new(),
    };
    let epoch = Epoch(1);
    let offsets = config().offsets();
    assert_eq!(
        effects[..3],
        [
            reached("member-expired"),
            reached("rebalanced"),
            append(Record::Entry(offsets, Entry { epoch, payload })),
        ]
    );
}
