//! A timestamp of a key belongs to one write: Lynch and Shvartsman (1997), section 4, tags.

use std::collections::BTreeMap;

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::super::{Abd, Timestamp};
use crate::service::kv::{Key, Value};

#[derive(Default)]
pub(in super::super) struct OneValue {
    values: BTreeMap<(Key, Timestamp), Value>,
}

impl Invariant<Abd> for OneValue {
    fn name(&self) -> &'static str {
        "one-value-a-timestamp"
    }

    fn check(&mut self, _: Time, touched: NodeId, processes: &[Option<Abd>]) -> Result<(), Breach> {
        let Some(process) = &processes[touched.index()] else {
            return Ok(());
        };
        for (key, tagged) in process.registers.all() {
            let known = self.values.entry((key, tagged.timestamp));
            let known = *known.or_insert(tagged.value);
            if known != tagged.value {
                return Err(Breach {
                    anomaly: "two-values-a-timestamp",
                    told: format!(
                        "{touched} holds {} under key {key} with {:?}, which is that of {known}",
                        tagged.value, tagged.timestamp
                    ),
                });
            }
        }
        Ok(())
    }
}
