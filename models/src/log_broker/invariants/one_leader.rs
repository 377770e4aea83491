//! An epoch of a partition has one leader, for ever (KIP-101: "the leader epoch is a monotonically
//! increasing number that represents a continuous period of leadership").

use std::collections::BTreeMap;

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{Epoch, LogBroker, broker};
use crate::service::log::Partition;

#[derive(Default)]
pub(super) struct OneLeader {
    leaders: BTreeMap<(Partition, Epoch), NodeId>,
}

impl Invariant<LogBroker> for OneLeader {
    fn name(&self) -> &'static str {
        "one-leader-an-epoch"
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
        for replica in broker
            .replicas()
            .iter()
            .filter(|replica| replica.is_leader())
        {
            let (partition, epoch) = (replica.partition, replica.epoch());
            let first = *self.leaders.entry((partition, epoch)).or_insert(touched);
            if first != touched {
                return Err(Breach {
                    anomaly: "two-leaders",
                    told: format!(
                        "{touched} takes itself for the leader of partition {partition} in epoch \
                         {}, which is {first}'s",
                        epoch.0
                    ),
                });
            }
        }
        Ok(())
    }
}
