//! The way down to one node: what it was sent, what it has, and when to send again what it has not
//! acknowledged. The paper's Sent list is the part of the log that is not committed (van Renesse and
//! Schneider, section 3.2).

use murphy_sim::NodeId;

use super::{
    message::{Message, Timer},
    replica::Ctx,
    store::Store,
};

/// How many entries one message carries at most.
const BATCH: u64 = 256;
/// How often the wait before sending again is doubled at most.
const BACKOFF_MAX: u32 = 4;

/// What a node knows of the one that it sends to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Link {
    pub(super) to: NodeId,
    /// So many entries have been sent, from the first, one time or another.
    sent: u64,
    /// What is sent again begins after so many.
    from: u64,
    /// So many it is known to hold durably as they are here.
    pub(super) held: u64,
    /// How many times in a row nothing came back.
    pub(super) misses: u32,
    /// Whether it is known where the two logs agree.
    agreed: bool,
}

impl Link {
    /// To one that may have so many entries as they are here.
    pub(super) const fn new(to: NodeId, length: u64) -> Link {
        Link {
            to,
            sent: length,
            from: length,
            held: 0,
            misses: 0,
            agreed: false,
        }
    }

    /// Sends what is durable and was not sent.
    pub(super) fn push(&mut self, store: &Store, ctx: &mut Ctx<'_>) {
        if self.sent < store.durable.length {
            self.send(store, ctx);
        }
    }

    fn send(&mut self, store: &Store, ctx: &mut Ctx<'_>) {
        let upto = store.durable.length.min(self.sent + BATCH);
        let forward = Message::Forward {
            epoch: store.epoch(),
            previous: store.log.position(self.sent),
            entries: store.log.slice(self.sent, upto).to_vec(),
        };
        self.sent = upto;
        ctx.send(self.to, forward);
        self.resend_later(store, ctx);
    }

    /// Sends at once, even if there is nothing to send: how far does its log agree?
    pub(super) fn probe(&mut self, store: &Store, ctx: &mut Ctx<'_>) {
        self.sent = self.sent.min(store.durable.length);
        self.send(store, ctx);
    }

    fn resend_later(&self, store: &Store, ctx: &mut Ctx<'_>) {
        let wait = store.config.resend * (1 << self.misses.min(BACKOFF_MAX));
        ctx.set_timer(Timer::Resend(self.to), wait);
    }

    /// Whether it has still to say that it has everything, or that the tail has.
    fn is_waiting(&self, store: &Store) -> bool {
        self.held < store.durable.length || store.log.applied() < store.durable.length
    }

    pub(super) fn on_resend(&mut self, store: &Store, ctx: &mut Ctx<'_>) {
        if self.is_waiting(store) {
            self.misses += 1;
            self.sent = self.from.min(store.durable.length);
            self.send(store, ctx);
        }
    }

    pub(super) fn on_acknowledge(&mut self, store: &Store, length: u64, ctx: &mut Ctx<'_>) {
        self.misses = 0;
        self.agreed = true;
        self.held = self.held.max(length.min(store.durable.length));
        self.from = self.from.max(self.held);
        self.sent = self.sent.max(self.from);
        if self.is_waiting(store) {
            self.resend_later(store, ctx);
        } else {
            ctx.cancel_timer(Timer::Resend(self.to));
        }
        self.push(store, ctx);
    }

    /// Goes back to where the logs may agree. True when that is the first that is known of it.
    pub(super) fn on_mismatch(&mut self, store: &Store, length: u64, ctx: &mut Ctx<'_>) -> bool {
        self.misses = 0;
        self.sent = length.min(self.sent).min(store.durable.length);
        self.from = self.from.min(self.sent);
        self.send(store, ctx);
        !std::mem::replace(&mut self.agreed, true)
    }
}
