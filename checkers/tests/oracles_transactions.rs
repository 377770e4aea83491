//! Transactions: every checker against the definition of its level, by brute force, on small random
//! histories.

mod common;

use common::Stream;
use murphy_checkers::transactions::{
    Ask, Key, Level, MicroOp, Txn, TxnHistory, Value, VersionOrders, check_list_append,
    check_rw_register, sessions,
};
use murphy_checkers::{History, Meter, Moment, Operation, Outcome, Process, Verdict};
use std::collections::BTreeMap;

/// Histories compared for each family of levels; raise it for a longer comparison.
const COMPARISONS: u64 = 20_000;

/// Every order of the numbers below a count.
fn orders(count: usize) -> Vec<Vec<usize>> {
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
fn intervals(stream: &mut Stream, processes: &[u32]) -> Vec<(u64, u64)> {
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

fn history(txns: Vec<Txn>, processes: &[u32], intervals: &[(u64, u64)]) -> TxnHistory {
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

/// Transactions that read prefixes of one order of versions for each key and then append.
fn random_lists(stream: &mut Stream) -> TxnHistory {
    let count = 2 + stream.below(3) as usize;
    let processes: Vec<u32> = (0..count).map(|_| stream.below(3) as u32).collect();
    let intervals = intervals(stream, &processes);
    let mut versions: BTreeMap<Key, Vec<Value>> = BTreeMap::new();
    let mut appends: Vec<Vec<(Key, Value)>> = Vec::new();
    for txn in 0..count as i64 {
        let mut own = Vec::new();
        for key in 0..2 {
            if stream.chance(60) {
                own.push((key, txn));
                let line = versions.entry(key).or_default();
                line.insert(stream.below(line.len() as u64 + 1) as usize, txn);
            }
        }
        appends.push(own);
    }
    let txns = appends.into_iter().map(|own| {
        let mut txn = Txn::new();
        for key in 0..2 {
            if stream.chance(60) {
                let line = versions.get(&key).map_or(&[][..], Vec::as_slice);
                let seen = stream.below(line.len() as u64 + 1) as usize;
                txn.push(MicroOp::ReadList(key, line[..seen].to_vec()));
            }
        }
        txn.extend(
            own.into_iter()
                .map(|(key, value)| MicroOp::Append(key, value)),
        );
        txn
    });
    let txns: Vec<Txn> = txns.collect();
    history(txns, &processes, &intervals)
}

fn txn(history: &TxnHistory, id: usize) -> &Txn {
    history.operations()[id].response().expect("all are ok")
}

/// Does a serial execution in this order answer as the history does?
fn replays(history: &TxnHistory, order: &[usize]) -> bool {
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

fn ended_before(history: &TxnHistory, one: usize, other: usize) -> bool {
    let operations = history.operations();
    let end = operations[one].completed().expect("all are ok");
    end.index < operations[other].invoked.index
}

fn in_session(history: &TxnHistory, one: usize, other: usize) -> bool {
    let operations = history.operations();
    operations[one].process == operations[other].process && one < other
}

/// Is there a serial order in which some pairs keep theirs?
fn is_serializable(history: &TxnHistory, keeps: impl Fn(usize, usize) -> bool) -> bool {
    orders(history.len()).iter().any(|order| {
        let kept = (0..order.len())
            .all(|at| (at + 1..order.len()).all(|later| !keeps(order[later], order[at])));
        kept && replays(history, order)
    })
}

/// Snapshot isolation by definition: commits in some order, each reading from a snapshot that is
/// some prefix of the commits before it, and nobody else committed to its keys since.
fn is_snapshot_isolated(history: &TxnHistory) -> bool {
    orders(history.len()).iter().any(|order| {
        let mut prefixes: Vec<BTreeMap<Key, Vec<Value>>> = vec![BTreeMap::new()];
        order.iter().enumerate().all(|(position, id)| {
            let steps = txn(history, *id);
            let committed = prefixes.last().expect("there is the first").clone();
            let fits = (0..=position).any(|start| {
                let snapshot = &prefixes[start];
                steps.iter().all(|step| match step {
                    MicroOp::ReadList(key, seen) => {
                        snapshot.get(key).map_or(&[][..], Vec::as_slice) == seen
                    }
                    MicroOp::Append(key, _) => snapshot.get(key) == committed.get(key),
                    MicroOp::Write(..) | MicroOp::Read(..) => unreachable!("lists only"),
                })
            });
            let mut next = committed;
            for step in steps {
                if let MicroOp::Append(key, value) = step {
                    next.entry(*key).or_default().push(*value);
                }
            }
            prefixes.push(next);
            fits
        })
    })
}

/// Is at most one append of each key in no read?
fn has_known_orders(history: &TxnHistory) -> bool {
    (0..2).all(|key| {
        let steps = (0..history.len()).flat_map(|id| txn(history, id));
        let (mut appends, mut longest) = (0, 0);
        for step in steps {
            match step {
                MicroOp::Append(other, _) if *other == key => appends += 1,
                MicroOp::ReadList(other, seen) if *other == key => {
                    longest = longest.max(seen.len());
                }
                _ => {}
            }
        }
        appends <= longest + 1
    })
}

fn lists(history: &TxnHistory, level: Level) -> Verdict {
    check_list_append(history, &Ask::Level(level), &mut Meter::default()).verdict
}

#[test]
fn list_append_levels_agree_with_their_definitions() {
    let mut counts = [0; 4];
    for seed in 0..COMPARISONS {
        let history = random_lists(&mut Stream(seed));
        let definitions = [
            (Level::SnapshotIsolation, is_snapshot_isolated(&history)),
            (Level::Serializable, is_serializable(&history, |_, _| false)),
            (
                Level::StrongSessionSerializable,
                is_serializable(&history, |one, other| in_session(&history, one, other)),
            ),
            (
                Level::StrictSerializable,
                is_serializable(&history, |one, other| ended_before(&history, one, other)),
            ),
        ];
        for (count, (level, holds)) in counts.iter_mut().zip(definitions) {
            let verdict = lists(&history, level);
            let words = format!("{level}, seed {seed}: {verdict} {history:?}");
            assert!(!(holds && verdict.is_violated()), "{words}");
            // Of several appends that nobody saw, nobody knows the order: each order may break
            // snapshot isolation in a way of its own, and that is not searched for.
            if level != Level::SnapshotIsolation || has_known_orders(&history) {
                assert!(holds == verdict.holds(), "{words}");
            }
            *count += u64::from(holds);
        }
    }
    for count in counts {
        assert!(
            count * 50 > COMPARISONS,
            "enough histories hold: {counts:?}"
        );
        assert!(
            count * 10 < COMPARISONS * 9,
            "enough histories are broken: {counts:?}"
        );
    }
}

#[test]
fn a_stronger_level_never_passes_where_a_weaker_one_fails() {
    for seed in 0..COMPARISONS / 20 {
        let history = random_lists(&mut Stream(seed));
        for level in Level::ALL {
            if lists(&history, *level).holds() {
                for weaker in level.implied() {
                    let verdict = lists(&history, weaker);
                    assert!(
                        verdict.holds(),
                        "{level} holds, {weaker}: {verdict}, seed {seed}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_names_of_processes_and_values_mean_nothing() {
    for seed in 0..COMPARISONS / 10 {
        let history = random_lists(&mut Stream(seed));
        let rename = |txn: &Txn| -> Txn {
            txn.iter()
                .map(|step| match step {
                    MicroOp::Append(key, value) => MicroOp::Append(key + 70, 1_000 - value),
                    MicroOp::ReadList(key, seen) => {
                        MicroOp::ReadList(key + 70, seen.iter().map(|v| 1_000 - v).collect())
                    }
                    step => step.clone(),
                })
                .collect()
        };
        let mut operations = history
            .map(rename, |_, said| rename(said))
            .operations()
            .to_vec();
        for operation in &mut operations {
            operation.process.0 = 9 - operation.process.0;
        }
        let renamed = History::from_operations(operations).expect("the same order");
        for level in [Level::SnapshotIsolation, Level::StrictSerializable] {
            let (one, other) = (lists(&history, level), lists(&renamed, level));
            assert_eq!(one.names(), other.names(), "{level}, seed {seed}");
        }
    }
}

/// Transactions that write each value once and read values that somebody writes, or the initial.
fn random_registers(stream: &mut Stream) -> TxnHistory {
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

#[test]
fn register_transactions_that_are_serializable_are_never_condemned() {
    let none = VersionOrders {
        complete: true,
        ..VersionOrders::default()
    };
    let mut condemned = 0;
    for seed in 0..COMPARISONS {
        let history = random_registers(&mut Stream(seed));
        for (level, holds) in [
            (Level::Serializable, is_serializable(&history, |_, _| false)),
            (
                Level::StrictSerializable,
                is_serializable(&history, |one, other| ended_before(&history, one, other)),
            ),
        ] {
            let report =
                check_rw_register(&history, &Ask::Level(level), &none, &mut Meter::default());
            if holds {
                assert_eq!(
                    report.verdict,
                    Verdict::Holds,
                    "{level}, seed {seed}: {history:#?}"
                );
            } else if report.verdict.is_violated() {
                condemned += 1;
            }
        }
    }
    assert!(condemned * 10 > COMPARISONS, "enough is found: {condemned}");
}

/// What each level makes visible to a reader, transaction by transaction.
struct Visible {
    /// `before[a][b]`: a is visible to b.
    before: Vec<Vec<bool>>,
}

/// Who wrote a value of a key; none for the initial one.
fn writer(history: &TxnHistory, key: Key, value: Option<Value>) -> Option<usize> {
    let value = value?;
    (0..history.len()).find(|id| txn(history, *id).contains(&MicroOp::Write(key, value)))
}

fn writes(history: &TxnHistory, id: usize, key: Key) -> bool {
    txn(history, id)
        .iter()
        .any(|step| matches!(step, MicroOp::Write(other, _) if *other == key))
}

/// The reads of what others left there: key, writer, position among the reads.
fn external(history: &TxnHistory, id: usize) -> Vec<(Key, Option<usize>)> {
    let mut own: Vec<Key> = Vec::new();
    let mut reads = Vec::new();
    for step in txn(history, id) {
        match step {
            MicroOp::Write(key, _) => own.push(*key),
            MicroOp::Read(key, value) if !own.contains(key) => {
                reads.push((*key, writer(history, *key, *value)));
            }
            _ => {}
        }
    }
    reads
}

/// Do transactions agree with themselves, and read nothing intermediate or of their own future?
fn is_internally_right(history: &TxnHistory) -> bool {
    (0..history.len()).all(|id| {
        let steps = txn(history, id);
        steps.iter().enumerate().all(|(place, step)| {
            let MicroOp::Read(key, seen) = step else {
                return true;
            };
            let own = steps[..place].iter().rev().find_map(|before| match before {
                MicroOp::Write(other, value) if other == key => Some(*value),
                _ => None,
            });
            if own.is_some() {
                return *seen == own;
            }
            let Some(from) = writer(history, *key, *seen) else {
                return true;
            };
            let last = txn(history, from)
                .iter()
                .rev()
                .find_map(|other| match other {
                    MicroOp::Write(written, value) if written == key => Some(*value),
                    _ => None,
                });
            from != id && last == *seen
        })
    })
}

fn closure(mut before: Vec<Vec<bool>>) -> Vec<Vec<bool>> {
    for middle in 0..before.len() {
        for one in 0..before.len() {
            for other in 0..before.len() {
                before[one][other] |= before[one][middle] && before[middle][other];
            }
        }
    }
    before
}

/// Session order and who read from whom.
fn base(history: &TxnHistory) -> Visible {
    let count = history.len();
    let mut before = vec![vec![false; count]; count];
    for (one, row) in before.iter_mut().enumerate() {
        for (other, cell) in row.iter_mut().enumerate() {
            let reads = external(history, other)
                .iter()
                .any(|(_, from)| *from == Some(one));
            *cell = in_session(history, one, other) || reads;
        }
    }
    Visible { before }
}

/// Read committed, read atomic and causal, after Biswas and Enea: one commit order that keeps the
/// base, in which every other visible writer comes before the one that was read.
fn is_weakly_isolated(history: &TxnHistory, level: Level) -> bool {
    let base = base(history).before;
    let causal = closure(base.clone());
    let respects = |position: &[usize]| {
        let mut pairs = (0..base.len()).flat_map(|one| (0..base.len()).map(move |b| (one, b)));
        pairs.all(|(one, other)| !base[one][other] || position[one] < position[other])
    };
    let reads: Vec<_> = (0..base.len())
        .map(|reader| external(history, reader))
        .collect();
    let explains = |position: &[usize]| {
        (0..base.len()).all(|reader| {
            let reads = &reads[reader];
            reads.iter().enumerate().all(|(at, (key, from))| {
                (0..base.len()).all(|other| {
                    let is_visible = match level {
                        Level::ReadCommitted => reads[..at]
                            .iter()
                            .any(|(_, earlier)| *earlier == Some(other)),
                        Level::ReadAtomic => base[other][reader],
                        _ => causal[other][reader],
                    };
                    let matters = is_visible && Some(other) != *from && other != reader;
                    !matters
                        || !writes(history, other, *key)
                        || from.is_some_and(|from| position[other] < position[from])
                })
            })
        })
    };
    orders(history.len()).iter().any(|order| {
        let mut position = vec![0; order.len()];
        for (at, id) in order.iter().enumerate() {
            position[*id] = at;
        }
        respects(&position) && explains(&position)
    })
}

#[test]
fn weak_levels_agree_with_their_definitions() {
    for level in [Level::ReadCommitted, Level::ReadAtomic, Level::Causal] {
        let mut count = 0;
        for seed in 0..COMPARISONS / 2 {
            let history = random_registers(&mut Stream(seed));
            let holds = is_internally_right(&history) && is_weakly_isolated(&history, level);
            let verdict = sessions::check(&history, level, &mut Meter::default());
            assert_eq!(
                verdict.holds(),
                holds,
                "{level}, seed {seed}: {verdict} {history:#?}"
            );
            count += u64::from(holds);
        }
        assert!(
            count > COMPARISONS / 20 && count < COMPARISONS / 2,
            "{level}: {count}"
        );
    }
}

/// One step a transaction: the histories of single registers.
fn random_singles(stream: &mut Stream) -> TxnHistory {
    let count = 2 + stream.below(4) as usize;
    let processes: Vec<u32> = (0..count).map(|_| stream.below(3) as u32).collect();
    let intervals = intervals(stream, &processes);
    let plan: Vec<(Key, bool)> = (0..count)
        .map(|_| (stream.below(2), stream.chance(50)))
        .collect();
    let txns = plan.iter().enumerate().map(|(number, (key, is_write))| {
        if *is_write {
            return vec![MicroOp::Write(*key, number as Value)];
        }
        let all: Vec<Value> = (0..count)
            .filter(|other| plan[*other] == (*key, true))
            .map(|other| other as Value)
            .collect();
        let choice = stream.below(all.len() as u64 + 1) as usize;
        vec![MicroOp::Read(*key, all.get(choice).copied())]
    });
    let txns: Vec<Txn> = txns.collect();
    history(txns, &processes, &intervals)
}

/// PRAM by definition: for each process an order of its own calls and all writes, in which every
/// process's own order is kept and its reads are explained.
fn is_pram(history: &TxnHistory) -> bool {
    let all = orders(history.len());
    let operations = history.operations();
    (0..3).all(|process| {
        let matters = |id: &usize| {
            operations[*id].process.0 == process
                || matches!(txn(history, *id)[0], MicroOp::Write(..))
        };
        all.iter().any(|order| {
            let order: Vec<usize> = order.iter().copied().filter(matters).collect();
            let kept = (0..order.len()).all(|at| {
                (at + 1..order.len()).all(|later| !in_session(history, order[later], order[at]))
            });
            kept && replays(history, &order)
        })
    })
}

#[test]
fn pram_agrees_with_its_definition_and_causal_implies_it() {
    let mut count = 0;
    for seed in 0..COMPARISONS / 2 {
        let history = random_singles(&mut Stream(seed));
        let judge = |level| sessions::check(&history, level, &mut Meter::default());
        let pram = judge(Level::Pram);
        assert_eq!(
            pram.holds(),
            is_pram(&history),
            "seed {seed}: {pram} {history:#?}"
        );
        count += u64::from(pram.holds());
        if judge(Level::Causal).holds() {
            assert!(pram.holds(), "causal implies PRAM, seed {seed}");
            assert!(judge(Level::WritesFollowReads).holds(), "seed {seed}");
        }
        if pram.holds() {
            for weaker in [
                Level::MonotonicReads,
                Level::MonotonicWrites,
                Level::ReadYourWrites,
            ] {
                let verdict = judge(weaker);
                assert!(
                    verdict.holds(),
                    "PRAM implies {weaker}: {verdict}, seed {seed}"
                );
            }
        }
        if is_serializable(&history, |one, other| in_session(&history, one, other)) {
            assert!(
                judge(Level::Causal).holds(),
                "sequential implies causal, seed {seed}"
            );
        }
    }
    assert!(
        count > COMPARISONS / 20 && count < COMPARISONS / 2,
        "{count}"
    );
}
