//! Registers: zones and search against the definition of linearizability.

use crate::common::{Stream, is_linearizable_by_definition};
use murphy_checkers::linearizable::{
    Register, RegisterCall, RegisterHistory, RegisterResponse, check, check_registers,
};
use murphy_checkers::{History, Meter, Moment, Operation, Outcome, Process, Verdict};
use std::ops::Range;

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

/// Monitor and search agree with the definition.
pub(crate) fn compare(seeds: Range<u64>) -> u64 {
    let histories = seeds.end - seeds.start;
    let model = Register::default();
    let mut illegal = 0;
    for seed in seeds {
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
        illegal * 10 > histories,
        "enough histories are illegal: {illegal}"
    );
    assert!(
        illegal * 10 < histories * 9,
        "enough histories are legal: {illegal}"
    );
    histories
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
