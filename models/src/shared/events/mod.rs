//! Events that are spread to every node: what a node holds of them, and what must hold of that.
//! Knows nothing of the way in which they are spread.

mod invariants;
mod store;

use murphy_sim::Process;
use serde::{Deserialize, Serialize};

pub use self::{
    invariants::{KnowledgeGrows, NothingInvented},
    store::EventStore,
};
use super::version_vector::Dot;
use crate::service::events::{EventId, Key};

/// One event and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Item {
    /// The how-manieth of the node where it was published.
    pub dot: Dot,
    /// Under which key.
    pub key: Key,
    /// The event.
    pub event: EventId,
}

/// A node that holds events in a store.
pub trait HoldsEvents: Process {
    /// What it holds.
    fn store(&self) -> &EventStore;
}
