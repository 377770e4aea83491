//! The plan at work: what sets faults off, what they do when they begin, take a turn and end.

use std::sync::Arc;

use super::{
    Event, Kind, Parcel, World,
    faults::{Active, Effect, Phase, covers},
    node::Caused,
};
use crate::{
    context::Buggify,
    digest::Digest,
    fault::{Fault, Plan, Trigger},
    id::NodeId,
    nodes::NodeSet,
    process::{Membership, Process},
    stream::Stream,
    time::Span,
    trace::What,
};

impl<P: Process> World<P> {
    pub(super) fn schedule_plan(&mut self) {
        let setup = Arc::clone(&self.setup);
        for (index, planned) in setup.plan.iter().enumerate() {
            if let Trigger::At(time) = planned.when {
                let phase = Phase::Begin;
                self.queue.push(time, Event::Fault { index, phase });
            }
        }
    }

    fn set_off(&mut self, index: usize) {
        let phase = Phase::Begin;
        self.queue.push(self.now, Event::Fault { index, phase });
    }

    #[cold]
    pub(super) fn set_off_by_event(&mut self) {
        let (setup, awaited) = (Arc::clone(&self.setup), self.faults.next_event);
        for (index, planned) in setup.plan.iter().enumerate() {
            if planned.when == (Trigger::Event { event: awaited }) {
                self.set_off(index);
            }
        }
        self.faults.wait_for_event_after(self.events, &setup.plan);
    }

    pub(super) fn set_off_by_message(&mut self, sent: &str) {
        for place in 0..self.faults.message_triggers.len() {
            let (index, seen) = &mut self.faults.message_triggers[place];
            let Trigger::Message { message, nth } = &self.setup.plan[*index].when else {
                unreachable!("only faults that wait for a message are in this list")
            };
            if message != sent {
                continue;
            }
            *seen += 1;
            if *seen == *nth {
                let index = *index;
                self.set_off(index);
            }
        }
    }

    pub(super) fn set_off_by_label(&mut self, label: &str, times: u64) {
        if !self.faults.label_triggers {
            return;
        }
        let setup = Arc::clone(&self.setup);
        for (index, planned) in setup.plan.iter().enumerate() {
            let Trigger::Reached { reached, nth } = &planned.when else {
                continue;
            };
            if reached == label && *nth == times {
                self.set_off(index);
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
        let setup = Arc::clone(&self.setup);
        let planned = &setup.plan[index];
        let aim = self.aim(&planned.fault, &mut draws_of(self.seed, &setup.plan, index));
        let nodes = aim.nodes();
        self.happens(Kind::Fault, index as u32);
        self.digest.fold_hash(&nodes);
        self.note_if_loud(|| What::Began {
            fault: index,
            told: planned.to_string(),
        });
        let what = self.effect_of(&planned.fault, &aim);
        self.faults.active.push(Active { index, what });
        self.faults.refresh_network();
        let report = &mut self.faults.reports[index];
        report.began = Some(self.now);
        report.nodes = nodes.clone();
        self.strike(index, &planned.fault, &nodes);
        self.refresh_all(&planned.fault, &nodes);
        if planned.fault.is_instant() {
            return self.end(index);
        }
        if let Some(lasts) = planned.lasts {
            let phase = Phase::End;
            self.queue
                .push(self.now + lasts, Event::Fault { index, phase });
        }
        if let Some(first) = self.turn_length(index, &planned.fault) {
            let phase = Phase::Turn(1);
            self.queue
                .push(self.now + first, Event::Fault { index, phase });
        }
    }

    /// What a fault does at the moment it begins.
    fn strike(&mut self, index: usize, fault: &Fault, nodes: &[NodeId]) {
        for id in nodes {
            let node = &mut self.nodes[id.index()];
            let hit = match fault {
                Fault::Crash { disk, .. } | Fault::CrashLoop { disk, .. } => {
                    node.down_holds += 1;
                    self.crash(*id, *disk)
                }
                Fault::ClockOffset { by, .. }
                | Fault::ClockStep { by, .. }
                | Fault::ClockStrobe { by, .. } => {
                    node.clock.step(self.now, by.0);
                    true
                }
                Fault::ClockSlew { ppm, .. } => {
                    node.clock.slew(self.now, *ppm);
                    true
                }
                Fault::DiskCorrupt { .. } => node.disk.rot(&mut node.disk_stream),
                Fault::AddNode { .. } => self.change_membership(Membership::Add(*id)),
                Fault::RemoveNode { .. } => self.change_membership(Membership::Remove(*id)),
                Fault::ClockDrift { .. } | Fault::ClockFreeze { .. } | Fault::ClockBound { .. } => {
                    true
                }
                // The rest hit something when it comes their way.
                _ => false,
            };
            if hit {
                self.faults.hit(index);
            }
        }
    }

    /// Tells every node that is up. False when there is none.
    fn change_membership(&mut self, change: Membership) -> bool {
        let up: Vec<NodeId> = self
            .members()
            .into_iter()
            .filter(|n| self.processes[n.index()].is_some())
            .collect();
        for node in &up {
            let node = *node;
            self.queue.push(self.now, Event::Operator { node, change });
        }
        if let Membership::Add(node) = change {
            self.nodes[node.index()].spare = false;
            self.queue.push(self.now, Event::Start { node });
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
        let Some(place) = self.faults.place(index) else {
            return;
        };
        let setup = Arc::clone(&self.setup);
        let fault = &setup.plan[index].fault;
        self.happens(Kind::Fault, index as u32);
        self.digest.fold(u64::from(turn));
        let odd = turn % 2 == 1;
        match &mut self.faults.active[place].what {
            Effect::Cut { open, .. } => *open = odd,
            Effect::Nodes { on, .. } => {
                *on = !odd;
                self.turn_nodes(index, fault, !odd);
            }
            Effect::Clog { .. } => self.swizzle(place, turn as usize),
            Effect::Distort { .. } | Effect::Message { .. } => {
                unreachable!("only faults that go on and off take turns")
            }
        }
        self.faults.refresh_network();
        if fault_has_more_turns(fault, turn as usize, &self.faults.reports[index].nodes)
            && let Some(next) = self.turn_length(index, fault)
        {
            let phase = Phase::Turn(turn + 1);
            self.queue
                .push(self.now + next, Event::Fault { index, phase });
        }
    }

    fn turn_nodes(&mut self, index: usize, fault: &Fault, on: bool) {
        for id in self.faults.reports[index].nodes.clone() {
            let node = &mut self.nodes[id.index()];
            match fault {
                Fault::CrashLoop { disk, .. } if on => {
                    node.down_holds += 1;
                    if self.crash(id, *disk) {
                        self.faults.hit(index);
                    }
                }
                Fault::CrashLoop { .. } => self.release_down(id),
                Fault::ClockStrobe { by, .. } => {
                    let by = if on { *by } else { by.back() };
                    node.clock.step(self.now, by.0);
                    self.faults.hit(index);
                }
                _ => unreachable!("no other fault of nodes goes on and off"),
            }
        }
    }

    /// Clogs one node more, in the order drawn, or releases one, in another order drawn.
    fn swizzle(&mut self, place: usize, turn: usize) {
        let index = self.faults.active[place].index;
        let mut stream = draws_of(self.seed, &self.setup.plan, index);
        let mut on = self.faults.reports[index].nodes.clone();
        let mut off = on.clone();
        // The stream's first draws may have chosen the nodes; these only have to be others.
        stream.bits();
        stream.shuffle(&mut on);
        stream.shuffle(&mut off);
        let clogged: NodeSet = if turn <= on.len() {
            on[..turn].iter().copied().collect()
        } else {
            let released = (turn - on.len()).min(off.len());
            off[released..].iter().copied().collect()
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
        assert!(*holds > 0, "a fault lets go only of a node that it holds");
        *holds -= 1;
        if *holds == 0 {
            self.queue.push(self.now, Event::Start { node });
        }
    }

    fn end(&mut self, index: usize) {
        let Some(place) = self.faults.place(index) else {
            return;
        };
        let active = self.faults.active.remove(place);
        self.faults.refresh_network();
        let setup = Arc::clone(&self.setup);
        let fault = &setup.plan[index].fault;
        self.happens(Kind::Fault, index as u32);
        self.note_if_loud(|| What::Over { fault: index });
        self.faults.reports[index].ended = Some(self.now);
        let nodes = self.faults.reports[index].nodes.clone();
        match active.what {
            Effect::Clog { held, .. } => self.release(held),
            Effect::Nodes { on: true, .. } => {
                for node in &nodes {
                    self.let_go(fault, *node);
                }
            }
            // One that is off has let go already.
            Effect::Nodes { on: false, .. }
            | Effect::Cut { .. }
            | Effect::Distort { .. }
            | Effect::Message { .. } => {}
        }
        self.refresh_all(fault, &nodes);
    }

    /// Undoes what a fault did to a node when it began or took its last turn.
    fn let_go(&mut self, fault: &Fault, id: NodeId) {
        match fault {
            Fault::Crash { .. } | Fault::CrashLoop { .. } => self.release_down(id),
            Fault::ClockOffset { by, .. } | Fault::ClockStrobe { by, .. } => {
                let clock = &mut self.nodes[id.index()].clock;
                clock.step(self.now, by.back().0);
            }
            // What lasts is read off the list of active faults; what was done at once stays.
            _ => {}
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
                self.queue.push(self.now, Event::Start { node });
            }
        }
        self.happens(Kind::Heal, 0);
        self.note_if_loud(|| What::Healed);
        None
    }

    /// After a fault has begun or ended.
    fn refresh_all(&mut self, fault: &Fault, nodes: &[NodeId]) {
        if let Fault::Buggify { .. } = fault {
            self.refresh_buggify();
        } else if fault.targets().len() == 1 {
            for node in nodes {
                self.refresh(*node);
            }
        }
    }

    /// The latest of the active faults of this kind wins.
    fn refresh_buggify(&mut self) {
        (self.buggify, self.faults.buggify) = (Buggify::default(), None);
        for active in &self.faults.active {
            if let Fault::Buggify { sites, fires } = self.setup.plan[active.index].fault {
                self.faults.buggify = Some(active.index);
                self.buggify = Buggify {
                    seed: self.seed,
                    sites,
                    fires,
                    fired: 0,
                };
            }
        }
    }

    /// Reads a node's syndromes off the list of active faults; the latest of a kind wins, drifts add
    /// up.
    fn refresh(&mut self, id: NodeId) {
        let node = &mut self.nodes[id.index()];
        let was_paused = node.paused.take().is_some();
        let was_stalled = node.disk_stalled.take().is_some();
        (node.slow, node.disk_slow, node.sync_fails, node.disk_full) = (None, None, None, None);
        let (mut drift, mut frozen) = (node.drift_ppm, false);
        let mut bound = self.setup.cluster.settings().clock.uncertainty;
        for active in &self.faults.active {
            let by = active.index;
            match &active.what {
                Effect::Nodes { nodes, .. } if nodes.contains(id) => {}
                _ => continue,
            }
            let plain = Some(Caused { value: (), by });
            match self.setup.plan[by].fault {
                Fault::Pause { .. } => node.paused = plain,
                Fault::SlowCpu { per_message, .. } => {
                    let value = per_message;
                    node.slow = Some(Caused { value, by });
                }
                Fault::DiskSlow { factor, .. } => {
                    let value = factor;
                    node.disk_slow = Some(Caused { value, by });
                }
                Fault::DiskStall { .. } => node.disk_stalled = plain,
                Fault::DiskSyncError { .. } => node.sync_fails = plain,
                Fault::DiskFull { .. } => node.disk_full = plain,
                Fault::ClockDrift { ppm, .. } => drift = drift.saturating_add(ppm),
                Fault::ClockFreeze { .. } => frozen = true,
                Fault::ClockBound { uncertainty, .. } => bound = uncertainty,
                // The rest act when they begin, take a turn or end.
                _ => {}
            }
        }
        node.clock.set_uncertainty(bound);
        node.clock.freeze(self.now, frozen);
        if node.clock.set_drift(self.now, drift) {
            self.requeue_timers(id);
        }
        let node = &self.nodes[id.index()];
        let (goes_on, writes_on) = (
            was_paused && node.paused.is_none(),
            was_stalled && node.disk_stalled.is_none(),
        );
        if writes_on {
            self.release_syncs(id);
        }
        if goes_on {
            self.unpause(id);
        }
    }

    fn release_syncs(&mut self, id: NodeId) {
        let node = &mut self.nodes[id.index()];
        let epoch = node.disk_epoch;
        for upto in std::mem::take(&mut node.held_syncs) {
            let node = id;
            self.queue
                .push(self.now, Event::Synced { node, epoch, upto });
        }
    }

    fn unpause(&mut self, id: NodeId) {
        let node = &mut self.nodes[id.index()];
        if std::mem::take(&mut node.start_waits) {
            self.queue.push(self.now, Event::Start { node: id });
        }
        self.wake_when_free(id);
    }
}

/// A swizzle is over when the last node is released; the others go on until they end.
fn fault_has_more_turns(fault: &Fault, turn: usize, nodes: &[NodeId]) -> bool {
    !matches!(fault, Fault::SwizzleClog { .. }) || turn < 2 * nodes.len()
}

/// The random stream of one fault of a plan: of what it is and when, not of its place in the plan,
/// so that taking another fault out re-rolls nothing.
fn draws_of(seed: u64, plan: &Plan, index: usize) -> Stream {
    let planned = &plan[index];
    let same = |other: &&crate::fault::PlannedFault| {
        other.when == planned.when && other.fault == planned.fault
    };
    let twins = plan[..index].iter().filter(same).count();
    let name = Digest::of(&(&planned.when, &planned.fault, twins as u64));
    Stream::numbered(seed, "fault", name)
}
