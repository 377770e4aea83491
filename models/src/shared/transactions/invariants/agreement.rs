//! AC1: all processes that reach a decision reach the same one, coordinators included.
//! Bernstein, Hadzilacos & Goodman (1987), section 7.3.

use std::collections::BTreeMap;

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{
    super::{Commits, Decision, TransactionId},
    new_acts, process, verb,
};
use crate::shared::news::News;

#[derive(Debug, Default)]
pub(super) struct Agreement {
    news: News,
    /// The first decision on each transaction, and where.
    first: BTreeMap<TransactionId, (Decision, NodeId)>,
}

impl<P: Commits> Invariant<P> for Agreement {
    fn name(&self) -> &'static str {
        "agreement"
    }

    fn check(&mut self, _: Time, touched: NodeId, processes: &[Option<P>]) -> Result<(), Breach> {
        let Some(process) = process(touched, processes) else {
            return Ok(());
        };
        for act in new_acts(&mut self.news, touched, process.book()) {
            let Some(decision) = act.what.decision() else {
                continue;
            };
            let first = self.first.entry(act.transaction);
            let (other, node) = *first.or_insert((decision, touched));
            // A node that contradicts itself is a matter for AC2.
            if other != decision && node != touched {
                return Err(Breach {
                    anomaly: "non-atomic-commit",
                    told: format!(
                        "{touched} {} transaction {}, which {node} {}",
                        verb(decision),
                        act.transaction,
                        verb(other)
                    ),
                });
            }
        }
        Ok(())
    }
}
