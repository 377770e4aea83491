//! What must hold in rumour mongering after every event, beside what holds wherever events are spread.

mod hot_is_held;

use murphy_sim::Invariant;

pub use self::hot_is_held::HotIsHeld;
use super::RumourMongering;
use crate::shared::events::{KnowledgeGrows, NothingInvented};

pub(super) fn all() -> Vec<Box<dyn Invariant<RumourMongering>>> {
    vec![
        Box::new(HotIsHeld),
        Box::new(KnowledgeGrows::default()),
        Box::new(NothingInvented::default()),
    ]
}
