//! Runs in which every latency is a millisecond, so that each step has its known moment:
//!
//! | at    | in a transaction of `n0` over `n3` and `n4`, with acceptors `n0` to `n2` |
//! |-------|--------------------------------------------------------------------------|
//! | 1 ms  | the request arrives, `Execute` leaves                                    |
//! | 3 ms  | `Executed` arrives, `Prepare` leaves                                     |
//! | 5 ms  | the prepare records are durable, `Phase2a` leaves                        |
//! | 7 ms  | the acceptors' records are durable, `Phase2b` leaves                     |
//! | 8 ms  | a majority has accepted, the decision leaves                             |

mod costs;
mod takeover;

use murphy_sim::{Effect, NodeId, Plan, PlannedCall, Span, Trigger, World, testing::React};

use super::{Config, Message, Mutant, PaxosCommit};
use crate::{
    protocol::{Parameters, Protocol},
    service::txn::{Datum, Key, MicroOp, Request},
    shared::transactions::{Decision, Execute, Layout, Prepare},
    transactions_testing::{
        Costs, at, call, costs, crash, ends, first_answer, first_of, later, lose, node, reached,
        run, write,
    },
};

/// A cluster that survives so many faults.
fn config(nodes: u32, faults: u32) -> Config {
    Config {
        faults,
        ..Config::new(Layout::new(nodes))
    }
}

/// One transaction of `n0` that writes these keys, each of which falls on the node of its number.
fn world(config: Config, keys: impl Iterator<Item = Key>, plan: Plan) -> World<PaxosCommit> {
    let ops: Vec<MicroOp> = keys.map(|key| write(key, 7)).collect();
    let calls: Vec<PlannedCall<Request>> = vec![call(0, 0, ops)];
    crate::transactions_testing::world(config.layout.nodes, config, calls, plan)
}

#[test]
fn settings_that_mean_nothing_are_refused_with_a_remedy() {
    let mut parameters = Parameters {
        nodes: 4,
        ..Parameters::default()
    };
    parameters.options.insert("faults".to_owned(), 2);
    let error = PaxosCommit::configure(&parameters).expect_err("it is refused");
    assert!(error.contains("set `faults` to 1 or less"), "{error}");
    parameters.options.insert("faults".to_owned(), 1);
    assert_eq!(PaxosCommit::configure(&parameters), Ok(config(4, 1)));
}

#[test]
fn the_acceptors_that_are_told_first_begin_with_the_coordinator() {
    let config = config(7, 2);
    assert_eq!(config.near(NodeId(1)), [NodeId(1), NodeId(2), NodeId(3)]);
    assert_eq!(config.near(NodeId(4)), [NodeId(4), NodeId(0), NodeId(1)]);
    let no_acceptor = NodeId(6);
    assert_eq!(config.near(no_acceptor), [NodeId(0), NodeId(1), NodeId(2)]);
}

#[test]
fn a_resource_manager_proposes_one_thing_in_its_ballot_whatever_comes_late() {
    let (transaction, leader) = (first_of(0), NodeId(0));
    let mut react = React::new(NodeId(3), 5);
    let (mut manager, _) = react.start::<PaxosCommit>(&config(5, 1), &[]);
    let execute = Message::Execute(Execute {
        transaction,
        begun: 0,
        steps: vec![(0, write(3, 7))],
    });
    react.on_message(&mut manager, leader, execute);
    let prepare = Message::Prepare(Prepare {
        transaction,
        life: manager.shard.life(),
        peers: vec![NodeId(3), NodeId(4)],
    });
    react.on_message(&mut manager, leader, prepare.clone());
    let proposed = react.on_synced(&mut manager);
    assert!(proposed.iter().any(|effect| matches!(
        effect,
        Effect::Send { message: Message::Phase2a { votes, .. }, .. } if *votes == [(NodeId(3), true)]
    )));
    let decision = Decision::Abort;
    let end = Message::Decide {
        transaction,
        decision,
    };
    react.on_message(&mut manager, leader, end);
    assert_eq!(react.on_message(&mut manager, leader, prepare), []);
}
