//! What an operation costs when nothing goes wrong, exactly.

use murphy_sim::{PlannedCall, Span, Start, World};

use super::*;
use crate::costs_testing::{MESSAGE, SYNC, cost_of_a_call, one_by_one};

const CALLS: u64 = 20;

/// A run of these calls, in which nobody says anything but for their sake.
fn run(replicas: u32, mode: Mode, calls: Vec<PlannedCall<Request>>) -> World<Chain> {
    let config = Config {
        lease: Span::secs(1_000),
        ..Config::new(replicas, mode)
    };
    crate::costs_testing::run(replicas + 1, config, calls)
}

/// Calls of one client, one at a time, at this node.
fn calls(node: NodeId, request: impl Fn(u64) -> Request) -> Vec<PlannedCall<Request>> {
    one_by_one(CALLS, |_| node, request)
}

fn cost(replicas: u32, mode: Mode, calls: Vec<PlannedCall<Request>>) -> (u64, u64, Span) {
    cost_of_a_call(&run(replicas, mode, vec![]), &run(replicas, mode, calls))
}

#[test]
fn a_write_goes_down_and_up_the_chain_once_and_is_synced_at_every_node() {
    for replicas in 2..=5 {
        let n = u64::from(replicas);
        for mode in [Mode::Chain, Mode::Craq] {
            // From the client down to the tail and back to the client, and every disk on the way.
            let span = MESSAGE * (n + 1) + SYNC * n;
            let expected = (2 * (n - 1), n, span);
            assert_eq!(cost(replicas, mode, calls(N0, write)), expected, "{mode:?}");
        }
    }
}

#[test]
fn a_read_at_the_tail_costs_nothing_but_the_way_there_and_back() {
    for mode in [Mode::Chain, Mode::Craq] {
        let reads = calls(N2, |_| Request::Read { key: 7 });
        assert_eq!(cost(3, mode, reads), (0, 0, MESSAGE * 2));
    }
}

#[test]
fn a_clean_read_costs_nothing_at_any_node_with_craq() {
    for node in [N0, N1, N2] {
        let reads = calls(node, |_| Request::Read { key: 7 });
        assert_eq!(cost(3, Mode::Craq, reads), (0, 0, MESSAGE * 2));
    }
}

#[test]
fn a_dirty_read_costs_a_question_to_the_tail_and_its_answer_with_craq() {
    // A write goes through the chain while the head is asked for the same key.
    let both = |reads: bool| {
        let mut both = calls(N0, write);
        if reads {
            both.extend(both.clone().into_iter().map(|call| PlannedCall {
                client: ClientId(1),
                start: match call.start {
                    Start::At(time) => Start::At(time + MESSAGE * 2),
                    Start::After { .. } => unreachable!("they are planned at times"),
                },
                request: Request::Read { key: 7 },
                ..call
            }));
        }
        run(3, Mode::Craq, both)
    };
    let (writes, with_reads) = (both(false), both(true));
    let more = with_reads.stats().messages - writes.stats().messages;
    assert_eq!(more, 2 * CALLS);
    let dirty = (&"dirty-read", CALLS);
    let reached: Vec<_> = with_reads
        .reached()
        .iter()
        .map(|(label, count)| (label, *count))
        .collect();
    assert!(reached.contains(&dirty), "{reached:?}");
    let reads = with_reads
        .history()
        .iter()
        .filter(|e| e.client == ClientId(1));
    let times: Vec<Time> = reads.map(|event| event.time).collect();
    for read in times.chunks(2) {
        assert_eq!(read[1].since(read[0]), MESSAGE * 4);
    }
}
