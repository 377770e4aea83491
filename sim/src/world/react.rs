//! What nodes do: start, react to one input at a time as their CPUs get to it, and crash.

use super::{
    Event, Kind, Life, World,
    node::{Node, Work},
};
use crate::{
    context::{Buggify, Context, Effect},
    digest::Digest,
    disk::DiskFate,
    id::{LogIndex, NodeId},
    process::{Membership, Process},
    time::Time,
    trace::What,
};

impl<P: Process> World<P> {
    /// Gives a node an input, now or when its CPU gets to it.
    #[inline]
    pub(super) fn offer(&mut self, id: NodeId, work: Work<P>) {
        if self.nodes[id.index()].is_idle(self.now) {
            self.react(id, work);
        } else {
            self.line_up(id, work);
        }
    }

    #[cold]
    pub(super) fn line_up(&mut self, id: NodeId, work: Work<P>) {
        let node = &mut self.nodes[id.index()];
        if let Some(pause) = node.paused {
            self.faults.hit(pause.by);
        }
        node.inbox.push_back(work);
        self.wake_when_free(id);
    }

    pub(super) fn wake_when_free(&mut self, id: NodeId) {
        let node = &mut self.nodes[id.index()];
        if node.paused.is_some() || node.inbox.is_empty() {
            return;
        }
        let at = node.busy_until.max(self.now);
        if at < node.wakes_at {
            node.wakes_at = at;
            self.queue.push(at, Event::Free { node: id });
        }
    }

    pub(super) fn free(&mut self, id: NodeId) -> Option<NodeId> {
        let node = &mut self.nodes[id.index()];
        if node.wakes_at != self.now {
            // It was meant for the node before a crash.
            return None;
        }
        node.wakes_at = Time::NEVER;
        if node.paused.is_some() {
            return None;
        }
        assert!(
            node.busy_until <= self.now,
            "a node is woken when its CPU is free"
        );
        let work = node.inbox.pop_front()?;
        self.react(id, work);
        self.wake_when_free(id);
        Some(id)
    }

    /// A reaction to one input.
    fn react(&mut self, id: NodeId, work: Work<P>) {
        match work {
            Work::Message { from, message } => {
                self.react_with(id, |process, ctx| process.on_message(from, message, ctx));
            }
            Work::Request { call, request } => {
                self.react_with(id, |process, ctx| process.on_request(call, request, ctx));
            }
            Work::Timer { number } => {
                // It may have been cancelled or moved while it waited in line.
                if let Some(timer) = self.nodes[id.index()].take_timer(number) {
                    self.react_with(id, |process, ctx| process.on_timer(timer, ctx));
                }
            }
            Work::Synced { upto } => {
                self.react_with(id, |process, ctx| process.on_synced(upto, ctx));
            }
            Work::SyncFailed => {
                let node = &mut self.nodes[id.index()];
                node.disk.failure_told();
                node.disk_epoch += 1;
                self.react_with(id, Process::on_sync_failed);
            }
            Work::Membership(change) => {
                self.react_with(id, |process, ctx| process.on_membership(change, ctx));
            }
        }
    }

    /// One reaction of one process, and all that it asks for. Inlined, because messages are most of
    /// what happens.
    #[inline(always)]
    pub(super) fn react_with(
        &mut self,
        id: NodeId,
        reaction: impl FnOnce(&mut P, &mut Context<'_, P>),
    ) {
        let node = &mut self.nodes[id.index()];
        let Some(process) = self.processes[id.index()].as_mut() else {
            return;
        };
        let mut cost = self.setup.cluster.settings().cpu.per_message;
        if let Some(slow) = node.slow {
            cost = slow.value;
            self.faults.hit(slow.by);
        }
        let departs = self.now + cost;
        node.busy_until = departs;
        let mut effects = std::mem::take(&mut self.effects);
        let nodes = self.setup.cluster.servers();
        let mut ctx = node.context(id, self.now, nodes, self.buggify, &mut effects);
        reaction(process, &mut ctx);
        let fired = ctx.buggify.fired;
        self.count_fired(fired);
        self.carry_out(id, departs, &mut effects);
        self.effects = effects;
    }

    /// Counts `buggify` sites that fired towards the fault that makes them.
    #[inline]
    pub(super) fn count_fired(&mut self, fired: u32) {
        if let (1.., Some(fault)) = (fired, self.faults.buggify) {
            self.faults.reports[fault].hits += u64::from(fired);
        }
    }

    pub(super) fn operate(&mut self, id: NodeId, change: Membership) -> Option<NodeId> {
        self.processes[id.index()].as_ref()?;
        self.happens(Kind::Operator, id.0);
        self.digest.fold_hash(&change);
        self.offer(id, Work::Membership(change));
        Some(id)
    }

    pub(super) fn timer(&mut self, id: NodeId, number: u64) -> Option<NodeId> {
        let node = &mut self.nodes[id.index()];
        let slot = node.timers.iter_mut().find(|slot| slot.number == number)?;
        let due = node.clock.when_monotonic(slot.deadline);
        if due > self.now {
            // It was moved, or the clock has slowed down.
            slot.queued = due;
            if due < Time::NEVER {
                self.queue.push(due, Event::Timer { node: id, number });
            }
            return None;
        }
        slot.queued = Time::NEVER;
        let content = Digest::of(&slot.timer);
        let told = self.loud.then(|| format!("{:?}", slot.timer));
        self.happens(Kind::Timer, id.0);
        self.digest.fold(content);
        if let Some(told) = told {
            self.note(What::Timer { node: id, told });
        }
        self.offer(id, Work::Timer { number });
        Some(id)
    }

    pub(super) fn synced(&mut self, id: NodeId, epoch: u32, upto: LogIndex) -> Option<NodeId> {
        let node = &mut self.nodes[id.index()];
        if node.disk_epoch != epoch || node.disk.has_failed() {
            return None;
        }
        if let Some(stall) = node.disk_stalled {
            node.held_syncs.push(upto);
            self.faults.hit(stall.by);
            return None;
        }
        let full = node
            .disk_full
            .filter(|_| node.disk.end() > node.disk.durable());
        if let Some(cause) = node.sync_fails.or(full) {
            node.disk.fail();
            node.disk_epoch += 1;
            self.faults.hit(cause.by);
            self.happens(Kind::SyncFailed, id.0);
            self.note_if_loud(|| What::SyncFailed { node: id });
            self.offer(id, Work::SyncFailed);
            return Some(id);
        }
        node.disk.synced(upto);
        self.happens(Kind::Synced, id.0);
        self.digest.fold(upto.0);
        self.note_if_loud(|| What::Synced { node: id, upto });
        self.offer(id, Work::Synced { upto });
        Some(id)
    }

    pub(super) fn start(&mut self, id: NodeId) -> Option<NodeId> {
        let node = &mut self.nodes[id.index()];
        if self.processes[id.index()].is_some() || node.down_holds > 0 || node.spare {
            return None;
        }
        if node.paused.is_some() {
            node.start_waits = true;
            return None;
        }
        node.started = self.now;
        node.disk.recover();
        let disk = node.disk.state();
        let mut effects = std::mem::take(&mut self.effects);
        let (servers, buggify) = (self.setup.cluster.servers(), self.buggify);
        let (mut ctx, records) =
            node.context_and_records(id, self.now, servers, buggify, &mut effects);
        let process = P::start(&self.setup.config, records, &mut ctx);
        let fired = ctx.buggify.fired;
        self.count_fired(fired);
        self.processes[id.index()] = Some(process);
        self.lives.push(Life {
            node: id,
            from: self.now,
            until: None,
        });
        self.happens(Kind::Start, id.0);
        self.digest.fold(disk as u64);
        self.note_if_loud(|| What::Started { node: id, disk });
        self.carry_out(id, self.now, &mut effects);
        self.effects = effects;
        Some(id)
    }

    /// Stops a node and does to its disk what `fate` says. False when it was down already.
    pub(super) fn crash(&mut self, id: NodeId, fate: DiskFate) -> bool {
        if self.processes[id.index()].take().is_none() {
            return false;
        }
        let mut lives = self.lives.iter_mut().rev();
        let life = lives
            .find(|life| life.node == id)
            .expect("a node that is up has started");
        life.until = Some(self.now);
        let node = &mut self.nodes[id.index()];
        let loss = node.disk.crash(fate, &mut node.disk_stream);
        node.forget(self.now);
        node.role = "";
        self.stats.crashes += 1;
        self.stats.lost_records += loss.records;
        self.happens(Kind::Crash, id.0);
        self.digest.fold(loss.records << 1 | u64::from(loss.torn));
        self.note_if_loud(|| What::Crashed {
            node: id,
            lost: loss.records,
            torn: loss.torn,
        });
        true
    }
}

impl<P: Process> Node<P> {
    fn context<'a>(
        &'a mut self,
        id: NodeId,
        now: Time,
        nodes: u32,
        buggify: Buggify,
        effects: &'a mut Vec<Effect<P>>,
    ) -> Context<'a, P> {
        self.context_and_records(id, now, nodes, buggify, effects).0
    }

    fn context_and_records<'a>(
        &'a mut self,
        id: NodeId,
        now: Time,
        nodes: u32,
        buggify: Buggify,
        effects: &'a mut Vec<Effect<P>>,
    ) -> (Context<'a, P>, &'a [P::Record]) {
        let disk = &self.disk;
        let ctx = Context {
            node: id,
            nodes,
            clock: &self.clock,
            at: now,
            log_start: disk.start(),
            log_end: disk.end(),
            disk_state: disk.state(),
            stream: &mut self.stream,
            buggify,
            effects,
        };
        (ctx, disk.records())
    }
}
