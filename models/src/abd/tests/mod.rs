//! One reaction at a time; what an operation costs; what each invariant and mutant shows.

mod costs;
mod invariants;
mod reactions;

use std::collections::BTreeSet;

use murphy_sim::{CallId, ClientId, Effect, NodeId, Reply, Time, testing::React};

use super::{Abd, Config, Message, Mutant, Record, Tagged, Ticket, Timer, Timestamp};
use crate::service::kv::{Request, Response};

const N0: NodeId = NodeId(0);
const N1: NodeId = NodeId(1);
const N2: NodeId = NodeId(2);
const KEY: u32 = 7;

type Effects = Vec<Effect<Abd>>;

fn config(mutant: Option<Mutant>) -> Config {
    Config {
        mutant,
        ..Config::new(3)
    }
}

fn call(number: u32) -> CallId {
    CallId {
        client: ClientId(0),
        number,
    }
}

const fn write(value: u64) -> Request {
    Request::Write { key: KEY, value }
}

const READ: Request = Request::Read { key: KEY };

const fn tagged(number: u64, node: NodeId, value: u64) -> Tagged {
    Tagged {
        timestamp: Timestamp { number, node },
        value,
    }
}

fn ticket(number: u64) -> Ticket {
    Ticket {
        since: Time::ZERO,
        number,
    }
}

fn query(number: u64) -> Message {
    Message::Query {
        ticket: ticket(number),
        key: KEY,
    }
}

fn found(number: u64, held: Option<Tagged>) -> Message {
    Message::Found {
        ticket: ticket(number),
        held,
    }
}

fn update(number: u64, tagged: Tagged) -> Message {
    Message::Update {
        ticket: ticket(number),
        key: KEY,
        tagged,
    }
}

fn updated(number: u64) -> Message {
    Message::Updated {
        ticket: ticket(number),
    }
}

fn held(tagged: Tagged) -> Effect<Abd> {
    Effect::Append {
        record: Record::Held { key: KEY, tagged },
    }
}

fn answer(number: u32, response: Response) -> Effect<Abd> {
    Effect::Reply {
        call: call(number),
        reply: Reply::Ok(response),
    }
}

/// What leaves the node for other nodes.
fn sent(effects: &Effects) -> Vec<(NodeId, Message)> {
    let messages = effects.iter().filter_map(|effect| match effect {
        Effect::Send { to, message } => Some((*to, *message)),
        _ => None,
    });
    messages.collect()
}

fn start(node: NodeId, mutant: Option<Mutant>) -> (React, Abd) {
    let mut react = React::new(node, 3);
    let (process, _) = react.start::<Abd>(&config(mutant), &[]);
    (react, process)
}
