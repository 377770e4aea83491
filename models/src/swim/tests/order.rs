//! Section 4.2's order of claims and section 4.3's order of probes.

use murphy_sim::Stream;

use super::{super::order::ProbeOrder, super::rumours::Rumours, *};
use Status::{Alive, Failed, Suspect};

/// The table of section 4.2, for every pair of incarnations.
#[test]
fn within_a_life_claims_override_each_other_as_the_paper_says() {
    for i in 0..4 {
        for j in 0..4 {
            let overrides = |new, old| said(new, i).overrides(&said(old, j));
            assert_eq!(overrides(Alive, Suspect), i > j, "Alive {i}, Suspect {j}");
            assert_eq!(overrides(Alive, Alive), i > j, "Alive {i}, Alive {j}");
            assert_eq!(
                overrides(Suspect, Suspect),
                i > j,
                "Suspect {i}, Suspect {j}"
            );
            assert_eq!(overrides(Suspect, Alive), i >= j, "Suspect {i}, Alive {j}");
            assert!(overrides(Failed, Alive) && overrides(Failed, Suspect));
            assert!(!overrides(Alive, Failed) && !overrides(Suspect, Failed));
            assert!(!overrides(Failed, Failed));
        }
    }
}

#[test]
fn a_later_life_overrides_whatever_is_held_of_an_earlier_one() {
    for new in [Alive, Suspect, Failed] {
        for old in [Alive, Suspect, Failed] {
            let (later, earlier) = (in_life(new, 2, 0), in_life(old, 1, 7));
            assert!(later.overrides(&earlier) && !earlier.overrides(&later));
        }
    }
}

#[test]
fn a_member_waits_for_its_turn_at_most_two_rounds_whoever_comes_and_goes() {
    let mut stream = Stream::named(1, "order");
    let mut longest = 0;
    for members in 1..=8 {
        let nodes = || (0..members).map(NodeId);
        let mut order = ProbeOrder::new(Mode::RoundRobin, nodes());
        let mut waited = 0;
        for _ in 0..1_000 {
            let chosen = order.choose(&mut stream).expect("there is somebody");
            waited = if chosen == N0 { 0 } else { waited + 1 };
            assert!(
                waited < 2 * members - 1,
                "{waited} others of {members} came first"
            );
            if members == 8 {
                longest = waited.max(longest);
            }
        }
        // Somebody comes and somebody goes, and nobody has two turns for it.
        order.insert(NodeId(members), &mut stream);
        for member in nodes().skip(1) {
            order.remove(member);
        }
        let both: Vec<_> = (0..4).filter_map(|_| order.choose(&mut stream)).collect();
        assert!(
            both.contains(&N0) && both.contains(&NodeId(members)),
            "{both:?}"
        );
    }
    assert!(longest >= 11, "the bound is close: {longest}");
}

#[test]
fn helpers_are_others_and_no_more_than_there_are() {
    let mut stream = Stream::named(1, "order");
    let order = ProbeOrder::new(Mode::RoundRobin, (1..6).map(NodeId));
    for count in 0..8 {
        let mut helpers = order.helpers(count, N1, &mut stream);
        assert_eq!(helpers.len(), count.min(4));
        assert!(!helpers.contains(&N1) && !helpers.contains(&N0));
        helpers.sort();
        helpers.dedup();
        assert_eq!(helpers.len(), count.min(4), "nobody is asked twice");
    }
}

#[test]
fn an_update_is_told_so_many_times_and_those_first_that_were_told_least() {
    let mut rumours = Rumours::default();
    rumours.put((N0, said(Alive, 0)));
    let old = (N0, said(Alive, 0));
    assert_eq!(rumours.take(8, 3), [old]);
    let new = [(N1, said(Suspect, 0)), (N2, said(Alive, 4))];
    new.iter().for_each(|update| rumours.put(*update));
    assert_eq!(rumours.take(2, 3), new, "there is room for two");
    assert_eq!(rumours.take(8, 3), [old, new[0], new[1]]);
    assert_eq!(rumours.take(8, 3), [old, new[0], new[1]]);
    assert_eq!(rumours.take(8, 3), [], "each was told three times");
    rumours.put((N1, said(Suspect, 0)));
    rumours.put((N1, said(Alive, 1)));
    assert_eq!(
        rumours.take(8, 3),
        [(N1, said(Alive, 1))],
        "only the last counts"
    );
}

/// Section 4.1: lambda times the logarithm of the group's size.
#[test]
fn how_often_an_update_is_told_grows_with_the_logarithm_of_the_group() {
    for (nodes, rounds) in [
        (1, 3),
        (3, 6),
        (4, 9),
        (7, 9),
        (8, 12),
        (100, 21),
        (1_000, 30),
    ] {
        assert_eq!(config(nodes).rounds(), rounds, "{nodes} members");
    }
}
