//! A node: it orders events while it is the sequencer, and follows the sequencer's order otherwise.
//!
//! Save, sync, then answer: for an event to the client, for its place to the sequencer, and for a
//! promise to whoever takes over.

use std::collections::{BTreeMap, VecDeque};

use murphy_sim::{CallId, Context, LogIndex, NodeId, Reply, Time};

use super::{
    Config, Message, Mutant, Ordered, Record, Timer,
    failover::{Bid, Lead},
    order::Order,
};
use crate::{
    service::events::{self, EventId, Key, Response},
    shared::group_commit::GroupCommit,
    shared::log::Epoch,
};

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sequencer {
    pub(super) config: Config,
    pub(super) node: NodeId,
    /// When it started, by its monotonic clock: tells one life from the next.
    since: Time,
    /// No earlier epoch is listened to.
    pub(super) promised: Epoch,
    pub(super) order: Order,
    /// What it knows of the others while it is the sequencer.
    pub(super) lead: Option<Lead>,
    /// The promises it has while it wants to be.
    pub(super) bid: Option<Bid>,
    /// Calls that wait for their event to be stable.
    pub(super) waiting: BTreeMap<EventId, Vec<CallId>>,
    after_sync: VecDeque<(LogIndex, AfterSync)>,
    commits: GroupCommit,
}

/// What is to be done when a record is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum AfterSync {
    /// So much of the epoch's order is on disk.
    Written(Epoch, u64),
    /// The bid for an epoch can be made known.
    TakeOver(Epoch),
    /// A promise can be given.
    Promise(NodeId, Epoch),
}

impl Sequencer {
    pub(super) fn restore(config: Config, disk: &[Record], ctx: &mut Context<Self>) -> Sequencer {
        let (mut order, mut promised) = (Order::default(), Epoch(0));
        for record in disk {
            order.replay(record);
            let (Record::Promised(epoch) | Record::Order { epoch, .. }) = record;
            promised = promised.max(*epoch);
        }
        if !disk.is_empty() {
            ctx.reached("resumed");
        }
        let node = Sequencer {
            config,
            node: ctx.node(),
            since: ctx.elapsed(),
            promised,
            order,
            lead: None,
            bid: None,
            waiting: BTreeMap::new(),
            after_sync: VecDeque::new(),
            commits: GroupCommit::default(),
        };
        node.be_patient(ctx);
        node
    }

    pub(super) fn publish(&mut self, call: CallId, ordered: Ordered, ctx: &mut Context<Self>) {
        if self.lead.is_none() {
            let sequencer = self.config.sequencer(self.promised);
            let elsewhere = (sequencer != self.node).then_some(sequencer);
            return ctx.reply(call, Reply::Redirect(elsewhere));
        }
        if self.order.has_stable(ordered.event) {
            ctx.reached("published-again");
            return ctx.reply(call, Reply::Ok(Response::Published));
        }
        self.waiting.entry(ordered.event).or_default().push(call);
        if !self.order.has(ordered.event) {
            let from = self.order.length();
            self.order.extend(&[ordered]);
            self.write_order(from, ctx);
            self.tell_all(ctx);
            ctx.reached("ordered");
        }
    }

    /// Writes down the order from a place on.
    pub(super) fn write_order(&mut self, from: u64, ctx: &mut Context<Self>) {
        let record = Record::Order {
            epoch: self.order.written_in(),
            from,
            events: self.order.from(from).to_vec(),
            stable: self.order.stable(),
        };
        let then = AfterSync::Written(self.order.written_in(), self.order.length());
        self.force(record, then, ctx);
    }

    pub(super) fn force(&mut self, record: Record, then: AfterSync, ctx: &mut Context<Self>) {
        let index = ctx.append(record);
        self.after_sync.push_back((index, then));
        self.commits.written(ctx);
    }

    pub(super) fn synced(&mut self, upto: LogIndex, ctx: &mut Context<Self>) {
        self.commits.synced(ctx);
        while let Some((index, then)) = self.after_sync.front().copied() {
            if index > upto {
                break;
            }
            self.after_sync.pop_front();
            match then {
                AfterSync::Written(epoch, length) => self.have_written(epoch, length, ctx),
                AfterSync::TakeOver(epoch) => self.ask_for_promises(epoch, ctx),
                AfterSync::Promise(to, epoch) => self.give_promise(to, epoch, ctx),
            }
        }
    }

    fn have_written(&mut self, epoch: Epoch, length: u64, ctx: &mut Context<Self>) {
        if epoch != self.promised {
            return; // Overruled meanwhile.
        }
        if self.lead.is_some() {
            if self.config.has(Mutant::SequencerAcknowledgesAlone) {
                for call in std::mem::take(&mut self.waiting).into_values().flatten() {
                    ctx.reply(call, Reply::Ok(Response::Published));
                }
            }
            return self.on_written(self.node, epoch, length, ctx);
        }
        ctx.send(
            self.config.sequencer(epoch),
            Message::Written { epoch, length },
        );
    }

    /// The sequencer's order, or a part of it.
    pub(super) fn on_order(
        &mut self,
        from: NodeId,
        (epoch, base): (Epoch, u64),
        (place, events): (u64, Vec<Ordered>),
        stable: u64,
        ctx: &mut Context<Self>,
    ) {
        if epoch < self.promised {
            return; // Of a sequencer that was overruled.
        }
        self.be_patient(ctx);
        let reaches = place + events.len() as u64;
        let begins = self.order.written_in() < epoch;
        let here = match begins {
            // The whole order that the epoch began with, or nothing: a part of it would pass for
            // more than an older order that has more (VRR section 4.2, StartView).
            true if place > self.order.stable() || reaches < base => {
                let length = self.order.stable();
                return ctx.send(from, Message::Missing { epoch, length });
            }
            true => self.order.stable(),
            false => self.order.length(),
        };
        if place > here {
            return ctx.send(
                from,
                Message::Missing {
                    epoch,
                    length: here,
                },
            );
        }
        if begins {
            self.step_down();
            self.promised = epoch;
            if self.order.begin(epoch, here) {
                ctx.reached("void-tail");
            }
        }
        let new = events.get((here - place) as usize..).unwrap_or_default();
        self.order.extend(new);
        if begins || !new.is_empty() {
            self.write_order(here, ctx);
        }
        self.order.settle(stable);
        let is_durable = self.after_sync.is_empty();
        if is_durable || self.config.has(Mutant::SequencerWrittenBeforeSync) {
            let length = self.order.length();
            ctx.send(from, Message::Written { epoch, length });
        }
    }

    /// It is not the sequencer any more, and does not want to be.
    pub(super) fn step_down(&mut self) {
        self.lead = None;
        self.bid = None;
        self.waiting.clear();
    }

    /// Waits for a sign of life from the sequencer.
    pub(super) fn be_patient(&self, ctx: &mut Context<Self>) {
        let patience = self.config.patience;
        let span = ctx.rng().span(patience, patience * 2);
        ctx.set_timer(Timer::Patience, span);
    }

    pub(super) fn delivered_under(&self, key: Key) -> Vec<EventId> {
        let under = self.delivered().iter().filter(|ordered| ordered.key == key);
        under.map(|ordered| ordered.event).collect()
    }

    pub(super) fn shown(&self) -> events::View {
        let mut view = events::View::new();
        for ordered in self.delivered() {
            view.entry(ordered.key).or_default().push(ordered.event);
        }
        view
    }

    pub(super) fn is_settled(&self) -> bool {
        self.after_sync.is_empty() && self.order.stable() == self.order.length()
    }

    /// What readers see, in the order that is the same everywhere.
    pub fn delivered(&self) -> &[Ordered] {
        self.order.delivered()
    }

    /// Whether it puts events in order.
    pub const fn is_sequencer(&self) -> bool {
        self.lead.is_some()
    }

    /// The epoch before which it listens to nobody.
    pub const fn promised(&self) -> Epoch {
        self.promised
    }

    /// When it started, by its monotonic clock.
    pub const fn since(&self) -> Time {
        self.since
    }
}
