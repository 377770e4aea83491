//! Terms and commit indices only rise (section 5.1; Figure 2, "increases monotonically"): a term as
//! far as it is on the disk, what is committed as long as the node runs, and after that not below
//! its snapshot.

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{
    super::{Index, Raft, Term},
    of, up,
};

#[derive(Default)]
pub(super) struct TermsRise {
    /// The latest term that each node had on its disk, and what it had committed when last seen.
    seen: Vec<(Term, Index)>,
}

impl Invariant<Raft> for TermsRise {
    fn name(&self) -> &'static str {
        "terms-rise"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Raft>],
    ) -> Result<(), Breach> {
        let Some(raft) = up(processes, touched) else {
            return Ok(());
        };
        let (term, commit) = (raft.log.term(), raft.commit);
        let seen = of(&mut self.seen, processes.len(), touched);
        let before = *seen;
        if raft.log.is_durable(raft.log.term_record()) {
            seen.0 = before.0.max(term);
        }
        seen.1 = commit;
        if term < before.0 {
            return Err(Breach {
                anomaly: "term-falls",
                told: format!(
                    "{touched} is in term {} after term {} was on its disk",
                    term.0, before.0.0
                ),
            });
        }
        if commit < before.1 && commit != raft.log.base().index {
            return Err(Breach {
                anomaly: "commit-falls",
                told: format!(
                    "{touched} has committed {} entries after it had committed {}",
                    commit.0, before.1.0
                ),
            });
        }
        Ok(())
    }
}
