//! What a scenario says: a cluster, what its clients do, what goes wrong and what must hold.
//!
//! The doc comments here are what `murphy schema` tells a writer of scenarios. Key names are those
//! of the fields in kebab-case; sections are tables of the file.

use std::{collections::BTreeMap, path::PathBuf};

use murphy_sim::{
    ClientModel, ClockModel, Cluster, CpuModel, DiskModel, Network, PlannedFault, Probability,
    Span, Time,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    history_check::HistoryCheck,
    setting,
    words::{Expectation, Family, KeyChoice, NodeChoice, Rate, StateCheck, WorkloadKind},
};

/// A scenario of murphy: a cluster, what its clients do, what goes wrong and what must hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Scenario {
    /// Its name: the file's, without `.toml`.
    #[serde(skip)]
    pub name: String,
    /// The file it was read from; as `Scenario::parse` was told, when it was not read from one.
    #[serde(skip)]
    pub file: PathBuf,
    /// What happens here and why it matters, in a sentence or two.
    pub story: String,
    /// The protocol that is tested. `murphy list protocols` shows them.
    pub protocol: String,
    /// Which of the protocol's modes; its default when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// The planted bug; none when absent. `murphy list mutants` shows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mutant: Option<String>,
    /// How many nodes; the protocol's default when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10_000))]
    pub nodes: Option<u32>,
    /// Nodes that start only when the fault `add-node` adds them.
    #[serde(default)]
    pub spares: u32,
    /// Zones, given to nodes in turn; faults and links can name them as `zone:eu`.
    #[serde(default)]
    pub zones: Vec<String>,
    /// What must come out: `holds`, or `violated: ` and an anomaly that some seed must show.
    #[serde(default)]
    pub expect: Expectation,
    /// How many seeds a suite tries when the command does not say.
    #[serde(default = "default_seeds")]
    #[schemars(range(min = 1))]
    pub seeds: u32,
    /// How long after a process has given up it is started again.
    #[serde(default = "default_restart")]
    #[schemars(with = "String")]
    pub restart: Span,
    /// The protocol's own settings by name: whole numbers, `true` and `false`, or lengths of time.
    #[serde(default, deserialize_with = "setting::read")]
    #[schemars(with = "BTreeMap<String, setting::Setting>")]
    pub options: BTreeMap<String, u64>,
    /// What links are like before anything goes wrong.
    #[serde(default)]
    pub network: Network,
    /// How far clocks are off before anything goes wrong.
    #[serde(default)]
    pub clock: ClockModel,
    /// How fast disks are.
    #[serde(default)]
    pub disk: DiskModel,
    /// How fast nodes work.
    #[serde(default)]
    pub cpu: CpuModel,
    /// How patient clients are.
    #[serde(default)]
    pub client: ClientModel,
    /// What clients ask.
    pub workload: Workload,
    /// How long the parts of a run take.
    #[serde(default)]
    pub phases: Phases,
    /// What goes wrong.
    #[serde(default)]
    pub nemesis: Nemesis,
    /// What must hold.
    #[serde(default)]
    pub check: Check,
}

/// What clients ask, and how often. Exactly one of `rate` and `think` is given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Workload {
    /// What they ask.
    pub kind: WorkloadKind,
    /// How many clients there are; each has one call open at a time.
    #[serde(default = "default_clients")]
    #[schemars(range(min = 1, max = 10_000))]
    pub clients: u32,
    /// Open loop: so many calls a second over all clients, answered or not, as in `200/s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// Closed loop: each client waits so long after a call ended before its next, as in `5ms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub think: Option<Span>,
    /// How many keys, or accounts, or topics there are.
    #[serde(default = "default_keys")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub keys: u32,
    /// How keys are chosen.
    #[serde(default)]
    pub key_choice: KeyChoice,
    /// Which node a client asks first.
    #[serde(default, skip_serializing_if = "NodeChoice::is_default")]
    pub route: NodeChoice,
    /// The share of calls, or of steps of a transaction, that only read, from 0 to 1.
    #[serde(default = "default_reads")]
    #[schemars(with = "f64", range(min = 0.0, max = 1.0))]
    pub reads: Probability,
    /// The most steps of a transaction, for `list-append` and `rw-register`.
    #[serde(default = "default_max_ops")]
    #[schemars(range(min = 1, max = 100))]
    pub max_ops: u32,
}

/// How long the parts of a run take, one after the other. The heal, when every fault ends and every
/// node is up again, comes between chaos and quiesce.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Phases {
    /// Clients ask; nothing drawn goes wrong yet.
    #[schemars(with = "String")]
    pub warm_up: Span,
    /// Clients ask, and what the nemesis draws goes wrong.
    #[schemars(with = "String")]
    pub chaos: Span,
    /// Nothing goes wrong any more: replicas converge.
    #[schemars(with = "String")]
    pub quiesce: Span,
    /// Whether clients read everything once more in the end.
    pub final_reads: bool,
}

/// What goes wrong: faults drawn for each seed, and faults of the scenario's own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Nemesis {
    /// Families that faults are drawn from; each seed uses a drawn subset of them.
    pub draw: Vec<Family>,
    /// How many faults are drawn.
    pub faults: FaultCount,
    /// Faults that happen whatever the seed. `fault = "isolate"` with a `node` is short for a
    /// partition that isolates it.
    pub at: Vec<PlannedFault>,
}

/// How many faults are drawn, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct FaultCount {
    /// The fewest.
    pub min: u32,
    /// The most.
    #[schemars(range(max = 1_000))]
    pub max: u32,
}

/// What must hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Check {
    /// Judges of what clients saw.
    pub history: Vec<HistoryCheck>,
    /// Judges of what nodes hold.
    pub states: Vec<StateCheck>,
    /// Whether the protocol's own invariants are checked at every event.
    pub invariants: bool,
    /// Labels of the protocol that some seed must reach, so that the scenario is not vacuous.
    pub sometimes: Vec<String>,
}

const fn default_seeds() -> u32 {
    20
}

const fn default_restart() -> Span {
    Span::millis(100)
}

const fn default_clients() -> u32 {
    4
}

const fn default_keys() -> u32 {
    5
}

const fn default_reads() -> Probability {
    Probability::per_mille(500)
}

const fn default_max_ops() -> u32 {
    4
}

impl Default for Phases {
    /// A second of calm, eight of chaos, three to converge, and final reads.
    fn default() -> Phases {
        Phases {
            warm_up: Span::secs(1),
            chaos: Span::secs(8),
            quiesce: Span::secs(3),
            final_reads: true,
        }
    }
}

impl Default for FaultCount {
    /// One to four.
    fn default() -> FaultCount {
        FaultCount { min: 1, max: 4 }
    }
}

impl Default for Check {
    /// Invariants only.
    fn default() -> Check {
        Check {
            history: Vec::new(),
            states: Vec::new(),
            invariants: true,
            sometimes: Vec::new(),
        }
    }
}

impl Phases {
    /// When chaos begins.
    pub fn chaos(&self) -> Time {
        Time::ZERO + self.warm_up
    }

    /// When every fault ends.
    pub fn heal(&self) -> Time {
        self.chaos() + self.chaos
    }

    /// When quiesce is over: time for final reads.
    pub fn quiet(&self) -> Time {
        self.heal() + self.quiesce
    }
}

impl Scenario {
    /// The machines of its runs, of so many nodes (the protocol's default, where it names no number).
    pub fn cluster(&self, default_nodes: u32) -> Cluster {
        Cluster {
            nodes: self.nodes.unwrap_or(default_nodes),
            spares: self.spares,
            clients: self.workload.clients,
            zones: self.zones.clone(),
            network: self.network.clone(),
            clock: self.clock.clone(),
            disk: self.disk.clone(),
            cpu: self.cpu.clone(),
            client: self.client.clone(),
            restart: self.restart,
        }
    }
}
