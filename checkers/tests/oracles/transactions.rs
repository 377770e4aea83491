//! Transactions: the levels that are judged by cycles against their definitions, by brute force, on
//! small random histories.

use crate::common::Stream;
use crate::common::transactions::*;
use murphy_checkers::transactions::{
    Ask, Key, Level, MicroOp, Txn, TxnHistory, Value, VersionOrders, check_list_append,
    check_rw_register,
};
use murphy_checkers::{History, Meter, Verdict};
use std::collections::BTreeMap;
use std::ops::Range;

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

/// List-append levels agree with their definitions.
pub(crate) fn list_append(seeds: Range<u64>) -> u64 {
    let histories = seeds.end - seeds.start;
    let mut counts = [0; 4];
    for seed in seeds {
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
        assert!(count * 50 > histories, "enough histories hold: {counts:?}");
        assert!(
            count * 10 < histories * 9,
            "enough histories are broken: {counts:?}"
        );
    }
    histories
}

/// A stronger level never passes where a weaker one fails.
pub(crate) fn implications(seeds: Range<u64>) -> u64 {
    let histories = seeds.end - seeds.start;
    for seed in seeds {
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
    histories
}

/// The names of processes and values mean nothing.
pub(crate) fn names(seeds: Range<u64>) -> u64 {
    let histories = seeds.end - seeds.start;
    for seed in seeds {
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
    histories
}

/// Register transactions that are serializable are never condemned.
pub(crate) fn rw_register(seeds: Range<u64>) -> u64 {
    let histories = seeds.end - seeds.start;
    let none = VersionOrders {
        complete: true,
        ..VersionOrders::default()
    };
    let mut condemned = 0;
    for seed in seeds {
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
    assert!(condemned * 10 > histories, "enough is found: {condemned}");
    histories
}
