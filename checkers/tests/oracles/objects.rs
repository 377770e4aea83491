//! Sets, counters, queues, stacks and locks: the search against the definition, on small random
//! histories; and sequential consistency against its own.

use crate::common::{Stream, is_linearizable_by_definition};
use murphy_checkers::linearizable::{
    Counter, CounterCall, CounterResponse, Lock, LockCall, Pile, PileCall, PileResponse, Register,
    RegisterCall, RegisterResponse, Sequential, Set, SetCall, SetResponse, check, check_in_order,
    check_sequential, is_certified,
};
use murphy_checkers::{History, Meter, Moment, Operation, Outcome, Process};
use std::ops::Range;

/// Random intervals, a third of the processes' calls overlapping, with now and then no answer.
fn random<M: Sequential>(
    stream: &mut Stream,
    mut step: impl FnMut(&mut Stream, u32) -> (M::Call, M::Response),
) -> History<M::Call, M::Response> {
    let count = 2 + stream.below(5);
    let mut operations = Vec::new();
    let mut free = [0_u64; 3];
    for number in 0..count {
        let process = stream.below(3) as u32;
        let begin = free[process as usize].max(number * 3);
        let end = begin + 1 + stream.below(8);
        free[process as usize] = end + 1;
        let (call, response) = step(stream, process);
        // Distinct indices: begins are even multiples, ends odd, apart by process.
        let at = Moment::new(end * 100 + u64::from(process) + 50, 0);
        let outcome = match stream.below(12) {
            0 => Outcome::Info,
            1 => Outcome::Fail { at },
            _ => Outcome::Ok { at, response },
        };
        let invoked = Moment::new(begin * 100 + u64::from(process), 0);
        operations.push(Operation {
            process: Process(process),
            call,
            invoked,
            outcome,
        });
    }
    History::from_operations(operations).expect("indices are distinct")
}

/// Sequential consistency by definition: every order that keeps each process's own.
fn is_sequential_by_definition<M: Sequential>(
    model: &M,
    history: &History<M::Call, M::Response>,
) -> bool
where
    M::Call: Clone,
    M::Response: Clone,
{
    // Without real time: all overlap, but for a process with itself.
    let count = history.len() as u64;
    let spread = |(number, operation): (usize, &Operation<M::Call, M::Response>)| {
        (number as u64, operation.clone())
    };
    let operations: Vec<_> = history
        .operations()
        .iter()
        .enumerate()
        .map(spread)
        .collect();
    extend(
        model,
        &operations,
        &mut vec![false; count as usize],
        &model.initial(),
    )
}

/// An operation with its number.
type Numbered<M> = (
    u64,
    Operation<<M as Sequential>::Call, <M as Sequential>::Response>,
);

fn extend<M: Sequential>(
    model: &M,
    operations: &[Numbered<M>],
    placed: &mut Vec<bool>,
    state: &M::State,
) -> bool {
    let waits = |placed: &[bool], id: usize| !placed[id] && operations[id].1.is_ok();
    if !(0..operations.len()).any(|id| waits(placed, id)) {
        return true;
    }
    for id in 0..operations.len() {
        let operation = &operations[id].1;
        // An unknown operation may be passed over, but cannot come after a later one of its process.
        let is_blocked = (0..operations.len()).any(|other| {
            operations[other].1.process == operation.process
                && ((other < id && waits(placed, other)) || (other > id && placed[other]))
        });
        if placed[id] || operation.is_fail() || is_blocked {
            continue;
        }
        if let Some(after) = model.step(state, &operation.call, operation.response()) {
            placed[id] = true;
            let found = extend(model, operations, placed, &after);
            placed[id] = false;
            if found {
                return true;
            }
        }
    }
    false
}

fn compare<M: Sequential>(
    seeds: Range<u64>,
    model: &M,
    mut step: impl FnMut(&mut Stream, u32) -> (M::Call, M::Response),
) -> u64
where
    M::Call: Clone,
    M::Response: Clone,
{
    let mut legal = 0;
    let histories = seeds.end - seeds.start;
    for seed in seeds {
        let history = random::<M>(&mut Stream(seed), &mut step);
        let expected = is_linearizable_by_definition(model, &history);
        let verdict = check(model, &history, &mut Meter::default());
        assert_eq!(
            verdict.holds(),
            expected,
            "seed {seed}: {verdict} {history:#?}"
        );
        assert_eq!(verdict.is_violated(), !expected, "seed {seed}");
        let sequential = check_sequential(model, &history, &mut Meter::default());
        let expected = is_sequential_by_definition(model, &history);
        assert_eq!(
            sequential.holds(),
            expected,
            "seed {seed}: {sequential} {history:#?}"
        );
        // An unknown call may take effect after later calls of its process, in real time; in its
        // process's own order it may not.
        let is_known = !history.operations().iter().any(Operation::is_info);
        let implies = !verdict.holds() || sequential.holds();
        assert!(
            implies || !is_known,
            "linearizable implies sequential, seed {seed}"
        );
        legal += u64::from(verdict.holds());
    }
    assert!(
        legal * 50 > histories,
        "enough histories are legal: {legal}"
    );
    assert!(
        legal * 20 < histories * 19,
        "enough histories are illegal: {legal}"
    );
    histories
}

pub(crate) fn sets(seeds: Range<u64>) -> u64 {
    compare(seeds, &Set::new(), |stream, _| match stream.below(3) {
        0 => (SetCall::Add(stream.below(2)), SetResponse::Done),
        1 => (SetCall::Remove(stream.below(2)), SetResponse::Done),
        _ => {
            let seen = (0..2).filter(|_| stream.chance(40)).collect();
            (SetCall::Read, SetResponse::Elements(seen))
        }
    })
}

pub(crate) fn counters(seeds: Range<u64>) -> u64 {
    compare(seeds, &Counter { initial: 0 }, |stream, _| {
        if stream.chance(50) {
            (
                CounterCall::Add(stream.below(3) as i64 - 1),
                CounterResponse::Added,
            )
        } else {
            (
                CounterCall::Read,
                CounterResponse::Sum(stream.below(3) as i64 - 1),
            )
        }
    })
}

fn pile_step(stream: &mut Stream, _process: u32) -> (PileCall<u64>, PileResponse<u64>) {
    if stream.chance(55) {
        (PileCall::Put(stream.below(3)), PileResponse::Put)
    } else {
        let taken = (!stream.chance(25)).then(|| stream.below(3));
        (PileCall::Take, PileResponse::Taken(taken))
    }
}

pub(crate) fn queues(seeds: Range<u64>) -> u64 {
    compare(seeds, &Pile::queue(), pile_step)
}

pub(crate) fn stacks(seeds: Range<u64>) -> u64 {
    compare(seeds, &Pile::stack(), pile_step)
}

pub(crate) fn locks(seeds: Range<u64>) -> u64 {
    compare(seeds, &Lock, |stream, process| {
        let call = if stream.chance(50) {
            LockCall::Acquire(process)
        } else {
            LockCall::Release(process)
        };
        (call, stream.chance(70))
    })
}

pub(crate) fn registers(seeds: Range<u64>) -> u64 {
    compare(seeds, &Register::default(), |stream, _| {
        let key = 0;
        match stream.below(3) {
            0 => (
                RegisterCall::Write(key, stream.below(2)),
                RegisterResponse::Written,
            ),
            1 => {
                let seen = (!stream.chance(30)).then(|| stream.below(2));
                (RegisterCall::Read(key), RegisterResponse::Value(seen))
            }
            _ => {
                let from = (!stream.chance(30)).then(|| stream.below(2));
                let call = RegisterCall::Cas {
                    key,
                    from,
                    to: stream.below(2),
                };
                (call, RegisterResponse::Swapped(stream.chance(50)))
            }
        }
    })
}

/// Herlihy & Wing 1990, the histories of a queue in section 1.
#[test]
fn herlihy_and_wings_queues() {
    let operation = |process, begin, end, call, response| Operation {
        process: Process(process),
        call,
        invoked: Moment::new(begin, 0),
        outcome: Outcome::Ok {
            at: Moment::new(end, 0),
            response,
        },
    };
    let put = |process, begin, end, value| {
        operation(process, begin, end, PileCall::Put(value), PileResponse::Put)
    };
    let take = |process, begin, end, value| {
        operation(
            process,
            begin,
            end,
            PileCall::Take,
            PileResponse::Taken(Some(value)),
        )
    };
    let judge = |operations| {
        let history = History::from_operations(operations).expect("events have an order");
        check(&Pile::queue(), &history, &mut Meter::default()).holds()
    };
    // H1: E(x) A | E(y) B overlap; B takes x, A takes y, then E(z).
    assert!(judge(vec![
        put(0, 0, 2, 'x'),
        put(1, 1, 4, 'y'),
        take(1, 5, 6, 'x'),
        take(0, 3, 7, 'y'),
        put(0, 8, 9, 'z'),
    ]));
    // H2: x is put before y, and y is taken first.
    assert!(!judge(vec![
        put(0, 0, 1, 'x'),
        put(1, 2, 3, 'y'),
        take(0, 4, 5, 'y')
    ]));
    // H3: x and y overlap, and y is taken first.
    assert!(judge(vec![
        put(0, 0, 2, 'x'),
        put(1, 1, 3, 'y'),
        take(0, 4, 5, 'y')
    ]));
    // H4: x is put once and taken twice.
    assert!(!judge(vec![
        put(0, 0, 1, 'x'),
        take(0, 2, 4, 'x'),
        take(1, 3, 5, 'x')
    ]));
}

/// An order as a certificate: it proves exactly what brute force can put together around it, and the
/// answer is right whatever order is given.
pub(crate) fn certificates(seeds: Range<u64>) -> u64 {
    let histories = seeds.end - seeds.start;
    let model = Register::default();
    let mut certified = 0;
    for seed in seeds {
        let stream = &mut Stream(seed);
        let mut state = None;
        let mut step = |stream: &mut Stream, _: u32| {
            if stream.chance(50) {
                let value = stream.below(3);
                state = Some(value);
                return (RegisterCall::Write(0, value), RegisterResponse::Written);
            }
            let seen = if stream.chance(85) {
                state
            } else {
                Some(stream.below(3))
            };
            (RegisterCall::Read(0), RegisterResponse::Value(seen))
        };
        let history = random::<Register<u64, u64>>(stream, &mut step);
        let operations = history.operations();
        // The servers tell the order of the writes, sometimes wrongly, and of some reads.
        let is_told = |id: &usize| {
            let is_write = matches!(operations[*id].call, RegisterCall::Write(..));
            !operations[*id].is_fail() && (is_write || stream.chance(30))
        };
        let mut order: Vec<usize> = (0..history.len()).filter(is_told).collect();
        if order.len() > 1 && stream.chance(40) {
            let at = stream.below(order.len() as u64 - 1) as usize;
            order.swap(at, at + 1);
        }
        let is_proof = is_certified(&model, &history, &order, &mut Meter::default());
        let expected = completes(&model, &history, &order, &mut Vec::new());
        assert_eq!(
            is_proof,
            Ok(expected),
            "seed {seed}: {order:?} {history:#?}"
        );
        certified += u64::from(expected);
        let verdict = check_in_order(&model, &history, &order, &mut Meter::default());
        let legal = is_linearizable_by_definition(&model, &history);
        assert_eq!(
            verdict.holds(),
            legal,
            "seed {seed}: {order:?} {history:#?}"
        );
        assert!(
            legal || !expected,
            "what is certified is legal, seed {seed}"
        );
    }
    assert!(
        certified * 4 > histories && certified * 8 < histories * 7,
        "{certified}"
    );
    histories
}

/// Can the reads that are not in an order be put into it, so that all is explained in real time?
fn completes(
    model: &Register<u64, u64>,
    history: &History<RegisterCall<u64, u64>, RegisterResponse<u64>>,
    order: &[usize],
    placed: &mut Vec<usize>,
) -> bool {
    let operations = history.operations();
    let told = placed.iter().filter(|id| order.contains(id)).count();
    let missing =
        |id: &usize| operations[*id].is_ok() && !placed.contains(id) && !order.contains(id);
    let rest: Vec<usize> = (0..history.len()).filter(missing).collect();
    if told == order.len() && rest.is_empty() {
        let mut state = model.initial();
        return placed.iter().enumerate().all(|(at, id)| {
            let operation = &operations[*id];
            let after = model.step(&state, &operation.call, operation.response());
            let is_kept = placed[at..].iter().all(|later| {
                let ended = operations[*later].completed();
                ended.is_none_or(|end| end.index > operation.invoked.index)
            });
            after.is_some_and(|after| {
                state = after;
                is_kept
            })
        });
    }
    let next = order.get(told).into_iter().chain(&rest);
    next.copied().collect::<Vec<usize>>().into_iter().any(|id| {
        placed.push(id);
        let found = completes(model, history, order, placed);
        placed.pop();
        found
    })
}
