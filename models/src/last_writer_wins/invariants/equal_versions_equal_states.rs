//! Nodes that know of the same writes hold the same (Shapiro et al., Conflict-free Replicated Data
//! Types, SSS 2011: strong convergence).

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::super::LastWriterWins;

/// Whatever the order in which they heard.
#[derive(Debug)]
pub struct EqualVersionsEqualStates;

impl Invariant<LastWriterWins> for EqualVersionsEqualStates {
    fn name(&self) -> &'static str {
        "equal-versions-equal-states"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<LastWriterWins>],
    ) -> Result<(), Breach> {
        let Some(node) = &processes[touched.index()] else {
            return Ok(());
        };
        let unequal = processes.iter().enumerate().find(|(_, other)| {
            other.as_ref().is_some_and(|other| {
                other.versions() == node.versions() && other.store() != node.store()
            })
        });
        let Some((other, _)) = unequal else {
            return Ok(());
        };
        Err(Breach {
            anomaly: "unequal-states",
            told: format!("{touched} and n{other} know of the same writes and hold different ones"),
        })
    }
}
