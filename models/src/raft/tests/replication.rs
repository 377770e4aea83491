//! Reactions of replication and commitment.

use super::*;

fn rejected(term: u64, sequence: u64, conflict: Option<u64>, first: u64) -> Message {
    Message::Rejected {
        term: Term(term),
        sequence,
        conflict: conflict.map(Term),
        first: Index(first),
    }
}

/// The terms of the entries that a node has.
fn terms(raft: &Raft) -> Vec<u64> {
    let entries = raft.log.after(Index(0));
    entries.iter().map(|entry| entry.term.0).collect()
}

fn with_terms(me: NodeId, mutant: Option<Mutant>, terms: &[u64]) -> (React, Raft) {
    let last = terms.last().copied().unwrap_or(0);
    let entries = terms.iter().map(|term| Record::Entry(nothing(*term)));
    let disk: Vec<Record> = entries.chain([joined(last, None)]).collect();
    node(me, config(mutant), &disk)
}

#[test]
fn a_write_is_sent_while_it_is_on_its_way_to_the_disk_and_answered_when_a_majority_has_it() {
    let (mut react, mut raft) = leading(config(None));
    let message = |sequence| append(1, sequence, position(1, 1), vec![update(1, 0, 5)], 1);
    assert_eq!(
        react.on_request(&mut raft, call(0), write(5)),
        [
            written(Record::Entry(update(1, 0, 5))),
            send(N1, message(3)),
            send(N2, message(4)),
            Effect::Sync,
        ]
    );
    let answered = Effect::Reply {
        call: call(0),
        reply: Reply::Ok(Response::Written),
    };
    let mut first_disk = raft.clone();
    let mut other = react.clone();
    assert_eq!(react.on_message(&mut raft, N2, appended(1, 4, 2)), []);
    let committed = react.on_synced(&mut raft);
    assert!(committed.contains(&answered));
    assert_eq!(other.on_synced(&mut first_disk), []);
    let effects = other.on_message(&mut first_disk, N1, appended(1, 3, 2));
    assert_eq!(effects, [answered]);
}

#[test]
fn a_follower_says_that_it_has_entries_when_its_disk_does() {
    let message = append(1, 1, Position::default(), vec![nothing(1)], 0);
    let (mut react, mut raft) = node(N1, config(None), &[]);
    assert_eq!(
        without_timers(react.on_message(&mut raft, N0, message.clone())),
        [
            written(joined(1, None)),
            written(Record::Entry(nothing(1))),
            Effect::Sync,
        ]
    );
    assert_eq!(react.on_synced(&mut raft), [send(N0, appended(1, 1, 1))]);
    let again = without_timers(react.on_message(&mut raft, N0, message.clone()));
    assert_eq!(again, [send(N0, appended(1, 1, 1))], "it has it already");
    let mutant = Some(Mutant::AcknowledgeBeforeSync);
    let (mut react, mut raft) = node(N1, config(mutant), &[]);
    let effects = react.on_message(&mut raft, N0, message);
    assert_eq!(sent(&effects), [(N0, appended(1, 1, 1))]);
}

#[test]
fn a_follower_tells_the_first_entry_of_the_term_that_is_in_the_way() {
    let (mut react, mut raft) = with_terms(N1, None, &[1, 4, 4, 4]);
    react.on_message(&mut raft, N0, Message::Stale { term: Term(6) });
    react.on_synced(&mut raft);
    let mut ask = |sequence, previous| {
        let message = append(6, sequence, previous, vec![], 0);
        sent(&react.on_message(&mut raft, N0, message))
    };
    assert_eq!(ask(1, position(5, 4)), [(N0, rejected(6, 1, Some(4), 2))]);
    assert_eq!(ask(2, position(5, 9)), [(N0, rejected(6, 2, None, 5))]);
}

#[test]
fn a_leader_goes_back_a_term_at_a_time() {
    let (mut react, mut raft) = with_terms(N0, None, &[1, 1, 4, 4, 5, 5]);
    react.on_timer(&mut raft, Timer::Election);
    let granted = Message::PreVoted {
        of: Term(6),
        term: Term(5),
        granted: true,
    };
    react.on_message(&mut raft, N1, granted);
    react.on_synced(&mut raft);
    react.on_message(&mut raft, N1, voted(6, true));
    let mut previous_after = |sequence, conflict: Option<u64>, first| {
        let mut raft = raft.clone();
        let message = rejected(6, sequence, conflict, first);
        match &sent(&react.on_message(&mut raft, N1, message))[..] {
            [(N1, Message::Append { previous, .. })] => *previous,
            other => panic!("it sends again, but sent {other:?}"),
        }
    };
    assert_eq!(previous_after(1, None, 3), position(1, 2), "it is shorter");
    assert_eq!(previous_after(1, Some(3), 3), position(1, 2), "not my term");
    assert_eq!(previous_after(1, Some(4), 2), position(4, 4), "my term too");
    assert_eq!(previous_after(1, Some(1), 1), position(1, 2), "my term too");
}

#[test]
fn conflicting_entries_go_and_equal_ones_stay() {
    let (mut react, mut raft) = with_terms(N1, None, &[1, 1, 2, 2]);
    let equal = append(3, 1, position(1, 1), vec![nothing(1)], 0);
    react.on_message(&mut raft, N0, equal);
    assert_eq!(terms(&raft), [1, 1, 2, 2], "nothing conflicts");
    let other = append(3, 2, position(1, 1), vec![nothing(1), nothing(3)], 0);
    let effects = react.on_message(&mut raft, N0, other);
    assert!(effects.contains(&written(Record::Cut { last: Index(2) })));
    assert_eq!(terms(&raft), [1, 1, 3]);
    let mutant = Some(Mutant::TruncatesOnAnyAppendEntries);
    let (mut react, mut raft) = with_terms(N1, mutant, &[1, 1, 2, 2]);
    let equal = append(3, 1, position(1, 1), vec![nothing(1)], 0);
    react.on_message(&mut raft, N0, equal);
    assert_eq!(terms(&raft), [1, 1]);
}

#[test]
fn a_follower_commits_no_more_than_it_knows_to_be_the_leaders() {
    let (mut react, mut raft) = with_terms(N1, None, &[1, 1, 1]);
    let message = append(2, 1, position(1, 1), vec![nothing(1)], 3);
    react.on_message(&mut raft, N0, message);
    assert_eq!(raft.commit, Index(2), "the third may be its own");
    for (mutant, told) in [(None, 1), (Some(Mutant::CommitBeyondMatched), 2)] {
        let (mut react, mut raft) = leading(config(mutant));
        react.on_request(&mut raft, call(0), write(5));
        react.on_synced(&mut raft);
        react.on_message(&mut raft, N1, appended(1, 3, 2));
        let commit_of = |(to, message): &(NodeId, Message)| match message {
            Message::Heartbeat { commit, .. } if *to == N2 => Some(*commit),
            _ => None,
        };
        let effects = react.on_timer(&mut raft, Timer::Heartbeat);
        let commit = sent(&effects).iter().find_map(commit_of);
        assert_eq!(commit, Some(Index(told)), "{mutant:?}");
    }
}

#[test]
fn an_entry_of_an_earlier_term_is_not_committed_by_counting() {
    for (mutant, commits) in [
        (None, Index(0)),
        (Some(Mutant::CommitsPreviousTermByCounting), Index(1)),
    ] {
        let (mut react, mut raft) = with_terms(N0, mutant, &[1]);
        react.on_timer(&mut raft, Timer::Election);
        let granted = Message::PreVoted {
            of: Term(2),
            term: Term(1),
            granted: true,
        };
        react.on_message(&mut raft, N1, granted);
        react.on_synced(&mut raft);
        react.on_message(&mut raft, N1, voted(2, true));
        react.on_synced(&mut raft);
        let effects = react.on_message(&mut raft, N1, appended(2, 1, 1));
        let held = Effect::Reached {
            label: "old-entry-held",
        };
        assert!(effects.contains(&held));
        assert_eq!(raft.commit, commits, "{mutant:?}");
        react.on_message(&mut raft, N1, appended(2, 1, 2));
        assert_eq!(raft.commit, Index(2), "with one of its own term it is");
    }
}

#[test]
fn a_retry_is_answered_as_the_call_was_and_not_applied_again() {
    for (mutant, entries) in [(None, 2), (Some(Mutant::RetryAppliedTwice), 3)] {
        let (mut react, mut raft) = leading(config(mutant));
        react.on_request(&mut raft, call(0), write(5));
        react.on_synced(&mut raft);
        react.on_message(&mut raft, N1, appended(1, 3, 2));
        let effects = react.on_request(&mut raft, call(0), write(5));
        let is_answered = !replies(&effects).is_empty();
        assert_eq!(is_answered, mutant.is_none());
        assert_eq!(raft.log.last().index, Index(entries), "{mutant:?}");
    }
}

#[test]
fn what_was_not_answered_is_sent_again_after_a_heartbeat() {
    let (mut react, mut raft) = leading(config(None));
    react.on_request(&mut raft, call(0), write(5));
    let resent = |effects: &Effects| {
        let entries = sent(effects);
        let is_append = |m: &(NodeId, Message)| matches!(m.1, Message::Append { .. });
        entries.into_iter().filter(is_append).count()
    };
    let first = react.on_timer(&mut raft, Timer::Heartbeat);
    assert_eq!(resent(&first), 0, "it may be under way");
    let second = react.on_timer(&mut raft, Timer::Heartbeat);
    assert_eq!(resent(&second), 2);
}
