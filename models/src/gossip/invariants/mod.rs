//! What must hold in the gossip after every event. Each looks at the node that was touched, and only
//! when it knows something new.

mod knowledge_grows;
mod nothing_invented;

use murphy_sim::Invariant;

pub use self::{knowledge_grows::KnowledgeGrows, nothing_invented::NothingInvented};
use super::Gossip;

pub(super) fn all() -> Vec<Box<dyn Invariant<Gossip>>> {
    vec![
        Box::new(KnowledgeGrows::default()),
        Box::new(NothingInvented::default()),
    ]
}
