//! A consumer's offset at the broker only moves forward, and only over what the consumer has applied
//! durably (Kleppmann ch. 11, "Consumer offsets").

use std::collections::BTreeMap;

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{BROKER, Outbox, broker, consumer};

/// What lies before a consumer's offset has taken effect there, and offsets do not move back but in a
/// crash of the broker.
#[derive(Debug, Default)]
pub struct OffsetBehindConsumer {
    /// When the broker that was looked at last began.
    since: Option<Time>,
    /// Each consumer's offset then.
    offsets: BTreeMap<NodeId, u64>,
    /// Up to where each consumer was seen to have applied the log.
    applied: BTreeMap<NodeId, u64>,
}

impl Invariant<Outbox> for OffsetBehindConsumer {
    fn name(&self) -> &'static str {
        "offset-behind-consumer"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Outbox>],
    ) -> Result<(), Breach> {
        let Some(broker) = broker(processes).filter(|_| touched == BROKER) else {
            return Ok(());
        };
        if self.since != Some(broker.since()) {
            self.since = Some(broker.since());
            self.offsets.clear();
        }
        for delivery in broker.deliveries() {
            let node = delivery.consumer;
            let before = self.offsets.insert(node, delivery.offset).unwrap_or(0);
            if delivery.offset < before {
                return Err(Breach {
                    anomaly: "offset-moved-back",
                    told: format!("{node} was at offset {before} and is at {}", delivery.offset),
                });
            }
            let Some(consumer) = consumer(processes, node) else {
                continue; // Down: looked at when it is up.
            };
            let applied = self.applied.entry(node).or_default();
            while *applied < delivery.offset {
                let row = broker.durable_log()[*applied as usize];
                if !consumer.has_applied(row.event) {
                    return Err(Breach {
                        anomaly: "offset-ahead-of-consumer",
                        told: format!(
                            "{node} has acknowledged offset {} but has not applied event {} at \
                             offset {}",
                            delivery.offset,
                            row.event,
                            *applied + 1
                        ),
                    });
                }
                *applied += 1;
            }
        }
        Ok(())
    }
}
