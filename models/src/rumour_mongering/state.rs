//! What a node holds and what of it is hot, and its reactions.

use std::collections::BTreeMap;

use murphy_sim::{CallId, Context, LogIndex, NodeId, Span};

use super::{Config, Message, Mode, Mutant, Timer};
use crate::{
    service::events::{EventId, Key},
    shared::{
        events::{EventStore, HoldsEvents, Item},
        peers::any_other,
        version_vector::{Dot, DotContext},
    },
};

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RumourMongering {
    config: Config,
    store: EventStore,
    /// What it tells: the paper's infective updates. Those that it holds beside are removed.
    hot: BTreeMap<Dot, Hot>,
    /// The timer to tell is set.
    tells: bool,
}

/// One rumour, and how many useless contacts it has led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Hot {
    item: Item,
    useless: u32,
}

impl HoldsEvents for RumourMongering {
    fn store(&self) -> &EventStore {
        &self.store
    }
}

impl RumourMongering {
    pub(super) fn restore(config: Config, disk: &[Item], ctx: &mut Context<Self>) -> Self {
        let store = EventStore::restore(disk, |_| true, ctx);
        if config.nodes > 1 && !config.has(Mutant::RumourWithoutAntiEntropy) {
            let phase = ctx.rng().span(Span::ZERO, config.anti_entropy);
            ctx.set_timer(Timer::Compare, phase);
        }
        RumourMongering {
            config,
            store,
            hot: BTreeMap::new(),
            tells: false,
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
            && self.config.has(Mutant::RumourToldBeforeSync)
        {
            self.heat(item, ctx);
        }
    }

    pub(super) fn synced(&mut self, upto: LogIndex, ctx: &mut Context<Self>) {
        for item in self.store.synced(upto, ctx) {
            self.heat(item, ctx);
        }
    }

    /// This is news: it is told from now on (section 1.4; for what anti-entropy found, section 1.5).
    fn heat(&mut self, item: Item, ctx: &mut Context<Self>) {
        if self.config.nodes == 1 {
            return;
        }
        self.hot.insert(item.dot, Hot { item, useless: 0 });
        if !std::mem::replace(&mut self.tells, true) {
            let phase = ctx.rng().span(Span::ZERO, self.config.interval);
            ctx.set_timer(Timer::Tell, phase);
        }
    }

    /// Pushes what is hot to one node, up to a message full; the others wait for these to cool.
    pub(super) fn tell(&mut self, ctx: &mut Context<Self>) {
        self.tells = !self.hot.is_empty();
        if !self.tells {
            return;
        }
        let hot = self.hot.values().take(self.config.batch);
        let items: Vec<Item> = hot.map(|hot| hot.item).collect();
        let names: Vec<Dot> = items.iter().map(|item| item.dot).collect();
        let peer = any_other(self.config.nodes, ctx);
        ctx.send(peer, Message::Rumours(items));
        if self.config.blind {
            self.was_known(&names, ctx);
        }
        ctx.set_timer(Timer::Tell, self.config.interval);
    }

    /// These contacts were useless: the counter counts them, the coin is tossed for each.
    pub(super) fn was_known(&mut self, names: &[Dot], ctx: &mut Context<Self>) {
        for name in names {
            let Some(hot) = self.hot.get_mut(name) else {
                continue; // It has cooled since.
            };
            hot.useless = hot.useless.saturating_add(1);
            let loses_interest = match self.config.mode {
                Mode::Counter => hot.useless >= self.config.k,
                Mode::Coin => ctx.rng().below(u64::from(self.config.k)) == 0,
            };
            if loses_interest {
                self.hot.remove(name);
                ctx.reached("lost-interest");
            }
        }
    }

    /// Somebody has pushed rumours. Silence means that all of them were news.
    pub(super) fn told(&mut self, from: NodeId, items: Vec<Item>, ctx: &mut Context<Self>) {
        let told = items.len();
        let mut known = Vec::new();
        for item in items {
            if !self.store.take(item, ctx) {
                known.push(item.dot);
            }
        }
        if known.len() < told {
            ctx.reached("learned-by-rumour");
        }
        if !known.is_empty() && !self.config.blind {
            ctx.send(from, Message::Known(known));
        }
    }

    /// Asks a node at random for what is missing here (section 1.3: pulling is the way to back up).
    pub(super) fn compare(&self, ctx: &mut Context<Self>) {
        self.ask(any_other(self.config.nodes, ctx), ctx);
        ctx.set_timer(Timer::Compare, self.config.anti_entropy);
    }

    fn ask(&self, peer: NodeId, ctx: &mut Context<Self>) {
        let known = if self.config.has(Mutant::RumourGapTakenForKnown) {
            self.store.written().without_gaps()
        } else {
            self.store.written().clone()
        };
        ctx.send(peer, Message::Digest(known));
    }

    pub(super) fn tell_what_is_missing(
        &self,
        from: NodeId,
        theirs: &DotContext,
        ctx: &mut Context<Self>,
    ) {
        let missing = self.store.unknown_to(theirs);
        let missing: Vec<Item> = missing.take(self.config.batch).collect();
        if !missing.is_empty() {
            ctx.send(from, Message::Missing(missing));
        }
    }

    pub(super) fn repaired(&mut self, from: NodeId, items: Vec<Item>, ctx: &mut Context<Self>) {
        let is_full = items.len() >= self.config.batch;
        let mut any_new = false;
        for item in items {
            any_new |= self.store.take(item, ctx);
        }
        if any_new {
            ctx.reached("learned-by-anti-entropy");
            if is_full {
                self.ask(from, ctx); // There may be more, and it is long to the next comparison.
            }
        }
    }

    /// What is hot here, by name, with the useless contacts that it has led to.
    pub fn hot(&self) -> impl Iterator<Item = (Dot, u32)> {
        self.hot.iter().map(|(name, hot)| (*name, hot.useless))
    }

    pub(super) const fn config(&self) -> &Config {
        &self.config
    }

    #[cfg(test)]
    pub(super) fn heat_for_tests(&mut self, item: Item, useless: u32) {
        self.hot.insert(item.dot, Hot { item, useless });
    }
}
