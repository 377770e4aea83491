//! A view never goes back to an earlier position, not even over a crash: what a reader has seen stays
//! (Terry et al., "Session Guarantees for Weakly Consistent Replicated Data", 1994, monotonic reads,
//! for each view).

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{ChangeDataCapture, view};
use crate::shared::derived::Rising;

#[derive(Default)]
pub(super) struct ViewsRise(Rising);

impl Invariant<ChangeDataCapture> for ViewsRise {
    fn name(&self) -> &'static str {
        "views-rise"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<ChangeDataCapture>],
    ) -> Result<(), Breach> {
        let shown = view(processes, touched);
        self.0.check(touched, processes.len(), shown)
    }
}
