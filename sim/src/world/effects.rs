//! Carrying out what a process asked for, in the order it asked.

use super::{Event, Kind, Packet, Parcel, World, node::TimerSlot};
use crate::{
    context::Effect,
    disk::DiskFate,
    id::{CallId, NodeId},
    link::{Distortion, Fate},
    process::{Message, Process, Reply},
    time::{Span, Time},
    trace::What,
};

/// Bytes that every packet costs besides its content.
const HEADER_BYTES: u64 = 40;

impl<P: Process> World<P> {
    /// Empties `effects`. What leaves the node leaves at `departs`, when its CPU is done.
    pub(super) fn carry_out(&mut self, id: NodeId, departs: Time, effects: &mut Vec<Effect<P>>) {
        let mut gives_up = false;
        for effect in effects.drain(..) {
            match effect {
                Effect::Send { to, message } => {
                    self.post(id, to, departs, Packet::Message(message));
                }
                Effect::Reply { call, reply } => self.answer_call(id, call, reply, departs),
                Effect::SetTimer { timer, after } => self.set_timer(id, timer, after, departs),
                Effect::CancelTimer { timer } => self.nodes[id.index()]
                    .timers
                    .retain(|slot| slot.timer != timer),
                Effect::Append { record } => {
                    self.stats.appends += 1;
                    self.nodes[id.index()].disk.append(record);
                }
                Effect::Sync => self.sync(id, departs),
                Effect::Truncate { before } => self.nodes[id.index()].disk.truncate(before),
                Effect::Reached { label } => self.reach(id, label),
                Effect::Crash => gives_up = true,
            }
        }
        if self.loud {
            self.note_role(id);
        }
        if gives_up && self.crash(id, DiskFate::Drawn) {
            let restart = self.setup.cluster.settings().restart;
            self.queue
                .push(self.now + restart, Event::Start { node: id });
        }
    }

    fn answer_call(&mut self, id: NodeId, call: CallId, reply: Reply<P::Response>, departs: Time) {
        let client = NodeId(self.setup.cluster.servers() + call.client.0);
        self.post(id, client, departs, Packet::Response { call, reply });
    }

    /// Sends something on its way. What a node sends to itself does not touch the network.
    #[inline(always)]
    pub(super) fn post(&mut self, from: NodeId, to: NodeId, departs: Time, packet: Packet<P>) {
        let mut parcel = Parcel {
            from,
            to,
            sent: departs,
            corrupt: false,
            packet,
        };
        let at = if from == to {
            parcel.sent = self.now;
            departs
        } else {
            match parcel.packet {
                Packet::Message(_) => self.stats.messages += 1,
                _ => self.stats.client_messages += 1,
            }
            if self.faults.watch_messages() {
                self.set_off_by_message(parcel.packet.kind());
            }
            let network = &self.setup.cluster.network;
            let model = network.model(from, to);
            if !model.plain || !network.kinds.is_empty() || self.faults.touch(from, to) {
                return self.post_through(departs, parcel);
            }
            self.links.send_plain((from, to), departs, &model.latency)
        };
        self.queue.push(at, Event::Deliver(parcel));
    }

    /// Sends something on a link where more than its latency may happen to it.
    #[inline(never)]
    fn post_through(&mut self, departs: Time, mut parcel: Parcel<P>) {
        let (from, to, kind) = (parcel.from, parcel.to, parcel.packet.kind());
        let between_nodes = matches!(parcel.packet, Packet::Message(_));
        let plan = &self.setup.plan;
        let mut distortion = Distortion::default();
        if self.faults.touch(from, to) {
            match self.faults.distort((from, to), kind, between_nodes, plan) {
                Ok(found) => distortion = found,
                Err((fault, why)) => {
                    self.faults.hit(fault);
                    self.links.pass_over((from, to));
                    return self.drop_parcel(&parcel, why);
                }
            }
        }
        let network = &self.setup.cluster.network;
        let named = network.kinds.iter().find(|(name, _)| name == kind);
        let fate = self.links.send(
            (from, to),
            departs,
            network.model(from, to),
            named.map(|(_, sampler)| sampler),
            &distortion,
            || parcel.packet.bytes(),
        );
        if distortion != Distortion::default() {
            self.faults
                .attribute((from, to), &fate, between_nodes, plan);
        }
        match fate {
            Fate::Dropped(why) => self.drop_parcel(&parcel, why),
            Fate::Arrives {
                at, again, corrupt, ..
            } => {
                // Clients' calls travel over sessions, which never double anything.
                if let Some(again) = again.filter(|_| between_nodes) {
                    self.stats.duplicated += 1;
                    self.queue.push(again, Event::Deliver(parcel.clone()));
                }
                parcel.corrupt = corrupt;
                self.queue.push(at, Event::Deliver(parcel));
            }
        }
    }

    fn set_timer(&mut self, id: NodeId, timer: P::Timer, after: Span, from: Time) {
        let node = &mut self.nodes[id.index()];
        let deadline = node.clock.read(from).monotonic + after;
        let due = node.clock.when_monotonic(deadline);
        let number = node.next_timer;
        match node.timers.iter_mut().find(|slot| slot.timer == timer) {
            // The event that is queued will see that the timer was moved, and go on to its new time.
            Some(slot) if slot.queued <= due && slot.queued != Time::NEVER => {
                slot.deadline = deadline;
            }
            // It gets a new number, so that an input of the old one that waits in line is void.
            Some(slot) => {
                *slot = TimerSlot {
                    timer,
                    number,
                    deadline,
                    queued: due,
                };
                node.next_timer += 1;
                if due < Time::NEVER {
                    self.queue.push(due, Event::Timer { node: id, number });
                }
            }
            None => {
                node.timers.push(TimerSlot {
                    timer,
                    number,
                    deadline,
                    queued: due,
                });
                node.next_timer += 1;
                if due < Time::NEVER {
                    self.queue.push(due, Event::Timer { node: id, number });
                }
            }
        }
    }

    fn sync(&mut self, id: NodeId, from: Time) {
        self.stats.syncs += 1;
        let node = &mut self.nodes[id.index()];
        let mut takes = self.setup.cluster.sync.sample(node.disk_stream.bits());
        if let Some(slow) = node.disk_slow {
            takes = takes * u64::from(slow.value);
            self.faults.hit(slow.by);
        }
        let done = node.disk_busy_until.max(from) + takes;
        node.disk_busy_until = done;
        let (epoch, upto) = (node.disk_epoch, node.disk.end());
        self.queue.push(
            done,
            Event::Synced {
                node: id,
                epoch,
                upto,
            },
        );
    }

    fn reach(&mut self, id: NodeId, label: &'static str) {
        let times = match self.reached.iter_mut().find(|(known, _)| *known == label) {
            Some((_, times)) => {
                *times += 1;
                *times
            }
            None => {
                self.reached.push((label, 1));
                1
            }
        };
        self.note_if_loud(|| What::Reached { node: id, label });
        self.set_off_by_label(label, times);
    }

    fn note_role(&mut self, id: NodeId) {
        let Some(process) = &self.processes[id.index()] else {
            return;
        };
        let role = process.role().0;
        if self.nodes[id.index()].role != role {
            self.nodes[id.index()].role = role;
            self.note(What::Role { node: id, role });
        }
    }

    /// After a change of a node's rate: every timer gets an event at its new time.
    pub(super) fn requeue_timers(&mut self, id: NodeId) {
        let node = &mut self.nodes[id.index()];
        for slot in &mut node.timers {
            let due = node.clock.when_monotonic(slot.deadline).max(self.now);
            // One that has run out and waits in line for the CPU has nothing queued and is due.
            if due < slot.queued && (slot.queued != Time::NEVER || due > self.now) {
                slot.number = node.next_timer;
                node.next_timer += 1;
                slot.queued = due;
                self.queue.push(
                    due,
                    Event::Timer {
                        node: id,
                        number: slot.number,
                    },
                );
            }
        }
    }
}

impl<P: Process> Packet<P> {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Packet::Message(message) => message.kind(),
            Packet::Request { .. } => "request",
            Packet::Response { .. } => "response",
        }
    }

    /// As the digest tells it apart.
    pub(super) fn event_kind(&self) -> Kind {
        match self {
            Packet::Message(_) => Kind::Message,
            Packet::Request { .. } => Kind::Request,
            Packet::Response { .. } => Kind::Response,
        }
    }

    /// How many bytes it takes on a link.
    fn bytes(&self) -> u64 {
        let content = match self {
            Packet::Message(message) => size(message),
            Packet::Request { request, .. } => size(request),
            Packet::Response { reply, .. } => size(reply),
        };
        HEADER_BYTES + content
    }
}

fn size(content: &impl serde::Serialize) -> u64 {
    let counter = postcard::ser_flavors::Size::default();
    postcard::serialize_with_flavor(content, counter).expect("counting bytes cannot fail") as u64
}
