//! What happened, for people: the last so many entries, or all of them taken out as they come.
//!
//! Off by default; the digest over everything is kept whether or not a trace is.

use std::{collections::VecDeque, fmt};

use crate::{
    digest::Digest,
    disk::DiskState,
    id::{CallId, ClientId, LogIndex, NodeId},
    link::Dropped,
    time::Time,
};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceEntry {
    /// The run's how-manieth event, from 1.
    pub event: u64,
    /// True time.
    pub time: Time,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A message, request or response arrived.
    Delivered(Carried),
    /// It did not.
    Dropped(Carried, Dropped),
    /// A timer ran out.
    Timer {
        /// Where.
        node: NodeId,
        /// Which.
        told: String,
    },
    /// A sync completed.
    Synced {
        /// Where.
        node: NodeId,
        /// How far.
        upto: LogIndex,
    },
    /// A sync failed.
    SyncFailed {
        /// Where.
        node: NodeId,
    },
    /// A node started.
    Started {
        /// Which.
        node: NodeId,
        /// What it found on its disk.
        disk: DiskState,
    },
    /// A node crashed.
    Crashed {
        /// Which.
        node: NodeId,
        /// How many records its disk lost.
        lost: u64,
        /// Whether one of them was torn.
        torn: bool,
    },
    /// A node took up a role.
    Role {
        /// Which node.
        node: NodeId,
        /// Which role.
        role: &'static str,
    },
    /// A node reached a label.
    Reached {
        /// Which node.
        node: NodeId,
        /// Which label.
        label: &'static str,
    },
    /// A client made a call.
    Invoked {
        /// Who.
        client: ClientId,
        /// Which.
        call: CallId,
        /// What was asked.
        told: String,
    },
    /// A call ended.
    Ended {
        /// Who.
        client: ClientId,
        /// Which.
        call: CallId,
        /// `ok`, `fail` or `info`, and what came back.
        told: String,
    },
    /// A fault began.
    Began {
        /// Its place in the plan.
        fault: usize,
        /// In words.
        told: String,
    },
    /// A fault ended.
    Over {
        /// Its place in the plan.
        fault: usize,
    },
    /// Every fault is over and every node is up.
    Healed,
}

impl What {
    /// The node it happened at, where it happened at one.
    pub const fn node(&self) -> Option<NodeId> {
        match self {
            What::Delivered(carried) | What::Dropped(carried, _) => Some(carried.to),
            What::Timer { node, .. }
            | What::Synced { node, .. }
            | What::SyncFailed { node }
            | What::Started { node, .. }
            | What::Crashed { node, .. }
            | What::Role { node, .. }
            | What::Reached { node, .. } => Some(*node),
            What::Invoked { .. }
            | What::Ended { .. }
            | What::Began { .. }
            | What::Over { .. }
            | What::Healed => None,
        }
    }
}

/// What was under way from one place to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// Where it left.
    pub from: NodeId,
    /// Where it was meant for.
    pub to: NodeId,
    /// When it left.
    pub sent: Time,
    /// The message's kind, or `request` or `response`.
    pub kind: &'static str,
    /// All of it.
    pub told: String,
}

impl fmt::Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} -> {} {} (sent {})",
            self.from, self.to, self.told, self.sent
        )
    }
}

impl fmt::Display for TraceEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>8} {:>14}  ", self.event, self.time.to_string())?;
        match &self.what {
            What::Delivered(carried) => write!(f, "deliver  {carried}"),
            What::Dropped(carried, why) => write!(f, "drop     {carried} by {}", <&str>::from(why)),
            What::Timer { node, told } => write!(f, "timer    {node} {told}"),
            What::Synced { node, upto } => write!(f, "synced   {node} up to {}", upto.0),
            What::SyncFailed { node } => write!(f, "synced   {node} failed"),
            What::Started { node, disk } => write!(f, "start    {node} disk {disk:?}"),
            What::Crashed { node, lost, torn } => {
                write!(
                    f,
                    "crash    {node} lost {lost} records{}",
                    if *torn { ", one torn" } else { "" }
                )
            }
            What::Role { node, role } => write!(f, "role     {node} {role}"),
            What::Reached { node, label } => write!(f, "reached  {node} {label}"),
            What::Invoked { client, call, told } => {
                write!(f, "invoke   {client} call {} {told}", call.number)
            }
            What::Ended { client, call, told } => {
                write!(f, "end      {client} call {} {told}", call.number)
            }
            What::Began { fault, told } => write!(f, "fault    {fault} begins: {told}"),
            What::Over { fault } => write!(f, "fault    {fault} is over"),
            What::Healed => write!(f, "heal     every fault is over"),
        }
    }
}

/// The last entries, up to a bound. [`Trace::drain`] takes them out, for streaming.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    most: usize,
    entries: VecDeque<TraceEntry>,
    forgotten: u64,
    /// The digest before each event of the step that is going on.
    marks: Vec<(u64, Digest)>,
}

impl Trace {
    /// Keeps up to so many entries from now on; none switches the trace off.
    pub fn keep(&mut self, most: usize) {
        self.most = most;
    }

    /// Whether anything is kept.
    #[inline]
    pub const fn is_on(&self) -> bool {
        self.most > 0
    }

    pub(crate) fn push(&mut self, entry: TraceEntry) {
        if self.entries.len() >= self.most {
            self.entries.pop_front();
            self.forgotten += 1;
        }
        self.entries.push_back(entry);
    }

    #[cold]
    pub(crate) fn mark(&mut self, events: u64, digest: Digest) {
        self.marks.push((events, digest));
    }

    #[inline]
    pub(crate) fn forget_marks(&mut self) {
        self.marks.clear();
    }

    /// The digest before each event of the last step, by the number of events before it.
    pub(crate) fn marks(&self) -> &[(u64, Digest)] {
        &self.marks
    }

    /// The entries that are kept, oldest first.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &TraceEntry> + ExactSizeIterator {
        self.entries.iter()
    }

    /// Takes the entries out, oldest first.
    pub fn drain(&mut self) -> impl Iterator<Item = TraceEntry> + '_ {
        self.entries.drain(..)
    }

    /// How many entries fell out at the far end.
    pub const fn forgotten(&self) -> u64 {
        self.forgotten
    }
}
