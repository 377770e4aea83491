//! A toy process, and stories to put it through. Every node beats by its own clock and pings all the
//! others at each beat; it writes what clients ask it to write and writes down all that it sees.

#![allow(
    dead_code,
    reason = "each test binary uses some of these helpers, none uses all"
)]

use std::sync::Arc;

use murphy_sim::{
    CallId, ClientId, ClockModel, Cluster, Context, DiskModel, DiskState, Fault, HistoryEvent,
    Latency, Links, LogIndex, Membership, NodeId, Plan, PlannedCall, PlannedFault, Process, Reply,
    Role, Route, Setup, Span, Start, Target, Time, Trigger, View, World,
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::IntoStaticStr)]
pub(crate) enum Message {
    /// The sender's how-manieth beat.
    Ping(u64),
    Pong(u64),
    /// To itself.
    Memo(u64),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Timer {
    Beat,
    /// Set at a start, cancelled by a request.
    Once,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Request {
    /// Append, sync, answer when it is durable.
    Write(u64),
    /// Append and answer, and never sync.
    Scribble(u64),
    /// How many records there are.
    Count,
    /// Answered with a redirect there.
    AskThere(NodeId),
    /// Answered with a redirect to nobody by every node but this one.
    AskAround(NodeId),
    /// Refused.
    Refuse,
    /// Answered with nothing.
    Ignore,
    /// Answered with "unknown".
    Shrug,
    /// Cancels the timer that was set at the start, and says whether it had run out.
    Cancel,
}

/// How the toy behaves.
#[derive(Clone, Debug)]
pub(crate) struct Toy {
    /// From one beat to the next.
    pub(crate) beat: Span,
    /// Pings are answered with pongs.
    pub(crate) answers: bool,
    /// A failed sync is written down and does not crash the node.
    pub(crate) bears_failed_syncs: bool,
    /// At each beat a record is appended and synced.
    pub(crate) writes: bool,
    /// At each beat a memo is sent to itself.
    pub(crate) memos: bool,
    /// The number in the ping of this beat of n0 is another one.
    pub(crate) slips_at: Option<u64>,
    /// When `Timer::Once` runs out.
    pub(crate) once: Span,
}

impl Default for Toy {
    fn default() -> Toy {
        Toy {
            beat: Span::millis(10),
            answers: false,
            bears_failed_syncs: false,
            writes: false,
            memos: false,
            slips_at: None,
            once: Span::secs(3_600),
        }
    }
}

/// What a node read off its clocks at a beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Beat {
    pub(crate) elapsed: Time,
    pub(crate) wall: Time,
    pub(crate) uncertainty: Span,
}

/// Everything that a node has seen since it last started.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Node {
    behaviour: [bool; 4],
    beat: Span,
    slips_at: Option<u64>,
    pub(crate) found: (DiskState, Vec<u64>),
    /// What came, from whom, and the monotonic clock then.
    pub(crate) heard: Vec<(NodeId, Message, Time)>,
    pub(crate) beats: Vec<Beat>,
    pub(crate) synced: LogIndex,
    pub(crate) failed_syncs: u32,
    pub(crate) changes: Vec<Membership>,
    pub(crate) once_at: Option<Time>,
    waiting: Vec<(LogIndex, CallId)>,
    count: u64,
}

impl Node {
    fn answers(&self) -> bool {
        self.behaviour[0]
    }
    fn bears_failed_syncs(&self) -> bool {
        self.behaviour[1]
    }
    fn writes(&self) -> bool {
        self.behaviour[2]
    }
    fn memos(&self) -> bool {
        self.behaviour[3]
    }
}

impl Process for Node {
    type Config = Toy;
    type Message = Message;
    type Timer = Timer;
    type Record = u64;
    type Request = Request;
    type Response = u64;
    type View = u64;

    const MEMBERSHIP: bool = true;

    fn start(toy: &Toy, disk: &[u64], ctx: &mut Context<Self>) -> Node {
        ctx.set_timer(Timer::Beat, toy.beat);
        ctx.set_timer(Timer::Once, toy.once);
        ctx.reached("started");
        Node {
            behaviour: [toy.answers, toy.bears_failed_syncs, toy.writes, toy.memos],
            beat: toy.beat,
            slips_at: toy.slips_at.filter(|_| ctx.node() == NodeId(0)),
            found: (ctx.disk_state(), disk.to_vec()),
            heard: Vec::new(),
            beats: Vec::new(),
            synced: LogIndex(disk.len() as u64),
            failed_syncs: 0,
            changes: Vec::new(),
            once_at: None,
            waiting: Vec::new(),
            count: disk.len() as u64,
        }
    }

    fn on_request(&mut self, call: CallId, request: Request, ctx: &mut Context<Self>) {
        match request {
            Request::Write(value) => {
                let at = ctx.append(value);
                self.count += 1;
                self.waiting.push((at, call));
                ctx.sync();
            }
            Request::Scribble(value) => {
                self.count += 1;
                ctx.append(value);
                ctx.reply(call, Reply::Ok(self.count));
            }
            Request::Count => ctx.reply(call, Reply::Ok(self.count)),
            Request::AskThere(node) if node != ctx.node() => {
                ctx.reply(call, Reply::Redirect(Some(node)));
            }
            Request::AskAround(node) if node != ctx.node() => {
                ctx.reply(call, Reply::Redirect(None));
            }
            Request::AskThere(_) | Request::AskAround(_) => {
                ctx.reply(call, Reply::Ok(u64::from(ctx.node().0)));
            }
            Request::Refuse => ctx.reply(call, Reply::Fail),
            Request::Ignore => {}
            Request::Shrug => ctx.reply(call, Reply::Unknown),
            Request::Cancel => {
                ctx.cancel_timer(Timer::Once);
                ctx.reply(call, Reply::Ok(u64::from(self.once_at.is_some())));
            }
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Self>) {
        if let (Message::Ping(n), true) = (&message, self.answers()) {
            ctx.send(from, Message::Pong(*n));
        }
        self.heard.push((from, message, ctx.elapsed()));
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<Self>) {
        if timer == Timer::Once {
            self.once_at = Some(ctx.elapsed());
            return;
        }
        let bounds = ctx.now_bounds();
        self.beats.push(Beat {
            elapsed: ctx.elapsed(),
            wall: ctx.now(),
            uncertainty: bounds.1.since(ctx.now()),
        });
        let mut beat = self.beats.len() as u64;
        if beat == 3 {
            ctx.reached("third-beat");
        }
        if self.slips_at == Some(beat) {
            beat += 1_000_000;
        }
        ctx.broadcast(&Message::Ping(beat));
        if self.memos() {
            ctx.send(ctx.node(), Message::Memo(beat));
        }
        if self.writes() {
            ctx.append(beat);
            self.count += 1;
            ctx.sync();
        }
        ctx.buggify("odd-beat");
        ctx.set_timer(Timer::Beat, self.beat);
    }

    fn on_synced(&mut self, upto: LogIndex, ctx: &mut Context<Self>) {
        self.synced = upto;
        let durable = |(at, _): &mut (LogIndex, CallId)| *at <= upto;
        for (at, call) in self.waiting.extract_if(.., durable) {
            ctx.reply(call, Reply::Ok(at.0));
        }
    }

    fn on_sync_failed(&mut self, ctx: &mut Context<Self>) {
        self.failed_syncs += 1;
        self.waiting.clear();
        if !self.bears_failed_syncs() {
            ctx.crash();
        }
    }

    fn on_membership(&mut self, change: Membership, _: &mut Context<Self>) {
        self.changes.push(change);
    }

    fn role(&self) -> Role {
        Role(if self.slips_at.is_some() {
            "odd"
        } else if self.beats.len() >= 3 {
            "ready"
        } else {
            "new"
        })
    }

    fn view(&self) -> View<u64> {
        View::replica(0)
    }
}

/// One run of the toy: what a [`Setup`] is made of, in the open.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    pub(crate) cluster: Cluster,
    pub(crate) toy: Toy,
    pub(crate) plan: Plan,
    pub(crate) calls: Vec<PlannedCall<Request>>,
    pub(crate) heal: Option<Time>,
    pub(crate) end: Time,
}

/// A story of so many nodes with perfect clocks, links of exactly 1 ms, and syncs of 1 ms, that ends
/// after half a second.
pub(crate) fn story(nodes: u32) -> Story {
    let mut cluster = Cluster::new(nodes, 2);
    cluster.network.latency = Latency::Constant(Span::millis(1));
    cluster.disk = DiskModel {
        sync: Latency::Constant(Span::millis(1)),
    };
    cluster.clock = ClockModel {
        offset_max: Span::ZERO,
        drift_ppm_max: 0,
        uncertainty: Span::millis(10),
    };
    Story {
        cluster,
        toy: Toy::default(),
        plan: Plan::new(),
        calls: Vec::new(),
        heal: None,
        end: ms(500),
    }
}

impl Story {
    /// A fault from 95 ms to 195 ms: the beats at 100, 110, ... 190 ms fall into it.
    pub(crate) fn with(self, fault: Fault) -> Story {
        self.with_from_to(fault, 95, 195)
    }

    pub(crate) fn with_from_to(mut self, fault: Fault, from: u64, to: u64) -> Story {
        self.plan.push(planned(fault, from, to));
        self
    }

    pub(crate) fn with_endless(mut self, when: Trigger, fault: Fault) -> Story {
        let lasts = None;
        self.plan.push(PlannedFault { when, fault, lasts });
        self
    }

    pub(crate) fn toy(mut self, change: impl FnOnce(&mut Toy)) -> Story {
        change(&mut self.toy);
        self
    }

    pub(crate) fn cluster(mut self, change: impl FnOnce(&mut Cluster)) -> Story {
        change(&mut self.cluster);
        self
    }

    /// One call of a client at that millisecond to that node.
    pub(crate) fn call(mut self, client: u32, at: u64, node: u32, request: Request) -> Story {
        self.calls.push(PlannedCall {
            client: ClientId(client),
            start: Start::At(ms(at)),
            route: Route::Node(NodeId(node)),
            request,
        });
        self
    }

    pub(crate) fn heal_at(mut self, heal: u64) -> Story {
        self.heal = Some(ms(heal));
        self
    }

    pub(crate) fn until(mut self, end: u64) -> Story {
        self.end = ms(end);
        self
    }

    pub(crate) fn setup(&self) -> Arc<Setup<Node>> {
        Arc::new(Setup {
            cluster: self
                .cluster
                .clone()
                .compile()
                .expect("the stories' clusters make sense"),
            config: self.toy.clone(),
            plan: self.plan.clone(),
            calls: Arc::new(self.calls.clone()),
            heal: self.heal,
            end: self.end,
        })
    }

    pub(crate) fn world(&self, seed: u64) -> World<Node> {
        World::new(self.setup(), seed)
    }

    /// The world at the end.
    pub(crate) fn run(&self, seed: u64) -> World<Node> {
        let mut world = self.world(seed);
        world.run_until(self.end);
        world
    }
}

pub(crate) fn planned(fault: Fault, from: u64, to: u64) -> PlannedFault {
    PlannedFault {
        when: Trigger::At(ms(from)),
        fault,
        lasts: Some(ms(to).since(ms(from))),
    }
}

pub(crate) fn ms(n: u64) -> Time {
    Time::ZERO + Span::millis(n)
}

pub(crate) fn node(n: u32) -> Target {
    Target::Node(NodeId(n))
}

/// Links from one node to another, in that direction only.
pub(crate) fn one_way(from: u32, to: u32) -> Links {
    Links {
        from: node(from),
        to: node(to),
        both: false,
        clients: false,
    }
}

pub(crate) fn process(world: &World<Node>, node: u32) -> &Node {
    world.processes()[node as usize]
        .as_ref()
        .expect("the node is up")
}

/// When, in whole milliseconds of the receiver's monotonic clock, pings of one node came to another.
pub(crate) fn pings(world: &World<Node>, from: u32, to: u32) -> Vec<u64> {
    let heard = process(world, to).heard.iter();
    let pings = heard.filter(|(by, what, _)| by.0 == from && matches!(what, Message::Ping(_)));
    pings.map(|(_, _, at)| at.0 / 1_000_000).collect()
}

/// Which pings of one node came to another, by their numbers, in the order they came.
pub(crate) fn numbers(world: &World<Node>, from: u32, to: u32) -> Vec<u64> {
    let heard = process(world, to).heard.iter();
    let number = |(by, what, _): &(NodeId, Message, Time)| match what {
        Message::Ping(n) if by.0 == from => Some(*n),
        _ => None,
    };
    heard.filter_map(number).collect()
}

/// Whether pings that one node sent during the usual fault came to another: all, or none.
pub(crate) fn reaches(world: &World<Node>, from: u32, to: u32) -> bool {
    let during = pings(world, from, to)
        .iter()
        .filter(|at| (100..195).contains(*at))
        .count();
    assert!(
        during == 0 || during == 10,
        "n{from} reaches n{to} now and then: {during} of 10"
    );
    during == 10
}

/// Who hears whom during the usual fault: a row for each sender, a place for each receiver, `#` where
/// pings arrive and `.` where they do not.
pub(crate) fn drawing(world: &World<Node>) -> Vec<String> {
    let nodes = world.processes().len() as u32;
    let place = |from, to| match from == to || reaches(world, from, to) {
        true => '#',
        false => '.',
    };
    (0..nodes)
        .map(|from| (0..nodes).map(|to| place(from, to)).collect())
        .collect()
}

/// How a client's calls ended, in order.
pub(crate) fn endings(world: &World<Node>, client: u32) -> Vec<String> {
    let of = |event: &&HistoryEvent<Request, u64>| event.client == ClientId(client);
    let told = |event: &HistoryEvent<Request, u64>| {
        let at = event.time.0 / 1_000_000;
        match &event.what {
            murphy_sim::Happened::Invoke(_) => None,
            murphy_sim::Happened::Ok(value) => Some(format!("ok {value} at {at}")),
            murphy_sim::Happened::Fail => Some(format!("fail at {at}")),
            murphy_sim::Happened::Info => Some(format!("info at {at}")),
        }
    };
    world.history().iter().filter(of).filter_map(told).collect()
}
