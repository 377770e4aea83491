//! What a node knows only grows between its crashes (Demers et al. section 1.1: sites merge, they
//! never take back).

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::Gossip;

/// A node that has shown an event shows it until it crashes, and a node that knows an event shows it.
#[derive(Debug, Default)]
pub struct KnowledgeGrows {
    /// For each node, when it started and how many events it knew and showed.
    seen: Vec<Option<(Time, usize, usize)>>,
}

impl Invariant<Gossip> for KnowledgeGrows {
    fn name(&self) -> &'static str {
        "knowledge-grows"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Gossip>],
    ) -> Result<(), Breach> {
        self.seen.resize(processes.len(), None);
        let Some(node) = &processes[touched.index()] else {
            return Ok(());
        };
        let now = (node.since(), node.known(), node.shown_count());
        let before = self.seen[touched.index()].replace(now);
        let Some((since, known, shown)) = before.filter(|(since, ..)| *since == now.0) else {
            return Ok(());
        };
        if now.1 < known || now.2 < shown {
            return Err(Breach {
                anomaly: "forgotten-event",
                told: format!(
                    "{touched}, up since {since}, knew {known} events and showed {shown}; now it knows \
                     {} and shows {}",
                    now.1, now.2
                ),
            });
        }
        Ok(())
    }
}
