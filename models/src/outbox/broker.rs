//! The broker: appends to a log, syncs, answers; delivers to each consumer from its offset until it
//! acknowledges.
//!
//! Kleppmann ch. 11, "Partitioned logs". It does not look at what it is sent: a publication that
//! comes twice is in the log twice. Offsets are not forced to disk by themselves: one that a crash
//! takes back means that something is delivered again.

use std::collections::VecDeque;

use murphy_sim::{Context, LogIndex, NodeId, Time};

use super::{Config, Message, Mutant, Outbox, Record, Row, Timer};
use crate::shared::group_commit::GroupCommit;

/// The broker.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Broker {
    config: Config,
    /// When it started, by its monotonic clock: tells one life from the next.
    since: Time,
    log: Vec<Row>,
    /// How many entries of the log will survive a crash.
    durable: usize,
    /// The highest position among them.
    durable_position: u64,
    /// Publications that wait to become durable.
    unsynced: VecDeque<Unsynced>,
    /// Syncs under way.
    commits: GroupCommit,
    deliveries: Vec<Delivery>,
}

/// A publication that waits to become durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Unsynced {
    /// Its last record.
    index: LogIndex,
    /// How long the log is with it.
    length: usize,
    relay: NodeId,
    /// Its last position.
    upto: u64,
}

/// What one consumer has had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Delivery {
    /// Who.
    pub consumer: NodeId,
    /// It has acknowledged everything up to this offset.
    pub offset: u64,
    /// It has been sent everything up to this offset.
    sent: u64,
    /// It has not answered when it should have.
    late: bool,
}

impl Broker {
    pub(super) fn start(config: Config, disk: &[Record], ctx: &mut Context<Outbox>) -> Broker {
        let delivery = |consumer| Delivery {
            consumer,
            offset: 0,
            sent: 0,
            late: false,
        };
        let mut broker = Broker {
            config,
            since: ctx.elapsed(),
            log: Vec::new(),
            durable: 0,
            durable_position: 0,
            unsynced: VecDeque::new(),
            commits: GroupCommit::default(),
            deliveries: config.consumers().map(delivery).collect(),
        };
        for record in disk {
            match record {
                Record::Entry(row) => broker.log.push(*row),
                Record::Offset(consumer, upto) => broker.delivery(*consumer).offset = *upto,
                _ => unreachable!("a broker writes entries and offsets only, not {record:?}"),
            }
        }
        broker.make_durable(broker.log.len());
        for delivery in &mut broker.deliveries {
            delivery.sent = delivery.offset;
        }
        broker.deliver_to_all(ctx);
        broker
    }

    fn delivery(&mut self, consumer: NodeId) -> &mut Delivery {
        let mut deliveries = self.deliveries.iter_mut();
        deliveries
            .find(|delivery| delivery.consumer == consumer)
            .expect("only consumers are delivered to")
    }

    fn make_durable(&mut self, length: usize) {
        assert!(
            self.durable <= length && length <= self.log.len(),
            "the log is synced in order"
        );
        let positions = self.log[self.durable..length]
            .iter()
            .map(|row| row.position);
        self.durable_position = positions.fold(self.durable_position, u64::max);
        self.durable = length;
    }

    pub(super) fn append(&mut self, relay: NodeId, rows: &[Row], ctx: &mut Context<Outbox>) {
        let upto = rows.last().expect("a publication holds rows").position;
        for row in rows {
            ctx.append(Record::Entry(*row));
            self.log.push(*row);
        }
        self.commits.written(ctx);
        ctx.reached("entry-written");
        self.unsynced.push_back(Unsynced {
            index: ctx.log_end(),
            length: self.log.len(),
            relay,
            upto,
        });
        if self.config.has(Mutant::BrokerAnswersBeforeSync) {
            ctx.send(relay, Message::Published { upto });
        }
    }

    pub(super) fn synced(&mut self, upto: LogIndex, ctx: &mut Context<Outbox>) {
        self.commits.synced(ctx);
        while let Some(publication) = self.unsynced.front().copied().filter(|p| p.index <= upto) {
            self.unsynced.pop_front();
            self.make_durable(publication.length);
            if !self.config.has(Mutant::BrokerAnswersBeforeSync) {
                let upto = publication.upto;
                ctx.send(publication.relay, Message::Published { upto });
            }
        }
        self.deliver_to_all(ctx);
    }

    fn deliver_to_all(&mut self, ctx: &mut Context<Outbox>) {
        for consumer in self.config.consumers() {
            self.deliver(consumer, ctx);
        }
    }

    /// Sends a consumer what comes next, unless it has yet to answer for what it was sent. Nothing
    /// goes out that a crash could take back, or two entries would share an offset.
    fn deliver(&mut self, consumer: NodeId, ctx: &mut Context<Outbox>) {
        let (durable, batch) = (self.durable as u64, self.config.batch as u64);
        let delivery = self.delivery(consumer);
        if delivery.sent > delivery.offset || delivery.offset >= durable {
            return;
        }
        delivery.sent = durable.min(delivery.offset.saturating_add(batch));
        let delivery = *delivery;
        self.send(delivery, ctx);
    }

    fn send(&self, delivery: Delivery, ctx: &mut Context<Outbox>) {
        let rows = self.log[delivery.offset as usize..delivery.sent as usize].to_vec();
        let upto = delivery.sent;
        ctx.send(delivery.consumer, Message::Deliver { upto, rows });
        ctx.set_timer(Timer::Redeliver(delivery.consumer), self.config.retry);
    }

    pub(super) fn redeliver(&mut self, consumer: NodeId, ctx: &mut Context<Outbox>) {
        let delivery = self.delivery(consumer);
        assert!(
            delivery.sent > delivery.offset,
            "nothing is awaited, so no timer is set"
        );
        delivery.late = true;
        let delivery = *delivery;
        ctx.reached("redelivered");
        self.send(delivery, ctx);
    }

    /// An answer may be to a delivery from before a crash: the offset is what counts.
    pub(super) fn acknowledged(&mut self, consumer: NodeId, upto: u64, ctx: &mut Context<Outbox>) {
        let durable = self.durable as u64;
        let delivery = self.delivery(consumer);
        if upto <= delivery.offset || upto > durable {
            return; // A second copy; or this log has lost what was delivered, and knows no better.
        }
        delivery.offset = upto;
        if upto >= delivery.sent {
            delivery.sent = upto;
            ctx.cancel_timer(Timer::Redeliver(consumer));
        }
        if upto == durable && delivery.late {
            delivery.late = false;
            ctx.reached("caught-up");
        }
        ctx.append(Record::Offset(consumer, upto));
        self.deliver(consumer, ctx);
    }

    pub(super) fn is_settled(&self) -> bool {
        let behind = |delivery: &Delivery| delivery.offset < self.log.len() as u64;
        !self.deliveries.iter().any(behind)
    }

    /// When it started, by its monotonic clock.
    pub const fn since(&self) -> Time {
        self.since
    }

    /// The part of its log that is durable; the entry at offset `o` is the `o`th.
    pub fn durable_log(&self) -> &[Row] {
        &self.log[..self.durable]
    }

    /// The highest position that it holds durably.
    pub const fn durable_position(&self) -> u64 {
        self.durable_position
    }

    /// What each consumer has had.
    pub fn deliveries(&self) -> &[Delivery] {
        &self.deliveries
    }
}
