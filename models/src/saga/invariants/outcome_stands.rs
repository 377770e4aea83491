//! A saga that was said to have ended in one way never ends in another, not even over a crash
//! (Garcia-Molina and Salem, section 2: one of the two sequences).

use std::collections::BTreeMap;

use murphy_sim::{Breach, CallId, Invariant, NodeId, Time};

use super::{ORCHESTRATOR, Saga, ends};
use crate::service::txn::SagaAct;

#[derive(Default)]
pub(super) struct OutcomeStands {
    ended: BTreeMap<CallId, SagaAct>,
    /// How many of the ends that the orchestrator holds were looked at.
    looked: usize,
}

impl Invariant<Saga> for OutcomeStands {
    fn name(&self) -> &'static str {
        "outcome-stands"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Saga>],
    ) -> Result<(), Breach> {
        if touched != ORCHESTRATOR {
            return Ok(());
        }
        let ends = ends(processes).unwrap_or_default();
        // A crash takes some of the last away: when it is up again, all of it is looked at.
        self.looked = if ends.len() < self.looked {
            0
        } else {
            self.looked
        };
        for end in &ends[self.looked..] {
            let before = *self.ended.entry(end.saga).or_insert(end.act);
            if before != end.act {
                return Err(Breach {
                    anomaly: "decision-reversed",
                    told: format!("{:?} was {before:?} and is {:?}", end.saga, end.act),
                });
            }
        }
        self.looked = ends.len();
        Ok(())
    }
}
