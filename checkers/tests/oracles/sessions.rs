//! Levels of sessions and visibility against their definitions, by brute force, on small random
//! histories.

use crate::common::Stream;
use crate::common::transactions::*;
use murphy_checkers::Meter;
use murphy_checkers::transactions::{Key, Level, MicroOp, Txn, TxnHistory, Value, sessions};
use std::ops::Range;

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

/// Read committed, read atomic and causal agree with their definitions.
pub(crate) fn weak_levels(seeds: Range<u64>) -> u64 {
    let histories = seeds.end - seeds.start;
    for level in [Level::ReadCommitted, Level::ReadAtomic, Level::Causal] {
        let mut count = 0;
        for seed in seeds.clone() {
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
            count * 10 > histories && count < histories,
            "{level}: {count}"
        );
    }
    histories
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

/// PRAM agrees with its definition; sequential implies causal and PRAM, and these the guarantees.
pub(crate) fn pram(seeds: Range<u64>) -> u64 {
    let histories = seeds.end - seeds.start;
    let mut count = 0;
    for seed in seeds.clone() {
        let history = random_singles(&mut Stream(seed));
        let judge = |level| sessions::check(&history, level, &mut Meter::default());
        let pram = judge(Level::Pram);
        assert_eq!(
            pram.holds(),
            is_pram(&history),
            "seed {seed}: {pram} {history:#?}"
        );
        count += u64::from(pram.holds());
        let guarantees = [
            Level::MonotonicReads,
            Level::MonotonicWrites,
            Level::ReadYourWrites,
            Level::WritesFollowReads,
        ];
        if judge(Level::Causal).holds() {
            for weaker in guarantees {
                let verdict = judge(weaker);
                assert!(
                    verdict.holds(),
                    "causal implies {weaker}: {verdict}, seed {seed}"
                );
            }
        }
        if pram.holds() {
            for weaker in &guarantees[..3] {
                let verdict = judge(*weaker);
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
            assert!(pram.holds(), "sequential implies PRAM, seed {seed}");
        }
    }
    assert!(count * 10 > histories && count < histories, "{count}");
    histories
}
