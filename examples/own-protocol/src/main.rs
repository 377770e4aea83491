//! A protocol of one's own, run under crashes and judged: with its bug, and without.

mod register;

use std::{
    io::{self, Write},
    process::ExitCode,
    sync::Arc,
};

use murphy::prelude::*;
use register::{Acknowledge, Node};

/// How many seeds are tried of each.
const SEEDS: u64 = 100;

fn main() -> io::Result<ExitCode> {
    let mut out = io::stdout().lock();
    let mut as_expected = true;
    for (acknowledge, has_bug) in [
        (Acknowledge::WhenWritten, true),
        (Acknowledge::WhenSafe, false),
    ] {
        let setup = Arc::new(setup(acknowledge));
        let found = (1..=SEEDS).find_map(|seed| Some((seed, violation(&setup, seed)?)));
        match &found {
            Some((seed, anomaly)) => {
                writeln!(
                    out,
                    "{acknowledge:?}: seed {seed} shows {}: {}",
                    anomaly.name, anomaly.explanation
                )?;
                anomaly
                    .steps
                    .iter()
                    .try_for_each(|step| writeln!(out, "  {step}"))?;
            }
            None => writeln!(out, "{acknowledge:?}: {SEEDS} seeds, and nothing was found")?,
        }
        as_expected &= found.is_some() == has_bug;
    }
    Ok(if as_expected {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Two nodes, a writer and two readers, and a primary that crashes now and then.
fn setup(acknowledge: Acknowledge) -> Setup<Node> {
    let cluster = Cluster::new(2, 3)
        .compile()
        .expect("two nodes and three clients are a cluster");
    let until = Time::ZERO + Span::secs(3);
    let ask = |client: u32, request| PlannedCall {
        client: ClientId(client),
        start: Start::After {
            think: Span::millis(2),
            until,
        },
        route: Route::Node(NodeId(0)),
        request,
    };
    let writes = (1..=400).map(|value| ask(0, RegisterCall::Write((), value)));
    let reads = (0..800).map(|n| ask(1 + n % 2, RegisterCall::Read(())));
    let crashes = [700, 1_500, 2_300].map(|millis| PlannedFault {
        when: Trigger::At(Time::ZERO + Span::millis(millis)),
        fault: Fault::Crash {
            node: Target::Node(NodeId(0)),
            disk: DiskFate::Drawn,
        },
        lasts: Some(Span::millis(5)),
    });
    let mut setup = Setup::calm(
        cluster,
        acknowledge,
        writes.chain(reads).collect(),
        Time::ZERO + Span::secs(5),
    );
    setup.plan.extend(crashes);
    setup.heal = Some(until);
    setup
}

/// What is wrong with the run of this seed, if anything is.
fn violation(setup: &Arc<Setup<Node>>, seed: u64) -> Option<murphy::checkers::Anomaly> {
    let run = run_on_world(setup, seed, Observe::default(), Vec::new());
    let history = murphy::history(&run.history);
    match check_registers(&Register::default(), &history, &mut Meter::default()) {
        Verdict::Holds => None,
        Verdict::Violated(anomalies) => anomalies.into_iter().next(),
        Verdict::Unknown(reason) => {
            panic!("a history of three clients is judged in no time: {reason}")
        }
    }
}
