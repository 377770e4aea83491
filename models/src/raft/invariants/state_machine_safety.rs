//! State machine safety (Figure 3, section 5.4.3): if a node has applied an entry at an index, no
//! other ever applies another there.
//!
//! Entries are compared where the log still has them, and the state machines of nodes that have
//! applied equally much: so a snapshot cannot hide anything.

use std::collections::BTreeMap;

use murphy_sim::{Breach, Digest, Invariant, NodeId, Time};

use super::{
    super::{Entry, Index, Raft},
    of, up,
};

#[derive(Default)]
pub(super) struct StateMachineSafety {
    /// By index: the entry that was applied there, where it was seen.
    applied: BTreeMap<Index, Entry>,
    /// The state machine after an entry, as a digest.
    states: BTreeMap<Index, u64>,
    /// How much each node had applied when last seen.
    seen: Vec<Index>,
}

impl StateMachineSafety {
    fn entries(&mut self, raft: &Raft, from: Index, touched: NodeId) -> Result<(), Breach> {
        for index in (from.0 + 1..=raft.commit.0).map(Index) {
            let Some(entry) = raft.log.entry(index) else {
                continue;
            };
            match self.applied.get(&index) {
                None => {
                    self.applied.insert(index, entry.clone());
                }
                Some(known) if known == entry => {}
                Some(known) => {
                    return Err(breach(format!(
                        "{touched} has applied {entry:?} as entry {}, which was {known:?}",
                        index.0
                    )));
                }
            }
        }
        Ok(())
    }
}

fn breach(told: String) -> Breach {
    Breach {
        anomaly: "state-machine-safety",
        told,
    }
}

impl Invariant<Raft> for StateMachineSafety {
    fn name(&self) -> &'static str {
        "state-machine-safety"
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
        let seen = of(&mut self.seen, processes.len(), touched);
        let before = std::mem::replace(seen, raft.commit);
        if before == raft.commit {
            return Ok(());
        }
        // One that has started again applies anew what comes after its snapshot.
        let from = if raft.commit < before {
            Index(0)
        } else {
            before
        };
        self.entries(raft, from, touched)?;
        let state = Digest::of(&raft.machine);
        if *self.states.entry(raft.commit).or_insert(state) == state {
            return Ok(());
        }
        Err(breach(format!(
            "{touched} holds something else after entry {} than another node did",
            raft.commit.0
        )))
    }
}
