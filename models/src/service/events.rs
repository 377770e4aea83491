//! Events: published to a key, delivered, applied to a view.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A topic, an aggregate, an account: what events are ordered by, where they are.
pub type Key = u32;
/// An event. Workloads publish each at most once.
pub type EventId = u64;

/// What has been applied at a node, by key, in the order of its application; an event that was
/// applied twice is there twice.
pub type View = BTreeMap<Key, Vec<EventId>>;

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// Make this known.
    Publish {
        /// Under which key.
        key: Key,
        /// Which event.
        event: EventId,
    },
    /// What has been applied under this key?
    Read {
        /// Which key.
        key: Key,
    },
}

/// What a client is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Response {
    /// It will be made known.
    Published,
    /// What has been applied, in order.
    Applied(Vec<EventId>),
}
