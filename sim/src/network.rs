//! The network between nodes: what a link is like, in general and link by link.
//!
//! Settings are compiled once into [`CompiledNetwork`], which many runs share; what a link remembers
//! during a run is in [`crate::link`].

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{
    id::NodeId,
    latency::{Latency, Sampler},
    stream::Probability,
    time::Span,
    wan,
};

/// What the links of a cluster are like before anything goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Network {
    /// How long a message takes.
    pub latency: Latency,
    /// How many messages are lost.
    #[cfg_attr(feature = "schema", schemars(with = "f64"))]
    pub loss: Probability,
    /// How many arrive twice.
    #[cfg_attr(feature = "schema", schemars(with = "f64"))]
    pub duplicate: Probability,
    /// How many are damaged; a checksum finds it and they are dropped.
    #[cfg_attr(feature = "schema", schemars(with = "f64"))]
    pub corrupt: Probability,
    /// Messages of one link arrive in the order they were sent, as over TCP. Otherwise in any order.
    pub fifo: bool,
    /// Bytes a second that a link carries; no limit when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bandwidth: Option<u64>,
    /// Bytes that may wait on a link with limited bandwidth; more are dropped.
    pub queue: u64,
    /// Latency between zones from a published table: `hat-2013`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wan: Option<String>,
    /// Latency of messages of one kind, by its name, instead of the link's.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub kinds: BTreeMap<String, Latency>,
    /// What is different on some links; later entries win.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<LinkSettings>,
}

impl Default for Network {
    /// A local network: 0.5 ms at the median, 5 ms at the 99th percentile, nothing lost, any order.
    fn default() -> Network {
        Network {
            latency: Latency::Lognormal {
                median: Span::micros(500),
                p99: Span::millis(5),
            },
            loss: Probability::NEVER,
            duplicate: Probability::NEVER,
            corrupt: Probability::NEVER,
            fifo: false,
            bandwidth: None,
            queue: 1 << 20,
            wan: None,
            kinds: BTreeMap::new(),
            links: Vec::new(),
        }
    }
}

/// What is different on some links.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LinkSettings {
    /// Messages leave here: `n0`, `zone:eu`, `clients` or `*`.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub from: Place,
    /// And are meant for here.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub to: Place,
    /// Only in that direction.
    #[serde(default)]
    pub one_way: bool,
    /// How long a message takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
    /// How many messages are lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub loss: Option<Probability>,
    /// Bytes a second that the link carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bandwidth: Option<u64>,
    /// Whether messages arrive in the order they were sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fifo: Option<bool>,
}

/// One end of some links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A node.
    Node(NodeId),
    /// Every node of a zone.
    Zone(String),
    /// Every client.
    Clients,
    /// Everything.
    Anywhere,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Node(node) => node.fmt(f),
            Place::Zone(zone) => write!(f, "zone:{zone}"),
            Place::Clients => f.write_str("clients"),
            Place::Anywhere => f.write_str("*"),
        }
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Place, String> {
        match text {
            "*" => Ok(Place::Anywhere),
            "clients" => Ok(Place::Clients),
            _ => match text.strip_prefix("zone:") {
                Some(zone) => Ok(Place::Zone(zone.to_owned())),
                None => text.parse().map(Place::Node).map_err(|_| {
                    format!("`{text}` is not an end of a link: write a node (n0), a zone (zone:eu), clients or *")
                }),
            },
        }
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Place, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

/// The settings of one link.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LinkModel {
    pub(crate) latency: Sampler,
    pub(crate) loss: Probability,
    pub(crate) duplicate: Probability,
    pub(crate) corrupt: Probability,
    pub(crate) fifo: bool,
    pub(crate) bandwidth: Option<u64>,
    pub(crate) queue: u64,
    /// Nothing happens to a message but its latency.
    pub(crate) plain: bool,
}

impl LinkModel {
    fn is_plain(&self) -> bool {
        let never = Probability::NEVER;
        let harmless = [self.loss, self.duplicate, self.corrupt] == [never; 3];
        harmless && !self.fifo && self.bandwidth.is_none()
    }
}

/// The settings of every link, ready for use.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CompiledNetwork {
    endpoints: usize,
    models: Vec<LinkModel>,
    /// Which model a link has, by `from * endpoints + to`; empty when all have the first.
    picks: Vec<u16>,
    pub(crate) kinds: Vec<(String, Sampler)>,
}

impl CompiledNetwork {
    /// Compiles `network` for nodes in those zones (one zone a node) and so many clients.
    pub(crate) fn new(
        network: &Network,
        zones: &[String],
        clients: u32,
    ) -> Result<CompiledNetwork, String> {
        network.latency.validate()?;
        if network.bandwidth == Some(0) {
            return Err("a bandwidth of 0 carries nothing: leave it out for no limit".to_owned());
        }
        let base = LinkModel {
            latency: network.latency.compile(),
            loss: network.loss,
            duplicate: network.duplicate,
            corrupt: network.corrupt,
            fifo: network.fifo,
            bandwidth: network.bandwidth,
            queue: network.queue,
            plain: false,
        };
        let mut kinds = Vec::new();
        for (kind, latency) in &network.kinds {
            latency.validate()?;
            kinds.push((kind.clone(), latency.compile()));
        }
        let endpoints = zones.len() + clients as usize;
        let mut compiled = CompiledNetwork {
            endpoints,
            models: vec![base],
            picks: Vec::new(),
            kinds,
        };
        if let Some(table) = &network.wan {
            compiled.lay_wan(table, zones)?;
        }
        for link in &network.links {
            compiled.lay_link(link, zones)?;
        }
        for model in &mut compiled.models {
            model.plain = model.is_plain();
        }
        Ok(compiled)
    }

    #[inline]
    pub(crate) fn model(&self, from: NodeId, to: NodeId) -> &LinkModel {
        match self.picks.get(from.index() * self.endpoints + to.index()) {
            Some(pick) => &self.models[usize::from(*pick)],
            None => &self.models[0],
        }
    }

    fn spread_out(&mut self) -> Result<(), String> {
        const MOST: usize = 1_024;
        if self.endpoints > MOST {
            return Err(format!(
                "settings for single links are kept for at most {MOST} nodes and clients, not {}",
                self.endpoints
            ));
        }
        if self.picks.is_empty() {
            self.picks = vec![0; self.endpoints * self.endpoints];
        }
        Ok(())
    }

    fn add(&mut self, model: LinkModel) -> u16 {
        if let Some(known) = self.models.iter().position(|m| *m == model) {
            return known as u16;
        }
        self.models.push(model);
        u16::try_from(self.models.len() - 1)
            .expect("a model is added at most once a link and kind of setting")
    }

    fn lay_wan(&mut self, table: &str, zones: &[String]) -> Result<(), String> {
        self.spread_out()?;
        for (from, a) in zones.iter().enumerate() {
            for (to, b) in zones.iter().enumerate() {
                let latency = wan::latency(table, a, b)?;
                let model = LinkModel {
                    latency: latency.compile(),
                    ..self.models[0].clone()
                };
                self.picks[from * self.endpoints + to] = self.add(model);
            }
        }
        Ok(())
    }

    fn lay_link(&mut self, link: &LinkSettings, zones: &[String]) -> Result<(), String> {
        self.spread_out()?;
        if let Some(latency) = &link.latency {
            latency.validate()?;
        }
        let (from, to) = (self.ends(&link.from, zones)?, self.ends(&link.to, zones)?);
        for (a, b) in from.iter().flat_map(|a| to.iter().map(move |b| (*a, *b))) {
            self.change(a, b, link);
            if !link.one_way {
                self.change(b, a, link);
            }
        }
        Ok(())
    }

    fn change(&mut self, from: usize, to: usize, link: &LinkSettings) {
        let at = from * self.endpoints + to;
        let mut model = self.models[usize::from(self.picks[at])].clone();
        if let Some(latency) = &link.latency {
            model.latency = latency.compile();
        }
        model.loss = link.loss.unwrap_or(model.loss);
        model.fifo = link.fifo.unwrap_or(model.fifo);
        model.bandwidth = link.bandwidth.or(model.bandwidth);
        self.picks[at] = self.add(model);
    }

    fn ends(&self, place: &Place, zones: &[String]) -> Result<Vec<usize>, String> {
        match place {
            Place::Node(node) if node.index() < zones.len() => Ok(vec![node.index()]),
            Place::Node(node) => Err(format!(
                "there is no {node}: nodes are n0 to n{}",
                zones.len() - 1
            )),
            Place::Clients => Ok((zones.len()..self.endpoints).collect()),
            Place::Anywhere => Ok((0..self.endpoints).collect()),
            Place::Zone(zone) => {
                let nodes: Vec<usize> = (0..zones.len()).filter(|i| zones[*i] == *zone).collect();
                if nodes.is_empty() {
                    return Err(format!(
                        "no node is in zone `{zone}`: set `zones` of the cluster"
                    ));
                }
                Ok(nodes)
            }
        }
    }
}
