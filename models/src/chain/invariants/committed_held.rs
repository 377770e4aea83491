//! When the tail commits, every node of its chain has on its disk what it commits, in the same
//! order: the Update Propagation Invariant over the whole chain, so that the master may mend it with
//! any of them (van Renesse and Schneider, section 3.3).

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{super::Chain, Epoch, member, replica};

#[derive(Default)]
pub(super) struct CommittedHeld {
    /// What each node had committed when last seen, and in which epoch.
    seen: Vec<(Epoch, u64)>,
}

impl Invariant<Chain> for CommittedHeld {
    fn name(&self) -> &'static str {
        "committed-updates-are-held"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Chain>],
    ) -> Result<(), Breach> {
        let Some((epoch, store, _)) = member(processes[touched.index()].as_ref()) else {
            return Ok(());
        };
        self.seen.resize(processes.len(), (Epoch(0), 0));
        let committed = store.log.applied();
        let (seen_epoch, seen) =
            std::mem::replace(&mut self.seen[touched.index()], (epoch, committed));
        if seen_epoch != epoch || committed <= seen {
            return Ok(());
        }
        // One that is down holds what its disk does, which cannot be seen from here.
        let holds = |node: &NodeId| {
            replica(processes[node.index()].as_ref()).is_none_or(|other| {
                other.durable.length >= committed
                    && other.log.epoch_at(committed) == store.log.epoch_at(committed)
            })
        };
        let Some(without) = store.known.chain.iter().find(|node| !holds(node)) else {
            return Ok(());
        };
        Err(Breach {
            anomaly: "committed-update-not-held",
            told: format!(
                "{touched} commits {committed} updates, but {without} of its chain does not have \
                 them"
            ),
        })
    }
}
