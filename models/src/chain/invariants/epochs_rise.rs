//! No node goes back to an earlier epoch: not while it runs, and not from the one that is on its
//! disk. It refuses what comes from an older chain (van Renesse and Schneider, section 3.3, by epoch).

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{super::Chain, Epoch};

#[derive(Default)]
pub(in super::super) struct EpochsRise {
    /// The latest epoch that each node had on its disk.
    durable: Vec<Epoch>,
}

impl Invariant<Chain> for EpochsRise {
    fn name(&self) -> &'static str {
        "epochs-rise"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Chain>],
    ) -> Result<(), Breach> {
        let (epoch, durable) = match &processes[touched.index()] {
            Some(Chain::Master(master)) => (master.epoch(), master.epoch()),
            Some(Chain::Replica(replica)) => (replica.store.epoch(), replica.store.durable.epoch),
            None => return Ok(()),
        };
        self.durable.resize(processes.len(), Epoch(0));
        let before = self.durable[touched.index()];
        // The master of a cluster that is just starting has none yet.
        if epoch < before {
            return Err(Breach {
                anomaly: "epoch-falls",
                told: format!(
                    "{touched} is in epoch {} after epoch {} was on its disk",
                    epoch.0, before.0
                ),
            });
        }
        self.durable[touched.index()] = before.max(durable);
        Ok(())
    }
}
