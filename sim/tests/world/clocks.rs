//! What each fault of a clock does to what nodes read and to when their timers run out.

use murphy_sim::{Fault, NodeId, Shift, Span, Trigger, WALL_EPOCH, World};

use crate::common::{Node, Story, ms, node, process, story};

fn shift(millis: i64) -> Shift {
    Shift(millis * 1_000_000)
}

/// How far n1's wall clock is off at those milliseconds, in milliseconds.
fn offsets<const N: usize>(story: &Story, at: [u64; N]) -> [i64; N] {
    let mut world = story.world(1);
    at.map(|at| {
        world.run_until(ms(at));
        world.clock_offset(NodeId(1)) / 1_000_000
    })
}

fn others_are_right(world: &World<Node>) -> bool {
    world.clock_offset(NodeId(0)) == 0
}

#[test]
fn an_offset_lasts_and_a_step_stays() {
    let by = shift(-30);
    let offset = story(2).with(Fault::ClockOffset { node: node(1), by });
    assert_eq!(offsets(&offset, [90, 100, 190, 200]), [0, -30, -30, 0]);
    let step = story(2).with(Fault::ClockStep { node: node(1), by });
    assert_eq!(offsets(&step, [90, 100, 190, 200]), [0, -30, -30, -30]);
    for story in [offset, step] {
        let world = story.run(1);
        assert_eq!(world.faults()[0].hits, 1);
        assert!(others_are_right(&world));
        // What the process reads is what was done to its clock; its monotonic clock is left alone.
        let beat = &process(&world, 1).beats[11];
        assert_eq!(
            (beat.elapsed, beat.wall),
            (ms(120), WALL_EPOCH + Span::millis(90))
        );
    }
}

#[test]
fn drift_moves_both_clocks_and_timers_with_them() {
    let drift = |ppm| Fault::ClockDrift { node: node(1), ppm };
    let fast = story(2).with_from_to(drift(500_000), 100, 300);
    assert_eq!(offsets(&fast, [100, 200, 300, 400]), [0, 50, 100, 100]);
    // Fractions of a nanosecond are rounded up: the last beat is not due at the very end.
    let beats = |story: &Story| process(&story.clone().until(501).run(1), 1).beats.len();
    assert_eq!(beats(&fast), 60, "50 beats and 10 more");
    assert_eq!(beats(&story(2).with_from_to(drift(-500_000), 100, 300)), 40);
    // Standing still: no beat for 200 ms, then as before.
    let still = story(2).with_from_to(drift(-1_000_000), 105, 305);
    assert_eq!(beats(&still), 30);
    // Two drifts add up, and each ends by itself.
    let both = fast.clone().with_from_to(drift(500_000), 200, 400);
    assert_eq!(offsets(&both, [200, 300, 400, 500]), [50, 150, 200, 200]);
    assert_eq!(fast.run(1).faults()[0].hits, 1);
}

#[test]
fn a_strobe_jumps_forth_and_back_and_ends_where_it_began() {
    for lasts in [95, 99, 100, 101, 105, 119, 120, 121] {
        let fault = Fault::ClockStrobe {
            node: node(1),
            by: shift(40),
            every: Span::millis(20),
        };
        let story = story(2).with_from_to(fault, 100, 100 + lasts);
        assert_eq!(
            offsets(&story, [99, 105, 125, 145, 165, 230]),
            [0, 40, 0, 40, 0, 0]
        );
        assert!(story.run(1).faults()[0].hits >= 5);
    }
}

#[test]
fn a_frozen_wall_clock_stands_still_and_runs_on_behind() {
    let story = story(2).with_from_to(Fault::ClockFreeze { node: node(1) }, 100, 200);
    assert_eq!(offsets(&story, [100, 150, 200, 400]), [0, -50, -100, -100]);
    let world = story.run(1);
    let beats = &process(&world, 1).beats;
    assert_eq!(beats.len(), 50, "timers run by the other clock");
    assert_eq!(beats[10].wall, beats[18].wall);
}

fn slewed() -> Story {
    let step = Fault::ClockStep {
        node: node(1),
        by: shift(20),
    };
    let slew = Fault::ClockSlew {
        node: node(1),
        ppm: 100_000,
    };
    story(2)
        .with_endless(Trigger::At(ms(100)), step)
        .with_endless(Trigger::At(ms(100)), slew)
}

#[test]
fn a_slew_leads_back_to_true_time_without_a_jump() {
    // 20 ms at a tenth of the rate take 200 ms.
    assert_eq!(offsets(&slewed(), [100, 200, 300, 500]), [20, 10, 0, 0]);
    let world = slewed().run(1);
    let beats = &process(&world, 1).beats;
    let walls: Vec<_> = beats[10..]
        .windows(2)
        .map(|two| two[1].wall.since(two[0].wall))
        .collect();
    assert!(
        walls.iter().all(|gap| *gap >= Span::millis(9)),
        "it never runs back"
    );
    assert_eq!(slewed().run(1).faults()[1].hits, 1);
}

#[test]
fn a_slew_goes_on_whatever_else_begins_and_ends() {
    let story = slewed()
        .with_from_to(Fault::DiskStall { node: node(1) }, 150, 160)
        .with_from_to(Fault::Pause { node: node(1) }, 170, 180);
    assert_eq!(offsets(&story, [200, 300, 500]), [10, 0, 0]);
    let step = Fault::ClockStep {
        node: node(1),
        by: shift(5),
    };
    let stepped = slewed().with_endless(Trigger::At(ms(200)), step);
    assert_eq!(
        offsets(&stepped, [200, 300, 500]),
        [15, 5, 5],
        "it corrects what it set out to"
    );
}

#[test]
fn a_clock_that_freezes_during_a_slew_stands_still() {
    let story = slewed().with_from_to(Fault::ClockFreeze { node: node(1) }, 200, 400);
    assert_eq!(
        offsets(&story, [200, 300, 350, 400, 500]),
        [10, -90, -140, -190, -190]
    );
}

#[test]
fn a_wrong_bound_is_told_while_it_lasts() {
    let fault = Fault::ClockBound {
        node: node(1),
        uncertainty: Span::micros(1),
    };
    let world = story(2).with(fault).run(1);
    let told: Vec<u64> = process(&world, 1)
        .beats
        .iter()
        .map(|b| b.uncertainty.as_micros())
        .collect();
    assert_eq!(
        (told[5], told[10], told[18], told[25]),
        (10_000, 1, 1, 10_000)
    );
    assert_eq!(process(&world, 0).beats[10].uncertainty, Span::millis(10));
    assert_eq!(world.faults()[0].hits, 1);
}

#[test]
fn drawn_clocks_are_off_and_nodes_cannot_tell() {
    let world = story(3)
        .cluster(|c| {
            c.clock.offset_max = Span::millis(5);
            c.clock.drift_ppm_max = 1_000;
        })
        .run(1);
    let off = [0, 1, 2].map(|n| world.clock_offset(NodeId(n)));
    assert!(off[0] != off[1] && off[1] != off[2], "{off:?}");
    assert!(off.iter().all(|off| off.abs() <= 5_500_000));
}
