//! One node: changes objects at once and joins what others tell, in whole states or in deltas.
//!
//! Shapiro et al. 2011 for states; Almeida et al. 2018, Algorithm 2, for deltas: what a
//! node has changed or joined is kept until every other node has confirmed it; whoever has confirmed
//! less than what is kept gets the whole state. The algorithm's counter is the place in the log, which
//! no crash takes back. What is in memory may be ahead of the disk; the gate holds back whatever would
//! show it.

use std::collections::BTreeMap;

use murphy_sim::{CallId, Context, LogIndex, NodeId, Reply, Time};

use super::{Config, Message, Mode, Mutant, Timer, lattice::Lattice, objects::Objects};
use crate::{
    service::objects::{Request, Response},
    shared::peers::any_other,
    shared::{
        gate::Gate,
        hybrid_clock::{HybridClock, STAMP_UNIT, Stamp},
    },
};

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Replica {
    config: Config,
    /// When it started, by its monotonic clock: tells one life from the next.
    since: Time,
    objects: Objects,
    clock: HybridClock,
    /// The last place of its log.
    upto: LogIndex,
    /// What was changed or joined at each place of the log since the start, until all have it.
    deltas: BTreeMap<LogIndex, Objects>,
    /// The place up to which each other node has confirmed what it was told since the start.
    confirmed: BTreeMap<NodeId, LogIndex>,
    gate: Gate<Message, Response>,
}

impl Replica {
    pub(super) fn restore(config: Config, disk: &[Objects], ctx: &mut Context<Replica>) -> Replica {
        let mut objects = Objects::default();
        for delta in disk {
            objects.join_as(delta, config.mutant);
        }
        let mut clock = HybridClock::default();
        clock.restore(objects.latest());
        if !disk.is_empty() {
            ctx.reached("resumed");
        }
        Replica {
            config,
            since: ctx.elapsed(),
            objects,
            clock,
            upto: ctx.log_end(),
            deltas: BTreeMap::new(),
            confirmed: BTreeMap::new(),
            gate: Gate::new(ctx),
        }
    }

    pub(super) fn read(&mut self, call: CallId, request: &Request, ctx: &mut Context<Replica>) {
        let found = self.objects.read(request.object());
        self.gate.reply(call, Response::Found(found), ctx);
    }

    pub(super) fn update(&mut self, call: CallId, request: &Request, ctx: &mut Context<Replica>) {
        let node = ctx.node();
        let dot = self.objects.delivered().clone().next(node);
        let time = self.clock.tick(ctx.now().0 / STAMP_UNIT.0);
        let named = (dot, Stamp { time, node });
        let Some(delta) = self.objects.update(request, named, self.config.mutant) else {
            return self.refuse(call, request, ctx);
        };
        if self.config.has(Mutant::LwwMapForgetsDeletes) {
            self.objects.forget_deletes();
        }
        self.keep(delta, ctx);
        ctx.reached("updated");
        if self.config.has(Mutant::AckBeforeSync) {
            ctx.reply(call, Reply::Ok(Response::Done));
        } else {
            self.gate.reply(call, Response::Done, ctx);
        }
    }

    fn refuse(&mut self, call: CallId, request: &Request, ctx: &mut Context<Replica>) {
        match request {
            // What is not in the set here need not be taken out.
            Request::Remove { .. } => self.gate.reply(call, Response::Done, ctx),
            _ => ctx.reply(call, Reply::Fail),
        }
    }

    /// Writes what has changed, and keeps it for those who have not heard of it.
    fn keep(&mut self, delta: Objects, ctx: &mut Context<Replica>) {
        self.upto = self.gate.write(delta.clone(), ctx);
        match self.config.mode {
            Mode::StateBased => {}
            Mode::DeltaBased => {
                self.deltas.insert(self.upto, delta);
            }
        }
    }

    pub(super) fn begin_round(&mut self, ctx: &mut Context<Replica>) {
        let peer = any_other(self.config.nodes, ctx);
        match self.config.mode {
            Mode::StateBased => {
                let state = Message::State(self.objects.clone());
                self.gate.send(peer, state, ctx);
            }
            Mode::DeltaBased => self.tell(peer, ctx),
        }
        if self.config.has(Mutant::TombstonesCollectedTooEarly) {
            self.objects.collect_tombstones();
        }
        ctx.set_timer(Timer::Round, self.config.interval);
    }

    /// Tells another node all that it has not confirmed, if there is anything.
    fn tell(&mut self, peer: NodeId, ctx: &mut Context<Replica>) {
        let confirmed = self.confirmed.get(&peer).copied();
        if confirmed == Some(self.upto) || self.upto == LogIndex(0) {
            return;
        }
        let upto = self.upto;
        let delta = if let Some(after) = confirmed {
            let mut delta = Objects::default();
            let news = self.deltas.range(LogIndex(after.0 + 1)..);
            news.for_each(|(_, news)| delta.join(news));
            delta
        } else {
            // It has confirmed nothing since the start, and what was kept before is gone.
            ctx.reached("whole-state-sent");
            self.objects.clone()
        };
        self.gate.send(peer, Message::Delta { delta, upto }, ctx);
        if self.config.has(Mutant::DeltaNotResent) {
            self.confirm(peer, upto, ctx);
        }
    }

    /// Another node has all that it was told up to this place.
    pub(super) fn confirm(&mut self, peer: NodeId, upto: LogIndex, ctx: &Context<Replica>) {
        let confirmed = self.confirmed.entry(peer).or_default();
        *confirmed = upto.max(*confirmed);
        let all = ctx.others().map(|other| self.confirmed.get(&other));
        let least = all.min().flatten().copied().unwrap_or_default();
        self.deltas = self.deltas.split_off(&LogIndex(least.0 + 1));
    }

    pub(super) fn hear(&mut self, theirs: Objects, ctx: &mut Context<Replica>) {
        let before = self.objects.clone();
        self.objects.join_as(&theirs, self.config.mutant);
        if self.objects == before {
            return;
        }
        let wall = ctx.now().0 / STAMP_UNIT.0;
        self.clock.receive(wall, theirs.latest());
        self.keep(theirs, ctx);
        ctx.reached("joined");
    }

    pub(super) fn hear_delta(
        &mut self,
        from: NodeId,
        (delta, upto): (Objects, LogIndex),
        ctx: &mut Context<Replica>,
    ) {
        self.hear(delta, ctx);
        self.gate.send(from, Message::Confirm { upto }, ctx);
    }

    pub(super) fn synced(&mut self, upto: LogIndex, ctx: &mut Context<Replica>) {
        self.gate.synced(upto, ctx);
    }

    pub(super) fn is_settled(&self) -> bool {
        self.gate.is_open()
    }

    /// What it holds, durable or not.
    pub const fn objects(&self) -> &Objects {
        &self.objects
    }

    /// How many deltas it keeps for others.
    pub fn kept(&self) -> usize {
        self.deltas.len()
    }

    /// When it started, by its monotonic clock.
    pub const fn since(&self) -> Time {
        self.since
    }
}
