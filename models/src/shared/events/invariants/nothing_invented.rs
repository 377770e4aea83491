//! Nothing is held that nobody published, and a name is one event's for ever (Demers et al., Epidemic
//! Algorithms, 1987, section 1.1: an update is entered at a single site).

use std::collections::{BTreeMap, btree_map::Entry};

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::super::{HoldsEvents, Item};
use crate::shared::version_vector::Dot;

/// Every event at a node was seen where it was published before, and is the same there.
#[derive(Debug, Default)]
pub struct NothingInvented {
    /// What was published under each name.
    published: BTreeMap<Dot, Item>,
    /// How much of what each node holds in its present life was looked at.
    looked: BTreeMap<NodeId, (Time, usize)>,
}

impl<P: HoldsEvents> Invariant<P> for NothingInvented {
    fn name(&self) -> &'static str {
        "nothing-invented"
    }

    fn check(&mut self, _: Time, touched: NodeId, processes: &[Option<P>]) -> Result<(), Breach> {
        let Some(store) = processes[touched.index()].as_ref().map(P::store) else {
            return Ok(());
        };
        let looked = self.looked.entry(touched).or_default();
        if looked.0 != store.since() {
            *looked = (store.since(), 0);
        }
        let new = store.held().get(looked.1..).unwrap_or_default();
        looked.1 = store.held().len();
        new.iter()
            .try_for_each(|item| judge(&mut self.published, touched, *item))
    }
}

fn judge(published: &mut BTreeMap<Dot, Item>, node: NodeId, item: Item) -> Result<(), Breach> {
    match published.entry(item.dot) {
        Entry::Vacant(place) if item.dot.node == node => {
            place.insert(item);
            Ok(())
        }
        Entry::Vacant(_) => Err(Breach {
            anomaly: "phantom-event",
            told: format!(
                "{node} holds {item:?}, which was never at {}",
                item.dot.node
            ),
        }),
        Entry::Occupied(known) if *known.get() == item => Ok(()),
        Entry::Occupied(known) => Err(Breach {
            anomaly: "identity-reused",
            told: format!("{node} holds {item:?}, which was {:?} before", known.get()),
        }),
    }
}
