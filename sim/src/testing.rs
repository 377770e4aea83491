//! One reaction of one process at a time, and exactly the effects it asks for: what a protocol's own
//! tests are made of. The clock is perfect and moves only when told; no effect is carried out.

use crate::{
    clock::{Clock, ClockModel},
    context::{Buggify, Context, Effect},
    disk::DiskState,
    id::{CallId, LogIndex, NodeId},
    process::{Membership, Process},
    stream::Stream,
    time::{Span, Time},
};

/// A node without a world: reactions run on it one by one.
#[derive(Clone, Debug)]
pub struct React {
    node: NodeId,
    nodes: u32,
    clock: Clock,
    at: Time,
    log_start: LogIndex,
    log_end: LogIndex,
    disk_state: DiskState,
    stream: Stream,
}

impl React {
    /// Node `node` of a cluster of `nodes`, at time zero, with an empty disk.
    pub fn new(node: NodeId, nodes: u32) -> React {
        let model = ClockModel {
            offset_max: Span::ZERO,
            drift_ppm_max: 0,
            uncertainty: Span::ZERO,
        };
        let mut stream = Stream::numbered(0, "testing", u64::from(node.0));
        React {
            node,
            nodes,
            clock: Clock::drawn(&model, &mut stream),
            at: Time::ZERO,
            log_start: LogIndex(1),
            log_end: LogIndex(0),
            disk_state: DiskState::Fresh,
            stream,
        }
    }

    /// What its monotonic clock shows.
    pub const fn elapsed(&self) -> Time {
        self.at
    }

    /// Lets time pass, on both clocks.
    pub fn pass(&mut self, span: Span) {
        self.at += span;
    }

    /// Moves the wall clock alone, by so many nanoseconds; back with a minus.
    pub fn step_wall_clock(&mut self, by: i64) {
        self.clock.step(self.at, by);
    }

    /// The process begins with these records on its disk, the first of them the first ever.
    pub fn start<P: Process>(
        &mut self,
        config: &P::Config,
        disk: &[P::Record],
    ) -> (P, Vec<Effect<P>>) {
        self.log_end = LogIndex(disk.len() as u64);
        if !disk.is_empty() {
            self.disk_state = DiskState::Clean;
        }
        self.react(|ctx| P::start(config, disk, ctx))
    }

    /// A client's request comes.
    pub fn on_request<P: Process>(
        &mut self,
        process: &mut P,
        call: CallId,
        request: P::Request,
    ) -> Vec<Effect<P>> {
        self.react(|ctx| process.on_request(call, request, ctx)).1
    }

    /// A message comes.
    pub fn on_message<P: Process>(
        &mut self,
        process: &mut P,
        from: NodeId,
        message: P::Message,
    ) -> Vec<Effect<P>> {
        self.react(|ctx| process.on_message(from, message, ctx)).1
    }

    /// A timer runs out.
    pub fn on_timer<P: Process>(&mut self, process: &mut P, timer: P::Timer) -> Vec<Effect<P>> {
        self.react(|ctx| process.on_timer(timer, ctx)).1
    }

    /// All that was appended so far is durable.
    pub fn on_synced<P: Process>(&mut self, process: &mut P) -> Vec<Effect<P>> {
        let upto = self.log_end;
        self.react(|ctx| process.on_synced(upto, ctx)).1
    }

    /// An operator adds or removes a node.
    pub fn on_membership<P: Process>(
        &mut self,
        process: &mut P,
        change: Membership,
    ) -> Vec<Effect<P>> {
        self.react(|ctx| process.on_membership(change, ctx)).1
    }

    fn react<P: Process, T>(
        &mut self,
        reaction: impl FnOnce(&mut Context<'_, P>) -> T,
    ) -> (T, Vec<Effect<P>>) {
        let mut effects = Vec::new();
        let mut ctx = Context {
            node: self.node,
            nodes: self.nodes,
            clock: &self.clock,
            at: self.at,
            log_start: self.log_start,
            log_end: self.log_end,
            disk_state: self.disk_state,
            stream: &mut self.stream,
            buggify: Buggify::default(),
            effects: &mut effects,
        };
        let result = reaction(&mut ctx);
        self.log_end = ctx.log_end;
        (result, effects)
    }
}
