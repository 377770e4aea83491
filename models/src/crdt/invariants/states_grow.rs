//! Between its crashes the state of a replica only goes up (Shapiro et al., RR-7506, 2011, on monotone
//! join semilattices).

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::super::{Objects, Replica, lattice::Lattice};

/// The state of before joined to that of after is that of after.
#[derive(Debug, Default)]
pub struct StatesGrow {
    /// When each node started, and what it held.
    before: Vec<Option<(Time, Objects)>>,
}

impl Invariant<Replica> for StatesGrow {
    fn name(&self) -> &'static str {
        "states-grow"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Replica>],
    ) -> Result<(), Breach> {
        self.before.resize(processes.len(), None);
        let before = &mut self.before[touched.index()];
        let Some(node) = &processes[touched.index()] else {
            *before = None;
            return Ok(());
        };
        let is_known = |(since, objects): &mut (Time, Objects)| {
            (&*since, &*objects) == (&node.since(), node.objects())
        };
        if before.as_mut().is_some_and(is_known) {
            return Ok(());
        }
        let after = (node.since(), node.objects().clone());
        let Some((since, mut joined)) = before.replace(after) else {
            return Ok(());
        };
        joined.join(node.objects());
        if since != node.since() || joined == *node.objects() {
            return Ok(());
        }
        Err(Breach {
            anomaly: "state-shrank",
            told: format!("{touched}, up since {since}, no longer holds all that it held before"),
        })
    }
}
