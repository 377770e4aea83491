//! What must hold after every event. Whether sagas end whole, and are compensated in reverse, their
//! checker judges in the end.

mod effects_once;
mod outcome_stands;
mod steps_in_order;

use murphy_sim::{Invariant, NodeId};

use super::{ORCHESTRATOR, Saga};
use crate::service::txn::SagaEffect;

pub(super) fn all() -> Vec<Box<dyn Invariant<Saga>>> {
    vec![
        Box::new(effects_once::EffectsOnce),
        Box::new(steps_in_order::StepsInOrder::default()),
        Box::new(outcome_stands::OutcomeStands::default()),
    ]
}

/// What took effect at this node; none while it is down, and at the orchestrator.
fn effects(processes: &[Option<Saga>], node: NodeId) -> Option<&[SagaEffect]> {
    match processes[node.index()].as_ref()? {
        Saga::Participant(participant) => Some(participant.effects()),
        Saga::Orchestrator(_) => None,
    }
}

/// How sagas ended; none while the orchestrator is down.
fn ends(processes: &[Option<Saga>]) -> Option<&[SagaEffect]> {
    match processes[ORCHESTRATOR.index()].as_ref()? {
        Saga::Orchestrator(orchestrator) => Some(orchestrator.ends()),
        Saga::Participant(_) => unreachable!("the first node is the orchestrator"),
    }
}
