//! The view change (section 4.2): f others want the view, then f + 1 tell its primary what they
//! have, and it begins with the log of the latest view among them.

use std::collections::{BTreeMap, BTreeSet};

use murphy_sim::NodeId;

use super::{
    Viewstamped,
    message::{Message, Timer, ViewNumber, Whole},
    mutants::Mutant,
    replica::{Ctx, Status},
};

/// After so many times of saying it again a replica wants the view after this one.
const ROUNDS_MOST: u32 = 6;

/// What a replica knows while it is on its way to another view.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct ViewChange {
    /// Others that want this view.
    wanted: BTreeSet<NodeId>,
    /// Whether it has told the next primary what it has, since it last said what it wants.
    told: bool,
    /// At the next primary: what replicas have, itself among them.
    logs: BTreeMap<NodeId, (ViewNumber, Whole)>,
    rounds: u32,
}

impl Viewstamped {
    pub(super) fn on_start_view_change(
        &mut self,
        from: NodeId,
        view: ViewNumber,
        ctx: &mut Ctx<'_>,
    ) {
        if view > self.store.view {
            self.change_view(view, ctx);
        }
        let store = &self.store;
        match &mut self.status {
            Status::ViewChange(change) if view == store.view => {
                change.wanted.insert(from);
                self.tell_the_next_primary(ctx);
            }
            // The sender has not heard that the view it wants has begun.
            Status::Normal(_) if view == store.view && store.is_primary(ctx) => {
                let log = store.whole();
                ctx.send(from, Message::StartView { view, log });
            }
            // It wants a view that is over, or that its primary will tell it of.
            Status::Normal(_) | Status::ViewChange(_) => {}
            Status::Installing | Status::Recovering(_) => {
                unreachable!("neither of them gets so far")
            }
        }
    }

    pub(super) fn say_start_view_change(&mut self, ctx: &mut Ctx<'_>) {
        if self.store.has_promised() {
            let view = self.store.view;
            ctx.broadcast(&Message::StartViewChange { view });
            self.tell_the_next_primary(ctx);
        }
    }

    /// When f others want the view, and its own promise is on the disk: f + 1 have left the views
    /// before.
    fn tell_the_next_primary(&mut self, ctx: &mut Ctx<'_>) {
        let store = &self.store;
        let Status::ViewChange(change) = &mut self.status else {
            return;
        };
        if change.wanted.len() < store.config.f() || !store.has_promised() || change.told {
            return;
        }
        change.told = true;
        let (view, primary) = (store.view, store.config.primary(store.view));
        if primary != ctx.node() {
            let told = Message::DoViewChange {
                view,
                last_normal: store.last_normal,
                log: store.whole(),
            };
            return ctx.send(primary, told);
        }
        let own = (store.last_normal, store.whole());
        change.logs.insert(primary, own);
        self.start_view(ctx);
    }

    pub(super) fn on_do_view_change(
        &mut self,
        from: NodeId,
        view: ViewNumber,
        has: (ViewNumber, Whole),
        ctx: &mut Ctx<'_>,
    ) {
        if view > self.store.view {
            self.change_view(view, ctx);
        }
        if let Status::ViewChange(change) = &mut self.status
            && view == self.store.view
        {
            // Who tells what it has wants the view, too.
            change.wanted.insert(from);
            change.logs.insert(from, has);
            self.tell_the_next_primary(ctx);
            self.start_view(ctx);
        }
    }

    /// The new primary, when it knows what f + 1 have, itself among them: the log of the latest view,
    /// of these the longest, has everything that is committed.
    fn start_view(&mut self, ctx: &mut Ctx<'_>) {
        let store = &self.store;
        let Status::ViewChange(change) = &self.status else {
            return;
        };
        if change.logs.len() <= store.config.f() || !change.logs.contains_key(&ctx.node()) {
            return;
        }
        let committed = change.logs.values().map(|(_, log)| log.committed).max();
        let latest = if store.config.has(Mutant::VrStartsViewWithAStaleLog) {
            change.logs.get(&ctx.node())
        } else {
            let logs = change.logs.values();
            logs.max_by_key(|(last_normal, log)| (*last_normal, log.entries.len()))
        };
        let (_, mut log) = latest.cloned().expect("its own log is among them");
        log.committed = committed.unwrap_or_default().min(log.entries.len() as u64);
        let view = store.view;
        ctx.reached("view-started");
        self.enter(view, log, ctx);
        let log = self.store.whole();
        ctx.broadcast(&Message::StartView { view, log });
    }

    pub(super) fn on_start_view(&mut self, view: ViewNumber, log: Whole, ctx: &mut Ctx<'_>) {
        if view > self.store.view || (view == self.store.view && self.is_changing()) {
            self.enter(view, log, ctx);
        }
    }

    /// Says again what may have been lost; after a while it wants the next view.
    pub(super) fn change_view_again(&mut self, ctx: &mut Ctx<'_>) {
        let Status::ViewChange(change) = &mut self.status else {
            return;
        };
        change.rounds += 1;
        if change.rounds > ROUNDS_MOST && self.store.has_promised() {
            return self.change_view(ViewNumber(self.store.view.0 + 1), ctx);
        }
        change.told = false;
        self.say_start_view_change(ctx);
        ctx.set_timer(Timer::Again, self.store.config.heartbeat);
    }
}
