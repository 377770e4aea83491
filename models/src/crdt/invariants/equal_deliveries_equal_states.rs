//! Replicas that have delivered the same updates are in the same state (Shapiro et al., Conflict-free
//! Replicated Data Types, SSS 2011: strong convergence).

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::super::Replica;

/// Whatever the order in which they were delivered, and however often.
#[derive(Debug)]
pub struct EqualDeliveriesEqualStates;

impl Invariant<Replica> for EqualDeliveriesEqualStates {
    fn name(&self) -> &'static str {
        "equal-deliveries-equal-states"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Replica>],
    ) -> Result<(), Breach> {
        let Some(node) = &processes[touched.index()] else {
            return Ok(());
        };
        let objects = node.objects();
        let unequal = processes.iter().enumerate().find(|(_, other)| {
            other
                .as_ref()
                .map(Replica::objects)
                .is_some_and(|other| other.delivered() == objects.delivered() && other != objects)
        });
        let Some((other, _)) = unequal else {
            return Ok(());
        };
        Err(Breach {
            anomaly: "unequal-states",
            told: format!(
                "{touched} and n{other} have delivered the same updates and are in different states"
            ),
        })
    }
}
