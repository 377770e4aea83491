//! What a node holds, in memory and on disk, and who waits for the disk.

use std::collections::{BTreeMap, VecDeque};

use murphy_sim::{LogIndex, NodeId};

use super::{
    config::Config,
    message::{Record, Tagged, Ticket, Timestamp},
    mutants::Mutant,
    replica::Ctx,
};
use crate::{service::kv::Key, shared::group_commit::GroupCommit};

/// A node's registers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Registers {
    held: BTreeMap<Key, Tagged>,
    /// The timestamps that a crash cannot take it back from.
    pub(super) durable: BTreeMap<Key, Timestamp>,
    /// Those that wait until the disk has so much, in order.
    waiting: VecDeque<(LogIndex, Waiter)>,
    /// What was appended and is not known to be on the disk, in order.
    appended: VecDeque<(LogIndex, Key, Tagged)>,
    syncs: GroupCommit,
}

/// Whoever is to be told that an update is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Waiter {
    pub(super) node: NodeId,
    pub(super) ticket: Ticket,
}

impl Registers {
    pub(super) fn read(disk: &[Record]) -> Registers {
        let mut registers = Registers::default();
        for Record::Held { key, tagged } in disk {
            registers.on_disk(*key, *tagged);
        }
        registers
    }

    pub(super) fn get(&self, key: Key) -> Option<Tagged> {
        self.held.get(&key).copied()
    }

    /// Everything that is held.
    pub(super) fn all(&self) -> impl Iterator<Item = (Key, Tagged)> {
        self.held.iter().map(|(key, tagged)| (*key, *tagged))
    }

    /// Holds this unless something later is held. True when whoever waits can be told at once;
    /// otherwise it will be when the disk has it.
    pub(super) fn update(
        &mut self,
        config: &Config,
        key: Key,
        tagged: Tagged,
        waiter: Waiter,
        ctx: &mut Ctx<'_>,
    ) -> bool {
        if self
            .get(key)
            .is_none_or(|held| tagged.timestamp > held.timestamp)
        {
            self.held.insert(key, tagged);
            self.append(key, tagged, ctx);
        }
        let is_durable = self.durable.get(&key) >= Some(&tagged.timestamp);
        if !is_durable && !config.has(Mutant::AbdAckBeforeSync) {
            self.waiting.push_back((ctx.log_end(), waiter));
            return false;
        }
        true
    }

    /// Makes durable what this node has chosen to write. It holds it only then: whoever asked would
    /// hear of a timestamp that it could give to another write after a crash.
    pub(super) fn choose(&mut self, key: Key, tagged: Tagged, waiter: Waiter, ctx: &mut Ctx<'_>) {
        self.append(key, tagged, ctx);
        self.waiting.push_back((ctx.log_end(), waiter));
    }

    fn append(&mut self, key: Key, tagged: Tagged, ctx: &mut Ctx<'_>) {
        let at = ctx.append(Record::Held { key, tagged });
        self.appended.push_back((at, key, tagged));
        self.syncs.written(ctx);
    }

    /// This is on the disk; something later may be, too.
    fn on_disk(&mut self, key: Key, tagged: Tagged) {
        let durable = self.durable.entry(key).or_default();
        *durable = tagged.timestamp.max(*durable);
        let held = self.held.entry(key).or_insert(tagged);
        if tagged.timestamp > held.timestamp {
            *held = tagged;
        }
    }

    /// The disk has more: those that waited for it.
    pub(super) fn synced(&mut self, upto: LogIndex, ctx: &mut Ctx<'_>) -> Vec<Waiter> {
        self.syncs.synced(ctx);
        let due = self.appended.partition_point(|(at, ..)| *at <= upto);
        let durable: Vec<_> = self.appended.drain(..due).collect();
        for (_, key, tagged) in durable {
            self.on_disk(key, tagged);
        }
        let due = self.waiting.partition_point(|(needs, _)| *needs <= upto);
        self.waiting
            .drain(..due)
            .map(|(_, waiter)| waiter)
            .collect()
    }
}
