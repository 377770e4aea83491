//! Nodes that hold parts of several things converge when those that share a part agree on it.

use murphy_sim::{CallId, Cluster, Context, NodeId, Process, Role, Setup, Span, Time, View, World};
use serde::{Deserialize, Serialize};

/// Holds its own range and the next node's.
#[derive(Clone, Debug)]
struct Holder {
    held: [(u32, u64); 2],
}

#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize, strum::IntoStaticStr)]
enum Silence {}

const NODES: u32 = 3;

impl Process for Holder {
    /// What each node holds of its own range and of the next.
    type Config = [[u64; 2]; NODES as usize];
    type Message = Silence;
    type Timer = ();
    type Record = u64;
    type Request = u64;
    type Response = u64;
    type View = u64;

    fn start(config: &Self::Config, _: &[u64], ctx: &mut Context<Holder>) -> Holder {
        let NodeId(me) = ctx.node();
        let [own, next] = config[me as usize];
        Holder {
            held: [(me, own), ((me + 1) % NODES, next)],
        }
    }

    fn on_request(&mut self, _: CallId, _: u64, _: &mut Context<Holder>) {}

    fn on_message(&mut self, _: NodeId, message: Silence, _: &mut Context<Holder>) {
        match message {}
    }

    fn on_timer(&mut self, (): (), _: &mut Context<Holder>) {}

    fn role(&self) -> Role {
        Role("holder")
    }

    fn view(&self) -> View<u64> {
        View::nothing(true)
    }

    fn views(&self) -> Vec<View<u64>> {
        let view = |(of, state)| View {
            of,
            state: Some(state),
            settled: true,
        };
        self.held.map(view).to_vec()
    }
}

fn world(held: [[u64; 2]; NODES as usize]) -> World<Holder> {
    let cluster = Cluster::new(NODES, 1).compile().expect("valid");
    let end = Time::ZERO + Span::secs(1);
    let setup = Setup::<Holder>::calm(cluster, held, Vec::new(), end);
    let mut world = World::new(setup.into(), 1);
    world.run_until(end);
    world
}

#[test]
fn whoever_shares_a_part_must_agree_on_it_and_on_nothing_else() {
    let agreed = world([[10, 11], [11, 12], [12, 10]]);
    assert!(agreed.has_converged());
    let parts: Vec<(u32, u32)> = agreed.views().map(|(node, v)| (node.0, v.of)).collect();
    assert_eq!(parts, [(0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (2, 0)]);
    let parted = world([[10, 11], [99, 12], [12, 10]]);
    assert!(!parted.has_converged(), "n0 and n1 differ on range 1");
}
