//! A replica that has acknowledged operations in a view never processes operations in that view
//! without them, whatever it has lost in between: section 4.3, what recovery is for.

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{
    super::{Viewstamped, message::ViewNumber},
    normal,
};

#[derive(Default)]
pub(super) struct AcknowledgedKept {
    /// The last view in which each node processed operations, and how many it had.
    seen: Vec<(ViewNumber, u64)>,
}

impl Invariant<Viewstamped> for AcknowledgedKept {
    fn name(&self) -> &'static str {
        "acknowledged-operations-are-kept"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Viewstamped>],
    ) -> Result<(), Breach> {
        self.seen.resize(processes.len(), (ViewNumber(0), 0));
        let Some(store) = normal(processes[touched.index()].as_ref()) else {
            return Ok(());
        };
        let now = (store.view, store.log.length());
        let before = &mut self.seen[touched.index()];
        if now.0 == before.0 && now.1 < before.1 {
            return Err(Breach {
                anomaly: "acknowledged-operation-forgotten",
                told: format!(
                    "{touched} goes on in view {} with {} operations after it had {}",
                    now.0.0, now.1, before.1
                ),
            });
        }
        *before = now;
        Ok(())
    }
}
