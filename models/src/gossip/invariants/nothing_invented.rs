//! Nothing is known that nobody published, and a counter of an origin names one event for ever
//! (Demers et al. section 1.1: an update is entered at a single site).

use std::collections::{BTreeMap, btree_map::Entry};

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::Gossip;
use crate::{gossip::Rumour, service::events::EventId};

/// Every rumour at a node was seen at its origin before, and is the same there.
#[derive(Debug, Default)]
pub struct NothingInvented {
    /// What each origin has published under each counter.
    published: BTreeMap<(NodeId, u32), EventId>,
    /// How many rumours each node knew, and up to which counter of each origin, in one of its lives.
    looked: BTreeMap<NodeId, (Time, usize, BTreeMap<NodeId, u32>)>,
}

impl Invariant<Gossip> for NothingInvented {
    fn name(&self) -> &'static str {
        "nothing-invented"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Gossip>],
    ) -> Result<(), Breach> {
        let Some(node) = &processes[touched.index()] else {
            return Ok(());
        };
        let looked = self.looked.entry(touched).or_default();
        if looked.0 != node.since() {
            *looked = (node.since(), 0, BTreeMap::new());
        }
        if looked.1 == node.known() {
            return Ok(());
        }
        looked.1 = node.known();
        for origin in node.origins() {
            let upto = looked.2.entry(origin).or_default();
            for rumour in node.heard_after(origin, *upto) {
                *upto = rumour.counter;
                judge(&mut self.published, touched, rumour)?;
            }
        }
        Ok(())
    }
}

fn judge(
    published: &mut BTreeMap<(NodeId, u32), EventId>,
    node: NodeId,
    rumour: Rumour,
) -> Result<(), Breach> {
    let Rumour {
        origin,
        counter,
        event,
        ..
    } = rumour;
    match published.entry((origin, counter)) {
        Entry::Vacant(place) if origin == node => {
            place.insert(event);
            Ok(())
        }
        Entry::Vacant(_) => Err(Breach {
            anomaly: "phantom-event",
            told: format!("{node} knows event {event} as {origin}'s {counter}th, which {origin} never had"),
        }),
        Entry::Occupied(known) if *known.get() == event => Ok(()),
        Entry::Occupied(known) => Err(Breach {
            anomaly: "identity-reused",
            told: format!(
                "{node} knows event {event} as {origin}'s {counter}th, which was event {} before",
                known.get()
            ),
        }),
    }
}
