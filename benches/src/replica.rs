//! A small replicated log, for whole runs: n0 beats and appends what clients write; the others keep
//! copies, answer, and watch for silence. What a run of a real protocol does, without its subtleties.

use std::sync::Arc;

use murphy_sim::{
    CallId, ClientId, Cluster, Context, DiskFate, Fault, Links, LogIndex, NodeId, PlannedCall,
    PlannedFault, Probability, Process, Reply, Role, Route, Setup, Shape, Span, Start, Target,
    Time, Trigger, View,
};
use serde::{Deserialize, Serialize};

const BEAT: Span = Span::millis(50);
const SILENCE: Span = Span::millis(300);

/// What nodes say to each other.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::IntoStaticStr)]
pub enum Message {
    /// n0 is there, and its log is this long.
    Beat(u64),
    /// So is this one, and its log is this long.
    Here(u64),
    /// The record at this place.
    Copy(u64, u64),
}

/// What nodes remind themselves of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// To beat.
    Beat,
    /// That n0 has been silent.
    Silence,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Replica {
    log: Vec<u64>,
    waiting: Vec<(LogIndex, CallId)>,
    silences: u32,
}

impl Process for Replica {
    type Config = ();
    type Message = Message;
    type Timer = Timer;
    type Record = u64;
    type Request = u64;
    type Response = u64;
    type View = u64;

    fn start((): &(), disk: &[u64], ctx: &mut Context<Self>) -> Replica {
        if ctx.node() == NodeId(0) {
            ctx.set_timer(Timer::Beat, BEAT);
        } else {
            ctx.set_timer(Timer::Silence, SILENCE);
        }
        Replica {
            log: disk.to_vec(),
            waiting: Vec::new(),
            silences: 0,
        }
    }

    fn on_request(&mut self, call: CallId, request: u64, ctx: &mut Context<Self>) {
        if ctx.node() != NodeId(0) {
            return ctx.reply(call, Reply::Redirect(Some(NodeId(0))));
        }
        self.log.push(request);
        let at = ctx.append(request);
        self.waiting.push((at, call));
        ctx.sync();
        ctx.broadcast(&Message::Copy(self.log.len() as u64, request));
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Self>) {
        let length = self.log.len() as u64;
        match message {
            Message::Beat(_) => {
                ctx.set_timer(Timer::Silence, SILENCE);
                ctx.send(from, Message::Here(length));
            }
            Message::Here(behind) if behind < length => {
                ctx.send(from, Message::Copy(behind + 1, self.log[behind as usize]));
            }
            Message::Here(_) => {}
            Message::Copy(at, record) if at == length + 1 => {
                self.log.push(record);
                ctx.append(record);
                ctx.sync();
            }
            Message::Copy(..) => {}
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<Self>) {
        match timer {
            Timer::Beat => {
                ctx.broadcast(&Message::Beat(self.log.len() as u64));
                ctx.set_timer(Timer::Beat, BEAT);
            }
            Timer::Silence => {
                self.silences += 1;
                ctx.reached("silence");
                ctx.set_timer(Timer::Silence, SILENCE);
            }
        }
    }

    fn on_synced(&mut self, upto: LogIndex, ctx: &mut Context<Self>) {
        let durable = |(at, _): &mut (LogIndex, CallId)| *at <= upto;
        for (at, call) in self.waiting.extract_if(.., durable) {
            ctx.reply(call, Reply::Ok(at.0));
        }
    }

    fn role(&self) -> Role {
        Role("replica")
    }

    fn view(&self) -> View<u64> {
        View::replica(self.log.len() as u64)
    }
}

/// One simulated second of five nodes that beat, and nothing else: a run as short as they come.
pub fn short() -> Arc<Setup<Replica>> {
    let cluster = Cluster::new(5, 1)
        .compile()
        .expect("the cluster makes sense");
    let end = Time::ZERO + Span::secs(1);
    Arc::new(Setup::calm(cluster, (), Vec::new(), end))
}

/// A minute of five nodes, a thousand calls and faults of all families.
pub fn long() -> Arc<Setup<Replica>> {
    let cluster = Cluster::new(5, 4)
        .compile()
        .expect("the cluster makes sense");
    let call = |n: u32| PlannedCall {
        client: ClientId(n % 4),
        start: Start::At(Time::ZERO + Span::millis(u64::from(n) * 60)),
        route: Route::Sticky,
        request: u64::from(n),
    };
    let end = Time::ZERO + Span::secs(60);
    let mut setup = Setup::calm(cluster, (), (0..1_000).map(call).collect(), end);
    let loss = Fault::Loss {
        probability: Probability::per_mille(10),
        links: Links::default(),
    };
    let cut = Fault::Partition {
        shape: Shape::Minority,
        flap: None,
        clients: vec![],
    };
    let crash = Fault::Crash {
        node: Target::Any,
        disk: DiskFate::Drawn,
    };
    let drift = Fault::ClockDrift {
        node: Target::Any,
        ppm: 300,
    };
    let faults = [loss, cut, crash, drift].into_iter().enumerate();
    let planned = |(i, fault): (usize, Fault)| PlannedFault {
        when: Trigger::At(Time::ZERO + Span::secs(5 + 5 * i as u64)),
        fault,
        lasts: Some(Span::secs(6)),
    };
    setup.plan = faults.map(planned).collect();
    setup.heal = Some(Time::ZERO + Span::secs(50));
    Arc::new(setup)
}
