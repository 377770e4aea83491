//! Nobody answers a read under a lease when a later leader has been elected: the lease has run out
//! before (dissertation, section 6.4.1; Gray and Cheriton, "Leases", 1989, section 2).

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{
    super::{Raft, Term},
    leader, of,
};

#[derive(Default)]
pub(super) struct OneLeaseHolder {
    /// The latest term that had a leader, and who that was.
    latest: (Term, NodeId),
    /// How many reads each node has answered under its lease as the leader of which term.
    seen: Vec<(Term, u64)>,
}

impl Invariant<Raft> for OneLeaseHolder {
    fn name(&self) -> &'static str {
        "one-lease-holder"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Raft>],
    ) -> Result<(), Breach> {
        let Some((raft, leader)) = leader(processes, touched) else {
            return Ok(());
        };
        let term = raft.log.term();
        self.latest = self.latest.max((term, touched));
        let now = (term, leader.leased_reads);
        let seen = of(&mut self.seen, processes.len(), touched);
        let before = std::mem::replace(seen, now);
        if before == now || leader.leased_reads == 0 || self.latest.0 <= term {
            return Ok(());
        }
        Err(Breach {
            anomaly: "two-lease-holders",
            told: format!(
                "{touched} answers a read under its lease of term {} when {} has been elected in \
                 term {}",
                term.0, self.latest.1, self.latest.0.0
            ),
        })
    }
}
