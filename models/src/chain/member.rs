//! A node of the chain: the head takes updates, every node passes them on when its disk has them,
//! the tail acknowledges them, and what it has is committed all the way up.

use std::collections::BTreeMap;

use murphy_sim::{CallId, NodeId, Reply};

use super::{
    config::Mode,
    link::Link,
    message::{Entry, Message, Timer},
    mutants::Mutant,
    replica::Ctx,
    store::Store,
};
use crate::{
    service::kv::{self, Key},
    shared::sessions::{Asked, Sessions},
};

/// How many times the lease is renewed while one lasts.
const RENEWALS: u64 = 5;
/// How many entries one that catches up may lack when the tail begins to wait for it.
const NEAR: u64 = 16;
/// After so many times in a row without an answer the tail gives up one that catches up.
const MISSES_MOST: u32 = 3;

/// A node of the chain of one epoch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Member {
    is_head: bool,
    predecessor: Option<NodeId>,
    /// None at the tail.
    successor: Option<Link>,
    /// The tail: one from outside that catches up.
    learner: Option<Learner>,
    /// Whether its epoch is durable, so that it has begun to speak.
    started: bool,
    /// The head: every client's last update in the log, and its entry's number.
    calls: Sessions<u64>,
    /// Reads of dirty keys that wait for the tail's word.
    asked: BTreeMap<u64, (CallId, Key)>,
    tickets: u64,
    /// How many reads it has answered, for invariants to look at.
    pub(super) served: u64,
}

/// One that catches up behind the tail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Learner {
    link: Link,
    /// The tail commits nothing more that this one does not have.
    required: bool,
    /// The master is asked to put it at the end of the chain. There is no way back in this epoch:
    /// the master may have done so without this node knowing yet.
    wanted: bool,
}

impl Member {
    /// Joins the chain of the epoch that the store has just joined. The head begins with an entry of
    /// its own, which cuts off, wherever it comes, what others have from an earlier time in a chain.
    pub(super) fn new(store: &mut Store, place: usize, ctx: &mut Ctx<'_>) -> Member {
        let chain = &store.known.chain;
        let predecessor = place.checked_sub(1).map(|before| chain[before]);
        let successor = chain.get(place + 1);
        let member = Member {
            is_head: place == 0,
            predecessor,
            successor: successor.map(|to| Link::new(*to, store.log.length())),
            learner: None,
            started: false,
            calls: store.log.calls(),
            asked: BTreeMap::new(),
            tickets: 0,
            served: 0,
        };
        if member.is_head {
            let opening = Entry {
                epoch: store.epoch(),
                update: None,
            };
            store.push(opening, ctx);
        }
        member
    }

    /// Takes back what it has set. Whoever waits for it asks elsewhere.
    pub(super) fn leave(&mut self, ctx: &mut Ctx<'_>) {
        ctx.cancel_timer(Timer::Renew);
        let learner = self.learner.map(|learner| learner.link);
        for link in self.successor.iter().chain(learner.iter()) {
            ctx.cancel_timer(Timer::Resend(link.to));
        }
        for (call, _) in std::mem::take(&mut self.asked).into_values() {
            ctx.reply(call, Reply::Redirect(None));
        }
    }

    const fn is_tail(&self) -> bool {
        self.successor.is_none()
    }

    pub(super) fn role(&self, store: &Store) -> &'static str {
        match (self.is_tail(), self.is_head) {
            _ if !store.is_in_epoch() => "joining",
            (true, _) => "tail",
            (false, true) => "head",
            (false, false) => "middle",
        }
    }

    pub(super) fn abstraction(&self) -> (u32, bool, bool) {
        let misses = self.successor.map_or(0, |link| link.misses.min(2));
        let required = self.learner.is_some_and(|learner| learner.required);
        (misses, self.learner.is_some(), required)
    }

    /// Whether it has this epoch's first entry, which every node above it in the chain has passed on:
    /// none of them serves for an earlier epoch any more.
    fn is_open(store: &Store) -> bool {
        store.config.has(Mutant::ChainNewTailWithoutCatchUp)
            || store.log.epoch_at(store.log.applied()) == store.epoch()
    }

    /// Whether it may answer reads: not taken out of the chain, and sure of what came before.
    pub(super) fn serves(store: &Store, ctx: &Ctx<'_>) -> bool {
        store.has_lease(ctx) && Member::is_open(store)
    }

    /// False when another node is to be asked.
    pub(super) fn on_request(
        &mut self,
        store: &mut Store,
        call: CallId,
        request: &kv::Request,
        ctx: &mut Ctx<'_>,
    ) -> bool {
        match request {
            kv::Request::Read { key } => self.on_read(store, call, *key, ctx),
            kv::Request::Write { .. } | kv::Request::Cas { .. } => {
                let takes = self.is_head && store.has_lease(ctx);
                if takes {
                    self.on_update(store, call, request, ctx);
                }
                takes
            }
        }
    }

    fn on_update(
        &mut self,
        store: &mut Store,
        call: CallId,
        request: &kv::Request,
        ctx: &mut Ctx<'_>,
    ) {
        match self.calls.look(call) {
            Asked::New => {
                let entry = Entry {
                    epoch: store.epoch(),
                    update: Some((call, request.clone())),
                };
                store.push(entry, ctx);
                self.calls.remember(call, store.log.length());
                store.save(ctx);
            }
            // In process: the tail will answer. Committed: the answer was lost, or is on its way.
            Asked::Again(_) => {
                if let Some(response) = store.log.answer(call) {
                    ctx.reply(call, Reply::Ok(response.clone()));
                }
            }
            // Its client waits for another call by now.
            Asked::Late => {}
        }
    }

    /// CRAQ, section 2.3: a clean key is answered at once, a dirty one with what the tail has
    /// committed. False when another node is to be asked.
    fn on_read(&mut self, store: &Store, call: CallId, key: Key, ctx: &mut Ctx<'_>) -> bool {
        if store.config.has(Mutant::ChainReadAtAMiddleNode) {
            self.answer_read(store, call, key, ctx);
            return true;
        }
        let anywhere = store.config.mode == Mode::Craq;
        if !(self.is_tail() || anywhere) || !Member::serves(store, ctx) {
            return false;
        }
        if self.is_tail() || !is_dirty(store, key) {
            self.answer_read(store, call, key, ctx);
        } else if store.config.has(Mutant::CraqDirtyRead) {
            let mut newest = store.log.clone();
            newest.apply(newest.length());
            let found = newest.registers().get(&key).copied();
            ctx.reply(call, Reply::Ok(kv::Response::Read(found)));
        } else {
            let tail = store.known.tail().expect("a node of the chain has a tail");
            let (epoch, ticket) = (store.epoch(), self.tickets);
            self.tickets += 1;
            self.asked.insert(ticket, (call, key));
            ctx.reached("dirty-read");
            ctx.send(tail, Message::AskVersion { epoch, ticket });
        }
        true
    }

    fn answer_read(&mut self, store: &Store, call: CallId, key: Key, ctx: &mut Ctx<'_>) {
        self.served += 1;
        let found = store.log.registers().get(&key).copied();
        ctx.reply(call, Reply::Ok(kv::Response::Read(found)));
    }

    pub(super) fn on_ask_version(
        &self,
        store: &Store,
        from: NodeId,
        ticket: u64,
        ctx: &mut Ctx<'_>,
    ) {
        if self.is_tail() && Member::serves(store, ctx) {
            let version = Message::Version {
                epoch: store.epoch(),
                ticket,
                committed: store.log.applied(),
            };
            ctx.send(from, version);
        }
    }

    pub(super) fn on_version(
        &mut self,
        store: &mut Store,
        ticket: u64,
        committed: u64,
        ctx: &mut Ctx<'_>,
    ) {
        let Some((call, key)) = self.asked.remove(&ticket) else {
            return;
        };
        // What the tail has came through here.
        self.commit(store, committed, ctx);
        if Member::serves(store, ctx) {
            self.answer_read(store, call, key, ctx);
        } else {
            ctx.reply(call, Reply::Redirect(None));
        }
    }

    /// More is on the disk, and may be said.
    pub(super) fn on_durable(&mut self, store: &mut Store, ctx: &mut Ctx<'_>) {
        if !self.started {
            self.started = true;
            self.renew(store, ctx);
        }
        if let Some(successor) = &mut self.successor {
            successor.push(store, ctx);
        }
        if let Some(learner) = &mut self.learner {
            learner.link.push(store, ctx);
        }
        self.acknowledge(store, ctx);
    }

    /// Whether what it has on its disk is thereby committed: at the tail alone.
    fn acknowledges(&self, store: &Store) -> bool {
        self.is_tail() || (self.is_head && store.config.has(Mutant::ChainHeadAcknowledges))
    }

    /// The tail: commits what it has, if that came to it in this epoch, and whoever was promised to
    /// be the next tail has it too.
    fn acknowledge(&mut self, store: &mut Store, ctx: &mut Ctx<'_>) {
        let length = store.durable.length;
        if !self.acknowledges(store) || store.log.epoch_at(length) != store.epoch() {
            return;
        }
        let required = self.learner.filter(|learner| learner.required);
        let upto = required.map_or(length, |learner| length.min(learner.link.held));
        self.commit(store, upto, ctx);
    }

    /// Applies what is committed, passes that on towards the head, and answers for it at the tail.
    fn commit(&mut self, store: &mut Store, upto: u64, ctx: &mut Ctx<'_>) {
        let was = store.log.applied();
        let upto = upto.min(store.durable.length);
        if upto <= was {
            return;
        }
        store.log.apply(upto);
        if self.acknowledges(store) {
            let updates = store.log.slice(was, upto).iter();
            for (call, _) in updates.filter_map(|entry| entry.update.as_ref()) {
                if let Some(response) = store.log.answer(*call) {
                    ctx.reply(*call, Reply::Ok(response.clone()));
                }
            }
        }
        if let Some(predecessor) = self.predecessor {
            let acknowledge = Message::Acknowledge {
                epoch: store.epoch(),
                length: store.held(),
                committed: upto,
            };
            ctx.send(predecessor, acknowledge);
        }
    }

    pub(super) fn on_acknowledge(
        &mut self,
        store: &mut Store,
        from: NodeId,
        (length, committed): (u64, u64),
        ctx: &mut Ctx<'_>,
    ) {
        if self.successor.is_some_and(|link| link.to == from) {
            self.commit(store, committed, ctx);
            let successor = self.successor.as_mut().expect("it was there just now");
            successor.on_acknowledge(store, length, ctx);
        } else if let Some(learner) = self.learner.as_mut().filter(|it| it.link.to == from) {
            learner.link.on_acknowledge(store, length, ctx);
            self.acknowledge(store, ctx);
            self.reconsider(store, ctx);
        }
    }

    pub(super) fn on_mismatch(
        &mut self,
        store: &Store,
        from: NodeId,
        length: u64,
        ctx: &mut Ctx<'_>,
    ) {
        if let Some(successor) = self.successor.as_mut().filter(|link| link.to == from) {
            if store.config.has(Mutant::ChainNoResendAfterMending) {
                return;
            }
            if successor.on_mismatch(store, length, ctx) {
                ctx.reached("mended");
            }
        } else if let Some(learner) = self.learner.as_mut().filter(|it| it.link.to == from) {
            learner.link.on_mismatch(store, length, ctx);
        }
    }

    pub(super) fn on_resend(&mut self, store: &mut Store, to: NodeId, ctx: &mut Ctx<'_>) {
        if let Some(successor) = self.successor.as_mut().filter(|link| link.to == to) {
            successor.on_resend(store, ctx);
        } else if let Some(learner) = self.learner.as_mut().filter(|it| it.link.to == to) {
            learner.link.on_resend(store, ctx);
            if learner.link.misses >= MISSES_MOST && !learner.wanted {
                ctx.cancel_timer(Timer::Resend(to));
                self.learner = None;
                self.acknowledge(store, ctx);
            }
        }
    }

    /// The tail: one from outside wants to catch up. One at a time.
    pub(super) fn on_follow(
        &mut self,
        store: &mut Store,
        from: NodeId,
        length: u64,
        ctx: &mut Ctx<'_>,
    ) {
        if !self.is_tail() || self.learner.is_some() || store.known.place(from).is_some() {
            return;
        }
        let mut link = Link::new(from, length);
        link.probe(store, ctx);
        let hasty = store.config.has(Mutant::ChainNewTailWithoutCatchUp);
        self.learner = Some(Learner {
            link,
            required: false,
            wanted: hasty,
        });
        if hasty {
            self.renew(store, ctx);
        }
    }

    /// Extending the chain (van Renesse and Schneider, section 3.3): first the new tail gets what
    /// the old one has; when little is missing the old tail commits nothing without it; when nothing
    /// committed is missing, the master is asked.
    fn reconsider(&mut self, store: &Store, ctx: &mut Ctx<'_>) {
        let Some(learner) = &mut self.learner else {
            return;
        };
        learner.required |= learner.link.held + NEAR >= store.durable.length;
        let has_all = learner.link.held >= store.log.applied() && Member::is_open(store);
        if learner.required && has_all && !learner.wanted {
            learner.wanted = true;
            self.renew(store, ctx);
        }
    }

    /// Asks the master for a lease, and the tail for the successor that it wants.
    pub(super) fn renew(&self, store: &Store, ctx: &mut Ctx<'_>) {
        let wanted = self.learner.filter(|learner| learner.wanted);
        let renew = Message::Renew {
            epoch: store.epoch(),
            sent: ctx.elapsed(),
            admit: wanted.map(|learner| learner.link.to),
        };
        ctx.send(store.config.master(), renew);
        ctx.set_timer(Timer::Renew, store.config.lease / RENEWALS);
    }
}

/// Whether an update of the key is in process here: here, but not known to be at the tail.
fn is_dirty(store: &Store, key: Key) -> bool {
    let in_process = store.log.slice(store.log.applied(), store.log.length());
    let mut updates = in_process.iter().filter_map(|entry| entry.update.as_ref());
    updates.any(|(_, request)| request.key() == key)
}
