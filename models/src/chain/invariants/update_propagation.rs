//! What a node of the chain has on its disk, its predecessor has there too, in the same order: the
//! Update Propagation Invariant (van Renesse and Schneider, section 3.1).

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{super::Chain, neighbours};

pub(in super::super) struct UpdatePropagation;

impl Invariant<Chain> for UpdatePropagation {
    fn name(&self) -> &'static str {
        "update-propagation"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Chain>],
    ) -> Result<(), Breach> {
        for [(before, its), (after, successors)] in neighbours(touched, processes) {
            // Which entry it is, the epoch and the number tell; `committed-entries-agree` compares
            // what is in them.
            let last = successors.log.position(successors.durable.length);
            let is_there =
                last.length <= its.durable.length && its.log.epoch_at(last.length) == last.epoch;
            if !is_there {
                return Err(Breach {
                    anomaly: "update-not-propagated",
                    told: format!(
                        "{after} has {last:?} on its disk, and its predecessor {before} {:?}",
                        its.log.position(its.durable.length)
                    ),
                });
            }
        }
        Ok(())
    }
}
