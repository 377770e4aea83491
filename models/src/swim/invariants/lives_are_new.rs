//! A member that joins again is a new one (Das et al., section 3.2 leaves how to the join protocol):
//! it must not be taken for the one that was confirmed to have failed.

use std::collections::BTreeMap;

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::Swim;
use crate::service::membership::Incarnation;

/// What a node says of itself only goes forward, and each start begins a life of its own.
#[derive(Debug, Default)]
pub struct LivesAreNew {
    /// For each node when it started, and what it said of itself last.
    said: BTreeMap<NodeId, (Time, Incarnation)>,
}

impl Invariant<Swim> for LivesAreNew {
    fn name(&self) -> &'static str {
        "lives-are-new"
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
        if !node.is_member() {
            return Ok(());
        }
        let now = (node.since(), node.own());
        let Some((since, before)) = self.said.insert(touched, now) else {
            return Ok(());
        };
        let is_new = match since == now.0 {
            true => now.1 >= before,
            false => now.1.life > before.life,
        };
        if is_new {
            return Ok(());
        }
        Err(Breach {
            anomaly: "incarnation-reused",
            told: format!(
                "{touched}, up since {}, is in {:?}, but was in {before:?} when it was up since \
                 {since}",
                now.0, now.1
            ),
        })
    }
}
