//! Merkle trees are those over what is there (DeCandia et al., Dynamo, section 4.7).

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{super::Dynamo, Looked};

/// So equal trees mean equal ranges, and anti-entropy misses nothing.
#[derive(Debug, Default)]
pub struct TreesTellContents(Looked);

impl Invariant<Dynamo> for TreesTellContents {
    fn name(&self) -> &'static str {
        "trees-tell-contents"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Dynamo>],
    ) -> Result<(), Breach> {
        let Some(node) = self.0.changed(touched, processes) else {
            return Ok(());
        };
        let (store, ring) = (node.store(), node.ring());
        let stale = ring
            .held_by(touched)
            .find(|range| store.tree(*range).root() != store.rebuilt(*range).root());
        stale.map_or(Ok(()), |range| {
            Err(Breach {
                anomaly: "stale-tree",
                told: format!("{touched} holds in {range:?} what its tree does not tell"),
            })
        })
    }
}
