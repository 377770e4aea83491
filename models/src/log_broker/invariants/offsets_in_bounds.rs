//! The group's position in a partition is never beyond what consumers may have been given: the high
//! watermark (Kafka documentation, "Consumer position"). That what lies before it was processed is
//! for the judge of the history to say, who knows what clients were told.

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{super::group::Group, LogBroker, broker};
use crate::service::log::Offset;

#[derive(Default)]
pub(super) struct OffsetsInBounds {
    /// The highest high watermark of each partition that was ever seen.
    highest: Vec<Offset>,
    /// Up to where each node's partition of offsets was looked at.
    looked: Vec<Offset>,
}

impl Invariant<LogBroker> for OffsetsInBounds {
    fn name(&self) -> &'static str {
        "committed-offset-in-bounds"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<LogBroker>],
    ) -> Result<(), Breach> {
        let Some(broker) = broker(processes[touched.index()].as_ref()) else {
            return Ok(());
        };
        self.highest.resize(broker.replicas().len(), 0);
        for (replica, highest) in broker.replicas().iter().zip(&mut self.highest) {
            *highest = (*highest).max(replica.high_watermark());
        }
        let offsets = broker.replicas().last().expect("offsets have a partition");
        self.looked.resize(processes.len(), 0);
        let looked = &mut self.looked[touched.index()];
        let upto = offsets.high_watermark().min(offsets.log().length());
        let news = offsets.log().slice((*looked).min(upto), upto);
        *looked = upto;
        for (partition, offset) in Group::of(news).committed {
            let highest = self.highest[partition as usize];
            if offset > highest {
                return Err(Breach {
                    anomaly: "offset-out-of-bounds",
                    told: format!(
                        "the group has committed offset {offset} of partition {partition}, of \
                         which {highest} entries are committed"
                    ),
                });
            }
        }
        Ok(())
    }
}
