//! Faults at work: what sets them off, what they do while they last, and what they hit.

use super::{Event, Kind, Parcel, World, node::Caused};
use crate::{
    cluster::Setup,
    context::Buggify,
    fault::{Endpoint, Fault, Links, MessageFate, Plan, Shape, Target, Trigger},
    id::NodeId,
    link::{Distortion, Dropped, Fate},
    nodes::NodeSet,
    process::{Membership, Process},
    stream::Stream,
    time::{Span, Time},
    trace::What,
};

use super::node::Work;

/// What became of one fault of the plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultReport {
    /// When it began; none when its trigger never came, or came after the heal.
    pub began: Option<Time>,
    /// When it ended; none when it lasted to the end of the run.
    pub ended: Option<Time>,
    /// The nodes it was aimed at, as drawn.
    pub nodes: Vec<NodeId>,
    /// What it hit, counted: messages, nodes, syncs, whatever it is that it does something to.
    pub hits: u64,
}

/// What is to be done about a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Begin,
    /// One of its turns, for those that go on and off.
    Turn(u32),
    End,
}

/// A fault that has begun and not ended.
#[derive(Clone, Debug)]
struct Active<P: Process> {
    index: usize,
    what: Effect<P>,
}

#[derive(Clone, Debug)]
enum Effect<P: Process> {
    Cut {
        pairs: Pairs,
        open: bool,
    },
    Distort {
        pairs: Pairs,
        distortion: Distortion,
    },
    Clog {
        pairs: Pairs,
        held: Vec<Parcel<P>>,
    },
    Message {
        seen: u64,
    },
    /// Nodes are in a state that [`World::refresh`] reads off the list of active faults.
    Nodes,
}

/// Links: from any node of the first set to any of the second.
type Pairs = Vec<(NodeSet, NodeSet)>;

fn covers(pairs: &Pairs, from: NodeId, to: NodeId) -> bool {
    pairs
        .iter()
        .any(|(a, b)| a.contains(from) && b.contains(to))
}

/// The faults of a run and their state.
#[derive(Clone, Debug)]
pub(super) struct Faults<P: Process> {
    reports: Vec<FaultReport>,
    active: Vec<Active<P>>,
    /// The next event number that a trigger waits for.
    next_event: u64,
    message_triggers: Vec<(usize, u64)>,
    label_triggers: bool,
    active_on_network: bool,
    healed: bool,
}

impl<P: Process> Faults<P> {
    pub(super) fn new(plan: &Plan) -> Faults<P> {
        let triggers = plan.iter().enumerate();
        let message_triggers = triggers
            .filter(|(_, p)| matches!(p.when, Trigger::Message { .. }))
            .map(|(i, _)| (i, 0));
        let mut faults = Faults {
            reports: vec![FaultReport::default(); plan.len()],
            active: Vec::new(),
            next_event: u64::MAX,
            message_triggers: message_triggers.collect(),
            label_triggers: plan
                .iter()
                .any(|p| matches!(p.when, Trigger::Reached { .. })),
            active_on_network: false,
            healed: false,
        };
        faults.wait_for_event_after(0, plan);
        faults
    }

    pub(super) fn reports(&self) -> &[FaultReport] {
        &self.reports
    }

    pub(super) fn hit(&mut self, fault: usize) {
        self.reports[fault].hits += 1;
    }

    #[inline]
    pub(super) const fn waits_for_event(&self, event: u64) -> bool {
        event >= self.next_event
    }

    fn wait_for_event_after(&mut self, event: u64, plan: &Plan) {
        let numbers = plan.iter().filter_map(|p| match p.when {
            Trigger::Event { event } => Some(event),
            _ => None,
        });
        self.next_event = numbers
            .filter(|number| *number > event)
            .min()
            .unwrap_or(u64::MAX);
    }

    #[inline]
    pub(super) const fn watch_messages(&self) -> bool {
        !self.message_triggers.is_empty()
    }

    #[inline]
    pub(super) const fn touch_network(&self) -> bool {
        self.active_on_network
    }

    /// The fault that holds messages on this link.
    pub(super) fn clogged(&self, from: NodeId, to: NodeId) -> Option<usize> {
        self.active.iter().find_map(|active| match &active.what {
            Effect::Clog { pairs, .. } if covers(pairs, from, to) => Some(active.index),
            _ => None,
        })
    }

    pub(super) fn hold(&mut self, fault: usize, parcel: Parcel<P>) {
        self.hit(fault);
        let active = self.active.iter_mut().find(|active| active.index == fault);
        match active.map(|active| &mut active.what) {
            Some(Effect::Clog { held, .. }) => held.push(parcel),
            _ => unreachable!("only a clog that is active holds messages"),
        }
    }

    /// The fault that cuts this link.
    pub(super) fn cut(&self, from: NodeId, to: NodeId) -> Option<usize> {
        self.active.iter().find_map(|active| match &active.what {
            Effect::Cut { pairs, open: false } if covers(pairs, from, to) => Some(active.index),
            _ => None,
        })
    }

    /// What all active faults together do to a message, or which of them loses it and how.
    pub(super) fn distort(
        &mut self,
        from: NodeId,
        to: NodeId,
        kind: &str,
        plan: &Plan,
    ) -> Result<Distortion, (usize, Dropped)> {
        if let Some(fault) = self.cut(from, to) {
            return Err((fault, Dropped::Partition));
        }
        let mut all = Distortion::default();
        for active in &mut self.active {
            match &mut active.what {
                Effect::Distort { pairs, distortion } if covers(pairs, from, to) => {
                    all.add(distortion)
                }
                Effect::Message { seen } => {
                    let Fault::Message {
                        kind: named,
                        nth,
                        fate,
                    } = &plan[active.index].fault
                    else {
                        unreachable!("this effect is this fault's")
                    };
                    if kind != named {
                        continue;
                    }
                    *seen += 1;
                    if *seen == *nth {
                        match fate {
                            MessageFate::Drop => return Err((active.index, Dropped::Plan)),
                            MessageFate::Delay(by) => all.delay = all.delay + *by,
                            MessageFate::Duplicate => all.double = true,
                        }
                        self.reports[active.index].hits += 1;
                    }
                }
                _ => {}
            }
        }
        Ok(all)
    }

    /// Counts a message's fate towards the faults that made it.
    pub(super) fn attribute(&mut self, from: NodeId, to: NodeId, fate: &Fate, plan: &Plan) {
        for active in &self.active {
            let Effect::Distort { pairs, .. } = &active.what else {
                continue;
            };
            let did = match (&plan[active.index].fault, fate) {
                (Fault::Loss { .. }, Fate::Dropped(why)) => *why == Dropped::Loss,
                (Fault::Bandwidth { .. }, Fate::Dropped(why)) => *why == Dropped::Queue,
                (Fault::Duplicate { .. }, Fate::Arrives { again, .. }) => again.is_some(),
                (Fault::Corrupt { .. }, Fate::Arrives { corrupt, .. }) => *corrupt,
                (Fault::Reorder { .. }, Fate::Arrives { reordered, .. }) => *reordered,
                (Fault::Delay { .. }, Fate::Arrives { .. }) => true,
                _ => false,
            };
            if did && covers(pairs, from, to) {
                self.reports[active.index].hits += 1;
            }
        }
    }

    fn refresh_network(&mut self) {
        self.active_on_network = self
            .active
            .iter()
            .any(|active| !matches!(active.what, Effect::Nodes));
    }
}

impl Distortion {
    fn add(&mut self, other: &Distortion) {
        self.loss = self.loss.max(other.loss);
        self.duplicate = self.duplicate.max(other.duplicate);
        self.corrupt = self.corrupt.max(other.corrupt);
        self.reorder = self.reorder.max(other.reorder);
        self.reorder_window = self.reorder_window.max(other.reorder_window);
        self.delay = self.delay + other.delay;
        self.jitter = self.jitter + other.jitter;
        self.bandwidth = match (self.bandwidth, other.bandwidth) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
}

impl<P: Process> World<P> {
    pub(super) fn schedule_plan(&mut self) {
        for (index, planned) in self.setup.plan.iter().enumerate() {
            if let Trigger::At(time) = planned.when {
                self.queue.push(
                    time,
                    Event::Fault {
                        index,
                        phase: Phase::Begin,
                    },
                );
            }
        }
    }

    #[cold]
    pub(super) fn set_off_by_event(&mut self) {
        let (setup, now) = (std::sync::Arc::clone(&self.setup), self.events);
        for (index, planned) in setup.plan.iter().enumerate() {
            if matches!(planned.when, Trigger::Event { event } if event == self.faults.next_event) {
                self.queue.push(
                    self.now,
                    Event::Fault {
                        index,
                        phase: Phase::Begin,
                    },
                );
            }
        }
        self.faults.wait_for_event_after(now, &setup.plan);
    }

    #[cold]
    pub(super) fn set_off_by_message(&mut self, sent: &str) {
        let plan = &self.setup.plan;
        for (index, seen) in &mut self.faults.message_triggers {
            let Trigger::Message { message, nth } = &plan[*index].when else {
                continue;
            };
            if message != sent {
                continue;
            }
            *seen += 1;
            if *seen == *nth {
                self.queue.push(
                    self.now,
                    Event::Fault {
                        index: *index,
                        phase: Phase::Begin,
                    },
                );
            }
        }
    }

    pub(super) fn set_off_by_label(&mut self, label: &str, times: u64) {
        if !self.faults.label_triggers {
            return;
        }
        for (index, planned) in self.setup.plan.iter().enumerate() {
            if matches!(&planned.when, Trigger::Reached { reached, nth } if reached == label && *nth == times)
            {
                self.queue.push(
                    self.now,
                    Event::Fault {
                        index,
                        phase: Phase::Begin,
                    },
                );
            }
        }
    }

    pub(super) fn fault(&mut self, index: usize, phase: Phase) -> Option<NodeId> {
        match phase {
            Phase::Begin if self.faults.healed => {}
            Phase::Begin => self.begin(index),
            Phase::Turn(turn) => self.turn(index, turn),
            Phase::End => self.end(index),
        }
        None
    }

    fn begin(&mut self, index: usize) {
        let setup = std::sync::Arc::clone(&self.setup);
        let planned = &setup.plan[index];
        let mut stream = Stream::numbered(self.seed, "fault", index as u64);
        let aimed_at = self.aim(&planned.fault, &mut stream);
        self.happens(Kind::Fault, index as u32);
        self.digest.fold_hash(&aimed_at);
        self.note_if_loud(|| What::Began {
            fault: index,
            told: planned.to_string(),
        });
        let report = &mut self.faults.reports[index];
        report.began = Some(self.now);
        report.nodes = aimed_at.clone();
        let what = self.effect_of(&planned.fault, &aimed_at, &mut stream);
        self.faults.active.push(Active { index, what });
        self.faults.refresh_network();
        self.strike(index, &planned.fault, &aimed_at);
        for node in &aimed_at {
            self.refresh(*node);
        }
        if planned.fault.is_instant() {
            return self.end(index);
        }
        if let Some(lasts) = planned.lasts {
            self.queue.push(
                self.now + lasts,
                Event::Fault {
                    index,
                    phase: Phase::End,
                },
            );
        }
        if let Some(first) = self.turn_length(index, &planned.fault) {
            self.queue.push(
                self.now + first,
                Event::Fault {
                    index,
                    phase: Phase::Turn(1),
                },
            );
        }
    }

    /// The nodes that a fault is aimed at, drawn where it says so.
    fn aim(&self, fault: &Fault, stream: &mut Stream) -> Vec<NodeId> {
        let targets = match fault {
            Fault::Buggify { .. } | Fault::Message { .. } => vec![],
            Fault::Partition {
                shape: Shape::Groups(groups),
                ..
            } => {
                let named = groups.iter().flatten().filter_map(|end| match end {
                    Endpoint::Node(node) => Some(*node),
                    Endpoint::Client(_) => None,
                });
                return named.collect();
            }
            Fault::Partition {
                shape: Shape::Minority,
                ..
            } => vec![&Target::Minority],
            Fault::Partition {
                shape: Shape::Halves | Shape::Bridge | Shape::MajoritiesRing,
                ..
            } => {
                let mut nodes = self.members();
                stream.shuffle(&mut nodes);
                return nodes;
            }
            _ => fault.targets(),
        };
        let link_fault =
            matches!(fault.targets().len(), 2) && !matches!(fault, Fault::Partition { .. });
        let mut nodes: Vec<NodeId> = targets
            .into_iter()
            .flat_map(|target| self.resolve(target, stream))
            .collect();
        if link_fault {
            nodes.sort_unstable();
            nodes.dedup();
        }
        nodes
    }

    /// Nodes that belong to the cluster: all but spares that nobody has added.
    fn members(&self) -> Vec<NodeId> {
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

    fn effect_of(&self, fault: &Fault, aimed_at: &[NodeId], stream: &mut Stream) -> Effect<P> {
        let distort = |links: &Links, distortion, stream: &mut Stream| Effect::Distort {
            pairs: self.pairs(links, stream),
            distortion,
        };
        let base = Distortion::default();
        match fault {
            Fault::Partition { shape, clients, .. } => Effect::Cut {
                pairs: self.cuts(shape, aimed_at, clients, stream),
                open: false,
            },
            Fault::Loss { probability, links } => distort(
                links,
                Distortion {
                    loss: *probability,
                    ..base
                },
                stream,
            ),
            Fault::Duplicate { probability, links } => distort(
                links,
                Distortion {
                    duplicate: *probability,
                    ..base
                },
                stream,
            ),
            Fault::Corrupt { probability, links } => distort(
                links,
                Distortion {
                    corrupt: *probability,
                    ..base
                },
                stream,
            ),
            Fault::Reorder {
                probability,
                window,
                links,
            } => distort(
                links,
                Distortion {
                    reorder: *probability,
                    reorder_window: *window,
                    ..base
                },
                stream,
            ),
            Fault::Delay { by, jitter, links } => distort(
                links,
                Distortion {
                    delay: *by,
                    jitter: *jitter,
                    ..base
                },
                stream,
            ),
            Fault::Bandwidth {
                bytes_per_second,
                queue,
                links,
            } => distort(
                links,
                Distortion {
                    bandwidth: Some((*bytes_per_second, *queue)),
                    ..base
                },
                stream,
            ),
            Fault::Clog { links } => Effect::Clog {
                pairs: self.pairs(links, stream),
                held: Vec::new(),
            },
            Fault::SwizzleClog { .. } => Effect::Clog {
                pairs: Pairs::new(),
                held: Vec::new(),
            },
            Fault::Message { .. } => Effect::Message { seen: 0 },
            _ => Effect::Nodes,
        }
    }

    fn servers(&self) -> NodeSet {
        NodeSet::range(0, self.nodes.len() as u32)
    }

    fn client_ends(&self) -> NodeSet {
        let servers = self.nodes.len() as u32;
        NodeSet::range(servers, servers + self.clients.len() as u32)
    }

    fn pairs(&self, links: &Links, stream: &mut Stream) -> Pairs {
        let from: NodeSet = self.resolve(&links.from, stream).into_iter().collect();
        let to: NodeSet = self.resolve(&links.to, stream).into_iter().collect();
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

    /// The links that a partition cuts. `drawn` are all nodes in a drawn order, or those that the
    /// shape names.
    fn cuts(&self, shape: &Shape, drawn: &[NodeId], clients: &[u32], stream: &mut Stream) -> Pairs {
        let servers = self.nodes.len() as u32;
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
            Shape::MajoritiesRing => {
                let (count, majority) = (drawn.len(), drawn.len() / 2 + 1);
                let hears = |i: usize| {
                    let first = i + count - (majority - 1) / 2;
                    (first..first + majority)
                        .map(|place| drawn[place % count])
                        .collect::<NodeSet>()
                };
                let cut = |i: usize| {
                    (
                        self.servers().without(&hears(i)),
                        NodeSet::from_iter([drawn[i]]),
                    )
                };
                (0..count).map(cut).collect()
            }
            Shape::OneWay { from, to } => {
                let from = self.resolve(from, stream).into_iter().collect();
                vec![(from, self.resolve(to, stream).into_iter().collect())]
            }
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

    /// What a fault does at the moment it begins.
    fn strike(&mut self, index: usize, fault: &Fault, nodes: &[NodeId]) {
        for node in nodes {
            let hit = match fault {
                Fault::Crash { disk, .. } | Fault::CrashLoop { disk, .. } => {
                    self.nodes[node.index()].down_holds += 1;
                    self.crash(*node, *disk)
                }
                Fault::ClockOffset { by, .. }
                | Fault::ClockStep { by, .. }
                | Fault::ClockStrobe { by, .. } => {
                    self.nodes[node.index()].clock.step(self.now, by.0);
                    true
                }
                Fault::ClockSlew { ppm, .. } => {
                    self.nodes[node.index()].clock.slew(self.now, *ppm);
                    true
                }
                Fault::DiskCorrupt { .. } => {
                    let node = &mut self.nodes[node.index()];
                    node.disk.rot(&mut node.disk_stream)
                }
                Fault::AddNode { .. } => self.change_membership(Membership::Add(*node)),
                Fault::RemoveNode { .. } => self.change_membership(Membership::Remove(*node)),
                Fault::ClockDrift { .. } | Fault::ClockFreeze { .. } | Fault::ClockBound { .. } => {
                    true
                }
                _ => false,
            };
            if hit {
                self.faults.hit(index);
            }
        }
        if let Fault::Buggify { sites, fires } = fault {
            self.buggify = Buggify {
                seed: self.seed,
                sites: *sites,
                fires: *fires,
            };
            self.faults.hit(index);
        }
    }

    fn change_membership(&mut self, change: Membership) -> bool {
        if let Membership::Add(node) = change {
            self.nodes[node.index()].spare = false;
            self.queue.push(self.now, Event::Start { node });
        }
        let up: Vec<NodeId> = self
            .members()
            .into_iter()
            .filter(|n| self.processes[n.index()].is_some())
            .collect();
        for node in &up {
            self.offer(*node, Work::Membership(change));
        }
        !up.is_empty()
    }

    /// How long until a fault that goes on and off takes its next turn.
    fn turn_length(&self, index: usize, fault: &Fault) -> Option<Span> {
        match fault {
            Fault::Partition { flap, .. } => *flap,
            Fault::CrashLoop { every, .. } => Some(*every / 2),
            Fault::ClockStrobe { every, .. } => Some(*every),
            Fault::SwizzleClog { .. } => {
                const WHEN_ENDLESS: Span = Span::secs(10);
                let nodes = self.faults.reports[index].nodes.len() as u64;
                let lasts = self.setup.plan[index].lasts.unwrap_or(WHEN_ENDLESS);
                Some(lasts / (2 * nodes + 1))
            }
            _ => None,
        }
        .map(|span| span.max(Span::micros(1)))
    }

    fn turn(&mut self, index: usize, turn: u32) {
        let Some(place) = self
            .faults
            .active
            .iter()
            .position(|active| active.index == index)
        else {
            return;
        };
        let setup = std::sync::Arc::clone(&self.setup);
        let fault = &setup.plan[index].fault;
        self.happens(Kind::Fault, index as u32);
        self.digest.fold(u64::from(turn));
        let nodes = self.faults.reports[index].nodes.clone();
        let odd = turn % 2 == 1;
        match fault {
            Fault::Partition { .. } => {
                if let Effect::Cut { open, .. } = &mut self.faults.active[place].what {
                    *open = odd;
                }
            }
            Fault::CrashLoop { disk, .. } => {
                for node in nodes {
                    if odd {
                        self.release_down(node);
                    } else {
                        self.nodes[node.index()].down_holds += 1;
                        if self.crash(node, *disk) {
                            self.faults.hit(index);
                        }
                    }
                }
            }
            Fault::ClockStrobe { by, .. } => {
                for node in nodes {
                    self.nodes[node.index()]
                        .clock
                        .step(self.now, if odd { by.back().0 } else { by.0 });
                    self.faults.hit(index);
                }
            }
            Fault::SwizzleClog { .. } => self.swizzle(place, turn, nodes),
            _ => unreachable!("only faults that go on and off take turns"),
        }
        if let Some(next) = self.turn_length(index, fault) {
            self.queue.push(
                self.now + next,
                Event::Fault {
                    index,
                    phase: Phase::Turn(turn + 1),
                },
            );
        }
    }

    /// Clogs one node more, in the order drawn, or releases one, in another order drawn.
    fn swizzle(&mut self, place: usize, turn: u32, nodes: Vec<NodeId>) {
        let mut stream =
            Stream::numbered(self.seed, "swizzle", self.faults.active[place].index as u64);
        let (mut on, mut off) = (nodes.clone(), nodes);
        stream.shuffle(&mut on);
        stream.shuffle(&mut off);
        let turn = turn as usize;
        let clogged: NodeSet = if turn <= on.len() {
            on[..turn].iter().copied().collect()
        } else {
            off[(turn - on.len()).min(off.len())..]
                .iter()
                .copied()
                .collect()
        };
        let everyone = self.servers();
        let Effect::Clog { pairs, held } = &mut self.faults.active[place].what else {
            unreachable!("this effect is this fault's")
        };
        *pairs = vec![(clogged.clone(), everyone.clone()), (everyone, clogged)];
        let (keep, release) = std::mem::take(held)
            .into_iter()
            .partition(|parcel| covers(pairs, parcel.from, parcel.to));
        *held = keep;
        self.release(release);
    }

    fn release(&mut self, held: Vec<Parcel<P>>) {
        for parcel in held {
            self.queue.push(self.now, Event::Deliver(parcel));
        }
    }

    /// One fault less keeps this node down; starts it if none does.
    fn release_down(&mut self, node: NodeId) {
        let holds = &mut self.nodes[node.index()].down_holds;
        *holds = holds.saturating_sub(1);
        if *holds == 0 {
            self.queue.push(self.now, Event::Start { node });
        }
    }

    fn end(&mut self, index: usize) {
        let Some(place) = self
            .faults
            .active
            .iter()
            .position(|active| active.index == index)
        else {
            return;
        };
        let active = self.faults.active.remove(place);
        self.faults.refresh_network();
        let setup = std::sync::Arc::clone(&self.setup);
        self.happens(Kind::Fault, index as u32);
        self.note_if_loud(|| What::Over { fault: index });
        self.faults.reports[index].ended = Some(self.now);
        if let Effect::Clog { held, .. } = active.what {
            self.release(held);
        }
        for node in self.faults.reports[index].nodes.clone() {
            let machine = &mut self.nodes[node.index()];
            match &setup.plan[index].fault {
                Fault::Crash { .. } => self.release_down(node),
                Fault::CrashLoop { .. } if machine.down_holds > 0 => self.release_down(node),
                Fault::ClockOffset { by, .. } => machine.clock.step(self.now, by.back().0),
                Fault::ClockStrobe { by, every, .. } => {
                    let began = self.faults.reports[index]
                        .began
                        .expect("what ends has begun");
                    let turns = self.now.since(began).0 / every.0.max(1_000);
                    if turns % 2 == 0 {
                        machine.clock.step(self.now, by.back().0);
                    }
                }
                _ => {}
            }
            self.refresh(node);
        }
        if matches!(setup.plan[index].fault, Fault::Buggify { .. }) {
            self.buggify = Buggify::default();
        }
    }

    /// Ends every fault, lets none begin any more, and starts every node that is down.
    pub(super) fn heal(&mut self) -> Option<NodeId> {
        self.faults.healed = true;
        while let Some(active) = self.faults.active.first() {
            self.end(active.index);
        }
        for node in self.members() {
            if self.processes[node.index()].is_none() {
                self.nodes[node.index()].down_holds = 0;
                self.queue.push(self.now, Event::Start { node });
            }
        }
        self.happens(Kind::Heal, 0);
        self.note_if_loud(|| What::Healed);
        None
    }

    /// Reads a node's syndromes off the list of active faults; the latest of a kind wins, drifts add
    /// up.
    fn refresh(&mut self, id: NodeId) {
        let setup: &Setup<P> = &self.setup;
        let node = &mut self.nodes[id.index()];
        let was_paused = node.paused.take().is_some();
        let was_stalled = node.disk_stalled.take().is_some();
        (node.slow, node.disk_slow, node.sync_fails, node.disk_full) = (None, None, None, None);
        let (mut drift, mut frozen, mut bound) = (
            node.drift_ppm,
            false,
            setup.cluster.settings().clock.uncertainty,
        );
        for active in &self.faults.active {
            let by = active.index;
            if !self.faults.reports[by].nodes.contains(&id) {
                continue;
            }
            match &setup.plan[by].fault {
                Fault::Pause { .. } => node.paused = Some(Caused { value: (), by }),
                Fault::SlowCpu { per_message, .. } => {
                    node.slow = Some(Caused {
                        value: *per_message,
                        by,
                    })
                }
                Fault::DiskSlow { factor, .. } => {
                    node.disk_slow = Some(Caused { value: *factor, by })
                }
                Fault::DiskStall { .. } => node.disk_stalled = Some(Caused { value: (), by }),
                Fault::DiskSyncError { .. } => node.sync_fails = Some(Caused { value: (), by }),
                Fault::DiskFull { .. } => node.disk_full = Some(Caused { value: (), by }),
                Fault::ClockDrift { ppm, .. } => drift += ppm,
                Fault::ClockFreeze { .. } => frozen = true,
                Fault::ClockBound { uncertainty, .. } => bound = *uncertainty,
                _ => {}
            }
        }
        node.clock.set_uncertainty(bound);
        node.clock.freeze(self.now, frozen);
        let drift_changes = node.clock.drift_ppm() != drift;
        if drift_changes {
            node.clock.set_drift(self.now, drift);
        }
        let released = if was_stalled && node.disk_stalled.is_none() {
            std::mem::take(&mut node.held_syncs)
        } else {
            Vec::new()
        };
        let epoch = node.disk_epoch;
        for upto in released {
            self.queue.push(
                self.now,
                Event::Synced {
                    node: id,
                    epoch,
                    upto,
                },
            );
        }
        if drift_changes {
            self.requeue_timers(id);
        }
        if was_paused {
            self.wake_when_free(id);
        }
    }
}
