//! Leader append-only (Figure 3, section 5.3): a leader never overwrites or deletes entries of its
//! log; it only appends. That it was elected in a later term than its entries is part of it.

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{
    super::{Position, Raft, Term},
    leader, of,
};

#[derive(Default)]
pub(super) struct LeaderAppendOnly {
    /// As the leader of which term each node was last seen, with which last entry.
    seen: Vec<(Term, Position)>,
}

impl Invariant<Raft> for LeaderAppendOnly {
    fn name(&self) -> &'static str {
        "leader-append-only"
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
        let seen = of(&mut self.seen, processes.len(), touched);
        let log = &raft.log;
        let (term, last) = std::mem::replace(seen, (log.term(), log.last()));
        let is_there = last.index < log.base().index || log.term_at(last.index) == Some(last.term);
        if term != log.term() || is_there {
            return Ok(());
        }
        Err(Breach {
            anomaly: "leader-overwrites",
            told: format!(
                "{touched}, leader of term {}, no longer has its entry {} of term {}",
                term.0, last.index.0, last.term.0
            ),
        })
    }
}
