//! A replica: what it keeps whatever its status is, and which status it is in.

use murphy_sim::{CallId, Context, LogIndex, NodeId, Reply, Role, View};

use super::{
    Viewstamped,
    config::Config,
    message::{Entry, Epoch, Message, Nonce, Record, Timer, ViewNumber, Whole},
    mutants::Mutant,
    normal::Normal,
    recovery::Recovery,
    view_change::ViewChange,
};
use crate::{
    service::kv,
    shared::{journal::Journal, log::Log},
};

pub(super) type Ctx<'a> = Context<'a, Viewstamped>;

/// What a replica keeps whatever its status is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Store {
    pub(super) config: Config,
    /// The view-number.
    pub(super) view: ViewNumber,
    /// The last view in which the status was normal.
    pub(super) last_normal: ViewNumber,
    pub(super) log: Log,
    /// The view that a crash cannot take it back from.
    pub(super) durable: ViewNumber,
    journal: Journal<ViewNumber>,
}

/// A replica's status (section 4).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Status {
    /// It runs for the first time, and waits for its disk to say so.
    Installing,
    /// It processes operations.
    Normal(Normal),
    /// It is on its way to another view.
    ViewChange(ViewChange),
    /// It has lost its memory and asks the others.
    Recovering(Recovery),
}

impl Store {
    pub(super) fn is_primary(&self, ctx: &Ctx<'_>) -> bool {
        self.config.primary(self.view) == ctx.node()
    }

    pub(super) fn append(&mut self, call: CallId, request: kv::Request) {
        let entry = Entry {
            epoch: Epoch(self.view.0),
            update: Some((call, request)),
        };
        self.log.push(entry);
    }

    /// Executes what is committed, each call once; so many at most as there are.
    pub(super) fn commit(&mut self, upto: u64) {
        let upto = upto.min(self.log.length());
        while self.log.applied() < upto {
            if self.config.has(Mutant::VrClientTableForgotten) {
                self.log.forget_calls();
            }
            self.log.apply(self.log.applied() + 1);
        }
    }

    pub(super) fn whole(&self) -> Whole {
        Whole {
            entries: self.log.slice(0, self.log.length()).to_vec(),
            committed: self.log.applied(),
        }
    }

    /// Takes a log in place of its own. What is committed here is in it.
    pub(super) fn replace(&mut self, log: Whole) {
        let committed = log.committed.max(self.log.applied());
        self.log = Log::default();
        for entry in log.entries {
            self.log.push(entry);
        }
        self.commit(committed);
    }

    /// Promises to have nothing to do with earlier views, for good when the disk has it.
    fn promise(&mut self, view: ViewNumber, ctx: &mut Ctx<'_>) {
        ctx.append(Record::View(view));
        self.journal.save(view, ctx);
    }

    /// Whether its promise to go to its view is on the disk.
    pub(super) fn has_promised(&self) -> bool {
        self.durable >= self.view
    }
}

impl Viewstamped {
    pub(super) fn begin(config: Config, disk: &[Record], ctx: &mut Ctx<'_>) -> Viewstamped {
        let view = disk
            .last()
            .map_or(ViewNumber(0), |Record::View(view)| *view);
        let forgets = config.has(Mutant::VrViewNumberForgotten);
        let promised = if forgets { ViewNumber(0) } else { view };
        let mut store = Store {
            config,
            view: promised,
            last_normal: ViewNumber(0),
            log: Log::default(),
            durable: view,
            journal: Journal::new(ctx),
        };
        let status = if disk.is_empty() {
            store.promise(ViewNumber(0), ctx);
            Status::Installing
        } else {
            Status::Recovering(Recovery::begin(&store, ctx))
        };
        Viewstamped { store, status }
    }

    pub(super) fn react_to_request(
        &mut self,
        call: CallId,
        request: kv::Request,
        ctx: &mut Ctx<'_>,
    ) {
        let to = match &mut self.status {
            Status::Normal(normal) if self.store.is_primary(ctx) => {
                return normal.on_request(&mut self.store, call, request, ctx);
            }
            Status::Normal(_) => Some(self.store.config.primary(self.store.view)),
            Status::Installing | Status::ViewChange(_) | Status::Recovering(_) => None,
        };
        ctx.reached("redirect");
        ctx.reply(call, Reply::Redirect(to));
    }

    pub(super) fn react_to_message(&mut self, from: NodeId, message: Message, ctx: &mut Ctx<'_>) {
        match (&mut self.status, message) {
            // Its disk does not say yet that it was there: nothing may depend on it.
            (Status::Installing, _) => {}
            (Status::Recovering(recovery), Message::RecoveryResponse { view, nonce, log }) => {
                if let Some((view, log)) =
                    recovery.on_response(&self.store, from, (view, nonce, log))
                {
                    self.recover(view, log, ctx);
                }
            }
            // It takes part in nothing else before it has recovered (section 4.3).
            (Status::Recovering(_), _) => {}
            (_, Message::RecoveryResponse { .. }) => {}
            (_, Message::Recovery { nonce, promised }) => {
                self.on_recovery(from, nonce, promised, ctx);
            }
            (_, Message::StartViewChange { view }) => self.on_start_view_change(from, view, ctx),
            (
                _,
                Message::DoViewChange {
                    view,
                    last_normal,
                    log,
                },
            ) => self.on_do_view_change(from, view, (last_normal, log), ctx),
            (_, Message::StartView { view, log }) => self.on_start_view(view, log, ctx),
            (_, Message::GetState { view, length }) => self.on_get_state(from, view, length, ctx),
            (
                _,
                Message::NewState {
                    view,
                    previous,
                    entries,
                    committed,
                },
            ) => self.on_new_state(view, previous, entries, committed, ctx),
            (_, Message::PrepareOk { view, length }) => {
                if let Status::Normal(normal) = &mut self.status
                    && view == self.store.view
                    && self.store.is_primary(ctx)
                {
                    normal.on_prepare_ok(&mut self.store, from, length, ctx);
                }
            }
            (
                _,
                Message::Prepare {
                    view,
                    previous,
                    entries,
                    committed,
                },
            ) => {
                if let Some((normal, store)) = self.follows(view, ctx) {
                    normal.on_prepare(store, previous, entries, committed, ctx);
                }
            }
            (_, Message::Commit { view, committed }) => {
                if let Some((normal, store)) = self.follows(view, ctx) {
                    normal.on_commit(store, committed, ctx);
                }
            }
        }
    }

    /// The primary of a view is heard. A replica that is not in that view, though it has begun, asks
    /// for what it has missed (section 5.2).
    fn follows(
        &mut self,
        view: ViewNumber,
        ctx: &mut Ctx<'_>,
    ) -> Option<(&mut Normal, &mut Store)> {
        let store = &mut self.store;
        match &mut self.status {
            Status::Normal(normal) if view == store.view => Some((normal, store)),
            Status::Normal(_) | Status::ViewChange(_) if view >= store.view => {
                let get = Message::GetState {
                    view,
                    length: store.log.applied(),
                };
                ctx.send(store.config.primary(view), get);
                None
            }
            // The view is over.
            Status::Normal(_) | Status::ViewChange(_) => None,
            Status::Installing | Status::Recovering(_) => {
                unreachable!("neither of them gets so far")
            }
        }
    }

    fn on_get_state(&self, from: NodeId, view: ViewNumber, length: u64, ctx: &mut Ctx<'_>) {
        let store = &self.store;
        let is_normal = matches!(self.status, Status::Normal(_));
        if is_normal && view == store.view && length <= store.log.length() {
            let state = Message::NewState {
                view,
                previous: length,
                entries: store.log.slice(length, store.log.length()).to_vec(),
                committed: store.log.applied(),
            };
            ctx.send(from, state);
        }
    }

    fn on_new_state(
        &mut self,
        view: ViewNumber,
        previous: u64,
        entries: Vec<Entry>,
        committed: u64,
        ctx: &mut Ctx<'_>,
    ) {
        let store = &mut self.store;
        if let Status::Normal(normal) = &mut self.status
            && view == store.view
        {
            if previous + entries.len() as u64 > store.log.length() {
                ctx.reached("state-transfer");
            }
            return normal.on_prepare(store, previous, entries, committed, ctx);
        }
        // From another view nothing is kept but what is committed (section 5.2).
        let is_new = view > store.view || (view == store.view && self.is_changing());
        let store = &mut self.store;
        if is_new && previous <= store.log.applied() {
            let mut log = Whole {
                entries: store.log.slice(0, previous).to_vec(),
                committed,
            };
            log.entries.extend(entries);
            ctx.reached("state-transfer");
            self.enter(view, log, ctx);
        }
    }

    pub(super) const fn is_changing(&self) -> bool {
        matches!(self.status, Status::ViewChange(_))
    }

    fn on_recovery(&mut self, from: NodeId, nonce: Nonce, promised: ViewNumber, ctx: &mut Ctx<'_>) {
        if promised > self.store.view {
            // It had promised to go there, and recovers into no earlier view.
            self.change_view(promised, ctx);
        } else if matches!(self.status, Status::Normal(_)) {
            let store = &self.store;
            let response = Message::RecoveryResponse {
                view: store.view,
                nonce,
                log: store.is_primary(ctx).then(|| store.whole()),
            };
            ctx.send(from, response);
        }
    }

    fn recover(&mut self, view: ViewNumber, log: Whole, ctx: &mut Ctx<'_>) {
        ctx.reached("recovered");
        self.enter(view, log, ctx);
    }

    /// Status normal in this view, with this log: as a backup that acknowledges what it has got, or
    /// as the primary.
    pub(super) fn enter(&mut self, view: ViewNumber, log: Whole, ctx: &mut Ctx<'_>) {
        assert!(view >= self.store.view, "a view-number never falls");
        ctx.cancel_timer(Timer::Again);
        ctx.cancel_timer(Timer::Heartbeat);
        self.store.view = view;
        self.store.last_normal = view;
        self.store.replace(log);
        self.status = Status::Normal(Normal::begin(&self.store, ctx));
    }

    /// Goes to a later view. It says so when its promise is on the disk.
    pub(super) fn change_view(&mut self, view: ViewNumber, ctx: &mut Ctx<'_>) {
        assert!(view > self.store.view, "a view-number never falls");
        ctx.reached("view-change");
        ctx.cancel_timer(Timer::Heartbeat);
        ctx.cancel_timer(Timer::Watch);
        self.store.view = view;
        self.store.promise(view, ctx);
        self.status = Status::ViewChange(ViewChange::default());
        ctx.set_timer(Timer::Again, self.store.config.heartbeat);
    }

    pub(super) fn react_to_timer(&mut self, timer: Timer, ctx: &mut Ctx<'_>) {
        match (&mut self.status, timer) {
            (Status::Normal(normal), Timer::Heartbeat) => normal.on_heartbeat(&self.store, ctx),
            (Status::Normal(normal), Timer::Watch) => {
                if !normal.on_watch(&self.store, ctx) {
                    self.change_view(ViewNumber(self.store.view.0 + 1), ctx);
                }
            }
            (Status::Recovering(recovery), Timer::Again) => recovery.ask(&self.store, ctx),
            (Status::ViewChange(_), Timer::Again) => self.change_view_again(ctx),
            // Set in a status that is over.
            (Status::Normal(_), Timer::Again)
            | (Status::Installing | Status::Recovering(_), Timer::Heartbeat | Timer::Watch)
            | (Status::ViewChange(_), Timer::Heartbeat | Timer::Watch)
            | (Status::Installing, Timer::Again) => {}
        }
    }

    pub(super) fn react_to_sync(&mut self, upto: LogIndex, ctx: &mut Ctx<'_>) {
        let Some((durable, more)) = self.store.journal.saved(upto) else {
            return;
        };
        self.store.durable = durable;
        if more {
            let view = self.store.view;
            self.store.journal.save(view, ctx);
        }
        match &self.status {
            Status::Installing => {
                ctx.reached("installed");
                self.enter(ViewNumber(0), Whole::default(), ctx);
            }
            Status::ViewChange(_) => self.say_start_view_change(ctx),
            // It has gone on to the view before its own promise was on the disk.
            Status::Normal(_) | Status::Recovering(_) => {}
        }
    }

    pub(super) fn role_now(&self) -> Role {
        Role(match &self.status {
            Status::Installing | Status::Recovering(_) => "recovering",
            Status::ViewChange(_) => "view-change",
            Status::Normal(normal) if normal.is_primary() => "primary",
            Status::Normal(_) => "backup",
        })
    }

    pub(super) fn view_now(&self) -> View<kv::View> {
        let log = &self.store.log;
        let is_normal = matches!(self.status, Status::Normal(_));
        View {
            of: 0,
            state: Some(log.registers().clone()),
            settled: is_normal && log.applied() == log.length(),
        }
    }
}
