//! Runs in which every latency and every write is a millisecond, so that each step has its known moment:
//!
//! | at    | in a transaction of `n1` that writes at `n2` and `n3`, with the oracle at `n0` |
//! |-------|---------------------------------------------------------------------------------|
//! | 1 ms  | the request arrives, the oracle is asked                                        |
//! | 3 ms  | the oracle's first range is durable, the start timestamp leaves                 |
//! | 4 ms  | `Prewrite` of the primary leaves                                                |
//! | 7 ms  | it is locked, `Prewrite` of the secondary leaves                                |
//! | 10 ms | all is locked, the oracle is asked                                              |
//! | 12 ms | `Commit` of the primary leaves                                                  |
//! | 14 ms | the primary has its version                                                     |
//! | 15 ms | the client is answered, `Commit` of the secondary leaves                        |
//! | 17 ms | the secondary has its version                                                   |

mod clean_up;
mod costs;
mod invariants;
mod reactions;

use murphy_sim::{NodeId, Plan, PlannedCall, Span, Start, Trigger, World};

use super::{Config, End, Lock, Message, Mutant, Percolator, Record, Timestamp};
use crate::{
    protocol::{Parameters, Protocol},
    service::txn::{Datum, Key, MicroOp, Request},
    transactions_testing::{
        Costs, at, call, costs, crash, ends, first_answer, first_of, later, lose, node, reached,
        run, write,
    },
};

/// The oracle and three workers, on which keys 0, 1 and 2 fall.
fn config() -> Config {
    Config::new(4)
}

fn world(config: Config, calls: Vec<PlannedCall<Request>>, plan: Plan) -> World<Percolator> {
    crate::transactions_testing::world(config.nodes, config, calls, plan)
}

/// The lock of a client's first call.
fn lock(client: u32, start: u64, primary: Key) -> Lock {
    Lock {
        start: Timestamp(start),
        transaction: first_of(client),
        primary,
    }
}

#[test]
fn settings_that_mean_nothing_are_refused_with_a_remedy() {
    let mut parameters = Parameters {
        nodes: 1,
        ..Parameters::default()
    };
    let error = Percolator::configure(&parameters).expect_err("it is refused");
    assert!(error.contains("set `nodes` to 2 or more"), "{error}");
    parameters.nodes = 4;
    assert_eq!(Percolator::configure(&parameters), Ok(config()));
    parameters.options.insert("range".to_owned(), 0);
    let error = Percolator::configure(&parameters).expect_err("it is refused");
    assert!(
        error.contains("`range` of 0 never gets anywhere"),
        "{error}"
    );
}
