//! Polls: each process goes through a partition forward and without holes.

use super::index::Index;
use super::{LogAct, LogEnd, LogStep, Offset, Partition, Polled};
use crate::anomaly::AnomalyName;
use crate::verdict::Anomaly;
use std::collections::BTreeMap;

/// Where a process stands in a partition, and the operation that brought it there.
type Places = BTreeMap<Partition, (Offset, usize)>;

/// Skips and steps back, within operations and between those of one process.
pub(super) fn polls(index: &Index<'_>) -> Vec<Anomaly> {
    let mut found = Vec::new();
    let mut processes: BTreeMap<u32, Places> = BTreeMap::new();
    for (id, operation) in index.operations.iter().enumerate() {
        let places = processes.entry(operation.process).or_default();
        match &operation.act {
            // An assignment that failed changed nothing; of an unknown one nothing is known.
            LogAct::Assign(_) | LogAct::Reset if operation.end == LogEnd::Failed => {}
            LogAct::Assign(kept) if operation.end == LogEnd::Ok => {
                places.retain(|partition, _| kept.contains(partition));
            }
            LogAct::Assign(_) | LogAct::Reset => places.clear(),
            LogAct::Steps(steps) => {
                let after = walk(index, id, steps, places.clone(), &mut found);
                match operation.end {
                    LogEnd::Ok => *places = after,
                    LogEnd::Failed => {}
                    LogEnd::Unknown => {
                        places.retain(|partition, place| after.get(partition) == Some(place));
                    }
                }
            }
        }
    }
    found
}

/// Follows one operation, and gives the places where it leaves its process.
fn walk(
    index: &Index<'_>,
    id: usize,
    steps: &[LogStep],
    mut places: Places,
    found: &mut Vec<Anomaly>,
) -> Places {
    for step in steps {
        match step {
            LogStep::Send { .. } => {}
            LogStep::Rebalance(partitions) => {
                places.retain(|partition, _| !partitions.contains(partition));
            }
            LogStep::Poll(polled) => {
                for got in polled {
                    let before = places.insert(got.partition, (got.offset, id));
                    if let Some(before) = before {
                        found.extend(judge(index, before, got, id));
                    }
                }
            }
        }
    }
    places
}

fn judge(
    index: &Index<'_>,
    (before, earlier): (Offset, usize),
    got: &Polled,
    id: usize,
) -> Option<Anomaly> {
    let is_inside = earlier == id;
    let Polled {
        partition, offset, ..
    } = *got;
    let how = if is_inside {
        "within one operation"
    } else {
        "from one operation to the next"
    };
    if offset <= before {
        let name = if is_inside {
            AnomalyName::IntNonMonotonicPoll
        } else {
            AnomalyName::ExtNonMonotonicPoll
        };
        let words = format!(
            "the polls of partition {partition} go back from offset {before} to {offset}, {how}"
        );
        return Some(index.anomaly(name, words, &[earlier, id]));
    }
    let skipped = index.lines[&partition].between(before, offset);
    let first = skipped.first()?;
    let name = if is_inside {
        AnomalyName::IntPollSkip
    } else {
        AnomalyName::ExtPollSkip
    };
    let words = format!(
        "the polls of partition {partition} go from offset {before} to {offset}, {how}, and pass \
         over {} committed messages, the first at {first}",
        skipped.len()
    );
    Some(index.anomaly(name, words, &[earlier, id]))
}
