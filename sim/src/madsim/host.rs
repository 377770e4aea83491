//! The madsim nodes and their tasks, and the world whose events they bring about.

use std::{
    collections::BTreeSet,
    future::pending,
    net::{IpAddr, SocketAddr},
    panic::resume_unwind,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, OnceLock},
    thread,
    time::Duration,
};

use ::madsim::{
    Config,
    net::{Endpoint, NetSim},
    runtime::{Handle, NodeHandle, Runtime},
    task,
    time::TimeHandle,
};

use super::wire::{Key, Link, Wire, address, place};
use crate::{
    cluster::Setup,
    id::NodeId,
    invariant::Invariant,
    outcome::{Observe, Outcome, Watch},
    process::Process,
    time::{Span, Time},
    world::{Event, Parcel, World},
};

/// All messages have one tag.
const TAG: u64 = 1;
const PORT: u16 = 4_000;

/// How long a message takes through an `Endpoint` at least: a millisecond on each side.
const PATH: Span = Span::millis(2);

/// All that happens happens somewhat after its time, so the end is somewhat later too.
const SLACK: Span = Span::micros(1);

/// How many messages a node can take out of its socket in a millisecond.
const RECEIVERS: usize = 16;

/// After so many tasks, madsim is made to forget those that are over.
const TIDY_EVERY: u64 = 4_096;

/// Runs a setup in a thread of its own, because madsim keeps its state by thread.
pub(super) fn run<P: Process>(
    setup: &Arc<Setup<P>>,
    seed: u64,
    observe: Observe,
    invariants: Vec<Box<dyn Invariant<P>>>,
) -> Outcome<P> {
    let mut world = World::new(Arc::clone(setup), seed);
    if observe.keep_trace > 0 {
        world.keep_trace(observe.keep_trace);
    }
    let watch = Watch::new(setup, observe, invariants);
    let host = Arc::new(Host::new(setup, State::new(world, watch)));
    let name = "murphy on madsim".to_owned();
    let thread = thread::Builder::new().name(name).spawn(move || {
        let mut config = Config::default();
        config.net.send_latency = Duration::ZERO..Duration::from_nanos(1);
        let runtime = Runtime::with_seed_and_config(seed, config);
        runtime.block_on(supervise(&host))
    });
    let ended = thread.expect("a thread can be started").join();
    let (world, watch) = ended.unwrap_or_else(|panic| resume_unwind(panic));
    Outcome::of(world, watch)
}

/// A run on madsim, shared by all of its tasks.
struct Host<P: Process> {
    servers: u32,
    places: u32,
    heal: Time,
    end: Time,
    nodes: OnceLock<Nodes>,
    /// None when the run is over.
    state: Mutex<Option<State<P>>>,
}

/// The madsim nodes.
struct Nodes {
    /// Of servers, and then of clients.
    places: Vec<task::NodeId>,
    /// A node that never crashes, for what goes on in no machine: messages on their way, disks,
    /// faults.
    between: NodeHandle,
}

/// What survives the killing of a node.
struct State<P: Process> {
    world: World<P>,
    watch: Watch<P>,
    wire: Wire<P>,
    /// Of servers and clients, as last bound.
    endpoints: Vec<Option<Endpoint>>,
    /// Servers that madsim has started and whose process has not.
    starting: Vec<bool>,
    /// Servers that were up when crashes were last looked for.
    up: Vec<bool>,
    crashes: u64,
    /// Links that madsim has clogged.
    clogged: BTreeSet<Link>,
    /// A fault has begun, taken a turn or ended since links were last clogged.
    faults_moved: bool,
    /// Messages that madsim should have let through.
    passed: u64,
    tasks: u64,
}

impl<P: Process> State<P> {
    fn new(world: World<P>, watch: Watch<P>) -> State<P> {
        let cluster = &world.setup().cluster;
        let servers = cluster.servers() as usize;
        let places = servers + cluster.settings().clients as usize;
        State {
            world,
            watch,
            wire: Wire::default(),
            endpoints: vec![None; places],
            starting: vec![false; servers],
            up: vec![false; servers],
            crashes: 0,
            clogged: BTreeSet::new(),
            faults_moved: false,
            passed: 0,
            tasks: 0,
        }
    }

    fn happen(&mut self, now: Time, event: Event<P>) {
        self.faults_moved |= matches!(event, Event::Fault { .. } | Event::Heal);
        let step = self.world.happen_now(now, event);
        if let Some(touched) = step.node {
            self.watch.check(now, touched, self.world.processes());
        }
    }

    /// Parcels come to the world: it delivers them, or finds that it cannot.
    fn deliver(&mut self, now: Time, parcels: Vec<Parcel<P>>) {
        for parcel in parcels {
            self.happen(now, Event::Deliver(parcel));
        }
    }
}

/// Simulated time, by madsim's clock.
fn now() -> Time {
    let elapsed = TimeHandle::current().elapsed().as_nanos();
    Time(u64::try_from(elapsed).expect("a run takes less than 584 years"))
}

/// Sleeps until then, to the nanosecond: a reset `Sleep` has no least length.
async fn sleep_till(time: Time) {
    let clock = TimeHandle::current();
    let rest = time.since(now());
    if rest > Span::ZERO {
        let mut sleep = pin!(clock.sleep(Duration::ZERO));
        let deadline = clock.now_instant() + Duration::from_nanos(rest.0);
        sleep.as_mut().reset(deadline);
        sleep.await;
    }
}

/// The run from outside: builds the nodes, heals, looks at what is watched, and ends it.
async fn supervise<P: Process>(host: &Arc<Host<P>>) -> (World<P>, Watch<P>) {
    host.build();
    let mut healed = false;
    loop {
        let next_look = match host.state().as_ref() {
            Some(state) => state.watch.next_look(),
            None => unreachable!("a run ends here and nowhere else"),
        };
        let mut until = next_look.min(host.end);
        if !healed {
            until = until.min(host.heal);
        }
        sleep_till(until).await;
        if !healed && until == host.heal {
            healed = true;
            host.happen(Event::Heal);
        }
        let mut guard = host.state();
        let state = guard.as_mut().expect("a run ends here and nowhere else");
        let world = &state.world;
        state
            .watch
            .look(until, world.processes(), || world.has_converged());
        if until == host.end {
            break;
        }
    }
    host.finish().await
}

impl<P: Process> Host<P> {
    fn new(setup: &Setup<P>, state: State<P>) -> Host<P> {
        let servers = setup.cluster.servers();
        Host {
            servers,
            places: servers + setup.cluster.settings().clients,
            heal: setup.heal.unwrap_or(Time::NEVER),
            end: setup.end,
            nodes: OnceLock::new(),
            state: Mutex::new(Some(state)),
        }
    }

    fn state(&self) -> MutexGuard<'_, Option<State<P>>> {
        let state = self.state.lock();
        state.expect("a task that panics ends the run")
    }

    fn nodes(&self) -> &Nodes {
        self.nodes.get().expect("nodes are built before tasks run")
    }

    /// Builds the madsim nodes and has the world's first events brought about.
    fn build(self: &Arc<Self>) {
        let handle = Handle::current();
        let build = |id: u32| {
            let host = Arc::clone(self);
            let init = move || Arc::clone(&host).live(NodeId(id));
            let ip = IpAddr::V4(address(NodeId(id)));
            let name = if id < self.servers {
                "server"
            } else {
                "client"
            };
            let node = handle.create_node().name(name).ip(ip).init(init);
            node.build().id()
        };
        let nodes = Nodes {
            places: (0..self.places).map(build).collect(),
            between: handle.create_node().name("between").build(),
        };
        let first = self.nodes.set(nodes);
        assert!(first.is_ok(), "nodes are built once");
        if let Some(state) = self.state().as_mut() {
            self.settle(state);
        }
    }

    /// Ends the run: kills everything, so that madsim lets go of it, and takes the world out.
    async fn finish(self: &Arc<Self>) -> (World<P>, Watch<P>) {
        let state = self.state().take().expect("a run ends once");
        let handle = Handle::current();
        for node in &self.nodes().places {
            handle.kill(*node);
        }
        handle.kill(self.nodes().between.id());
        sleep_till(now() + Span::millis(1)).await;
        (state.world, state.watch)
    }

    /// What a node does from its start to its crash.
    async fn live(self: Arc<Self>, id: NodeId) {
        let is_client = id.0 >= self.servers;
        let expected = match self.state().as_ref() {
            Some(state) => is_client || state.starting[id.index()],
            None => false,
        };
        if expected {
            let own = SocketAddr::new(IpAddr::V4(address(id)), PORT);
            let bound = Endpoint::bind(own).await;
            let endpoint = bound.expect("a node that starts has its address to itself");
            if self.begin(id, &endpoint) {
                for _ in 0..RECEIVERS {
                    task::spawn(Arc::clone(&self).receive(endpoint.clone(), id));
                }
            }
        }
        // What else it does, its tasks do.
        pending::<()>().await;
    }

    /// The node is on the network: starts its process. False if it may not start.
    fn begin(self: &Arc<Self>, id: NodeId, endpoint: &Endpoint) -> bool {
        let mut guard = self.state();
        let Some(state) = guard.as_mut() else {
            return false;
        };
        state.endpoints[id.index()] = Some(endpoint.clone());
        if id.0 >= self.servers {
            return true;
        }
        state.starting[id.index()] = false;
        state.happen(now(), Event::Start { node: id });
        let is_up = state.world.is_up(id);
        state.up[id.index()] = is_up;
        if !is_up {
            state.endpoints[id.index()] = None;
        }
        self.settle(state);
        is_up
    }

    async fn receive(self: Arc<Self>, endpoint: Endpoint, id: NodeId) {
        while let Ok((payload, from)) = endpoint.recv_from_raw(TAG).await {
            let bytes = payload.downcast::<Vec<u8>>();
            let bytes = bytes.expect("only bytes are sent to this tag");
            let IpAddr::V4(from) = from.ip() else {
                unreachable!("every address is one of ours")
            };
            self.with(|state| {
                let link = (place(from), id);
                let ordered = state.world.keeps_order(link.0, link.1);
                let parcels = state.wire.arrive(link, &bytes, ordered);
                state.deliver(now(), parcels);
            });
        }
    }

    /// One message on its way, from when it was sent until the other side's socket has it.
    async fn fly(self: Arc<Self>, link: Link, key: Key) {
        sleep_till(key.0 - PATH).await;
        let (endpoint, bytes) = loop {
            match self.state().as_ref() {
                None => return,
                Some(state) => {
                    let Some(bytes) = state.wire.pack(link, key) else {
                        return;
                    };
                    if let Some(endpoint) = state.endpoints[link.0.index()].clone() {
                        break (endpoint, bytes);
                    }
                }
            }
            // A client calls before it is on the network.
            sleep_till(now() + Span::millis(1)).await;
        };
        let to = SocketAddr::new(IpAddr::V4(address(link.1)), PORT);
        let sent = endpoint.send_to(to, TAG, &bytes).await;
        sent.expect("madsim's network refuses nothing");
        self.with(|state| {
            // Nothing has come between madsim's look at the link and this one.
            let open = !state.clogged.contains(&link);
            state.passed += u64::from(open);
            assert!(
                NetSim::current().stat().msg_count == state.passed,
                "madsim lets through what no partition cuts, and nothing else"
            );
            let there = state.endpoints[link.1.index()].is_some() && state.world.is_up(link.1);
            if open && there {
                state.wire.hand_over(link, key);
            } else {
                let parcels = state.wire.lose(link, key);
                state.deliver(now(), parcels);
            }
        });
    }

    async fn later(self: Arc<Self>, at: Time, event: Event<P>) {
        sleep_till(at).await;
        self.happen(event);
    }

    fn happen(self: &Arc<Self>, event: Event<P>) {
        self.with(|state| match event {
            Event::Start { node } => self.start(state, node),
            event => state.happen(now(), event),
        });
    }

    /// Does something to the state, and brings about what follows. Nothing, when the run is over.
    fn with(self: &Arc<Self>, act: impl FnOnce(&mut State<P>)) {
        let mut guard = self.state();
        if let Some(state) = guard.as_mut().filter(|_| now() <= self.end + SLACK) {
            act(state);
            self.settle(state);
        }
    }

    /// Has madsim start a server; its process starts when it is on the network.
    fn start(&self, state: &mut State<P>, id: NodeId) {
        if !state.world.is_up(id) && !state.starting[id.index()] {
            state.starting[id.index()] = true;
            Handle::current().restart(self.nodes().places[id.index()]);
        }
    }

    /// Brings about what the world wants after something has happened to it.
    fn settle(self: &Arc<Self>, state: &mut State<P>) {
        loop {
            self.kill_crashed(state);
            let scheduled = state.world.take_scheduled();
            if scheduled.is_empty() {
                break;
            }
            for (at, event) in scheduled {
                self.schedule(state, at, event);
            }
        }
        self.clog(state);
    }

    fn schedule(self: &Arc<Self>, state: &mut State<P>, at: Time, event: Event<P>) {
        let nodes = self.nodes();
        let host = Arc::clone(self);
        state.tasks += 1;
        if state.tasks.is_multiple_of(TIDY_EVERY) {
            // Counting tasks has madsim drop what it remembers of finished ones.
            let _ = Handle::current().metrics().num_tasks();
        }
        let own = match &event {
            Event::Timer { node, .. } | Event::Free { node } => *node,
            Event::Client { client, .. } => NodeId(self.servers + client.0),
            Event::Deliver(parcel) if parcel.from != parcel.to => {
                let Event::Deliver(parcel) = event else {
                    unreachable!("it was one a line ago")
                };
                let (link, key) = state.wire.send(at, parcel);
                nodes.between.spawn(host.fly(link, key));
                return;
            }
            // The supervisor sees to it.
            Event::Heal => return,
            Event::Start { node } if at <= now() => return self.start(state, *node),
            _ => {
                nodes.between.spawn(host.later(at, event));
                return;
            }
        };
        if state.world.is_up(own) {
            let node = Handle::current().get_node(nodes.places[own.index()]);
            let node = node.expect("nodes are never taken down for good");
            node.spawn(host.later(at, event));
        }
    }

    /// Has madsim kill the servers that have crashed in the world.
    fn kill_crashed(&self, state: &mut State<P>) {
        let crashes = state.world.stats().crashes;
        if std::mem::replace(&mut state.crashes, crashes) == crashes {
            return;
        }
        for node in (0..self.servers).map(NodeId) {
            let is_up = state.world.is_up(node);
            let was_up = std::mem::replace(&mut state.up[node.index()], is_up);
            if was_up && !is_up {
                Handle::current().kill(self.nodes().places[node.index()]);
                let lost = state.wire.lose_all_at(node);
                state.deliver(now(), lost);
            }
        }
    }

    /// Has madsim clog the links that partitions cut, and no others.
    fn clog(&self, state: &mut State<P>) {
        let moved = std::mem::replace(&mut state.faults_moved, false);
        if !moved || (state.clogged.is_empty() && !state.world.has_network_faults()) {
            return;
        }
        let (net, nodes) = (NetSim::current(), &self.nodes().places);
        for from in (0..self.places).map(NodeId) {
            for to in (0..self.places).map(NodeId) {
                let ends = (nodes[from.index()], nodes[to.index()]);
                let cut = from != to && state.world.is_cut(from, to);
                if cut && state.clogged.insert((from, to)) {
                    net.clog_link(ends.0, ends.1);
                } else if !cut && state.clogged.remove(&(from, to)) {
                    net.unclog_link(ends.0, ends.1);
                }
            }
        }
    }
}
