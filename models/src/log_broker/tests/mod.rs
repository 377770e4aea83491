//! The log broker: single reactions with their exact effects, and what a message costs.

mod broker;
mod controller;
mod costs;

use std::collections::BTreeSet;

use murphy_sim::{CallId, ClientId, Effect, NodeId, Reply, Span, testing::React};

use super::*;

const N0: NodeId = NodeId(0);
const N1: NodeId = NodeId(1);
const N2: NodeId = NodeId(2);
const CONTROLLER: NodeId = NodeId(3);

/// The call so numbered of the first client.
const fn call(number: u32) -> CallId {
    CallId {
        client: ClientId(0),
        number,
    }
}

fn config() -> Config {
    Config::new(3, Mode::AcksAll)
}

fn leadership(epoch: u32, leader: NodeId, in_sync: &[NodeId]) -> Leadership {
    Leadership {
        epoch: Epoch(epoch),
        version: epoch,
        leader,
        in_sync: in_sync.iter().copied().collect(),
    }
}

fn message(epoch: u32, number: u32) -> Entry {
    let value = u64::from(number) + 100;
    let payload = Payload::Message {
        call: call(number),
        value,
    };
    Entry {
        epoch: Epoch(epoch),
        payload,
    }
}

fn send(to: NodeId, message: Message) -> Effect<LogBroker> {
    Effect::Send { to, message }
}

fn reached(label: &'static str) -> Effect<LogBroker> {
    Effect::Reached { label }
}

fn append(record: Record) -> Effect<LogBroker> {
    Effect::Append { record }
}

/// Without what does not matter here: timers, labels, and what is written.
fn said(effects: Vec<Effect<LogBroker>>) -> Vec<Effect<LogBroker>> {
    let is_said =
        |effect: &Effect<LogBroker>| matches!(effect, Effect::Send { .. } | Effect::Reply { .. });
    effects.into_iter().filter(is_said).collect()
}

/// A broker with these records, which has been told who leads partition 0 and has that on its disk.
fn led(
    node: NodeId,
    config: Config,
    disk: &[Record],
    leadership: Leadership,
) -> (React, LogBroker) {
    let mut react = React::new(node, 4);
    let (mut broker, _) = react.start::<LogBroker>(&config, disk);
    let partition = 0;
    let led = Message::Led {
        partition,
        leadership,
    };
    react.on_message(&mut broker, CONTROLLER, led);
    react.on_synced(&mut broker);
    (react, broker)
}
