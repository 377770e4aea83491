//! One history: what one replica has committed at a place of its log, every replica that has
//! committed so far has there too. For the invariants of protocols that replicate a log.

use murphy_sim::{Breach, NodeId};

use super::log::{Entry, Log};

/// All that was committed, by anyone.
#[derive(Default)]
pub(crate) struct History {
    pub(crate) committed: Vec<Entry>,
    /// How far each node has been compared.
    compared: Vec<u64>,
}

impl History {
    /// Compares what this node has committed since it was last seen. A node without a log is down.
    pub(crate) fn check(
        &mut self,
        touched: NodeId,
        nodes: usize,
        log: Option<&Log>,
    ) -> Result<(), Breach> {
        self.compared.resize(nodes, 0);
        let compared = &mut self.compared[touched.index()];
        let Some(log) = log else {
            *compared = 0;
            return Ok(());
        };
        let applied = log.applied();
        // It has started again, or has undone something: all is compared anew.
        *compared = if applied < *compared { 0 } else { *compared };
        for (i, entry) in (*compared..).zip(log.slice(*compared, applied)) {
            match self.committed.get(i as usize) {
                None => self.committed.push(entry.clone()),
                Some(known) if known == entry => {}
                Some(known) => {
                    return Err(Breach {
                        anomaly: "committed-entries-differ",
                        told: format!(
                            "{touched} has committed {entry:?} as entry {}, which was {known:?}",
                            i + 1
                        ),
                    });
                }
            }
        }
        *compared = applied;
        Ok(())
    }
}
