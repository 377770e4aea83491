//! Orders of delivery: per key, per producer, causal, total.
//!
//! A receiver's order is that of its first deliveries: delivering an old event again is a
//! repetition, not a disorder.

use super::{Arrival, Index, Promise, Publication, Published, TOLD_MAX};
use crate::anomaly::AnomalyName;
use crate::verdict::Anomaly;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that was delivered in an order that the promise excludes.
pub(super) fn violations(index: &Index<'_>, promise: Promise) -> Vec<Anomaly> {
    let receivers = firsts(&index.seen.delivered);
    let mut found = Vec::new();
    for (receiver, events) in &receivers {
        if promise.order_per_key {
            found.extend(disorders(index, *receiver, events, "key", |event| {
                event.key
            }));
        }
        if promise.order_per_producer {
            let producer = |event: &Published| u64::from(event.producer);
            found.extend(disorders(index, *receiver, events, "producer", producer));
        }
        if promise.causal_order {
            found.extend(causal(index, *receiver, events));
        }
    }
    if promise.total_order {
        found.extend(total(index, &receivers));
    }
    found
}

/// Each receiver's events in the order of their first delivery.
fn firsts(delivered: &[Arrival]) -> BTreeMap<u32, Vec<u64>> {
    let mut had: BTreeSet<(u32, u64)> = BTreeSet::new();
    let mut firsts: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
    for arrival in delivered {
        if had.insert((arrival.receiver, arrival.event)) {
            firsts
                .entry(arrival.receiver)
                .or_default()
                .push(arrival.event);
        }
    }
    firsts
}

/// Events of one line (a key, a producer) that came after one whose publication began later.
///
/// One event is published before another if it was acknowledged before the other was begun.
fn disorders(
    index: &Index<'_>,
    receiver: u32,
    events: &[u64],
    what: &str,
    line: impl Fn(&Published) -> u64,
) -> Vec<Anomaly> {
    let mut latest: BTreeMap<u64, &Published> = BTreeMap::new();
    let mut found = Vec::new();
    for published in events.iter().filter_map(|event| index.first(*event)) {
        let line = line(published);
        if let Some(before) = latest.get(&line)
            && let Publication::Acked(at) = published.publication
            && at < before.begun
            && found.len() < TOLD_MAX
        {
            let explanation = format!(
                "receiver {receiver} had event {} before event {} of the same {what} {line}, \
                 which was acknowledged ({at} ns) before the other was begun ({} ns)",
                before.event, published.event, before.begun
            );
            let operations = published.operation.into_iter().chain(before.operation);
            found.push(
                Anomaly::new(AnomalyName::OutOfOrder, explanation).with_operations(operations),
            );
        }
        let latest = latest.entry(line).or_insert(published);
        if published.begun > latest.begun {
            *latest = published;
        }
    }
    found
}

/// Events delivered before one that they depend on.
fn causal(index: &Index<'_>, receiver: u32, events: &[u64]) -> Vec<Anomaly> {
    let position: BTreeMap<u64, usize> = events
        .iter()
        .enumerate()
        .map(|(position, event)| (*event, position))
        .collect();
    let mut found = Vec::new();
    for (at, published) in events
        .iter()
        .enumerate()
        .filter_map(|(at, event)| Some((at, index.first(*event)?)))
    {
        let late = published
            .depends_on
            .iter()
            .find(|cause| position.get(cause).is_none_or(|position| *position > at));
        if let Some(cause) = late.filter(|_| found.len() < TOLD_MAX) {
            let explanation = format!(
                "receiver {receiver} had event {} before event {cause}, on which it depends",
                published.event
            );
            let mut operations = index.operations(*cause);
            operations.extend(published.operation);
            found.push(
                Anomaly::new(AnomalyName::CausalOrder, explanation).with_operations(operations),
            );
        }
    }
    found
}

/// Pairs of receivers that had two events in opposite orders.
fn total(index: &Index<'_>, receivers: &BTreeMap<u32, Vec<u64>>) -> Vec<Anomaly> {
    let mut found = Vec::new();
    let lists: Vec<(u32, &Vec<u64>)> = receivers
        .iter()
        .map(|(receiver, events)| (*receiver, events))
        .collect();
    for (number, (one, events)) in lists.iter().enumerate() {
        let position: BTreeMap<u64, usize> = events
            .iter()
            .enumerate()
            .map(|(position, event)| (*event, position))
            .collect();
        for (other, others) in &lists[number + 1..] {
            let common = others.iter().filter(|event| position.contains_key(event));
            let common: Vec<u64> = common.copied().collect();
            let swapped = common
                .windows(2)
                .find(|pair| position[&pair[0]] > position[&pair[1]]);
            if let Some([first, second]) = swapped {
                let explanation = format!(
                    "receiver {other} had event {first} before event {second}, receiver {one} had \
                     them the other way round"
                );
                let mut operations = index.operations(*first);
                operations.extend(index.operations(*second));
                found.push(
                    Anomaly::new(AnomalyName::TotalOrder, explanation).with_operations(operations),
                );
            }
        }
    }
    found.truncate(TOLD_MAX);
    found
}
