//! One reaction at a time; what an operation costs; what each invariant and mutant shows.

mod costs;
mod faults;
mod invariants;
mod reactions;

use std::collections::BTreeSet;

use murphy_sim::{CallId, ClientId, Effect, NodeId, Time, testing::React};

use super::{
    Config, Entry, Epoch, Message, Mutant, Nonce, Record, Timer, ViewNumber, Viewstamped, Whole,
};
use crate::service::kv::{Request, Response};

const N0: NodeId = NodeId(0);
const N1: NodeId = NodeId(1);
const N2: NodeId = NodeId(2);

type Effects = Vec<Effect<Viewstamped>>;

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
    Request::Write { key: 7, value }
}

fn entry(view: u64, number: u32, value: u64) -> Entry {
    Entry {
        epoch: Epoch(view),
        update: Some((call(number), write(value))),
    }
}

fn whole(entries: &[Entry], committed: u64) -> Whole {
    Whole {
        entries: entries.to_vec(),
        committed,
    }
}

fn prepare(view: u64, previous: u64, entries: &[Entry], committed: u64) -> Message {
    Message::Prepare {
        view: ViewNumber(view),
        previous,
        entries: entries.to_vec(),
        committed,
    }
}

fn prepare_ok(view: u64, length: u64) -> Message {
    Message::PrepareOk {
        view: ViewNumber(view),
        length,
    }
}

fn start_view_change(view: u64) -> Message {
    Message::StartViewChange {
        view: ViewNumber(view),
    }
}

fn do_view_change(view: u64, last_normal: u64, log: Whole) -> Message {
    Message::DoViewChange {
        view: ViewNumber(view),
        last_normal: ViewNumber(last_normal),
        log,
    }
}

fn answer(number: u32) -> Effect<Viewstamped> {
    Effect::Reply {
        call: call(number),
        reply: murphy_sim::Reply::Ok(Response::Written),
    }
}

/// What leaves the node for other nodes.
fn sent(effects: &Effects) -> Vec<(NodeId, Message)> {
    let messages = effects.iter().filter_map(|effect| match effect {
        Effect::Send { to, message } => Some((*to, message.clone())),
        _ => None,
    });
    messages.collect()
}

/// A node in view 0, at its beginning.
fn installed(node: NodeId, mutant: Option<Mutant>) -> (React, Viewstamped) {
    let mut react = React::new(node, 3);
    let (mut process, effects) = react.start::<Viewstamped>(&config(mutant), &[]);
    assert_eq!(sent(&effects), [], "it says nothing before its disk does");
    react.on_synced(&mut process);
    (react, process)
}
