//! Being the sequencer, and becoming it: promises, the latest order of a majority, and what every
//! member has of the epoch's order.

use std::collections::BTreeMap;

use murphy_sim::{Context, NodeId, Reply};

use super::{
    Message, Mutant, Ordered, Record, Timer,
    replica::{AfterSync, Sequencer},
};
use crate::{service::events::Response, shared::log::Epoch};

/// What the sequencer knows of the others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Lead {
    /// How long the order was that the epoch began with.
    base: u64,
    /// How much of the epoch's order each node has on disk.
    written: BTreeMap<NodeId, u64>,
    /// From where on each node is to be told next.
    told: BTreeMap<NodeId, u64>,
}

/// What a node that takes over has been promised.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Bid {
    epoch: Epoch,
    promises: BTreeMap<NodeId, Promised>,
}

/// Somebody's order, when it promised.
type Promised = (Epoch, Vec<Ordered>, u64);

impl Sequencer {
    /// Tells every other node what it was not told yet.
    pub(super) fn tell_all(&mut self, ctx: &mut Context<Self>) {
        for member in ctx.others() {
            self.tell(member, ctx);
        }
    }

    fn tell(&mut self, member: NodeId, ctx: &mut Context<Self>) {
        let (epoch, stable) = (self.promised, self.order.stable());
        let length = self.order.length();
        let Some(lead) = &mut self.lead else { return };
        let from = lead.told.insert(member, length).unwrap_or(stable);
        ctx.send(
            member,
            Message::Order {
                epoch,
                base: lead.base,
                from,
                events: self.order.from(from).to_vec(),
                stable,
            },
        );
    }

    pub(super) fn heartbeat(&mut self, ctx: &mut Context<Self>) {
        let Some(lead) = &mut self.lead else { return };
        // What nobody has answered was perhaps lost on the way.
        for member in ctx.others() {
            let (written, told) = (lead.written.get(&member), lead.told.get_mut(&member));
            if let (Some(written), Some(told)) = (written, told)
                && written < told
            {
                *told = *written;
                ctx.reached("told-again");
            } else if written.is_none() {
                lead.told.remove(&member);
            }
        }
        self.tell_all(ctx);
        ctx.set_timer(Timer::Heartbeat, self.config.heartbeat);
    }

    pub(super) fn on_missing(
        &mut self,
        from: NodeId,
        epoch: Epoch,
        length: u64,
        ctx: &mut Context<Self>,
    ) {
        if epoch != self.promised {
            return;
        }
        if let Some(lead) = &mut self.lead {
            lead.told.insert(from, length.min(self.order.length()));
            self.tell(from, ctx);
        }
    }

    pub(super) fn on_written(
        &mut self,
        from: NodeId,
        epoch: Epoch,
        length: u64,
        ctx: &mut Context<Self>,
    ) {
        if epoch != self.promised {
            return;
        }
        let Some(lead) = &mut self.lead else { return };
        let written = lead.written.entry(from).or_default();
        *written = length.max(*written);
        let mut lengths: Vec<u64> = lead.written.values().copied().collect();
        lengths.sort_unstable_by(|a, b| b.cmp(a));
        let Some(stable) = lengths.get(self.config.majority() - 1) else {
            return;
        };
        let before = self.order.stable();
        self.order.settle(*stable);
        for ordered in &self.order.delivered()[before as usize..] {
            for call in self.waiting.remove(&ordered.event).into_iter().flatten() {
                ctx.reply(call, Reply::Ok(Response::Published));
            }
        }
    }

    /// The sequencer was not heard from for too long.
    pub(super) fn lose_patience(&mut self, ctx: &mut Context<Self>) {
        if self.lead.is_some() {
            return;
        }
        ctx.reached("lost-patience");
        let epoch = self.config.next_of(self.node, self.promised);
        self.step_down();
        self.promised = epoch;
        self.bid = Some(Bid {
            epoch,
            promises: BTreeMap::new(),
        });
        self.force(Record::Promised(epoch), AfterSync::TakeOver(epoch), ctx);
        self.be_patient(ctx);
    }

    /// Its own promise is durable: now it may have those of others.
    pub(super) fn ask_for_promises(&mut self, epoch: Epoch, ctx: &mut Context<Self>) {
        if self.bid.as_ref().is_some_and(|bid| bid.epoch == epoch) {
            ctx.broadcast(&Message::TakeOver { epoch });
            let mine = self.promise();
            self.on_promise(self.node, epoch, mine, ctx);
        }
    }

    fn promise(&self) -> Promised {
        let order = &self.order;
        (order.written_in(), order.events().to_vec(), order.stable())
    }

    pub(super) fn on_take_over(&mut self, from: NodeId, epoch: Epoch, ctx: &mut Context<Self>) {
        if epoch <= self.promised {
            return; // A promise that was lost is asked for again in a later epoch.
        }
        self.step_down();
        self.promised = epoch;
        self.be_patient(ctx);
        let then = AfterSync::Promise(from, epoch);
        self.force(Record::Promised(epoch), then, ctx);
    }

    pub(super) fn give_promise(&self, to: NodeId, epoch: Epoch, ctx: &mut Context<Self>) {
        if epoch == self.promised {
            let (written_in, events, stable) = self.promise();
            ctx.send(
                to,
                Message::Promise {
                    epoch,
                    written_in,
                    events,
                    stable,
                },
            );
        }
    }

    pub(super) fn on_promise(
        &mut self,
        from: NodeId,
        epoch: Epoch,
        promised: Promised,
        ctx: &mut Context<Self>,
    ) {
        let Some(bid) = self.bid.as_mut().filter(|bid| bid.epoch == epoch) else {
            return;
        };
        bid.promises.insert(from, promised);
        if bid.promises.len() >= self.config.majority() {
            let bid = self.bid.take().expect("it is there");
            self.take_over(bid, ctx);
        }
    }

    /// Goes on from the longest order of the latest epoch (VRR section 4.2, step 3).
    fn take_over(&mut self, bid: Bid, ctx: &mut Context<Self>) {
        let stable = bid.promises.values().map(|(.., stable)| *stable).max();
        let own_only = self.config.has(Mutant::SequencerReusesNumbersAfterFailover);
        let best = bid
            .promises
            .into_iter()
            .filter(|(node, _)| !own_only || *node == self.node)
            .max_by_key(|(node, (written_in, events, _))| {
                (*written_in, events.len(), *node == self.node)
            });
        let (node, (_, events, _)) = best.expect("its own promise is one of them");
        ctx.reached("took-over");
        if node != self.node {
            ctx.reached("adopted");
        }
        let here = self.order.stable();
        if self.order.begin(bid.epoch, here) && node != self.node {
            ctx.reached("void-tail");
        }
        self.order
            .extend(events.get(here as usize..).unwrap_or_default());
        self.write_order(here, ctx);
        self.order.settle(stable.unwrap_or(0));
        self.lead = Some(Lead {
            base: self.order.length(),
            written: BTreeMap::new(),
            told: BTreeMap::new(),
        });
        ctx.cancel_timer(Timer::Patience);
        self.heartbeat(ctx);
    }
}
