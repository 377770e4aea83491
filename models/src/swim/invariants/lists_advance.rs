//! What is held of a member changes only to what overrides it (Das et al., section 4.2).

use std::collections::BTreeMap;

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::Swim;
use crate::service::membership::Member;

/// Between two starts of a node its list never goes back, in the order in which claims override each
/// other.
#[derive(Debug, Default)]
pub struct ListsAdvance {
    /// For each node when it started, and what it held last.
    held: BTreeMap<NodeId, (Time, BTreeMap<NodeId, Member>)>,
}

impl Invariant<Swim> for ListsAdvance {
    fn name(&self) -> &'static str {
        "lists-advance"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Swim>],
    ) -> Result<(), Breach> {
        let Some(node) = &processes[touched.index()] else {
            return Ok(());
        };
        let (since, held) = self.held.entry(touched).or_default();
        if *since != node.since() || held.len() != node.list().len() {
            (*since, *held) = (node.since(), node.list().clone());
            return Ok(());
        }
        for ((member, before), now) in held.iter_mut().zip(node.list().values()) {
            if before != now && !now.overrides(before) {
                return Err(Breach {
                    anomaly: "incarnation-went-back",
                    told: format!("{touched} held {member} as {before:?}, and now as {now:?}"),
                });
            }
            *before = *now;
        }
        Ok(())
    }
}
