//! The world: the whole simulated cluster at one instant. `Clone`, so that a snapshot, a branch and
//! a trip back in time cost a copy.
//!
//! A world is a pure function of its setup and its seed. It knows no protocol and no checker.

mod aim;
mod clients;
mod deliver;
mod effects;
mod faults;
#[cfg(madsim)]
mod host;
mod look;
mod node;
mod notes;
mod plan;
mod react;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::faults::FaultReport;
pub(crate) use self::look::views;
pub use self::look::{Life, Stats, Step, agree};
use self::{
    faults::{Faults, Phase},
    node::Node,
};
use crate::{
    client::{Action, Client, Wake},
    cluster::Setup,
    context::{Buggify, Effect},
    digest::{Checkpoints, Digest},
    history::HistoryEvent,
    id::{CallId, ClientId, LogIndex, NodeId},
    link::LinkStates,
    process::{Membership, Process, Reply},
    queue::Queue,
    time::Time,
    trace::Trace,
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
    /// The last answer that each client had, where clients carry something over.
    answers: Vec<Option<P::Response>>,
    links: LinkStates,
    faults: Faults<P>,
    history: Vec<HistoryEvent<P::Request, P::Response>>,
    events: u64,
    digest: Digest,
    checkpoints: Checkpoints,
    reached: Vec<(&'static str, u64)>,
    /// When nodes were up, in the order of starts.
    lives: Vec<Life>,
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
                (cluster.nodes, cluster.nodes + cluster.spares),
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
            answers: vec![None; cluster.clients as usize],
            links: LinkStates::new(seed, (servers + cluster.clients) as usize),
            faults: Faults::new(&setup.plan, (servers + cluster.clients) as usize),
            history: Vec::with_capacity(setup.calls.len() * 2),
            events: 0,
            digest: Digest::default(),
            checkpoints: Checkpoints::default(),
            reached: Vec::new(),
            lives: Vec::new(),
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

    #[inline(always)]
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
    #[inline(always)]
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
}
