//! The machine that a process runs on: clocks, disk, CPU with its queue, timers.
//! The process itself is kept apart, in a list that invariants can read.

use std::collections::VecDeque;

use crate::{
    clock::{Clock, ClockModel},
    disk::Disk,
    id::{CallId, LogIndex, NodeId},
    process::{Membership, Process},
    stream::Stream,
    time::{Span, Time},
};

/// One input of a process.
#[derive(Clone, Debug)]
pub(super) enum Work<P: Process> {
    Message {
        from: NodeId,
        message: P::Message,
    },
    Request {
        call: CallId,
        request: P::Request,
    },
    /// By the timer's number; it may have been cancelled while it waited in line.
    Timer {
        number: u64,
    },
    Synced {
        upto: LogIndex,
    },
    SyncFailed,
    Membership(Membership),
}

/// A timer that is set.
#[derive(Clone, Debug)]
pub(super) struct TimerSlot<T> {
    pub(super) timer: T,
    pub(super) number: u64,
    /// By the node's monotonic clock.
    pub(super) deadline: Time,
    /// True time of the event in the world's queue that will look at it; never, when there is none.
    pub(super) queued: Time,
}

/// A syndrome of a node and the fault that causes it, by its place in the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Caused<T> {
    pub(super) value: T,
    pub(super) by: usize,
}

#[derive(Clone, Debug)]
pub(super) struct Node<P: Process> {
    pub(super) clock: Clock,
    pub(super) drift_ppm: i64,
    pub(super) disk: Disk<P::Record>,
    pub(super) stream: Stream,
    /// Draws sync latencies and what a crash keeps, so that they do not move the process's draws.
    pub(super) disk_stream: Stream,
    pub(super) timers: Vec<TimerSlot<P::Timer>>,
    pub(super) next_timer: u64,
    pub(super) inbox: VecDeque<Work<P>>,
    pub(super) busy_until: Time,
    /// When an event in the world's queue will look at the inbox; never, when there is none.
    pub(super) wakes_at: Time,
    /// When it last started.
    pub(super) started: Time,
    /// It would have started, but it is paused.
    pub(super) start_waits: bool,
    /// Goes up when what was under way on the disk is void.
    pub(super) disk_epoch: u32,
    pub(super) disk_busy_until: Time,
    pub(super) held_syncs: Vec<LogIndex>,
    /// Faults that keep it down.
    pub(super) down_holds: u32,
    /// A spare that nobody has added.
    pub(super) spare: bool,
    pub(super) paused: Option<Caused<()>>,
    pub(super) slow: Option<Caused<Span>>,
    pub(super) disk_slow: Option<Caused<u32>>,
    pub(super) disk_stalled: Option<Caused<()>>,
    pub(super) sync_fails: Option<Caused<()>>,
    pub(super) disk_full: Option<Caused<()>>,
    /// The role last seen, for the trace.
    pub(super) role: &'static str,
}

impl<P: Process> Node<P> {
    pub(super) fn new(seed: u64, id: u32, clocks: &ClockModel, spare: bool) -> Node<P> {
        let clock = Clock::drawn(clocks, &mut Stream::numbered(seed, "clock", u64::from(id)));
        Node {
            drift_ppm: clock.drift_ppm(),
            clock,
            disk: Disk::default(),
            stream: Stream::numbered(seed, "process", u64::from(id)),
            disk_stream: Stream::numbered(seed, "disk", u64::from(id)),
            timers: Vec::new(),
            next_timer: 0,
            inbox: VecDeque::new(),
            busy_until: Time::ZERO,
            wakes_at: Time::NEVER,
            started: Time::ZERO,
            start_waits: false,
            disk_epoch: 0,
            disk_busy_until: Time::ZERO,
            held_syncs: Vec::new(),
            down_holds: 0,
            spare,
            paused: None,
            slow: None,
            disk_slow: None,
            disk_stalled: None,
            sync_fails: None,
            disk_full: None,
            role: "",
        }
    }

    /// Whether an input that comes now is reacted to at once.
    #[inline]
    pub(super) fn is_idle(&self, now: Time) -> bool {
        self.paused.is_none() && self.inbox.is_empty() && self.busy_until <= now
    }

    /// What the timer of this number is to remind of, if it is still set.
    pub(super) fn take_timer(&mut self, number: u64) -> Option<P::Timer> {
        let place = self.timers.iter().position(|slot| slot.number == number)?;
        Some(self.timers.swap_remove(place).timer)
    }

    /// All that a crash takes, the disk apart.
    pub(super) fn forget(&mut self, now: Time) {
        self.timers.clear();
        self.inbox.clear();
        self.held_syncs.clear();
        self.disk_epoch += 1;
        self.disk_busy_until = now;
        self.busy_until = now;
        self.wakes_at = Time::NEVER;
    }
}
