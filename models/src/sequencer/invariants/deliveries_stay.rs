//! A node never takes back what it has delivered, as long as it is up (Defago, Schiper & Urban 2004,
//! section 2.3: delivery is an event, not a state that can be undone).

use std::collections::BTreeMap;

use murphy_sim::{Breach, Invariant, NodeId, Time};

use crate::sequencer::Sequencer;

/// See the module.
#[derive(Debug, Default)]
pub struct DeliveriesStay {
    /// How much each node has delivered in its present life.
    seen: BTreeMap<NodeId, (Time, usize)>,
}

impl Invariant<Sequencer> for DeliveriesStay {
    fn name(&self) -> &'static str {
        "deliveries-stay"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Sequencer>],
    ) -> Result<(), Breach> {
        let Some(node) = &processes[touched.index()] else {
            return Ok(());
        };
        let now = (node.since(), node.delivered().len());
        match self.seen.insert(touched, now) {
            Some((since, delivered)) if since == now.0 && delivered > now.1 => Err(Breach {
                anomaly: "delivery-taken-back",
                told: format!("{touched} had delivered {delivered} events, now {}", now.1),
            }),
            _ => Ok(()),
        }
    }
}
