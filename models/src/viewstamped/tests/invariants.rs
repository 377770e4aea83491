//! What each invariant finds, in states drawn by hand.

use murphy_sim::{Breach, Process};

use super::*;
use crate::protocol::Protocol;

/// What this invariant says when one node after the other comes to such a state.
fn check(name: &str, states: &[(NodeId, &Viewstamped)]) -> Result<(), Breach> {
    let mut invariants = Viewstamped::invariants(&config(None));
    let invariant = invariants
        .iter_mut()
        .find(|invariant| invariant.name() == name)
        .expect("it has that name");
    states.iter().try_for_each(|(node, state)| {
        let mut processes = vec![None; 3];
        processes[node.index()] = Some((*state).clone());
        invariant.check(Time::ZERO, *node, &processes)
    })
}

fn anomaly(name: &str, states: &[(NodeId, &Viewstamped)]) -> &'static str {
    check(name, states).unwrap_err().anomaly
}

/// A backup or primary that a view has begun for, with this log.
fn in_view(node: NodeId, view: u64, entries: &[Entry], committed: u64) -> Viewstamped {
    let (mut react, mut process) = installed(node, None);
    let start = Message::StartView {
        view: ViewNumber(view),
        log: whole(entries, committed),
    };
    react.on_message(&mut process, N0, start);
    process
}

#[test]
fn a_view_or_a_commit_number_that_falls_is_found() {
    let entries = [entry(0, 1, 2), entry(0, 2, 3)];
    let at = |view, committed| in_view(N2, view, &entries, committed);
    let (early, late, more) = (at(1, 0), at(3, 1), at(3, 2));
    let rise = [(N2, &early), (N2, &late), (N2, &more)];
    assert_eq!(check("views-rise", &rise), Ok(()));
    let fall = [(N2, &late), (N2, &early)];
    assert_eq!(anomaly("views-rise", &fall), "view-falls");
    let fall = [(N2, &more), (N2, &late)];
    assert_eq!(anomaly("views-rise", &fall), "commit-number-falls");
}

#[test]
fn two_primaries_of_a_view_and_one_whose_log_shrinks_are_found() {
    let entries = [entry(0, 1, 2)];
    let primary = |node, view, entries: &[Entry]| {
        let process = in_view(node, view, entries, 0);
        assert_eq!(process.role().0, "primary");
        process
    };
    let (first, next) = (primary(N1, 1, &[]), primary(N2, 2, &[]));
    let more = primary(N1, 1, &entries);
    let fine = [(N1, &first), (N2, &next), (N1, &more)];
    assert_eq!(check("one-primary-a-view", &fine), Ok(()));
    let two = [(N1, &first), (N2, &first)];
    assert_eq!(anomaly("one-primary-a-view", &two), "two-primaries");
    let less = [(N1, &more), (N1, &first)];
    assert_eq!(anomaly("one-primary-a-view", &less), "two-primaries");
}

#[test]
fn two_operations_committed_at_one_place_are_found() {
    let one = in_view(N2, 1, &[entry(0, 1, 2)], 1);
    let same = in_view(N0, 1, &[entry(0, 1, 2), entry(1, 2, 3)], 2);
    let name = "committed-entries-agree";
    assert_eq!(check(name, &[(N2, &one), (N0, &same)]), Ok(()));
    let other = in_view(N0, 1, &[entry(1, 1, 9)], 1);
    let differ = [(N2, &one), (N0, &other)];
    assert_eq!(anomaly(name, &differ), "committed-entries-differ");
}

#[test]
fn a_view_that_begins_without_a_committed_operation_is_found() {
    let operation = [entry(0, 1, 2)];
    let committed = in_view(N2, 1, &operation, 1);
    let name = "committed-operations-survive";
    let whole = in_view(N1, 4, &operation, 0);
    assert_eq!(check(name, &[(N2, &committed), (N1, &whole)]), Ok(()));
    let empty = in_view(N1, 4, &[], 0);
    let lost = [(N2, &committed), (N1, &empty)];
    assert_eq!(anomaly(name, &lost), "committed-operation-lost");
}

#[test]
fn a_replica_that_forgets_what_it_has_acknowledged_in_its_view_is_found() {
    let more = in_view(N2, 1, &[entry(0, 1, 2)], 0);
    let less = in_view(N2, 1, &[], 0);
    let name = "acknowledged-operations-are-kept";
    // In another view they may have been given up.
    let later = in_view(N2, 3, &[], 0);
    let fine = [(N2, &less), (N2, &more), (N2, &later)];
    assert_eq!(check(name, &fine), Ok(()));
    let forgets = [(N2, &more), (N2, &less)];
    assert_eq!(anomaly(name, &forgets), "acknowledged-operation-forgotten");
}
