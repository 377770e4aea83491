//! `murphy new`: files to start from, which run as they are.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::PathBuf,
};

use clap::Subcommand;
use murphy_models::service::Service;
use murphy_scenarios::{Entry, protocol, protocols};

use crate::{Exit, failure::Failure, terminal};

/// What `murphy new` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A commented scenario that runs and holds.
    Scenario {
        /// Its name: letters a to z, digits and hyphens.
        name: String,
        /// The protocol that it tests; the first of `murphy list protocols` when absent.
        #[arg(long, value_name = "NAME")]
        protocol: Option<String>,
        /// The folder that it is written to, made if it is not there.
        #[arg(long, value_name = "DIR", default_value = ".")]
        dir: PathBuf,
    },
}

/// Writes the file, unless something of that name is there.
pub(super) fn new(arguments: &Arguments) -> Result<Exit, Failure> {
    let What::Scenario {
        name,
        protocol,
        dir,
    } = &arguments.what;
    if !is_plain(name) {
        return Err(Failure::input(
            format!("`{name}` is no name for a scenario"),
            "write up to 64 letters a to z, digits and hyphens, as in stale-read",
        ));
    }
    let entry = entry(protocol.as_deref())?;
    let file = dir.join(format!("{name}.toml"));
    let cannot = |error: &io::Error| {
        let help = match error.kind() {
            io::ErrorKind::AlreadyExists => "choose another name: nothing is ever written over",
            _ => "name a folder that you may write to with `--dir`",
        };
        Failure::input(format!("cannot write {}: {error}", file.display()), help)
    };
    fs::create_dir_all(dir).map_err(|error| cannot(&error))?;
    let mut new = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&file)
        .map_err(|error| cannot(&error))?;
    if let Err(error) = new.write_all(scenario(&entry).as_bytes()) {
        // Half a scenario is worse than none.
        let _ = fs::remove_file(&file);
        return Err(cannot(&error));
    }
    terminal::print(|out| {
        writeln!(out, "wrote {}", file.display())?;
        writeln!(out, "run it: murphy run {}", file.display())
    })?;
    Ok(Exit::AsExpected)
}

fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty() && name.len() <= 64 && name.bytes().all(plain) && !name.starts_with('-')
}

fn entry(name: Option<&str>) -> Result<Entry, Failure> {
    let all = protocols();
    let names = || {
        all.iter()
            .map(|entry| entry.name)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let found = match name {
        Some(name) => protocol(name),
        None => all.first().cloned(),
    };
    found.ok_or_else(|| {
        let name = name.unwrap_or_default();
        Failure::input(
            format!("there is no protocol `{name}`"),
            format!("write one of {}", names()),
        )
    })
}

/// The text of a scenario that the protocol passes.
fn scenario(entry: &Entry) -> String {
    let linearizable = |promise: &str| promise.starts_with("linearizable");
    let mode = entry
        .modes
        .iter()
        .find(|mode| linearizable(mode.promise))
        .or(entry.modes.first());
    let takes = |word: &str| {
        let mut workloads = entry.workloads.iter();
        workloads.any(|(kind, _)| <&str>::from(*kind) == word)
    };
    let (workload, history, states) = match entry.service {
        Service::Kv if linearizable(mode.map_or(entry.promise, |mode| mode.promise)) => (
            "register",
            "\"linearizable\"",
            "\"converges\", \"progress\"",
        ),
        Service::Kv if takes("register") => ("register", "", "\"converges\", \"progress\""),
        Service::Kv => ("siblings", "\"siblings\"", "\"converges\", \"progress\""),
        Service::Txn if entry.promise.contains("serializable") => (
            "list-append",
            "\"serializable\", \"atomic-commit\"",
            "\"settled\", \"progress\"",
        ),
        Service::Txn if entry.promise.contains("snapshot isolation") => (
            "list-append",
            "\"snapshot-isolation\"",
            "\"settled\", \"progress\"",
        ),
        Service::Txn => ("saga", "\"saga\"", "\"settled\", \"progress\""),
        Service::Objects => ("set", "\"eventual\"", "\"converges\", \"progress\""),
        Service::Events => ("outbox", "\"delivery\"", "\"converges\", \"settled\""),
        Service::Log => (
            "log",
            "\"log\", \"consumer-group\"",
            "\"converges\", \"progress\"",
        ),
        Service::Membership => (
            "members",
            "\"completeness\", \"accuracy\"",
            "\"converges\", \"progress\"",
        ),
    };
    // A protocol that lives in memory does not promise to outlive any number of crashes.
    let (story, family) = if entry.promise.contains("without memory") {
        ("pauses", "pause")
    } else {
        ("crashes", "crash")
    };
    let mode = match mode {
        Some(mode) => {
            let others = entry
                .modes
                .iter()
                .map(|mode| mode.name)
                .collect::<Vec<_>>()
                .join(", ");
            format!("# Its modes: {others}.\nmode = \"{}\"\n", mode.name)
        }
        None => String::new(),
    };
    let (mutant, anomaly) = entry
        .mutants
        .first()
        .map_or(("NAME", "ANOMALY"), |mutant| (mutant.name, mutant.anomaly));
    let role = entry.roles.first().copied().unwrap_or("any");
    let (name, nodes) = (entry.name, entry.nodes);
    let label = entry.labels.first().copied().unwrap_or("LABEL");
    format!(
        r#"# A scenario of murphy. `murphy schema` describes every key, `murphy list ...` the names.

# What happens here and why it matters: reports tell it.
story = "Partitions and {story} come and go; the protocol keeps its promise all the while."

# `murphy list protocols` shows what there is.
protocol = "{name}"
{mode}nodes = {nodes}

# What must come out: "holds", or the anomaly that some seed must show. To see murphy find a bug,
# plant one (`murphy list mutants`) and say what you expect:
# mutant = "{mutant}"
# expect = "violated: {anomaly}"

# How many seeds `murphy run` tries, from 1.
seeds = 10

[workload]
kind = "{workload}"
clients = 4
# Calls a second over all clients.
rate = "50/s"

[phases]
# Clients ask all through warm-up and chaos; then everything is healed, and replicas converge.
warm-up = "1s"
chaos = "6s"
quiesce = "4s"

[nemesis]
# Each seed draws faults from a subset of these families (`murphy list faults`).
draw = ["partition", "{family}"]

# Besides, the same faults at the same moments for every seed:
# [[nemesis.at]]
# when = "3s"
# fault = "isolate"
# node = "{role}"
# for = "2s"

[check]
# Judges of what clients saw, and of what nodes hold (`murphy list checkers`).
history = [{history}]
states = [{states}]
# Labels that some seed must reach, or the scenario tests less than it says:
# sometimes = ["{label}"]
"#
    )
}
