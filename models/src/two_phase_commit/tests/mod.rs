//! Runs in which every latency is a millisecond, so that each step has its known moment:
//!
//! | at     | in a transaction of `n0` over `n1` and `n2`          |
//! |--------|------------------------------------------------------|
//! | 1 ms   | the request arrives, `Execute` leaves                |
//! | 3 ms   | `Executed` arrives, `Prepare` leaves                 |
//! | 5 ms   | the prepare records are durable, votes leave         |
//! | 7 ms   | the commit record is durable, the decision leaves    |
//! | 9 ms   | the commits are durable, acknowledgements leave      |

mod costs;
mod recovery;
mod settings;

use murphy_sim::{
    Fault, MessageFate, NodeId, Plan, PlannedCall, PlannedFault, Span, Time, Trigger, World,
};

use super::{Config, Mutant, Presumption, TwoPhaseCommit};
use crate::{
    protocol::Protocol,
    service::txn::{Datum, MicroOp, Request},
    shared::transactions::Layout,
    transactions_testing::{
        Costs, at, call, costs, crash, ends, first_answer, first_of, later, lose, node, reached,
        run, write,
    },
};

/// Three nodes that presume abort.
fn config() -> Config {
    Config::new(Layout::new(3))
}

fn world(config: Config, calls: Vec<PlannedCall<Request>>, plan: Plan) -> World<TwoPhaseCommit> {
    crate::transactions_testing::world(config.layout.nodes, config, calls, plan)
}
