//! Leader completeness (Figure 3, section 5.4): what is committed in a term is in the logs of the
//! leaders of all later terms.

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{
    super::{Index, Raft, Term},
    leader, of, up,
};

#[derive(Default)]
pub(super) struct LeaderCompleteness {
    /// By index from 1: the committed entry's term, and the term it was committed in.
    committed: Vec<(Term, Term)>,
    /// How much each node had committed when last seen.
    seen: Vec<Index>,
    /// The leader that was last elected, and how much was committed when it was compared.
    compared: (Term, usize),
}

impl LeaderCompleteness {
    fn learn(&mut self, raft: &Raft, touched: NodeId, nodes: usize) {
        let seen = of(&mut self.seen, nodes, touched);
        if *seen == raft.commit {
            return;
        }
        *seen = raft.commit;
        for index in self.committed.len() as u64 + 1..=raft.commit.0 {
            let Some(term) = raft.log.term_at(Index(index)) else {
                // It is deep in a snapshot: whoever committed it first was seen to.
                return;
            };
            self.committed.push((term, raft.log.term()));
        }
    }

    /// The first committed entry from `from` on that a later leader does not have.
    fn missing(&self, raft: &Raft, from: usize) -> Option<(u64, Term)> {
        let later = self.committed.iter().enumerate().skip(from);
        later.into_iter().find_map(|(place, (term, in_term))| {
            let index = Index(place as u64 + 1);
            let is_there = index < raft.log.base().index || raft.log.term_at(index) == Some(*term);
            (!is_there && *in_term < raft.log.term()).then_some((index.0, *term))
        })
    }
}

impl Invariant<Raft> for LeaderCompleteness {
    fn name(&self) -> &'static str {
        "leader-completeness"
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
        self.learn(raft, touched, processes.len());
        let Some((raft, _)) = leader(processes, touched) else {
            return Ok(());
        };
        let (term, upto) = self.compared;
        if raft.log.term() < term {
            return Ok(());
        }
        // What a deposed leader has committed since the last look counts too.
        let from = if raft.log.term() == term { upto } else { 0 };
        self.compared = (raft.log.term(), self.committed.len());
        match self.missing(raft, from) {
            None => Ok(()),
            Some((index, term)) => Err(Breach {
                anomaly: "incomplete-leader",
                told: format!(
                    "{touched} leads in term {} without entry {index} of term {}, which is committed",
                    raft.log.term().0,
                    term.0
                ),
            }),
        }
    }
}
