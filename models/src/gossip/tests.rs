//! The gossip: single reactions, how many rounds and writes an event costs, and every mutant beside
//! its clean twin.

use murphy_sim::{
    ClientId, Cluster, DiskFate, Effect, Fault, Latency, NodeId, PlannedCall, PlannedFault, Reply,
    Route, Setup, Span, Start, Target, Trigger, World, testing::React,
};

use super::*;
use crate::{
    events_testing::{
        CALL, at_ms, crash_with_unsynced_writes, every_mutant_shows_its_anomaly, heals, isolated,
        planned, publications,
    },
    service::events::Response,
};

fn parameters(nodes: u32, mode: &str, mutant: Option<&str>) -> Parameters {
    Parameters {
        nodes,
        mode: Some(mode.to_owned()),
        mutant: mutant.map(str::to_owned),
        ..Parameters::default()
    }
}

fn config(mode: &str) -> Config {
    Gossip::configure(&parameters(2, mode, None)).expect("valid")
}

/// Node 0 of two, which has published so many events under key 7.
fn having_published(events: u32, config: &Config) -> (React, Gossip) {
    let mut react = React::new(NodeId(0), 2);
    let disk: Vec<Rumour> = (1..=events).map(|n| rumour(0, n)).collect();
    let (process, _) = react.start::<Gossip>(config, &disk);
    (react, process)
}

fn rumour(origin: u32, counter: u32) -> Rumour {
    Rumour {
        origin: NodeId(origin),
        counter,
        key: 7,
        event: u64::from(100 * origin + counter),
    }
}

fn send(message: Message) -> Effect<Gossip> {
    let to = NodeId(1);
    Effect::Send { to, message }
}

fn append(record: Rumour) -> Effect<Gossip> {
    Effect::Append { record }
}

fn reached(label: &'static str) -> Effect<Gossip> {
    Effect::Reached { label }
}

#[test]
fn a_publication_is_acknowledged_and_told_when_it_is_durable() {
    let config = config("push-pull");
    let (mut react, mut gossip) = having_published(0, &config);
    let request = Request::Publish { key: 7, event: 1 };
    assert_eq!(
        react.on_request(&mut gossip, CALL, request.clone()),
        [append(rumour(0, 1)), Effect::Sync, reached("event-written")]
    );
    let digest = Message::Digest(vec![]);
    assert_eq!(react.on_message(&mut gossip, NodeId(1), digest.clone()), []);
    let published = Effect::Reply {
        call: CALL,
        reply: Reply::Ok(Response::Published),
    };
    assert_eq!(
        react.on_synced(&mut gossip),
        std::slice::from_ref(&published)
    );
    let answer = Message::Answer {
        rumours: vec![rumour(0, 1)],
        versions: None,
    };
    assert_eq!(
        react.on_message(&mut gossip, NodeId(1), digest),
        [send(answer)]
    );
    assert_eq!(
        react.on_request(&mut gossip, CALL, request),
        [reached("published-again"), published]
    );
}

#[test]
fn a_round_carries_what_either_side_lacks_and_nothing_else() {
    let config = config("push-pull");
    let (mut react, mut gossip) = having_published(2, &config);
    assert_eq!(
        react.on_timer(&mut gossip, Timer::Round),
        [
            send(Message::Digest(vec![(NodeId(0), 2)])),
            Effect::SetTimer {
                timer: Timer::Round,
                after: config.interval
            },
        ]
    );
    let answer = Message::Answer {
        rumours: vec![rumour(1, 1)],
        versions: Some(vec![(NodeId(0), 1), (NodeId(1), 1)]),
    };
    assert_eq!(
        react.on_message(&mut gossip, NodeId(1), answer),
        [
            append(rumour(1, 1)),
            Effect::Sync,
            reached("learned-by-pull"),
            reached("caught-up"),
            send(Message::Rumours(vec![rumour(0, 2)])),
        ]
    );
    assert_eq!(react.on_synced(&mut gossip), []);
    assert_eq!(gossip.view().state, Some([(7, vec![1, 2, 101])].into()));
    let same = Message::Digest(vec![(NodeId(0), 2), (NodeId(1), 1)]);
    assert_eq!(
        react.on_message(&mut gossip, NodeId(1), same),
        [],
        "nothing to tell, nothing to ask"
    );
}

#[test]
fn modes_say_which_way_events_travel() {
    let theirs = || Message::Digest(vec![(NodeId(0), 1), (NodeId(1), 1)]);
    let mine = || Some(vec![(NodeId(0), 2)]);
    let told = || vec![rumour(0, 2)];
    for (mode, rumours, versions) in [
        ("push-pull", told(), mine()),
        ("push", vec![], mine()),
        ("pull", told(), None),
    ] {
        let (mut react, mut gossip) = having_published(2, &config(mode));
        assert_eq!(
            react.on_message(&mut gossip, NodeId(1), theirs()),
            [send(Message::Answer { rumours, versions })],
            "{mode}"
        );
    }
}

#[test]
fn what_comes_twice_or_out_of_turn_is_not_taken() {
    let (mut react, mut gossip) = having_published(1, &config("push-pull"));
    let late = Message::Rumours(vec![rumour(1, 2)]);
    assert_eq!(
        react.on_message(&mut gossip, NodeId(1), late),
        [],
        "the first one is missing"
    );
    let again = Message::Rumours(vec![rumour(0, 1)]);
    assert_eq!(
        react.on_message(&mut gossip, NodeId(1), again),
        [reached("deduplicated")]
    );
}

#[test]
fn after_a_full_message_the_next_is_asked_for_at_once() {
    let config = Config {
        batch: 2,
        ..config("push-pull")
    };
    let (mut react, mut gossip) = having_published(0, &config);
    let rumours = vec![rumour(1, 1), rumour(1, 2)];
    let answer = Message::Answer {
        rumours,
        versions: None,
    };
    let effects = react.on_message(&mut gossip, NodeId(1), answer);
    assert_eq!(
        effects.last(),
        Some(&send(Message::Digest(vec![(NodeId(1), 2)])))
    );
}

#[test]
fn parameters_that_make_no_sense_are_refused_with_a_remedy() {
    let refused = |parameters: Parameters| Gossip::configure(&parameters).expect_err("refused");
    let valid = || parameters(5, "push-pull", None);
    assert!(
        refused(Parameters {
            spares: 1,
            ..valid()
        })
        .contains("set `spares` to 0")
    );
    assert!(refused(parameters(5, "shout", None)).contains("push-pull, push, pull"));
    assert!(refused(parameters(5, "push", Some("typo"))).contains("ack-before-sync"));
    let options = [("interval".to_owned(), 0)].into();
    assert!(refused(Parameters { options, ..valid() }).contains("`interval` is zero"));
}

/// How many rounds pass from the publication of one event until every node knows it.
fn rounds_until_all_know(nodes: u32, mode: &str, seed: u64) -> f64 {
    let mut cluster = Cluster::new(nodes, 1);
    cluster.network.latency = Latency::Constant(Span::micros(500));
    let config = Gossip::configure(&parameters(nodes, mode, None)).expect("valid");
    let begins = at_ms(1_000);
    let call = PlannedCall {
        client: ClientId(0),
        start: Start::At(begins),
        route: Route::Any,
        request: Request::Publish { key: 0, event: 1 },
    };
    let end = at_ms(20_000);
    let setup = Setup::calm(cluster.compile().expect("valid"), config, vec![call], end);
    let mut world = World::<Gossip>::new(setup.into(), seed);
    let mut knowing = 0;
    while knowing < nodes as usize {
        let step = world.step().expect("rounds go on");
        assert!(
            step.time < end,
            "only {knowing} of {nodes} know after 19 seconds"
        );
        let touched = step
            .node
            .and_then(|node| world.processes()[node.index()].as_ref());
        if touched.is_some_and(|node| node.known() > 0) {
            knowing = world
                .processes()
                .iter()
                .flatten()
                .filter(|node| node.known() > 0)
                .count();
        }
    }
    world.now().since(begins).as_secs_f64() / config.interval.as_secs_f64()
}

/// Pittel, On Spreading a Rumor (1987): pushing alone takes log2 n + ln n rounds; Karp et al.: pushing
/// and pulling takes fewer.
#[test]
fn an_event_reaches_all_within_log2_n_and_ln_n_rounds() {
    for (nodes, seeds) in [(100, 20), (1_000, 5)] {
        let bound = f64::from(nodes).log2() + f64::from(nodes).ln();
        for seed in 0..seeds {
            let rounds = rounds_until_all_know(nodes, "push-pull", seed);
            assert!(
                rounds <= bound,
                "{rounds} rounds among {nodes} nodes, more than {bound}"
            );
        }
    }
}

/// In rounds that all nodes begin together pushing takes log2 n + ln n (Pittel 1987): the news doubles
/// with each, and then misses a node with probability 1/e in each. Here every node begins its rounds
/// at a moment of its own, and who was told a moment ago may tell before its teller does again: the
/// news grows by e in each round, or by e^2 both ways, and so takes 2 ln n pushed, ln n pulled and
/// half of ln n both ways (the last few need O(ln ln n) rounds where nodes pull: Karp et al.,
/// section 2), each but for a few rounds that do not grow with n.
#[test]
fn rounds_grow_with_the_logarithm_of_the_nodes_as_each_mode_has_it() {
    let mean = |nodes, mode| {
        let seeds = 0..8;
        let runs = seeds.map(|seed| rounds_until_all_know(nodes, mode, seed));
        runs.sum::<f64>() / 8.0
    };
    for (mode, logarithms) in [("push", 2.0), ("pull", 1.0), ("push-pull", 0.5)] {
        for nodes in [100, 1_000] {
            let expected = logarithms * f64::from(nodes).ln();
            let rounds = mean(nodes, mode);
            assert!(
                (expected..expected + 4.0).contains(&rounds),
                "{mode} among {nodes}: {rounds} rounds, not {expected} and a few"
            );
            let in_step = f64::from(nodes).log2() + f64::from(nodes).ln();
            assert!(rounds < in_step, "{mode} among {nodes}: {rounds} rounds");
        }
    }
}

/// Each node writes each event once, whoever tells it; a round without news is one message.
#[test]
fn an_event_costs_one_forced_write_a_node_and_a_quiet_round_one_message() {
    let nodes = 10;
    let cluster = Cluster::new(nodes, 1).compile().expect("valid");
    let config = Gossip::configure(&parameters(nodes, "push-pull", None)).expect("valid");
    let calls = publications(1, 5, Span::secs(2), at_ms(10_100));
    let events = calls.len() as u64;
    let setup = Setup::<Gossip>::calm(cluster, config, calls, at_ms(30_000));
    let mut world = World::new(setup.into(), 1);
    world.run_until(at_ms(20_000));
    assert!(world.has_converged());
    assert_eq!(world.stats().appends, events * u64::from(nodes));
    assert_eq!(world.stats().syncs, events * u64::from(nodes));
    let rounds = |world: &World<Gossip>| -> u64 {
        world
            .processes()
            .iter()
            .flatten()
            .map(|node| u64::from(node.round))
            .sum()
    };
    let (messages_before, rounds_before) = (world.stats().messages, rounds(&world));
    world.run_until(at_ms(30_000));
    let messages = world.stats().messages - messages_before;
    assert_eq!(messages, rounds(&world) - rounds_before);
    assert!((990..=1_010).contains(&messages), "{messages}");
}

/// The faults that show each mutant best.
fn trap(mutant: &str) -> Vec<PlannedFault> {
    let crash = |node, disk| Fault::Crash { node, disk };
    match mutant {
        "gossip-stops-too-early" => vec![isolated(2_000, 3_000)],
        "ack-before-sync" => {
            let written = Trigger::Reached {
                reached: "event-written".to_owned(),
                nth: 100,
            };
            vec![planned(
                written,
                crash(Target::All, DiskFate::LoseUnsynced),
                200,
            )]
        }
        "forgets-on-restart" => {
            let crash = crash(Target::Node(NodeId(1)), DiskFate::Drawn);
            vec![planned(Trigger::At(at_ms(3_000)), crash, 500)]
        }
        "merge-overwrites" => vec![],
        "counter-reused-after-restart" => crash_with_unsynced_writes(),
        unknown => panic!("no trap for {unknown}"),
    }
}

#[test]
fn every_mutant_shows_its_anomaly_and_its_clean_twin_shows_none() {
    let parameters = |mutant: Option<&str>| parameters(5, "push-pull", mutant);
    every_mutant_shows_its_anomaly::<Gossip>(parameters, trap);
}

#[test]
fn every_mode_heals_after_crashes_and_cuts() {
    for mode in Gossip::MODES {
        heals::<Gossip>(&parameters(6, mode.name, None), &["resumed", "caught-up"]);
    }
}

#[test]
fn every_mutant_has_its_story() {
    let told: Vec<&str> = Gossip::MUTANTS.iter().map(|mutant| mutant.name).collect();
    assert_eq!(told, <Mutant as strum::VariantNames>::VARIANTS);
    let modes: Vec<&str> = Gossip::MODES.iter().map(|mode| mode.name).collect();
    assert_eq!(modes, <Mode as strum::VariantNames>::VARIANTS);
}
