//! The relay's cursor never passes what the broker holds durably (Kleppmann ch. 11, "Acknowledgments
//! and redelivery"): whatever lies between would be published by nobody.

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{BROKER, Outbox, RELAY, broker, relay};

/// Every row up to the cursor is in the broker's log.
#[derive(Debug, Default)]
pub struct CursorBehindBroker {
    /// The highest position that the broker was seen to hold durably.
    held: u64,
}

impl Invariant<Outbox> for CursorBehindBroker {
    fn name(&self) -> &'static str {
        "cursor-behind-broker"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Outbox>],
    ) -> Result<(), Breach> {
        if touched != BROKER && touched != RELAY {
            return Ok(());
        }
        if let Some(broker) = broker(processes) {
            self.held = broker.durable_position();
        }
        match relay(processes) {
            Some(relay) if relay.cursor() > self.held => Err(Breach {
                anomaly: "cursor-ahead-of-broker",
                told: format!(
                    "the relay's cursor is at {} but the broker holds rows up to {} only",
                    relay.cursor(),
                    self.held
                ),
            }),
            _ => Ok(()),
        }
    }
}
