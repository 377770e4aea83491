//! What one replica has committed at a place of the log, every replica that has committed so far
//! has there too: there is one history (van Renesse and Schneider, section 2).

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{super::Chain, replica};
use crate::shared::history::History;

#[derive(Default)]
pub(super) struct CommittedAgree(History);

impl Invariant<Chain> for CommittedAgree {
    fn name(&self) -> &'static str {
        "committed-entries-agree"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Chain>],
    ) -> Result<(), Breach> {
        let store = replica(processes[touched.index()].as_ref());
        let log = store.map(|store| &store.log);
        self.0.check(touched, processes.len(), log)
    }
}
