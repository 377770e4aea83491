//! A run is a function of its setup and its seed, and of nothing else.

use std::sync::Arc;

use murphy_sim::{
    Checkpoints, Digest, Fault, Latency, Links, NodeId, Probability, Shape, Span, Target, Trigger,
    What, World, first_difference,
};

use crate::common::{Node, Request, Story, ms, node, pings, process, story};

/// A bit of everything that is drawn.
fn wild() -> Story {
    let loss = Fault::Loss {
        probability: Probability::per_mille(100),
        links: Links::default(),
    };
    let cut = Fault::Partition {
        shape: Shape::Halves,
        flap: None,
        clients: vec![0],
    };
    let crash = Fault::Crash {
        node: Target::Any,
        disk: murphy_sim::DiskFate::Drawn,
    };
    let story = story(5).cluster(|c| {
        c.network = murphy_sim::Network::default();
        c.clock = murphy_sim::ClockModel::default();
        c.disk = murphy_sim::DiskModel::default();
        c.cpu.per_message = Span::micros(20);
    });
    let story = story.toy(|toy| {
        toy.writes = true;
        toy.answers = true;
    });
    (0..20)
        .fold(story, |story, n| {
            story.call(
                (n % 2) as u32,
                10 + n * 20,
                (n % 5) as u32,
                Request::Write(n),
            )
        })
        .with(loss)
        .with_from_to(cut, 150, 250)
        .with_from_to(crash, 200, 300)
        .heal_at(400)
}

#[test]
fn the_same_setup_and_seed_give_the_same_run_and_other_seeds_give_others() {
    let digests: Vec<Digest> = (0..50).map(|seed| wild().run(seed).digest()).collect();
    let again: Vec<Digest> = (0..50)
        .rev()
        .map(|seed| wild().run(seed).digest())
        .collect();
    assert!(digests.iter().eq(again.iter().rev()), "in any order");
    let unique: std::collections::BTreeSet<_> = digests.iter().collect();
    assert_eq!(unique.len(), 50);
}

#[test]
fn threads_make_no_difference() {
    let setup = wild().setup();
    let run = |seed| {
        let mut world = World::new(Arc::clone(&setup), seed);
        world.run_until(ms(500));
        (
            world.digest(),
            world.history().to_vec(),
            world.processes().to_vec(),
        )
    };
    let here: Vec<_> = (0..8).map(run).collect();
    let there: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|seed| scope.spawn(move || run(seed))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("it runs"))
            .collect()
    });
    assert!(here == there);
}

#[test]
fn a_clone_goes_on_as_the_original_does() {
    for stop in [0, 1, 155, 203, 260, 499] {
        let mut original = wild().world(7);
        original.run_until(ms(stop));
        let mut copy = original.clone();
        copy.run_until(ms(500));
        let before = original.digest();
        assert!(
            stop == 499 || before != copy.digest(),
            "a copy is apart from its original"
        );
        original.run_until(ms(500));
        assert_eq!(original.digest(), copy.digest());
        assert_eq!(original.history(), copy.history());
        assert_eq!(original.faults(), copy.faults());
    }
}

#[test]
fn how_a_run_is_cut_into_pieces_makes_no_difference() {
    let whole = wild().run(3);
    let mut pieces = wild().world(3);
    for at in 0..500 {
        pieces.run_until(ms(at));
        assert_eq!(pieces.now(), ms(at));
    }
    pieces.run_until(ms(500));
    let mut steps = wild().world(3);
    while steps.next_at().is_some_and(|at| at <= ms(500)) {
        steps.step();
    }
    assert_eq!(
        (whole.digest(), whole.events()),
        (pieces.digest(), pieces.events())
    );
    assert_eq!(
        (whole.digest(), whole.events()),
        (steps.digest(), steps.events())
    );
}

#[test]
fn the_digest_of_one_run_is_pinned_on_every_platform() {
    let world = wild().run(1);
    assert_eq!(
        (world.events(), world.digest().to_string().as_str()),
        PINNED
    );
}

const PINNED: (u64, &str) = (2259, "b87231d0353b4aab22754c9a47faa2f6");

#[test]
fn a_fault_does_not_re_roll_the_latencies_of_links_that_it_did_not_touch() {
    let story = story(3).cluster(|c| {
        c.network.latency = Latency::Uniform {
            min: Span::millis(1),
            max: Span::millis(9),
        };
    });
    let calm = story.run(5);
    let loss = Fault::Loss {
        probability: Probability::per_mille(500),
        links: crate::common::one_way(0, 1),
    };
    let lossy = story.clone().with(loss).run(5);
    for (from, to) in [(1, 0), (0, 2), (2, 0), (1, 2), (2, 1)] {
        assert_eq!(arrivals(&calm, from, to), arrivals(&lossy, from, to));
    }
    let (whole, some) = (arrivals(&calm, 0, 1), arrivals(&lossy, 0, 1));
    assert!(some.len() < whole.len());
    assert!(
        some.iter().all(|at| whole.contains(at)),
        "nor of the messages that it left alone"
    );
    // A partition takes messages before the link sees them; those after it keep their latencies.
    let cut = Fault::Partition {
        shape: Shape::Isolate(node(0)),
        flap: None,
        clients: vec![],
    };
    let cut = story.with(cut).run(5);
    assert!(arrivals(&cut, 0, 1).iter().all(|at| whole.contains(at)));
    assert_eq!(arrivals(&cut, 1, 2), arrivals(&calm, 1, 2));
}

fn arrivals(world: &World<Node>, from: u32, to: u32) -> Vec<murphy_sim::Time> {
    let heard = process(world, to).heard.iter();
    heard
        .filter(|(by, _, _)| by.0 == from)
        .map(|(_, _, at)| *at)
        .collect()
}

#[test]
fn the_first_event_that_differs_is_found() {
    let slips_at = |beat| wild().toy(|toy| toy.slips_at = beat);
    let (same, other) = (slips_at(None), slips_at(Some(20)));
    assert_eq!(
        first_difference(same.world(2), same.world(2), ms(500)),
        None
    );
    let found = first_difference(same.world(2), other.world(2), ms(500)).expect("they differ");
    let at = |entries: &[murphy_sim::TraceEntry]| {
        let entry = entries.iter().find(|entry| entry.event == found.agree + 1);
        entry.expect("the event is told of").what.clone()
    };
    let told = |what| match what {
        What::Delivered(carried) | What::Dropped(carried, _) => (carried.from, carried.told),
        other => panic!("a message differs, not {other:?}"),
    };
    assert_eq!(told(at(&found.first)), (NodeId(0), "Ping(20)".to_owned()));
    assert_eq!(
        told(at(&found.second)),
        (NodeId(0), "Ping(1000020)".to_owned())
    );
    assert!(found.first[0].event <= found.agree, "with what was before");
    assert!(found.first.last().expect("and after").event > found.agree + 1);
    let text = found.to_string();
    assert!(text.matches("\n> ").count() > 2, "{text}");
}

#[test]
fn an_event_that_differs_in_the_middle_of_a_step_is_found_too() {
    // All pings of the second beat leave in one step each, and are dropped in it.
    let cut = || Fault::Partition {
        shape: Shape::Isolate(node(0)),
        flap: None,
        clients: vec![],
    };
    let story = |slips_at| {
        story(4)
            .toy(|toy| toy.slips_at = slips_at)
            .with_endless(Trigger::At(ms(15)), cut())
    };
    let (a, b) = (story(None).world(1), story(Some(2)).world(1));
    let found = first_difference(a, b, ms(500)).expect("they differ");
    let differs = found
        .first
        .iter()
        .find(|entry| entry.event == found.agree + 1);
    let What::Dropped(carried, _) = &differs.expect("it is told of").what else {
        panic!("the first drop differs, not the beat before it")
    };
    assert_eq!((carried.told.as_str(), carried.to), ("Ping(2)", NodeId(1)));
}

#[test]
fn a_run_that_ends_before_another_differs_where_it_ends() {
    let longer = story(2);
    let shorter = story(2).with_endless(
        Trigger::At(ms(100)),
        Fault::Crash {
            node: Target::All,
            disk: murphy_sim::DiskFate::Drawn,
        },
    );
    let found = first_difference(longer.world(1), shorter.world(1), ms(500)).expect("they differ");
    assert!(found.agree > 0 && found.first != found.second);
}

#[test]
fn checkpoints_are_few_and_tell_where_runs_part() {
    let story = story(5).toy(|toy| {
        toy.beat = Span::millis(1);
        toy.memos = true;
        toy.writes = true;
    });
    let slip = |beat| {
        let story = story.clone().toy(|toy| toy.slips_at = beat).until(8_000);
        story.run(1)
    };
    let (a, b) = (slip(None), slip(Some(6_000)));
    assert!(a.events() > 200_000);
    let taken = a.checkpoints().taken();
    assert!(
        (Checkpoints::MOST / 2 - 2..Checkpoints::MOST).contains(&taken.len()),
        "{}",
        taken.len()
    );
    let agreed = a.checkpoints().agree_until(b.checkpoints());
    let part = a.events() * 6 / 8;
    assert!(
        agreed <= part && agreed > part * 9 / 10,
        "{agreed} of {part}"
    );
}

#[test]
fn a_trace_keeps_the_last_entries_and_can_be_streamed() {
    let mut world = wild().world(1);
    world.keep_trace(50);
    world.run_until(ms(500));
    assert_eq!(world.trace().entries().len(), 50);
    assert!(world.trace().forgotten() > 100);
    let mut streamed = wild().world(1);
    streamed.keep_trace(1_000);
    let mut entries = Vec::new();
    while streamed.next_at().is_some_and(|at| at <= ms(500)) {
        streamed.step();
        entries.extend(streamed.trace_mut().drain());
    }
    assert_eq!(streamed.trace().forgotten(), 0);
    assert_eq!(entries.len() as u64, 50 + world.trace().forgotten());
    assert!(entries.is_sorted_by_key(|entry| (entry.event, entry.time)));
    assert!(
        entries[entries.len() - 50..]
            .iter()
            .eq(world.trace().entries())
    );
    assert!(pings(&world, 0, 1).len() > 5);
}
