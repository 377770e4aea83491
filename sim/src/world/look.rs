//! What can be seen of a world from outside.

use std::sync::Arc;

use super::{FaultReport, World};
use crate::{
    cluster::Setup,
    digest::{Checkpoints, Digest},
    disk::Disk,
    history::HistoryEvent,
    id::NodeId,
    process::{Process, View},
    time::Time,
    trace::Trace,
};

/// What one step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub time: Time,
    /// The node whose process may have changed, if one may have.
    pub node: Option<NodeId>,
}

/// One life of a node: from a start to the crash that ended it. True times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// Whose.
    pub node: NodeId,
    /// When it started.
    pub from: Time,
    /// When it crashed; none while it is up.
    pub until: Option<Time>,
}

/// What a run cost, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Messages sent between nodes.
    pub messages: u64,
    /// Requests and responses sent between clients and nodes.
    pub client_messages: u64,
    /// Packets that arrived.
    pub delivered: u64,
    /// Packets that did not.
    pub dropped: u64,
    /// Messages that the network doubled.
    pub duplicated: u64,
    /// Records appended.
    pub appends: u64,
    /// Syncs asked for: forced writes.
    pub syncs: u64,
    /// Crashes.
    pub crashes: u64,
    /// Records that crashes took from disks.
    pub lost_records: u64,
}

impl<P: Process> World<P> {
    /// True time.
    pub const fn now(&self) -> Time {
        self.now
    }

    /// When the next event is due; none when nothing will ever happen again.
    pub fn next_at(&self) -> Option<Time> {
        self.queue.next_at()
    }

    /// The seed.
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// What the run is a function of besides its seed.
    pub const fn setup(&self) -> &Arc<Setup<P>> {
        &self.setup
    }

    /// How many events have happened.
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// The digest over all of them.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The digest as it went along.
    pub const fn checkpoints(&self) -> &Checkpoints {
        &self.checkpoints
    }

    /// What clients have seen.
    pub fn history(&self) -> &[HistoryEvent<P::Request, P::Response>] {
        &self.history
    }

    /// What clients have seen, taken out of a world that is no longer needed.
    pub fn into_history(self) -> Vec<HistoryEvent<P::Request, P::Response>> {
        self.history
    }

    /// The process of each server, spares included; none while it is down.
    pub fn processes(&self) -> &[Option<P>] {
        &self.processes
    }

    /// A node's disk.
    pub fn disk(&self, node: NodeId) -> &Disk<P::Record> {
        &self.nodes[node.index()].disk
    }

    /// How far a node's wall clock is from true time, in nanoseconds.
    pub fn clock_offset(&self, node: NodeId) -> i64 {
        self.nodes[node.index()].clock.offset(self.now)
    }

    /// What became of each fault of the plan so far, in its order.
    pub fn faults(&self) -> &[FaultReport] {
        self.faults.reports()
    }

    /// When each node was up, in the order of starts.
    pub fn lives(&self) -> &[Life] {
        &self.lives
    }

    /// The labels that were reached, and how often, in order of the first time.
    pub fn reached(&self) -> &[(&'static str, u64)] {
        &self.reached
    }

    /// What the run has cost.
    pub const fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Whether every client has made all of its calls and seen them end.
    pub fn calls_are_done(&self) -> bool {
        self.clients.iter().all(crate::client::Client::is_done)
    }

    /// What every node holds that is up.
    pub fn views(&self) -> impl Iterator<Item = (NodeId, View<P::View>)> + '_ {
        views(&self.processes)
    }

    /// Whether every node is up and settled and all replicas of the same thing agree.
    pub fn has_converged(&self) -> bool {
        let down = |i: usize| self.processes[i].is_none() && !self.nodes[i].spare;
        !(0..self.nodes.len()).any(down)
            && agree(self.processes.iter().flatten().flat_map(Process::views))
    }

    /// The last entries of what happened. Off until [`World::keep_trace`].
    pub const fn trace(&self) -> &Trace {
        &self.trace
    }

    /// The same, to take entries out as they come.
    pub const fn trace_mut(&mut self) -> &mut Trace {
        &mut self.trace
    }

    /// The digest before each event of the last step, and after the last, with how many events had
    /// happened. Only while a trace is kept.
    pub(crate) fn digest_marks(&self) -> Vec<(u64, Digest)> {
        let mut marks = self.trace.marks().to_vec();
        marks.push((self.events, self.digest));
        marks
    }

    /// Keeps the last so many entries from now on.
    pub fn keep_trace(&mut self, most: usize) {
        self.trace.keep(most);
        self.loud =
            self.trace.is_on() || tracing::enabled!(target: "murphy", tracing::Level::TRACE);
    }
}

/// What every one of these holds that is up.
pub(crate) fn views<P: Process>(
    processes: &[Option<P>],
) -> impl Iterator<Item = (NodeId, View<P::View>)> + '_ {
    let up = (0..)
        .zip(processes)
        .filter_map(|(i, process)| Some((NodeId(i), process.as_ref()?)));
    up.flat_map(|(node, process)| process.views().into_iter().map(move |view| (node, view)))
}

/// Whether these views are settled and those of the same thing are equal.
pub fn agree<S: Eq>(views: impl Iterator<Item = View<S>>) -> bool {
    let mut held: Vec<(u32, S)> = Vec::new();
    for view in views {
        if !view.settled {
            return false;
        }
        let Some(state) = view.state else { continue };
        match held.iter().find(|(of, _)| *of == view.of) {
            Some((_, other)) if *other != state => return false,
            Some(_) => {}
            None => held.push((view.of, state)),
        }
    }
    true
}
