//! Whatever the plan: nothing panics, time runs forward, nobody is left asleep, and counts add up.

use murphy_sim::{
    DiskFate, Endpoint, Fault, Links, MessageFate, NodeId, PlannedFault, Probability, Shape, Shift,
    Span, Target, Time, Trigger, World,
};
use proptest::prelude::*;

use crate::common::{Node, Request, Story, ms, process, story};

const NODES: u32 = 4;

fn targets() -> impl Strategy<Value = Target> {
    prop_oneof![
        (0..=NODES).prop_map(|n| Target::Node(NodeId(n))),
        prop::collection::vec((0..NODES).prop_map(NodeId), 1..4).prop_map(Target::Nodes),
        Just(Target::Role("ready".to_owned())),
        Just(Target::Zone("a".to_owned())),
        Just(Target::Any),
        Just(Target::Minority),
        Just(Target::Majority),
        Just(Target::All),
    ]
}

fn links() -> impl Strategy<Value = Links> {
    (targets(), targets(), any::<bool>(), any::<bool>()).prop_map(|(from, to, both, clients)| {
        Links {
            from,
            to,
            both,
            clients,
        }
    })
}

fn shapes() -> impl Strategy<Value = Shape> {
    prop_oneof![
        Just(Shape::Halves),
        targets().prop_map(Shape::Isolate),
        Just(Shape::Minority),
        Just(Shape::Bridge),
        Just(Shape::MajoritiesRing),
        (targets(), targets()).prop_map(|(from, to)| Shape::OneWay { from, to }),
        Just(Shape::Groups(vec![
            vec![Endpoint::Node(NodeId(0)), Endpoint::Client(0)],
            vec![Endpoint::Node(NodeId(2)), Endpoint::Client(1)],
        ])),
    ]
}

fn spans() -> impl Strategy<Value = Span> {
    (1..60_000u64).prop_map(Span::micros)
}

fn shifts() -> impl Strategy<Value = Shift> {
    (-100_000_000..100_000_000i64).prop_map(Shift)
}

fn shares() -> impl Strategy<Value = Probability> {
    (0..=1_000u32).prop_map(Probability::per_mille)
}

fn fates() -> impl Strategy<Value = DiskFate> {
    prop_oneof![
        Just(DiskFate::Drawn),
        Just(DiskFate::KeepUnsynced),
        Just(DiskFate::LoseUnsynced),
        Just(DiskFate::Torn),
        Just(DiskFate::Lost),
    ]
}

fn network_faults() -> impl Strategy<Value = Fault> {
    let partition = |(shape, flap)| Fault::Partition {
        shape,
        flap,
        clients: vec![],
    };
    let message = |(nth, by, fate)| Fault::Message {
        kind: "Ping".to_owned(),
        nth,
        fate: match fate {
            0 => MessageFate::Drop,
            1 => MessageFate::Delay(by),
            _ => MessageFate::Duplicate,
        },
    };
    prop_oneof![
        (shapes(), prop::option::of(spans())).prop_map(partition),
        (shares(), links()).prop_map(|(probability, links)| Fault::Loss { probability, links }),
        (shares(), links())
            .prop_map(|(probability, links)| Fault::Duplicate { probability, links }),
        (shares(), links()).prop_map(|(probability, links)| Fault::Corrupt { probability, links }),
        (shares(), spans(), links()).prop_map(|(probability, window, links)| Fault::Reorder {
            probability,
            window,
            links
        }),
        (spans(), spans(), links()).prop_map(|(by, jitter, links)| Fault::Delay {
            by,
            jitter,
            links
        }),
        (1..1_000_000u64, 0..10_000u64, links()).prop_map(|(bytes_per_second, queue, links)| {
            Fault::Bandwidth {
                bytes_per_second,
                queue,
                links,
            }
        }),
        links().prop_map(|links| Fault::Clog { links }),
        targets().prop_map(|node| Fault::SwizzleClog { node }),
        (1..50u64, spans(), 0..3usize).prop_map(message),
    ]
}

fn node_faults() -> impl Strategy<Value = Fault> {
    prop_oneof![
        (targets(), fates()).prop_map(|(node, disk)| Fault::Crash { node, disk }),
        (targets(), spans(), fates()).prop_map(|(node, every, disk)| Fault::CrashLoop {
            node,
            every,
            disk
        }),
        targets().prop_map(|node| Fault::Pause { node }),
        (targets(), spans()).prop_map(|(node, per_message)| Fault::SlowCpu { node, per_message }),
        Just(Fault::AddNode {
            node: Target::Node(NodeId(NODES))
        }),
        targets().prop_map(|node| Fault::RemoveNode { node }),
        (targets(), shifts()).prop_map(|(node, by)| Fault::ClockOffset { node, by }),
        (targets(), shifts()).prop_map(|(node, by)| Fault::ClockStep { node, by }),
        (targets(), -1_000_000..2_000_000i64)
            .prop_map(|(node, ppm)| Fault::ClockDrift { node, ppm }),
        (targets(), shifts(), spans()).prop_map(|(node, by, every)| Fault::ClockStrobe {
            node,
            by,
            every
        }),
        targets().prop_map(|node| Fault::ClockFreeze { node }),
        (targets(), any::<u32>()).prop_map(|(node, ppm)| Fault::ClockSlew { node, ppm }),
        (targets(), spans())
            .prop_map(|(node, uncertainty)| Fault::ClockBound { node, uncertainty }),
        targets().prop_map(|node| Fault::DiskCorrupt { node }),
        targets().prop_map(|node| Fault::DiskSyncError { node }),
        (targets(), 1..50u32).prop_map(|(node, factor)| Fault::DiskSlow { node, factor }),
        targets().prop_map(|node| Fault::DiskStall { node }),
        targets().prop_map(|node| Fault::DiskFull { node }),
        (shares(), shares()).prop_map(|(sites, fires)| Fault::Buggify { sites, fires }),
    ]
}

fn plans() -> impl Strategy<Value = Vec<PlannedFault>> {
    let when = prop_oneof![
        (0..400u64).prop_map(|at| Trigger::At(ms(at))),
        (1..500u64).prop_map(|event| Trigger::Event { event }),
        (1..50u64).prop_map(|nth| Trigger::Message {
            message: "Ping".to_owned(),
            nth
        }),
        (1..4u64).prop_map(|nth| Trigger::Reached {
            reached: "third-beat".to_owned(),
            nth
        }),
    ];
    let lasts = prop::option::of((0..300u64).prop_map(Span::millis));
    let fault = prop_oneof![network_faults(), node_faults()];
    let planned =
        (when, fault, lasts).prop_map(|(when, fault, lasts)| PlannedFault { when, fault, lasts });
    prop::collection::vec(planned, 0..6)
}

fn under(plan: Vec<PlannedFault>) -> Story {
    let mut story = story(NODES)
        .cluster(|c| {
            c.spares = 1;
            c.zones = vec!["a".to_owned(), "b".to_owned()];
            c.network.latency = murphy_sim::Latency::Uniform {
                min: Span::micros(100),
                max: Span::millis(8),
            };
            c.client.retry = Some(Span::millis(30));
            c.client.timeout = Span::millis(90);
            c.cpu.per_message = Span::micros(50);
        })
        .toy(|toy| {
            toy.answers = true;
            toy.writes = true;
            toy.memos = true;
        })
        .heal_at(600)
        .until(3_000);
    story.plan = plan;
    (0..8).fold(story, |story, n| {
        story.call(
            n % 2,
            u64::from(n) * 60,
            n % NODES,
            Request::Write(n.into()),
        )
    })
}

/// Runs it step by step and looks whether time ever runs back.
fn run_forward(world: &mut World<Node>, end: Time) {
    let mut last = world.now();
    while world.next_at().is_some_and(|at| at <= end) {
        let step = world.step().expect("something was due");
        assert!(step.time >= last, "{} after {last}", step.time);
        assert_eq!(step.time, world.now());
        last = step.time;
    }
    world.run_until(end);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_plan_a_healed_cluster_lives_on(plan in plans(), seed in 0..1_000u64) {
        let story = under(plan);
        let mut world = story.world(seed);
        run_forward(&mut world, ms(2_000));
        // After the heal, and after its backlog: every node is up, beats on time, and hears the others.
        let members = world.processes().iter().filter(|p| p.is_some()).count() as u32;
        prop_assert!(members >= NODES);
        prop_assert!(world.calls_are_done());
        let before: Vec<(usize, usize)> =
            (0..members).map(|n| (process(&world, n).beats.len(), process(&world, n).heard.len())).collect();
        run_forward(&mut world, story.end);
        for (n, (beats, heard)) in (0..members).zip(before) {
            let now = process(&world, n);
            prop_assert!(now.beats.len() - beats >= 99, "n{n} beats on: {}", now.beats.len() - beats);
            let expected = 2 * 95 * (members as usize - 1);
            prop_assert!(now.heard.len() - heard >= expected, "n{n} hears {}", now.heard.len() - heard);
        }
    }

    #[test]
    fn whatever_the_plan_counts_add_up(plan in plans(), seed in 0..1_000u64) {
        let world = under(plan).toy(|toy| toy.memos = false).run(seed);
        let stats = world.stats();
        let sent = stats.messages + stats.client_messages + stats.duplicated;
        prop_assert!(stats.dropped + stats.delivered <= sent);
        for (report, planned) in world.faults().iter().zip(&world.setup().plan) {
            prop_assert!(report.hits <= 3 * world.events(), "{planned} hit {}", report.hits);
            prop_assert!(report.began.is_some() == report.ended.is_some(), "{planned}");
            prop_assert!(report.began.is_some() || report.hits == 0);
            prop_assert!(report.began <= report.ended);
        }
        let durable = (0..world.processes().len()).map(|n| world.disk(NodeId(n as u32)));
        for disk in durable {
            prop_assert!(disk.durable() <= disk.end());
        }
    }

    #[test]
    fn whatever_the_plan_a_run_repeats_and_a_clone_goes_on(plan in plans(), seed in 0..1_000u64, stop in 0..900u64) {
        let story = under(plan).until(900);
        let whole = story.run(seed);
        let mut first = story.world(seed);
        first.run_until(ms(stop));
        let mut copy = first.clone();
        copy.run_until(ms(900));
        prop_assert_eq!(whole.digest(), copy.digest());
        prop_assert_eq!(whole.history(), copy.history());
        prop_assert_eq!(whole.processes(), copy.processes());
    }
}
