//! Registers: drawn histories with known answers, and the definition against both checkers.

mod common;

use common::{Stream, draw, is_linearizable_by_definition};
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

/// A random small history, half of them made by a real register and then perhaps damaged.
fn random_history(stream: &mut Stream, unique: bool) -> RegisterHistory<&'static str, i64> {
    let count = 2 + stream.below(6) as usize;
    let mut moments: Vec<u64> = (0..count as u64 * 2).collect();
    for index in (1..moments.len()).rev() {
        moments.swap(index, stream.below(index as u64 + 1) as usize);
    }
    let honest = stream.chance(50);
    let mut state: Option<i64> = None;
    // An honest register takes each operation at its invocation, in that order.
    let mut intervals: Vec<(u64, u64)> = moments
        .chunks(2)
        .map(|pair| (pair[0].min(pair[1]), pair[0].max(pair[1])))
        .collect();
    intervals.sort_unstable();
    let mut operations = Vec::new();
    for (number, (begin, end)) in intervals.into_iter().enumerate() {
        let fresh = if unique {
            number as i64 + 10
        } else {
            stream.below(3) as i64
        };
        let random = if stream.chance(20) {
            None
        } else if unique {
            Some(stream.below(count as u64) as i64 + 10)
        } else {
            Some(stream.below(3) as i64)
        };
        let seen = if honest { state } else { random };
        let (call, response) = match stream.below(if unique { 2 } else { 3 }) {
            0 => (RegisterCall::Read("x"), RegisterResponse::Value(seen)),
            1 => {
                state = Some(fresh);
                (RegisterCall::Write("x", fresh), RegisterResponse::Written)
            }
            _ => {
                let from = Some(stream.below(3) as i64);
                let done = if honest {
                    from == state
                } else {
                    stream.chance(50)
                };
                if done {
                    state = Some(fresh);
                }
                let call = RegisterCall::Cas {
                    key: "x",
                    from,
                    to: fresh,
                };
                (call, RegisterResponse::Swapped(done))
            }
        };
        let at = Moment::new(end, 0);
        let outcome = match stream.below(10) {
            0 => Outcome::Info,
            1 if !honest => Outcome::Fail { at },
            _ => Outcome::Ok { at, response },
        };
        let invoked = Moment::new(begin, 0);
        operations.push(Operation {
            process: Process(number as u32),
            call,
            invoked,
            outcome,
        });
    }
    if honest && stream.chance(30) {
        damage(stream, &mut operations);
    }
    History::from_operations(operations).expect("random moments are distinct")
}

type Op = Operation<RegisterCall<&'static str, i64>, RegisterResponse<i64>>;

fn damage(stream: &mut Stream, operations: &mut [Op]) {
    let victim = stream.below(operations.len() as u64) as usize;
    if let Outcome::Ok {
        response: RegisterResponse::Value(value),
        ..
    } = &mut operations[victim].outcome
    {
        *value = Some(stream.below(3) as i64);
    }
}

/// Histories compared with the definition; raise it for a longer comparison.
const COMPARISONS: u64 = 25_000;

#[test]
fn monitor_and_search_agree_with_the_definition() {
    let model = Register::default();
    let mut illegal = 0;
    for seed in 0..COMPARISONS {
        let mut stream = Stream(seed);
        let history = random_history(&mut stream, seed % 2 == 0);
        let legal = is_linearizable_by_definition(&model, &history);
        let searched = check(&model, &history, &mut Meter::default());
        assert_eq!(searched.holds(), legal, "search, seed {seed}: {history:?}");
        let judged = check_registers(&model, &history, &mut Meter::default());
        assert_eq!(judged.holds(), legal, "monitor, seed {seed}: {history:#?}");
        if !legal {
            illegal += 1;
            assert!(
                judged.is_violated() && searched.is_violated(),
                "seed {seed}"
            );
            minimal_is_illegal(&model, &history, &judged, seed);
        }
    }
    assert!(
        illegal * 10 > COMPARISONS,
        "enough histories are illegal: {illegal}"
    );
    assert!(
        illegal * 10 < COMPARISONS * 9,
        "enough histories are legal: {illegal}"
    );
}

/// What is given as evidence must be illegal by itself, with failed calls beside it.
fn minimal_is_illegal(
    model: &Register<&'static str, i64>,
    history: &RegisterHistory<&'static str, i64>,
    verdict: &Verdict,
    seed: u64,
) {
    for anomaly in verdict.anomalies() {
        let operations: Vec<Op> = anomaly
            .operations
            .iter()
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .map(|&id| history.operations()[id].clone())
            .collect();
        let evidence = History::from_operations(operations).expect("a part of a history");
        assert!(
            !is_linearizable_by_definition(model, &evidence),
            "seed {seed}: the evidence is not illegal: {anomaly} of {history:#?}"
        );
    }
}
