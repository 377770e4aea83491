//! Log matching (Figure 3, section 5.3): if two logs hold an entry of the same index and term, they
//! are the same up to it.
//!
//! By induction it is enough that all entries of one index and term are equal, and come after
//! entries of the same term.

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{
    super::{Index, Payload, Position, Raft, Term},
    of, up,
};

#[derive(Default)]
pub(super) struct LogMatching {
    /// By index: of each term that was seen there, the term before and what the entry holds.
    known: Vec<Vec<(Term, Term, Payload)>>,
    /// How far each node's log has been compared.
    compared: Vec<Position>,
}

impl Invariant<Raft> for LogMatching {
    fn name(&self) -> &'static str {
        "log-matching"
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
        let (log, last) = (&raft.log, raft.log.last());
        let compared = of(&mut self.compared, processes.len(), touched);
        if *compared == last {
            return Ok(());
        }
        // It has grown, or has been cut or replaced: then all is compared anew.
        let has_grown = log.term_at(compared.index) == Some(compared.term);
        let from = if has_grown { *compared } else { log.base() };
        *compared = last;
        let mut before = from.term;
        for (index, entry) in (from.index.0 + 1..).zip(log.after(from.index)) {
            let place = index as usize;
            self.known
                .resize(self.known.len().max(place + 1), Vec::new());
            let known = &mut self.known[place];
            match known.iter().find(|(term, ..)| *term == entry.term) {
                None => known.push((entry.term, before, entry.payload.clone())),
                Some((_, earlier, payload)) if *earlier == before && *payload == entry.payload => {}
                Some((_, earlier, payload)) => {
                    return Err(Breach {
                        anomaly: "logs-differ",
                        told: format!(
                            "{touched} has {entry:?} as entry {:?} after one of term {}, which was \
                             {payload:?} after one of term {}",
                            Index(index),
                            before.0,
                            earlier.0
                        ),
                    });
                }
            }
            before = entry.term;
        }
        Ok(())
    }
}
