//! One broker's copy of one partition: what it keeps whoever leads, and how it follows.
//!
//! A follower asks for what comes next and says by that what it has on its disk. It cuts its log
//! where the leader's epochs say that they part, never by its own high watermark (KIP-101).

use std::collections::VecDeque;

use murphy_sim::{Context, LogIndex, NodeId};

use super::{
    LogBroker,
    config::{Config, Mutant},
    leader::Leader,
    log::Log,
    message::{Entry, Epoch, Leadership, Message, Payload, Record, Standing},
};
use crate::service::log::{Offset, Partition};

pub(super) type Ctx<'a> = Context<'a, LogBroker>;

/// A broker's copy of a partition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Replica {
    pub(super) config: Config,
    pub(super) partition: Partition,
    /// The latest epoch that it has joined.
    pub(super) epoch: Epoch,
    /// The latest decision that it has heard of.
    pub(super) version: u32,
    /// Who leads, as far as it knows.
    pub(super) leader: Option<NodeId>,
    pub(super) log: Log,
    /// Everything before this is committed: the high watermark.
    pub(super) committed: Offset,
    pub(super) durable: Durable,
    unsynced: VecDeque<(LogIndex, Durable)>,
    /// Something was appended in this reaction that must become durable.
    pub(super) dirty: bool,
    /// What it knows as the leader, if it is.
    pub(super) lead: Option<Leader>,
}

/// What of it a crash cannot take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Durable {
    pub(super) epoch: Epoch,
    pub(super) length: Offset,
}

impl Replica {
    pub(super) fn new(config: Config, partition: Partition) -> Replica {
        Replica {
            config,
            partition,
            epoch: Epoch::default(),
            version: 0,
            leader: None,
            log: Log::default(),
            committed: 0,
            durable: Durable::default(),
            unsynced: VecDeque::new(),
            dirty: false,
            lead: None,
        }
    }

    /// Takes in what its disk has of it.
    pub(super) fn remember(&mut self, record: &Record) {
        match record {
            Record::Joined(_, epoch) => self.epoch = *epoch,
            Record::Entry(_, entry) => self.log.push(entry.clone()),
            Record::Cut(_, keep) => self.log.cut(*keep),
            Record::HighWatermark(_, upto) => self.committed = *upto,
            Record::Led(..) => unreachable!("only a controller's disk holds decisions"),
        }
        self.durable = self.now();
    }

    const fn now(&self) -> Durable {
        Durable {
            epoch: self.epoch,
            length: self.log.length(),
        }
    }

    fn written(&mut self, index: LogIndex) {
        self.unsynced.push_back((index, self.now()));
        self.dirty = true;
    }

    pub(super) fn push(&mut self, payload: Payload, ctx: &mut Ctx<'_>) {
        let epoch = self.epoch;
        self.take(Entry { epoch, payload }, ctx);
    }

    fn take(&mut self, entry: Entry, ctx: &mut Ctx<'_>) {
        let index = ctx.append(Record::Entry(self.partition, entry.clone()));
        self.log.push(entry);
        self.written(index);
    }

    fn cut(&mut self, keep: Offset, ctx: &mut Ctx<'_>) {
        self.log.cut(keep);
        self.durable.length = self.durable.length.min(keep);
        for (_, then) in &mut self.unsynced {
            then.length = then.length.min(keep);
        }
        let index = ctx.append(Record::Cut(self.partition, keep));
        self.written(index);
        ctx.reached("truncated");
    }

    /// More is committed. Written down without a sync: what is forgotten of it will be learnt again.
    pub(super) fn commit(&mut self, upto: Offset, ctx: &mut Ctx<'_>) {
        assert!(
            self.committed < upto && upto <= self.log.length(),
            "the high watermark rises, and only over what is there"
        );
        self.committed = upto;
        ctx.append(Record::HighWatermark(self.partition, upto));
    }

    /// What has become durable; whether anything has.
    pub(super) fn synced(&mut self, upto: LogIndex, ctx: &mut Ctx<'_>) {
        let mut news = false;
        while let Some((_, durable)) = self.unsynced.front().filter(|(index, _)| *index <= upto) {
            self.durable = *durable;
            self.unsynced.pop_front();
            news = true;
        }
        if !news {
            return;
        }
        match &self.lead {
            Some(_) => self.lead_durable(ctx),
            None => self.fetch(ctx),
        }
    }

    /// The controller has decided.
    pub(super) fn on_led(&mut self, leadership: &Leadership, ctx: &mut Ctx<'_>) {
        if leadership.epoch < self.epoch {
            return;
        }
        let is_new = leadership.epoch > self.epoch;
        let leads = leadership.leader == ctx.node();
        if leadership.version > self.version {
            self.version = leadership.version;
        }
        if is_new {
            self.join(leadership, ctx);
        } else if let Some(lead) = &mut self.lead {
            lead.learn(leadership);
            self.advance(ctx);
        } else if !leads && self.leader.is_none() {
            self.leader = Some(leadership.leader);
            self.follow(ctx);
            self.fetch(ctx);
        }
        // One that has restarted never leads the same epoch again: another will come.
    }

    fn join(&mut self, leadership: &Leadership, ctx: &mut Ctx<'_>) {
        self.epoch = leadership.epoch;
        let index = ctx.append(Record::Joined(self.partition, self.epoch));
        self.written(index);
        self.leader = Some(leadership.leader);
        let leads = leadership.leader == ctx.node();
        if self.lead.is_some() {
            ctx.reached("deposed");
        }
        self.lead = leads.then(|| Leader::new(self, leadership, ctx));
        if leads {
            ctx.reached("leading");
        } else {
            self.follow(ctx);
        }
    }

    /// Begins to follow. What of its log is not the leader's will be found when it asks for more:
    /// its high watermark says too little, because it hears of it late.
    fn follow(&mut self, ctx: &mut Ctx<'_>) {
        let by_high_watermark = self.config.has(Mutant::TruncatesByHighWatermark);
        if by_high_watermark && self.committed < self.log.length() {
            self.cut(self.committed, ctx);
        }
    }

    /// Asks the leader for what comes next; not before its epoch is on the disk, or it could come
    /// back to an older one and help its leader to commit.
    pub(super) fn fetch(&self, ctx: &mut Ctx<'_>) {
        let leader = self.leader.filter(|_| self.lead.is_none());
        let Some(leader) = leader.filter(|_| self.durable.epoch == self.epoch) else {
            return;
        };
        let from = self.durable.length;
        let fetch = Message::Fetch {
            partition: self.partition,
            epoch: self.epoch,
            from,
            last_epoch: self.log.epoch_before(from),
            high_watermark: self.committed,
        };
        ctx.send(leader, fetch);
    }

    /// Whether it follows this node in this epoch.
    fn follows(&self, from: NodeId, epoch: Epoch) -> bool {
        epoch == self.epoch && self.lead.is_none() && self.leader == Some(from)
    }

    pub(super) fn on_fetched(
        &mut self,
        (leader, epoch): (NodeId, Epoch),
        from: Offset,
        entries: Vec<Entry>,
        high_watermark: Offset,
        ctx: &mut Ctx<'_>,
    ) {
        if !self.follows(leader, epoch) || from > self.log.length() {
            return;
        }
        // Up to here this log is the leader's: the leader has compared the epochs at `from`.
        let agreed = from + entries.len() as Offset;
        if from == self.log.length() {
            for entry in entries {
                self.take(entry, ctx);
            }
        }
        let upto = high_watermark.min(agreed).min(self.log.length());
        if upto > self.committed {
            self.commit(upto, ctx);
        }
    }

    /// KIP-101 and KIP-279: keeps what both logs have of the epochs up to the one that the leader
    /// names.
    pub(super) fn on_diverged(
        &mut self,
        (leader, epoch): (NodeId, Epoch),
        (from, last_epoch): (Offset, Epoch),
        (end_epoch, end): (Epoch, Offset),
        ctx: &mut Ctx<'_>,
    ) {
        let is_meant = from <= self.log.length() && self.log.epoch_before(from) == last_epoch;
        if !self.follows(leader, epoch) || !is_meant {
            return;
        }
        let keep = end.min(self.log.end_of(end_epoch));
        if keep < self.log.length() {
            self.cut(keep, ctx);
        }
    }

    pub(super) const fn standing(&self) -> Standing {
        Standing {
            epoch: self.epoch,
            version: self.version,
            leads: self.lead.is_some(),
        }
    }

    /// The latest epoch that it has joined.
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Its log, what is not committed included.
    pub const fn log(&self) -> &Log {
        &self.log
    }

    /// Everything before this is committed.
    pub const fn high_watermark(&self) -> Offset {
        self.committed
    }

    /// How many entries a crash cannot take.
    pub const fn durable_length(&self) -> Offset {
        self.durable.length
    }

    /// Whether it takes itself for the leader.
    pub const fn is_leader(&self) -> bool {
        self.lead.is_some()
    }
}
