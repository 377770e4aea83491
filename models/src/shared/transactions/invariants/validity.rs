//! AC3: the decision is commit only if all processes voted yes. Those that have only read vote so
//! and count as willing (Mohan et al. 1986, section 3.3).
//! Bernstein, Hadzilacos & Goodman (1987), section 7.3.

use std::collections::BTreeSet;

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{
    super::{ActKind, Commits, Decision, TransactionId, Vote},
    new_acts, process,
};
use crate::shared::news::News;

#[derive(Debug, Default)]
pub(super) struct Validity {
    news: News,
    willing: BTreeSet<(TransactionId, NodeId)>,
    committed: BTreeSet<TransactionId>,
}

impl Validity {
    fn breach(told: String) -> Result<(), Breach> {
        Err(Breach {
            anomaly: "commit-without-votes",
            told,
        })
    }
}

impl<P: Commits> Invariant<P> for Validity {
    fn name(&self) -> &'static str {
        "validity"
    }

    fn check(&mut self, _: Time, touched: NodeId, processes: &[Option<P>]) -> Result<(), Breach> {
        let Some(process) = process(touched, processes) else {
            return Ok(());
        };
        for act in new_acts(&mut self.news, touched, process.book()) {
            let transaction = act.transaction;
            match &act.what {
                ActKind::Voted(Vote::Yes | Vote::ReadOnly) => {
                    self.willing.insert((transaction, touched));
                }
                ActKind::Committed(voters) => {
                    let voted = |node: &&NodeId| self.willing.contains(&(transaction, **node));
                    if let Some(node) = voters.iter().find(|node| !voted(node)) {
                        return Validity::breach(format!(
                            "{touched} commits transaction {transaction}, and {node} has not voted \
                             for it"
                        ));
                    }
                    self.committed.insert(transaction);
                }
                ActKind::Decided(Decision::Commit) => {
                    if !self.committed.contains(&transaction) {
                        return Validity::breach(format!(
                            "{touched} commits transaction {transaction}, and its coordinator has \
                             not"
                        ));
                    }
                }
                ActKind::Voted(Vote::No) | ActKind::Decided(Decision::Abort) | ActKind::Aborted => {
                }
            }
        }
        Ok(())
    }
}
