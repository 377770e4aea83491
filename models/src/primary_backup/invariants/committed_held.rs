//! When a primary commits, those that its mode counts on hold what it commits: every replica of the
//! in-sync set (PacificA, section 2.3, commit invariant), or one backup at least.

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{
    super::{PrimaryBackup, config::Mode},
    Epoch, primary, replica,
};

#[derive(Default)]
pub(super) struct CommittedHeld {
    /// What each node had committed when last seen, and in which epoch.
    seen: Vec<(Epoch, u64)>,
}

impl Invariant<PrimaryBackup> for CommittedHeld {
    fn name(&self) -> &'static str {
        "committed-entries-are-held"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<PrimaryBackup>],
    ) -> Result<(), Breach> {
        let Some((epoch, store, primary)) = primary(processes[touched.index()].as_ref()) else {
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
        let mut others = store.config.members().filter(|node| *node != touched);
        let without = match store.config.mode {
            Mode::Synchronous => primary.in_sync.iter().copied().find(|node| !holds(node)),
            Mode::SemiSynchronous if others.any(|node| holds(&node)) => None,
            Mode::SemiSynchronous => store.config.members().find(|node| *node != touched),
            Mode::Asynchronous => None,
        };
        let Some(without) = without else {
            return Ok(());
        };
        Err(Breach {
            anomaly: "committed-entry-not-held",
            told: format!(
                "{touched} commits {committed} entries, but {without} does not hold them"
            ),
        })
    }
}
