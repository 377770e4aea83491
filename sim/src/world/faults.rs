//! The faults of a run and their state: what is active, what it touches, what it has hit.
//!
//! When faults begin and end is in [`super::plan`]; what they are aimed at is in [`super::aim`].

use super::Parcel;
use crate::{
    fault::{Fault, MessageFate, Plan, Trigger},
    id::NodeId,
    link::{Distortion, Dropped, Fate, narrower},
    nodes::NodeSet,
    process::Process,
    time::Time,
};

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
pub(super) struct Active<P: Process> {
    /// Its place in the plan.
    pub(super) index: usize,
    pub(super) what: Effect<P>,
}

/// What a fault does while it lasts.
#[derive(Clone, Debug)]
pub(super) enum Effect<P: Process> {
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
    /// Nodes are in a state that is read off the list of active faults.
    Nodes {
        nodes: NodeSet,
        /// Whether it is their turn, for faults that go on and off.
        on: bool,
    },
}

/// Links: from any node of the first set to any of the second.
pub(super) type Pairs = Vec<(NodeSet, NodeSet)>;

pub(super) fn covers(pairs: &Pairs, from: NodeId, to: NodeId) -> bool {
    pairs
        .iter()
        .any(|(a, b)| a.contains(from) && b.contains(to))
}

/// The faults of a run and their state.
#[derive(Clone, Debug)]
pub(super) struct Faults<P: Process> {
    pub(super) reports: Vec<FaultReport>,
    /// In the order in which they began.
    pub(super) active: Vec<Active<P>>,
    /// The next event number that a trigger waits for.
    pub(super) next_event: u64,
    /// Faults that wait for a message, and how many of its kind were sent.
    pub(super) message_triggers: Vec<(usize, u64)>,
    pub(super) label_triggers: bool,
    active_on_network: bool,
    /// For each endpoint, those to which its messages have to be looked at; none in large worlds.
    touched: Vec<u64>,
    /// The fault that makes `buggify` sites fire.
    pub(super) buggify: Option<usize>,
    pub(super) healed: bool,
}

impl<P: Process> Faults<P> {
    pub(super) fn new(plan: &Plan, endpoints: usize) -> Faults<P> {
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
            touched: vec![0; if endpoints <= 64 { endpoints } else { 0 }],
            buggify: None,
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

    pub(super) fn wait_for_event_after(&mut self, event: u64, plan: &Plan) {
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

    #[cfg(madsim)]
    pub(super) const fn touch_network(&self) -> bool {
        self.active_on_network
    }

    /// Whether an active fault may do something to what is sent from here to there.
    #[inline]
    pub(super) fn touch(&self, from: NodeId, to: NodeId) -> bool {
        match self.touched.get(from.index()) {
            Some(word) => word >> (to.0 & 63) & 1 == 1,
            None => self.active_on_network,
        }
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
        (from, to): (NodeId, NodeId),
        kind: &str,
        between_nodes: bool,
        plan: &Plan,
    ) -> Result<Distortion, (usize, Dropped)> {
        let mut lost = self.cut(from, to).map(|fault| (fault, Dropped::Partition));
        let mut all = Distortion::default();
        for active in &mut self.active {
            match &mut active.what {
                Effect::Distort { pairs, distortion } if covers(pairs, from, to) => {
                    all.add(distortion);
                }
                // Every message of the kind is counted, whatever else becomes of it.
                Effect::Message { seen } => {
                    let Some(fate) = fate_of(kind, seen, &plan[active.index].fault) else {
                        continue;
                    };
                    if lost.is_some() {
                        continue;
                    }
                    match fate {
                        MessageFate::Drop => {
                            lost = Some((active.index, Dropped::Plan));
                            continue;
                        }
                        MessageFate::Delay(by) => all.delay = all.delay + *by,
                        MessageFate::Duplicate if !between_nodes => continue,
                        MessageFate::Duplicate => all.double = true,
                    }
                    self.reports[active.index].hits += 1;
                }
                _ => {}
            }
        }
        lost.map_or(Ok(all), Err)
    }

    /// Counts a message's fate towards the faults that made it.
    pub(super) fn attribute(
        &mut self,
        (from, to): (NodeId, NodeId),
        fate: &Fate,
        between_nodes: bool,
        plan: &Plan,
    ) {
        for active in &self.active {
            let Effect::Distort { pairs, .. } = &active.what else {
                continue;
            };
            let did = match (&plan[active.index].fault, fate) {
                (Fault::Loss { .. }, Fate::Dropped(why)) => *why == Dropped::Loss,
                (Fault::Bandwidth { .. }, Fate::Dropped(why)) => *why == Dropped::Queue,
                (Fault::Bandwidth { .. }, Fate::Arrives { waited, .. }) => *waited,
                (Fault::Duplicate { .. }, Fate::Arrives { again, .. }) => {
                    between_nodes && again.is_some()
                }
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

    /// After a fault began, took a turn or ended.
    pub(super) fn refresh_network(&mut self) {
        self.active_on_network = self
            .active
            .iter()
            .any(|active| !matches!(active.what, Effect::Nodes { .. }));
        self.touched.fill(0);
        for active in &self.active {
            match &active.what {
                Effect::Cut { pairs, .. }
                | Effect::Distort { pairs, .. }
                | Effect::Clog { pairs, .. } => touch_all(&mut self.touched, pairs),
                Effect::Message { .. } => self.touched.fill(u64::MAX),
                Effect::Nodes { .. } => {}
            }
        }
    }

    /// Where the fault is among those that are active.
    pub(super) fn place(&self, index: usize) -> Option<usize> {
        self.active.iter().position(|active| active.index == index)
    }
}

fn touch_all(touched: &mut [u64], pairs: &Pairs) {
    for (from, to) in pairs {
        for (place, word) in touched.iter_mut().enumerate() {
            if from.contains(NodeId(place as u32)) {
                *word |= to.first_word();
            }
        }
    }
}

/// What this fault does to one more message of that kind, if it is the one it waits for.
fn fate_of<'a>(kind: &str, seen: &mut u64, fault: &'a Fault) -> Option<&'a MessageFate> {
    let Fault::Message {
        kind: named,
        nth,
        fate,
    } = fault
    else {
        unreachable!("only this fault waits for a message")
    };
    if kind != named {
        return None;
    }
    *seen += 1;
    (*seen == *nth).then_some(fate)
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
        self.bandwidth = narrower(self.bandwidth, other.bandwidth);
    }
}
