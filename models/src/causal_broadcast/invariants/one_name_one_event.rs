//! A name, the how-manieth cast of an origin, is one event's for ever and everywhere (Birman,
//! Schiper & Stephenson 1991, section 5.1: timestamps of messages are unique).

use std::collections::BTreeMap;

use murphy_sim::{Breach, Invariant, NodeId, Time};

use crate::{
    causal_broadcast::CausalBroadcast, service::events::EventId, shared::version_vector::Dot,
};

/// See the module.
#[derive(Debug, Default)]
pub struct OneNameOneEvent {
    named: BTreeMap<Dot, EventId>,
    /// How much of what each node has delivered in its present life was looked at.
    looked: BTreeMap<NodeId, (Time, usize)>,
}

impl Invariant<CausalBroadcast> for OneNameOneEvent {
    fn name(&self) -> &'static str {
        "one-name-one-event"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<CausalBroadcast>],
    ) -> Result<(), Breach> {
        let Some(node) = &processes[touched.index()] else {
            return Ok(());
        };
        let looked = self.looked.entry(touched).or_default();
        if looked.0 != node.since() {
            *looked = (node.since(), 0);
        }
        for cast in &node.delivered()[looked.1..] {
            let event = *self.named.entry(cast.dot).or_insert(cast.event);
            if event != cast.event {
                return Err(Breach {
                    anomaly: "identity-reused",
                    told: format!(
                        "{touched} has event {} as number {} of {}, which was event {event} before",
                        cast.event, cast.dot.counter, cast.dot.node
                    ),
                });
            }
        }
        looked.1 = node.delivered().len();
        Ok(())
    }
}
