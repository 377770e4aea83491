//! AC2: a process cannot reverse its decision after it has reached one, over crashes too.
//! Bernstein, Hadzilacos & Goodman (1987), section 7.3.

use std::collections::BTreeMap;

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{
    super::{Commits, Decision, TransactionId},
    new_acts, process, verb,
};
use crate::shared::news::News;

#[derive(Debug, Default)]
pub(super) struct Stability {
    news: News,
    decided: BTreeMap<(NodeId, TransactionId), Decision>,
}

impl<P: Commits> Invariant<P> for Stability {
    fn name(&self) -> &'static str {
        "stability"
    }

    fn check(&mut self, _: Time, touched: NodeId, processes: &[Option<P>]) -> Result<(), Breach> {
        let Some(process) = process(touched, processes) else {
            return Ok(());
        };
        for act in new_acts(&mut self.news, touched, process.book()) {
            let Some(decision) = act.what.decision() else {
                continue;
            };
            let before = self.decided.entry((touched, act.transaction));
            let before = *before.or_insert(decision);
            if before != decision {
                return Err(Breach {
                    anomaly: "decision-reversed",
                    told: format!(
                        "{touched} {} transaction {}: before it said otherwise",
                        verb(decision),
                        act.transaction
                    ),
                });
            }
        }
        Ok(())
    }
}
