//! What a node holds under a key never goes back, not over a crash either once it was durable:
//! Attiya, Bar-Noy and Dolev (1995), section 3, the labels of a processor only grow.

use std::collections::BTreeMap;

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::super::{Abd, Timestamp};
use crate::service::kv::Key;

#[derive(Default)]
pub(in super::super) struct TimestampsRise {
    durable: BTreeMap<(NodeId, Key), Timestamp>,
}

impl Invariant<Abd> for TimestampsRise {
    fn name(&self) -> &'static str {
        "timestamps-rise"
    }

    fn check(&mut self, _: Time, touched: NodeId, processes: &[Option<Abd>]) -> Result<(), Breach> {
        let Some(process) = &processes[touched.index()] else {
            return Ok(());
        };
        let known = self.durable.range((touched, 0)..=(touched, Key::MAX));
        for ((_, key), before) in known {
            let now = process.registers.get(*key).map(|held| held.timestamp);
            if now < Some(*before) {
                return Err(Breach {
                    anomaly: "timestamp-falls",
                    told: format!(
                        "{touched} holds {now:?} under key {key} after {before:?} was on its disk"
                    ),
                });
            }
        }
        for (key, timestamp) in &process.registers.durable {
            self.durable.insert((touched, *key), *timestamp);
        }
        Ok(())
    }
}
