//! A replica as the leader of its partition: appends, serves followers, keeps the in-sync set, and
//! moves the high watermark.

use std::collections::{BTreeMap, BTreeSet};

use murphy_sim::{CallId, NodeId, Reply, Time};

use super::{
    config::{Config, Mode, Mutant},
    message::{Leadership, Message, Payload},
    replica::{Ctx, Replica},
};
use crate::{
    service::log::{Offset, Response, Value},
    shared::sessions::Asked,
};

/// How many entries one message carries at most.
const BATCH: Offset = 256;

/// What only a leader knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Leader {
    /// How long its log was when it became the leader: what is before is of other epochs.
    start: Offset,
    /// The decision that it knows.
    version: u32,
    pub(super) in_sync: BTreeSet<NodeId>,
    /// What it has asked the controller for, which may have happened already.
    wanted: Option<BTreeSet<NodeId>>,
    followers: BTreeMap<NodeId, Follower>,
    /// Calls that wait for the entry before this offset.
    waiting: BTreeMap<Offset, Vec<CallId>>,
}

/// What a leader knows of a follower.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Follower {
    /// So many entries it holds durably, as they are here.
    agreed: Offset,
    /// It waits for more.
    waits: bool,
    /// When it had all that there was, by the leader's monotonic clock.
    caught_up: Time,
    /// When it asked last, and how much there was then.
    asked: (Time, Offset),
}

impl Leader {
    pub(super) fn new(replica: &Replica, leadership: &Leadership, ctx: &Ctx<'_>) -> Leader {
        let start = replica.log.length();
        let follower = Follower {
            agreed: 0,
            waits: false,
            caught_up: ctx.elapsed(),
            asked: (ctx.elapsed(), start),
        };
        let others = replica.config.members().filter(|node| *node != ctx.node());
        Leader {
            start,
            version: leadership.version,
            in_sync: leadership.in_sync.clone(),
            wanted: None,
            followers: others.map(|node| (node, follower)).collect(),
            waiting: BTreeMap::new(),
        }
    }

    pub(super) fn learn(&mut self, leadership: &Leadership) {
        if leadership.version > self.version {
            self.version = leadership.version;
            self.in_sync = leadership.in_sync.clone();
            self.wanted = None;
        }
    }

    /// Everyone who may be in the in-sync set without this node knowing yet (KIP-497, "maximal
    /// ISR").
    fn maximal(&self) -> BTreeSet<NodeId> {
        let wanted = self.wanted.iter().flatten();
        self.in_sync.iter().chain(wanted).copied().collect()
    }

    /// What should be the in-sync set: without those that have not caught up for too long, with
    /// those that hold everything that is committed. A new leader's high watermark may lag, so a
    /// follower must have reached this leader's epoch too (KAFKA-7128).
    fn should_be_in_sync(&self, config: &Config, committed: Offset, now: Time) -> BTreeSet<NodeId> {
        let should = |(node, follower): (&NodeId, &Follower)| {
            let keeps_up = now.since(follower.caught_up) <= config.lag;
            let holds = follower.agreed >= committed.max(self.start);
            (keeps_up && (holds || self.in_sync.contains(node))).then_some(*node)
        };
        self.followers.iter().filter_map(should).collect()
    }
}

impl Replica {
    /// A producer's message.
    pub(super) fn send(&mut self, call: CallId, value: Value, ctx: &mut Ctx<'_>) {
        let sent = |offset| Response::Sent {
            partition: self.partition,
            offset,
        };
        let is_known = match self.log.look(call) {
            Asked::Late => return, // Its client waits for another call by now.
            Asked::Again(offset) => {
                Some(*offset).filter(|_| !self.config.has(Mutant::SequenceIgnored))
            }
            Asked::New => None,
        };
        if let Some(offset) = is_known {
            ctx.reached("deduplicated");
            return self.wait(offset + 1, call, ctx);
        }
        let lead = self.lead.as_ref().expect("only a leader is sent to");
        match self.config.mode {
            Mode::AcksAll if lead.in_sync.len() < self.config.min_in_sync => {
                ctx.reached("not-enough-replicas");
                return ctx.reply(call, Reply::Fail);
            }
            Mode::AcksNone => ctx.reply(call, Reply::Ok(sent(None))),
            Mode::AcksAll | Mode::AcksOne => {}
        }
        self.push(Payload::Message { call, value }, ctx);
        if self.config.mode != Mode::AcksNone {
            self.wait(self.log.length(), call, ctx);
        }
    }

    /// Answers the call when so many entries are what the mode waits for.
    fn wait(&mut self, length: Offset, call: CallId, ctx: &mut Ctx<'_>) {
        let lead = self.lead.as_mut().expect("only a leader lets calls wait");
        lead.waiting.entry(length).or_default().push(call);
        self.answer(ctx);
    }

    /// Answers the calls that have waited enough.
    fn answer(&mut self, ctx: &mut Ctx<'_>) {
        let acked = match self.config.mode {
            Mode::AcksAll if self.config.has(Mutant::AckBeforeIsr) => self.durable.length,
            Mode::AcksAll => self.committed,
            Mode::AcksOne | Mode::AcksNone => self.durable.length,
        };
        let enough = self.config.mode != Mode::AcksAll
            || self.config.has(Mutant::AckBeforeIsr)
            || self
                .lead
                .as_ref()
                .is_some_and(|lead| lead.in_sync.len() >= self.config.min_in_sync);
        let Some(lead) = &mut self.lead else { return };
        while let Some(first) = lead
            .waiting
            .first_entry()
            .filter(|first| *first.key() <= acked)
        {
            let offset = Some(first.key() - 1);
            for call in first.remove() {
                let partition = self.partition;
                // NOT_ENOUGH_REPLICAS_AFTER_APPEND: it is there, on fewer disks than were asked for.
                let reply = if enough {
                    Reply::Ok(Response::Sent { partition, offset })
                } else {
                    Reply::Unknown
                };
                ctx.reply(call, reply);
            }
        }
    }

    /// More of a leader's log is durable, and may be given out.
    pub(super) fn lead_durable(&mut self, ctx: &mut Ctx<'_>) {
        let lead = self.lead.as_ref().expect("the caller has looked");
        let waiting = lead.followers.iter().filter(|(_, follower)| follower.waits);
        let behind = waiting.filter(|(_, follower)| follower.agreed < self.durable.length);
        let behind: Vec<NodeId> = behind.map(|(node, _)| *node).collect();
        for node in behind {
            self.feed(node, ctx);
        }
        self.advance(ctx);
        self.answer(ctx);
    }

    fn feed(&mut self, node: NodeId, ctx: &mut Ctx<'_>) {
        let lead = self.lead.as_mut().expect("only a leader feeds");
        let follower = lead.followers.get_mut(&node).expect("a broker follows");
        let from = follower.agreed;
        let to = self.durable.length.min(from + BATCH);
        follower.waits = to == from;
        let fetched = Message::Fetched {
            partition: self.partition,
            epoch: self.epoch,
            from,
            entries: self.log.slice(from, to).to_vec(),
            high_watermark: self.committed,
        };
        ctx.send(node, fetched);
    }

    pub(super) fn on_fetch(
        &mut self,
        node: NodeId,
        from: Offset,
        last_epoch: super::message::Epoch,
        high_watermark: Offset,
        ctx: &mut Ctx<'_>,
    ) {
        let Some(lead) = &mut self.lead else { return };
        if from > self.durable.length || self.log.epoch_before(from) != last_epoch {
            let end = self.log.end_of(last_epoch);
            let diverged = Message::Diverged {
                partition: self.partition,
                epoch: self.epoch,
                from,
                last_epoch,
                end_epoch: self.log.epoch_before(end),
                end,
            };
            return ctx.send(node, diverged);
        }
        let (now, length) = (ctx.elapsed(), self.durable.length);
        let follower = lead.followers.get_mut(&node).expect("a broker follows");
        follower.agreed = follower.agreed.max(from);
        if from >= length {
            follower.caught_up = now;
        } else if from >= follower.asked.1 {
            follower.caught_up = follower.caught_up.max(follower.asked.0);
        }
        follower.asked = (now, length);
        follower.waits = true;
        if follower.agreed < length || high_watermark < self.committed {
            self.feed(node, ctx);
        }
        self.advance(ctx);
        self.reconsider(ctx);
    }

    /// The high watermark: what everyone who may be in sync holds durably.
    pub(super) fn advance(&mut self, ctx: &mut Ctx<'_>) {
        let Some(lead) = &self.lead else { return };
        if self.durable.epoch != self.epoch {
            return;
        }
        let me = ctx.node();
        let held = lead
            .maximal()
            .into_iter()
            .map(|node| match lead.followers.get(&node) {
                Some(follower) => follower.agreed,
                None => {
                    assert_eq!(node, me, "all others are followers");
                    self.durable.length
                }
            });
        let upto = held.min().expect("a leader is in sync with itself");
        if upto > self.committed {
            self.commit(upto, ctx);
        }
        self.answer(ctx);
    }

    /// Whether the in-sync set is as it should be; asks for another if not, and again if asked.
    pub(super) fn reconsider(&mut self, ctx: &mut Ctx<'_>) {
        let (committed, now) = (self.committed, ctx.elapsed());
        let Some(lead) = &mut self.lead else { return };
        if lead.wanted.is_none() {
            let mut should = lead.should_be_in_sync(&self.config, committed, now);
            should.insert(ctx.node());
            if should != lead.in_sync {
                lead.wanted = Some(should);
                self.alter(ctx);
            }
        }
    }

    /// Asks the controller for the in-sync set that is wanted, if another is.
    pub(super) fn alter(&self, ctx: &mut Ctx<'_>) {
        let Some(lead) = &self.lead else { return };
        if let Some(in_sync) = lead.wanted.clone() {
            let alter = Message::AlterInSync {
                partition: self.partition,
                epoch: self.epoch,
                version: lead.version,
                in_sync,
            };
            ctx.send(self.config.controller(), alter);
        }
    }

    /// Up to where consumers may read.
    pub(super) fn readable(&self) -> Offset {
        if self.config.has(Mutant::ConsumerReadsBeyondTheHighWatermark) {
            self.log.length()
        } else {
            self.committed
        }
    }
}
