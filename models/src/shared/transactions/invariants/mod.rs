//! What must hold after every event: AC1 to AC3 on what nodes do, and strict two-phase locking on
//! what they hold. One file each, for every protocol that commits transactions.

mod agreement;
mod locking;
mod stability;
mod strictness;
mod validity;

use murphy_sim::{Invariant, NodeId, Process};

use super::{Book, Commits, Decision, Locking, book::Act};

/// A protocol whose shards lock.
pub(crate) trait Locks: Process {
    /// Who holds what.
    fn locking(&self) -> &Locking;
}

/// Those on what nodes do.
pub(crate) fn commitment<P: Commits>() -> Vec<Box<dyn Invariant<P>>> {
    vec![
        Box::<agreement::Agreement>::default(),
        Box::<stability::Stability>::default(),
        Box::<validity::Validity>::default(),
    ]
}

/// Those on what shards hold.
pub(crate) fn two_phase_locking<P: Locks>() -> Vec<Box<dyn Invariant<P>>> {
    vec![Box::new(locking::Locking), Box::new(strictness::Strictness)]
}

/// How far each node's acts have been read.
#[derive(Debug, Default)]
struct Reader {
    /// The node's life, and how many acts of it.
    read: Vec<(u64, usize)>,
}

impl Reader {
    /// The acts of this node that are new.
    fn new_acts<'a>(&mut self, node: NodeId, book: &'a Book) -> &'a [Act] {
        if self.read.len() <= node.index() {
            self.read.resize(node.index() + 1, (0, 0));
        }
        let (life, count) = &mut self.read[node.index()];
        if *life != book.life() {
            (*life, *count) = (book.life(), 0);
        }
        let new = &book.acts()[*count..];
        *count = book.acts().len();
        new
    }
}

fn verb(decision: Decision) -> &'static str {
    match decision {
        Decision::Commit => "commits",
        Decision::Abort => "aborts",
    }
}

/// The process that was touched, if it is up.
pub(crate) fn process<P>(touched: NodeId, processes: &[Option<P>]) -> Option<&P> {
    processes[touched.index()].as_ref()
}
