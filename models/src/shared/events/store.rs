//! The events that one node holds, by name, and what a reader sees of them.
//!
//! Save, sync, then show: an event is held when it is durable, so that what was shown once is never
//! forgotten, and a name is never given to two events. Events come in any order, with gaps.

use std::collections::{BTreeMap, VecDeque};

use murphy_sim::{CallId, Context, LogIndex, Process, Reply, Time};

use super::Item;
use crate::{
    service::events::{EventId, Key, Response, View},
    shared::{
        group_commit::GroupCommit,
        version_vector::{Dot, DotContext},
    },
};

/// The events of one node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EventStore {
    /// When the node started, by its monotonic clock: tells one life from the next.
    since: Time,
    /// It was started again and has heard nothing new since.
    resumed: bool,
    /// The names of all that is on the disk or on its way there.
    written: DotContext,
    /// What is durable, in the order in which it came.
    held: Vec<Item>,
    /// Where each of them is.
    places: BTreeMap<Dot, usize>,
    /// What a reader sees: the events of each key by number.
    shown: View,
    /// Written and not durable yet, in the order of the log.
    unsynced: VecDeque<Unsynced>,
    commits: GroupCommit,
}

/// An event on its way to the disk, and the calls that wait for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Unsynced {
    index: LogIndex,
    item: Item,
    calls: Vec<CallId>,
}

impl EventStore {
    /// What the disk kept. Of the events that `is_known` refuses, the store does not know that it
    /// has them; a protocol without a bug refuses none.
    pub(crate) fn restore<P: Process>(
        disk: &[Item],
        is_known: impl Fn(&Item) -> bool,
        ctx: &mut Context<P>,
    ) -> EventStore {
        let mut store = EventStore {
            since: ctx.elapsed(),
            resumed: !disk.is_empty(),
            written: DotContext::default(),
            held: Vec::new(),
            places: BTreeMap::new(),
            shown: View::new(),
            unsynced: VecDeque::new(),
            commits: GroupCommit::default(),
        };
        if store.resumed {
            ctx.reached("resumed");
        }
        for item in disk {
            if is_known(item) {
                store.written.insert(item.dot);
            }
            store.hold(*item);
        }
        store
    }

    /// A client's event: writes it, if it is new, and says under which name. The client is answered
    /// when it is durable.
    pub(crate) fn publish<P>(
        &mut self,
        call: CallId,
        (key, event): (Key, EventId),
        ctx: &mut Context<P>,
    ) -> Option<Item>
    where
        P: Process<Record = Item, Response = Response>,
    {
        let shown = self.shown.get(&key);
        if shown.is_some_and(|events| events.binary_search(&event).is_ok()) {
            ctx.reached("published-again");
            ctx.reply(call, Reply::Ok(Response::Published));
            return None;
        }
        if let Some(written) = self.unsynced.iter_mut().find(|u| u.item.event == event) {
            written.calls.push(call);
            return None;
        }
        let dot = self.written.next(ctx.node());
        let item = Item { dot, key, event };
        self.write(item, vec![call], ctx);
        ctx.reached("event-written");
        Some(item)
    }

    /// An event that another node has told: writes it, if it is new, and says whether it is.
    pub(crate) fn take<P>(&mut self, item: Item, ctx: &mut Context<P>) -> bool
    where
        P: Process<Record = Item>,
    {
        if self.written.covers(item.dot) {
            return false;
        }
        self.written.insert(item.dot);
        self.write(item, Vec::new(), ctx);
        if std::mem::take(&mut self.resumed) {
            ctx.reached("caught-up");
        }
        true
    }

    fn write<P>(&mut self, item: Item, calls: Vec<CallId>, ctx: &mut Context<P>)
    where
        P: Process<Record = Item>,
    {
        let index = ctx.append(item);
        self.commits.written(ctx);
        self.unsynced.push_back(Unsynced { index, item, calls });
    }

    /// What has become durable; who published it is told.
    pub(crate) fn synced<P>(&mut self, upto: LogIndex, ctx: &mut Context<P>) -> Vec<Item>
    where
        P: Process<Response = Response>,
    {
        self.commits.synced(ctx);
        let durable = self.unsynced.partition_point(|u| u.index <= upto);
        let durable: Vec<Unsynced> = self.unsynced.drain(..durable).collect();
        let mut items = Vec::with_capacity(durable.len());
        for Unsynced { item, calls, .. } in durable {
            self.hold(item);
            items.push(item);
            for call in calls {
                ctx.reply(call, Reply::Ok(Response::Published));
            }
        }
        items
    }

    fn hold(&mut self, item: Item) {
        self.places.insert(item.dot, self.held.len());
        self.held.push(item);
        let shown = self.shown.entry(item.key).or_default();
        let place = shown.partition_point(|event| *event <= item.event);
        shown.insert(place, item.event);
    }

    /// The names of all that is on the disk or on its way there.
    pub const fn written(&self) -> &DotContext {
        &self.written
    }

    /// What is held, in the order in which it came.
    pub fn held(&self) -> &[Item] {
        &self.held
    }

    /// The event of that name, if it is held.
    pub fn get(&self, dot: Dot) -> Option<Item> {
        self.places.get(&dot).map(|place| self.held[*place])
    }

    /// What is held here and not known there, by name.
    pub(crate) fn unknown_to<'a>(&'a self, there: &'a DotContext) -> impl Iterator<Item = Item> {
        let unknown = self.written.unknown_to(there);
        unknown.filter_map(|dot| self.get(dot))
    }

    /// What a reader sees under a key.
    pub(crate) fn read(&self, key: Key) -> Vec<EventId> {
        self.shown.get(&key).cloned().unwrap_or_default()
    }

    /// What a reader of everything sees.
    pub(crate) const fn shown(&self) -> &View {
        &self.shown
    }

    /// Whether all that was written is durable.
    pub(crate) fn is_settled(&self) -> bool {
        self.unsynced.is_empty()
    }

    /// When the node started, by its monotonic clock.
    pub const fn since(&self) -> Time {
        self.since
    }
}
