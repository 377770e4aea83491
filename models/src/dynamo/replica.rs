//! One node: what it holds for itself and for others, and what it does for coordinators.
//!
//! What is in memory may be ahead of the disk; the gate holds back whatever would show it.

use std::collections::BTreeMap;

use murphy_sim::{Context, LogIndex, NodeId};

use super::{
    Config, Hint, Message, Mutant, Record,
    coordinator::{Read, Write},
    ring::Ring,
    store::Store,
};
use crate::{
    service::kv::{Answered, Key},
    shared::{gate::Gate, siblings::Siblings, version_vector::Dot},
};

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Dynamo {
    pub(super) config: Config,
    pub(super) ring: Ring,
    pub(super) store: Store,
    /// What it keeps for others, by the place of the log where it was written.
    pub(super) hints: BTreeMap<LogIndex, Hint>,
    /// The last name that it gave to a version of each key.
    pub(super) names: BTreeMap<Key, u32>,
    pub(super) writes: BTreeMap<(Key, Dot), Write>,
    pub(super) reads: BTreeMap<u64, Read>,
    /// Whom it compares trees with next.
    pub(super) turn: usize,
    pub(super) gate: Gate<Message, Answered>,
}

impl Dynamo {
    pub(super) fn restore(config: Config, disk: &[Record], ctx: &mut Context<Self>) -> Dynamo {
        let me = ctx.node();
        let ring = Ring::new(config.nodes, config.n as u32);
        let mut node = Dynamo {
            config,
            ring,
            store: Store::new(ring, me),
            hints: BTreeMap::new(),
            names: BTreeMap::new(),
            writes: BTreeMap::new(),
            reads: BTreeMap::new(),
            turn: 0,
            gate: Gate::new(ctx),
        };
        for (index, record) in (ctx.log_start().0..).map(LogIndex).zip(disk) {
            match record {
                Record::Stored { key, siblings } => {
                    for (dot, _) in siblings.versions().filter(|(dot, _)| dot.node == me) {
                        node.named(*key, dot.counter);
                    }
                    node.store.join(*key, siblings);
                    node.store.rehash(*key);
                }
                Record::Named { key, counter } => node.named(*key, *counter),
                Record::Hinted(hint) => {
                    node.hints.insert(index, hint.clone());
                }
                Record::HandedOver(hints) => node.hints.retain(|index, _| !hints.contains(index)),
            }
        }
        if !disk.is_empty() {
            ctx.reached("resumed");
        }
        node
    }

    fn named(&mut self, key: Key, counter: u32) {
        let last = self.names.entry(key).or_default();
        *last = counter.max(*last);
    }

    /// Stores a version that was put, in its own place or as a hint.
    pub(super) fn store_put(
        &mut self,
        from: NodeId,
        (key, dot): (Key, Dot),
        (siblings, at): (Siblings, NodeId),
        ctx: &mut Context<Self>,
    ) {
        if at == ctx.node() {
            self.take_put(key, &siblings, ctx);
        } else {
            ctx.reached("hinted");
            let of = at;
            let hint = Hint { of, key, siblings };
            let index = self.gate.write(Record::Hinted(hint.clone()), ctx);
            self.hints.insert(index, hint);
        }
        let stored = Message::Stored { key, dot, at };
        if self.config.has(Mutant::AckBeforeSync) {
            ctx.send(from, stored);
        } else {
            self.gate.send(from, stored, ctx);
        }
    }

    /// Joins what was put to its own.
    pub(super) fn take_put(&mut self, key: Key, siblings: &Siblings, ctx: &mut Context<Self>) {
        if self.join(key, siblings, ctx) && !self.config.has(Mutant::MerkleTreeNotUpdatedOnWrite) {
            self.store.rehash(key);
        }
    }

    /// Joins what somebody else had to its own.
    pub(super) fn take(&mut self, key: Key, siblings: &Siblings, ctx: &mut Context<Self>) {
        if self.join(key, siblings, ctx) {
            self.store.rehash(key);
        }
    }

    fn join(&mut self, key: Key, siblings: &Siblings, ctx: &mut Context<Self>) -> bool {
        let is_news = self.store.join(key, siblings);
        if is_news {
            let siblings = siblings.clone();
            self.gate.write(Record::Stored { key, siblings }, ctx);
        }
        is_news
    }

    /// Answers with all that it holds under a key, for itself or for others.
    pub(super) fn answer(&mut self, from: NodeId, read: u64, key: Key, ctx: &mut Context<Self>) {
        let mut siblings = self.store.get(key).cloned().unwrap_or_default();
        for hint in self.hints.values().filter(|hint| hint.key == key) {
            siblings.join(&hint.siblings);
        }
        self.gate.send(from, Message::Got { read, siblings }, ctx);
    }

    pub(super) fn is_settled(&self) -> bool {
        self.gate.is_open() && self.hints.is_empty()
    }

    /// What it was told.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The last record that it has written: what it holds for itself or for others changes with the log
    /// alone.
    pub const fn written(&self) -> LogIndex {
        self.gate.written()
    }

    /// Which nodes hold what.
    pub const fn ring(&self) -> &Ring {
        &self.ring
    }

    /// What it holds for itself, durable or not.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// What it holds for others, durable or not.
    pub fn hints(&self) -> impl Iterator<Item = &Hint> {
        self.hints.values()
    }

    /// The writes that it coordinates.
    pub fn writes(&self) -> impl Iterator<Item = (Key, Dot, &Write)> {
        let writes = self.writes.iter();
        writes.map(|((key, dot), write)| (*key, *dot, write))
    }
}
