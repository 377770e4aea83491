//! Crashes, pauses, slow CPUs, membership, and the heal that ends them all.

use murphy_sim::{
    DiskFate, DiskState, Fault, Membership, NodeId, Probability, Span, Target, Time, Trigger,
};

use crate::common::{Message, Request, endings, ms, node, numbers, pings, process, story};

fn crash(target: Target) -> Fault {
    Fault::Crash {
        node: target,
        disk: DiskFate::Drawn,
    }
}

#[test]
fn a_crash_forgets_all_but_the_disk_and_the_node_starts_again() {
    let world = story(2)
        .call(0, 50, 1, Request::Write(42))
        .with(crash(node(1)))
        .run(1);
    let lazarus = process(&world, 1);
    assert_eq!(lazarus.found, (DiskState::Clean, vec![42]));
    assert_eq!(lazarus.beats[0].elapsed, ms(205), "it started at 195 ms");
    assert!(!pings(&world, 1, 0).iter().any(|at| (96..205).contains(at)));
    assert_eq!(world.faults()[0].hits, 1);
    assert_eq!(world.stats().crashes, 1);
    // What came while it was down is dropped.
    assert_eq!(world.stats().dropped, 10);
}

#[test]
fn two_crashes_that_overlap_keep_a_node_down_until_both_are_over() {
    let world = story(2)
        .with(crash(node(1)))
        .with_from_to(crash(node(1)), 150, 250)
        .run(1);
    assert_eq!(process(&world, 1).beats[0].elapsed, ms(260));
    assert_eq!((world.faults()[0].hits, world.faults()[1].hits), (1, 0));
}

#[test]
fn the_end_of_a_crash_loop_does_not_lift_another_crash() {
    let crash_loop = Fault::CrashLoop {
        node: node(1),
        every: Span::millis(40),
        disk: DiskFate::Drawn,
    };
    // The loop lets the node up at 115, 155 and 195 ms and is over at 200 ms; the crash lasts to 300 ms.
    let world = story(2)
        .with_from_to(crash_loop, 95, 200)
        .with_from_to(crash(node(1)), 190, 300)
        .run(1);
    assert_eq!(process(&world, 1).beats[0].elapsed, ms(310));
}

#[test]
fn a_crash_loop_is_down_for_half_of_each_turn() {
    let fault = Fault::CrashLoop {
        node: node(1),
        every: Span::millis(40),
        disk: DiskFate::Drawn,
    };
    let mut world = story(2).with(fault).world(1);
    let up_at = |world: &mut murphy_sim::World<_>, at| {
        world.run_until(ms(at));
        world.processes()[1].is_some()
    };
    let seen = [90, 100, 120, 140, 160, 180, 200].map(|at| up_at(&mut world, at));
    assert_eq!(seen, [true, false, true, false, true, false, true]);
    assert_eq!(world.faults()[0].hits, 3);
    assert_eq!(world.stats().crashes, 3);
}

#[test]
fn what_is_left_of_a_run_tells_when_each_node_was_up() {
    let fault = Fault::CrashLoop {
        node: node(1),
        every: Span::millis(40),
        disk: DiskFate::Drawn,
    };
    let world = story(2).with(fault).run(1);
    let lives = |id| {
        let of_this_node = world.lives().iter().filter(move |life| life.node == id);
        of_this_node
            .map(|life| (life.from, life.until))
            .collect::<Vec<_>>()
    };
    assert_eq!(lives(NodeId(0)), [(ms(0), None)]);
    let expected = [
        (ms(0), Some(ms(95))),
        (ms(115), Some(ms(135))),
        (ms(155), Some(ms(175))),
        (ms(195), None),
    ];
    assert_eq!(lives(NodeId(1)), expected);
}

#[test]
fn a_zone_crashes_together() {
    let world = story(4)
        .cluster(|c| c.zones = vec!["a".to_owned(), "b".to_owned()])
        .with(crash(Target::Zone("b".to_owned())))
        .run(1);
    assert_eq!(world.faults()[0].nodes, [NodeId(1), NodeId(3)]);
    assert_eq!(world.faults()[0].hits, 2);
}

#[test]
fn a_paused_node_does_nothing_and_then_everything() {
    let world = story(2)
        .toy(|toy| toy.answers = true)
        .with(Fault::Pause { node: node(1) })
        .run(1);
    let paused = process(&world, 1);
    let during = |at: &Time| (ms(96)..ms(195)).contains(at);
    assert!(!paused.beats.iter().any(|beat| during(&beat.elapsed)));
    assert!(!paused.heard.iter().any(|(_, _, at)| during(at)));
    let at_once = paused
        .heard
        .iter()
        .filter(|(_, _, at)| *at == ms(195))
        .count();
    assert_eq!(at_once, 10, "what came meanwhile waits, and none is lost");
    assert_eq!(world.faults()[0].hits, 11, "ten pings and one beat");
    assert_eq!(numbers(&world, 0, 1).len(), 49);
}

#[test]
fn a_node_that_crashes_while_it_is_paused_starts_when_the_pause_is_over() {
    let world = story(2)
        .with(Fault::Pause { node: node(1) })
        .with_from_to(crash(node(1)), 120, 140)
        .run(1);
    assert_eq!(process(&world, 1).beats[0].elapsed, ms(205));
    assert_eq!(process(&world, 1).found.0, DiskState::Clean);
}

#[test]
fn a_slow_node_takes_its_time_and_inputs_wait_in_line() {
    let fault = Fault::SlowCpu {
        node: node(1),
        per_message: Span::millis(4),
    };
    let world = story(4).toy(|toy| toy.answers = true).with(fault).run(1);
    let heard = &process(&world, 0).heard;
    let pong = |n: u64| {
        let found = heard
            .iter()
            .find(|(from, what, _)| from.0 == 1 && *what == Message::Pong(n));
        found.expect("every ping is answered").2.0 / 1_000_000
    };
    assert_eq!(pong(5), 52);
    // n1's own beat takes until 104 ms, and n0's ping, which waited, until 108 ms; then the way back.
    assert_eq!(pong(10), 109);
    assert!(
        world.faults()[0].hits >= 20,
        "every reaction is slow: {}",
        world.faults()[0].hits
    );
}

#[test]
fn service_time_makes_a_queue() {
    let story = story(1).cluster(|c| {
        c.clients = 8;
        c.cpu.per_message = Span::millis(3);
    });
    let story = (0..8).fold(
        story.toy(|toy| toy.beat = Span::secs(9)),
        |story, client| story.call(client, 100, 0, Request::Count),
    );
    let world = story.run(1);
    let mut ends: Vec<u64> = world.history()[8..]
        .iter()
        .map(|e| e.time.0 / 1_000_000)
        .collect();
    ends.sort_unstable();
    assert_eq!(ends, [105, 108, 111, 114, 117, 120, 123, 126]);
}

#[test]
fn a_crash_empties_the_queue_and_the_next_life_is_not_held_up_by_the_last() {
    // It would have been busy until long after the crash, or until the middle of a later reaction.
    for micros in [300_000, 35_500] {
        let slow = Fault::SlowCpu {
            node: node(1),
            per_message: Span::micros(micros),
        };
        let world = story(3)
            .with_from_to(slow, 95, 110)
            .with_from_to(crash(node(1)), 120, 130)
            .cluster(|c| c.cpu.per_message = Span::millis(1))
            .run(1);
        let first: Vec<_> = process(&world, 1).heard[..2].iter().map(|h| h.2).collect();
        assert_eq!(
            first,
            [ms(133), ms(134)],
            "pings of 131 ms, one after the other"
        );
        let heard = process(&world, 1).heard.len();
        assert!(heard > 60, "it keeps up: {heard}");
    }
}

#[test]
fn what_a_node_sends_to_itself_does_not_survive_its_crash() {
    let story = story(1)
        .toy(|toy| toy.memos = true)
        .cluster(|c| c.cpu.per_message = Span::millis(5));
    let memos = |world: &murphy_sim::World<_>| process(world, 0).heard.len();
    assert_eq!(memos(&story.run(1)), 33, "beats of 10 ms and 5 ms of work");
    // A memo of the beat at 85 ms would come at 90 ms, in the middle of the next life.
    let crashed = story.with_from_to(crash(node(0)), 86, 87).run(1);
    let first = &process(&crashed, 0).heard[0];
    assert_eq!((&first.1, first.2), (&Message::Memo(1), ms(102)));
}

#[test]
fn timers_can_be_moved_and_cancelled() {
    let story = story(1).toy(|toy| toy.once = Span::millis(100));
    assert_eq!(process(&story.run(1), 0).once_at, Some(ms(100)));
    let cancelled = story.clone().call(0, 50, 0, Request::Cancel).run(1);
    assert_eq!(process(&cancelled, 0).once_at, None);
    // It has run out, but waits in line behind the cancellation, which wins.
    let late = story
        .call(0, 98, 0, Request::Cancel)
        .with_from_to(Fault::Pause { node: node(0) }, 98, 120)
        .run(1);
    assert_eq!(process(&late, 0).once_at, None);
    assert_eq!(endings(&late, 0), ["ok 0 at 121"]);
}

#[test]
fn an_operator_adds_a_spare_and_removes_a_node() {
    let world = story(2)
        .cluster(|c| c.spares = 1)
        .with_endless(Trigger::At(ms(100)), Fault::AddNode { node: node(2) })
        .with_endless(Trigger::At(ms(200)), Fault::RemoveNode { node: node(0) })
        .run(1);
    assert_eq!(process(&world, 2).beats[0].elapsed, ms(110));
    let (add, remove) = (Membership::Add(NodeId(2)), Membership::Remove(NodeId(0)));
    assert_eq!(process(&world, 1).changes, [add, remove]);
    assert_eq!(process(&world, 2).changes, [remove]);
    for report in world.faults() {
        assert!(report.hits > 0 && report.began.is_some() && report.ended == report.began);
    }
}

#[test]
fn a_change_of_membership_is_seen_by_invariants_at_each_node() {
    let mut world = story(2)
        .with_endless(Trigger::At(ms(101)), Fault::RemoveNode { node: node(0) })
        .world(1);
    let mut told = Vec::new();
    while let Some(step) = world.step() {
        let changed = |n: usize| {
            !world.processes()[n]
                .as_ref()
                .expect("it is up")
                .changes
                .is_empty()
        };
        if step.time == ms(101)
            && let Some(touched) = step.node
            && changed(touched.index())
        {
            told.push(touched);
        }
        if step.time > ms(102) {
            break;
        }
    }
    told.dedup();
    assert_eq!(told, [NodeId(0), NodeId(1)]);
}

#[test]
fn buggify_sites_fire_while_it_lasts() {
    let fault = Fault::Buggify {
        sites: Probability::ALWAYS,
        fires: Probability::per_mille(500),
    };
    let story = story(2);
    let world = story.clone().with(fault.clone()).run(1);
    let fired = |world: &murphy_sim::World<_>| {
        let label = world
            .reached()
            .iter()
            .find(|(label, _)| *label == "odd-beat");
        label.map_or(0, |(_, times)| *times)
    };
    assert_eq!(fired(&story.run(1)), 0);
    assert!((3..18).contains(&fired(&world)), "{} of 20", fired(&world));
    assert_eq!(world.faults()[0].hits, fired(&world));
    // The end of one does not end another.
    let both = story
        .with(fault.clone())
        .with_from_to(fault, 100, 500)
        .run(1);
    assert!(both.faults()[1].hits > 15);
}

#[test]
fn a_heal_ends_every_fault_starts_every_node_and_lets_nothing_begin() {
    let world = story(3)
        .with_endless(Trigger::At(ms(95)), crash(node(0)))
        .with_endless(Trigger::At(ms(96)), Fault::Pause { node: node(1) })
        .with_endless(Trigger::At(ms(300)), crash(Target::All))
        .heal_at(200)
        .run(1);
    assert!(world.processes().iter().all(Option::is_some));
    assert_eq!(process(&world, 0).beats[0].elapsed, ms(210));
    assert_eq!(world.faults()[0].ended, Some(ms(200)));
    assert_eq!(world.faults()[1].ended, Some(ms(200)));
    assert_eq!(world.faults()[2].began, None, "the heal was before it");
    assert!(pings(&world, 1, 0).len() > 25);
}
