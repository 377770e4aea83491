//! What each type makes of concurrent updates.

use std::collections::BTreeSet;

use super::{
    super::{g_counter::GCounter, lww_map::LwwMap, or_set::OrSet, pn_counter::PnCounter, rga::Rga},
    *,
};

const N0: NodeId = NodeId(0);
const N1: NodeId = NodeId(1);

#[test]
fn a_counter_counts_what_all_have_counted_once() {
    let (mut one, mut other) = (GCounter::default(), GCounter::default());
    one.count(N0, 3);
    other.count(N1, 4);
    one.join(&other);
    one.join(&other);
    assert_eq!(one.value(), 7);
    let mut pn = PnCounter::default();
    pn.add(N0, 5);
    pn.add(N0, -7);
    assert_eq!(pn.value(), -2);
}

#[test]
fn an_insertion_that_a_removal_did_not_see_wins() {
    let mut one = OrSet::default();
    one.insert(5, dot(0, 1));
    let mut other = one.clone();
    one.remove(5).expect("it is there");
    other.insert(5, dot(1, 1));
    other.insert(6, dot(1, 2));
    one.join(&other);
    assert_eq!(one.elements(), BTreeSet::from([5, 6]));
    one.remove(5).expect("it is there again");
    other.join(&one);
    assert_eq!(other.elements(), BTreeSet::from([6]), "seen this time");
    assert_eq!(other.remove(5), None);
}

#[test]
fn the_last_writer_of_a_field_wins_even_if_it_deletes() {
    let (mut one, mut other) = (LwwMap::default(), LwwMap::default());
    one.put(1, stamp(0, 10, 0), Some(5));
    other.put(1, stamp(1, 10, 0), None);
    one.join(&other);
    assert!(one.fields().is_empty(), "the greater node breaks the tie");
    one.put(1, stamp(0, 9, 0), Some(6));
    assert!(one.fields().is_empty(), "an older write changes nothing");
    one.put(1, stamp(0, 11, 0), Some(7));
    assert_eq!(one.fields(), [(1, 7)].into());
}

#[test]
fn elements_stand_right_behind_their_neighbour_the_later_the_nearer() {
    let mut list = Rga::default();
    list.insert(N0, None, 1);
    list.insert(N0, Some(1), 2);
    list.insert(N0, Some(1), 3);
    assert_eq!(list.elements(), [1, 3, 2]);
    list.erase(3).expect("it is there");
    assert_eq!(list.elements(), [1, 2]);
    list.insert(N0, Some(3), 4)
        .expect("a tombstone is a neighbour too");
    assert_eq!(list.elements(), [1, 4, 2]);
    assert_eq!(list.insert(N0, Some(9), 5), None);
    assert_eq!(list.erase(9), None);
}

#[test]
fn what_two_nodes_write_behind_one_element_is_not_interwoven() {
    let mut one = Rga::default();
    one.insert(N0, None, 1);
    let mut other = one.clone();
    for (after, element) in [(1, 10), (10, 11), (11, 12)] {
        one.insert(N0, Some(after), element);
        other.insert(
            N1,
            Some(if after == 1 { 1 } else { after + 10 }),
            element + 10,
        );
    }
    let (mine, theirs) = (one.clone(), other.clone());
    one.join(&theirs);
    other.join(&mine);
    assert_eq!(one, other);
    assert_eq!(one.elements(), [1, 20, 21, 22, 10, 11, 12]);
}

#[test]
fn an_element_whose_neighbour_is_not_known_yet_waits_for_it() {
    let mut list = Rga::default();
    let first = list.insert(N0, None, 1).expect("in front");
    let second = list.insert(N0, Some(1), 2).expect("behind it");
    let mut late = Rga::default();
    late.join(&second);
    assert!(late.elements().is_empty());
    late.join(&first);
    assert_eq!(late, list);
}
