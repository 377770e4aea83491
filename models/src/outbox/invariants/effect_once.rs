//! Each event takes effect at most once at each consumer (Richardson ch. 3.2.6, idempotent consumer).

use std::collections::{BTreeMap, BTreeSet};

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{Looked, Outbox, consumer};
use crate::service::events::EventId;

/// No consumer has applied an event twice.
#[derive(Debug, Default)]
pub struct EffectOnce {
    looked: Looked,
    applied: BTreeMap<NodeId, BTreeSet<EventId>>,
}

impl Invariant<Outbox> for EffectOnce {
    fn name(&self) -> &'static str {
        "effect-once"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Outbox>],
    ) -> Result<(), Breach> {
        let Some(consumer) = consumer(processes, touched) else {
            return Ok(());
        };
        let (begin, rows) = self.looked.new_of(touched, consumer);
        let applied = self.applied.entry(touched).or_default();
        if begin == 0 {
            applied.clear();
        }
        match rows.iter().find(|row| !applied.insert(row.event)) {
            None => Ok(()),
            Some(row) => Err(Breach {
                anomaly: "duplicate-effect",
                told: format!("{touched} has applied event {} of key {} twice", row.event, row.key),
            }),
        }
    }
}
