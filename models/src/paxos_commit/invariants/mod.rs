//! What Paxos itself promises, on what acceptors tell leaders. One file each.

mod consistency;
mod promises;

use murphy_sim::{Invariant, NodeId};

use super::{PaxosCommit, acceptor::Said};
use crate::shared::{news::News, transactions::Commits};

/// All of them.
pub(super) fn all(majority: usize) -> Vec<Box<dyn Invariant<PaxosCommit>>> {
    vec![
        Box::new(consistency::Consistency::new(majority)),
        Box::<promises::Promises>::default(),
    ]
}

/// What this node has told leaders since it was last looked at.
fn said<'a>(news: &mut News, node: NodeId, processes: &'a [Option<PaxosCommit>]) -> &'a [Said] {
    match &processes[node.index()] {
        Some(process) => news.since(node, process.book().life(), &process.said),
        None => &[],
    }
}
