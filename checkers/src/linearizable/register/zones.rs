//! Registers whose values are written once: judged by zones, in near-linear time.
//!
//! A value's zone lies between the first end and the last beginning of its operations. Where the
//! first end is earlier, the value was certainly there all through the zone (a forward zone);
//! otherwise all its operations overlap at some point (a backward zone). The history is linearizable
//! if and only if no two forward zones overlap and no backward zone lies inside a forward one.
//!
//! Gibbons & Korach, "Testing shared memories", 1997.

use super::names::{Value, Values};
use super::{Register, RegisterHistory};
use crate::anomaly::AnomalyName;
use crate::linearizable::explain::tell;
use crate::verdict::Anomaly;
use std::fmt::Debug;
use std::hash::Hash;

/// What the zones of one register say.
pub(super) enum Judged {
    /// There is an order.
    Linearizable,
    /// There is none, and this is why.
    Illegal(Box<Anomaly>),
    /// Some value is written twice, or there are compare-and-sets: the zones say nothing.
    NotUnique,
}

/// The interval of one value.
#[derive(Clone, Copy, Debug)]
struct Zone {
    value: u32,
    /// The first end of an operation on the value.
    first_end: u64,
    /// The last beginning of one.
    last_begin: u64,
    /// The operation that ends first and the one that begins last, for the telling.
    first: Option<usize>,
    last: Option<usize>,
}

/// Judges the values of one register, once [`super::names::proofs_of`] found nothing.
pub(super) fn judge<K, V>(
    model: &Register<K, V>,
    history: &RegisterHistory<K, V>,
    gathered: &Values,
) -> Judged
where
    K: Ord + Clone + Debug,
    V: Ord + Clone + Hash + Debug,
{
    let is_once = |value: &Value| value.writers <= 1;
    if gathered.has_cas || !gathered.values.iter().all(is_once) {
        return Judged::NotUnique;
    }
    match conflict(&zones(gathered)) {
        None => Judged::Linearizable,
        Some((held, other)) => {
            Judged::Illegal(Box::new(explain(model, history, gathered, held, other)))
        }
    }
}

/// The zone of each value that was seen or certainly written.
fn zones(gathered: &Values) -> Vec<Zone> {
    let zone = |(number, value): (usize, &Value)| Zone {
        value: number as u32,
        first_end: value.known,
        last_begin: value.begun,
        first: value.known_by,
        last: value.writer,
    };
    let mut zones: Vec<Zone> = gathered.values.iter().enumerate().map(zone).collect();
    for sighting in &gathered.sightings {
        let zone = &mut zones[sighting.value as usize];
        if sighting.invoked > zone.last_begin {
            zone.last_begin = sighting.invoked;
            zone.last = Some(sighting.operation);
        }
    }
    // A write whose end is unknown and whose value nobody saw need never have happened.
    zones.retain(|zone| zone.first_end != u64::MAX);
    zones
}

/// A forward zone, and a zone that cannot be beside it.
fn conflict(zones: &[Zone]) -> Option<(Zone, Zone)> {
    let mut forward: Vec<Zone> = zones
        .iter()
        .copied()
        .filter(|zone| zone.first_end < zone.last_begin)
        .collect();
    forward.sort_unstable_by_key(|zone| zone.first_end);
    for pair in forward.windows(2) {
        if pair[1].first_end < pair[0].last_begin {
            return Some((pair[0], pair[1]));
        }
    }
    for zone in zones.iter().filter(|zone| zone.first_end > zone.last_begin) {
        let before = forward.partition_point(|held| held.first_end < zone.last_begin);
        if let Some(held) = before.checked_sub(1).map(|last| forward[last])
            && zone.first_end < held.last_begin
        {
            return Some((held, *zone));
        }
    }
    None
}

fn explain<K, V>(
    model: &Register<K, V>,
    history: &RegisterHistory<K, V>,
    gathered: &Values,
    held: Zone,
    other: Zone,
) -> Anomaly
where
    K: Ord + Clone + Debug,
    V: Ord + Clone + Hash + Debug,
{
    let words = |id: usize| tell(model, &history.operations()[id], id);
    let describe = |zone: &Zone| {
        let mut ids: Vec<usize> = gathered.values[zone.value as usize]
            .writer
            .into_iter()
            .collect();
        ids.extend(zone.first);
        ids.extend(zone.last);
        ids.dedup();
        ids
    };
    let stale = held
        .last
        .expect("the last beginning in a forward zone is a read's");
    let mut operations = describe(&held);
    operations.extend(describe(&other));
    operations.sort_unstable();
    operations.dedup();
    let explanation = format!(
        "{} saw a value that was there before, though another value was there in between",
        words(stale)
    );
    let first_seen = match held.first {
        Some(id) => format!("the value was there when this ended: {}", words(id)),
        None => "the value was there initially".to_owned(),
    };
    let mut steps = vec![first_seen];
    let between: Vec<String> = describe(&other).into_iter().map(words).collect();
    steps.push(format!(
        "another value was there in between: {}",
        between.join("; ")
    ));
    steps.push(format!(
        "and the first value was seen again: {}",
        words(stale)
    ));
    Anomaly::new(AnomalyName::StaleRead, explanation)
        .with_operations(operations)
        .with_steps(steps)
}
