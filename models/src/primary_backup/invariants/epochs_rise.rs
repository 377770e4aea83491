//! No node goes back to an earlier epoch: not while it runs, and not from the one that is on its
//! disk. PacificA (2008), section 2.3: a replica refuses what comes from an older configuration.

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{super::PrimaryBackup, Epoch};

#[derive(Default)]
pub(in super::super) struct EpochsRise {
    /// The latest epoch that each node had on its disk.
    durable: Vec<Epoch>,
}

impl Invariant<PrimaryBackup> for EpochsRise {
    fn name(&self) -> &'static str {
        "epochs-rise"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<PrimaryBackup>],
    ) -> Result<(), Breach> {
        let (epoch, durable) = match &processes[touched.index()] {
            Some(PrimaryBackup::Monitor(monitor)) => (monitor.epoch(), monitor.epoch()),
            Some(PrimaryBackup::Replica(replica)) => {
                (replica.store.epoch, replica.store.durable.epoch)
            }
            None => return Ok(()),
        };
        self.durable.resize(processes.len(), Epoch(0));
        let before = self.durable[touched.index()];
        // The monitor of a cluster that is just starting has none yet.
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
