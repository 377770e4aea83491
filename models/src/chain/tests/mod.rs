//! One reaction at a time; what an operation costs; what each invariant and mutant shows.

mod costs;
mod faults;
mod master;
mod member;

use std::collections::BTreeSet;

use murphy_sim::{CallId, ClientId, Effect, NodeId, Time, testing::React};

use super::{
    Chain, Config, Configuration, Entry, Epoch, Message, Mode, Mutant, Position, Record, Timer,
};
use crate::service::kv::{Request, Response};

const N0: NodeId = NodeId(0);
const N1: NodeId = NodeId(1);
const N2: NodeId = NodeId(2);
const MASTER: NodeId = NodeId(3);

type Effects = Vec<Effect<Chain>>;

fn config(mode: Mode, mutant: Option<Mutant>) -> Config {
    Config {
        mutant,
        ..Config::new(3, mode)
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

fn opening(epoch: u64) -> Entry {
    Entry {
        epoch: Epoch(epoch),
        update: None,
    }
}

fn entry(epoch: u64, number: u32, value: u64) -> Entry {
    Entry {
        epoch: Epoch(epoch),
        update: Some((call(number), write(value))),
    }
}

fn configuration(epoch: u64, chain: &[NodeId]) -> Configuration {
    Configuration {
        epoch: Epoch(epoch),
        chain: chain.to_vec(),
    }
}

fn forward(epoch: u64, previous: (u64, u64), entries: Vec<Entry>) -> Message {
    Message::Forward {
        epoch: Epoch(epoch),
        previous: Position {
            epoch: Epoch(previous.0),
            length: previous.1,
        },
        entries,
    }
}

fn acknowledge(epoch: u64, length: u64, committed: u64) -> Message {
    Message::Acknowledge {
        epoch: Epoch(epoch),
        length,
        committed,
    }
}

fn renew(epoch: u64, admit: Option<NodeId>) -> Message {
    Message::Renew {
        epoch: Epoch(epoch),
        sent: Time::ZERO,
        admit,
    }
}

fn granted(configuration: Configuration) -> Message {
    Message::Granted {
        sent: Time::ZERO,
        configuration,
    }
}

fn send(to: NodeId, message: Message) -> Effect<Chain> {
    Effect::Send { to, message }
}

fn written(record: Record) -> Effect<Chain> {
    Effect::Append { record }
}

/// The answer to update number `number` of the client.
fn answer(number: u32) -> Effect<Chain> {
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

/// A node of the chain of these nodes in epoch 1, with a lease from its start.
fn in_chain(node: NodeId, chain: &[NodeId], config: Config) -> (React, Chain) {
    let mut react = React::new(node, 4);
    let (mut process, _) = react.start::<Chain>(&config, &[]);
    let configured = Message::Configured(configuration(1, chain));
    react.on_message(&mut process, MASTER, configured);
    react.on_synced(&mut process);
    react.on_message(&mut process, MASTER, granted(configuration(1, chain)));
    (react, process)
}

fn read(node: &mut React, process: &mut Chain) -> Option<murphy_sim::Reply<Response>> {
    let effects = node.on_request(process, call(9), Request::Read { key: 7 });
    effects.into_iter().find_map(|effect| match effect {
        Effect::Reply { reply, .. } => Some(reply),
        _ => None,
    })
}
