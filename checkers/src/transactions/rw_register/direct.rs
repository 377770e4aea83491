//! What is wrong in a register history without any cycle: reads of what was aborted, not complete,
//! never written, or not what the transaction itself had left there.

use super::super::{TOLD_MAX, tell};
use super::{Index, MicroOp, NONE, steps};
use crate::anomaly::AnomalyName::{self, *};
use crate::verdict::Anomaly;
use std::collections::BTreeMap;

/// All direct anomalies, the first few of each name.
pub(super) fn find(index: &Index<'_>) -> Vec<Anomaly> {
    let mut found = Findings {
        index,
        found: Vec::new(),
    };
    for transaction in 0..index.history.len() as u32 {
        if index.history.operations()[transaction as usize].is_ok() {
            found.transaction(transaction);
        }
    }
    found.lost_updates();
    found.found
}

struct Findings<'a> {
    index: &'a Index<'a>,
    found: Vec<Anomaly>,
}

impl Findings<'_> {
    fn add(&mut self, name: AnomalyName, transactions: &[u32], explanation: String) {
        let told = self
            .found
            .iter()
            .filter(|anomaly| anomaly.name == name)
            .count();
        if told >= TOLD_MAX {
            return;
        }
        let ids: Vec<usize> = transactions.iter().map(|id| *id as usize).collect();
        let steps: Vec<String> = ids.iter().map(|id| tell(self.index.history, *id)).collect();
        self.found.push(
            Anomaly::new(name, explanation)
                .with_operations(ids)
                .with_steps(steps),
        );
    }

    fn transaction(&mut self, transaction: u32) {
        let micros = steps(self.index.history, transaction as usize);
        let mut there: BTreeMap<u64, Option<i64>> = BTreeMap::new();
        for (place, micro) in micros.iter().enumerate() {
            match micro {
                MicroOp::Write(key, value) => {
                    there.insert(*key, Some(*value));
                }
                MicroOp::Read(key, value) => match there.insert(*key, *value) {
                    Some(before) if before != *value => {
                        let words = format!(
                            "T{transaction} read {} though it had itself read or written {} before",
                            MicroOp::Read(*key, *value),
                            MicroOp::Read(*key, before)
                        );
                        self.add(Internal, &[transaction], words);
                    }
                    Some(_) => {}
                    None => self.external(transaction, place, *key, *value),
                },
                MicroOp::Append(..) | MicroOp::ReadList(..) => {}
            }
        }
    }

    /// A read of what others left there.
    fn external(&mut self, transaction: u32, place: usize, key: u64, value: Option<i64>) {
        let Some(value) = value else { return };
        let number = self.index.numbers[&(key, Some(value))];
        let version = self.index.versions[number as usize];
        let writer = version.writer;
        if writer == NONE {
            let words = format!("T{transaction} read {key}={value}, which nobody wrote");
            self.add(GarbageRead, &[transaction], words);
        } else if writer == transaction {
            let micros = steps(self.index.history, transaction as usize);
            let later = micros[place..].contains(&MicroOp::Write(key, value));
            assert!(
                later,
                "an external read precedes the transaction's own writes"
            );
            let words = format!("T{transaction} read {key}={value}, which it wrote only later");
            self.add(FutureRead, &[transaction], words);
        } else if self.index.history.operations()[writer as usize].is_fail() {
            let words =
                format!("T{transaction} read {key}={value}, which the aborted T{writer} wrote");
            self.add(G1a, &[writer, transaction], words);
        } else if !version.is_final {
            let words = format!(
                "T{transaction} read {key}={value}, which its writer T{writer} overwrote itself"
            );
            self.add(G1b, &[writer, transaction], words);
        }
    }

    /// Several committed transactions that read one version of a key and wrote the next.
    fn lost_updates(&mut self) {
        let mut updates: Vec<(u32, u32)> = self
            .index
            .touches
            .iter()
            .filter(|touch| touch.read != NONE && touch.wrote != NONE)
            .map(|touch| (touch.read, touch.transaction))
            .collect();
        updates.sort_unstable();
        for group in updates.chunk_by(|one, other| one.0 == other.0) {
            if let [(version, first), (_, second), ..] = group {
                let words = format!(
                    "T{first} and T{second} both read {} and wrote the key",
                    self.index.name(*version)
                );
                self.add(LostUpdate, &[*first, *second], words);
            }
        }
    }
}
