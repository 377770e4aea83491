//! What a fault is aimed at: targets turned into nodes and links, drawn once, when the fault begins.

use super::{
    World,
    faults::{Effect, Pairs},
};
use crate::{
    fault::{Endpoint, Fault, Links, Shape, Target},
    id::NodeId,
    link::Distortion,
    nodes::NodeSet,
    process::Process,
    stream::Stream,
};

/// What a fault is aimed at.
pub(super) struct Aim {
    /// The nodes of each target that it names; of shapes that divide everybody, all in a drawn order.
    lists: Vec<Vec<NodeId>>,
}

impl Aim {
    /// All of them, each once.
    pub(super) fn nodes(&self) -> Vec<NodeId> {
        let mut seen = NodeSet::default();
        let mut nodes: Vec<NodeId> = self.lists.iter().flatten().copied().collect();
        nodes.retain(|node| {
            let new = !seen.contains(*node);
            seen.insert(*node);
            new
        });
        nodes
    }

    fn list(&self, place: usize) -> &[NodeId] {
        self.lists.get(place).map_or(&[], Vec::as_slice)
    }

    fn set(&self, place: usize) -> NodeSet {
        self.list(place).iter().copied().collect()
    }
}

impl<P: Process> World<P> {
    /// What a fault is aimed at, drawn where it says so.
    pub(super) fn aim(&self, fault: &Fault, stream: &mut Stream) -> Aim {
        let named = |targets: Vec<&Target>, stream: &mut Stream| {
            let resolve = |target| self.resolve(target, stream);
            targets.into_iter().map(resolve).collect()
        };
        let lists = match fault {
            Fault::Partition { shape, .. } => match shape {
                Shape::Halves | Shape::Bridge | Shape::MajoritiesRing => {
                    let mut nodes = self.members();
                    stream.shuffle(&mut nodes);
                    vec![nodes]
                }
                Shape::Minority => vec![self.resolve(&Target::Minority, stream)],
                Shape::Groups(groups) => groups.iter().map(|group| nodes_of(group)).collect(),
                Shape::Isolate(_) | Shape::OneWay { .. } => named(fault.targets(), stream),
            },
            _ => named(fault.targets(), stream),
        };
        Aim { lists }
    }

    /// Nodes that belong to the cluster: all but spares that nobody has added.
    pub(super) fn members(&self) -> Vec<NodeId> {
        (0..self.nodes.len())
            .filter(|i| !self.nodes[*i].spare)
            .map(|i| NodeId(i as u32))
            .collect()
    }

    fn resolve(&self, target: &Target, stream: &mut Stream) -> Vec<NodeId> {
        let members = self.members();
        let is_up = |node: &NodeId| self.processes[node.index()].is_some();
        let drawn = |mut nodes: Vec<NodeId>, count: usize, stream: &mut Stream| {
            stream.shuffle(&mut nodes);
            nodes.truncate(count);
            nodes.sort_unstable();
            nodes
        };
        match target {
            Target::Node(node) => vec![*node],
            Target::Nodes(nodes) => nodes.clone(),
            Target::All => members,
            Target::Any => drawn(members.into_iter().filter(is_up).collect(), 1, stream),
            Target::Minority => {
                let most = (members.len().saturating_sub(1) / 2).max(1);
                let count = 1 + stream.index(most);
                drawn(members, count, stream)
            }
            Target::Majority => {
                let count = members.len() / 2 + 1;
                drawn(members, count, stream)
            }
            Target::Role(role) => {
                let takes_itself_for = |node: &NodeId| {
                    self.processes[node.index()]
                        .as_ref()
                        .is_some_and(|process| process.role().0 == role)
                };
                members.into_iter().filter(takes_itself_for).collect()
            }
            Target::Zone(zone) => members
                .into_iter()
                .filter(|n| self.setup.cluster.zones[n.index()] == *zone)
                .collect(),
        }
    }

    /// What a fault does while it lasts.
    pub(super) fn effect_of(&self, fault: &Fault, aim: &Aim) -> Effect<P> {
        let distort = |links: &Links, distortion| Effect::Distort {
            pairs: self.pairs(links, aim),
            distortion,
        };
        let clog = |pairs| Effect::Clog {
            pairs,
            held: Vec::new(),
        };
        let mut all = Distortion::default();
        match fault {
            Fault::Partition { shape, clients, .. } => Effect::Cut {
                pairs: self.cuts(shape, aim, clients),
                open: false,
            },
            Fault::Loss { probability, links } => {
                all.loss = *probability;
                distort(links, all)
            }
            Fault::Duplicate { probability, links } => {
                all.duplicate = *probability;
                distort(links, all)
            }
            Fault::Corrupt { probability, links } => {
                all.corrupt = *probability;
                distort(links, all)
            }
            Fault::Reorder {
                probability,
                window,
                links,
            } => {
                (all.reorder, all.reorder_window) = (*probability, *window);
                distort(links, all)
            }
            Fault::Delay { by, jitter, links } => {
                (all.delay, all.jitter) = (*by, *jitter);
                distort(links, all)
            }
            Fault::Bandwidth {
                bytes_per_second,
                queue,
                links,
            } => {
                all.bandwidth = Some((*bytes_per_second, *queue));
                distort(links, all)
            }
            Fault::Clog { links } => clog(self.pairs(links, aim)),
            // Its turns say who is clogged.
            Fault::SwizzleClog { .. } => clog(Pairs::new()),
            Fault::Message { .. } => Effect::Message { seen: 0 },
            _ => Effect::Nodes {
                nodes: aim.nodes().into_iter().collect(),
                on: true,
            },
        }
    }

    pub(super) fn servers(&self) -> NodeSet {
        NodeSet::range(0, self.nodes.len() as u32)
    }

    fn client_ends(&self) -> NodeSet {
        let servers = self.nodes.len() as u32;
        NodeSet::range(servers, servers + self.clients.len() as u32)
    }

    fn pairs(&self, links: &Links, aim: &Aim) -> Pairs {
        let (from, to) = (aim.set(0), aim.set(1));
        let mut pairs = vec![(from.clone(), to.clone())];
        if links.both && from != to {
            pairs.push((to, from.clone()));
        }
        if links.clients {
            pairs.push((from.clone(), self.client_ends()));
            pairs.push((self.client_ends(), from));
        }
        pairs
    }

    /// The links that a partition cuts.
    fn cuts(&self, shape: &Shape, aim: &Aim, clients: &[u32]) -> Pairs {
        let servers = self.nodes.len() as u32;
        let drawn = aim.list(0);
        let apart = |first: &[NodeId]| {
            let mut side: NodeSet = first.iter().copied().collect();
            let others = self.servers().without(&side);
            side.extend(clients.iter().map(|client| NodeId(servers + client)));
            vec![(side.clone(), others.clone()), (others, side)]
        };
        match shape {
            Shape::Halves => apart(&drawn[..drawn.len() / 2]),
            Shape::Isolate(_) | Shape::Minority => apart(drawn),
            Shape::Bridge => {
                let cut = 1 + (drawn.len() - 1) / 2;
                let left: NodeSet = drawn[1.min(drawn.len())..cut].iter().copied().collect();
                let right: NodeSet = drawn[cut..].iter().copied().collect();
                vec![(left.clone(), right.clone()), (right, left)]
            }
            Shape::MajoritiesRing => self.majorities_ring(drawn),
            Shape::OneWay { .. } => vec![(aim.set(0), aim.set(1))],
            Shape::Groups(groups) => {
                let end = |end: &Endpoint| match end {
                    Endpoint::Node(node) => *node,
                    Endpoint::Client(client) => NodeId(servers + client),
                };
                let sets: Vec<NodeSet> = groups
                    .iter()
                    .map(|group| group.iter().map(end).collect())
                    .collect();
                let apart =
                    |(i, j): (usize, usize)| (i != j).then(|| (sets[i].clone(), sets[j].clone()));
                (0..sets.len())
                    .flat_map(|i| (0..sets.len()).filter_map(move |j| apart((i, j))))
                    .collect()
            }
        }
    }

    /// Each node hears itself and its neighbours on a ring, a majority in all.
    fn majorities_ring(&self, ring: &[NodeId]) -> Pairs {
        let (count, majority) = (ring.len(), ring.len() / 2 + 1);
        let hears = |i: usize| {
            let first = i + count - (majority - 1) / 2;
            (first..first + majority)
                .map(|place| ring[place % count])
                .collect::<NodeSet>()
        };
        let cut = |i: usize| {
            (
                self.servers().without(&hears(i)),
                NodeSet::from_iter([ring[i]]),
            )
        };
        (0..count).map(cut).collect()
    }
}

fn nodes_of(group: &[Endpoint]) -> Vec<NodeId> {
    let node = |end: &Endpoint| match end {
        Endpoint::Node(node) => Some(*node),
        Endpoint::Client(_) => None,
    };
    group.iter().filter_map(node).collect()
}
