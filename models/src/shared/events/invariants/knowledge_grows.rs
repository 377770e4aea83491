//! What a node holds only grows between its crashes, and nothing is held twice (Demers et al.,
//! Epidemic Algorithms, 1987, section 1.1: sites merge, they never take back).

use std::collections::{BTreeMap, BTreeSet};

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::super::{HoldsEvents, Item};
use crate::shared::version_vector::Dot;

/// A node that holds an event holds it until it crashes, and once.
#[derive(Debug, Default)]
pub struct KnowledgeGrows {
    looked: BTreeMap<NodeId, Looked>,
}

/// What is known of a node in one of its lives.
#[derive(Debug, Default)]
struct Looked {
    since: Time,
    names: BTreeSet<Dot>,
    /// How much it held, and the last of that.
    count: usize,
    last: Option<Item>,
}

impl<P: HoldsEvents> Invariant<P> for KnowledgeGrows {
    fn name(&self) -> &'static str {
        "knowledge-grows"
    }

    fn check(&mut self, _: Time, touched: NodeId, processes: &[Option<P>]) -> Result<(), Breach> {
        let Some(store) = processes[touched.index()].as_ref().map(P::store) else {
            return Ok(());
        };
        let looked = self.looked.entry(touched).or_default();
        if looked.since != store.since() {
            *looked = Looked {
                since: store.since(),
                ..Looked::default()
            };
        }
        let held = store.held();
        let before = std::mem::replace(&mut looked.count, held.len());
        let last = std::mem::replace(&mut looked.last, held.last().copied());
        if before > 0 && held.get(before - 1) != last.as_ref() {
            return Err(Breach {
                anomaly: "forgotten-event",
                told: format!(
                    "{touched}, up since {}, held {before} events and {last:?} as the last of them; \
                     of those it now holds {}",
                    looked.since,
                    held.len().min(before)
                ),
            });
        }
        for item in &held[before..] {
            if !looked.names.insert(item.dot) {
                return Err(Breach {
                    anomaly: "event-held-twice",
                    told: format!("{touched} holds {item:?} twice"),
                });
            }
        }
        Ok(())
    }
}
