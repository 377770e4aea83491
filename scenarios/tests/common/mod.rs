//! What the tests of the language share: a registry of one made-up protocol, and errors as text.

// Each test file is a crate of its own and uses a part of this.
#![allow(dead_code)]

use std::path::Path;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};
use murphy_scenarios::language::{HistoryCheck, Known, LanguageError, Scenario, WorkloadKind};

/// A registry with one protocol.
pub(crate) struct Registry;

impl Known for Registry {
    fn protocols(&self) -> Vec<&str> {
        vec!["primary-backup", "gossip"]
    }

    fn nodes(&self, _: &str) -> u32 {
        3
    }

    fn modes(&self, _: &str) -> Vec<&str> {
        vec!["async", "semi-sync", "sync"]
    }

    fn mutants(&self, _: &str) -> Vec<&str> {
        vec!["ack-before-sync"]
    }

    fn options(&self, _: &str) -> Vec<&str> {
        vec!["lease", "copies"]
    }

    fn roles(&self, _: &str) -> Vec<&str> {
        vec!["primary", "backup", "monitor"]
    }

    fn labels(&self, _: &str) -> Vec<&str> {
        vec!["failover"]
    }

    fn messages(&self, _: &str) -> Vec<&str> {
        vec!["Replicate", "Ack"]
    }

    fn workloads(&self, _: &str) -> Vec<WorkloadKind> {
        vec![WorkloadKind::Register, WorkloadKind::CasRegister]
    }

    fn checks(&self, _: &str, _: WorkloadKind) -> Vec<HistoryCheck> {
        vec![HistoryCheck::Linearizable, HistoryCheck::Durable]
    }

    fn membership(&self, _: &str) -> bool {
        false
    }

    fn anomalies(&self, _: &str) -> Vec<&str> {
        vec!["stale-read", "lost-update"]
    }
}

/// Errors as a person sees them, without colour.
pub(crate) fn rendered(errors: &[LanguageError]) -> String {
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::none()).with_width(100);
    let mut text = String::new();
    for error in errors {
        handler
            .render_report(&mut text, error as &dyn Diagnostic)
            .expect("a text takes all that is written to it");
    }
    text
}

/// What is said about this text; it must be something.
pub(crate) fn complaints(text: &str) -> String {
    let errors = Scenario::parse(Path::new("catalog/trap.toml"), text.to_owned(), &Registry)
        .expect_err("the scenario is wrong");
    rendered(&errors)
}

/// A scenario that uses most of the language.
pub(crate) const WHOLE: &str = r#"
story = "The old primary, cut off with one client, keeps answering: a read goes back in time."
protocol = "primary-backup"
mode = "async"
mutant = "ack-before-sync"
nodes = 3
zones = ["eu", "us"]
expect = "violated: stale-read"
seeds = 50
restart = "200ms"

[options]
lease = "50ms"
copies = 2

[network]
latency = { lognormal = { median = "2ms", p99 = "15ms" } }
loss = 0.01
kinds.Ack = { constant = "1ms" }
links = [{ from = "zone:eu", to = "zone:us", latency = { constant = "40ms" } }]

[workload]
kind = "register"
clients = 4
rate = "200/s"
key-choice = "zipf"
reads = 0.75

[phases]
chaos = "10s"
quiesce = "6s"

[nemesis]
draw = ["partition", "crash", "clock", "slow-cpu"]
faults = { min = 2, max = 5 }

[[nemesis.at]]
when = "3s"
fault = "isolate"
node = "primary"
clients = [0]
for = "4s"

[[nemesis.at]]
when = { message = "Replicate", nth = 3 }
fault = "partition"
shape = { one-way = { from = "n0", to = "backup" } }
flap = "100ms"

[[nemesis.at]]
when = { reached = "failover" }
fault = "clock-step"
node = "any"
by = "-250ms"

[check]
history = ["linearizable"]
states = ["converges within 5s", "settled"]
sometimes = ["failover"]
"#;
