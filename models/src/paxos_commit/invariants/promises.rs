//! An acceptor that has promised or accepted in a ballot never answers a lower one, over crashes too.
//! Lamport, "Paxos Made Simple" (2001), P1a; Gray & Lamport (2006), section 4.1.

use std::collections::BTreeMap;

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{PaxosCommit, said};
use crate::{
    paxos_commit::message::Ballot,
    shared::{news::News, transactions::TransactionId},
};

#[derive(Debug, Default)]
pub(super) struct Promises {
    news: News,
    highest: BTreeMap<(NodeId, TransactionId), Ballot>,
}

impl Invariant<PaxosCommit> for Promises {
    fn name(&self) -> &'static str {
        "promises"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<PaxosCommit>],
    ) -> Result<(), Breach> {
        for said in said(&mut self.news, touched, processes) {
            let highest = self.highest.entry((touched, said.transaction)).or_default();
            if said.ballot < *highest {
                return Err(Breach {
                    anomaly: "promise-broken",
                    told: format!(
                        "{touched} answers ballot {} on transaction {} and has answered ballot \
                         {highest} before",
                        said.ballot, said.transaction
                    ),
                });
            }
            *highest = said.ballot;
        }
        Ok(())
    }
}
