//! The machines of a run, and everything else that a run is a function of besides its seed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    call::{ClientModel, PlannedCall},
    client::Script,
    clock::ClockModel,
    disk::DiskModel,
    fault::Plan,
    latency::Sampler,
    network::{CompiledNetwork, Network},
    process::Process,
    time::{Span, Time},
};

/// Nodes, clients, and what their machines and links are like.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// Nodes that start at once: `n0`, `n1`, ...
    pub nodes: u32,
    /// Nodes that start only when a plan adds them; their numbers come after the others'.
    pub spares: u32,
    /// Clients: `c0`, `c1`, ...
    pub clients: u32,
    /// Zones, given to nodes in turn; one nameless zone when empty.
    pub zones: Vec<String>,
    /// Links.
    pub network: Network,
    /// Clocks.
    pub clock: ClockModel,
    /// Disks.
    pub disk: DiskModel,
    /// CPUs.
    pub cpu: CpuModel,
    /// Clients' manners.
    pub client: ClientModel,
    /// How long after a process gives up it is started again.
    pub restart: Span,
}

/// How fast a node works.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct CpuModel {
    /// The service time of one reaction; inputs that come meanwhile wait in line.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub per_message: Span,
}

impl Cluster {
    /// So many nodes and clients, all else as it is by default.
    pub fn new(nodes: u32, clients: u32) -> Cluster {
        Cluster {
            nodes,
            spares: 0,
            clients,
            zones: Vec::new(),
            network: Network::default(),
            clock: ClockModel::default(),
            disk: DiskModel::default(),
            cpu: CpuModel::default(),
            client: ClientModel::default(),
            restart: Span::millis(100),
        }
    }

    /// The zone of each node, spares included.
    pub fn zone_of_each(&self) -> Vec<String> {
        let zone = |i: u32| match self.zones.len() {
            0 => String::new(),
            zones => self.zones[i as usize % zones].clone(),
        };
        (0..self.nodes + self.spares).map(zone).collect()
    }

    /// Gets the settings ready for use, once for all runs; an impossible setting is refused with a
    /// remedy.
    pub fn compile(self) -> Result<Arc<CompiledCluster>, String> {
        if self.nodes == 0 {
            return Err("a cluster of 0 nodes does nothing: set `nodes` to 1 or more".to_owned());
        }
        self.disk.sync.validate()?;
        let zones = self.zone_of_each();
        let network = CompiledNetwork::new(&self.network, &zones, self.clients)?;
        let sync = self.disk.sync.compile();
        Ok(Arc::new(CompiledCluster {
            cluster: self,
            zones,
            network,
            sync,
        }))
    }
}

/// A cluster whose settings are ready for use.
#[derive(Debug)]
pub struct CompiledCluster {
    pub(crate) cluster: Cluster,
    pub(crate) zones: Vec<String>,
    pub(crate) network: CompiledNetwork,
    pub(crate) sync: Sampler,
}

impl CompiledCluster {
    /// The settings it was made from.
    pub const fn settings(&self) -> &Cluster {
        &self.cluster
    }

    /// Servers, spares included.
    pub(crate) const fn servers(&self) -> u32 {
        self.cluster.nodes + self.cluster.spares
    }
}

/// Everything that a run is a function of besides its seed.
#[derive(Debug)]
pub struct Setup<P: Process> {
    /// The machines.
    pub cluster: Arc<CompiledCluster>,
    /// What every node is told.
    pub config: P::Config,
    /// What goes wrong.
    pub plan: Plan,
    /// What clients ask.
    pub calls: Script<P::Request>,
    /// When every fault ends and every node is up again; never when absent.
    pub heal: Option<Time>,
    /// When the run ends.
    pub end: Time,
}

impl<P: Process> Setup<P> {
    /// A run with nothing going wrong.
    pub fn calm(
        cluster: Arc<CompiledCluster>,
        config: P::Config,
        calls: Vec<PlannedCall<P::Request>>,
        end: Time,
    ) -> Setup<P> {
        Setup {
            cluster,
            config,
            plan: Plan::new(),
            calls: Arc::new(calls),
            heal: None,
            end,
        }
    }
}
