//! No node waits for what it has (Leitao, Pereira & Rodrigues, Epidemic Broadcast Trees, 2007,
//! Algorithm 1: a GOSSIP cancels the timer and the announcements of its message).

use murphy_sim::{Breach, Invariant, NodeId, Time};

use crate::{plumtree::Plumtree, shared::events::HoldsEvents};

/// What is announced as missing was not received.
#[derive(Clone, Copy, Debug, Default)]
pub struct MissingIsMissing;

impl Invariant<Plumtree> for MissingIsMissing {
    fn name(&self) -> &'static str {
        "missing-is-missing"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Plumtree>],
    ) -> Result<(), Breach> {
        let Some(node) = &processes[touched.index()] else {
            return Ok(());
        };
        let received = node.store().written();
        match node.missing().find(|name| received.covers(*name)) {
            None => Ok(()),
            Some(name) => Err(Breach {
                anomaly: "received-event-awaited",
                told: format!("{touched} waits for {name:?}, which it has"),
            }),
        }
    }
}
