//! Sends: a process's messages stand in a partition in the order in which it sent them.

use super::index::Index;
use super::{LogEnd, LogStep, Offset, Partition};
use crate::anomaly::AnomalyName;
use crate::verdict::Anomaly;
use std::collections::BTreeMap;

/// Sends that go back, and sends of one operation with others' messages between them.
pub(super) fn sends(index: &Index<'_>) -> Vec<Anomaly> {
    let mut found = Vec::new();
    // The last acknowledged send of each process to each partition, and its operation.
    let mut last: BTreeMap<(u32, Partition), (Offset, usize)> = BTreeMap::new();
    for (id, operation) in index.operations.iter().enumerate() {
        if operation.end == LogEnd::Failed {
            continue;
        }
        let mut own: BTreeMap<Partition, Offset> = BTreeMap::new();
        for step in index.steps(id) {
            let LogStep::Send {
                partition,
                message,
                offset,
            } = step
            else {
                continue;
            };
            let Some(place) = index.place(*partition, *message, *offset) else {
                continue;
            };
            match own.insert(*partition, place) {
                Some(before) => found.extend(inside(index, *partition, before, place, id)),
                None => {
                    let earlier = last.get(&(operation.process, *partition));
                    found.extend(earlier.and_then(|(before, earlier)| {
                        between(index, *partition, (*before, *earlier), (place, id))
                    }));
                }
            }
        }
        // An unknown send may arrive at any later time: nothing need come after it.
        if operation.end == LogEnd::Ok {
            for (partition, place) in own {
                last.insert((operation.process, partition), (place, id));
            }
        }
    }
    found
}

fn inside(
    index: &Index<'_>,
    partition: Partition,
    before: Offset,
    place: Offset,
    id: usize,
) -> Option<Anomaly> {
    if place <= before {
        let words = format!(
            "the sends of one operation to partition {partition} go back from offset {before} to \
             {place}"
        );
        return Some(index.anomaly(AnomalyName::IntNonMonotonicSend, words, &[id]));
    }
    let others = index.lines[&partition].between(before, place);
    let first = others.first()?;
    let words = format!(
        "between the sends of one operation to offsets {before} and {place} of partition \
         {partition} there are {} others, the first at {first}",
        others.len()
    );
    Some(index.anomaly(AnomalyName::IntSendSkip, words, &[id]))
}

fn between(
    index: &Index<'_>,
    partition: Partition,
    (before, earlier): (Offset, usize),
    (place, id): (Offset, usize),
) -> Option<Anomaly> {
    (place <= before).then(|| {
        let words = format!(
            "a process sent to offset {before} of partition {partition}, and after that to {place}"
        );
        index.anomaly(AnomalyName::ExtNonMonotonicSend, words, &[earlier, id])
    })
}
