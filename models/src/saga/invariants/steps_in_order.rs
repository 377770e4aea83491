//! A step takes effect when all before it have, and none after one of them was compensated
//! (Garcia-Molina and Salem, section 2: `T1 ... Tj Cj ... C1`).

use std::collections::{BTreeMap, BTreeSet};

use murphy_sim::{Breach, CallId, Invariant, NodeId, Time};

use super::{Saga, effects};
use crate::service::txn::SagaAct;

#[derive(Default)]
pub(super) struct StepsInOrder {
    /// What each saga has done, as far as anybody has ever seen it. What a crash took with it stays:
    /// nobody went on from there.
    seen: BTreeMap<CallId, Steps>,
    /// How many of the effects that each node holds were looked at.
    looked: Vec<usize>,
}

#[derive(Default)]
struct Steps {
    done: BTreeSet<u32>,
    compensated: BTreeSet<u32>,
}

impl Invariant<Saga> for StepsInOrder {
    fn name(&self) -> &'static str {
        "steps-in-order"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Saga>],
    ) -> Result<(), Breach> {
        self.looked.resize(processes.len(), 0);
        let looked = &mut self.looked[touched.index()];
        let effects = effects(processes, touched).unwrap_or_default();
        // A crash takes some of the last away: when it is up again, all of it is looked at.
        *looked = if effects.len() < *looked { 0 } else { *looked };
        for effect in &effects[*looked..] {
            let steps = self.seen.entry(effect.saga).or_default();
            let place = match effect.act {
                SagaAct::Done(place) => place,
                SagaAct::Compensated(place) => {
                    steps.compensated.insert(place);
                    continue;
                }
                SagaAct::Completed | SagaAct::Abandoned => continue,
            };
            let is_new = steps.done.insert(place);
            let is_next = (0..place).all(|earlier| steps.done.contains(&earlier));
            if is_new && !(is_next && steps.compensated.is_empty()) {
                return Err(Breach {
                    anomaly: "step-out-of-order",
                    told: format!(
                        "step {place} of {:?} took effect at {touched} when {:?} had, and {:?} \
                         were compensated",
                        effect.saga, steps.done, steps.compensated
                    ),
                });
            }
        }
        *looked = effects.len();
        Ok(())
    }
}
