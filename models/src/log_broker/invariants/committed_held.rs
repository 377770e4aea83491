//! When a leader commits, every replica of the in-sync set that the controller knows holds what it
//! commits (Kafka documentation, "Replicated logs": a write is committed when all in-sync replicas
//! have it; PacificA, section 2.3, commit invariant).

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{Epoch, LogBroker, broker};
use crate::service::log::Offset;

#[derive(Default)]
pub(super) struct CommittedHeld {
    /// By node and partition: the epoch that it led, and what it had committed then.
    seen: Vec<Vec<(Epoch, Offset)>>,
}

impl Invariant<LogBroker> for CommittedHeld {
    fn name(&self) -> &'static str {
        "committed-entries-are-held-in-sync"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<LogBroker>],
    ) -> Result<(), Breach> {
        let Some(touched_broker) = broker(processes[touched.index()].as_ref()) else {
            return Ok(());
        };
        let Some(LogBroker::Controller(controller)) = processes.last().and_then(Option::as_ref)
        else {
            return Ok(()); // Down: nobody can say who is in sync.
        };
        self.seen.resize(processes.len(), Vec::new());
        let seen = &mut self.seen[touched.index()];
        seen.resize(touched_broker.replicas().len(), (Epoch::default(), 0));
        let decided = controller.saved().zip(touched_broker.replicas());
        for ((leadership, replica), seen) in decided.zip(seen) {
            let now = (replica.epoch(), replica.high_watermark());
            let before = std::mem::replace(seen, now);
            let leads = replica.is_leader() && leadership.epoch == replica.epoch();
            if !leads || before.0 != now.0 || before.1 >= now.1 {
                continue;
            }
            let upto = now.1;
            // One that is down holds what its disk does, which cannot be seen from here.
            let lacks = |node: &&NodeId| {
                broker(processes[node.index()].as_ref()).is_some_and(|other| {
                    let other = &other.replicas()[replica.partition as usize];
                    other.durable_length() < upto
                        || other.log().epoch_before(upto) != replica.log().epoch_before(upto)
                })
            };
            if let Some(without) = leadership.in_sync.iter().find(lacks) {
                return Err(Breach {
                    anomaly: "committed-entry-not-held",
                    told: format!(
                        "{touched} commits {upto} entries of partition {}, but {without}, which is \
                         in sync, does not hold them",
                        replica.partition
                    ),
                });
            }
        }
        Ok(())
    }
}
