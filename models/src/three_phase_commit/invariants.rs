//! Nobody that is operational is uncertain while anyone has committed: what lets those that are left
//! decide. Skeen (1981), theorem 1; Bernstein, Hadzilacos & Goodman (1987), section 7.5.

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::ThreePhaseCommit;
use crate::shared::transactions::Decision;

#[derive(Debug)]
pub(super) struct NonBlocking;

impl Invariant<ThreePhaseCommit> for NonBlocking {
    fn name(&self) -> &'static str {
        "non-blocking"
    }

    fn check(
        &mut self,
        _: Time,
        _: NodeId,
        processes: &[Option<ThreePhaseCommit>],
    ) -> Result<(), Breach> {
        let up = || {
            (0..)
                .zip(processes)
                .filter_map(|(id, p)| Some((id, p.as_ref()?)))
        };
        for (id, process) in up() {
            for (transaction, term) in &process.terms {
                let committed = |other: &ThreePhaseCommit| {
                    other.book.decision(*transaction) == Some(Decision::Commit)
                };
                if term.committable {
                    continue;
                }
                if let Some((other, _)) = up().find(|(_, other)| committed(other)) {
                    return Err(Breach {
                        anomaly: "uncertain-beside-a-commit",
                        told: format!(
                            "n{id} is uncertain about transaction {transaction}, which n{other} has \
                             committed"
                        ),
                    });
                }
            }
        }
        Ok(())
    }
}
