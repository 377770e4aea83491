//! One reaction at a time; what a write costs; what each invariant and mutant shows.

mod backup;
mod costs;
mod faults;
mod monitor;
mod primary;

use std::collections::BTreeSet;

use murphy_sim::{CallId, ClientId, Effect, NodeId, Time, testing::React};

use super::{
    Config, Configuration, Entry, Epoch, Message, Mode, Mutant, Position, PrimaryBackup, Record,
    Timer,
};
use crate::service::kv::{Request, Response};

const N0: NodeId = NodeId(0);
const N1: NodeId = NodeId(1);
const N2: NodeId = NodeId(2);
const MONITOR: NodeId = NodeId(3);

type Effects = Vec<Effect<PrimaryBackup>>;

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

fn position(epoch: u64, length: u64) -> Position {
    Position {
        epoch: Epoch(epoch),
        length,
    }
}

fn configuration(epoch: u64, primary: NodeId) -> Configuration {
    Configuration {
        epoch: Epoch(epoch),
        primary,
        version: epoch,
        in_sync: BTreeSet::from([N0, N1, N2]),
    }
}

fn append(
    epoch: u64,
    sequence: u64,
    previous: Position,
    entries: Vec<Entry>,
    committed: u64,
) -> Message {
    Message::Append {
        epoch: Epoch(epoch),
        sequence,
        previous,
        entries,
        committed,
    }
}

fn appended(epoch: u64, sequence: u64, length: u64) -> Message {
    Message::Appended {
        epoch: Epoch(epoch),
        sequence,
        length,
    }
}

fn send(to: NodeId, message: Message) -> Effect<PrimaryBackup> {
    Effect::Send { to, message }
}

fn written(record: Record) -> Effect<PrimaryBackup> {
    Effect::Append { record }
}

/// What leaves the node.
fn sent(effects: &Effects) -> Vec<(NodeId, Message)> {
    let messages = effects.iter().filter_map(|effect| match effect {
        Effect::Send { to, message } => Some((*to, message.clone())),
        _ => None,
    });
    messages.collect()
}

/// Node 0 as the primary of epoch 1, serving under a lease that began at its start, with one write
/// of 1 committed.
fn serving(config: Config) -> (React, PrimaryBackup) {
    let mut node = React::new(N0, 4);
    let (mut process, _) = node.start::<PrimaryBackup>(&config, &[]);
    node.on_message(
        &mut process,
        MONITOR,
        Message::Configured(configuration(1, N0)),
    );
    node.on_synced(&mut process);
    let granted = Message::Granted {
        sent: Time::ZERO,
        configuration: configuration(1, N0),
    };
    node.on_message(&mut process, MONITOR, granted);
    node.on_message(&mut process, N1, appended(1, 1, 1));
    node.on_message(&mut process, N2, appended(1, 2, 1));
    node.on_request(&mut process, call(0), write(1));
    node.on_synced(&mut process);
    node.on_message(&mut process, N1, appended(1, 3, 2));
    node.on_message(&mut process, N2, appended(1, 4, 2));
    (node, process)
}

fn read(node: &mut React, process: &mut PrimaryBackup) -> Option<murphy_sim::Reply<Response>> {
    let effects = node.on_request(process, call(9), Request::Read { key: 7 });
    effects.into_iter().find_map(|effect| match effect {
        Effect::Reply { reply, .. } => Some(reply),
        _ => None,
    })
}
