//! What Paxos itself promises, on what acceptors tell leaders. One file each.

mod consistency;
mod promises;

use murphy_sim::{Invariant, NodeId};

use super::{PaxosCommit, acceptor::Said};
use crate::shared::transactions::Commits;

/// All of them.
pub(super) fn all(majority: usize) -> Vec<Box<dyn Invariant<PaxosCommit>>> {
    vec![
        Box::new(consistency::Consistency::new(majority)),
        Box::<promises::Promises>::default(),
    ]
}

/// How far what each acceptor has said has been read.
#[derive(Debug, Default)]
struct Listener {
    /// The node's life, and how much of it.
    heard: Vec<(u64, usize)>,
}

impl Listener {
    /// What this node has said since it was last listened to.
    fn news<'a>(&mut self, node: NodeId, processes: &'a [Option<PaxosCommit>]) -> &'a [Said] {
        let Some(process) = &processes[node.index()] else {
            return &[];
        };
        if self.heard.len() <= node.index() {
            self.heard.resize(node.index() + 1, (0, 0));
        }
        let (life, count) = &mut self.heard[node.index()];
        if *life != process.book().life() {
            (*life, *count) = (process.book().life(), 0);
        }
        let news = &process.said[*count..];
        *count = process.said.len();
        news
    }
}
