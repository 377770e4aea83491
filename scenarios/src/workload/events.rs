//! Events: published in order of a key, or to everyone.

use murphy_models::service::events::{EventId, Request};
use murphy_sim::{ClientId, PlannedCall, Route, Stream};

use super::Demand;

/// Events by key, and reads of the views they make.
pub(crate) fn outbox(demand: &Demand, stream: &mut Stream) -> Vec<PlannedCall<Request>> {
    publish_and_read(demand, stream, |_| Route::Sticky)
}

/// Events published at any node, and reads at any node.
pub(crate) fn broadcast(demand: &Demand, stream: &mut Stream) -> Vec<PlannedCall<Request>> {
    publish_and_read(demand, stream, |_| Route::Any)
}

/// Events published and read, each client at a node of its own, whatever becomes of that node.
pub(crate) fn conversation(demand: &Demand, stream: &mut Stream) -> Vec<PlannedCall<Request>> {
    publish_and_read(demand, stream, |client| Route::Key(u64::from(client.0)))
}

fn publish_and_read(
    demand: &Demand,
    stream: &mut Stream,
    route: impl Fn(ClientId) -> Route,
) -> Vec<PlannedCall<Request>> {
    let mut last: EventId = 0;
    let mut calls = demand.calls(stream, |stream| {
        let key = demand.key(stream);
        if stream.chance(demand.reads) {
            return Request::Read { key };
        }
        last += 1;
        Request::Publish { key, event: last }
    });
    for call in &mut calls {
        call.route = route(call.client);
    }
    let reads: Vec<Request> = (0..demand.keys).map(|key| Request::Read { key }).collect();
    demand.last_calls(&reads, &mut calls);
    calls
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::tests::demand;

    #[test]
    fn every_event_is_published_once() {
        let calls = outbox(&demand(), &mut Stream::named(1, "workload"));
        let events: Vec<EventId> = calls
            .iter()
            .filter_map(|call| {
                if let Request::Publish { event, .. } = call.request {
                    Some(event)
                } else {
                    None
                }
            })
            .collect();
        assert!(events.len() > 300);
        assert!(events.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
