//! A step takes effect once, and is compensated once, after it did: participants are idempotent by saga
//! and step (Richardson, section 3.2.6, "handling duplicate messages").

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{Saga, effects};
use crate::service::txn::SagaAct;

pub(super) struct EffectsOnce;

impl Invariant<Saga> for EffectsOnce {
    fn name(&self) -> &'static str {
        "effects-once"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Saga>],
    ) -> Result<(), Breach> {
        let Some((last, before)) = effects(processes, touched).and_then(<[_]>::split_last) else {
            return Ok(());
        };
        let has = |act| before.iter().any(|e| e.saga == last.saga && e.act == act);
        let anomaly = match last.act {
            act @ SagaAct::Done(_) if has(act) => "duplicate-effect",
            act @ SagaAct::Compensated(_) if has(act) => "repeated-compensation",
            SagaAct::Compensated(place) if !has(SagaAct::Done(place)) => "needless-compensation",
            SagaAct::Done(_) | SagaAct::Compensated(_) => return Ok(()),
            SagaAct::Completed | SagaAct::Abandoned => {
                unreachable!("a participant ends no saga")
            }
        };
        Err(Breach {
            anomaly,
            told: format!("{touched} has {:?} of {:?} once more", last.act, last.saga),
        })
    }
}
