//! What a node holds, how it takes its links, and its reactions.

use std::collections::{BTreeMap, VecDeque};

use murphy_sim::{CallId, Context, LogIndex, NodeId, Span};

use super::{Config, Message, Mutant, Timer, overlay::neighbours};
use crate::{
    service::events::{EventId, Key},
    shared::{
        events::{EventStore, HoldsEvents, Item},
        version_vector::{Dot, DotContext},
    },
};

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Plumtree {
    config: Config,
    node: NodeId,
    store: EventStore,
    /// How this side takes the link to each neighbour.
    links: BTreeMap<NodeId, Link>,
    /// How each event of this life came here.
    came: BTreeMap<Dot, Came>,
    /// What was announced and is not here, and by whom; the first was first.
    missing: BTreeMap<Dot, VecDeque<Announcement>>,
    /// Which neighbour is told everything next.
    turn: usize,
}

/// How a side takes a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Link {
    /// Events are pushed.
    Eager,
    /// Events are announced.
    Lazy,
}

/// How an event came: over so many links, the last of them from there; from a client over none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Came {
    hop: u32,
    from: Option<NodeId>,
}

/// Who has an event, and over how many links it would have come from there, if that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Announcement {
    from: NodeId,
    hop: Option<u32>,
}

impl HoldsEvents for Plumtree {
    fn store(&self) -> &EventStore {
        &self.store
    }
}

impl Plumtree {
    /// All links are eager at first: the peer set of section 3.3 is the whole of the overlay.
    pub(super) fn restore(config: Config, disk: &[Item], ctx: &mut Context<Self>) -> Plumtree {
        let node = ctx.node();
        let is_known = |item: &Item| {
            !config.has(Mutant::PlumtreeForgetsWhatItDelivered) || item.dot.node == node
        };
        let store = EventStore::restore(disk, is_known, ctx);
        let neighbours = neighbours(node, config.nodes, config.links);
        if !neighbours.is_empty() {
            let phase = ctx.rng().span(Span::ZERO, config.interval);
            ctx.set_timer(Timer::Repeat, phase);
        }
        Plumtree {
            config,
            node,
            store,
            links: neighbours.into_iter().map(|n| (n, Link::Eager)).collect(),
            came: BTreeMap::new(),
            missing: BTreeMap::new(),
            turn: 0,
        }
    }

    pub(super) fn publish(
        &mut self,
        call: CallId,
        key: Key,
        event: EventId,
        ctx: &mut Context<Self>,
    ) {
        let new = self.store.publish(call, (key, event), ctx);
        if let Some(item) = new
            && self.config.has(Mutant::PlumtreePushedBeforeSync)
        {
            self.pass_on(item, Came { hop: 0, from: None }, ctx);
        }
    }

    /// What was published here is told when it is durable: its name is never given to another event.
    pub(super) fn synced(&mut self, upto: LogIndex, ctx: &mut Context<Self>) {
        for item in self.store.synced(upto, ctx) {
            if item.dot.node == self.node && !self.config.has(Mutant::PlumtreePushedBeforeSync) {
                self.pass_on(item, Came { hop: 0, from: None }, ctx);
            }
        }
    }

    /// Pushes an event on the eager links and announces it on the lazy ones, but not to where it came
    /// from (procedures EagerPush and LazyPush).
    fn pass_on(&mut self, item: Item, came: Came, ctx: &mut Context<Self>) {
        self.came.insert(item.dot, came);
        let hop = came.hop + 1;
        for (peer, link) in &self.links {
            if came.from == Some(*peer) {
                continue;
            }
            let message = match link {
                Link::Eager => Message::Gossip { item, hop },
                Link::Lazy => Message::IHave {
                    name: item.dot,
                    hop,
                },
            };
            ctx.send(*peer, message);
        }
    }

    fn take_link(&mut self, peer: NodeId, link: Link) {
        let taken = self.links.get_mut(&peer);
        *taken.expect("only neighbours talk to each other") = link;
    }

    /// Algorithm 1, Receive(GOSSIP). It is passed on before it is durable here: if it is lost here,
    /// it is announced again by others.
    pub(super) fn receive(&mut self, from: NodeId, item: Item, hop: u32, ctx: &mut Context<Self>) {
        if !self.store.take(item, ctx) {
            return self.prune(from, item.dot, ctx);
        }
        let announced = self.missing.remove(&item.dot);
        if announced.is_some() {
            ctx.cancel_timer(Timer::Missing(item.dot));
        }
        let came = Came {
            hop,
            from: Some(from),
        };
        self.pass_on(item, came, ctx);
        self.take_link(from, Link::Eager);
        self.optimise(from, hop, &announced.unwrap_or_default(), ctx);
    }

    /// An event came again: the link it came by is not one of the tree.
    fn prune(&mut self, from: NodeId, name: Dot, ctx: &mut Context<Self>) {
        let first = self.came.get(&name).and_then(|came| came.from);
        let pruned = match first {
            Some(first) if self.config.has(Mutant::PlumtreePrunesTheFirstLink) => first,
            _ => from,
        };
        ctx.reached("pruned");
        self.take_link(pruned, Link::Lazy);
        ctx.send(pruned, Message::Prune);
    }

    /// Section 3.8: if another has announced the event over a way that is shorter by the threshold,
    /// that way takes the place of this one.
    fn optimise(
        &mut self,
        from: NodeId,
        hop: u32,
        announced: &VecDeque<Announcement>,
        ctx: &mut Context<Self>,
    ) {
        let threshold = self.config.threshold;
        let is_shorter = |a: &&Announcement| {
            a.hop
                .is_some_and(|shorter| hop.saturating_sub(shorter) >= threshold)
        };
        let Some(shorter) = announced.iter().find(is_shorter) else {
            return;
        };
        if shorter.from == from {
            return; // Announced before it was pushed, on the same link.
        }
        ctx.reached("optimised");
        self.take_link(shorter.from, Link::Eager);
        ctx.send(shorter.from, Message::Graft { missing: None });
        self.take_link(from, Link::Lazy);
        ctx.send(from, Message::Prune);
    }

    pub(super) fn pruned(&mut self, from: NodeId) {
        self.take_link(from, Link::Lazy);
    }

    /// Algorithm 2, Receive(IHAVE).
    pub(super) fn announced(
        &mut self,
        from: NodeId,
        name: Dot,
        hop: Option<u32>,
        ctx: &mut Context<Self>,
    ) {
        if self.store.written().covers(name) {
            return;
        }
        let announced = self.missing.entry(name).or_insert_with(|| {
            ctx.set_timer(Timer::Missing(name), self.config.graft_after);
            VecDeque::new()
        });
        if announced.iter().all(|a| a.from != from) {
            announced.push_back(Announcement { from, hop });
        }
    }

    /// What a neighbour holds altogether is announced again, for what was lost before.
    pub(super) fn announced_again(
        &mut self,
        from: NodeId,
        theirs: &DotContext,
        ctx: &mut Context<Self>,
    ) {
        let missing = theirs.unknown_to(self.store.written());
        let missing: Vec<Dot> = missing.take(self.config.batch).collect();
        for name in missing {
            self.announced(from, name, None, ctx);
        }
    }

    /// Algorithm 2, Timer: asks who announced it first, and the next one later. When nobody is left
    /// to ask, the next announcement begins anew.
    pub(super) fn ask_for(&mut self, name: Dot, ctx: &mut Context<Self>) {
        let Some(announced) = self.missing.get_mut(&name) else {
            return; // It came just now.
        };
        if self.config.has(Mutant::PlumtreeNeverRepairs) {
            return;
        }
        let Some(Announcement { from, .. }) = announced.pop_front() else {
            self.missing.remove(&name);
            return;
        };
        if !self.config.has(Mutant::PlumtreeAsksOnce) {
            ctx.set_timer(Timer::Missing(name), self.config.graft_again);
        }
        ctx.reached("grafted");
        self.take_link(from, Link::Eager);
        let missing = Some(name);
        ctx.send(from, Message::Graft { missing });
    }

    /// Algorithm 2, Receive(GRAFT).
    pub(super) fn grafted(&mut self, from: NodeId, missing: Option<Dot>, ctx: &mut Context<Self>) {
        if !self.config.has(Mutant::PlumtreeGraftedOnOneSide) {
            self.take_link(from, Link::Eager);
        }
        let Some(item) = missing.and_then(|name| self.store.get(name)) else {
            return;
        };
        let came = self.came.get(&item.dot);
        if came.is_none() && self.config.has(Mutant::PlumtreeForgetsPayloads) {
            return;
        }
        // Of what came before a crash the way is not known any more: it begins here.
        let hop = came.map_or(0, |came| came.hop) + 1;
        ctx.send(from, Message::Gossip { item, hop });
    }

    pub(super) fn announce_everything(&mut self, ctx: &mut Context<Self>) {
        ctx.set_timer(Timer::Repeat, self.config.interval);
        if self.config.has(Mutant::PlumtreeAnnouncesOnce) {
            return;
        }
        let peer = self.links.keys().nth(self.turn);
        let peer = *peer.expect("the turn goes round among the neighbours");
        self.turn = (self.turn + 1) % self.links.len();
        ctx.send(peer, Message::Summary(self.store.written().clone()));
    }

    /// The neighbours to which events are pushed.
    pub fn eager(&self) -> impl Iterator<Item = NodeId> {
        let eager = self.links.iter().filter(|(_, link)| **link == Link::Eager);
        eager.map(|(peer, _)| *peer)
    }

    /// What was announced and is not here.
    pub fn missing(&self) -> impl Iterator<Item = Dot> {
        self.missing.keys().copied()
    }

    #[cfg(test)]
    pub(super) fn hop(&self, name: Dot) -> Option<u32> {
        self.came.get(&name).map(|came| came.hop)
    }

    #[cfg(test)]
    pub(super) fn miss_for_tests(&mut self, name: Dot) {
        self.missing.insert(name, VecDeque::new());
    }
}
