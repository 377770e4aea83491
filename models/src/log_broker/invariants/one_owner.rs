//! In the partition of offsets, whoever commits is a member of the generation that is in force there
//! and commits its own partitions (KIP-62: a commit of another generation is refused).

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{
    super::{group::Group, message::Payload},
    Epoch, LogBroker, broker,
};
use crate::service::log::Offset;

#[derive(Default)]
pub(super) struct OneOwner {
    /// By node: the epoch that it was in, how far its log was looked at, and the group there.
    seen: Vec<(Epoch, Offset, Group)>,
}

impl Invariant<LogBroker> for OneOwner {
    fn name(&self) -> &'static str {
        "one-owner-a-generation"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<LogBroker>],
    ) -> Result<(), Breach> {
        self.seen.resize(processes.len(), Default::default());
        let Some(broker) = broker(processes[touched.index()].as_ref()) else {
            self.seen[touched.index()] = Default::default();
            return Ok(());
        };
        let (offsets, topic) = broker
            .replicas()
            .split_last()
            .expect("offsets have a partition");
        let (epoch, looked, group) = &mut self.seen[touched.index()];
        let upto = offsets.high_watermark().min(offsets.log().length());
        if *epoch != offsets.epoch() || *looked > upto {
            (*epoch, *looked, *group) = (offsets.epoch(), 0, Group::default());
        }
        for entry in offsets.log().slice(*looked, upto) {
            if let Payload::Commit {
                generation,
                call,
                positions,
            } = &entry.payload
            {
                let assigned: Vec<u32> = group.assigned(call.client, topic.len() as u32).collect();
                let owns = positions
                    .keys()
                    .all(|partition| assigned.contains(partition));
                if *generation != group.generation || !owns {
                    return Err(Breach {
                        anomaly: "two-owners",
                        told: format!(
                            "{call} commits {positions:?} as of generation {generation}, but in \
                             generation {} its client owns {assigned:?}",
                            group.generation
                        ),
                    });
                }
            }
            group.apply(&entry.payload);
        }
        *looked = upto;
        Ok(())
    }
}
