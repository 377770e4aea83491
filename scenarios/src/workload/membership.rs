//! Questions to nodes, who is a member: as often as the pace says, and once more of everyone in the
//! end.

use murphy_models::service::membership::Request;
use murphy_sim::{PlannedCall, Stream};

use super::Demand;

/// Only asks: what there is to be found out comes from the faults.
pub(crate) fn members(demand: &Demand, stream: &mut Stream) -> Vec<PlannedCall<Request>> {
    let mut calls = demand.calls(stream, |_| Request::Members);
    demand.last_calls(&[Request::Members], &mut calls);
    calls
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::tests::demand;

    #[test]
    fn nodes_are_asked_all_along_and_by_every_client_in_the_end() {
        let demand = demand();
        let calls = members(&demand, &mut Stream::named(1, "workload"));
        let last = murphy_sim::Start::At(demand.final_reads.expect("there are final reads"));
        assert_eq!(calls.iter().filter(|call| call.start == last).count(), 4);
        assert!(calls.len() > 900, "{} calls", calls.len());
    }
}
