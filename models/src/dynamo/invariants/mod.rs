//! What must hold after every event.

mod acknowledged_are_held;
mod one_version_a_dot;
mod siblings_are_concurrent;
mod trees_tell_contents;

use murphy_sim::{Invariant, LogIndex, NodeId};

pub use self::{
    acknowledged_are_held::AcknowledgedAreHeld, one_version_a_dot::OneVersionADot,
    siblings_are_concurrent::SiblingsAreConcurrent, trees_tell_contents::TreesTellContents,
};
use super::Dynamo;

pub(super) fn all() -> Vec<Box<dyn Invariant<Dynamo>>> {
    vec![
        Box::<AcknowledgedAreHeld>::default(),
        Box::<OneVersionADot>::default(),
        Box::<SiblingsAreConcurrent>::default(),
        Box::<TreesTellContents>::default(),
    ]
}

/// How far the log of each node was when it was last looked at: what nodes hold is looked at again only
/// when that has changed.
#[derive(Debug, Default)]
struct Looked(Vec<Option<LogIndex>>);

impl Looked {
    /// The node, if it holds something else than when it was last asked for, or has started since.
    fn changed<'a>(
        &mut self,
        touched: NodeId,
        processes: &'a [Option<Dynamo>],
    ) -> Option<&'a Dynamo> {
        self.0.resize(processes.len(), None);
        let node = processes[touched.index()].as_ref();
        let written = node.map(Dynamo::written);
        let before = std::mem::replace(&mut self.0[touched.index()], written);
        node.filter(|_| before != written)
    }
}
