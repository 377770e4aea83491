//! Delivery of events: what was published, acknowledged, delivered and applied, and what of it a
//! mode promises.
//!
//! Plain data in, a verdict out. Times are nanoseconds on one clock; two things at one time are not
//! ordered. An event is named by a number that is its own; an attempt to publish it again under the
//! same number is the same event.

mod order;

use crate::anomaly::AnomalyName;
use crate::verdict::{Anomaly, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How a publication ended, as far as its producer knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Publication {
    /// Acknowledged (or its transaction committed) at this time.
    Acked(u64),
    /// Refused, or its transaction aborted: it must not appear.
    Failed,
    /// Nobody knows.
    Unknown,
}

/// One event that a producer tried to publish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// The event.
    pub event: u64,
    /// Its key: order is promised within one.
    pub key: u64,
    /// Its producer.
    pub producer: u32,
    /// When publication began.
    pub begun: u64,
    /// How it ended.
    pub publication: Publication,
    /// Where a log put it, as far as the producer was told: partition and offset.
    pub offset: Option<(u32, u64)>,
    /// Events that its producer had delivered or published before and that it may depend on.
    pub depends_on: Vec<u64>,
    /// The operation of the history, if any: what evidence refers to.
    pub operation: Option<usize>,
}

/// One event that reached a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    /// The receiver: a consumer, a replica, a view.
    pub receiver: u32,
    /// The event.
    pub event: u64,
    /// When.
    pub at: u64,
}

/// Everything that was seen; arrivals are in the order in which each receiver had them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// What producers tried.
    pub published: Vec<Published>,
    /// What was handed to receivers.
    pub delivered: Vec<Arrival>,
    /// What took effect at receivers; empty where effects are not looked at.
    pub applied: Vec<Arrival>,
    /// Receivers that must have everything by the end.
    pub receivers: Vec<u32>,
}

/// What a mode promises; phantoms are always forbidden.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// Every acknowledged event reaches every receiver by the end.
    pub no_loss: bool,
    /// An event that reached one receiver reaches all.
    pub agreement: bool,
    /// No event is delivered to one receiver twice.
    pub at_most_once: bool,
    /// No event takes effect at one receiver twice.
    pub effect_once: bool,
    /// Every acknowledged event takes effect at every receiver by the end.
    pub effect_always: bool,
    /// Events of one key arrive in the order of their publication.
    pub order_per_key: bool,
    /// Events of one producer arrive in the order of their publication.
    pub order_per_producer: bool,
    /// No event arrives before one that it depends on.
    pub causal_order: bool,
    /// All receivers have their common events in one order.
    pub total_order: bool,
    /// Offsets of a partition are given once, and without holes.
    pub offsets: bool,
}

/// Findings of one kind that are told before the rest is left out.
const TOLD_MAX: usize = 16;

/// Does what was seen keep the promise?
pub fn check(seen: &Seen, promise: Promise) -> Verdict {
    let index = Index::new(seen);
    let mut found = index.phantoms(&seen.delivered, "delivered");
    found.extend(index.phantoms(&seen.applied, "applied"));
    if promise.no_loss {
        found.extend(index.losses(&seen.delivered, AnomalyName::LostEvent, "delivered"));
    }
    if promise.effect_always {
        found.extend(index.losses(&seen.applied, AnomalyName::LostEvent, "applied"));
    }
    if promise.agreement {
        found.extend(index.disagreements());
    }
    if promise.at_most_once {
        let name = AnomalyName::DuplicateDelivery;
        found.extend(index.repetitions(&seen.delivered, name, "delivered"));
    }
    if promise.effect_once {
        let name = AnomalyName::DuplicateEffect;
        found.extend(index.repetitions(&seen.applied, name, "applied"));
    }
    found.extend(order::violations(&index, promise));
    if promise.offsets {
        found.extend(index.offsets());
    }
    Verdict::from_anomalies(found)
}

/// What was seen, by event.
struct Index<'a> {
    seen: &'a Seen,
    by_event: BTreeMap<u64, Vec<&'a Published>>,
}

impl<'a> Index<'a> {
    fn new(seen: &'a Seen) -> Self {
        let mut by_event: BTreeMap<u64, Vec<&Published>> = BTreeMap::new();
        for published in &seen.published {
            by_event.entry(published.event).or_default().push(published);
        }
        Self { seen, by_event }
    }

    /// The first attempt to publish an event.
    fn first(&self, event: u64) -> Option<&'a Published> {
        self.by_event
            .get(&event)?
            .iter()
            .copied()
            .min_by_key(|published| published.begun)
    }

    fn operations(&self, event: u64) -> Vec<usize> {
        let attempts = self.by_event.get(&event).into_iter().flatten();
        attempts
            .filter_map(|published| published.operation)
            .collect()
    }

    /// When the first acknowledgement of each acknowledged event came.
    fn acked(&self) -> impl Iterator<Item = (u64, u64)> {
        self.by_event.iter().filter_map(|(event, attempts)| {
            let acks = attempts
                .iter()
                .filter_map(|published| match published.publication {
                    Publication::Acked(at) => Some(at),
                    Publication::Failed | Publication::Unknown => None,
                });
            acks.min().map(|at| (*event, at))
        })
    }

    fn phantoms(&self, arrivals: &[Arrival], what: &str) -> Vec<Anomaly> {
        let judge = |arrival: &Arrival| {
            let Arrival {
                receiver,
                event,
                at,
            } = *arrival;
            let attempts = self.by_event.get(&event).map_or(&[][..], Vec::as_slice);
            let is_failed = |attempt: &&Published| attempt.publication == Publication::Failed;
            let why = if attempts.is_empty() {
                "nobody published it".to_owned()
            } else if attempts.iter().all(is_failed) {
                "its publication failed".to_owned()
            } else if attempts.iter().all(|attempt| attempt.begun > at) {
                "nobody had begun to publish it".to_owned()
            } else {
                return None;
            };
            let explanation =
                format!("event {event} was {what} at receiver {receiver} at {at} ns, but {why}");
            Some(
                Anomaly::new(AnomalyName::PhantomEvent, explanation)
                    .with_operations(self.operations(event)),
            )
        };
        arrivals.iter().filter_map(judge).take(TOLD_MAX).collect()
    }

    fn losses(&self, arrivals: &[Arrival], name: AnomalyName, what: &str) -> Vec<Anomaly> {
        let had: BTreeSet<(u32, u64)> = arrivals
            .iter()
            .map(|arrival| (arrival.receiver, arrival.event))
            .collect();
        let mut found = Vec::new();
        for (event, at) in self.acked() {
            let receivers = self.seen.receivers.iter().copied();
            let missing: Vec<u32> = receivers
                .filter(|receiver| !had.contains(&(*receiver, event)))
                .collect();
            if !missing.is_empty() && found.len() < TOLD_MAX {
                let explanation = format!(
                    "event {event} was acknowledged at {at} ns and never {what} at {missing:?}"
                );
                found.push(Anomaly::new(name, explanation).with_operations(self.operations(event)));
            }
        }
        found
    }

    fn disagreements(&self) -> Vec<Anomaly> {
        let mut receivers: BTreeMap<u64, BTreeSet<u32>> = BTreeMap::new();
        for arrival in &self.seen.delivered {
            receivers
                .entry(arrival.event)
                .or_default()
                .insert(arrival.receiver);
        }
        let judge = |(event, had): (u64, BTreeSet<u32>)| {
            let missing: Vec<u32> = self
                .seen
                .receivers
                .iter()
                .copied()
                .filter(|receiver| !had.contains(receiver))
                .collect();
            let explanation =
                format!("event {event} was delivered at {had:?} and never at {missing:?}");
            (!missing.is_empty()).then(|| {
                Anomaly::new(AnomalyName::DeliveryDisagreement, explanation)
                    .with_operations(self.operations(event))
            })
        };
        receivers
            .into_iter()
            .filter_map(judge)
            .take(TOLD_MAX)
            .collect()
    }

    fn repetitions(&self, arrivals: &[Arrival], name: AnomalyName, what: &str) -> Vec<Anomaly> {
        let mut first: BTreeMap<(u32, u64), u64> = BTreeMap::new();
        let mut found = Vec::new();
        for &Arrival {
            receiver,
            event,
            at,
        } in arrivals
        {
            match first.get(&(receiver, event)) {
                None => {
                    first.insert((receiver, event), at);
                }
                Some(before) if found.len() < TOLD_MAX => {
                    let explanation = format!(
                        "event {event} was {what} at receiver {receiver} at {before} ns and again \
                         at {at} ns"
                    );
                    found.push(
                        Anomaly::new(name, explanation).with_operations(self.operations(event)),
                    );
                }
                Some(_) => {}
            }
        }
        found
    }

    /// Offsets are given to one event each, and leave no hole below the last one.
    fn offsets(&self) -> Vec<Anomaly> {
        let mut given: BTreeMap<(u32, u64), &Published> = BTreeMap::new();
        let mut found = Vec::new();
        for published in &self.seen.published {
            let Some((partition, offset)) = published.offset else {
                continue;
            };
            let other = given.entry((partition, offset)).or_insert(published);
            if other.event != published.event {
                let explanation = format!(
                    "offset {offset} of partition {partition} was given to event {} and to event {}",
                    other.event, published.event
                );
                let operations = other.operation.into_iter().chain(published.operation);
                found.push(
                    Anomaly::new(AnomalyName::OffsetReused, explanation)
                        .with_operations(operations),
                );
            }
        }
        let is_certain = self
            .seen
            .published
            .iter()
            .all(|event| event.publication != Publication::Unknown);
        let mut expected: BTreeMap<u32, u64> = BTreeMap::new();
        for (&(partition, offset), published) in given.iter().filter(|_| is_certain) {
            let next = expected.entry(partition).or_insert(0);
            if offset > *next {
                let explanation = format!(
                    "partition {partition} has no event at offsets {next} to {}",
                    offset - 1
                );
                found.push(
                    Anomaly::new(AnomalyName::OffsetGap, explanation)
                        .with_operations(published.operation),
                );
            }
            *next = offset + 1;
        }
        found.truncate(TOLD_MAX);
        found
    }
}

#[cfg(test)]
mod tests;
