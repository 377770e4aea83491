//! What links are like, and what faults do to single messages.

use std::collections::{BTreeMap, BTreeSet};

use murphy_sim::{
    Fault, Latency, LinkSettings, Links, MessageFate, NodeId, Place, Probability, Span, Target,
};

use crate::common::{Message, Request, endings, node, numbers, one_way, pings, process, story};

fn always() -> Probability {
    Probability::ALWAYS
}

#[test]
fn loss_takes_its_share_on_its_links_and_on_no_others() {
    let links = one_way(0, 1);
    let probability = Probability::per_mille(500);
    let world = story(3).with_from_to(Fault::Loss { probability, links }, 95, 10_095);
    let world = world.until(10_200).run(1);
    let lost = 1_020 - 1 - pings(&world, 0, 1).len() as u64;
    assert!((420..580).contains(&lost), "{lost} of 1,000 at one in two");
    assert_eq!(world.faults()[0].hits, lost);
    assert_eq!(world.stats().dropped, lost);
    for (from, to) in [(1, 0), (0, 2), (2, 0), (1, 2), (2, 1)] {
        assert_eq!(pings(&world, from, to).len(), 1_019);
    }
}

#[test]
fn duplicated_messages_come_twice_each_with_its_own_latency() {
    let (probability, links) = (always(), one_way(0, 1));
    let world = story(2)
        .cluster(|c| {
            c.network.latency = Latency::Uniform {
                min: Span::millis(1),
                max: Span::millis(5),
            };
        })
        .with(Fault::Duplicate { probability, links })
        .run(1);
    let came = numbers(&world, 0, 1);
    let times = |n: u64| came.iter().filter(|m| **m == n).count();
    assert!((10..20).all(|n| times(n) == 2), "{came:?}");
    assert!((1..10).chain(20..40).all(|n| times(n) == 1));
    assert_eq!((world.faults()[0].hits, world.stats().duplicated), (10, 10));
    let heard = process(&world, 1).heard.iter();
    let moments: BTreeSet<u64> = heard.map(|(_, _, at)| at.0).collect();
    assert!(moments.len() > 55, "copies have latencies of their own");
}

#[test]
fn requests_are_never_doubled_and_such_a_fault_hits_nothing() {
    let links = Links {
        clients: true,
        ..Links::default()
    };
    let probability = always();
    let world = story(1)
        .with(Fault::Duplicate { probability, links })
        .with(Fault::Message {
            kind: "request".to_owned(),
            nth: 1,
            fate: MessageFate::Duplicate,
        })
        .call(0, 100, 0, Request::Scribble(1))
        .call(0, 120, 0, Request::Count)
        .run(1);
    assert_eq!(endings(&world, 0), ["ok 1 at 102", "ok 1 at 122"]);
    assert_eq!((world.faults()[0].hits, world.faults()[1].hits), (0, 0));
}

#[test]
fn reordered_messages_are_overtaken() {
    let fault = Fault::Reorder {
        probability: Probability::per_mille(500),
        window: Span::millis(50),
        links: one_way(0, 1),
    };
    for fifo in [false, true] {
        let world = story(2)
            .cluster(|c| c.network.fifo = fifo)
            .with(fault.clone())
            .run(1);
        let came = numbers(&world, 0, 1);
        assert!(!came.is_sorted(), "{came:?}");
        assert_eq!(
            came.iter().collect::<BTreeSet<_>>().len(),
            49,
            "none is lost"
        );
        assert!((1..10).contains(&world.faults()[0].hits));
        assert!(numbers(&world, 1, 0).is_sorted());
    }
}

#[test]
fn corrupt_messages_are_found_by_their_checksum_and_dropped() {
    let (probability, links) = (always(), one_way(0, 1));
    let world = story(2).with(Fault::Corrupt { probability, links }).run(1);
    assert!(!numbers(&world, 0, 1).iter().any(|n| (10..20).contains(n)));
    assert_eq!((world.faults()[0].hits, world.stats().dropped), (10, 10));
}

#[test]
fn a_delay_holds_every_message_up_and_its_jitter_draws_some_more() {
    let delay = |jitter| Fault::Delay {
        by: Span::millis(3),
        jitter: Span::millis(jitter),
        links: one_way(0, 1),
    };
    let world = story(2).with(delay(0)).run(1);
    let late: Vec<u64> = pings(&world, 0, 1)
        .into_iter()
        .filter(|at| at % 10 == 4)
        .collect();
    assert_eq!(late, [104, 114, 124, 134, 144, 154, 164, 174, 184, 194]);
    assert_eq!(world.faults()[0].hits, 10);
    let jittery = story(2).with(delay(5)).run(1);
    let late: BTreeSet<u64> = pings(&jittery, 0, 1)[9..19]
        .iter()
        .map(|at| at % 10)
        .collect();
    assert!(
        late.len() > 2 && late.iter().all(|at| (4..9).contains(at)),
        "{late:?}"
    );
}

#[test]
fn a_narrow_link_queues_and_then_drops() {
    // A ping is 40 bytes of header and 2 of content: at 42 bytes in 4 ms, five are waiting after 20 ms.
    let narrow = |bytes_per_second, queue| Fault::Bandwidth {
        bytes_per_second,
        queue,
        links: one_way(0, 1),
    };
    let world = story(2)
        .toy(|toy| toy.beat = Span::millis(1))
        .with_from_to(narrow(10_500, 84), 95, 135)
        .until(200)
        .run(1);
    let came: Vec<u64> = pings(&world, 0, 1)
        .into_iter()
        .filter(|at| (97..136).contains(at))
        .collect();
    let gaps: Vec<u64> = came.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(
        gaps.iter().all(|gap| (3..=5).contains(gap)),
        "one in 4 ms: {came:?}"
    );
    let lost = 199 - numbers(&world, 0, 1).len() as u64;
    assert!((20..35).contains(&lost), "{lost}");
    assert_eq!(world.stats().dropped, lost);
    assert!(world.faults()[0].hits > lost, "those that waited count too");
    // A fault does not widen a link.
    let limit = |story: crate::common::Story| story.cluster(|c| c.network.bandwidth = Some(10_500));
    let wide = limit(story(2)).toy(|toy| toy.beat = Span::millis(2));
    let (without, with) = (
        wide.run(1),
        wide.clone().with(narrow(1_000_000, 1 << 20)).run(1),
    );
    assert_eq!(pings(&without, 0, 1), pings(&with, 0, 1));
}

#[test]
fn a_clog_holds_messages_and_releases_all_of_them_in_order() {
    let links = one_way(0, 1);
    let world = story(2).with(Fault::Clog { links }).run(1);
    assert_eq!(numbers(&world, 0, 1), (1..50).collect::<Vec<u64>>());
    let came = pings(&world, 0, 1);
    assert_eq!(came.iter().filter(|at| (96..195).contains(*at)).count(), 0);
    assert_eq!(came.iter().filter(|at| **at == 195).count(), 10);
    assert_eq!((world.faults()[0].hits, world.stats().dropped), (10, 0));
}

#[test]
fn what_a_clog_released_is_held_by_another_and_cut_by_a_partition() {
    let clog = || Fault::Clog {
        links: one_way(0, 1),
    };
    let twice = story(2).with(clog()).with_from_to(clog(), 150, 250).run(1);
    assert_eq!(
        pings(&twice, 0, 1).iter().filter(|at| **at == 250).count(),
        15
    );
    let cut = Fault::Partition {
        shape: murphy_sim::Shape::Isolate(node(1)),
        flap: None,
        clients: vec![],
    };
    let cut = story(2).with(clog()).with_from_to(cut, 192, 198).run(1);
    assert_eq!(
        pings(&cut, 0, 1)
            .iter()
            .filter(|at| (96..201).contains(*at))
            .count(),
        0
    );
}

#[test]
fn swizzle_clogging_holds_nodes_in_turn_and_loses_nothing() {
    let fault = Fault::SwizzleClog { node: Target::All };
    let mut orders = BTreeSet::new();
    for seed in 0..8 {
        let world = story(3).with_from_to(fault.clone(), 95, 305).run(seed);
        for (from, to) in [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)] {
            assert_eq!(numbers(&world, from, to), (1..50).collect::<Vec<u64>>());
        }
        assert!(world.faults()[0].hits > 0);
        assert_eq!(world.stats().dropped, 0);
        // In seven turns of 30 ms: none, one, two, three clogged, then two, one, none.
        let quiet = |from, to, at: u64| !pings(&world, from, to).iter().any(|t| t / 10 == at / 10);
        let links = [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)];
        let held = [100, 140, 170, 200, 230, 260, 290]
            .map(|at| links.iter().filter(|(a, b)| quiet(*a, *b, at)).count());
        assert_eq!((held[0], held[3], held[6]), (0, 6, 0), "{held:?}");
        assert_eq!(
            (held[1], held[5]),
            (4, 4),
            "one node of three has four links: {held:?}"
        );
        orders.insert(links.map(|(a, b)| quiet(a, b, 140)));
    }
    assert!(orders.len() > 1, "the order is drawn");
}

#[test]
fn the_kth_message_of_a_kind_is_dropped_delayed_or_doubled() {
    let fate = |fate| {
        story(2)
            .with(Fault::Message {
                kind: "Ping".to_owned(),
                nth: 3,
                fate,
            })
            .run(1)
    };
    // The third ping from 95 ms on is n0's of 110 ms; n1's of then is the fourth.
    let dropped = fate(MessageFate::Drop);
    assert_eq!(missing(&numbers(&dropped, 0, 1)), [11]);
    assert_eq!(missing(&numbers(&dropped, 1, 0)), [0u64; 0]);
    let delayed = fate(MessageFate::Delay(Span::millis(15)));
    assert_eq!(numbers(&delayed, 0, 1)[9..13], [10, 12, 11, 13]);
    let doubled = fate(MessageFate::Duplicate);
    assert_eq!(numbers(&doubled, 0, 1)[9..13], [10, 11, 11, 12]);
    for world in [dropped, delayed, doubled] {
        assert_eq!(world.faults()[0].hits, 1);
    }
}

fn missing(came: &[u64]) -> Vec<u64> {
    (1..49).filter(|n| !came.contains(n)).collect()
}

#[test]
fn messages_of_a_kind_are_counted_even_where_another_fault_takes_them() {
    let cut = Fault::Partition {
        shape: murphy_sim::Shape::Isolate(node(0)),
        flap: None,
        clients: vec![],
    };
    let drop = |nth| Fault::Message {
        kind: "Ping".to_owned(),
        nth,
        fate: MessageFate::Drop,
    };
    // The first, of 100 ms, is cut; both counters count it.
    let world = story(2)
        .with_from_to(cut, 95, 105)
        .with(drop(3))
        .with(drop(5))
        .run(1);
    assert_eq!(missing(&numbers(&world, 0, 1)), [10, 11, 12]);
    assert_eq!(missing(&numbers(&world, 1, 0)), [10]);
}

#[test]
fn latency_is_set_by_link_by_direction_and_by_kind() {
    let link = |from, to, one_way, millis| LinkSettings {
        from,
        to,
        one_way,
        latency: Some(Latency::Constant(Span::millis(millis))),
        loss: None,
        bandwidth: None,
        fifo: None,
    };
    let place = |n| Place::Node(NodeId(n));
    let world = story(4)
        .toy(|toy| toy.answers = true)
        .cluster(|c| {
            c.network.links = vec![
                link(place(0), place(1), false, 3),
                link(place(0), place(2), true, 4),
                link(Place::Clients, Place::Anywhere, false, 5),
            ];
            let pong = Latency::Constant(Span::millis(7));
            c.network.kinds = BTreeMap::from([("Pong".to_owned(), pong)]);
        })
        .call(0, 100, 3, Request::Count)
        .run(1);
    let first = |from, to| pings(&world, from, to)[0] - 10;
    assert_eq!((first(0, 1), first(1, 0)), (3, 3), "both directions");
    assert_eq!((first(0, 2), first(2, 0)), (4, 1), "one direction");
    assert_eq!(first(0, 3), 1, "all others as they are");
    let heard = process(&world, 3).heard.iter();
    let pong = |(_, what, at): &(NodeId, Message, murphy_sim::Time)| {
        matches!(what, Message::Pong(_)).then_some(at.0 / 1_000_000)
    };
    assert_eq!(
        heard.filter_map(pong).next(),
        Some(18),
        "1 ms there and 7 ms back"
    );
    assert_eq!(endings(&world, 0), ["ok 0 at 110"], "5 ms each way");
}

#[test]
fn zones_of_the_wan_table_are_as_far_apart_as_it_says() {
    let world = story(3)
        .cluster(|c| {
            c.zones = ["california", "oregon", "ireland"]
                .map(str::to_owned)
                .to_vec();
            c.network.wan = Some("hat-2013".to_owned());
        })
        .until(20_000)
        .run(1);
    let median = |from, to| {
        let mut took: Vec<u64> = process(&world, to)
            .heard
            .iter()
            .filter_map(|(by, what, at)| match what {
                Message::Ping(n) if by.0 == from => Some(at.0 / 1_000 - n * 10_000),
                _ => None,
            })
            .collect();
        took.sort_unstable();
        took[took.len() / 2]
    };
    // Half of 22.5 ms and of 169.8 ms there and back.
    assert!((11_000..11_500).contains(&median(0, 1)), "{}", median(0, 1));
    assert!((83_900..85_900).contains(&median(2, 0)), "{}", median(2, 0));
}

#[test]
fn first_in_first_out_links_keep_their_order_and_others_do_not() {
    let wild = Latency::Uniform {
        min: Span::millis(1),
        max: Span::millis(60),
    };
    for fifo in [true, false] {
        let world = story(2)
            .cluster(|c| {
                c.network.latency = wild.clone();
                c.network.fifo = fifo;
            })
            .run(1);
        assert_eq!(numbers(&world, 0, 1).is_sorted(), fifo);
    }
}

#[test]
fn a_lossy_network_loses_without_a_fault() {
    let world = story(2)
        .cluster(|c| {
            c.network.loss = Probability::per_mille(200);
            c.network.duplicate = Probability::per_mille(200);
            c.network.corrupt = Probability::per_mille(100);
        })
        .until(10_000)
        .run(1);
    let (lost, doubled) = (world.stats().dropped, world.stats().duplicated);
    assert!((480..640).contains(&lost), "{lost} of 2,000 at 28 in 100");
    assert!(
        (260..380).contains(&doubled),
        "{doubled} of 1,600 at one in five"
    );
}

#[test]
fn large_clusters_have_links_too() {
    let world = story(80).until(25).run(1);
    assert!((1..80).all(|to| pings(&world, 0, to) == [11, 21]));
}
