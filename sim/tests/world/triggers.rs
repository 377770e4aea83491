//! What sets faults off, and which nodes each form of a target names.

use std::collections::BTreeSet;

use murphy_sim::{Fault, Links, NodeId, PlannedFault, Probability, Span, Target, Time, Trigger};

use crate::common::{Request, Story, ms, node, pings, story};

fn pause(target: Target) -> Fault {
    Fault::Pause { node: target }
}

fn began(story: &Story, when: Trigger) -> Option<Time> {
    let world = story.clone().with_endless(when, pause(node(1))).run(1);
    world.faults()[0].began
}

#[test]
fn a_fault_begins_at_its_time_and_ends_after_its_length() {
    let world = story(2).with(pause(node(1))).run(1);
    let report = &world.faults()[0];
    assert_eq!((report.began, report.ended), (Some(ms(95)), Some(ms(195))));
    let endless = story(2)
        .with_endless(Trigger::At(ms(95)), pause(node(1)))
        .run(1);
    assert_eq!(
        endless.faults()[0].ended,
        None,
        "it lasted to the end of the run"
    );
    let late = story(2).with_from_to(pause(node(1)), 600, 700).run(1);
    assert_eq!(late.faults()[0].began, None, "the run was over");
}

#[test]
fn the_kth_event_sets_a_fault_off() {
    let mut world = story(2).world(1);
    while world.events() < 57 {
        world.step();
    }
    let then = world.now();
    assert_eq!(began(&story(2), Trigger::Event { event: 57 }), Some(then));
    assert_eq!(
        began(&story(2), Trigger::Event { event: 1 }),
        Some(Time::ZERO)
    );
    assert_eq!(began(&story(2), Trigger::Event { event: 1 << 40 }), None);
    // Two faults that wait for events, planned in the other order.
    let both = story(2)
        .with_endless(Trigger::Event { event: 57 }, pause(node(1)))
        .with_endless(Trigger::Event { event: 20 }, pause(node(0)))
        .run(1);
    assert!(both.faults()[1].began < both.faults()[0].began);
}

#[test]
fn the_kth_message_of_a_kind_sets_a_fault_off_when_it_is_sent() {
    let message = |message: &str, nth| Trigger::Message {
        message: message.to_owned(),
        nth,
    };
    assert_eq!(began(&story(2), message("Ping", 1)), Some(ms(10)));
    assert_eq!(began(&story(2), message("Ping", 7)), Some(ms(40)));
    assert_eq!(began(&story(2), message("Pong", 1)), None);
    let asked = story(2).call(0, 33, 0, Request::Count);
    assert_eq!(began(&asked, message("request", 1)), Some(ms(33)));
    assert_eq!(began(&asked, message("response", 1)), Some(ms(34)));
}

#[test]
fn the_message_that_sets_a_partition_off_is_in_flight_and_lost() {
    let cut = Fault::Partition {
        shape: murphy_sim::Shape::Isolate(node(0)),
        flap: None,
        clients: vec![],
    };
    let when = Trigger::Message {
        message: "Ping".to_owned(),
        nth: 1,
    };
    let world = story(2).with_endless(when, cut).run(1);
    assert_eq!(pings(&world, 0, 1), [0u64; 0]);
}

#[test]
fn the_kth_time_that_a_label_is_reached_sets_a_fault_off() {
    let reached = |label: &str, nth| Trigger::Reached {
        reached: label.to_owned(),
        nth,
    };
    assert_eq!(began(&story(2), reached("third-beat", 1)), Some(ms(30)));
    assert_eq!(began(&story(2), reached("third-beat", 3)), None);
    assert_eq!(began(&story(2), reached("started", 2)), Some(Time::ZERO));
    let world = story(2).run(1);
    assert_eq!(world.reached(), [("started", 2), ("third-beat", 2)]);
}

#[test]
fn every_form_of_a_target_names_its_nodes() {
    let story = story(5).cluster(|c| c.zones = vec!["a".to_owned(), "b".to_owned()]);
    let aimed_at = |target: Target, seed| {
        let world = story.clone().with(pause(target)).run(seed);
        assert!(world.faults()[0].hits > 0);
        world.faults()[0]
            .nodes
            .iter()
            .map(|n| n.0)
            .collect::<Vec<_>>()
    };
    assert_eq!(aimed_at(node(3), 1), [3]);
    let twice = Target::Nodes(vec![NodeId(4), NodeId(0), NodeId(4)]);
    assert_eq!(aimed_at(twice, 1), [4, 0], "each once");
    assert_eq!(aimed_at(Target::All, 1), [0, 1, 2, 3, 4]);
    assert_eq!(aimed_at(Target::Zone("b".to_owned()), 1), [1, 3]);
    assert_eq!(
        aimed_at(Target::Role("ready".to_owned()), 1),
        [0, 1, 2, 3, 4]
    );
    let mut seen = [const { BTreeSet::new() }; 3];
    for seed in 0..40 {
        let drawn = [Target::Any, Target::Minority, Target::Majority];
        for (seen, target) in seen.iter_mut().zip(drawn) {
            seen.insert(aimed_at(target, seed));
        }
    }
    assert_eq!(seen[0].len(), 5, "any of five");
    assert!(seen[1].iter().all(|few| (1..=2).contains(&few.len())) && seen[1].len() > 5);
    assert!(seen[2].iter().all(|most| most.len() == 3) && seen[2].len() > 5);
}

#[test]
fn a_role_is_looked_up_when_the_fault_begins() {
    let early = story(2)
        .with_from_to(pause(Target::Role("ready".to_owned())), 25, 40)
        .run(1);
    assert!(early.faults()[0].nodes.is_empty() && early.faults()[0].hits == 0);
}

#[test]
fn any_is_drawn_among_those_that_are_up() {
    let crash = Fault::Crash {
        node: Target::Nodes(vec![NodeId(0), NodeId(2)]),
        disk: murphy_sim::DiskFate::Drawn,
    };
    for seed in 0..10 {
        let world = story(3)
            .with_from_to(crash.clone(), 50, 300)
            .with(pause(Target::Any))
            .run(seed);
        assert_eq!(world.faults()[1].nodes, [NodeId(1)]);
    }
}

#[test]
fn a_drawn_end_of_links_is_the_one_that_the_report_names() {
    for seed in 0..10 {
        let links = Links {
            from: Target::Any,
            to: Target::All,
            both: false,
            clients: false,
        };
        let probability = Probability::ALWAYS;
        let world = story(3).with(Fault::Loss { probability, links }).run(seed);
        let from = world.faults()[0].nodes[0].0;
        assert!((0..3).all(|to| to == from || !crate::common::reaches(&world, from, to)));
        assert_eq!(world.faults()[0].hits, 20);
    }
}

#[test]
fn taking_a_fault_out_of_a_plan_re_rolls_no_other() {
    let any = |from: u64| crate::common::planned(pause(Target::Any), from, from + 5);
    let plan: Vec<PlannedFault> = [95, 105, 115, 125, 135].map(any).to_vec();
    let drawn = |plan: &[PlannedFault], seed| {
        let mut story = story(5);
        story.plan = plan.to_vec();
        let world = story.run(seed);
        world
            .faults()
            .iter()
            .map(|f| f.nodes.clone())
            .collect::<Vec<_>>()
    };
    for seed in 0..10 {
        let whole = drawn(&plan, seed);
        assert_eq!(whole[1..], drawn(&plan[1..], seed));
        assert_eq!(whole[..4], drawn(&plan[..4], seed));
    }
    // Equal faults at the same time are drawn each by itself.
    let twins = vec![any(95); 8];
    let nodes: BTreeSet<_> = drawn(&twins, 1).into_iter().collect();
    assert!(nodes.len() > 1);
    // Making one shorter does not move it.
    let mut shorter = plan.clone();
    shorter[2].lasts = Some(Span::millis(1));
    assert_eq!(drawn(&plan, 3), drawn(&shorter, 3));
}
