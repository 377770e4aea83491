//! Causal broadcast: single reactions, what an event costs, and what each bug does.

use murphy_sim::{
    ClientId, Cluster, Effect, Latency, PlannedCall, Route, Setup, Start, World, testing::React,
};

use super::*;
use crate::events_testing::{CALL, at_ms, heals};

fn parameters(nodes: u32, mutant: Option<&str>) -> Parameters {
    Parameters {
        nodes,
        mutant: mutant.map(str::to_owned),
        ..Parameters::default()
    }
}

fn config(mutant: Option<&str>) -> Config {
    CausalBroadcast::configure(&parameters(3, mutant)).expect("valid")
}

fn dot(node: u32, counter: u32) -> Dot {
    Dot {
        node: NodeId(node),
        counter,
    }
}

/// The cast of that name, after these.
fn cast(name: (u32, u32), after: &[(u32, u32)]) -> Cast {
    let mut seen = VersionVector::default();
    for (node, counter) in after {
        seen.raise(dot(*node, *counter));
    }
    Cast {
        dot: dot(name.0, name.1),
        after: seen,
        key: 7,
        event: u64::from(100 * name.0 + name.1),
    }
}

fn told(cast: &Cast) -> Message {
    Message::Casts(vec![cast.clone()])
}

fn append(cast: &Cast) -> Effect<CausalBroadcast> {
    Effect::Append {
        record: cast.clone(),
    }
}

fn reached(label: &'static str) -> Effect<CausalBroadcast> {
    Effect::Reached { label }
}

#[test]
fn an_event_is_told_and_acknowledged_when_it_is_durable() {
    let mut react = React::new(NodeId(0), 3);
    let (mut node, _) = react.start::<CausalBroadcast>(&config(None), &[]);
    let mine = cast((0, 1), &[]);
    let request = Request::Publish { key: 7, event: 1 };
    assert_eq!(
        react.on_request(&mut node, CALL, request.clone()),
        [append(&mine), Effect::Sync, reached("event-written")]
    );
    assert_eq!(react.on_request(&mut node, CALL, request), []);
    let published = Effect::Reply {
        call: CALL,
        reply: Reply::Ok(Response::Published),
    };
    let send = |to| Effect::Send {
        to: NodeId(to),
        message: told(&mine),
    };
    assert_eq!(
        react.on_synced(&mut node),
        [send(1), send(2), published.clone(), published]
    );
}

#[test]
fn an_answer_waits_for_what_it_answers() {
    let (question, answer) = (cast((0, 1), &[]), cast((1, 1), &[(0, 1)]));
    let mut react = React::new(NodeId(2), 3);
    let (mut node, _) = react.start::<CausalBroadcast>(&config(None), &[]);
    assert_eq!(
        react.on_message(&mut node, NodeId(1), told(&answer)),
        [reached("held-back")]
    );
    assert!(!node.view().settled, "something is held back");
    assert_eq!(
        react.on_message(&mut node, NodeId(0), told(&question)),
        [
            append(&question),
            reached("let-go"),
            append(&answer),
            Effect::Sync
        ]
    );
    assert_eq!(react.on_synced(&mut node), []);
    assert_eq!(node.view().state, Some([(7, vec![1, 101])].into()));

    let mutant = config(Some("causal-delivery-without-the-dependency-check"));
    let (mut node, _) = react.start::<CausalBroadcast>(&mutant, &[]);
    assert_eq!(
        react.on_message(&mut node, NodeId(1), told(&answer)),
        [append(&answer), Effect::Sync],
        "the bug delivers it"
    );
}

#[test]
fn a_cast_says_what_its_origin_had_seen() {
    let question = cast((1, 1), &[]);
    let stamp = |mutant| {
        let mut react = React::new(NodeId(0), 3);
        let disk = std::slice::from_ref(&question);
        let (mut node, _) = react.start::<CausalBroadcast>(&config(mutant), disk);
        let request = Request::Publish { key: 7, event: 1 };
        let effects = react.on_request(&mut node, CALL, request);
        let Some(Effect::Append { record }) = effects.first() else {
            panic!("an event is written first: {effects:?}");
        };
        record.after.covers(question.dot)
    };
    assert!(stamp(None));
    assert!(!stamp(Some("causal-clock-without-deliveries")));
}

#[test]
fn what_was_lost_on_the_way_is_asked_for() {
    let (mine, theirs) = (cast((0, 1), &[]), cast((1, 1), &[]));
    let mut react = React::new(NodeId(0), 3);
    let disk = [mine.clone(), theirs.clone()];
    let (mut node, _) = react.start::<CausalBroadcast>(&config(None), &disk);
    let mut seen = VersionVector::default();
    seen.raise(mine.dot);
    let answer = Effect::Send {
        to: NodeId(2),
        message: told(&theirs),
    };
    assert_eq!(
        react.on_message(&mut node, NodeId(2), Message::Digest(seen.clone())),
        [answer]
    );
    seen.raise(theirs.dot);
    assert_eq!(
        react.on_message(&mut node, NodeId(2), Message::Digest(seen)),
        []
    );
    assert!(matches!(
        react.on_timer(&mut node, Timer::Repair)[..],
        [Effect::Send { .. }, Effect::SetTimer { .. }]
    ));
}

/// BSS section 5.1 sends each message once to each member; a forced write each makes it durable.
#[test]
fn an_event_costs_a_message_to_each_other_node_and_a_forced_write_at_each() {
    for nodes in 2..=5 {
        let mut cluster = Cluster::new(nodes, 1);
        let (message, sync) = (Span::millis(1), Span::millis(2));
        cluster.network.latency = Latency::Constant(message);
        cluster.disk.sync = Latency::Constant(sync);
        let config = Config {
            interval: Span::secs(1_000),
            ..CausalBroadcast::configure(&parameters(nodes, None)).expect("valid")
        };
        let events = 10;
        let call = |i: u64| PlannedCall {
            client: ClientId(0),
            start: Start::At(at_ms(100 * (i + 1))),
            route: Route::Node(NodeId(0)),
            request: Request::Publish { key: 0, event: i },
        };
        let calls = (0..events).map(call).collect();
        let end = at_ms(5_000);
        let setup = Setup::calm(cluster.compile().expect("valid"), config, calls, end);
        let mut world = World::<CausalBroadcast>::new(setup.into(), 1);
        world.run_until(end);
        // A comparison now and then may fall into the run.
        let repairs = u64::from(nodes);
        let messages = world.stats().messages;
        let expected = events * u64::from(nodes - 1);
        assert!(
            (expected..=expected + repairs).contains(&messages),
            "{messages}"
        );
        assert_eq!(world.stats().syncs, events * u64::from(nodes));
        for call in world.history().chunks(2) {
            assert_eq!(call[1].time.since(call[0].time), message * 2 + sync);
        }
    }
}

#[test]
fn nothing_is_wrong_under_crashes_and_cuts() {
    heals::<CausalBroadcast>(&parameters(5, None), &["resumed"]);
}

#[test]
fn every_mutant_has_its_story() {
    let told: Vec<&str> = CausalBroadcast::MUTANTS.iter().map(|m| m.name).collect();
    assert_eq!(told, <Mutant as strum::VariantNames>::VARIANTS);
}
