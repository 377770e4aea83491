//! No sibling is in the past of another (Preguica et al., Dotted Version Vectors: versions
//! of a key that are kept are concurrent).

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{super::Dynamo, Looked};
use crate::shared::siblings::check_concurrent;

/// What was superseded is not beside what superseded it.
#[derive(Debug, Default)]
pub struct SiblingsAreConcurrent(Looked);

impl Invariant<Dynamo> for SiblingsAreConcurrent {
    fn name(&self) -> &'static str {
        "siblings-are-concurrent"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Dynamo>],
    ) -> Result<(), Breach> {
        let node = self.0.changed(touched, processes).into_iter();
        check_concurrent(touched, node.flat_map(|node| node.store().registers()))
    }
}
