//! Reactions of the master.

use murphy_sim::{Reply, Span};

use super::*;

/// The master after a start with this configuration on its disk.
fn master(epoch: u64, chain: &[NodeId]) -> (React, Chain) {
    let disk = [Record::Configured(configuration(epoch, chain))];
    let mut node = React::new(MASTER, 4);
    let (process, _) = node.start(&config(Mode::Chain, None), &disk);
    (node, process)
}

fn decided(epoch: u64, chain: &[NodeId]) -> Effect<Chain> {
    written(Record::Configured(configuration(epoch, chain)))
}

#[test]
fn nobody_is_told_of_a_chain_before_it_is_on_the_disk() {
    let mut node = React::new(MASTER, 4);
    let (mut process, effects) = node.start::<Chain>(&config(Mode::Chain, None), &[]);
    assert!(effects.contains(&decided(1, &[N0, N1, N2])));
    assert_eq!(node.on_message(&mut process, N0, Message::Hello), []);
    let told = Message::Configured(configuration(1, &[N0, N1, N2]));
    assert_eq!(
        sent(&node.on_synced(&mut process)),
        [N0, N1, N2].map(|node| (node, told.clone()))
    );
}

#[test]
fn a_node_whose_lease_is_over_is_taken_out_of_the_chain_and_no_other() {
    let (mut node, mut process) = master(1, &[N0, N1, N2]);
    node.pass(Span::millis(400));
    for alive in [N0, N2] {
        node.on_message(&mut process, alive, renew(1, None));
    }
    node.pass(Span::millis(101));
    let effects = node.on_timer(&mut process, Timer::Watch);
    assert!(
        !effects.contains(&Effect::Sync),
        "its clock may run fast: it waits for a little longer than a lease"
    );
    node.pass(Span::millis(1));
    let effects = node.on_timer(&mut process, Timer::Watch);
    assert!(effects.contains(&decided(2, &[N0, N2])));
    let refused = node.on_message(&mut process, N1, renew(1, None));
    let before = Message::Configured(configuration(1, &[N0, N1, N2]));
    assert_eq!(refused, [send(N1, before)], "told, and granted nothing");
}

#[test]
fn when_nobody_renews_those_that_have_restarted_go_on() {
    let (mut node, mut process) = master(1, &[N0, N1, N2]);
    node.pass(Span::millis(600));
    let effects = node.on_timer(&mut process, Timer::Watch);
    assert!(!effects.contains(&Effect::Sync), "nobody is there");
    node.on_message(&mut process, N1, Message::Hello);
    let effects = node.on_timer(&mut process, Timer::Watch);
    assert!(effects.contains(&decided(2, &[N1])));
}

#[test]
fn one_that_the_tail_of_this_very_epoch_has_caught_up_is_appended() {
    let (mut node, mut process) = master(4, &[N0, N1]);
    for (from, epoch) in [(N0, 4), (N1, 3)] {
        let effects = node.on_message(&mut process, from, renew(epoch, Some(N2)));
        assert!(!effects.contains(&Effect::Sync), "{from} in epoch {epoch}");
    }
    let effects = node.on_message(&mut process, N1, renew(4, Some(N2)));
    assert!(effects.contains(&decided(5, &[N0, N1, N2])));
}

#[test]
fn clients_are_sent_to_the_head_with_updates_and_to_the_tail_with_reads() {
    let (mut node, mut process) = master(1, &[N1, N2]);
    for (request, to) in [(write(1), N1), (Request::Read { key: 7 }, N2)] {
        let effects = node.on_request(&mut process, call(1), request);
        let redirect = Effect::Reply {
            call: call(1),
            reply: Reply::Redirect(Some(to)),
        };
        assert!(effects.contains(&redirect));
    }
}
