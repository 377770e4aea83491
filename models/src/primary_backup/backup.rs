//! A replica as a backup: takes what the primary sends, cuts off what the primary does not have,
//! and says so when it is durable.

use std::collections::VecDeque;

use murphy_sim::{CallId, LogIndex, NodeId, Reply};

use super::{
    config::Mutant,
    message::{Entry, Epoch, Message, Position, Timer},
    replica::{Ctx, Store},
};
use crate::service::kv;

/// A backup's state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Backup {
    /// The primary, as far as it knows.
    pub(super) primary: Option<NodeId>,
    /// Whether the log reaches what the primary said is committed.
    pub(super) caught_up: bool,
    /// Whether it was away: it has restarted, or was primary before.
    pub(super) returning: bool,
    /// Whether the primary was heard since the last look.
    heard: bool,
    owed: VecDeque<Owed>,
}

/// An answer that waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Owed {
    needs: LogIndex,
    sequence: u64,
    length: u64,
}

impl Backup {
    pub(super) const fn new(primary: Option<NodeId>, returning: bool) -> Backup {
        Backup {
            primary,
            caught_up: false,
            returning,
            heard: false,
            owed: VecDeque::new(),
        }
    }

    pub(super) fn wait_for_primary(&self, store: &Store, ctx: &mut Ctx<'_>) {
        ctx.set_timer(Timer::Hello, store.config.heartbeat * 2);
    }

    /// Whether it answers this call itself, which only a mutant does.
    pub(super) fn answers(
        &self,
        store: &Store,
        call: CallId,
        request: &kv::Request,
        ctx: &mut Ctx<'_>,
    ) -> bool {
        match request {
            kv::Request::Read { key } if store.config.has(Mutant::ReadsOnABackup) => {
                let found = store.log.registers().get(key).copied();
                ctx.reply(call, Reply::Ok(kv::Response::Read(found)));
                true
            }
            kv::Request::Read { .. } | kv::Request::Write { .. } | kv::Request::Cas { .. } => false,
        }
    }

    /// Nobody has been heard: asks the monitor who is primary.
    pub(super) fn on_hello(&mut self, store: &Store, ctx: &mut Ctx<'_>) {
        if !std::mem::take(&mut self.heard) {
            ctx.send(store.config.monitor(), Message::Hello);
        }
        self.wait_for_primary(store, ctx);
    }

    pub(super) fn on_append(
        &mut self,
        store: &mut Store,
        from: NodeId,
        sequence: u64,
        (previous, entries, committed): (Position, Vec<Entry>, u64),
        ctx: &mut Ctx<'_>,
    ) {
        self.primary = Some(from);
        self.heard = true;
        let epoch = store.epoch;
        if !agrees(store, previous.length, previous.epoch) {
            let length = store
                .log
                .before_mismatch(previous.length)
                .min(previous.length.saturating_sub(1));
            let mismatch = Message::Mismatch {
                epoch,
                sequence,
                length,
            };
            ctx.send(from, mismatch);
            return store.save(ctx);
        }
        let length = take(store, previous.length, entries, ctx);
        store
            .log
            .apply(committed.min(length).max(store.log.applied()));
        if length >= committed && !self.caught_up {
            self.caught_up = true;
            if std::mem::take(&mut self.returning) {
                ctx.reached("rejoin");
            }
        }
        let owed = Owed {
            needs: ctx.log_end(),
            sequence,
            length,
        };
        self.owed.push_back(owed);
        if store.is_saved(ctx) {
            self.pay(store, ctx.log_end(), ctx);
        } else {
            store.save(ctx);
        }
    }

    pub(super) fn on_durable(&mut self, store: &Store, upto: LogIndex, ctx: &mut Ctx<'_>) {
        self.pay(store, upto, ctx);
    }

    /// Answers, once for all, every message whose entries are on the disk.
    fn pay(&mut self, store: &Store, upto: LogIndex, ctx: &mut Ctx<'_>) {
        let due = self.owed.partition_point(|owed| owed.needs <= upto);
        let Some(primary) = self.primary else { return };
        let paid = self.owed.drain(..due);
        let Some((sequence, length)) = paid.fold(None, |most: Option<(u64, u64)>, owed| {
            let (sequence, length) = most.unwrap_or_default();
            Some((sequence.max(owed.sequence), length.max(owed.length)))
        }) else {
            return;
        };
        let appended = Message::Appended {
            epoch: store.epoch,
            sequence,
            length,
        };
        ctx.send(primary, appended);
    }
}

/// Whether entry number `at` is here and of this epoch, and so, since an epoch has one primary and a
/// primary one log, is the same as the primary's, with all before it.
fn agrees(store: &Store, at: u64, epoch: Epoch) -> bool {
    let is_here = at <= store.log.length();
    is_here && (store.log.epoch_at(at) == epoch || store.config.has(Mutant::CatchUpSkipsTheTail))
}

/// Puts the entries after the first `length`. The first that is not as it is here cuts off the tail
/// of an old primary. Says how far the log is now known to be as the primary's.
fn take(store: &mut Store, length: u64, entries: Vec<Entry>, ctx: &mut Ctx<'_>) -> u64 {
    let mut at = length;
    for entry in entries {
        at += 1;
        if agrees(store, at, entry.epoch) {
            continue;
        }
        if at <= store.log.length() {
            store.cut(at - 1, ctx);
            ctx.reached("tail-cut");
        }
        store.push(entry, ctx);
    }
    at
}
