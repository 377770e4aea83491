//! One node's order: the events in their places, in which epoch they were written, and how many of
//! them are stable. Pure: knows no node, no message and no disk.

use std::collections::BTreeSet;

use super::{Ordered, Record};
use crate::{service::events::EventId, shared::log::Epoch};

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Order {
    events: Vec<Ordered>,
    known: BTreeSet<EventId>,
    /// The epoch whose sequencer has written here last.
    written_in: Epoch,
    stable: u64,
}

impl Order {
    /// Does what a record of the disk says.
    pub(super) fn replay(&mut self, record: &Record) {
        if let Record::Order {
            epoch,
            from,
            events,
            stable,
        } = record
        {
            self.cut(*from);
            self.extend(events);
            self.written_in = *epoch;
            self.settle(*stable);
        }
    }

    /// What is written from here on is of this epoch; what stands after the first `from` is void.
    /// Says whether anything was.
    pub(super) fn begin(&mut self, epoch: Epoch, from: u64) -> bool {
        assert!(epoch > self.written_in, "epochs of an order rise");
        assert!(from >= self.stable, "what is stable is never void");
        self.written_in = epoch;
        self.cut(from)
    }

    pub(super) fn extend(&mut self, events: &[Ordered]) {
        self.known
            .extend(events.iter().map(|ordered| ordered.event));
        self.events.extend_from_slice(events);
    }

    fn cut(&mut self, from: u64) -> bool {
        let void = self.events.split_off(self.events.len().min(from as usize));
        for ordered in &void {
            self.known.remove(&ordered.event);
        }
        !void.is_empty()
    }

    /// So many are stable, as far as they are here.
    pub(super) fn settle(&mut self, stable: u64) {
        self.stable = self.stable.max(stable.min(self.length()));
    }

    pub(super) const fn length(&self) -> u64 {
        self.events.len() as u64
    }

    pub(super) const fn written_in(&self) -> Epoch {
        self.written_in
    }

    pub(super) const fn stable(&self) -> u64 {
        self.stable
    }

    pub(super) fn has(&self, event: EventId) -> bool {
        self.known.contains(&event)
    }

    /// Whether the event is among the stable ones.
    pub(super) fn has_stable(&self, event: EventId) -> bool {
        self.has(event)
            && self
                .delivered()
                .iter()
                .any(|ordered| ordered.event == event)
    }

    pub(super) fn from(&self, place: u64) -> &[Ordered] {
        &self.events[place as usize..]
    }

    pub(super) fn delivered(&self) -> &[Ordered] {
        &self.events[..self.stable as usize]
    }

    pub(super) fn events(&self) -> &[Ordered] {
        &self.events
    }
}
