//! What must hold in the pipeline after every event. Each looks at the node that was touched, and
//! only at what is new there.

mod cursor_behind_broker;
mod effect_once;
mod key_order;
mod no_phantom;
mod offset_behind_consumer;

use std::collections::BTreeMap;

use murphy_sim::{Invariant, NodeId};

pub use self::{
    cursor_behind_broker::CursorBehindBroker, effect_once::EffectOnce, key_order::KeyOrder,
    no_phantom::NoPhantom, offset_behind_consumer::OffsetBehindConsumer,
};
use super::{BROKER, Broker, Consumer, DATABASE, Database, Outbox, RELAY, Relay, Row};

pub(super) fn all() -> Vec<Box<dyn Invariant<Outbox>>> {
    vec![
        Box::new(NoPhantom::default()),
        Box::new(EffectOnce::default()),
        Box::new(KeyOrder::default()),
        Box::new(CursorBehindBroker::default()),
        Box::new(OffsetBehindConsumer::default()),
    ]
}

fn database(processes: &[Option<Outbox>]) -> Option<&Database> {
    match processes[DATABASE.index()].as_ref()? {
        Outbox::Database(database) => Some(database),
        other => unreachable!("the database's node is a {}", super::Process::role(other)),
    }
}

fn relay(processes: &[Option<Outbox>]) -> Option<&Relay> {
    match processes[RELAY.index()].as_ref()? {
        Outbox::Relay(relay) => Some(relay),
        other => unreachable!("the relay's node is a {}", super::Process::role(other)),
    }
}

fn broker(processes: &[Option<Outbox>]) -> Option<&Broker> {
    match processes[BROKER.index()].as_ref()? {
        Outbox::Broker(broker) => Some(broker),
        other => unreachable!("the broker's node is a {}", super::Process::role(other)),
    }
}

/// None when it is down, and when that node is no consumer.
fn consumer(processes: &[Option<Outbox>], node: NodeId) -> Option<&Consumer> {
    match processes[node.index()].as_ref()? {
        Outbox::Consumer(consumer) => Some(consumer),
        _ => None,
    }
}

/// How much of what each consumer has applied was looked at. What is durable there never shrinks as
/// long as its disk is kept; if it is lost, all is looked at again.
#[derive(Debug, Default)]
struct Looked(BTreeMap<NodeId, usize>);

impl Looked {
    /// What a consumer has applied since the last look, and where among all that it has applied it
    /// begins.
    fn new_of<'a>(&mut self, node: NodeId, consumer: &'a Consumer) -> (usize, &'a [Row]) {
        let applied = consumer.durable();
        let looked = self.0.entry(node).or_default();
        let begin = if *looked > applied.len() { 0 } else { *looked };
        *looked = applied.len();
        (begin, &applied[begin..])
    }
}
