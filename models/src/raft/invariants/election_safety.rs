//! Election safety (Figure 3, section 5.2): a term has one leader at most, for ever.

use std::collections::BTreeMap;

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{
    super::{Raft, Term},
    leader,
};

#[derive(Default)]
pub(super) struct ElectionSafety {
    leaders: BTreeMap<Term, NodeId>,
}

impl Invariant<Raft> for ElectionSafety {
    fn name(&self) -> &'static str {
        "election-safety"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Raft>],
    ) -> Result<(), Breach> {
        let Some((raft, _)) = leader(processes, touched) else {
            return Ok(());
        };
        let first = *self.leaders.entry(raft.log.term()).or_insert(touched);
        if first == touched {
            return Ok(());
        }
        Err(Breach {
            anomaly: "two-leaders",
            told: format!(
                "{touched} leads in term {}, which is {first}'s",
                raft.log.term().0
            ),
        })
    }
}
