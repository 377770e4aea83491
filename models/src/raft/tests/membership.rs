//! Reactions of changes of membership.

use murphy_sim::{Membership, Process};

use super::*;

fn members(nodes: &[u32]) -> super::super::Members {
    nodes.iter().copied().map(NodeId).collect()
}

fn changed(term: u64, nodes: &[u32]) -> Entry {
    Entry {
        term: Term(term),
        payload: Payload::Members(members(nodes)),
    }
}

#[test]
fn a_node_is_brought_up_to_date_before_it_is_counted() {
    let (mut react, mut raft) = leading(config(None));
    let effects = react.on_membership(&mut raft, Membership::Add(N3));
    assert_eq!(
        effects,
        [],
        "it has nothing that N3 could lack, as far as it knows"
    );
    react.on_request(&mut raft, call(0), write(5));
    react.on_synced(&mut raft);
    react.on_message(&mut raft, N1, appended(1, 3, 2));
    assert_eq!(raft.log.members(), &members(&[0, 1, 2]));
    let effects = react.on_message(&mut raft, N3, appended(1, 5, 2));
    let proposed = written(Record::Entry(changed(1, &[0, 1, 2, 3])));
    assert!(effects.contains(&proposed));
    assert_eq!(raft.log.members(), &members(&[0, 1, 2, 3]), "at once");
    react.on_synced(&mut raft);
    react.on_message(&mut raft, N1, appended(1, 6, 3));
    assert_eq!(raft.commit, Index(2), "two are no majority of four");
    let effects = react.on_message(&mut raft, N3, appended(1, 8, 3));
    assert!(effects.contains(&Effect::Reached {
        label: "member-added"
    }));
}

#[test]
fn one_change_is_made_at_a_time() {
    let (mut react, mut raft) = leading(config(None));
    react.on_membership(&mut raft, Membership::Remove(N2));
    react.on_membership(&mut raft, Membership::Remove(N1));
    assert_eq!(raft.log.members(), &members(&[0, 1]));
    react.on_synced(&mut raft);
    react.on_message(&mut raft, N1, appended(1, 3, 2));
    assert_eq!(raft.log.members(), &members(&[0]), "the first is committed");
}

#[test]
fn a_leader_changes_nothing_before_it_has_committed_an_entry_of_its_own() {
    for (mutant, left) in [
        (None, members(&[0, 1, 2])),
        (
            Some(Mutant::SingleServerChangeWithoutOwnTermEntry),
            members(&[0, 1]),
        ),
    ] {
        let (mut react, mut raft) = node(N0, config(mutant), &[]);
        react.on_timer(&mut raft, Timer::Election);
        let granted = Message::PreVoted {
            of: Term(1),
            term: Term(0),
            granted: true,
        };
        react.on_message(&mut raft, N1, granted);
        react.on_synced(&mut raft);
        react.on_message(&mut raft, N1, voted(1, true));
        react.on_membership(&mut raft, Membership::Remove(N2));
        assert_eq!(raft.log.members(), &left, "{mutant:?}");
    }
}

#[test]
fn a_leader_that_is_removed_leads_until_that_is_committed_and_names_its_heir() {
    let (mut react, mut raft) = leading(config(None));
    react.on_membership(&mut raft, Membership::Remove(N0));
    react.on_synced(&mut raft);
    react.on_message(&mut raft, N1, appended(1, 3, 2));
    assert_eq!(raft.role().0, "leader", "it does not count itself");
    let effects = react.on_message(&mut raft, N2, appended(1, 4, 2));
    let heir = sent(&effects);
    assert_eq!(heir, [(N1, Message::TimeoutNow { term: Term(1) })]);
    assert_eq!(raft.role().0, "outsider");
    assert_eq!(raft.view(), murphy_sim::View::nothing(true));
}

#[test]
fn a_member_that_is_named_heir_stands_at_once() {
    let (mut react, mut raft) = node(N1, config(None), &[joined(1, None)]);
    let effects = react.on_message(&mut raft, N0, Message::TimeoutNow { term: Term(1) });
    assert!(effects.contains(&written(joined(2, Some(N1)))));
    let ask = Message::RequestVote {
        term: Term(2),
        last: Position::default(),
        transfer: true,
    };
    let asked = sent(&react.on_synced(&mut raft));
    assert_eq!(asked, [(N0, ask.clone()), (N2, ask)]);
}

#[test]
fn who_is_no_member_any_more_is_told_so_and_stands_no_longer() {
    let disk = [
        joined(1, None),
        Record::Entry(nothing(1)),
        Record::Entry(changed(1, &[0, 1])),
    ];
    let (mut react, mut raft) = node(N0, config(None), &disk);
    let heard = Message::Heartbeat {
        term: Term(1),
        round: 1,
        sent: Time::ZERO,
        commit: Index(2),
    };
    react.on_message(&mut raft, N1, heard);
    let pre_vote = Message::PreVote {
        term: Term(2),
        last: position(1, 1),
    };
    let outsider = Message::Outsider { upto: Index(2) };
    assert_eq!(
        react.on_message(&mut raft, N2, pre_vote),
        [send(N2, outsider.clone())]
    );
    let (mut react, mut raft) = node(N2, config(None), &disk[..2]);
    assert_eq!(raft.role().0, "follower");
    react.on_message(&mut raft, N0, outsider);
    assert_eq!(raft.role().0, "outsider");
    react.on_message(&mut raft, N0, Message::Stale { term: Term(2) });
    assert_eq!(raft.role().0, "outsider", "a later term makes it no member");
    assert_eq!(react.on_timer(&mut raft, Timer::Election), []);
}

#[test]
fn a_change_that_is_cut_off_is_undone() {
    let disk = [
        joined(1, None),
        Record::Entry(nothing(1)),
        Record::Entry(changed(1, &[0, 1])),
    ];
    let (mut react, mut raft) = node(N2, config(None), &disk);
    assert_eq!(raft.log.members(), &members(&[0, 1]));
    let message = append(2, 1, position(1, 1), vec![nothing(2)], 1);
    react.on_message(&mut raft, N1, message);
    assert_eq!(raft.log.members(), &members(&[0, 1, 2]));
}
