//! Messages to partitions: some clients send, the others poll as members of one group and commit
//! now and then what they were given.

use murphy_models::service::log::Request;
use murphy_sim::{PlannedCall, Probability, Route, Stream};

use super::Demand;

/// How often a consumer commits, rather than polls once more.
const COMMITS: Probability = Probability::per_mille(300);

/// The share of clients that `reads` says polls, at least one and not all; the others send. In the
/// end everyone reads every partition from its beginning.
pub(crate) fn log(demand: &Demand, stream: &mut Stream) -> Vec<PlannedCall<Request>> {
    let share = (f64::from(demand.clients) * demand.reads.fraction()) as u32;
    let consumers = share.clamp(1, demand.clients.saturating_sub(1).max(1));
    let mut last = 0;
    let calls = demand.calls(stream, |stream| {
        last += 1;
        let (key, value) = (demand.key(stream), last);
        (Request::Send { key, value }, stream.chance(COMMITS))
    });
    let mut planned = Vec::with_capacity(calls.len());
    for call in calls {
        let (send, commits) = call.request;
        let session = None;
        let request = match call.client.0 < consumers {
            true if commits => Request::Commit { session },
            true => Request::Poll { session },
            false => send,
        };
        planned.push(PlannedCall {
            client: call.client,
            start: call.start,
            route: Route::Sticky,
            request,
        });
    }
    let reads: Vec<Request> = (0..demand.keys).map(|key| Request::Read { key }).collect();
    demand.last_calls(&reads, &mut planned);
    planned
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::workload::tests::demand;

    #[test]
    fn a_client_sends_or_polls_and_every_value_is_sent_once() {
        let calls = log(&demand(), &mut Stream::named(1, "workload"));
        let mut values = BTreeSet::new();
        let (mut producers, mut consumers) = (BTreeSet::new(), BTreeSet::new());
        for call in &calls {
            match call.request {
                Request::Send { value, .. } => {
                    assert!(values.insert(value));
                    producers.insert(call.client.0);
                }
                Request::Poll { .. } | Request::Commit { .. } => {
                    consumers.insert(call.client.0);
                }
                Request::Read { .. } => {}
            }
        }
        assert!(values.len() > 300);
        assert_eq!((consumers, producers), ([0, 1].into(), [2, 3].into()));
    }
}
