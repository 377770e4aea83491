//! What a node of the gossip holds: rumours by origin, and what a reader sees of them.
//!
//! Save, sync, then tell: a rumour counts as heard when it is durable here, so that what was heard
//! once is never forgotten, and a counter is never given to two events.

use std::collections::{BTreeMap, BTreeSet};

use murphy_sim::{CallId, Context, LogIndex, NodeId, Reply, Time};

use super::{Config, Mutant, Rumour, Versions};
use crate::{
    service::events::{self, EventId, Key, Response},
    shared::group_commit::GroupCommit,
};

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Gossip {
    pub(super) config: Config,
    /// When it started, by its monotonic clock: tells one life from the next.
    since: Time,
    /// Rounds begun since.
    pub(super) round: u32,
    /// It was started again and has heard nothing new since.
    resumed: bool,
    /// Up to where it has heard everything of each origin.
    versions: BTreeMap<NodeId, u32>,
    /// What it has heard of each origin, in the order of counters.
    heard: BTreeMap<NodeId, Vec<Heard>>,
    /// How many rumours those are.
    known: usize,
    /// What a reader sees.
    view: BTreeMap<Key, BTreeSet<EventId>>,
    /// How many events those are.
    shown: usize,
    /// Written and not durable yet, in the order of the log.
    unsynced: Vec<Unsynced>,
    /// Syncs under way.
    commits: GroupCommit,
}

/// A rumour, and the round in which it was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Heard {
    pub(super) rumour: Rumour,
    pub(super) round: u32,
}

/// A rumour on its way to the disk, and the calls that wait for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Unsynced {
    index: LogIndex,
    rumour: Rumour,
    calls: Vec<CallId>,
}

impl Gossip {
    pub(super) fn restore(config: Config, disk: &[Rumour], ctx: &mut Context<Gossip>) -> Gossip {
        let mut gossip = Gossip {
            config,
            since: ctx.elapsed(),
            round: 0,
            resumed: !disk.is_empty(),
            versions: BTreeMap::new(),
            heard: BTreeMap::new(),
            known: 0,
            view: BTreeMap::new(),
            shown: 0,
            unsynced: Vec::new(),
            commits: GroupCommit::default(),
        };
        if gossip.resumed {
            ctx.reached("resumed");
        }
        for rumour in disk {
            if config.has(Mutant::ForgetsOnRestart) && rumour.origin != ctx.node() {
                gossip.versions.insert(rumour.origin, rumour.counter);
            } else {
                gossip.learn(*rumour);
            }
        }
        gossip
    }

    pub(super) fn publish(
        &mut self,
        call: CallId,
        key: Key,
        event: EventId,
        ctx: &mut Context<Gossip>,
    ) {
        if self
            .view
            .get(&key)
            .is_some_and(|events| events.contains(&event))
        {
            ctx.reached("published-again");
            return ctx.reply(call, Reply::Ok(Response::Published));
        }
        if let Some(written) = self.unsynced.iter_mut().find(|u| u.rumour.event == event) {
            return written.calls.push(call);
        }
        let rumour = Rumour {
            origin: ctx.node(),
            counter: self.written_upto(ctx.node()) + 1,
            key,
            event,
        };
        self.write(rumour, vec![call], ctx);
        self.commits.written(ctx);
        ctx.reached("event-written");
        if self.config.has(Mutant::AckBeforeSync) {
            ctx.reply(call, Reply::Ok(Response::Published));
        }
    }

    /// Writes what is new of these and makes it durable.
    pub(super) fn take(
        &mut self,
        rumours: &[Rumour],
        from: &'static str,
        ctx: &mut Context<Gossip>,
    ) {
        let before = self.unsynced.len();
        for rumour in rumours {
            let next = self.written_upto(rumour.origin) + 1;
            if rumour.counter < next {
                ctx.reached("deduplicated");
            } else if rumour.counter == next {
                self.write(*rumour, Vec::new(), ctx);
            }
            // Else one before it was lost on the way: a later round brings both.
        }
        if self.unsynced.len() > before {
            self.commits.written(ctx);
            ctx.reached(from);
            if std::mem::take(&mut self.resumed) {
                ctx.reached("caught-up");
            }
        }
    }

    fn write(&mut self, rumour: Rumour, calls: Vec<CallId>, ctx: &mut Context<Gossip>) {
        let index = ctx.append(rumour);
        self.unsynced.push(Unsynced {
            index,
            rumour,
            calls,
        });
        if self.config.has(Mutant::CounterReusedAfterRestart) && rumour.origin == ctx.node() {
            self.learn(rumour);
        }
    }

    pub(super) fn synced(&mut self, upto: LogIndex, ctx: &mut Context<Gossip>) {
        self.commits.synced(ctx);
        let durable = self
            .unsynced
            .partition_point(|unsynced| unsynced.index <= upto);
        let durable: Vec<Unsynced> = self.unsynced.drain(..durable).collect();
        for Unsynced { rumour, calls, .. } in durable {
            if rumour.counter > self.version(rumour.origin) {
                self.learn(rumour);
            }
            for call in calls {
                ctx.reply(call, Reply::Ok(Response::Published));
            }
        }
    }

    fn learn(&mut self, rumour: Rumour) {
        let version = self.versions.entry(rumour.origin).or_default();
        assert_eq!(
            rumour.counter,
            *version + 1,
            "rumours of an origin are learned in order"
        );
        *version = rumour.counter;
        let round = self.round;
        self.heard
            .entry(rumour.origin)
            .or_default()
            .push(Heard { rumour, round });
        self.known += 1;
        let events = self.view.entry(rumour.key).or_default();
        self.shown += usize::from(events.insert(rumour.event));
    }

    /// Forgets what is shown under the keys of these.
    pub(super) fn overwrite(&mut self, rumours: &[Rumour]) {
        for rumour in rumours {
            let events = self.view.remove(&rumour.key).unwrap_or_default();
            self.shown -= events.len();
        }
    }

    /// The last counter of an origin that is on the disk or on its way there.
    pub(super) fn written_upto(&self, origin: NodeId) -> u32 {
        let mut unsynced = self.unsynced.iter().rev();
        match unsynced.find(|unsynced| unsynced.rumour.origin == origin) {
            Some(unsynced) => unsynced.rumour.counter,
            None => self.version(origin),
        }
    }

    fn version(&self, origin: NodeId) -> u32 {
        self.versions.get(&origin).copied().unwrap_or(0)
    }

    /// How far it has heard, or is about to have heard when the disk is done.
    pub(super) fn versions(&self) -> Versions {
        if self.unsynced.is_empty() {
            return self
                .versions
                .iter()
                .map(|(origin, n)| (*origin, *n))
                .collect();
        }
        let mut versions = self.versions.clone();
        for Unsynced { rumour, .. } in &self.unsynced {
            versions.insert(rumour.origin, rumour.counter);
        }
        versions.into_iter().collect()
    }

    /// What was heard of each origin.
    pub(super) fn heard(&self) -> impl Iterator<Item = (NodeId, &[Heard])> {
        self.heard
            .iter()
            .map(|(origin, heard)| (*origin, heard.as_slice()))
    }

    pub(super) fn read(&self, key: Key) -> Vec<EventId> {
        self.view.get(&key).into_iter().flatten().copied().collect()
    }

    pub(super) fn shown(&self) -> events::View {
        let sorted = |events: &BTreeSet<EventId>| events.iter().copied().collect();
        self.view
            .iter()
            .map(|(key, events)| (*key, sorted(events)))
            .collect()
    }

    pub(super) fn is_settled(&self) -> bool {
        self.unsynced.is_empty()
    }

    /// How many events it has heard of.
    pub const fn known(&self) -> usize {
        self.known
    }

    /// How many events a reader sees.
    pub const fn shown_count(&self) -> usize {
        self.shown
    }

    /// What it has heard of an origin after this counter, in order.
    pub fn heard_after(&self, origin: NodeId, counter: u32) -> impl Iterator<Item = Rumour> {
        let heard = self.heard.get(&origin).map_or(&[][..], Vec::as_slice);
        let begin = heard.partition_point(|heard| heard.rumour.counter <= counter);
        heard[begin..].iter().map(|heard| heard.rumour)
    }

    /// The origins it has heard of.
    pub fn origins(&self) -> impl Iterator<Item = NodeId> {
        self.heard.keys().copied()
    }

    /// When it started, by its monotonic clock.
    pub const fn since(&self) -> Time {
        self.since
    }
}
