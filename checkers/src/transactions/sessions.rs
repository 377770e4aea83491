//! Levels that are about sessions and visibility: read committed, read atomic, causal, PRAM, and
//! the four session guarantees, on histories of registers in which every value is written once.
//!
//! Each is judged by saturation: a reader that saw one writer of a key although another was visible
//! to it puts that other one first; the level holds if and only if what must come first has no
//! cycle. The initial version of each key comes before every other. Levels differ in what is
//! visible, and in whether one order must do for all processes.
//!
//! Biswas & Enea, "On the complexity of checking transactional consistency", 2019 (read committed,
//! read atomic, causal); Bouajjani et al., "On verifying causal consistency", 2017 (bad patterns);
//! AWDIT, 2025 (near-linear saturation); Terry et al., "Session guarantees", 1994.

mod index;
mod lines;
mod order;
mod process;
mod revealed;
mod saturate;

use super::levels::Level;
use super::{Ask, MicroOp, Txn, TxnHistory};
use crate::anomaly::AnomalyName;
use crate::budget::Meter;
use crate::history::{History, Operation, Outcome};
use crate::verdict::{Anomaly, Reason, Verdict};
use index::Index;
use order::Order;
use saturate::{Saturate, causal, is_acyclic, read_atomic, read_committed};

/// Is this a level that this module judges, rather than the search for cycles?
pub fn is_own_level(ask: &Ask) -> bool {
    let Ask::Level(level) = ask else { return false };
    matches!(
        level,
        Level::Causal
            | Level::Pram
            | Level::ReadAtomic
            | Level::MonotonicReads
            | Level::MonotonicWrites
            | Level::ReadYourWrites
            | Level::WritesFollowReads
    )
}

/// Does a history of registers keep a level? Sessions are processes; real time is not looked at.
pub fn check(history: &TxnHistory, level: Level, meter: &mut Meter<'_>) -> Verdict {
    let index = match Index::new(history) {
        Ok(index) => index,
        Err(reason) => return Verdict::Unknown(reason),
    };
    let mut found = index.direct();
    let judged = match level {
        Level::ReadCommitted => global(&index, level, read_committed, meter),
        Level::ReadAtomic => global(&index, level, read_atomic, meter),
        Level::Causal => global(&index, level, causal, meter),
        Level::Pram
        | Level::MonotonicReads
        | Level::MonotonicWrites
        | Level::ReadYourWrites
        | Level::WritesFollowReads => process::check(&index, level, meter),
        _ => {
            let words = format!("level {level} is not one of sessions and visibility");
            Err(Reason::NotEnoughKnown(words))
        }
    };
    match judged {
        Ok(more) => found.extend(more),
        Err(reason) if found.is_empty() => return Verdict::Unknown(reason),
        Err(_) => {}
    }
    Verdict::from_anomalies(found)
}

/// A history of lists as one of registers: an append writes, and a list is its last element.
///
/// Whoever breaks a level here breaks it there; that a list lacks an element before its last one is
/// not seen.
pub fn of_lists(history: &TxnHistory) -> TxnHistory {
    let step = |step: &MicroOp| match step {
        MicroOp::Append(key, value) => MicroOp::Write(*key, *value),
        MicroOp::ReadList(key, values) => MicroOp::Read(*key, values.last().copied()),
        step => step.clone(),
    };
    let single = |operation: &Operation<Txn, Txn>| Operation {
        process: operation.process,
        call: operation.call.iter().map(step).collect(),
        invoked: operation.invoked,
        outcome: match &operation.outcome {
            Outcome::Ok { at, response } => Outcome::Ok {
                at: *at,
                response: response.iter().map(step).collect(),
            },
            Outcome::Fail { at } => Outcome::Fail { at: *at },
            Outcome::Info => Outcome::Info,
        },
    };
    let operations = history.operations().iter().map(single).collect();
    History::from_operations(operations).expect("a history in other words is still one")
}

/// The name of a breach of a level.
fn breach(level: Level) -> AnomalyName {
    match level {
        Level::ReadAtomic => AnomalyName::FracturedRead,
        Level::Causal => AnomalyName::NonCausal,
        Level::Pram => AnomalyName::NonPram,
        Level::MonotonicWrites => AnomalyName::NonMonotonicWrite,
        Level::ReadYourWrites => AnomalyName::OwnWriteUnseen,
        Level::WritesFollowReads => AnomalyName::WriteBeforeRead,
        _ => AnomalyName::NonMonotonicRead,
    }
}

/// Levels at which one order must do for all.
fn global(
    index: &Index<'_>,
    level: Level,
    saturate: Saturate,
    meter: &mut Meter<'_>,
) -> Result<Vec<Anomaly>, Reason> {
    let mut passed = Order::empty(index);
    saturate(&mut passed, index, meter)?;
    if passed.initial.is_none() && is_acyclic(index, &passed) {
        return Ok(Vec::new());
    }
    // Something is wrong; what it is wants all edges with their reasons.
    let mut order = Order::base(index);
    if let Some(cycle) = order.cycle() {
        return Ok(vec![order.tell(index, &cycle, AnomalyName::G1cProcess)]);
    }
    if let Some(anomaly) = passed.initial_breach(index, breach(level)) {
        return Ok(vec![anomaly]);
    }
    order.edges.append(&mut passed.edges);
    let cycle = order.cycle().expect("what is not acyclic has a cycle");
    Ok(vec![order.tell(index, &cycle, breach(level))])
}
