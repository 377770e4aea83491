//! Reactions one by one, with their exact effects, and what breaks the invariant.

use murphy_sim::{Effect, Reply, Time};

use super::*;
use crate::events_testing::CALL;

fn send(to: u32, message: Message) -> Effect<Plumtree> {
    let to = NodeId(to);
    Effect::Send { to, message }
}

fn gossip(item: Item, hop: u32) -> Message {
    Message::Gossip { item, hop }
}

fn i_have(item: Item, hop: u32) -> Message {
    let name = item.dot;
    Message::IHave { name, hop }
}

fn graft(item: Item) -> Message {
    let missing = Some(item.dot);
    Message::Graft { missing }
}

fn append(record: Item) -> Effect<Plumtree> {
    Effect::Append { record }
}

fn reached(label: &'static str) -> Effect<Plumtree> {
    Effect::Reached { label }
}

fn wait(item: Item, after: Span) -> Effect<Plumtree> {
    let timer = Timer::Missing(item.dot);
    Effect::SetTimer { timer, after }
}

fn eager(node: &Plumtree) -> Vec<u32> {
    node.eager().map(|peer| peer.0).collect()
}

#[test]
fn an_event_is_pushed_and_acknowledged_when_it_is_durable() {
    let (mut react, mut node) = holding(&[], None);
    let request = Request::Publish { key: 7, event: 1 };
    assert_eq!(
        react.on_request(&mut node, CALL, request),
        [append(item(0, 1)), Effect::Sync, reached("event-written")]
    );
    let published = Effect::Reply {
        call: CALL,
        reply: Reply::Ok(Response::Published),
    };
    assert_eq!(
        react.on_synced(&mut node),
        [
            published,
            send(1, gossip(item(0, 1), 1)),
            send(2, gossip(item(0, 1), 1))
        ]
    );
}

#[test]
fn an_event_is_pushed_on_eager_links_and_announced_on_lazy_ones() {
    let (mut react, mut node) = holding(&[], None);
    let first = item(1, 1);
    assert_eq!(
        react.on_message(&mut node, NodeId(1), gossip(first, 1)),
        [append(first), Effect::Sync, send(2, gossip(first, 2))],
        "not to where it came from"
    );
    assert_eq!(
        react.on_message(&mut node, NodeId(2), gossip(first, 2)),
        [reached("pruned"), send(2, Message::Prune)],
        "a duplicate"
    );
    assert_eq!(eager(&node), [1]);
    let second = item(1, 2);
    assert_eq!(
        react.on_message(&mut node, NodeId(1), gossip(second, 1)),
        [append(second), send(2, i_have(second, 2))]
    );
    assert_eq!(react.on_message(&mut node, NodeId(1), Message::Prune), []);
    assert_eq!(eager(&node), [] as [u32; 0]);
}

#[test]
fn the_bug_prunes_the_link_that_brought_the_event_first() {
    let (mut react, mut node) = holding(&[], Some("plumtree-prunes-the-first-link"));
    react.on_message(&mut node, NodeId(1), gossip(item(1, 1), 1));
    assert_eq!(
        react.on_message(&mut node, NodeId(2), gossip(item(1, 1), 2)),
        [reached("pruned"), send(1, Message::Prune)]
    );
    assert_eq!(eager(&node), [2]);
}

#[test]
fn what_is_announced_and_does_not_come_is_asked_for_from_one_after_the_other() {
    let (mut react, mut node) = holding(&[], None);
    let (config, lost) = (config(None), item(1, 1));
    react.on_message(&mut node, NodeId(1), Message::Prune);
    react.on_message(&mut node, NodeId(2), Message::Prune);
    assert_eq!(
        react.on_message(&mut node, NodeId(2), i_have(lost, 2)),
        [wait(lost, config.graft_after)]
    );
    assert_eq!(
        react.on_message(&mut node, NodeId(1), i_have(lost, 1)),
        [],
        "the timer is set"
    );
    let asks = |to| {
        [
            wait(lost, config.graft_again),
            reached("grafted"),
            send(to, graft(lost)),
        ]
    };
    let timer = Timer::Missing(lost.dot);
    assert_eq!(react.on_timer(&mut node, timer), asks(2));
    assert_eq!(react.on_timer(&mut node, timer), asks(1));
    assert_eq!(eager(&node), [1, 2]);
    assert_eq!(react.on_timer(&mut node, timer), [], "nobody is left");
    assert_eq!(
        react.on_message(&mut node, NodeId(1), i_have(lost, 1)),
        [wait(lost, config.graft_after)],
        "until it is announced again"
    );
    assert_eq!(
        react.on_message(&mut node, NodeId(1), gossip(lost, 1)),
        [
            append(lost),
            Effect::Sync,
            Effect::CancelTimer { timer },
            send(2, gossip(lost, 2))
        ]
    );
    assert_eq!(react.on_message(&mut node, NodeId(2), i_have(lost, 2)), []);
}

#[test]
fn bugs_ask_never_or_once() {
    let lost = item(1, 1);
    let timer = Timer::Missing(lost.dot);
    let (mut react, mut node) = holding(&[], Some("plumtree-never-repairs"));
    react.on_message(&mut node, NodeId(2), i_have(lost, 2));
    assert_eq!(react.on_timer(&mut node, timer), []);
    let (mut react, mut node) = holding(&[], Some("plumtree-asks-once"));
    react.on_message(&mut node, NodeId(2), i_have(lost, 2));
    assert_eq!(
        react.on_timer(&mut node, timer),
        [reached("grafted"), send(2, graft(lost))]
    );
    assert_eq!(react.on_message(&mut node, NodeId(1), i_have(lost, 1)), []);
}

#[test]
fn who_is_grafted_pushes_from_then_on() {
    for (mutant, pushes) in [(None, true), (Some("plumtree-grafted-on-one-side"), false)] {
        let (mut react, mut node) = holding(&[item(0, 1)], mutant);
        react.on_message(&mut node, NodeId(1), Message::Prune);
        assert_eq!(
            react.on_message(&mut node, NodeId(1), graft(item(0, 1))),
            [send(1, gossip(item(0, 1), 1))]
        );
        assert_eq!(eager(&node).contains(&1), pushes);
        let nothing = Message::Graft { missing: None };
        assert_eq!(react.on_message(&mut node, NodeId(1), nothing), []);
        assert_eq!(
            react.on_message(&mut node, NodeId(1), graft(item(2, 9))),
            []
        );
    }
    let (mut react, mut node) = holding(&[item(0, 1)], Some("plumtree-forgets-payloads"));
    assert_eq!(
        react.on_message(&mut node, NodeId(1), graft(item(0, 1))),
        []
    );
}

#[test]
fn everything_is_announced_to_one_neighbour_after_the_other() {
    let (mut react, mut node) = holding(&[item(0, 1), item(2, 2)], None);
    let all = || Message::Summary([item(0, 1).dot, item(2, 2).dot].into_iter().collect());
    let again = Effect::SetTimer {
        timer: Timer::Repeat,
        after: config(None).interval,
    };
    for peer in [1, 2, 1] {
        assert_eq!(
            react.on_timer(&mut node, Timer::Repeat),
            [again.clone(), send(peer, all())]
        );
    }
    let (mut react, mut node) = holding(&[item(0, 1)], Some("plumtree-announces-once"));
    assert_eq!(react.on_timer(&mut node, Timer::Repeat), [again]);
    let after = config(None).graft_after;
    assert_eq!(
        react.on_message(&mut node, NodeId(1), all()),
        [wait(item(2, 2), after)]
    );
    assert_eq!(node.missing().collect::<Vec<_>>(), [item(2, 2).dot]);
}

#[test]
fn a_much_shorter_way_takes_the_place_of_a_longer_one() {
    let late = item(1, 1);
    let after = |hops| {
        let (mut react, mut node) = holding(&[], None);
        react.on_message(&mut node, NodeId(2), Message::Prune);
        react.on_message(&mut node, NodeId(2), i_have(late, 1));
        let effects = react.on_message(&mut node, NodeId(1), gossip(late, hops));
        (effects, eager(&node))
    };
    let (effects, links) = after(3);
    let missing = None;
    assert_eq!(
        effects[3..],
        [
            send(2, i_have(late, 4)),
            reached("optimised"),
            send(2, Message::Graft { missing }),
            send(1, Message::Prune)
        ]
    );
    assert_eq!(links, [2]);
    let (effects, links) = after(2);
    assert_eq!(effects[3..], [send(2, i_have(late, 3))]);
    assert_eq!(links, [1], "the threshold is two");
}

#[test]
fn after_a_crash_a_node_knows_what_it_had_received_unless_the_bug_forgets_it() {
    let all = Message::Summary([item(0, 1).dot, item(2, 1).dot].into_iter().collect());
    let disk = [item(0, 1), item(2, 1)];
    let (mut react, mut node) = holding(&disk, None);
    assert_eq!(react.on_message(&mut node, NodeId(1), all.clone()), []);
    let (mut react, mut node) = holding(&disk, Some("plumtree-forgets-what-it-delivered"));
    react.on_message(&mut node, NodeId(1), all);
    assert_eq!(node.missing().collect::<Vec<_>>(), [item(2, 1).dot]);
}

#[test]
fn a_node_that_waits_for_what_it_has_is_seen() {
    let check = |node: &Plumtree| {
        let breach = MissingIsMissing.check(Time::ZERO, NodeId(0), &[Some(node.clone())]);
        breach.err().map(|breach| breach.anomaly)
    };
    let (_, mut node) = holding(&[item(1, 1)], None);
    node.miss_for_tests(item(1, 2).dot);
    assert_eq!(check(&node), None);
    node.miss_for_tests(item(1, 1).dot);
    assert_eq!(check(&node), Some("received-event-awaited"));
}

#[test]
fn parameters_that_make_no_sense_are_refused_with_a_remedy() {
    let refused =
        |parameters: Parameters| Plumtree::configure(&parameters).expect_err("it makes no sense");
    let valid = || parameters(5, None);
    assert!(
        refused(Parameters {
            spares: 1,
            ..valid()
        })
        .contains("remove `spares`")
    );
    assert!(refused(parameters(5, Some("typo"))).contains("plumtree-never-repairs"));
    for option in Plumtree::OPTIONS {
        let options = [((*option).to_owned(), 0)].into();
        let refused = refused(Parameters { options, ..valid() });
        assert!(refused.contains(option), "{refused}");
    }
}
