//! The master: grants leases to the nodes of the chain, finds out which of them are gone, mends the
//! chain without them and extends it by those that have caught up.
//!
//! Van Renesse and Schneider (2004), section 3.2 to 3.3. Their master is told of failures by
//! fail-stop servers; this one takes a node out when the node's lease is over, so that a node that
//! is only cut off stops serving before. It decides nothing from memory: a chain is on its disk
//! before anyone is told of it.

use std::collections::BTreeMap;

use murphy_sim::{CallId, LogIndex, NodeId, Reply, Time};

use super::{
    config::Config,
    message::{Configuration, Epoch, Message, Record, Timer},
    replica::Ctx,
};
use crate::{service::kv, shared::journal::Journal};

/// How often the master looks while one lease lasts.
const LOOKS: u64 = 10;

/// The master's state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Master {
    config: Config,
    /// The last decision.
    current: Configuration,
    /// The last decision that is on the disk.
    saved: Configuration,
    journal: Journal<Configuration>,
    /// Nobody is taken out of the chain before this, by this node's clock.
    promised_until: BTreeMap<NodeId, Time>,
    /// When nodes last said that they are in no chain that they know of.
    greeted: BTreeMap<NodeId, Time>,
}

impl Master {
    pub(super) fn start(config: Config, disk: &[Record], ctx: &mut Ctx<'_>) -> Master {
        let saved = disk.iter().rev().find_map(|record| match record {
            Record::Configured(configuration) => Some(configuration.clone()),
            Record::Entry(_) | Record::Cut { .. } => None,
        });
        let first = Configuration {
            epoch: Epoch(1),
            chain: config.replicas().collect(),
        };
        let mut master = Master {
            config,
            current: saved.clone().unwrap_or(first),
            saved: saved.clone().unwrap_or_default(),
            journal: Journal::new(ctx),
            promised_until: BTreeMap::new(),
            greeted: BTreeMap::new(),
        };
        // What it has promised before it may have forgotten.
        master.promise_all(ctx);
        if saved.is_none() {
            ctx.append(Record::Configured(master.current.clone()));
            master.journal.save(master.current.clone(), ctx);
        }
        master.watch_later(ctx);
        master
    }

    pub(super) fn on_request(&self, call: CallId, request: &kv::Request, ctx: &mut Ctx<'_>) {
        ctx.reached("redirect");
        let to = if request.is_update() {
            self.saved.head()
        } else {
            self.saved.tail()
        };
        ctx.reply(call, Reply::Redirect(to));
    }

    pub(super) fn on_message(&mut self, from: NodeId, message: &Message, ctx: &mut Ctx<'_>) {
        match *message {
            Message::Hello => {
                self.greeted.insert(from, ctx.elapsed());
                self.tell(from, ctx);
            }
            Message::Renew { epoch, sent, admit } => self.on_renew(from, epoch, sent, admit, ctx),
            // Meant for replicas; the master is never sent these.
            Message::Configured(_)
            | Message::Granted { .. }
            | Message::Follow { .. }
            | Message::Forward { .. }
            | Message::Acknowledge { .. }
            | Message::Mismatch { .. }
            | Message::AskVersion { .. }
            | Message::Version { .. } => {}
        }
    }

    pub(super) fn on_synced(&mut self, upto: LogIndex, ctx: &mut Ctx<'_>) {
        let Some((saved, more)) = self.journal.saved(upto) else {
            return;
        };
        assert!(!more, "one decision is taken at a time");
        self.saved = saved;
        for replica in self.config.replicas() {
            self.tell(replica, ctx);
        }
    }

    /// The last epoch that is decided for good.
    pub const fn epoch(&self) -> Epoch {
        self.saved.epoch
    }

    /// Whether it has something to write down, and how long the chain is.
    pub(super) fn abstraction(&self) -> impl std::hash::Hash + use<> {
        (self.is_deciding(), self.current.chain.len())
    }

    fn is_deciding(&self) -> bool {
        self.saved != self.current
    }

    fn tell(&self, replica: NodeId, ctx: &mut Ctx<'_>) {
        if self.saved.epoch > Epoch(0) {
            ctx.send(replica, Message::Configured(self.saved.clone()));
        }
    }

    fn watch_later(&self, ctx: &mut Ctx<'_>) {
        ctx.set_timer(Timer::Watch, self.config.lease / LOOKS);
    }

    /// Nobody of the chain is taken out of it for so long.
    fn promise_all(&mut self, ctx: &Ctx<'_>) {
        for node in self.current.chain.clone() {
            self.promise(node, ctx);
        }
    }

    fn promise(&mut self, node: NodeId, ctx: &Ctx<'_>) {
        let until = ctx.elapsed() + self.config.wait_for_lease();
        self.promised_until.insert(node, until);
    }

    fn on_renew(
        &mut self,
        from: NodeId,
        epoch: Epoch,
        sent: Time,
        admit: Option<NodeId>,
        ctx: &mut Ctx<'_>,
    ) {
        // The decision that is being written down counts as well as the last one.
        if self.current.place(from).is_none() || self.saved.place(from).is_none() {
            return self.tell(from, ctx);
        }
        self.promise(from, ctx);
        let configuration = self.saved.clone();
        let granted = Message::Granted {
            sent,
            configuration,
        };
        ctx.send(from, granted);
        let Some(node) = admit else { return };
        // Only of this very epoch: in another, the tail may not wait for the node any more.
        let is_tail = epoch == self.current.epoch && self.current.tail() == Some(from);
        if is_tail && !self.is_deciding() && self.current.place(node).is_none() {
            ctx.reached("admitted");
            self.current.chain.push(node);
            self.settle(ctx);
        }
    }

    pub(super) fn on_watch(&mut self, ctx: &mut Ctx<'_>) {
        self.watch_later(ctx);
        let now = ctx.elapsed();
        let is_out = |node: &NodeId| self.promised_until.get(node).is_none_or(|at| *at <= now);
        if self.is_deciding() || !self.current.chain.iter().any(is_out) {
            return;
        }
        // When nobody renews, those go on that have restarted: all of the chain hold everything.
        let is_back = |node: &NodeId| {
            let greeted = self.greeted.get(node);
            greeted.is_some_and(|at| now.since(*at) < self.config.lease)
        };
        let all_out = self.current.chain.iter().all(is_out);
        let mut chain = self.current.chain.clone();
        chain.retain(|node| {
            if all_out {
                is_back(node)
            } else {
                !is_out(node)
            }
        });
        if chain.is_empty() {
            return;
        }
        let is_shorter = chain.len() < self.current.chain.len();
        ctx.reached(if is_shorter { "removed" } else { "restored" });
        self.current.chain = chain;
        self.settle(ctx);
    }

    /// Writes down the decision that was taken just now.
    fn settle(&mut self, ctx: &mut Ctx<'_>) {
        self.current.epoch.0 += 1;
        self.promise_all(ctx);
        ctx.append(Record::Configured(self.current.clone()));
        self.journal.save(self.current.clone(), ctx);
    }
}
