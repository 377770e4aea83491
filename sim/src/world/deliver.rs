//! What arrives, and what does not: cut, clogged, corrupt, or too late for whom it was meant.

use super::{Kind, Packet, Parcel, World, node::Work, notes::carried};
use crate::{id::NodeId, link::Dropped, process::Process, trace::What};

impl<P: Process> World<P> {
    #[inline(always)]
    pub(super) fn deliver(&mut self, parcel: Parcel<P>) -> Option<NodeId> {
        let (from, to) = (parcel.from, parcel.to);
        if self.faults.touch(from, to) && from != to {
            if let Some(fault) = self.faults.clogged(from, to) {
                self.happens(Kind::Held, to.0);
                self.digest.fold(u64::from(from.0));
                self.faults.hold(fault, parcel);
                return None;
            }
            if let Some(fault) = self.faults.cut(from, to) {
                self.faults.hit(fault);
                self.drop_parcel(&parcel, Dropped::Partition);
                return None;
            }
        }
        if parcel.corrupt {
            self.drop_parcel(&parcel, Dropped::Corrupt);
            return None;
        }
        if to.index() < self.nodes.len() && !self.is_there(&parcel) {
            self.drop_parcel(&parcel, Dropped::Crash);
            return None;
        }
        self.stats.delivered += 1;
        self.happens(parcel.packet.event_kind(), to.0);
        self.fold_parcel(&parcel);
        self.note_if_loud(|| What::Delivered(carried(&parcel)));
        match parcel.packet {
            Packet::Message(message) if self.nodes[to.index()].is_idle(self.now) => {
                self.react_with(to, |process, ctx| process.on_message(from, message, ctx));
            }
            Packet::Message(message) => self.line_up(to, Work::Message { from, message }),
            Packet::Request { call, request } => self.offer(to, Work::Request { call, request }),
            Packet::Response { call, reply } => {
                self.answer(from, call, reply);
                return None;
            }
        }
        Some(to)
    }

    /// Whether the node that a parcel is meant for is up; what a node sends to itself goes with it
    /// when it crashes.
    #[inline(always)]
    pub(super) fn is_there(&self, parcel: &Parcel<P>) -> bool {
        let to = parcel.to.index();
        let of_this_life = parcel.from != parcel.to || parcel.sent >= self.nodes[to].started;
        self.processes[to].is_some() && of_this_life
    }

    pub(super) fn drop_parcel(&mut self, parcel: &Parcel<P>, why: Dropped) {
        self.happens(Kind::Dropped, parcel.to.0);
        self.digest.fold(why as u64);
        self.fold_parcel(parcel);
        self.stats.dropped += 1;
        self.note_if_loud(|| What::Dropped(carried(parcel), why));
    }

    /// Folds in who sent it and what it holds.
    #[inline(always)]
    pub(super) fn fold_parcel(&mut self, parcel: &Parcel<P>) {
        self.digest.fold(u64::from(parcel.from.0));
        match &parcel.packet {
            Packet::Message(message) => self.digest.fold_hash(message),
            Packet::Request { call, request } => self.digest.fold_hash(&(call, request)),
            Packet::Response { call, reply } => self.digest.fold_hash(&(call, reply)),
        }
    }
}
