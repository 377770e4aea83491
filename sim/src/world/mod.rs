//! The world: the whole simulated cluster at one instant. `Clone`, so that a snapshot, a branch and
//! a trip back in time cost a copy.
//!
//! A world is a pure function of its setup and its seed. It knows no protocol and no checker.

mod aim;
mod effects;
mod faults;
#[cfg(madsim)]
mod host;
mod look;
mod node;
mod plan;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::faults::FaultReport;
pub use self::look::{Stats, Step, agree};
use self::{
    faults::{Faults, Phase},
    node::{Node, Work},
};
use crate::{
    client::{Action, Client, Wake},
    cluster::Setup,
    context::{Buggify, Context, Effect},
    digest::{Checkpoints, Digest},
    disk::DiskFate,
    history::{Happened, HistoryEvent},
    id::{CallId, ClientId, LogIndex, NodeId},
    link::{Dropped, LinkStates},
    process::{Membership, Message, Process, Reply},
    queue::Queue,
    time::Time,
    trace::{Carried, Trace, TraceEntry, What},
};

/// Everything that can happen.
#[derive(Clone, Debug)]
pub(crate) enum Event<P: Process> {
    /// Something arrives, if the network still lets it.
    Deliver(Parcel<P>),
    /// A timer runs out, if it is still set.
    Timer { node: NodeId, number: u64 },
    /// A sync completes, unless a crash has made it void.
    Synced {
        node: NodeId,
        epoch: u32,
        upto: LogIndex,
    },
    /// A node's CPU is free for the next input in line.
    Free { node: NodeId },
    /// A node starts, for the first time or again.
    Start { node: NodeId },
    /// A client does what it is woken for.
    Client { client: ClientId, why: Wake },
    /// A fault begins, goes on or ends.
    Fault { index: usize, phase: Phase },
    /// An operator's word about the membership comes to a node.
    Operator { node: NodeId, change: Membership },
    /// Every fault ends and every node is up again.
    Heal,
}

/// Something under way from one place to another.
#[derive(Clone, Debug)]
pub(crate) struct Parcel<P: Process> {
    pub(crate) from: NodeId,
    pub(crate) to: NodeId,
    pub(crate) sent: Time,
    pub(crate) corrupt: bool,
    pub(crate) packet: Packet<P>,
}

/// What a parcel holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "")]
pub(crate) enum Packet<P: Process> {
    Message(P::Message),
    Request {
        call: CallId,
        request: P::Request,
    },
    Response {
        call: CallId,
        reply: Reply<P::Response>,
    },
}

/// The kinds of events, as the digest tells them apart.
#[derive(Clone, Copy)]
enum Kind {
    Message = 1,
    Request,
    Response,
    Timer,
    Synced,
    SyncFailed,
    Start,
    Crash,
    Client,
    Fault,
    Heal,
    Dropped,
    Held,
    Operator,
}

/// A simulated cluster at one instant.
#[derive(Clone, Debug)]
pub struct World<P: Process> {
    setup: Arc<Setup<P>>,
    seed: u64,
    now: Time,
    queue: Queue<Event<P>>,
    /// One a server; none while it is down. Apart from the rest of the node, for invariants to read.
    processes: Vec<Option<P>>,
    nodes: Vec<Node<P>>,
    clients: Vec<Client<P::Request>>,
    links: LinkStates,
    faults: Faults<P>,
    history: Vec<HistoryEvent<P::Request, P::Response>>,
    events: u64,
    digest: Digest,
    checkpoints: Checkpoints,
    reached: Vec<(&'static str, u64)>,
    stats: Stats,
    trace: Trace,
    /// Whether anyone listens to the trace or to `tracing` events.
    loud: bool,
    buggify: Buggify,
    /// Empty between events; kept for their capacity.
    effects: Vec<Effect<P>>,
    actions: Vec<Action<P::Request, P::Response>>,
}

impl<P: Process> World<P> {
    /// The cluster before its first event. Panics on a plan that [`Setup::validate`] refuses.
    pub fn new(setup: Arc<Setup<P>>, seed: u64) -> World<P> {
        if let Err(error) = setup.validate() {
            panic!("a setup is validated before a world is made of it: {error}");
        }
        let cluster = setup.cluster.settings();
        let servers = setup.cluster.servers();
        let node = |id| Node::new(seed, id, &cluster.clock, id >= cluster.nodes);
        let mut mine = vec![Vec::new(); cluster.clients as usize];
        for (i, call) in setup.calls.iter().enumerate() {
            mine[call.client.index()].push(i as u32);
        }
        let client = |(id, mine): (usize, Vec<u32>)| {
            Client::new(
                ClientId(id as u32),
                cluster.clients,
                cluster.nodes,
                &setup.calls,
                mine,
                seed,
            )
        };
        let mut world = World {
            seed,
            now: Time::ZERO,
            queue: Queue::default(),
            processes: vec![None; servers as usize],
            nodes: (0..servers).map(node).collect(),
            clients: mine.into_iter().enumerate().map(client).collect(),
            links: LinkStates::new(seed, (servers + cluster.clients) as usize),
            faults: Faults::new(&setup.plan, (servers + cluster.clients) as usize),
            history: Vec::with_capacity(setup.calls.len() * 2),
            events: 0,
            digest: Digest::default(),
            checkpoints: Checkpoints::default(),
            reached: Vec::new(),
            stats: Stats::default(),
            trace: Trace::default(),
            loud: tracing::enabled!(target: "murphy", tracing::Level::TRACE),
            buggify: Buggify::default(),
            effects: Vec::new(),
            actions: Vec::new(),
            setup,
        };
        world.schedule_all();
        world
    }

    fn schedule_all(&mut self) {
        self.digest.fold(self.seed);
        for node in 0..self.setup.cluster.settings().nodes {
            self.queue
                .push(Time::ZERO, Event::Start { node: NodeId(node) });
        }
        self.schedule_plan();
        for client in &mut self.clients {
            if let Some(after) = client.next_in(Time::ZERO) {
                self.queue.push(
                    Time::ZERO + after,
                    Event::Client {
                        client: client.id(),
                        why: Wake::Next,
                    },
                );
            }
        }
        if let Some(heal) = self.setup.heal {
            self.queue.push(heal, Event::Heal);
        }
    }

    /// Lets the next thing happen, or says that nothing ever will.
    pub fn step(&mut self) -> Option<Step> {
        let (time, event) = self.queue.pop()?;
        assert!(
            time >= self.now,
            "time runs forward: {} after {}",
            time,
            self.now
        );
        Some(self.happen(time, event))
    }

    #[inline]
    fn happen(&mut self, time: Time, event: Event<P>) -> Step {
        self.now = time;
        self.trace.forget_marks();
        let node = match event {
            Event::Deliver(parcel) => self.deliver(parcel),
            Event::Timer { node, number } => self.timer(node, number),
            Event::Synced { node, epoch, upto } => self.synced(node, epoch, upto),
            Event::Free { node } => self.free(node),
            Event::Start { node } => self.start(node),
            Event::Client { client, why } => self.wake_client(client, why),
            Event::Fault { index, phase } => self.fault(index, phase),
            Event::Operator { node, change } => self.operate(node, change),
            Event::Heal => self.heal(),
        };
        self.checkpoints.pass(self.events, self.digest);
        Step { time, node }
    }

    /// Lets happen all that happens up to and at `end`, and moves time there.
    pub fn run_until(&mut self, end: Time) {
        while self.queue.next_at().is_some_and(|at| at <= end) {
            self.step();
        }
        self.now = self.now.max(end);
    }

    /// Counts an event and folds it into the digest.
    #[inline]
    fn happens(&mut self, kind: Kind, place: u32) {
        if self.loud {
            self.trace.mark(self.events, self.digest);
        }
        self.events += 1;
        self.digest.fold(self.now.0);
        self.digest.fold(u64::from(place) << 8 | kind as u64);
        if self.faults.waits_for_event(self.events) {
            self.set_off_by_event();
        }
    }

    #[inline]
    fn deliver(&mut self, parcel: Parcel<P>) -> Option<NodeId> {
        let (from, to) = (parcel.from, parcel.to);
        if self.faults.touch(from, to) && from != to {
            if let Some(fault) = self.faults.clogged(from, to) {
                self.happens(Kind::Held, to.0);
                self.digest.fold(u64::from(from.0));
                self.faults.hold(fault, parcel);
                return None;
            }
            if let Some(fault) = self.faults.cut(from, to) {
                self.faults.hit(fault);
                self.drop_parcel(&parcel, Dropped::Partition);
                return None;
            }
        }
        if parcel.corrupt {
            self.drop_parcel(&parcel, Dropped::Corrupt);
            return None;
        }
        if to.index() < self.nodes.len() && !self.is_there(&parcel) {
            self.drop_parcel(&parcel, Dropped::Crash);
            return None;
        }
        self.stats.delivered += 1;
        self.happens(parcel.packet.event_kind(), to.0);
        self.fold_parcel(&parcel);
        self.note_if_loud(|| What::Delivered(carried(&parcel)));
        match parcel.packet {
            Packet::Message(message) => self.offer(to, Work::Message { from, message }),
            Packet::Request { call, request } => self.offer(to, Work::Request { call, request }),
            Packet::Response { call, reply } => {
                self.answer(from, call, reply);
                return None;
            }
        }
        Some(to)
    }

    /// Whether the node that a parcel is meant for is up; what a node sends to itself goes with it
    /// when it crashes.
    #[inline]
    fn is_there(&self, parcel: &Parcel<P>) -> bool {
        let to = parcel.to.index();
        let of_this_life = parcel.from != parcel.to || parcel.sent >= self.nodes[to].started;
        self.processes[to].is_some() && of_this_life
    }

    fn drop_parcel(&mut self, parcel: &Parcel<P>, why: Dropped) {
        self.happens(Kind::Dropped, parcel.to.0);
        self.digest.fold(why as u64);
        self.fold_parcel(parcel);
        self.stats.dropped += 1;
        self.note_if_loud(|| What::Dropped(carried(parcel), why));
    }

    /// Folds in who sent it and what it holds.
    #[inline]
    fn fold_parcel(&mut self, parcel: &Parcel<P>) {
        self.digest.fold(u64::from(parcel.from.0));
        match &parcel.packet {
            Packet::Message(message) => self.digest.fold_hash(message),
            Packet::Request { call, request } => self.digest.fold_hash(&(call, request)),
            Packet::Response { call, reply } => self.digest.fold_hash(&(call, reply)),
        }
    }

    /// Gives a node an input, now or when its CPU gets to it.
    #[inline]
    fn offer(&mut self, id: NodeId, work: Work<P>) {
        let node = &mut self.nodes[id.index()];
        if node.paused.is_none() && node.inbox.is_empty() && node.busy_until <= self.now {
            return self.react(id, work);
        }
        self.line_up(id, work);
    }

    #[cold]
    fn line_up(&mut self, id: NodeId, work: Work<P>) {
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

    fn free(&mut self, id: NodeId) -> Option<NodeId> {
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

    /// One reaction of one process, and all that it asks for.
    #[inline]
    fn react(&mut self, id: NodeId, work: Work<P>) {
        let node = &mut self.nodes[id.index()];
        let Some(process) = self.processes[id.index()].as_mut() else {
            return;
        };
        let timer = match &work {
            Work::Timer { number } => match node.take_timer(*number) {
                Some(timer) => Some(timer),
                // It was cancelled or moved while it waited in line.
                None => return,
            },
            _ => None,
        };
        let mut cost = self.setup.cluster.settings().cpu.per_message;
        if let Some(slow) = node.slow {
            cost = slow.value;
            self.faults.hit(slow.by);
        }
        let departs = self.now + cost;
        node.busy_until = departs;
        let mut effects = std::mem::take(&mut self.effects);
        if matches!(work, Work::SyncFailed) {
            node.disk.failure_told();
            node.disk_epoch += 1;
        }
        let mut ctx = node.context(
            id,
            self.now,
            self.setup.cluster.servers(),
            self.buggify,
            &mut effects,
        );
        match work {
            Work::Message { from, message } => process.on_message(from, message, &mut ctx),
            Work::Request { call, request } => process.on_request(call, request, &mut ctx),
            Work::Timer { .. } => process.on_timer(timer.expect("found above"), &mut ctx),
            Work::Synced { upto } => process.on_synced(upto, &mut ctx),
            Work::SyncFailed => process.on_sync_failed(&mut ctx),
            Work::Membership(change) => process.on_membership(change, &mut ctx),
        }
        let fired = ctx.buggify.fired;
        self.count_fired(fired);
        self.carry_out(id, departs, &mut effects);
        self.effects = effects;
    }

    /// Counts `buggify` sites that fired towards the fault that makes them.
    #[inline]
    fn count_fired(&mut self, fired: u32) {
        if let (1.., Some(fault)) = (fired, self.faults.buggify) {
            self.faults.reports[fault].hits += u64::from(fired);
        }
    }

    fn operate(&mut self, id: NodeId, change: Membership) -> Option<NodeId> {
        self.processes[id.index()].as_ref()?;
        self.happens(Kind::Operator, id.0);
        self.digest.fold_hash(&change);
        self.offer(id, Work::Membership(change));
        Some(id)
    }

    fn timer(&mut self, id: NodeId, number: u64) -> Option<NodeId> {
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

    fn synced(&mut self, id: NodeId, epoch: u32, upto: LogIndex) -> Option<NodeId> {
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

    fn start(&mut self, id: NodeId) -> Option<NodeId> {
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
        self.happens(Kind::Start, id.0);
        self.digest.fold(disk as u64);
        self.note_if_loud(|| What::Started { node: id, disk });
        self.carry_out(id, self.now, &mut effects);
        self.effects = effects;
        Some(id)
    }

    /// Stops a node and does to its disk what `fate` says. False when it was down already.
    fn crash(&mut self, id: NodeId, fate: DiskFate) -> bool {
        if self.processes[id.index()].take().is_none() {
            return false;
        }
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

    fn wake_client(&mut self, id: ClientId, why: Wake) -> Option<NodeId> {
        let mut actions = std::mem::take(&mut self.actions);
        let model = &self.setup.cluster.settings().client;
        self.clients[id.index()].wake(why, model, self.now, &mut actions);
        if !actions.is_empty() {
            self.happens(Kind::Client, id.0);
        }
        self.do_for_client(id, &mut actions);
        self.actions = actions;
        None
    }

    fn answer(&mut self, from: NodeId, call: CallId, reply: Reply<P::Response>) {
        let mut actions = std::mem::take(&mut self.actions);
        let model = &self.setup.cluster.settings().client;
        self.clients[call.client.index()].answer(from, call, reply, model, self.now, &mut actions);
        self.do_for_client(call.client, &mut actions);
        self.actions = actions;
    }

    fn do_for_client(&mut self, id: ClientId, actions: &mut Vec<Action<P::Request, P::Response>>) {
        let endpoint = NodeId(self.setup.cluster.servers() + id.0);
        for action in actions.drain(..) {
            match action {
                Action::Send { to, call, request } => {
                    self.post(endpoint, to, self.now, Packet::Request { call, request });
                }
                Action::Wake { after, why } => self
                    .queue
                    .push(self.now + after, Event::Client { client: id, why }),
                Action::Tell {
                    process,
                    call,
                    what,
                } => {
                    self.note_if_loud(|| told_call(id, call, &what));
                    self.history.push(HistoryEvent {
                        time: self.now,
                        process,
                        client: id,
                        call,
                        what,
                    });
                }
            }
        }
    }

    fn note_if_loud(&mut self, what: impl FnOnce() -> What) {
        if self.loud {
            self.note(what());
        }
    }

    #[cold]
    fn note(&mut self, what: What) {
        let entry = TraceEntry {
            event: self.events,
            time: self.now,
            what,
        };
        if let Some(node) = entry.what.node() {
            let role = self
                .nodes
                .get(node.index())
                .map_or("client", |node| node.role);
            tracing::trace!(target: "murphy", time = %entry.time, %node, role, "{entry}");
        } else {
            tracing::trace!(target: "murphy", time = %entry.time, "{entry}");
        }
        if self.trace.is_on() {
            self.trace.push(entry);
        }
    }
}

#[cold]
fn carried<P: Process>(parcel: &Parcel<P>) -> Carried {
    let (kind, told) = match &parcel.packet {
        Packet::Message(message) => (message.kind(), format!("{message:?}")),
        Packet::Request { call, request } => ("request", format!("request {call} {request:?}")),
        Packet::Response { call, reply } => ("response", format!("response {call} {reply:?}")),
    };
    Carried {
        from: parcel.from,
        to: parcel.to,
        sent: parcel.sent,
        kind,
        told,
    }
}

#[cold]
fn told_call<Q: std::fmt::Debug, R: std::fmt::Debug>(
    client: ClientId,
    call: CallId,
    what: &Happened<Q, R>,
) -> What {
    match what {
        Happened::Invoke(request) => What::Invoked {
            client,
            call,
            told: format!("{request:?}"),
        },
        Happened::Ok(response) => What::Ended {
            client,
            call,
            told: format!("ok {response:?}"),
        },
        Happened::Fail => What::Ended {
            client,
            call,
            told: "fail".to_owned(),
        },
        Happened::Info => What::Ended {
            client,
            call,
            told: "info".to_owned(),
        },
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
