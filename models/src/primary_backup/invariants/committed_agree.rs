//! What one replica has committed at a place of the log, every replica that has committed so far
//! has there too: state machine safety (Raft, section 5.4.3; PacificA, section 2.3, commit
//! invariant).

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{super::PrimaryBackup, replica};
use crate::shared::history::History;

#[derive(Default)]
pub(super) struct CommittedAgree(History);

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
        let store = replica(processes[touched.index()].as_ref());
        let log = store.map(|store| &store.log);
        self.0.check(touched, processes.len(), log)
    }
}
