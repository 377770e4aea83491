//! A replica as the primary: serves under its lease, replicates, commits, and sees to it that the
//! in-sync set holds those that keep up.

use std::collections::{BTreeMap, BTreeSet};

use murphy_sim::{CallId, NodeId, Reply, Span, Time};

use super::{
    config::{Mode, Mutant},
    message::{Configuration, Entry, Message, Timer},
    monitor::lease_clock,
    replica::{Ctx, Store},
};
use crate::{
    service::kv,
    shared::sessions::{Asked, Sessions},
};

/// How many entries one message carries at most.
const BATCH: u64 = 256;
/// After so many messages in a row without an answer a backup is taken out of the in-sync set.
const MISSES_UNTIL_EVICTED: u32 = 3;
/// How often the wait before sending again is doubled at most.
const BACKOFF_MAX: u32 = 4;
/// How many times the lease is renewed while one lasts.
const RENEWALS: u64 = 5;

/// A primary's state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Primary {
    /// The number of the first entry of its own.
    opening: u64,
    /// When it became primary, by the clock of leases. It asked for no lease before.
    since: Time,
    /// Its lease lasts until then, by the clock of leases; zero before the first.
    lease_until: Time,
    /// Whether it has noticed that it has no lease. A paused one has not.
    suspended: bool,
    followers: BTreeMap<NodeId, Follower>,
    sequence: u64,
    version: u64,
    pub(super) in_sync: BTreeSet<NodeId>,
    /// The in-sync set that the monitor was asked for and has not answered about.
    wanted: Option<BTreeSet<NodeId>>,
    /// Every client's last call in the log, and its entry's number.
    calls: Sessions<u64>,
    /// Calls to be answered when their entries are committed.
    waiting: BTreeMap<u64, CallId>,
    /// How many calls it has answered, for invariants to look at.
    pub(super) served: u64,
}

/// What a primary knows of a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Follower {
    /// So many entries, from the first, it holds durably as they are here.
    agreed: u64,
    /// The next message carries what comes after so many entries.
    from: u64,
    /// The message that it has not answered. There is one at a time.
    outstanding: Option<u64>,
    /// How many messages in a row it has not answered.
    misses: u32,
}

impl Primary {
    pub(super) fn new(store: &Store, configuration: Configuration, ctx: &Ctx<'_>) -> Primary {
        let follower = Follower {
            agreed: 0,
            from: store.log.length(),
            outstanding: None,
            misses: 0,
        };
        let others = store.config.members().filter(|node| *node != ctx.node());
        Primary {
            opening: store.log.length() + 1,
            since: lease_clock(&store.config, ctx),
            lease_until: Time::ZERO,
            suspended: true,
            followers: others.map(|node| (node, follower)).collect(),
            sequence: 0,
            version: configuration.version,
            in_sync: configuration.in_sync,
            wanted: None,
            calls: store.log.calls(),
            waiting: BTreeMap::new(),
            served: 0,
        }
    }

    pub(super) const fn is_suspended(&self) -> bool {
        self.suspended
    }

    /// Who is in sync, and who does not answer.
    pub(super) fn abstraction(&self) -> Vec<(bool, bool)> {
        let followers = self.followers.iter();
        followers
            .map(|(node, follower)| (self.in_sync.contains(node), follower.misses > 0))
            .collect()
    }

    /// Takes back what it has set.
    pub(super) fn step_down(&self, ctx: &mut Ctx<'_>) {
        ctx.cancel_timer(Timer::Renew);
        ctx.cancel_timer(Timer::LeaseEnds);
        for node in self.followers.keys() {
            ctx.cancel_timer(Timer::Send(*node));
        }
    }

    /// Looked at anew in every reaction, because a pause can come between any two.
    fn has_lease(&self, store: &Store, ctx: &Ctx<'_>) -> bool {
        if store.config.has(Mutant::OldPrimaryNotFenced) {
            return self.lease_until > Time::ZERO;
        }
        lease_clock(&store.config, ctx) < self.lease_until
    }

    /// Whether it may answer: under its lease, and sure of all that it has inherited (PacificA,
    /// section 2.3, reconciliation).
    pub(super) fn serves(&self, store: &Store, ctx: &Ctx<'_>) -> bool {
        self.has_lease(store, ctx) && store.log.applied() >= self.opening
    }

    pub(super) fn on_request(
        &mut self,
        store: &mut Store,
        call: CallId,
        request: kv::Request,
        ctx: &mut Ctx<'_>,
    ) {
        if let kv::Request::Read { key } = request {
            let found = store.log.registers().get(&key).copied();
            return self.reply(call, kv::Response::Read(found), ctx);
        }
        match self.calls.look(call) {
            Asked::New => {
                let entry = Entry {
                    epoch: store.epoch,
                    update: Some((call, request)),
                };
                store.push(entry, ctx);
                self.calls.remember(call, store.log.length());
                self.waiting.insert(store.log.length(), call);
                store.save(ctx);
            }
            Asked::Again(number) => match store.log.answer(call).cloned() {
                Some(response) => self.reply(call, response, ctx),
                None => {
                    self.waiting.insert(*number, call);
                }
            },
            // Its client waits for another call by now.
            Asked::Late => {}
        }
    }

    fn reply(&mut self, call: CallId, response: kv::Response, ctx: &mut Ctx<'_>) {
        self.served += 1;
        ctx.reply(call, Reply::Ok(response));
    }

    /// More of its log is on its disk, and may be sent.
    pub(super) fn on_durable(&mut self, store: &mut Store, ctx: &mut Ctx<'_>) {
        if store.durable.length < self.opening {
            return;
        }
        if self.sequence == 0 {
            self.renew(store, ctx);
        }
        let idle = |follower: &Follower| follower.outstanding.is_none();
        let nodes = self.followers.iter();
        let to: Vec<NodeId> = nodes
            .filter(|(_, follower)| idle(follower) && follower.from < store.durable.length)
            .map(|(node, _)| *node)
            .collect();
        for node in to {
            self.send(store, node, ctx);
        }
        self.commit(store, ctx);
    }

    /// One message to one backup, which is not followed by another before it is answered or given
    /// up: what is appended meanwhile goes with the next.
    fn send(&mut self, store: &Store, to: NodeId, ctx: &mut Ctx<'_>) {
        self.sequence += 1;
        let follower = self
            .followers
            .get_mut(&to)
            .expect("every other replica is a follower");
        let upto = store.durable.length.min(follower.from + BATCH);
        let append = Message::Append {
            epoch: store.epoch,
            sequence: self.sequence,
            previous: store.log.position(follower.from),
            entries: store.log.slice(follower.from, upto).to_vec(),
            committed: store.log.applied(),
        };
        follower.outstanding = Some(self.sequence);
        let wait = store.config.resend * (1 << follower.misses.min(BACKOFF_MAX));
        ctx.send(to, append);
        ctx.set_timer(Timer::Send(to), wait);
    }

    pub(super) fn on_send(&mut self, store: &Store, to: NodeId, ctx: &mut Ctx<'_>) {
        if let Some(follower) = self.followers.get_mut(&to)
            && follower.outstanding.is_some()
        {
            follower.misses += 1;
        }
        self.send(store, to, ctx);
        self.reconsider(store, ctx);
    }

    pub(super) fn on_appended(
        &mut self,
        store: &mut Store,
        from: NodeId,
        sequence: u64,
        length: u64,
        ctx: &mut Ctx<'_>,
    ) {
        let Some(follower) = self.followers.get_mut(&from) else {
            return;
        };
        follower.misses = 0;
        follower.agreed = follower.agreed.max(length.min(store.durable.length));
        follower.from = follower.from.max(follower.agreed);
        if follower.outstanding == Some(sequence) {
            follower.outstanding = None;
            if follower.from < store.durable.length {
                self.send(store, from, ctx);
            } else {
                ctx.set_timer(Timer::Send(from), store.config.heartbeat);
            }
        }
        self.commit(store, ctx);
        self.reconsider(store, ctx);
    }

    pub(super) fn on_mismatch(
        &mut self,
        store: &Store,
        from: NodeId,
        sequence: u64,
        length: u64,
        ctx: &mut Ctx<'_>,
    ) {
        let Some(follower) = self.followers.get_mut(&from) else {
            return;
        };
        if follower.outstanding != Some(sequence) {
            return;
        }
        follower.misses = 0;
        follower.from = length.min(follower.from.saturating_sub(1));
        // Only a disk that has lost what was durable takes back what was agreed.
        follower.agreed = follower.agreed.min(follower.from);
        self.send(store, from, ctx);
    }

    /// How many entries, from the first, are where the mode wants them.
    fn replicated(&self, store: &Store) -> u64 {
        let mine = store.durable.length;
        let agreed = |node: &NodeId| self.followers.get(node).map_or(mine, |f| f.agreed);
        match store.config.mode {
            Mode::Asynchronous => mine,
            Mode::Synchronous if store.config.has(Mutant::AckBeforeReplicate) => mine,
            Mode::SemiSynchronous => {
                let most = self.followers.values().map(|f| f.agreed).max();
                most.map_or(mine, |most| most.min(mine))
            }
            Mode::Synchronous => {
                // The monitor may have granted what was wanted without this node knowing yet.
                let members = self.in_sync.iter().chain(self.wanted.iter().flatten());
                members
                    .map(agreed)
                    .min()
                    .map_or(mine, |least| least.min(mine))
            }
        }
    }

    /// Commits what can be, and answers for it. Under the lease only: without it the monitor may
    /// have counted what replicas hold already. An entry of an earlier epoch is committed with one
    /// of its own (Raft, section 5.4.2).
    fn commit(&mut self, store: &mut Store, ctx: &mut Ctx<'_>) {
        let upto = self.replicated(store);
        let was = store.log.applied();
        if upto <= was || upto < self.opening || !self.has_lease(store, ctx) {
            return;
        }
        store.log.apply(upto);
        if was < self.opening {
            ctx.reached("takeover");
        }
        while let Some(first) = self.waiting.first_entry().filter(|e| *e.key() <= upto) {
            let call = first.remove();
            if let Some(response) = store.log.answer(call).cloned() {
                self.reply(call, response, ctx);
            }
        }
    }

    /// Asks the monitor for a lease, and for what else is wanted from it.
    pub(super) fn renew(&self, store: &Store, ctx: &mut Ctx<'_>) {
        let renew = Message::Renew {
            epoch: store.epoch,
            sent: lease_clock(&store.config, ctx),
            wanted: self.wanted.clone().map(|set| (self.version, set)),
        };
        ctx.send(store.config.monitor(), renew);
        ctx.set_timer(Timer::Renew, store.config.lease / RENEWALS);
    }

    /// The lease begins when it was asked for, not when it was granted (Gray and Cheriton,
    /// section 3.1).
    pub(super) fn on_granted(
        &mut self,
        store: &mut Store,
        sent: Time,
        configuration: Configuration,
        ctx: &mut Ctx<'_>,
    ) {
        if sent < self.since {
            return;
        }
        self.lease_until = self.lease_until.max(sent + store.config.lease);
        self.on_lease_ends(store, ctx);
        self.on_configured(store, configuration, ctx);
    }

    /// Looks whether the lease is over, and when to look again.
    pub(super) fn on_lease_ends(&mut self, store: &Store, ctx: &mut Ctx<'_>) {
        let had_lease = !self.suspended;
        self.suspended = !self.has_lease(store, ctx);
        if self.suspended && had_lease {
            ctx.reached("lease-lost");
        }
        if !self.suspended {
            let left = self.lease_until.since(lease_clock(&store.config, ctx));
            if left > Span::ZERO {
                ctx.set_timer(Timer::LeaseEnds, left);
            }
        }
    }

    pub(super) fn on_configured(
        &mut self,
        store: &mut Store,
        configuration: Configuration,
        ctx: &mut Ctx<'_>,
    ) {
        if configuration.version > self.version {
            self.version = configuration.version;
            self.in_sync = configuration.in_sync;
            self.wanted = None;
        }
        self.commit(store, ctx);
        self.reconsider(store, ctx);
    }

    /// Whether the in-sync set is as it should be: without those that do not answer, with those that
    /// hold all that is committed (PacificA, sections 2.2 and 2.4).
    fn reconsider(&mut self, store: &Store, ctx: &mut Ctx<'_>) {
        let sure = store.log.applied() >= self.opening;
        if store.config.mode != Mode::Synchronous || self.wanted.is_some() {
            return;
        }
        let mut set = self.in_sync.clone();
        for (node, follower) in &self.followers {
            if follower.misses >= MISSES_UNTIL_EVICTED {
                set.remove(node);
            } else if sure && follower.misses == 0 && follower.agreed >= store.log.applied() {
                set.insert(*node);
            }
        }
        if set != self.in_sync {
            self.wanted = Some(set);
            self.renew(store, ctx);
        }
    }
}
