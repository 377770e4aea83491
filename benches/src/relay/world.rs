//! The relay on murphy's world, with everything switched on: drifting clocks, timers, the digest over
//! every event, a partition and a lossy link in force, and a fault that waits for an event.

use std::sync::Arc;

use murphy_sim::{
    CallId, Cluster, Context, Endpoint, Fault, Latency, Links, NodeId, PlannedFault, Probability,
    Process, Role, Setup, Shape, Span, Target, Time, Trigger, View, World,
};
use serde::{Deserialize, Serialize};

use super::{LATENCY_MS_MAX, LATENCY_MS_MIN, NODES, TOKENS, other_than};

/// What nodes pass around.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::IntoStaticStr)]
pub enum Message {
    /// A token and how often it was passed on.
    Token(u64),
}

/// A node that passes tokens on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Relay {
    got: u64,
    beats: u64,
}

impl Relay {
    fn pass_on(hops: u64, ctx: &mut Context<Self>) {
        let drawn = ctx.rng().below(u64::from(NODES - 1)) as u32;
        let to = NodeId(other_than(ctx.node().0, drawn));
        ctx.send(to, Message::Token(hops));
    }
}

impl Process for Relay {
    type Config = ();
    type Message = Message;
    type Timer = ();
    type Record = ();
    type Request = ();
    type Response = ();
    type View = u64;

    fn start((): &(), _: &[()], ctx: &mut Context<Self>) -> Relay {
        let me = ctx.node().0;
        for _ in (0..TOKENS).filter(|token| token % NODES == me) {
            Relay::pass_on(0, ctx);
        }
        ctx.set_timer((), Span::millis(100));
        Relay { got: 0, beats: 0 }
    }

    fn on_request(&mut self, _: CallId, (): (), _: &mut Context<Self>) {}

    fn on_message(&mut self, _: NodeId, message: Message, ctx: &mut Context<Self>) {
        let Message::Token(hops) = message;
        self.got += 1;
        Relay::pass_on(hops + 1, ctx);
    }

    fn on_timer(&mut self, (): (), ctx: &mut Context<Self>) {
        self.beats += 1;
        ctx.set_timer((), Span::millis(100));
    }

    fn role(&self) -> Role {
        Role("relay")
    }

    fn view(&self) -> View<u64> {
        View::nothing(true)
    }
}

/// The faults in force during the relay. They are looked up for every message on their links and, so that the same number of tokens stays under way as elsewhere, next to never take one: the partition
/// cuts n0 off from a client, the loss is one in four thousand million.
fn plan() -> Vec<PlannedFault> {
    let least = Probability::new(1.0 / 4_294_967_296.0).expect("it is a probability");
    let links = |from, to| Links {
        from: Target::Node(NodeId(from)),
        to: Target::Node(NodeId(to)),
        both: true,
        clients: false,
    };
    let groups = vec![vec![Endpoint::Node(NodeId(0))], vec![Endpoint::Client(0)]];
    let faults = vec![
        Fault::Partition {
            shape: Shape::Groups(groups),
            flap: None,
            clients: vec![],
        },
        Fault::Loss {
            probability: least,
            links: links(1, 2),
        },
        Fault::ClockDrift {
            node: Target::All,
            ppm: 200,
        },
    ];
    let now = |fault| PlannedFault {
        when: Trigger::At(Time::ZERO),
        fault,
        lasts: None,
    };
    let mut plan: Vec<PlannedFault> = faults.into_iter().map(now).collect();
    plan.push(PlannedFault {
        when: Trigger::Event { event: u64::MAX },
        fault: Fault::Clog {
            links: Links::default(),
        },
        lasts: None,
    });
    plan
}

/// The relay's setup, up to that simulated time.
pub fn setup(end: Time) -> Arc<Setup<Relay>> {
    let mut cluster = Cluster::new(NODES, 1);
    cluster.network.latency = Latency::Uniform {
        min: Span::millis(LATENCY_MS_MIN),
        max: Span::millis(LATENCY_MS_MAX),
    };
    let cluster = cluster.compile().expect("the cluster makes sense");
    let mut setup = Setup::calm(cluster, (), Vec::new(), end);
    setup.plan = plan();
    Arc::new(setup)
}

/// Runs to the setup's end; returns how many messages were delivered.
pub fn relay(setup: &Arc<Setup<Relay>>, seed: u64) -> u64 {
    let mut world = World::new(Arc::clone(setup), seed);
    world.run_until(setup.end);
    assert_eq!(world.stats().dropped, 0, "every token is under way");
    world.stats().delivered
}
