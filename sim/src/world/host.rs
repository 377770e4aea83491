//! A world without its own loop: what another loop needs that brings the world's events about by its
//! own means and at its own times.

use super::{Event, Step, World};
use crate::{id::NodeId, process::Process, time::Time};

impl<P: Process> World<P> {
    /// What has been scheduled since the last time, for the other loop to bring about.
    pub(crate) fn take_scheduled(&mut self) -> Vec<(Time, Event<P>)> {
        std::iter::from_fn(|| self.queue.pop()).collect()
    }

    /// Something happens now, whenever it was scheduled for.
    pub(crate) fn happen_now(&mut self, now: Time, event: Event<P>) -> Step {
        assert!(
            now >= self.now,
            "time runs forward: {now} after {}",
            self.now
        );
        if let Event::Free { node } = event {
            // The other loop comes somewhat after the moment at which the CPU was free.
            let wakes_at = &mut self.nodes[node.index()].wakes_at;
            if *wakes_at <= now {
                *wakes_at = now;
            }
        }
        self.happen(now, event)
    }

    /// Whether a partition cuts this link.
    pub(crate) fn is_cut(&self, from: NodeId, to: NodeId) -> bool {
        self.faults.cut(from, to).is_some()
    }

    /// Whether messages of this link arrive in the order they were sent.
    pub(crate) fn keeps_order(&self, from: NodeId, to: NodeId) -> bool {
        self.setup.cluster.network.model(from, to).fifo
    }

    /// Whether any fault touches the network.
    pub(crate) const fn has_network_faults(&self) -> bool {
        self.faults.touch_network()
    }

    /// Whether this node or client is up.
    pub(crate) fn is_up(&self, place: NodeId) -> bool {
        self.processes
            .get(place.index())
            .is_none_or(Option::is_some)
    }
}
