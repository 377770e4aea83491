//! What a reacting process may see and ask for: its clocks, its random stream, its disk, and an
//! outbox of effects that the world carries out when the reaction is over, in the order asked.

use crate::{
    clock::Clock,
    disk::DiskState,
    id::{CallId, LogIndex, NodeId},
    process::{Process, Reply},
    stream::{Probability, Stream, key, mix},
    time::{Span, Time},
};

/// One thing that a process asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect<P: Process> {
    /// Send a message. To itself too: it goes through the node's queue, not over the network.
    Send {
        /// To whom.
        to: NodeId,
        /// What.
        message: P::Message,
    },
    /// Answer a call.
    Reply {
        /// Which call.
        call: CallId,
        /// The answer.
        reply: Reply<P::Response>,
    },
    /// Set a timer, or move the equal one that is set.
    SetTimer {
        /// What to be reminded of.
        timer: P::Timer,
        /// How long from now, by the node's own monotonic clock.
        after: Span,
    },
    /// Cancel the equal timer, if it is set.
    CancelTimer {
        /// Which.
        timer: P::Timer,
    },
    /// Append a record to the log; volatile until a sync.
    Append {
        /// The record.
        record: P::Record,
    },
    /// Make durable all that has been appended; `on_synced` tells when it is.
    Sync,
    /// Forget every record before this one; only durable ones may be forgotten.
    Truncate {
        /// The first record to keep.
        before: LogIndex,
    },
    /// The process has come to a place worth counting.
    Reached {
        /// Its name.
        label: &'static str,
    },
    /// The process gives up: it crashes now, and the world restarts it after a while.
    Crash,
}

/// A node's view of the world during one reaction.
#[derive(Debug)]
pub struct Context<'a, P: Process> {
    pub(crate) node: NodeId,
    pub(crate) nodes: u32,
    pub(crate) clock: &'a Clock,
    /// True time, for the clock alone to see.
    pub(crate) at: Time,
    pub(crate) log_start: LogIndex,
    pub(crate) log_end: LogIndex,
    pub(crate) disk_state: DiskState,
    pub(crate) stream: &'a mut Stream,
    pub(crate) buggify: Buggify,
    pub(crate) effects: &'a mut Vec<Effect<P>>,
}

impl<P: Process> Context<'_, P> {
    /// This node.
    pub const fn node(&self) -> NodeId {
        self.node
    }

    /// How many nodes the cluster was made for, spares included.
    pub const fn nodes(&self) -> u32 {
        self.nodes
    }

    /// Every other node.
    pub fn others(&self) -> impl Iterator<Item = NodeId> + use<P> {
        let me = self.node.0;
        (0..self.nodes).filter(move |n| *n != me).map(NodeId)
    }

    /// This node's wall clock: skewed, may jump, may run backwards.
    pub fn now(&self) -> Time {
        self.clock.read(self.at).wall
    }

    /// The earliest and latest that true time could be, if the clock's stated uncertainty is right.
    pub fn now_bounds(&self) -> (Time, Time) {
        let reading = self.clock.read(self.at);
        (
            reading.wall - reading.uncertainty,
            reading.wall + reading.uncertainty,
        )
    }

    /// This node's monotonic clock since the world began: never jumps, but drifts.
    pub fn elapsed(&self) -> Time {
        self.clock.read(self.at).monotonic
    }

    /// This node's random stream.
    pub const fn rng(&mut self) -> &mut Stream {
        self.stream
    }

    /// Sends a message. Self-addressed messages do not touch the network.
    pub fn send(&mut self, to: NodeId, message: P::Message) {
        self.effects.push(Effect::Send { to, message });
    }

    /// Sends a copy to every other node.
    pub fn broadcast(&mut self, message: &P::Message) {
        for to in self.others() {
            self.send(to, message.clone());
        }
    }

    /// Answers a call.
    pub fn reply(&mut self, call: CallId, reply: Reply<P::Response>) {
        self.effects.push(Effect::Reply { call, reply });
    }

    /// Sets a timer, or moves the equal one that is set.
    pub fn set_timer(&mut self, timer: P::Timer, after: Span) {
        self.effects.push(Effect::SetTimer { timer, after });
    }

    /// Cancels the equal timer, if it is set.
    pub fn cancel_timer(&mut self, timer: P::Timer) {
        self.effects.push(Effect::CancelTimer { timer });
    }

    /// Appends a record; it is volatile until a sync that was asked for later completes.
    pub fn append(&mut self, record: P::Record) -> LogIndex {
        self.log_end.0 += 1;
        self.effects.push(Effect::Append { record });
        self.log_end
    }

    /// Asks that all that has been appended be made durable.
    pub fn sync(&mut self) {
        self.effects.push(Effect::Sync);
    }

    /// Forgets every record before this one. Panics, as a bug of the protocol, when the world finds
    /// that one of them is not durable yet.
    pub fn truncate(&mut self, before: LogIndex) {
        self.effects.push(Effect::Truncate { before });
    }

    /// Where the log that `start` was given begins: the index of its first record.
    pub const fn log_start(&self) -> LogIndex {
        self.log_start
    }

    /// The last record that was appended.
    pub const fn log_end(&self) -> LogIndex {
        self.log_end
    }

    /// What became of the disk before this start.
    pub const fn disk_state(&self) -> DiskState {
        self.disk_state
    }

    /// Marks that execution came here: counted, and plans can wait for it.
    pub fn reached(&mut self, label: &'static str) {
        self.effects.push(Effect::Reached { label });
    }

    /// True now and then, where the run's seed has switched this site on: take the rare path.
    /// (FoundationDB's BUGGIFY.)
    pub fn buggify(&mut self, label: &'static str) -> bool {
        let fires = self.buggify.site_is_on(label) && self.stream.chance(self.buggify.fires);
        if fires {
            self.buggify.fired += 1;
            self.reached(label);
        }
        fires
    }

    /// Gives up: the process crashes when this reaction is over and is restarted later.
    pub fn crash(&mut self) {
        self.effects.push(Effect::Crash);
    }
}

/// Which `buggify` sites are on in this run, and how often those fire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Buggify {
    pub(crate) seed: u64,
    /// The share of sites that are on.
    pub(crate) sites: Probability,
    /// How often a site that is on fires.
    pub(crate) fires: Probability,
    /// How often sites have fired in this reaction.
    pub(crate) fired: u32,
}

impl Buggify {
    fn site_is_on(self, label: &'static str) -> bool {
        self.sites > Probability::NEVER && self.sites.covers(mix(key(self.seed, label, 0)))
    }
}
