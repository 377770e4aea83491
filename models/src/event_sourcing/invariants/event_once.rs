//! No event is in the streams twice: whoever decides knows all that came before (Young, "expected
//! version"; Kung and Robinson, section 3).

use std::collections::BTreeSet;

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{EventSourcing, STORE, store};
use crate::service::events::EventId;

#[derive(Default)]
pub(super) struct EventOnce {
    seen: BTreeSet<EventId>,
    looked: u64,
}

impl Invariant<EventSourcing> for EventOnce {
    fn name(&self) -> &'static str {
        "event-once"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<EventSourcing>],
    ) -> Result<(), Breach> {
        let Some(store) = store(processes).filter(|_| touched == STORE) else {
            return Ok(());
        };
        let log = store.log();
        if log.length() < self.looked {
            (self.looked, self.seen) = (0, BTreeSet::new()); // A crash took its tail.
        }
        for change in log.slice(self.looked, log.length()) {
            if !self.seen.insert(change.event) {
                return Err(Breach {
                    anomaly: "duplicate-effect",
                    told: format!(
                        "event {} is in the stream of {} again, at position {}",
                        change.event, change.key, change.position
                    ),
                });
            }
        }
        self.looked = log.length();
        Ok(())
    }
}
