//! Sagas, judged: what their steps did where they were done, against how they were said to end.

use std::collections::BTreeMap;

use murphy_checkers::{
    Reason, Verdict,
    atomic_commit::Decision,
    saga::{self, Saga, SagaEvent},
};
use murphy_models::service::txn::{MicroOp, Request, SagaAct, SagaEffect};
use murphy_sim::{CallId, NodeId};

use super::{Seen, calls, txn::outcomes};

/// All or nothing, once each, the latest first. What clients were told counts as said.
pub(super) fn sagas(seen: &Seen<Request>) -> Verdict {
    let mut effects = effects(seen);
    if effects.is_empty() {
        let words = "no node holds what happened to a saga: is this a protocol of sagas?";
        return Verdict::Unknown(Reason::NotEnoughKnown(words.to_owned()));
    }
    // What knows of another comes after it; what does not may come in any order.
    effects.sort_by_key(|(node, effect)| (effect.stamp, *node));
    let mut sagas: BTreeMap<CallId, Saga> = BTreeMap::new();
    for (node, effect) in effects {
        let event = match effect.act {
            SagaAct::Done(step) => SagaEvent::Done(step),
            SagaAct::Compensated(step) => SagaEvent::Compensated(step),
            SagaAct::Completed => SagaEvent::Completed,
            SagaAct::Abandoned => SagaEvent::Abandoned,
        };
        let events = &mut sagas.entry(effect.saga).or_default().events;
        events.push((event, first_seen(seen, node, effect)));
    }
    let calls = calls(seen.history);
    for (id, (place, told)) in outcomes(seen) {
        let call = &calls[place];
        let saga = sagas.entry(id).or_default();
        saga.saga = u64::from(id.client.0) << 32 | u64::from(id.number);
        saga.steps = steps(call.request);
        saga.operation = Some(place);
        let said = match told {
            Some(Decision::Commit) if saga.steps > 0 => SagaEvent::Completed,
            Some(Decision::Abort) => SagaEvent::Abandoned,
            _ => continue,
        };
        let at = call.ended.as_ref().map_or(seen.ended, |(at, _)| *at);
        if !saga.events.iter().any(|(event, _)| *event == said) {
            saga.events.push((said, at.0));
        }
    }
    let sagas: Vec<Saga> = sagas.into_values().collect();
    saga::check(&sagas, seen.healed.is_some())
}

/// What happened to sagas, at which node, as nodes hold it in the end.
fn effects(seen: &Seen<Request>) -> Vec<(NodeId, SagaEffect)> {
    let here = seen.held.iter().flat_map(|(node, view)| {
        let effects = view.state.iter().flat_map(|state| &state.sagas);
        effects.map(|effect| (*node, *effect))
    });
    here.collect()
}

/// When a sample showed it for the first time; the end of the run if none did.
fn first_seen(seen: &Seen<Request>, node: NodeId, effect: SagaEffect) -> u64 {
    let sample = seen.samples.iter().find(|sample| {
        let here = sample.views.iter().find(|(id, _)| *id == node);
        let state = here.and_then(|(_, view)| view.state.as_ref());
        state.is_some_and(|state| state.sagas.contains(&effect))
    });
    sample.map_or(seen.ended, |sample| sample.time).0
}

/// The steps of a transaction that changes something.
fn steps(request: &Request) -> u32 {
    let updates = request.0.iter().filter(|op: &&MicroOp| op.is_update());
    updates.count() as u32
}

#[cfg(test)]
mod tests;
