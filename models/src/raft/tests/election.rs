//! Reactions of elections.

use super::*;

#[test]
fn a_candidate_asks_who_would_vote_for_it_before_it_disturbs_anybody() {
    let (mut react, mut raft) = node(N0, config(None), &[]);
    let effects = react.on_timer(&mut raft, Timer::Election);
    let pre_vote = Message::PreVote {
        term: Term(1),
        last: Position::default(),
    };
    assert_eq!(
        without_timers(effects),
        [send(N1, pre_vote.clone()), send(N2, pre_vote)]
    );
    assert_eq!(raft.log.term(), Term(0), "nobody has joined the term");
}

#[test]
fn a_candidate_votes_for_itself_on_its_disk_before_it_asks_others() {
    let (mut react, mut raft) = node(N0, config(None), &[]);
    react.on_timer(&mut raft, Timer::Election);
    let granted = Message::PreVoted {
        of: Term(1),
        term: Term(0),
        granted: true,
    };
    assert_eq!(
        without_timers(react.on_message(&mut raft, N2, granted)),
        [
            Effect::Reached { label: "election" },
            written(joined(1, Some(N0))),
            Effect::Sync,
        ]
    );
    let ask = request_vote(1, Position::default());
    assert_eq!(
        react.on_synced(&mut raft),
        [send(N1, ask.clone()), send(N2, ask)]
    );
}

#[test]
fn a_vote_is_told_when_it_is_on_the_disk_and_given_once_a_term() {
    let (mut react, mut raft) = node(N2, config(None), &[]);
    let ask = request_vote(1, Position::default());
    assert_eq!(
        without_timers(react.on_message(&mut raft, N0, ask.clone())),
        [written(joined(1, Some(N0))), Effect::Sync]
    );
    assert_eq!(react.on_synced(&mut raft), [send(N0, voted(1, true))]);
    assert_eq!(
        react.on_message(&mut raft, N1, ask.clone()),
        [send(N1, voted(1, false))]
    );
    assert_eq!(
        sent(&react.on_message(&mut raft, N0, ask)),
        [(N0, voted(1, true))],
        "it asked again"
    );
}

#[test]
fn a_vote_that_is_forgotten_is_given_twice() {
    for (mutant, disk, forgets) in [
        (None, vec![joined(1, Some(N0))], false),
        (Some(Mutant::VoteNotPersisted), vec![joined(1, None)], true),
        (Some(Mutant::TermNotPersisted), vec![], true),
    ] {
        let (mut react, mut raft) = node(N2, config(mutant), &[]);
        let ask = request_vote(1, Position::default());
        let effects = react.on_message(&mut raft, N0, ask.clone());
        let records = effects.into_iter().filter_map(|effect| match effect {
            Effect::Append { record } => Some(record),
            _ => None,
        });
        assert_eq!(records.collect::<Vec<_>>(), disk);
        let (mut react, mut raft) = node(N2, config(mutant), &disk);
        react.on_message(&mut raft, N1, ask);
        assert_eq!(raft.log.vote() == Some(N1), forgets, "{mutant:?}");
    }
}

#[test]
fn who_has_less_gets_no_vote() {
    let disk = [
        joined(2, None),
        Record::Entry(nothing(1)),
        Record::Entry(nothing(2)),
    ];
    for (last, enough) in [
        (position(1, 9), false),
        (position(2, 1), false),
        (position(2, 2), true),
        (position(3, 1), true),
    ] {
        for mutant in [None, Some(Mutant::NoUpToDateCheck)] {
            let (mut react, mut raft) = node(N2, config(mutant), &disk);
            react.on_message(&mut raft, N0, request_vote(4, last));
            let granted = raft.log.vote() == Some(N0);
            assert_eq!(granted, enough || mutant.is_some(), "{last:?}");
        }
    }
}

#[test]
fn who_hears_a_leader_stands_by_it_unless_the_leader_itself_asks() {
    let (mut react, mut raft) = node(N2, config(None), &[]);
    let heard = append(1, 1, Position::default(), vec![nothing(1)], 0);
    react.on_message(&mut raft, N0, heard);
    react.on_synced(&mut raft);
    let ask = request_vote(2, position(1, 1));
    assert_eq!(react.on_message(&mut raft, N1, ask.clone()), []);
    let pre_vote = Message::PreVote {
        term: Term(2),
        last: position(1, 1),
    };
    let refused = Message::PreVoted {
        of: Term(2),
        term: Term(1),
        granted: false,
    };
    assert_eq!(
        react.on_message(&mut raft, N1, pre_vote),
        [send(N1, refused)]
    );
    let mut heir = raft.clone();
    let transfer = Message::RequestVote {
        term: Term(2),
        last: position(1, 1),
        transfer: true,
    };
    react.on_message(&mut heir, N1, transfer);
    assert_eq!(heir.log.vote(), Some(N1));
    react.pass(raft.config.election_timeout);
    react.on_message(&mut raft, N1, ask);
    assert_eq!(
        raft.log.vote(),
        Some(N1),
        "it has not heard it for too long"
    );
}

#[test]
fn under_leases_a_node_that_has_just_started_votes_for_nobody() {
    for (mode, votes) in [(Mode::ReadIndex, true), (Mode::Lease, false)] {
        let config = Config::new(3, mode);
        let (mut react, mut raft) = node(N2, config, &[]);
        react.on_message(&mut raft, N0, request_vote(1, Position::default()));
        assert_eq!(raft.log.vote().is_some(), votes, "{mode:?}");
        react.pass(config.election_timeout);
        react.on_message(&mut raft, N0, request_vote(1, Position::default()));
        assert_eq!(raft.log.vote(), Some(N0));
    }
}

#[test]
fn a_leader_that_no_majority_answers_steps_down() {
    let (mut react, mut raft) = leading(config(None));
    react.pass(Span::millis(399));
    let effects = react.on_timer(&mut raft, Timer::Heartbeat);
    assert!(!effects.contains(&Effect::Reached {
        label: "quorum-lost"
    }));
    react.pass(Span::millis(1));
    let effects = react.on_timer(&mut raft, Timer::Heartbeat);
    assert!(effects.contains(&Effect::Reached {
        label: "quorum-lost"
    }));
    assert_eq!(sent(&effects), []);
    let reply = replies(&react.on_request(&mut raft, call(5), write(5)));
    assert_eq!(reply, [(call(5), Reply::Redirect(None))]);
}

#[test]
fn a_leader_of_an_earlier_term_is_told_and_steps_down() {
    let (mut react, mut raft) = node(N2, config(None), &[joined(3, None)]);
    let late = append(2, 1, Position::default(), vec![nothing(2)], 0);
    let stale = Message::Stale { term: Term(3) };
    assert_eq!(
        react.on_message(&mut raft, N0, late),
        [send(N0, stale.clone())]
    );
    let (mut react, mut raft) = leading(config(None));
    let effects = react.on_message(&mut raft, N2, stale);
    assert!(effects.contains(&written(joined(3, None))));
    assert_eq!(murphy_sim::Process::role(&raft).0, "follower");
}
