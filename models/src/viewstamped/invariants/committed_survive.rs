//! Whatever was committed before a view began, its primary's log has: committed operations survive
//! into all later views (section 8.1, correctness of view changes).

use std::collections::BTreeSet;

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{
    super::{Viewstamped, message::ViewNumber},
    primary,
};
use crate::shared::history::History;

#[derive(Default)]
pub(super) struct CommittedSurvive {
    history: History,
    /// The views whose primary has been looked at when they began.
    begun: BTreeSet<ViewNumber>,
}

impl Invariant<Viewstamped> for CommittedSurvive {
    fn name(&self) -> &'static str {
        "committed-operations-survive"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Viewstamped>],
    ) -> Result<(), Breach> {
        let process = processes[touched.index()].as_ref();
        if let Some(store) = primary(process)
            && self.begun.insert(store.view)
        {
            let committed = &self.history.committed;
            let log = store.log.slice(0, store.log.length());
            let place = (0..committed.len()).find(|i| committed.get(*i) != log.get(*i));
            if let Some(place) = place {
                return Err(Breach {
                    anomaly: "committed-operation-lost",
                    told: format!(
                        "{touched} begins view {} without operation {}, which was committed: {:?}",
                        store.view.0,
                        place + 1,
                        committed[place]
                    ),
                });
            }
        }
        // Another invariant compares what is committed.
        let log = process.map(|process| &process.store.log);
        let _ = self.history.check(touched, processes.len(), log);
        Ok(())
    }
}
