//! What must hold in Plumtree after every event, beside what holds wherever events are spread.

mod missing_is_missing;

use murphy_sim::Invariant;

pub use self::missing_is_missing::MissingIsMissing;
use super::Plumtree;
use crate::shared::events::{KnowledgeGrows, NothingInvented};

pub(super) fn all() -> Vec<Box<dyn Invariant<Plumtree>>> {
    vec![
        Box::new(MissingIsMissing),
        Box::new(KnowledgeGrows::default()),
        Box::new(NothingInvented::default()),
    ]
}
