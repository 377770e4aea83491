//! Registers: drawn histories with known answers.

mod common;

use common::{Stream, draw};
use murphy_checkers::linearizable::{
    Register, RegisterCall, RegisterHistory, RegisterResponse, check, check_registers,
};
use murphy_checkers::{
    AnomalyName, Budget, History, Meter, Moment, Operation, Outcome, Process, Verdict,
};

fn judge(history: &RegisterHistory<&'static str, i64>) -> Verdict {
    let model = Register::default();
    let verdict = check_registers(&model, history, &mut Meter::default());
    let searched = check(&model, history, &mut Meter::default());
    assert_eq!(
        verdict.holds(),
        searched.holds(),
        "monitor and search agree on {history:?}"
    );
    verdict
}

#[track_caller]
fn holds(text: &str) {
    assert_eq!(judge(&draw(text)), Verdict::Holds, "{text}");
}

#[track_caller]
fn violates(text: &str, names: &[AnomalyName]) {
    assert_eq!(judge(&draw(text)).names(), names, "{text}");
}

#[test]
fn an_empty_history_holds() {
    assert_eq!(judge(&History::default()), Verdict::Holds);
}

#[test]
fn a_read_may_see_a_concurrent_write_or_not() {
    holds(
        "
           [w 1]   [w 2      ]
                   [r 1]",
    );
    holds(
        "
           [w 1]   [w 2      ]
                   [r 2]",
    );
}

#[test]
fn a_read_of_what_was_overwritten_before_it_began_is_stale() {
    violates(
        "
              [w 1] [w 2]
                           [r 1] [r 2]",
        &[AnomalyName::StaleRead],
    );
}

#[test]
fn two_reads_may_not_see_a_concurrent_write_and_then_miss_it() {
    // The inversion that the second phase of an ABD read is for.
    violates(
        "
              [w 1]  [w 2                ]
                        [r 2]   [r 1]",
        &[AnomalyName::StaleRead],
    );
}

#[test]
fn a_value_seen_again_after_another_is_stale() {
    violates(
        "
              [w 1            ]
              [w 2            ]
                               [r 1] [r 2] [r 1]",
        &[AnomalyName::StaleRead],
    );
}

#[test]
fn the_initial_value_is_gone_after_a_write() {
    violates(
        "
              [w 1] [r -] [r 1]",
        &[AnomalyName::StaleRead],
    );
}

#[test]
fn a_write_that_nobody_ever_sees_is_lost() {
    violates(
        "
              [w 1] [w 2]
                           [r 1] [r 1]",
        &[AnomalyName::StaleRead, AnomalyName::LostWrite],
    );
}

#[test]
fn a_value_of_a_failed_write_is_a_phantom() {
    violates(
        "
              [w 1x
                   [r 1]",
        &[AnomalyName::PhantomRead],
    );
}

#[test]
fn a_value_of_no_write_is_garbage() {
    violates(
        "
              [w 1]
                   [r 7]",
        &[AnomalyName::GarbageRead],
    );
}

#[test]
fn a_value_may_not_be_read_before_its_write_begins() {
    violates(
        "
              [r 1]
                   [w 1]",
        &[AnomalyName::FutureRead],
    );
}

#[test]
fn an_unknown_write_takes_effect_late_or_never() {
    holds(
        "
           [w 1>
              [r -]    [w 2]  [r 2]  [r 1]",
    );
    holds(
        "
           [w 1>
              [r -]    [w 2]  [r 2]  [r 2]",
    );
    violates(
        "
              [w 1>
              [r -]    [r 1]  [r -]  ",
        &[AnomalyName::StaleRead],
    );
}

#[test]
fn an_unanswered_read_constrains_nothing() {
    holds(
        "
           [r ?>
             [w 1] [r 1]",
    );
}

#[test]
fn compare_and_set_takes_the_value_that_is_there() {
    holds(
        "
           [w 1] [cas 1 2] [r 2] [cas 1 3 no] [r 2]",
    );
    violates(
        "
              [w 1] [cas 1 2 no] [r 1]",
        &[AnomalyName::Nonlinearizable],
    );
    violates(
        "
              [w 1] [cas 1 2   ]
                    [cas 1 3   ]",
        &[AnomalyName::LostUpdate],
    );
}

#[test]
fn the_evidence_leaves_out_what_has_no_part_in_it() {
    let history = draw("[w 1] [r 1] [w 2] [cas 2 3] [r 3] [w 4] [w 5] [cas 4 6] [r 6] [r 6]");
    let verdict = judge(&history);
    let [anomaly] = verdict.anomalies() else {
        panic!("one anomaly: {verdict}")
    };
    assert_eq!(anomaly.name, AnomalyName::StaleRead, "{anomaly}");
    assert_eq!(
        anomaly.operations,
        [5, 6, 7],
        "write 4, write 5, cas from 4: {anomaly}"
    );
}

#[test]
fn a_hopeless_search_ends_at_its_budget() {
    let history = hard_history(2_000, 30, 0);
    let mut meter = Meter::new(Budget {
        steps_max: 300_000,
        bytes_max: 1 << 26,
    });
    let verdict = check_registers(&Register::new(Some(0)), &history, &mut meter);
    assert!(verdict.is_unknown(), "{verdict}");
}

/// Few values, everything overlaps, most operations change the register, and one answer near the
/// end is wrong.
fn hard_history(count: u64, processes: u64, seed: u64) -> RegisterHistory<&'static str, i64> {
    let mut stream = Stream(seed);
    let mut operations = Vec::new();
    let mut state = 0;
    for round in 0..count / processes {
        let mut order: Vec<u64> = (0..processes).collect();
        for index in (1..order.len()).rev() {
            order.swap(index, stream.below(index as u64 + 1) as usize);
        }
        for process in order {
            let (from, to) = (stream.below(5) as i64, stream.below(5) as i64);
            let is_last = round + 2 == count / processes && process % 4 == 3;
            let swapped = (from == state) != is_last;
            let is_write = stream.chance(10);
            if from == state || is_write {
                state = to;
            }
            let (call, response) = if is_write {
                (
                    RegisterCall::Write("x", to),
                    RegisterResponse::<i64>::Written,
                )
            } else {
                let call = RegisterCall::Cas {
                    key: "x",
                    from: Some(from),
                    to,
                };
                (call, RegisterResponse::Swapped(swapped))
            };
            let begin = round * processes * 2 + process;
            let at = Moment::new(begin + processes, 0);
            operations.push(Operation {
                process: Process(process as u32),
                call,
                invoked: Moment::new(begin, 0),
                outcome: Outcome::Ok { at, response },
            });
        }
    }
    History::from_operations(operations).expect("the rounds have an order")
}
