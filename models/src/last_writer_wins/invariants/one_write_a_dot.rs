//! A dot names one write for ever (Preguica et al., Dotted Version Vectors, 2012).

use std::collections::{BTreeMap, btree_map::Entry};

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::super::LastWriterWins;
use crate::{
    service::kv::{Key, Value},
    shared::version_vector::Dot,
};

/// Else who knows the first write of that name never asks for the second.
#[derive(Debug, Default)]
pub struct OneWriteADot {
    seen: BTreeMap<Dot, (Key, Value)>,
}

impl Invariant<LastWriterWins> for OneWriteADot {
    fn name(&self) -> &'static str {
        "one-write-a-dot"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<LastWriterWins>],
    ) -> Result<(), Breach> {
        let entries = processes[touched.index()].iter();
        for (key, entry) in entries.flat_map(|node| node.store().entries()) {
            let write = (key, entry.value);
            match self.seen.entry(entry.dot) {
                Entry::Vacant(place) => {
                    place.insert(write);
                }
                Entry::Occupied(known) if *known.get() == write => {}
                // What was never told and was lost in a crash leaves its number to the next write.
                Entry::Occupied(mut known) if is_elsewhere(entry.dot, touched, processes) => {
                    let told = format!(
                        "{touched} holds {write:?} as {:?}, which is {:?} elsewhere",
                        entry.dot,
                        known.get()
                    );
                    known.insert(write);
                    return Err(Breach {
                        anomaly: "dot-reused",
                        told,
                    });
                }
                Entry::Occupied(mut known) => {
                    known.insert(write);
                }
            }
        }
        Ok(())
    }
}

/// Whether another node knows a write of this name.
fn is_elsewhere(dot: Dot, than: NodeId, processes: &[Option<LastWriterWins>]) -> bool {
    processes.iter().enumerate().any(|(i, node)| {
        let knows = |node: &LastWriterWins| node.versions().covers(dot);
        i != than.index() && node.as_ref().is_some_and(knows)
    })
}
