//! What a saga costs when nothing fails: messages, records, forced writes and delays. Each step is a
//! question and an answer, and the participant's forced write (Garcia-Molina and Salem, section 3); the
//! saga's own log is forced when it begins, and not again.

use super::*;
use crate::transactions_testing::{Costs, call, costs, first_answer, world};

/// A saga of these steps, every message and every sync taking a millisecond; and when its client knew.
fn paid(ops: Vec<MicroOp>) -> (Costs, u64) {
    let nodes = ops.len() as u32 + 1;
    let config = Config {
        participants: nodes - 1,
        ..config(None)
    };
    let mut ran = world::<Saga>(nodes, config, vec![call(0, 0, ops)], Vec::new());
    let cost = costs(ran.clone());
    ran.run_until(crate::transactions_testing::at(5_000_000));
    (cost, first_answer(&ran))
}

#[test]
fn a_saga_of_n_steps_costs_two_messages_and_a_forced_write_a_step_and_one_for_its_log() {
    for n in 1..=4 {
        let ops = (0..n as u32).map(|key| add(key, -1)).collect();
        let expected = Costs {
            messages: 2 * n,
            records: 2 * n + 1,
            forced: n + 1,
            end: "ok",
        };
        // To the orchestrator, its disk, and the answer; for each step there, the disk, and back.
        assert_eq!(paid(ops), (expected, 3 + 3 * n), "{n} steps");
    }
}

#[test]
fn a_saga_that_is_refused_pays_the_same_again_for_every_step_that_was_done() {
    for done in 0..=3 {
        let takes = (0..done as u32).map(|key| add(key, -1));
        let too_much = add(done as u32, -11);
        let expected = Costs {
            messages: 4 * done + 2,
            records: 4 * done + 3,
            forced: 2 * done + 2,
            end: "fail",
        };
        assert_eq!(
            paid(takes.chain([too_much]).collect()),
            (expected, 3 + 3 * (2 * done + 1)),
            "{done} steps were done"
        );
    }
}

#[test]
fn reading_costs_two_messages_a_participant_and_no_writes() {
    let ops = (0..3).map(|key| MicroOp::Read { key }).collect();
    let expected = Costs {
        messages: 6,
        records: 0,
        forced: 0,
        end: "ok",
    };
    assert_eq!(paid(ops), (expected, 4));
}
