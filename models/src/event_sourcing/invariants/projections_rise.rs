//! A projection is never seen to go back, not even over a crash (Terry et al., 1994, monotonic reads,
//! for each projection).

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{EventSourcing, shown};
use crate::shared::derived::Rising;

#[derive(Default)]
pub(super) struct ProjectionsRise(Rising);

impl Invariant<EventSourcing> for ProjectionsRise {
    fn name(&self) -> &'static str {
        "projections-rise"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<EventSourcing>],
    ) -> Result<(), Breach> {
        let shown = shown(processes, touched);
        self.0.check(touched, processes.len(), shown)
    }
}
