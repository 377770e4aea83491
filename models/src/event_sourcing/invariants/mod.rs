//! What must hold after every event.

mod aggregate_is_its_stream;
mod event_once;
mod projection_is_a_prefix;
mod projections_rise;

use murphy_sim::{Invariant, NodeId};

use super::{EventSourcing, STORE, Store};
use crate::shared::materialised::State;

pub(super) fn all() -> Vec<Box<dyn Invariant<EventSourcing>>> {
    vec![
        Box::new(event_once::EventOnce::default()),
        Box::new(aggregate_is_its_stream::AggregateIsItsStream),
        Box::new(projection_is_a_prefix::ProjectionIsAPrefix::default()),
        Box::new(projections_rise::ProjectionsRise::default()),
    ]
}

fn store(processes: &[Option<EventSourcing>]) -> Option<&Store> {
    match processes[STORE.index()].as_ref()? {
        EventSourcing::Store(store) => Some(store),
        other => unreachable!("the store's node is a {}", murphy_sim::Process::role(other)),
    }
}

/// What a reader of this node sees; none when it is down, and when there is no projection.
fn shown(processes: &[Option<EventSourcing>], node: NodeId) -> Option<&State> {
    match processes[node.index()].as_ref()? {
        EventSourcing::Projection(projection) => Some(projection.shown()),
        EventSourcing::Store(_) | EventSourcing::Handler(_) => None,
    }
}
