//! Reactions of reads.

use super::*;

const READ: Request = Request::Read { key: 7 };

fn found(number: u32) -> (CallId, Reply<Response>) {
    (call(number), Reply::Ok(Response::Read(None)))
}

fn heartbeat(round: u64, sent: Time) -> Message {
    Message::Heartbeat {
        term: Term(1),
        round,
        sent,
        commit: Index(1),
    }
}

#[test]
fn a_read_waits_until_a_majority_has_said_that_it_still_follows() {
    let (mut react, mut raft) = leading(config(None));
    let asked = heartbeat(1, Time::ZERO);
    assert_eq!(
        react.on_request(&mut raft, call(0), READ),
        [send(N1, asked.clone()), send(N2, asked)],
        "and nothing is written"
    );
    let late = react.on_request(&mut raft, call(1), READ);
    assert_eq!(late, [], "the round under way began before it came");
    let effects = react.on_message(&mut raft, N1, following(1, 1, Time::ZERO));
    assert_eq!(replies(&effects), [found(0)]);
    let next = heartbeat(2, Time::ZERO);
    assert_eq!(sent(&effects), [(N1, next.clone()), (N2, next)]);
    let effects = react.on_message(&mut raft, N2, following(1, 2, Time::ZERO));
    assert_eq!(replies(&effects), [found(1)]);
}

#[test]
fn a_read_waits_until_the_leader_knows_what_is_committed() {
    let (mut react, mut raft) = node(N0, config(None), &[]);
    react.on_timer(&mut raft, Timer::Election);
    let granted = Message::PreVoted {
        of: Term(1),
        term: Term(0),
        granted: true,
    };
    react.on_message(&mut raft, N1, granted);
    react.on_synced(&mut raft);
    react.on_message(&mut raft, N1, voted(1, true));
    react.on_synced(&mut raft);
    react.on_request(&mut raft, call(0), READ);
    let effects = react.on_message(&mut raft, N1, following(1, 1, Time::ZERO));
    assert_eq!(replies(&effects), []);
    let effects = react.on_message(&mut raft, N1, appended(1, 1, 1));
    assert_eq!(replies(&effects), [found(0)]);
}

#[test]
fn a_leader_that_does_not_ask_answers_at_once() {
    let (mut react, mut raft) = leading(config(Some(Mutant::ReadsFromADeposedLeader)));
    let effects = react.on_request(&mut raft, call(0), READ);
    assert_eq!(replies(&effects), [found(0)]);
}

/// Whether a leader answers at once, so long after the heartbeat that gave it its lease.
fn has_lease(mutant: Option<Mutant>, after: Span, wall_clock: i64) -> bool {
    let config = Config {
        mutant,
        ..Config::new(3, Mode::Lease)
    };
    let (mut react, mut raft) = leading(config);
    let effects = react.on_timer(&mut raft, Timer::Heartbeat);
    let (round, asked) = sent(&effects)
        .into_iter()
        .find_map(|(_, message)| match message {
            Message::Heartbeat { round, sent, .. } => Some((round, sent)),
            _ => None,
        })
        .expect("a leader sends heartbeats");
    // The answer takes its time: the lease began before.
    react.pass(Span::millis(50));
    react.on_message(&mut raft, N2, following(1, round, asked));
    react.pass(Span(after.0 - Span::millis(50).0));
    react.step_wall_clock(wall_clock);
    let effects = react.on_request(&mut raft, call(0), READ);
    replies(&effects) == [found(0)]
}

#[test]
fn a_lease_runs_from_when_it_was_asked_for_on_a_clock_that_does_not_jump() {
    let lease = Config::new(3, Mode::Lease).lease();
    let before = Span(lease.0 - 1);
    assert!(has_lease(None, before, 0));
    assert!(!has_lease(None, lease, 0));
    assert!(has_lease(None, before, 5_000_000_000), "it did not jump");
    assert!(!has_lease(None, lease, -1_000_000_000));
    let mutant = Some(Mutant::LeaseOnTheWallClock);
    assert!(has_lease(mutant, lease, -1_000_000_000));
    assert!(!has_lease(mutant, before, 5_000_000_000));
}
