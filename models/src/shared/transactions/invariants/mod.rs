//! What must hold after every event: AC1 to AC3 on what nodes do, and strict two-phase locking on
//! what they hold. One file each, for every protocol that commits transactions.

mod agreement;
mod locking;
mod stability;
mod strictness;
mod validity;

use murphy_sim::{Invariant, NodeId, Process};

use super::{Book, Commits, Decision, Locking, book::Act};
use crate::shared::news::News;

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

/// The acts of this node that are new.
fn new_acts<'a>(news: &mut News, node: NodeId, book: &'a Book) -> &'a [Act] {
    news.since(node, book.life(), book.acts())
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
