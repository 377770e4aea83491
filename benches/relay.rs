//! `cargo bench -p murphy-benches --bench relay`: messages a second on a bare heap, on murphy's world,
//! on madsim and on turmoil, one by one and then in a table of ratios taken side by side.
#![allow(
    missing_docs,
    clippy::print_stdout,
    reason = "a bench target prints its table and exports nothing"
)]

use std::time::Duration;

use criterion::{Criterion, Throughput};
use murphy_benches::{
    relay,
    table::{self, Contender},
};
use murphy_sim::{Span, Time};

/// A fast contender's round: about two hundred thousand messages.
const SIMULATED_FAST: Span = Span::secs(20);
/// A slow contender's: some tens of thousands.
const SIMULATED_SLOW: Duration = Duration::from_secs(5);
const ROUNDS: usize = 15;
const BEST: &str = "world";

fn contenders() -> Vec<Contender<'static>> {
    let setup = relay::world::setup(Time::ZERO + SIMULATED_FAST);
    let deliveries = relay::world::relay(&setup, 1);
    vec![
        Contender::new("bare heap", move || {
            std::hint::black_box(relay::bare::relay(deliveries, 1));
            deliveries
        }),
        Contender::new(BEST, move || relay::world::relay(&setup, 1)),
        #[cfg(madsim)]
        Contender::new("madsim", || relay::madsim::relay(SIMULATED_SLOW, 1)),
        Contender::new("turmoil", || relay::turmoil::relay(SIMULATED_SLOW, 1)),
    ]
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(10);
    let mut group = criterion.benchmark_group("relay");
    for mut contender in contenders() {
        // Every round is the same work.
        group.throughput(Throughput::Elements((contender.work)()));
        group.bench_function(contender.name, |bench| bench.iter(&mut contender.work));
    }
    group.finish();
    criterion.final_summary();
    let rates = table::measure(contenders(), ROUNDS);
    let title = "relay: 5 nodes, 64 tokens, 1 to 10 ms a message, side by side";
    print!("{}", table::told(title, "messages", &rates, BEST));
}
