//! What must hold after every event: AC1 to AC3 on what nodes do, and strict two-phase locking on
//! what they hold. One file each.

mod agreement;
mod locking;
mod stability;
mod strictness;
mod validity;

use murphy_sim::{Invariant, NodeId};

use super::{
    TwoPhaseCommit,
    message::{Act, Decision},
};

/// All of them.
pub(super) fn all() -> Vec<Box<dyn Invariant<TwoPhaseCommit>>> {
    vec![
        Box::<agreement::Agreement>::default(),
        Box::<stability::Stability>::default(),
        Box::<validity::Validity>::default(),
        Box::new(locking::Locking),
        Box::new(strictness::Strictness),
    ]
}

/// How far each node's acts have been read.
#[derive(Debug, Default)]
struct Reader {
    /// The node's life, and how many acts of it.
    read: Vec<(u64, usize)>,
}

impl Reader {
    /// The acts of this node that are new.
    fn new_acts<'a>(&mut self, node: NodeId, process: &'a TwoPhaseCommit) -> &'a [Act] {
        if self.read.len() <= node.index() {
            self.read.resize(node.index() + 1, (0, 0));
        }
        let (life, count) = &mut self.read[node.index()];
        if *life != process.life {
            (*life, *count) = (process.life, 0);
        }
        let new = &process.acts[*count..];
        *count = process.acts.len();
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
fn process(touched: NodeId, processes: &[Option<TwoPhaseCommit>]) -> Option<&TwoPhaseCommit> {
    processes[touched.index()].as_ref()
}
