//! What one replica has committed at a place of the log, every replica that has committed so far
//! has there too: section 8, safety.

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::super::Viewstamped;
use crate::shared::history::History;

#[derive(Default)]
pub(super) struct CommittedAgree(History);

impl Invariant<Viewstamped> for CommittedAgree {
    fn name(&self) -> &'static str {
        "committed-entries-agree"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Viewstamped>],
    ) -> Result<(), Breach> {
        let process = processes[touched.index()].as_ref();
        let log = process.map(|process| &process.store.log);
        self.0.check(touched, processes.len(), log)
    }
}
