//! Whether a setup makes sense: each complaint names the fault or call and says what to write instead.

use std::{collections::BTreeSet, fmt};

use crate::{
    call::Route,
    cluster::{Cluster, Setup},
    fault::{Endpoint, Fault, PlannedFault, Shape, Shift, Target, Trigger},
    id::NodeId,
    process::Process,
    time::Span,
};

/// Why a setup cannot be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupError {
    /// The fault of the plan that is wrong, by its place, if it is one of them.
    pub fault: Option<usize>,
    /// What is wrong, and what to write instead.
    pub why: String,
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fault {
            Some(fault) => write!(f, "fault {fault} of the plan: {}", self.why),
            None => f.write_str(&self.why),
        }
    }
}

impl std::error::Error for SetupError {}

impl<P: Process> Setup<P> {
    /// Whether the plan and the calls speak of things that are there.
    pub fn validate(&self) -> Result<(), SetupError> {
        let cluster = self.cluster.settings();
        for (i, planned) in self.plan.iter().enumerate() {
            cluster
                .check_fault(planned, P::MEMBERSHIP)
                .map_err(|why| SetupError {
                    fault: Some(i),
                    why,
                })?;
        }
        for call in self.calls.iter() {
            let why = if call.client.0 >= cluster.clients {
                format!(
                    "a call is planned for {} but there are {} clients",
                    call.client, cluster.clients
                )
            } else if matches!(call.route, Route::Node(node) if node.0 >= cluster.nodes) {
                format!(
                    "a call is routed by {:?} but there are {} nodes",
                    call.route, cluster.nodes
                )
            } else {
                continue;
            };
            return Err(SetupError { fault: None, why });
        }
        Ok(())
    }
}

impl Cluster {
    /// Whether a fault speaks of things that are there and asks for something possible; if not, why,
    /// and what to write instead. `membership` is the protocol's [`Process::MEMBERSHIP`].
    pub fn check_fault(&self, planned: &PlannedFault, membership: bool) -> Result<(), String> {
        let there = There {
            nodes: self.nodes,
            servers: self.nodes + self.spares,
            clients: self.clients,
            zones: &self.zones,
            membership,
        };
        there.check(planned)
    }
}

/// What is there to be named.
struct There<'a> {
    nodes: u32,
    servers: u32,
    clients: u32,
    zones: &'a [String],
    membership: bool,
}

impl There<'_> {
    fn check(&self, planned: &PlannedFault) -> Result<(), String> {
        match planned.when {
            Trigger::Event { event: 0 }
            | Trigger::Message { nth: 0, .. }
            | Trigger::Reached { nth: 0, .. } => {
                return Err("a trigger counts from 1, not 0".to_owned());
            }
            _ => {}
        }
        for target in planned.fault.targets() {
            self.check_target(target)?;
        }
        self.check_fault(&planned.fault)
    }

    fn check_target(&self, target: &Target) -> Result<(), String> {
        let there = |node: &NodeId| {
            if node.0 < self.servers {
                return Ok(());
            }
            Err(format!(
                "there is no {node}: nodes are n0 to n{}",
                self.servers - 1
            ))
        };
        match target {
            Target::Node(node) => there(node),
            Target::Nodes(nodes) => nodes.iter().try_for_each(there),
            Target::Zone(zone) if !self.zones.contains(zone) => Err(format!(
                "there is no zone `{zone}`: zones are {}",
                names_or_none(self.zones)
            )),
            _ => Ok(()),
        }
    }

    fn check_fault(&self, fault: &Fault) -> Result<(), String> {
        let positive = |span: Span, key: &str| {
            if span == Span::ZERO {
                Err(format!(
                    "`{key}` of 0s never gets anywhere: write a span above it"
                ))
            } else {
                Ok(())
            }
        };
        match fault {
            Fault::Partition {
                shape,
                flap,
                clients,
            } => {
                flap.map_or(Ok(()), |flap| positive(flap, "flap"))?;
                let one_side = matches!(shape, Shape::Halves | Shape::Isolate(_) | Shape::Minority);
                if !clients.is_empty() && !one_side {
                    return Err(
                        "clients can be cut off with a side only in halves, isolate and minority; \
                                name them in the groups instead"
                            .to_owned(),
                    );
                }
                clients
                    .iter()
                    .try_for_each(|client| self.check_client(*client))?;
                if let Shape::Groups(groups) = shape {
                    self.check_groups(groups)
                } else {
                    Ok(())
                }
            }
            Fault::Bandwidth {
                bytes_per_second: 0,
                ..
            } => Err("a bandwidth of 0 carries nothing: use a partition to cut a link".to_owned()),
            Fault::CrashLoop { every, .. } => positive(*every, "every"),
            Fault::ClockStrobe { by, every, .. } => {
                check_jump(*by)?;
                positive(*every, "every")
            }
            Fault::AddNode { .. } | Fault::RemoveNode { .. } if !self.membership => Err(format!(
                "this protocol cannot change its membership, so `{}` is not for it",
                fault.kind()
            )),
            Fault::Reorder { window, .. } => positive(*window, "window"),
            Fault::SlowCpu { per_message, .. } => positive(*per_message, "per-message"),
            Fault::ClockOffset { by, .. } | Fault::ClockStep { by, .. } => check_jump(*by),
            Fault::ClockDrift { ppm, .. } if !DRIFTS.contains(ppm) => Err(format!(
                "a clock that drifts by {ppm} ppm is past use: write {} (it stands still) to {}",
                DRIFTS.start(),
                DRIFTS.end()
            )),
            Fault::DiskSlow { factor: 0, .. } => {
                Err("a disk that is 0 times as slow is no slower: write 2 or more".to_owned())
            }
            Fault::AddNode { node } if !matches!(node, Target::Node(_) | Target::Nodes(_)) => {
                Err(format!(
                    "`{node}` is in the cluster already: name the spare to add, as in n{}",
                    self.nodes
                ))
            }
            Fault::Message { nth: 0, .. } => Err("`nth` counts from 1, not 0".to_owned()),
            _ => Ok(()),
        }
    }

    fn check_client(&self, client: u32) -> Result<(), String> {
        if client < self.clients {
            return Ok(());
        }
        Err(match self.clients {
            0 => format!("there is no c{client}: the cluster has no clients"),
            clients => format!("there is no c{client}: clients are c0 to c{}", clients - 1),
        })
    }

    fn check_groups(&self, groups: &[Vec<Endpoint>]) -> Result<(), String> {
        let mut seen = BTreeSet::new();
        for end in groups.iter().flatten() {
            match end {
                Endpoint::Node(node) if node.0 >= self.servers => {
                    return Err(format!(
                        "there is no {node}: nodes are n0 to n{}",
                        self.servers - 1
                    ));
                }
                Endpoint::Client(client) => self.check_client(*client)?,
                Endpoint::Node(_) => {}
            }
            if !seen.insert(*end) {
                return Err(format!(
                    "{end} is in two groups of the partition: name it once"
                ));
            }
        }
        if groups.len() < 2 {
            return Err("a partition into groups needs at least two of them".to_owned());
        }
        Ok(())
    }
}

/// How far a wall clock may jump: it begins a little further than this after its zero.
const FURTHEST_JUMP: Span = Span::secs(10 * 24 * 3_600);

/// How fast clocks may run, in millionths from true: from standing still to a thousand times as fast.
const DRIFTS: std::ops::RangeInclusive<i64> = -1_000_000..=1_000_000_000;

fn check_jump(by: Shift) -> Result<(), String> {
    if by.0.unsigned_abs() <= FURTHEST_JUMP.0 {
        return Ok(());
    }
    Err(format!(
        "a clock cannot jump by {by}: write at most {FURTHEST_JUMP} either way"
    ))
}

fn names_or_none(names: &[String]) -> String {
    if names.is_empty() {
        "not set for this cluster".to_owned()
    } else {
        names.join(", ")
    }
}
