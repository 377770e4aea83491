//! What survives a crash, and what each fault of a disk does.

use std::collections::BTreeSet;

use murphy_sim::{DiskFate, DiskState, Fault, NodeId, Span, Target, Trigger};

use crate::common::{Request, Story, endings, ms, node, process, story};

fn crash(disk: DiskFate) -> Fault {
    let node = node(0);
    Fault::Crash { node, disk }
}

/// Two records are durable and three are not when the node crashes at 95 ms.
fn two_and_three() -> Story {
    let story = story(1)
        .call(0, 10, 0, Request::Write(1))
        .call(0, 20, 0, Request::Write(2));
    (3..=5).fold(story, |story, n| {
        story.call(0, 10 * n, 0, Request::Scribble(n))
    })
}

#[test]
fn a_crash_keeps_what_was_synced_and_a_drawn_prefix_of_the_rest() {
    let mut kept = BTreeSet::new();
    let mut torn = 0;
    for seed in 0..40 {
        let world = two_and_three().with(crash(DiskFate::Drawn)).run(seed);
        let (state, found) = &process(&world, 0).found;
        assert_eq!(*found, [1, 2, 3, 4, 5][..found.len()], "a prefix");
        assert!(found.len() >= 2, "what was synced stays");
        assert_eq!(world.stats().lost_records, 5 - found.len() as u64);
        torn += u32::from(*state == DiskState::Torn);
        kept.insert(found.len());
    }
    assert_eq!(kept.into_iter().collect::<Vec<_>>(), [2, 3, 4, 5]);
    assert!(
        (1..20).contains(&torn),
        "some of them tear a record: {torn}"
    );
}

#[test]
fn a_plan_can_say_what_becomes_of_a_disk() {
    let found = |fate| {
        process(&two_and_three().with(crash(fate)).run(1), 0)
            .found
            .clone()
    };
    assert_eq!(
        found(DiskFate::KeepUnsynced),
        (DiskState::Clean, vec![1, 2, 3, 4, 5])
    );
    assert_eq!(
        found(DiskFate::LoseUnsynced),
        (DiskState::Clean, vec![1, 2])
    );
    assert_eq!(found(DiskFate::Lost), (DiskState::Lost, vec![]));
    let (state, records) = found(DiskFate::Torn);
    assert!(state == DiskState::Torn && (2..5).contains(&records.len()));
}

#[test]
fn a_fresh_disk_is_told_from_a_lost_one() {
    let world = story(1).run(1);
    assert_eq!(process(&world, 0).found, (DiskState::Fresh, vec![]));
}

#[test]
fn a_record_that_has_rotted_is_found_at_the_next_start_and_takes_what_came_after_it() {
    let rot = || Fault::DiskCorrupt { node: node(0) };
    let when = Trigger::At(ms(90));
    let world = two_and_three()
        .with_endless(when.clone(), rot())
        .with(crash(DiskFate::KeepUnsynced))
        .run(1);
    let (state, found) = &process(&world, 0).found;
    assert_eq!(*state, DiskState::Damaged);
    assert!(found.len() < 2, "one of the two durable ones had rotted");
    assert_eq!(world.faults()[0].hits, 1);
    assert_eq!(world.faults()[0].ended, Some(ms(90)), "it is over at once");
    let nothing = story(1).with_endless(when, rot()).run(1);
    assert_eq!(
        nothing.faults()[0].hits,
        0,
        "an empty disk has nothing to rot"
    );
}

#[test]
fn a_failed_sync_crashes_the_node_and_the_write_is_lost() {
    let world = story(1)
        .call(0, 100, 0, Request::Write(7))
        .with(Fault::DiskSyncError { node: node(0) })
        .run(1);
    assert_eq!(world.faults()[0].hits, 1);
    assert_eq!(world.stats().crashes, 1);
    // It came at 101 ms, the sync failed at 102 ms, and 100 ms later the node is started again.
    assert_eq!(process(&world, 0).beats[0].elapsed, ms(212));
    assert!(process(&world, 0).found.1.is_empty());
    assert_eq!(
        endings(&world, 0).len(),
        0,
        "nobody answers, and the second is not over"
    );
}

#[test]
fn a_node_that_bears_a_failed_sync_has_lost_what_was_not_durable() {
    let world = story(1)
        .toy(|toy| toy.bears_failed_syncs = true)
        .call(0, 80, 0, Request::Write(1))
        .call(0, 100, 0, Request::Scribble(2))
        .call(0, 110, 0, Request::Write(3))
        .call(1, 200, 0, Request::Write(4))
        .with(Fault::DiskSyncError { node: node(0) })
        .run(1);
    assert_eq!(process(&world, 0).failed_syncs, 1);
    assert_eq!(world.disk(NodeId(0)).records(), [1, 4]);
    assert_eq!(world.disk(NodeId(0)).durable(), world.disk(NodeId(0)).end());
    assert_eq!(endings(&world, 1), ["ok 2 at 203"]);
}

#[test]
fn syncs_of_one_life_say_nothing_to_the_next() {
    let slow = Fault::DiskSlow {
        node: node(0),
        factor: 60,
    };
    // The sync of 100 ms would be done at 161 ms; the node is up again from 130 ms, with nothing.
    let world = story(1)
        .call(0, 100, 0, Request::Write(7))
        .with(slow)
        .with_from_to(crash(DiskFate::LoseUnsynced), 120, 130)
        .call(1, 140, 0, Request::Scribble(8))
        .run(1);
    assert_eq!(world.disk(NodeId(0)).durable().0, 0);
    assert_eq!(process(&world, 0).synced.0, 0);
}

#[test]
fn a_slow_disk_takes_longer_and_syncs_are_done_one_after_the_other() {
    let fault = Fault::DiskSlow {
        node: node(0),
        factor: 10,
    };
    let world = story(1)
        .call(0, 100, 0, Request::Write(1))
        .call(1, 100, 0, Request::Write(2))
        .call(0, 200, 0, Request::Write(3))
        .with(fault)
        .run(1);
    assert_eq!(endings(&world, 0), ["ok 1 at 112", "ok 3 at 203"]);
    assert_eq!(endings(&world, 1), ["ok 2 at 122"]);
    assert_eq!(world.faults()[0].hits, 2);
}

#[test]
fn a_stalled_disk_answers_when_the_stall_is_over() {
    let stall = || Fault::DiskStall { node: node(0) };
    let story = story(1)
        .call(0, 100, 0, Request::Write(1))
        .call(1, 120, 0, Request::Write(2))
        .with(stall());
    let world = story.run(1);
    assert_eq!(endings(&world, 0), ["ok 1 at 196"]);
    assert_eq!(endings(&world, 1), ["ok 2 at 196"]);
    assert_eq!(world.faults()[0].hits, 2);
    // Two stalls: the later end counts.
    let both = story.clone().with_from_to(stall(), 150, 250).run(1);
    assert_eq!(endings(&both, 0), ["ok 1 at 251"]);
    // A crash takes with it what was held.
    let crashed = story
        .with_from_to(crash(DiskFate::LoseUnsynced), 150, 160)
        .run(1);
    assert_eq!(crashed.disk(NodeId(0)).durable().0, 0);
}

#[test]
fn a_full_disk_fails_syncs_while_anything_waits_for_one() {
    let world = story(1)
        .toy(|toy| toy.bears_failed_syncs = true)
        .call(0, 50, 0, Request::Write(1))
        .call(0, 100, 0, Request::Write(2))
        .call(1, 200, 0, Request::Write(3))
        .with(Fault::DiskFull { node: Target::All })
        .run(1);
    assert_eq!(world.disk(NodeId(0)).records(), [1, 3]);
    assert_eq!(world.faults()[0].hits, 1);
    assert_eq!(endings(&world, 0), ["ok 1 at 53"]);
    assert_eq!(endings(&world, 1), ["ok 2 at 203"]);
}

#[test]
fn a_latency_of_syncs_is_drawn_apart_from_what_the_process_draws() {
    let wild = murphy_sim::Latency::Uniform {
        min: Span::micros(100),
        max: Span::millis(9),
    };
    let story = story(2)
        .toy(|toy| toy.writes = true)
        .cluster(|c| c.disk.sync = wild);
    let (a, b) = (story.run(1), story.run(2));
    assert_ne!(a.digest(), b.digest());
    assert_eq!(a.stats().syncs, 100);
    assert!(process(&a, 0).synced.0 >= 48);
}
