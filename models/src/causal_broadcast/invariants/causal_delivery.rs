//! No node delivers a cast before one that its origin had delivered when it sent it (Birman,
//! Schiper & Stephenson 1991, section 2.2: if m causally precedes m', m is delivered first).
//!
//! What an origin had delivered is read from the origin itself, not from the cast's stamp.

use std::collections::{BTreeMap, BTreeSet};

use murphy_sim::{Breach, Invariant, NodeId, Time};

use crate::{causal_broadcast::CausalBroadcast, service::events::EventId};

/// See the module.
#[derive(Debug, Default)]
pub struct CausalDelivery {
    /// What the origin of each event had delivered before it.
    before: BTreeMap<EventId, Vec<EventId>>,
    /// What each node has delivered in its present life.
    delivered: BTreeMap<NodeId, (Time, BTreeSet<EventId>)>,
}

impl Invariant<CausalBroadcast> for CausalDelivery {
    fn name(&self) -> &'static str {
        "causal-delivery"
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
        let (since, delivered) = self.delivered.entry(touched).or_default();
        if *since != node.since() {
            (*since, *delivered) = (node.since(), BTreeSet::new());
        }
        for (i, cast) in node.delivered().iter().enumerate().skip(delivered.len()) {
            if cast.dot.node == touched && !self.before.contains_key(&cast.event) {
                let before = node.delivered()[..i].iter().map(|cast| cast.event);
                self.before.insert(cast.event, before.collect());
            }
            let missing = self
                .before
                .get(&cast.event)
                .and_then(|before| before.iter().find(|event| !delivered.contains(event)));
            if let Some(missing) = missing {
                return Err(Breach {
                    anomaly: "effect-before-cause",
                    told: format!(
                        "{touched} delivers event {} of {}, which had delivered event {missing} \
                         before, and {touched} has not",
                        cast.event, cast.dot.node
                    ),
                });
            }
            delivered.insert(cast.event);
        }
        Ok(())
    }
}
