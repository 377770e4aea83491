//! Every shape of a partition, and the rule for what is in flight when one begins or ends.

use murphy_sim::{Endpoint, Fault, NodeId, Shape, Span, Target, World};

use crate::common::{Node, Request, Story, drawing, endings, node, pings, reaches, story};

fn partition(shape: Shape) -> Fault {
    let (flap, clients) = (None, Vec::new());
    Fault::Partition {
        shape,
        flap,
        clients,
    }
}

fn cut(nodes: u32, shape: Shape) -> World<Node> {
    let world = story(nodes).with(partition(shape)).run(7);
    let report = &world.faults()[0];
    assert!(report.hits > 0, "something was cut");
    world
}

fn hears(world: &World<Node>, to: u32) -> usize {
    let nodes = world.processes().len() as u32;
    (0..nodes)
        .filter(|from| *from == to || reaches(world, *from, to))
        .count()
}

fn symmetric(drawn: &[String]) -> bool {
    let at = |i: usize, j: usize| drawn[i].as_bytes()[j];
    (0..drawn.len()).all(|i| (0..drawn.len()).all(|j| at(i, j) == at(j, i)))
}

#[test]
fn without_a_fault_everybody_hears_everybody() {
    assert_eq!(drawing(&story(3).run(1)), ["###", "###", "###"]);
}

#[test]
fn isolating_a_node_cuts_it_off_both_ways_and_leaves_the_others_together() {
    let world = cut(4, Shape::Isolate(node(1)));
    assert_eq!(drawing(&world), ["#.##", ".#..", "#.##", "#.##"]);
    assert_eq!(world.faults()[0].nodes, [NodeId(1)]);
    assert_eq!(world.faults()[0].hits, 6 * 10);
    assert_eq!(world.stats().dropped, 6 * 10);
    // And when it is over they talk again.
    assert!(pings(&world, 1, 0).contains(&201));
}

#[test]
fn halves_are_two_groups_that_are_drawn() {
    let mut drawn = std::collections::BTreeSet::new();
    for seed in 0..20 {
        let world = story(4).with(partition(Shape::Halves)).run(seed);
        let rows = drawing(&world);
        assert!(symmetric(&rows));
        assert!((0..4).all(|to| hears(&world, to) == 2), "{rows:?}");
        let side = &world.faults()[0].nodes[..2];
        assert!(
            reaches(&world, side[0].0, side[1].0),
            "the first half is the first side"
        );
        drawn.insert(rows);
    }
    assert_eq!(drawn.len(), 3, "four nodes fall into halves in three ways");
}

#[test]
fn a_minority_is_fewer_than_half_and_cut_from_the_rest() {
    let mut sizes = std::collections::BTreeSet::new();
    for seed in 0..20 {
        let world = story(5).with(partition(Shape::Minority)).run(seed);
        let few = world.faults()[0].nodes.len();
        sizes.insert(few);
        assert!(
            world.faults()[0]
                .nodes
                .iter()
                .all(|n| hears(&world, n.0) == few)
        );
        assert!(symmetric(&drawing(&world)));
    }
    assert_eq!(sizes.into_iter().collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn one_node_sees_both_halves_of_a_bridge() {
    for seed in 0..10 {
        let world = story(5).with(partition(Shape::Bridge)).run(seed);
        let bridge = world.faults()[0].nodes[0];
        assert_eq!(hears(&world, bridge.0), 5);
        let others = (0..5).filter(|n| *n != bridge.0);
        assert!(
            others
                .clone()
                .all(|n| hears(&world, n) == 3 && reaches(&world, n, bridge.0))
        );
        assert!(symmetric(&drawing(&world)));
    }
}

#[test]
fn in_a_majorities_ring_everybody_hears_a_majority_and_no_two_the_same_one() {
    for nodes in [3, 4, 5, 7] {
        let world = cut(nodes, Shape::MajoritiesRing);
        let rows = drawing(&world);
        let column = |to: usize| {
            rows.iter()
                .map(|row| row.as_bytes()[to])
                .collect::<Vec<_>>()
        };
        let columns: std::collections::BTreeSet<_> = (0..nodes as usize).map(column).collect();
        assert_eq!(columns.len(), nodes as usize);
        assert!((0..nodes).all(|to| hears(&world, to) == nodes as usize / 2 + 1));
    }
}

#[test]
fn one_way_cuts_one_direction_only() {
    let (from, to) = (node(0), node(2));
    let world = cut(3, Shape::OneWay { from, to });
    assert_eq!(drawing(&world), ["##.", "###", "###"]);
}

#[test]
fn a_drawn_end_of_a_one_way_cut_is_the_one_that_the_report_names() {
    for seed in 0..20 {
        let shape = Shape::OneWay {
            from: Target::Any,
            to: Target::All,
        };
        let world = story(3).with(partition(shape)).run(seed);
        let silent = world.faults()[0].nodes[0].0;
        assert!((0..3).all(|to| to == silent || !reaches(&world, silent, to)));
        assert!((0..3).all(|from| from == silent || hears(&world, silent) == 3));
    }
}

#[test]
fn groups_are_cut_from_each_other_and_those_in_none_see_all() {
    let group = |nodes: &[u32]| nodes.iter().map(|n| Endpoint::Node(NodeId(*n))).collect();
    let world = cut(
        5,
        Shape::Groups(vec![group(&[0, 1]), group(&[2]), group(&[3])]),
    );
    assert_eq!(
        drawing(&world),
        ["##..#", "##..#", "..#.#", "...##", "#####"]
    );
}

#[test]
fn flapping_cuts_and_opens_in_turns() {
    let fault = Fault::Partition {
        shape: Shape::Isolate(node(0)),
        flap: Some(Span::millis(20)),
        clients: vec![],
    };
    let world = story(2).with(fault).run(1);
    // Cut from 95, open from 115, cut from 135, open from 155, cut from 175, over at 195.
    let came: Vec<u64> = pings(&world, 0, 1)
        .into_iter()
        .filter(|at| *at < 210)
        .collect();
    let expected: Vec<u64> = (1..=20)
        .map(|beat| beat * 10 + 1)
        .filter(|at| ![101, 111, 141, 151, 181, 191].contains(at))
        .collect();
    assert_eq!(came, expected);
    assert_eq!(world.faults()[0].hits, 2 * 6);
}

fn asks(story: Story, client: u32, at: u64) -> Story {
    (0..3).fold(story, |story, node| {
        story.call(client, at + u64::from(node) * 30, node, Request::Count)
    })
}

#[test]
fn a_client_that_is_cut_off_with_a_side_reaches_that_side_alone() {
    let fault = Fault::Partition {
        shape: Shape::Isolate(node(1)),
        flap: None,
        clients: vec![1],
    };
    let story = story(3)
        .cluster(|c| c.client.timeout = Span::millis(20))
        .with(fault);
    let world = asks(asks(story, 0, 100), 1, 100).run(1);
    assert_eq!(
        endings(&world, 0),
        ["ok 0 at 102", "ok 0 at 132", "ok 0 at 162"]
    );
    assert_eq!(
        endings(&world, 1),
        ["info at 120", "ok 0 at 132", "info at 180"]
    );
}

#[test]
fn clients_can_be_put_into_groups() {
    let groups = Shape::Groups(vec![
        vec![Endpoint::Node(NodeId(0)), Endpoint::Client(0)],
        vec![Endpoint::Node(NodeId(1)), Endpoint::Client(1)],
    ]);
    let story = story(3)
        .cluster(|c| c.client.timeout = Span::millis(20))
        .with(partition(groups));
    let world = asks(asks(story, 0, 100), 1, 100).run(1);
    assert_eq!(
        endings(&world, 0),
        ["ok 0 at 102", "info at 150", "ok 0 at 162"]
    );
    assert_eq!(
        endings(&world, 1),
        ["info at 120", "ok 0 at 132", "ok 0 at 162"]
    );
}

/// The ping of 100 ms takes until 120 ms; a cut of the link lies there from `from` to `to`.
fn crosses(from: u64, to: u64) -> bool {
    let latency = murphy_sim::Latency::Constant(Span::millis(20));
    let world = story(2)
        .cluster(|c| c.network.latency = latency)
        .with_from_to(partition(Shape::Isolate(node(0))), from, to)
        .run(1);
    pings(&world, 0, 1).contains(&120)
}

#[test]
fn a_message_crosses_only_if_the_link_is_open_when_it_is_sent_and_when_it_would_arrive() {
    assert!(!crosses(95, 105), "cut when it was sent");
    assert!(!crosses(115, 125), "cut when it would have arrived");
    assert!(!crosses(95, 125), "cut all the time");
    assert!(crosses(105, 115), "cut in between only");
    assert!(crosses(125, 135), "cut too late");
}
