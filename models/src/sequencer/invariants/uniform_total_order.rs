//! What any node delivers at a place, every node delivers at that place (Defago, Schiper & Urban 2004,
//! section 2.3: uniform total order and uniform agreement; a node that crashed counts).

use std::collections::BTreeMap;

use murphy_sim::{Breach, Invariant, NodeId, Time};

use crate::sequencer::{Ordered, Sequencer};

/// See the module.
#[derive(Debug, Default)]
pub struct UniformTotalOrder {
    /// What was delivered at each place, by whoever was first.
    order: Vec<(Ordered, NodeId)>,
    /// How much of what each node has delivered in its present life was looked at.
    looked: BTreeMap<NodeId, (Time, usize)>,
}

impl Invariant<Sequencer> for UniformTotalOrder {
    fn name(&self) -> &'static str {
        "uniform-total-order"
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
        let looked = self.looked.entry(touched).or_default();
        if looked.0 != node.since() {
            *looked = (node.since(), 0);
        }
        for (place, ordered) in node.delivered().iter().enumerate().skip(looked.1) {
            match self.order.get(place) {
                None => self.order.push((*ordered, touched)),
                Some((first, by)) if first != ordered => {
                    return Err(Breach {
                        anomaly: "order-broken",
                        told: format!(
                            "{touched} delivers event {} at place {place}, where {by} has delivered \
                             event {}",
                            ordered.event, first.event
                        ),
                    });
                }
                Some(_) => {}
            }
        }
        looked.1 = node.delivered().len();
        Ok(())
    }
}
