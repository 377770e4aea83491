//! At most one value is chosen in each instance: no majority accepts `prepared` for a resource manager
//! in one ballot and another majority `aborted`, in whatever ballot. Lamport, "The Part-Time
//! Parliament" (1998), theorem 1; Gray & Lamport (2006), section 4.1.

use std::collections::{BTreeMap, BTreeSet};

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{PaxosCommit, said};
use crate::{
    paxos_commit::message::Ballot,
    shared::{news::News, transactions::TransactionId},
};

/// The vote of a resource manager on a transaction.
type Instance = (TransactionId, NodeId);

#[derive(Debug)]
pub(super) struct Consistency {
    news: News,
    majority: usize,
    /// Who has accepted what, ballot by ballot.
    accepted: BTreeMap<(Instance, Ballot, bool), BTreeSet<NodeId>>,
    chosen: BTreeMap<Instance, bool>,
}

impl Consistency {
    pub(super) fn new(majority: usize) -> Consistency {
        Consistency {
            news: News::default(),
            majority,
            accepted: BTreeMap::new(),
            chosen: BTreeMap::new(),
        }
    }
}

impl Invariant<PaxosCommit> for Consistency {
    fn name(&self) -> &'static str {
        "consistency"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<PaxosCommit>],
    ) -> Result<(), Breach> {
        for said in said(&mut self.news, touched, processes) {
            for (manager, prepared) in &said.votes {
                let instance = (said.transaction, *manager);
                let by = self.accepted.entry((instance, said.ballot, *prepared));
                let by = by.or_default();
                by.insert(touched);
                if by.len() < self.majority {
                    continue;
                }
                let before = *self.chosen.entry(instance).or_insert(*prepared);
                if before != *prepared {
                    return Err(Breach {
                        anomaly: "two-values-chosen",
                        told: format!(
                            "both values are chosen for the vote of {manager} on transaction {}",
                            said.transaction
                        ),
                    });
                }
            }
        }
        Ok(())
    }
}
