//! What one replica has committed at a place of the log, every replica that has committed so far
//! has there too: state machine safety (Raft, section 5.4.3; PacificA, section 2.3, commit
//! invariant).

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{
    super::{PrimaryBackup, message::Entry},
    replica,
};

#[derive(Default)]
pub(super) struct CommittedAgree {
    committed: Vec<Entry>,
    /// How far each node has been compared.
    compared: Vec<u64>,
}

impl Invariant<PrimaryBackup> for CommittedAgree {
    fn name(&self) -> &'static str {
        "committed-entries-agree"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<PrimaryBackup>],
    ) -> Result<(), Breach> {
        self.compared.resize(processes.len(), 0);
        let compared = &mut self.compared[touched.index()];
        let Some(store) = replica(processes[touched.index()].as_ref()) else {
            *compared = 0;
            return Ok(());
        };
        let applied = store.log.applied();
        // It has started again, or has undone something: all is compared anew.
        *compared = if applied < *compared { 0 } else { *compared };
        for (i, entry) in (*compared..).zip(store.log.slice(*compared, applied)) {
            match self.committed.get(i as usize) {
                None => self.committed.push(entry.clone()),
                Some(known) if known == entry => {}
                Some(known) => {
                    return Err(Breach {
                        anomaly: "committed-entries-differ",
                        told: format!(
                            "{touched} has committed {entry:?} as entry {}, which was {known:?}",
                            i + 1
                        ),
                    });
                }
            }
        }
        *compared = applied;
        Ok(())
    }
}
