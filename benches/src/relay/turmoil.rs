//! The relay on turmoil: a host for each, a UDP socket each, eight bytes a message. It has no digest
//! and no faults switched on. Its latencies lie between the same bounds, but not alike.

use std::{
    cell::Cell,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    rc::Rc,
    time::Duration,
};

use murphy_sim::Stream;
use turmoil::net::UdpSocket;

use super::{LATENCY_MS_MAX, LATENCY_MS_MIN, NODES, TOKENS, other_than};

const PORT: u16 = 7_000;

fn name(node: u32) -> String {
    format!("n{node}")
}

/// Runs for so much simulated time; returns how many messages were delivered.
pub fn relay(simulated: Duration, seed: u64) -> u64 {
    let mut sim = turmoil::Builder::new()
        .simulation_duration(simulated * 2)
        .min_message_latency(Duration::from_millis(LATENCY_MS_MIN))
        .max_message_latency(Duration::from_millis(LATENCY_MS_MAX))
        .udp_capacity(TOKENS as usize * 2)
        .rng_seed(seed)
        .build();
    let delivered = Rc::new(Cell::new(0));
    for node in 0..NODES {
        let delivered = Rc::clone(&delivered);
        sim.host(name(node), move || serve(node, seed, Rc::clone(&delivered)));
    }
    while sim.elapsed() < simulated {
        sim.step().expect("the relay runs");
    }
    delivered.get()
}

async fn serve(
    me: u32,
    seed: u64,
    delivered: Rc<Cell<u64>>,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut stream = Stream::numbered(seed, "turmoil", u64::from(me));
    let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, PORT));
    let socket = UdpSocket::bind(any).await?;
    let nodes: Vec<IpAddr> = (0..NODES).map(|node| turmoil::lookup(name(node))).collect();
    let mut next = || {
        let drawn = stream.below(u64::from(NODES - 1)) as u32;
        SocketAddr::from((nodes[other_than(me, drawn) as usize], PORT))
    };
    for _ in (0..TOKENS).filter(|token| token % NODES == me) {
        socket.send_to(&0u64.to_le_bytes(), next()).await?;
    }
    let mut bytes = [0; 8];
    loop {
        socket.recv_from(&mut bytes).await?;
        let hops = u64::from_le_bytes(bytes);
        delivered.set(delivered.get() + 1);
        socket.send_to(&(hops + 1).to_le_bytes(), next()).await?;
    }
}
