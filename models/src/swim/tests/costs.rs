//! What it costs and how long it takes, as sections 3 to 5 count it: messages of a probe and of a
//! period, forced writes, periods until a failure is noticed, rounds until everyone has heard of it.

use std::{collections::VecDeque, sync::Arc};

use murphy_sim::{
    ClockModel, Cluster, DiskFate, Fault, Latency, Plan, PlannedFault, Setup, Target, Time,
    Trigger, World,
};

use super::*;

/// A group whose messages are carried by hand, all at once, except on links that are cut.
struct Group {
    members: Vec<(React, Swim)>,
    cut: Vec<(NodeId, NodeId)>,
    messages: usize,
}

impl Group {
    fn new(config: &Config, cut: Vec<(NodeId, NodeId)>) -> Group {
        let member = |node| {
            let mut react = React::new(NodeId(node), config.nodes);
            let (mut swim, _) = react.start::<Swim>(config, &[]);
            react.on_synced(&mut swim);
            react.on_message(&mut swim, N0, Message::Roster { members: vec![] });
            (react, swim)
        };
        Group {
            members: (0..config.nodes).map(member).collect(),
            cut,
            messages: 0,
        }
    }

    fn timer(&mut self, timer: Timer) {
        let (react, swim) = &mut self.members[0];
        let mut effects: VecDeque<(NodeId, Effect<Swim>)> = VecDeque::new();
        effects.extend(react.on_timer(swim, timer).into_iter().map(|e| (N0, e)));
        while let Some((from, effect)) = effects.pop_front() {
            let Effect::Send { to, message } = effect else {
                continue;
            };
            self.messages += 1;
            if !self.cut.contains(&(from, to)) {
                let (react, swim) = &mut self.members[to.index()];
                let next = react.on_message(swim, from, message);
                effects.extend(next.into_iter().map(|effect| (to, effect)));
            }
        }
    }
}

/// Section 3.1: two messages when the target answers; with k helpers, four more for each when only
/// the link is cut, and two when the target is dead.
#[test]
fn a_probe_costs_two_messages_or_up_to_four_more_for_each_helper() {
    for helpers in 1..=3 {
        let config = Config {
            helpers,
            ..config(5)
        };
        // Whom node 0 probes first is drawn, so that everyone is cut off from it, or from all.
        let mut all: Vec<NodeId> = (0..5).map(NodeId).collect();
        let mut first = Group::new(&config, vec![]);
        first.timer(Timer::Period);
        assert_eq!(first.messages, 2, "it answers");
        let target = Group::new(&config, vec![]).target();
        let mut cut_off = Group::new(&config, vec![(N0, target)]);
        cut_off.timer(Timer::Period);
        cut_off.timer(Timer::Timeout);
        assert_eq!(
            cut_off.messages,
            1 + 4 * helpers,
            "{helpers} helpers reach it"
        );
        all.retain(|node| *node != target);
        let dead = all.iter().map(|node| (*node, target)).collect();
        let mut dead = Group::new(&config, dead);
        dead.timer(Timer::Period);
        dead.timer(Timer::Timeout);
        assert_eq!(dead.messages, 1 + 2 * helpers, "{helpers} helpers try");
    }
}

impl Group {
    /// Whom node 0 probes first.
    fn target(mut self) -> NodeId {
        let (react, swim) = &mut self.members[0];
        let effects = react.on_timer(swim, Timer::Period);
        let target = effects.iter().find_map(|effect| match effect {
            Effect::Send {
                message: Message::Ping { probe, .. },
                ..
            } => Some(probe.target),
            _ => None,
        });
        target.expect("a period begins with a ping")
    }
}

const PERIOD: Span = Span::millis(100);

fn world(nodes: u32, mode: &str, plan: Plan, seed: u64) -> World<Swim> {
    let mut cluster = Cluster::new(nodes, 1);
    cluster.network.latency = Latency::Constant(Span::millis(1));
    cluster.disk.sync = Latency::Constant(Span::millis(1));
    cluster.cpu.per_message = Span::ZERO;
    cluster.clock = ClockModel {
        offset_max: Span::ZERO,
        drift_ppm_max: 0,
        uncertainty: Span::ZERO,
    };
    let parameters = parameters(nodes, mode, None);
    let setup = Setup {
        cluster: cluster.compile().expect("the settings are possible"),
        config: Swim::configure(&parameters).expect("the defaults are possible"),
        plan,
        calls: Arc::new(vec![]),
        heal: None,
        end: Time::NEVER,
    };
    World::new(Arc::new(setup), seed)
}

fn at(periods: u64) -> Time {
    Time::ZERO + PERIOD * periods
}

/// Section 5: the load of a member does not depend on the size of the group.
#[test]
fn a_period_costs_two_messages_a_member_whatever_their_number() {
    for nodes in [2, 5, 20, 100] {
        for mode in ["round-robin", "random"] {
            let mut world = world(nodes, mode, Plan::new(), 1);
            world.run_until(at(10));
            let before = world.stats().messages;
            world.run_until(at(60));
            let messages = world.stats().messages - before;
            let expected = u64::from(nodes) * 50 * 2;
            assert_eq!(messages, expected, "{nodes} members, {mode}");
            assert_eq!(world.stats().syncs, u64::from(nodes), "one at each start");
            let labels: Vec<&str> = world.reached().iter().map(|(label, _)| *label).collect();
            assert_eq!(labels, ["joined", "welcomed"]);
        }
    }
}

fn crash(node: u32, at: Time) -> PlannedFault {
    PlannedFault {
        when: Trigger::At(at),
        fault: Fault::Crash {
            node: Target::Node(NodeId(node)),
            disk: DiskFate::Drawn,
        },
        lasts: None,
    }
}

fn all_hold(world: &World<Swim>, member: NodeId, status: Status) -> bool {
    let mut up = world.processes().iter().flatten();
    up.all(|swim| swim.list()[&member].status >= status)
}

/// Whether anyone suspects node 0, which is down.
fn is_suspected(world: &World<Swim>) -> bool {
    let mut up = world.processes().iter().flatten();
    up.any(|swim| swim.list()[&N0].status == Status::Suspect)
}

/// When this comes true first, to the millisecond.
fn when(world: &mut World<Swim>, until: Time, is_so: impl Fn(&World<Swim>) -> bool) -> Time {
    while !is_so(world) {
        assert!(world.now() < until, "it never comes");
        let next = world.now() + Span::millis(1);
        world.run_until(next);
    }
    world.now()
}

/// How many periods pass from a crash until somebody probes who has crashed: the suspicion comes a
/// period later.
fn periods_until_probed(nodes: u32, mode: &str, seed: u64) -> u64 {
    let crashed = at(20) + Span::millis(seed % 100);
    let mut world = world(nodes, mode, vec![crash(0, crashed)], seed);
    world.run_until(crashed);
    let suspected = when(&mut world, at(200), is_suspected);
    (suspected.since(crashed).0 - PERIOD.0).div_ceil(PERIOD.0)
}

/// Section 3.1: with targets drawn, somebody probes who has failed after e/(e-1) periods on average.
#[test]
fn a_failure_is_noticed_after_e_over_e_minus_one_periods_on_average() {
    let e = std::f64::consts::E;
    for mode in ["random", "round-robin"] {
        const RUNS: u64 = 150;
        let periods: u64 = (0..RUNS)
            .map(|seed| periods_until_probed(12, mode, seed))
            .sum();
        let mean = periods as f64 / RUNS as f64;
        let expected = e / (e - 1.0);
        assert!(
            (mean - expected).abs() < 0.15,
            "{mode}: {mean} periods, not {expected}"
        );
    }
}

/// Section 4.3: each member by itself notices within 2n-1 periods, where n is how many it probes. Of
/// two, one is left.
#[test]
fn in_turn_each_member_notices_within_two_rounds() {
    for nodes in 2..6 {
        for seed in 0..20 {
            let probed = periods_until_probed(nodes, "round-robin", seed);
            let bound = 2 * u64::from(nodes - 1) - 1;
            assert!(probed <= bound, "{probed} of {bound} periods");
        }
    }
}

/// Sections 4.1 and 4.2: everyone has heard of a suspicion within lambda log n periods, and confirms
/// it within the bound that is promised.
#[test]
fn a_suspicion_reaches_all_within_lambda_log_n_periods_and_is_confirmed_in_time() {
    for (nodes, seeds) in [(5, 20), (30, 5), (100, 2)] {
        for seed in 0..seeds {
            let mut world = world(nodes, "round-robin", vec![crash(0, at(20))], seed);
            let config = world.setup().config;
            world.run_until(at(20));
            let suspected = when(&mut world, at(20 + 2 * u64::from(nodes)), is_suspected);
            let rounds = u64::from(config.rounds());
            let all = when(&mut world, suspected + PERIOD * rounds, |world| {
                all_hold(world, N0, Status::Suspect)
            });
            assert!(all.since(suspected) <= PERIOD * rounds);
            let bound = at(20) + config.bounds().detection;
            when(&mut world, bound, |world| {
                all_hold(world, N0, Status::Failed)
            });
            let syncs = world.stats().syncs;
            assert_eq!(syncs, u64::from(nodes), "nobody has written anything");
        }
    }
}
