//! A replica: in the chain or outside, by what the master has decided.

use murphy_sim::{CallId, Context, LogIndex, NodeId, Reply, Role, View};

use super::{
    Chain,
    config::Config,
    member::Member,
    message::{Configuration, Epoch, Message, Position, Record, Timer},
    store::Store,
};
use crate::service::kv;

pub(super) type Ctx<'a> = Context<'a, Chain>;

/// A replica's state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Replica {
    pub(super) store: Store,
    pub(super) part: Part,
}

/// What a replica takes itself for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Part {
    /// Not in the chain, or not since it started. It catches up behind the tail.
    Outside,
    /// In the chain.
    Member(Member),
}

impl Replica {
    pub(super) fn start(config: Config, disk: &[Record], ctx: &mut Ctx<'_>) -> Replica {
        let replica = Replica {
            store: Store::read(config, disk, ctx),
            part: Part::Outside,
        };
        replica.say_hello(ctx);
        replica
    }

    pub(super) fn on_request(&mut self, call: CallId, request: &kv::Request, ctx: &mut Ctx<'_>) {
        if let Part::Member(member) = &mut self.part
            && self.store.is_in_epoch()
            && member.on_request(&mut self.store, call, request, ctx)
        {
            return;
        }
        let to = if request.is_update() {
            self.store.known.head()
        } else {
            self.store.known.tail()
        };
        ctx.reached("redirect");
        ctx.reply(call, Reply::Redirect(to.filter(|to| *to != ctx.node())));
    }

    pub(super) fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Ctx<'_>) {
        match message {
            Message::Configured(configuration) => self.on_configured(configuration, ctx),
            Message::Granted {
                sent,
                configuration,
            } => {
                self.on_configured(configuration, ctx);
                self.store.on_granted(sent);
            }
            Message::Follow { epoch, length } => {
                self.as_member(epoch, from, ctx, |it, store, ctx| {
                    it.on_follow(store, from, length, ctx);
                });
            }
            Message::Forward {
                epoch,
                previous,
                entries,
            } => {
                // One that has restarted has no part in this epoch, whatever its predecessor thinks.
                let has_left = matches!(self.part, Part::Outside)
                    && self.store.known.place(ctx.node()).is_some();
                if self.is_of_this_epoch(epoch, from, ctx) && !has_left {
                    self.on_forward(from, previous, entries, ctx);
                }
            }
            Message::Acknowledge {
                epoch,
                length,
                committed,
            } => self.as_member(epoch, from, ctx, |it, store, ctx| {
                it.on_acknowledge(store, from, (length, committed), ctx);
            }),
            Message::Mismatch { epoch, length } => {
                self.as_member(epoch, from, ctx, |it, store, ctx| {
                    it.on_mismatch(store, from, length, ctx);
                });
            }
            Message::AskVersion { epoch, ticket } => {
                self.as_member(epoch, from, ctx, |it, store, ctx| {
                    it.on_ask_version(store, from, ticket, ctx);
                });
            }
            Message::Version {
                epoch,
                ticket,
                committed,
            } => self.as_member(epoch, from, ctx, |it, store, ctx| {
                it.on_version(store, ticket, committed, ctx);
            }),
            Message::Hello | Message::Renew { .. } => {
                unreachable!("only the master is sent these")
            }
        }
    }

    /// Nothing is taken from another epoch: whoever is behind is told of this one, and this node
    /// asks when it is behind itself.
    fn is_of_this_epoch(&self, epoch: Epoch, from: NodeId, ctx: &mut Ctx<'_>) -> bool {
        match epoch.cmp(&self.store.epoch()) {
            std::cmp::Ordering::Equal => true,
            std::cmp::Ordering::Less => {
                ctx.send(from, Message::Configured(self.store.known.clone()));
                false
            }
            std::cmp::Ordering::Greater => {
                ctx.send(self.store.config.master(), Message::Hello);
                false
            }
        }
    }

    /// What is said to a node of the chain of `epoch`; nothing if this is not one, or not yet.
    fn as_member(
        &mut self,
        epoch: Epoch,
        from: NodeId,
        ctx: &mut Ctx<'_>,
        react: impl FnOnce(&mut Member, &mut Store, &mut Ctx<'_>),
    ) {
        if !self.is_of_this_epoch(epoch, from, ctx) || !self.store.is_in_epoch() {
            return;
        }
        if let Part::Member(member) = &mut self.part {
            react(member, &mut self.store, ctx);
        }
    }

    fn on_forward(
        &mut self,
        from: NodeId,
        previous: Position,
        entries: Vec<super::message::Entry>,
        ctx: &mut Ctx<'_>,
    ) {
        let store = &mut self.store;
        let chain = &store.known.chain;
        let predecessor = match store.known.place(ctx.node()) {
            Some(place) => place.checked_sub(1).map(|before| chain[before]),
            None => store.known.tail(),
        };
        assert_eq!(
            predecessor,
            Some(from),
            "an epoch has one chain, and its nodes send to their successors only"
        );
        let epoch = store.epoch();
        if !store.agrees(previous.length, previous.epoch) {
            let log = &store.log;
            let length = log
                .before_mismatch(previous.length)
                .min(previous.length.saturating_sub(1));
            return ctx.send(from, Message::Mismatch { epoch, length });
        }
        store.take(previous.length, entries, ctx);
        if !store.is_saved(ctx) {
            return store.save(ctx);
        }
        // All of it was here before: the acknowledgement must have been lost, or is on its way.
        let acknowledge = Message::Acknowledge {
            epoch,
            length: store.held(),
            committed: store.log.applied(),
        };
        ctx.send(from, acknowledge);
    }

    pub(super) fn on_timer(&mut self, timer: Timer, ctx: &mut Ctx<'_>) {
        match (&mut self.part, timer) {
            (Part::Outside, Timer::Hello) => self.say_hello(ctx),
            (Part::Member(member), Timer::Renew) => member.renew(&self.store, ctx),
            (Part::Member(member), Timer::Resend(to)) => {
                member.on_resend(&mut self.store, to, ctx);
            }
            // Set in a part that is over.
            (Part::Member(_), Timer::Hello) | (Part::Outside, Timer::Renew | Timer::Resend(_)) => {}
            (_, Timer::Watch) => unreachable!("a replica sets no timer of the master"),
        }
    }

    pub(super) fn on_synced(&mut self, upto: LogIndex, ctx: &mut Ctx<'_>) {
        if !self.store.on_synced(upto, ctx) || !self.store.is_in_epoch() {
            return;
        }
        match &mut self.part {
            Part::Member(member) => member.on_durable(&mut self.store, ctx),
            Part::Outside => {
                let (Some(tail), epoch) = (self.store.known.tail(), self.store.epoch()) else {
                    return;
                };
                if self.store.matched > 0 {
                    let acknowledge = Message::Acknowledge {
                        epoch,
                        length: self.store.held(),
                        committed: 0,
                    };
                    ctx.send(tail, acknowledge);
                }
            }
        }
    }

    /// Asks the master how things are, and the tail to be caught up.
    fn say_hello(&self, ctx: &mut Ctx<'_>) {
        let store = &self.store;
        ctx.send(store.config.master(), Message::Hello);
        ctx.set_timer(Timer::Hello, store.config.hello);
        if let Some(tail) = store.known.tail()
            && store.known.place(ctx.node()).is_none()
            && store.is_in_epoch()
        {
            let follow = Message::Follow {
                epoch: store.epoch(),
                length: store.log.length(),
            };
            ctx.send(tail, follow);
        }
    }

    /// A node that has restarted is never again in the chain of the same epoch: as tail it may have
    /// asked for a successor and not know it any more. Its lease will run out, and then the master
    /// takes it out of the chain or makes another epoch of it.
    fn on_configured(&mut self, configuration: Configuration, ctx: &mut Ctx<'_>) {
        if configuration.epoch <= self.store.epoch() {
            return;
        }
        let was_member = match &mut self.part {
            Part::Member(member) => {
                member.leave(ctx);
                true
            }
            Part::Outside => false,
        };
        let is_first = self.store.epoch() == Epoch(0);
        self.store.join(configuration, ctx);
        match self.store.known.place(ctx.node()) {
            Some(place) => {
                ctx.cancel_timer(Timer::Hello);
                if !was_member && !is_first {
                    ctx.reached("rejoin");
                }
                self.part = Part::Member(Member::new(&mut self.store, place, ctx));
            }
            None => {
                self.part = Part::Outside;
                ctx.set_timer(Timer::Hello, self.store.config.hello);
            }
        }
        self.store.save(ctx);
    }

    pub(super) fn role(&self) -> Role {
        match &self.part {
            Part::Outside => Role("outside"),
            Part::Member(member) => Role(member.role(&self.store)),
        }
    }

    /// Whether all is durable and committed, and what a node of the chain knows of its successor.
    pub(super) fn abstraction(&self) -> impl std::hash::Hash + use<> {
        let log = &self.store.log;
        let links = match &self.part {
            Part::Member(member) => member.abstraction(),
            Part::Outside => (0, false, false),
        };
        let is_durable = self.store.durable.length == log.length();
        (is_durable, log.applied() == log.length(), links)
    }

    pub(super) fn view(&self) -> View<kv::View> {
        let log = &self.store.log;
        View {
            of: 0,
            state: Some(log.registers().clone()),
            settled: log.applied() == log.length(),
        }
    }
}
