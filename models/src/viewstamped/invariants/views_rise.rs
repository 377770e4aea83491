//! View-number and commit-number never fall while a replica runs, and it processes operations in no
//! view before one that it has promised to go to: section 4.2, and Oki and Liskov (1988), section
//! 4.2.

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{
    super::{Viewstamped, message::ViewNumber, replica::Status},
    normal,
};

#[derive(Default)]
pub(super) struct ViewsRise {
    seen: Vec<Seen>,
}

/// What is remembered of a node.
#[derive(Clone, Copy, Default)]
struct Seen {
    /// The latest view that was on its disk.
    promised: ViewNumber,
    /// View and commit-number, while it has its memory.
    running: Option<(ViewNumber, u64)>,
}

impl Invariant<Viewstamped> for ViewsRise {
    fn name(&self) -> &'static str {
        "views-rise"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Viewstamped>],
    ) -> Result<(), Breach> {
        self.seen.resize(processes.len(), Seen::default());
        let seen = &mut self.seen[touched.index()];
        let Some(Viewstamped { store, status }) = &processes[touched.index()] else {
            seen.running = None;
            return Ok(());
        };
        let (view, committed) = (store.view, store.log.applied());
        let has_memory = !matches!(status, Status::Installing | Status::Recovering(_));
        let before = seen.running.filter(|_| has_memory).unwrap_or_default();
        let is_normal = normal(processes[touched.index()].as_ref()).is_some();
        if view < before.0 || (is_normal && view < seen.promised) {
            return Err(Breach {
                anomaly: "view-falls",
                told: format!(
                    "{touched} is in view {} after view {}",
                    view.0,
                    before.0.max(seen.promised).0
                ),
            });
        }
        if committed < before.1 {
            return Err(Breach {
                anomaly: "commit-number-falls",
                told: format!("{touched} has committed {committed} after {}", before.1),
            });
        }
        seen.promised = seen.promised.max(store.durable);
        seen.running = has_memory.then_some((view, committed));
        Ok(())
    }
}
