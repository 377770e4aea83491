//! Reactions of a node of the chain, and of one outside.

use murphy_sim::{Process, Reply, Span};

use super::*;

fn resend(to: NodeId) -> Effect<Chain> {
    Effect::SetTimer {
        timer: Timer::Resend(to),
        after: Span::millis(50),
    }
}

fn no_resend(to: NodeId) -> Effect<Chain> {
    Effect::CancelTimer {
        timer: Timer::Resend(to),
    }
}

#[test]
fn the_head_passes_an_update_on_when_its_disk_has_it_and_answers_nothing() {
    let (mut node, mut process) = in_chain(N0, &[N0, N1, N2], config(Mode::Chain, None));
    assert_eq!(
        node.on_request(&mut process, call(1), write(2)),
        [written(Record::Entry(entry(1, 1, 2))), Effect::Sync]
    );
    assert_eq!(
        node.on_synced(&mut process),
        [
            send(N1, forward(1, (1, 1), vec![entry(1, 1, 2)])),
            resend(N1)
        ]
    );
    assert_eq!(
        node.on_message(&mut process, N1, acknowledge(1, 2, 2)),
        [no_resend(N1)]
    );
}

#[test]
fn a_middle_node_passes_updates_down_and_acknowledgements_up() {
    let (mut node, mut process) = in_chain(N1, &[N0, N1, N2], config(Mode::Chain, None));
    let both = vec![opening(1), entry(1, 1, 2)];
    let effects = node.on_message(&mut process, N0, forward(1, (0, 0), both.clone()));
    assert_eq!(sent(&effects), [], "its disk does not have it yet");
    let effects = node.on_synced(&mut process);
    assert_eq!(effects, [send(N2, forward(1, (0, 0), both)), resend(N2)]);
    assert_eq!(
        node.on_message(&mut process, N2, acknowledge(1, 2, 2)),
        [send(N0, acknowledge(1, 2, 2)), no_resend(N2)]
    );
}

#[test]
fn the_tail_answers_when_its_disk_has_it() {
    let (mut node, mut process) = in_chain(N2, &[N0, N1, N2], config(Mode::Chain, None));
    let both = vec![opening(1), entry(1, 1, 2)];
    node.on_message(&mut process, N1, forward(1, (0, 0), both.clone()));
    assert_eq!(
        node.on_synced(&mut process),
        [answer(1), send(N1, acknowledge(1, 2, 2))]
    );
    assert_eq!(
        node.on_message(&mut process, N1, forward(1, (0, 0), both)),
        [send(N1, acknowledge(1, 2, 2))],
        "it was sent again, and is acknowledged again"
    );
}

#[test]
fn the_head_acknowledges_alone_only_as_a_mutant() {
    let mutant = Some(Mutant::ChainHeadAcknowledges);
    for (mutant, answers) in [(None, false), (mutant, true)] {
        let (mut node, mut process) = in_chain(N0, &[N0, N1, N2], config(Mode::Chain, mutant));
        node.on_request(&mut process, call(1), write(2));
        assert_eq!(node.on_synced(&mut process).contains(&answer(1)), answers);
    }
}

#[test]
fn what_is_not_acknowledged_is_sent_again_also_to_a_new_successor() {
    let mutant = Some(Mutant::ChainNoResendAfterMending);
    for mutant in [None, mutant] {
        let (mut node, mut process) = in_chain(N0, &[N0, N1, N2], config(Mode::Chain, mutant));
        node.on_request(&mut process, call(1), write(2));
        node.on_synced(&mut process);
        let all = forward(1, (0, 0), vec![opening(1), entry(1, 1, 2)]);
        let effects = node.on_timer(&mut process, Timer::Resend(N1));
        assert_eq!(sent(&effects), [(N1, all)]);
        // The second dies, and the third has only the first entry.
        let mended = Message::Configured(configuration(2, &[N0, N2]));
        node.on_message(&mut process, MASTER, mended);
        let effects = node.on_synced(&mut process);
        assert!(sent(&effects).contains(&(N2, forward(2, (1, 2), vec![opening(2)]))));
        let short = Message::Mismatch {
            epoch: Epoch(2),
            length: 1,
        };
        let effects = node.on_message(&mut process, N2, short);
        let rest = forward(2, (1, 1), vec![entry(1, 1, 2), opening(2)]);
        let expected = if mutant.is_some() {
            vec![]
        } else {
            vec![(N2, rest)]
        };
        assert_eq!(sent(&effects), expected);
    }
}

#[test]
fn what_belongs_to_an_earlier_epoch_is_refused() {
    let (mut node, mut process) = in_chain(N2, &[N0, N1, N2], config(Mode::Chain, None));
    let mended = configuration(2, &[N0, N2]);
    node.on_message(&mut process, MASTER, Message::Configured(mended.clone()));
    assert_eq!(
        node.on_message(&mut process, N1, forward(1, (0, 0), vec![opening(1)])),
        [send(N1, Message::Configured(mended))]
    );
}

#[test]
fn a_tail_that_slept_looks_at_its_lease_before_it_answers_a_read() {
    let mutant = Some(Mutant::ChainOldTailNotFenced);
    for (mutant, late) in [
        (None, Reply::Redirect(None)),
        (mutant, Reply::Ok(Response::Read(Some(2)))),
    ] {
        let (mut node, mut process) = in_chain(N2, &[N0, N1, N2], config(Mode::Chain, mutant));
        let both = vec![opening(1), entry(1, 1, 2)];
        node.on_message(&mut process, N1, forward(1, (0, 0), both));
        node.on_synced(&mut process);
        node.pass(Span::millis(499));
        let found = Some(Reply::Ok(Response::Read(Some(2))));
        assert_eq!(read(&mut node, &mut process), found);
        node.pass(Span::millis(1));
        assert_eq!(read(&mut node, &mut process), Some(late));
    }
}

#[test]
fn a_node_above_the_tail_sends_readers_on_but_for_a_mutant() {
    let mutant = Some(Mutant::ChainReadAtAMiddleNode);
    for (mutant, told) in [
        (None, Reply::Redirect(Some(N2))),
        (mutant, Reply::Ok(Response::Read(None))),
    ] {
        let (mut node, mut process) = in_chain(N1, &[N0, N1, N2], config(Mode::Chain, mutant));
        assert_eq!(read(&mut node, &mut process), Some(told));
    }
}

#[test]
fn a_dirty_key_is_answered_with_what_the_tail_has_committed() {
    let (mut node, mut process) = in_chain(N0, &[N0, N1], config(Mode::Craq, None));
    node.on_message(&mut process, N1, acknowledge(1, 1, 1));
    node.on_request(&mut process, call(1), write(2));
    node.on_synced(&mut process);
    let effects = node.on_request(&mut process, call(9), Request::Read { key: 7 });
    let ask = Message::AskVersion {
        epoch: Epoch(1),
        ticket: 0,
    };
    assert_eq!(sent(&effects), [(N1, ask)]);
    let version = Message::Version {
        epoch: Epoch(1),
        ticket: 0,
        committed: 2,
    };
    let found = Effect::Reply {
        call: call(9),
        reply: Reply::Ok(Response::Read(Some(2))),
    };
    let effects = node.on_message(&mut process, N1, version);
    assert!(effects.contains(&found));

    let mutant = Some(Mutant::CraqDirtyRead);
    let (mut node, mut process) = in_chain(N0, &[N0, N1], config(Mode::Craq, mutant));
    node.on_message(&mut process, N1, acknowledge(1, 1, 1));
    node.on_request(&mut process, call(1), write(2));
    let newest = Some(Reply::Ok(Response::Read(Some(2))));
    assert_eq!(read(&mut node, &mut process), newest);
}

#[test]
fn the_tail_waits_for_one_that_catches_up_before_it_asks_to_append_it() {
    let (mut node, mut process) = in_chain(N0, &[N0], config(Mode::Chain, None));
    node.on_request(&mut process, call(1), write(2));
    node.on_synced(&mut process);
    let follow = Message::Follow {
        epoch: Epoch(1),
        length: 0,
    };
    let effects = node.on_message(&mut process, N1, follow);
    let all = forward(1, (0, 0), vec![opening(1), entry(1, 1, 2)]);
    assert_eq!(sent(&effects), [(N1, all)]);
    let effects = node.on_message(&mut process, N1, acknowledge(1, 1, 0));
    assert_eq!(sent(&effects), [], "little is missing, but something is");
    node.on_request(&mut process, call(2), write(3));
    let effects = node.on_synced(&mut process);
    assert!(
        !effects.contains(&answer(2)),
        "nothing without the other now"
    );
    let effects = node.on_message(&mut process, N1, acknowledge(1, 2, 0));
    assert_eq!(sent(&effects), [(MASTER, renew(1, Some(N1)))]);
    let effects = node.on_message(&mut process, N1, acknowledge(1, 3, 0));
    assert!(effects.contains(&answer(2)));
}

#[test]
fn a_new_tail_answers_reads_when_the_new_epoch_has_come_down_to_it() {
    let mutant = Some(Mutant::ChainNewTailWithoutCatchUp);
    for (mutant, early) in [
        (None, Reply::Redirect(None)),
        (mutant, Reply::Ok(Response::Read(None))),
    ] {
        let (mut node, mut process) = in_chain(N1, &[N0, N1], config(Mode::Chain, mutant));
        assert_eq!(read(&mut node, &mut process), Some(early));
        let both = vec![opening(1), entry(1, 1, 2)];
        node.on_message(&mut process, N0, forward(1, (0, 0), both));
        node.on_synced(&mut process);
        let found = Some(Reply::Ok(Response::Read(Some(2))));
        assert_eq!(read(&mut node, &mut process), found);
    }
}

#[test]
fn a_node_that_has_restarted_has_no_part_in_the_same_epoch() {
    let disk = [
        Record::Configured(configuration(1, &[N0, N1])),
        Record::Entry(opening(1)),
    ];
    let mut node = React::new(N1, 4);
    let (mut process, effects) = node.start::<Chain>(&config(Mode::Chain, None), &disk);
    assert_eq!(sent(&effects), [(MASTER, Message::Hello)]);
    let again = Message::Configured(configuration(1, &[N0, N1]));
    assert_eq!(node.on_message(&mut process, MASTER, again), []);
    let late = forward(1, (1, 1), vec![entry(1, 1, 2)]);
    assert_eq!(node.on_message(&mut process, N0, late), []);
    assert_eq!(process.role().0, "outside");
}

#[test]
fn what_nobody_else_has_is_cut_off_when_a_node_catches_up() {
    let disk = [
        Record::Configured(configuration(1, &[N0, N1])),
        Record::Entry(opening(1)),
        Record::Entry(entry(1, 1, 2)),
    ];
    let mut node = React::new(N0, 4);
    let (mut process, _) = node.start::<Chain>(&config(Mode::Chain, None), &disk);
    let without = Message::Configured(configuration(2, &[N1]));
    node.on_message(&mut process, MASTER, without);
    let effects = node.on_message(&mut process, N1, forward(2, (2, 2), vec![]));
    let mismatch = Message::Mismatch {
        epoch: Epoch(2),
        length: 0,
    };
    assert_eq!(sent(&effects), [(N1, mismatch)]);
    let all = forward(2, (0, 0), vec![opening(1), opening(2)]);
    let effects = node.on_message(&mut process, N1, all);
    assert_eq!(
        effects,
        [
            written(Record::Cut { keep: 1 }),
            Effect::Reached { label: "tail-cut" },
            written(Record::Entry(opening(2))),
        ],
        "they go to the disk with the sync after the one that is under way"
    );
}
