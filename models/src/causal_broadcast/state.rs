//! What a node holds: casts in the order of their delivery, and those that it holds back.
//!
//! Save, sync, then deliver and tell: the log is the order of delivery, so a crash takes a suffix of
//! it and what is left is causally whole.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use murphy_sim::{CallId, Context, LogIndex, NodeId, Reply, Time};

use super::{Cast, Config, Message, Mutant};
use crate::{
    service::events::{self, EventId, Key, Response},
    shared::group_commit::GroupCommit,
    shared::version_vector::{Dot, VersionVector},
};

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CausalBroadcast {
    config: Config,
    node: NodeId,
    /// When it started, by its monotonic clock: tells one life from the next.
    since: Time,
    /// What is on the disk or on its way there.
    written: VersionVector,
    /// What readers see, in the order in which it came.
    delivered: Vec<Cast>,
    /// The events among them.
    events: BTreeSet<EventId>,
    /// Casts that lack something before them.
    held_back: BTreeMap<Dot, Cast>,
    /// Written and not durable yet, in the order of the log.
    unsynced: VecDeque<Unsynced>,
    commits: GroupCommit,
}

/// A cast on its way to the disk, and the calls that wait for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Unsynced {
    index: LogIndex,
    cast: Cast,
    calls: Vec<CallId>,
}

impl CausalBroadcast {
    pub(super) fn restore(
        config: Config,
        disk: &[Cast],
        ctx: &mut Context<Self>,
    ) -> CausalBroadcast {
        let mut node = CausalBroadcast {
            config,
            node: ctx.node(),
            since: ctx.elapsed(),
            written: VersionVector::default(),
            delivered: Vec::new(),
            events: BTreeSet::new(),
            held_back: BTreeMap::new(),
            unsynced: VecDeque::new(),
            commits: GroupCommit::default(),
        };
        if !disk.is_empty() {
            ctx.reached("resumed");
        }
        for cast in disk {
            node.written.raise(cast.dot);
            node.deliver(cast.clone());
        }
        node
    }

    pub(super) fn publish(
        &mut self,
        call: CallId,
        key: Key,
        event: EventId,
        ctx: &mut Context<Self>,
    ) {
        if self.events.contains(&event) {
            ctx.reached("published-again");
            return ctx.reply(call, Reply::Ok(Response::Published));
        }
        if let Some(written) = self.unsynced.iter_mut().find(|u| u.cast.event == event) {
            return written.calls.push(call);
        }
        let after = if self.config.has(Mutant::CausalClockWithoutDeliveries) {
            let mut sent = VersionVector::default();
            sent.raise(Dot {
                node: self.node,
                counter: self.written.get(self.node),
            });
            sent
        } else {
            self.written.clone()
        };
        let dot = Dot {
            node: self.node,
            counter: self.written.get(self.node) + 1,
        };
        let cast = Cast {
            dot,
            after,
            key,
            event,
        };
        if self.config.has(Mutant::CausalToldBeforeSync) {
            ctx.broadcast(&Message::Casts(vec![cast.clone()]));
        }
        self.write(cast, vec![call], ctx);
        self.commits.written(ctx);
        ctx.reached("event-written");
    }

    /// Takes what is new of these, and lets go of what was held back for their sake.
    pub(super) fn receive(&mut self, from: NodeId, casts: Vec<Cast>, ctx: &mut Context<Self>) {
        let (before, is_repair) = (
            self.unsynced.len(),
            casts.iter().any(|c| c.dot.node != from),
        );
        for cast in casts {
            if self.written.covers(cast.dot) {
                ctx.reached("deduplicated");
            } else if self.may_follow(&cast) {
                self.write(cast, Vec::new(), ctx);
            } else {
                ctx.reached("held-back");
                self.held_back.insert(cast.dot, cast);
            }
        }
        while let Some(dot) = self.next_let_go() {
            let cast = self.held_back.remove(&dot).expect("it was found just now");
            if !self.written.covers(dot) {
                ctx.reached("let-go");
                self.write(cast, Vec::new(), ctx);
            }
        }
        if self.unsynced.len() > before {
            if is_repair {
                ctx.reached("repaired");
            }
            self.commits.written(ctx);
        }
    }

    /// Whether everything that comes before a cast is here (BSS section 5.1, step 2).
    fn may_follow(&self, cast: &Cast) -> bool {
        let is_next = cast.dot.counter == self.written.get(cast.dot.node) + 1;
        if self
            .config
            .has(Mutant::CausalDeliveryWithoutTheDependencyCheck)
        {
            return is_next;
        }
        is_next && self.written.descends(&cast.after)
    }

    /// A cast that needs to be held back no more: everything before it is here, or it is here itself.
    fn next_let_go(&self) -> Option<Dot> {
        let mut held = self.held_back.values();
        let found = held.find(|cast| self.written.covers(cast.dot) || self.may_follow(cast))?;
        Some(found.dot)
    }

    fn write(&mut self, cast: Cast, calls: Vec<CallId>, ctx: &mut Context<Self>) {
        assert_eq!(
            cast.dot.counter,
            self.written.get(cast.dot.node) + 1,
            "casts of an origin are written in order"
        );
        self.written.raise(cast.dot);
        let index = ctx.append(cast.clone());
        self.unsynced.push_back(Unsynced { index, cast, calls });
    }

    pub(super) fn synced(&mut self, upto: LogIndex, ctx: &mut Context<Self>) {
        self.commits.synced(ctx);
        while self.unsynced.front().is_some_and(|u| u.index <= upto) {
            let durable = self.unsynced.pop_front().expect("it is there");
            let is_own = durable.cast.dot.node == self.node;
            if is_own && !self.config.has(Mutant::CausalToldBeforeSync) {
                ctx.broadcast(&Message::Casts(vec![durable.cast.clone()]));
            }
            self.deliver(durable.cast);
            for call in durable.calls {
                ctx.reply(call, Reply::Ok(Response::Published));
            }
        }
    }

    fn deliver(&mut self, cast: Cast) {
        self.events.insert(cast.event);
        self.delivered.push(cast);
    }

    /// Somebody who is so far lacks these, told in the order in which they came here.
    pub(super) fn tell_what_is_lacking(
        &self,
        from: NodeId,
        theirs: &VersionVector,
        ctx: &mut Context<Self>,
    ) {
        let lacking = self
            .delivered
            .iter()
            .filter(|cast| !theirs.covers(cast.dot));
        let lacking: Vec<Cast> = lacking.take(self.config.batch).cloned().collect();
        if !lacking.is_empty() {
            ctx.send(from, Message::Casts(lacking));
        }
    }

    pub(super) fn delivered_under(&self, key: Key) -> Vec<EventId> {
        let under = self.delivered.iter().filter(|cast| cast.key == key);
        under.map(|cast| cast.event).collect()
    }

    pub(super) fn shown(&self) -> events::View {
        let mut view = events::View::new();
        for cast in &self.delivered {
            view.entry(cast.key).or_default().push(cast.event);
        }
        view
    }

    pub(super) fn is_settled(&self) -> bool {
        self.unsynced.is_empty() && self.held_back.is_empty()
    }

    pub(super) const fn config(&self) -> &Config {
        &self.config
    }

    pub(super) const fn node(&self) -> NodeId {
        self.node
    }

    pub(super) const fn written(&self) -> &VersionVector {
        &self.written
    }

    pub(super) fn held_back(&self) -> usize {
        self.held_back.len()
    }

    /// What readers see, in the order in which it came.
    pub fn delivered(&self) -> &[Cast] {
        &self.delivered
    }

    /// When it started, by its monotonic clock.
    pub const fn since(&self) -> Time {
        self.since
    }
}
