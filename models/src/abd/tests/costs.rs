//! What an operation costs when nothing goes wrong, exactly.

use murphy_sim::Span;

use super::*;
use crate::costs_testing::{MESSAGE, SYNC, cost_of_a_call, one_by_one, run};

/// What calls cost after this one, one at a time, each at another node than the one before.
fn cost(nodes: u32, first: &Request, request: fn(u64) -> Request) -> (u64, u64, Span) {
    let run = |calls| {
        let request = |i| if i == 0 { first.clone() } else { request(i) };
        let calls = one_by_one(calls, |i| NodeId(i as u32 % nodes), request);
        run::<Abd>(nodes, Config::new(nodes), calls)
    };
    cost_of_a_call(&run(1), &run(21))
}

#[test]
fn a_write_costs_two_round_trips_and_a_sync_a_node_one_of_them_first() {
    for nodes in 3..=6 {
        let n = u64::from(nodes);
        let expected = (4 * (n - 1), n, MESSAGE * 6 + SYNC * 2);
        assert_eq!(cost(nodes, &write(1_000), write), expected);
    }
}

#[test]
fn a_read_costs_two_round_trips_and_no_sync_when_all_hold_what_it_finds() {
    for nodes in 3..=6 {
        let n = u64::from(nodes);
        let expected = (4 * (n - 1), 0, MESSAGE * 6);
        assert_eq!(cost(nodes, &write(1_000), |_| READ), expected);
    }
}

#[test]
fn a_read_of_what_was_never_written_costs_one_round_trip() {
    for nodes in 3..=6 {
        let n = u64::from(nodes);
        let expected = (2 * (n - 1), 0, MESSAGE * 4);
        assert_eq!(cost(nodes, &READ, |_| READ), expected);
    }
}
