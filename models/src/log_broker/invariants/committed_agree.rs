//! Log matching below the high watermark: what one replica has committed at an offset, every replica
//! that has committed so far has there too (KIP-101, "log divergence").

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{
    super::message::{Entry, Epoch},
    LogBroker, broker,
};
use crate::service::log::Offset;

#[derive(Default)]
pub(super) struct CommittedAgree {
    /// By partition.
    committed: Vec<Vec<Entry>>,
    /// By node and partition: the epoch that it was in, and how far it has been compared.
    compared: Vec<Vec<(Epoch, Offset)>>,
}

impl Invariant<LogBroker> for CommittedAgree {
    fn name(&self) -> &'static str {
        "log-matching-below-the-high-watermark"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<LogBroker>],
    ) -> Result<(), Breach> {
        self.compared.resize(processes.len(), Vec::new());
        let compared = &mut self.compared[touched.index()];
        let Some(broker) = broker(processes[touched.index()].as_ref()) else {
            compared.clear();
            return Ok(());
        };
        compared.resize(broker.replicas().len(), (Epoch::default(), 0));
        self.committed.resize(broker.replicas().len(), Vec::new());
        let seen = compared.iter_mut().zip(&mut self.committed);
        for (replica, ((epoch, compared), committed)) in broker.replicas().iter().zip(seen) {
            // With another epoch its log may have been cut: all is compared anew.
            if *epoch != replica.epoch() {
                (*epoch, *compared) = (replica.epoch(), 0);
            }
            let upto = replica.high_watermark().min(replica.log().length());
            let from = (*compared).min(upto);
            for (offset, entry) in (from..).zip(replica.log().slice(from, upto)) {
                match committed.get(offset as usize) {
                    None => committed.push(entry.clone()),
                    Some(known) if known == entry => {}
                    Some(known) => {
                        return Err(Breach {
                            anomaly: "committed-entries-differ",
                            told: format!(
                                "{touched} has committed {entry:?} at offset {offset} of partition \
                                 {}, which was {known:?}",
                                replica.partition
                            ),
                        });
                    }
                }
            }
            *compared = upto;
        }
        Ok(())
    }
}
