//! Small random histories of transactions, and what brute force over all orders says of them.

use super::Stream;
use murphy_checkers::transactions::{Key, MicroOp, Txn, TxnHistory, Value};
use murphy_checkers::{History, Moment, Operation, Outcome, Process};
use std::collections::BTreeMap;

/// Every order of the numbers below a count.
pub(crate) fn orders(count: usize) -> Vec<Vec<usize>> {
    let mut all = vec![vec![]];
    for next in 0..count {
        let insert = |order: &Vec<usize>| {
            (0..=order.len())
                .map(|at| {
                    let mut longer = order.clone();
                    longer.insert(at, next);
                    longer
                })
                .collect::<Vec<_>>()
        };
        all = all.iter().flat_map(insert).collect();
    }
    all
}

/// Random intervals in which each process has one open transaction.
pub(crate) fn intervals(stream: &mut Stream, processes: &[u32]) -> Vec<(u64, u64)> {
    let mut open: BTreeMap<u32, usize> = BTreeMap::new();
    let mut intervals = vec![(0, 0); processes.len()];
    let mut begun = 0;
    let mut event = 0;
    while begun < processes.len() || !open.is_empty() {
        event += 1;
        let may_begin = begun < processes.len() && !open.contains_key(&processes[begun]);
        if may_begin && (open.is_empty() || stream.chance(60)) {
            intervals[begun].0 = event;
            open.insert(processes[begun], begun);
            begun += 1;
        } else {
            let place = stream.below(open.len() as u64) as usize;
            let process = *open.keys().nth(place).expect("one is open");
            let ended = open.remove(&process).expect("it is open");
            intervals[ended].1 = event;
        }
    }
    intervals
}

pub(crate) fn history(txns: Vec<Txn>, processes: &[u32], intervals: &[(u64, u64)]) -> TxnHistory {
    let operation = |(number, txn): (usize, Txn)| Operation {
        process: Process(processes[number]),
        call: txn.clone(),
        invoked: Moment::new(intervals[number].0, 0),
        outcome: Outcome::Ok {
            at: Moment::new(intervals[number].1, 0),
            response: txn,
        },
    };
    let operations = txns.into_iter().enumerate().map(operation).collect();
    History::from_operations(operations).expect("intervals have an order")
}

pub(crate) fn txn(history: &TxnHistory, id: usize) -> &Txn {
    history.operations()[id].response().expect("all are ok")
}

/// Does a serial execution in this order answer as the history does?
pub(crate) fn replays(history: &TxnHistory, order: &[usize]) -> bool {
    let mut lists: BTreeMap<Key, Vec<Value>> = BTreeMap::new();
    let mut registers: BTreeMap<Key, Value> = BTreeMap::new();
    order
        .iter()
        .flat_map(|id| txn(history, *id))
        .all(|step| match step {
            MicroOp::Append(key, value) => {
                lists.entry(*key).or_default().push(*value);
                true
            }
            MicroOp::ReadList(key, seen) => lists.get(key).map_or(&[][..], Vec::as_slice) == seen,
            MicroOp::Write(key, value) => {
                registers.insert(*key, *value);
                true
            }
            MicroOp::Read(key, seen) => registers.get(key) == seen.as_ref(),
        })
}

pub(crate) fn ended_before(history: &TxnHistory, one: usize, other: usize) -> bool {
    let operations = history.operations();
    let end = operations[one].completed().expect("all are ok");
    end.index < operations[other].invoked.index
}

pub(crate) fn in_session(history: &TxnHistory, one: usize, other: usize) -> bool {
    let operations = history.operations();
    operations[one].process == operations[other].process && one < other
}

/// Is there a serial order in which some pairs keep theirs?
pub(crate) fn is_serializable(history: &TxnHistory, keeps: impl Fn(usize, usize) -> bool) -> bool {
    orders(history.len()).iter().any(|order| {
        let kept = (0..order.len())
            .all(|at| (at + 1..order.len()).all(|later| !keeps(order[later], order[at])));
        kept && replays(history, order)
    })
}

/// Transactions that write each value once and read values that somebody writes, or the initial.
pub(crate) fn random_registers(stream: &mut Stream) -> TxnHistory {
    let count = 2 + stream.below(4) as usize;
    let processes: Vec<u32> = (0..count).map(|_| stream.below(3) as u32).collect();
    let intervals = intervals(stream, &processes);
    let is_honest = stream.chance(50);
    let mut written: BTreeMap<Key, Vec<Value>> = BTreeMap::new();
    let plans: Vec<Vec<(Key, bool)>> = (0..count)
        .map(|_| {
            (0..1 + stream.below(2))
                .map(|_| (stream.below(2), stream.chance(50)))
                .collect()
        })
        .collect();
    for (number, plan) in plans.iter().enumerate() {
        for (step, (key, writes)) in plan.iter().enumerate() {
            if *writes {
                written
                    .entry(*key)
                    .or_default()
                    .push((number * 10 + step) as Value);
            }
        }
    }
    let mut state: BTreeMap<Key, Value> = BTreeMap::new();
    let txns = plans.iter().enumerate().map(|(number, plan)| {
        plan.iter()
            .enumerate()
            .map(|(step, (key, writes))| {
                let value = (number * 10 + step) as Value;
                if *writes {
                    state.insert(*key, value);
                    return MicroOp::Write(*key, value);
                }
                let all = written.get(key).map_or(&[][..], Vec::as_slice);
                let choice = stream.below(all.len() as u64 + 1) as usize;
                let honest = is_honest && stream.chance(80);
                let seen = if honest {
                    state.get(key).copied()
                } else {
                    all.get(choice).copied()
                };
                MicroOp::Read(*key, seen)
            })
            .collect()
    });
    let txns: Vec<Txn> = txns.collect();
    history(txns, &processes, &intervals)
}
