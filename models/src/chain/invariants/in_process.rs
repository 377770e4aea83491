//! What a node has and its successor has not, it knows to be in process, so that it can be sent
//! again: the Inprocess Requests Invariant (van Renesse and Schneider, section 3.2).

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{super::Chain, neighbours};

pub(super) struct InProcess;

impl Invariant<Chain> for InProcess {
    fn name(&self) -> &'static str {
        "in-process-requests"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Chain>],
    ) -> Result<(), Breach> {
        for [(before, its), (after, successors)] in neighbours(touched, processes) {
            if its.log.applied() > successors.durable.length {
                return Err(Breach {
                    anomaly: "update-not-in-process",
                    told: format!(
                        "{before} takes {} updates for committed, and its successor {after} has {}",
                        its.log.applied(),
                        successors.durable.length
                    ),
                });
            }
        }
        Ok(())
    }
}
