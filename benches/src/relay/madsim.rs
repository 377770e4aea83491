//! The relay on madsim: a node for each, an `Endpoint` each, messages passed as values, which is the
//! cheapest way it has. It has no digest and no faults switched on.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use madsim::{
    Config,
    net::{Config as NetConfig, Endpoint},
    runtime::Runtime,
    time::sleep,
};
use murphy_sim::Stream;

use super::{LATENCY_MS_MAX, LATENCY_MS_MIN, NODES, TOKENS, other_than};

const TAG: u64 = 1;

fn address(node: u32) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, node as u8 + 1], 7_000))
}

/// Runs for so much simulated time on a thread of its own; returns how many messages were delivered.
pub fn relay(simulated: Duration, seed: u64) -> u64 {
    let run = std::thread::spawn(move || on_this_thread(simulated, seed));
    run.join().expect("the relay runs to its end")
}

fn on_this_thread(simulated: Duration, seed: u64) -> u64 {
    let send_latency = Duration::from_millis(LATENCY_MS_MIN)..Duration::from_millis(LATENCY_MS_MAX);
    let config = Config {
        net: NetConfig {
            packet_loss_rate: 0.0,
            send_latency,
        },
        ..Config::default()
    };
    let runtime = Runtime::with_seed_and_config(seed, config);
    let delivered = Arc::new(AtomicU64::new(0));
    for node in 0..NODES {
        let machine = runtime.create_node().ip(address(node).ip()).build();
        machine.spawn(serve(node, seed, Arc::clone(&delivered)));
    }
    runtime.block_on(async move { sleep(simulated).await });
    delivered.load(Ordering::Relaxed)
}

async fn serve(me: u32, seed: u64, delivered: Arc<AtomicU64>) {
    let mut stream = Stream::numbered(seed, "madsim", u64::from(me));
    let endpoint = Endpoint::bind(address(me)).await.expect("it binds");
    // Everybody binds before anybody sends.
    sleep(Duration::from_millis(100)).await;
    for _ in (0..TOKENS).filter(|token| token % NODES == me) {
        pass_on(&endpoint, me, &mut stream, 0).await;
    }
    loop {
        let (payload, _) = endpoint.recv_from_raw(TAG).await.expect("it receives");
        let hops = *payload.downcast::<u64>().expect("tokens are numbers");
        delivered.fetch_add(1, Ordering::Relaxed);
        pass_on(&endpoint, me, &mut stream, hops + 1).await;
    }
}

async fn pass_on(endpoint: &Endpoint, me: u32, stream: &mut Stream, hops: u64) {
    let to = other_than(me, stream.below(u64::from(NODES - 1)) as u32);
    let sent = endpoint.send_to_raw(address(to), TAG, Box::new(hops));
    sent.await.expect("it sends");
}
