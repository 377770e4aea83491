//! What a projection shows is what the events up to its position come to, each once (Kleppmann
//! ch. 11, "exactly-once").

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{EventSourcing, Store, shown, store};
use crate::shared::derived::Prefixes;

#[derive(Default)]
pub(super) struct ProjectionIsAPrefix(Prefixes);

impl Invariant<EventSourcing> for ProjectionIsAPrefix {
    fn name(&self) -> &'static str {
        "projection-is-a-prefix"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<EventSourcing>],
    ) -> Result<(), Breach> {
        let log = store(processes).map(Store::log);
        let shown = shown(processes, touched);
        self.0.check(touched, processes.len(), shown, log)
    }
}
