//! A replica: what it keeps whatever its part is, and how it comes to be primary or backup.

use murphy_sim::{CallId, Context, LogIndex, NodeId, Reply, Role, View};

use super::{
    PrimaryBackup,
    backup::Backup,
    config::Config,
    message::{Configuration, Entry, Epoch, Message, Record, Timer},
    primary::Primary,
};
use crate::{
    service::kv,
    shared::{journal::Journal, log::Log},
};

pub(super) type Ctx<'a> = Context<'a, PrimaryBackup>;

/// A replica's state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Replica {
    pub(super) store: Store,
    pub(super) part: Part,
}

/// What a replica keeps, whatever its part.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Store {
    pub(super) config: Config,
    /// The latest epoch that it has joined. It has nothing to do with earlier ones.
    pub(super) epoch: Epoch,
    pub(super) log: Log,
    pub(super) durable: Durable,
    journal: Journal<Durable>,
}

/// How much of it a crash cannot take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Durable {
    pub(super) epoch: Epoch,
    pub(super) length: u64,
}

/// What a replica takes itself for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Part {
    Backup(Backup),
    Primary(Primary),
}

impl Store {
    fn read(config: Config, disk: &[Record], ctx: &Ctx<'_>) -> Store {
        let mut epoch = Epoch::default();
        let mut log = Log::default();
        for record in disk {
            match record {
                Record::Epoch(joined) => epoch = *joined,
                Record::Entry(entry) => log.push(entry.clone()),
                Record::Cut { keep } => log.cut(*keep),
                Record::Configured(_) => {
                    unreachable!("only a monitor's disk holds configurations")
                }
            }
        }
        let length = log.length();
        Store {
            config,
            epoch,
            log,
            durable: Durable { epoch, length },
            journal: Journal::new(ctx),
        }
    }

    pub(super) fn join(&mut self, epoch: Epoch, ctx: &mut Ctx<'_>) {
        assert!(epoch > self.epoch, "a replica joins later epochs only");
        self.epoch = epoch;
        ctx.append(Record::Epoch(epoch));
    }

    pub(super) fn push(&mut self, entry: Entry, ctx: &mut Ctx<'_>) {
        self.log.push(entry.clone());
        ctx.append(Record::Entry(entry));
    }

    pub(super) fn cut(&mut self, keep: u64, ctx: &mut Ctx<'_>) {
        self.log.cut(keep);
        self.durable.length = self.durable.length.min(keep);
        if let Some(pending) = self.journal.pending_mut() {
            pending.length = pending.length.min(keep);
        }
        ctx.append(Record::Cut { keep });
    }

    pub(super) fn is_saved(&self, ctx: &Ctx<'_>) -> bool {
        self.journal.is_saved(ctx)
    }

    pub(super) fn save(&mut self, ctx: &mut Ctx<'_>) {
        let then = Durable {
            epoch: self.epoch,
            length: self.log.length(),
        };
        self.journal.save(then, ctx);
    }
}

impl Replica {
    pub(super) fn start(config: Config, disk: &[Record], ctx: &mut Ctx<'_>) -> Replica {
        let store = Store::read(config, disk, ctx);
        let backup = Backup::new(None, store.log.length() > 0);
        backup.wait_for_primary(&store, ctx);
        ctx.send(config.monitor(), Message::Hello);
        Replica {
            store,
            part: Part::Backup(backup),
        }
    }

    pub(super) fn on_request(&mut self, call: CallId, request: kv::Request, ctx: &mut Ctx<'_>) {
        let elsewhere = match &mut self.part {
            Part::Primary(primary) if primary.serves(&self.store, ctx) => {
                return primary.on_request(&mut self.store, call, request, ctx);
            }
            Part::Primary(_) => None,
            Part::Backup(backup) => {
                if backup.answers(&self.store, call, &request, ctx) {
                    return;
                }
                backup.primary
            }
        };
        ctx.reached("redirect");
        ctx.reply(call, Reply::Redirect(elsewhere));
    }

    pub(super) fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Ctx<'_>) {
        match message {
            Message::Configured(configuration) => self.on_configured(configuration, ctx),
            Message::Inquire { round } => {
                let last = self.store.log.position(self.store.durable.length);
                ctx.send(from, Message::Standing { round, last });
            }
            Message::Append { epoch, .. } if epoch < self.store.epoch => {
                let epoch = self.store.epoch;
                ctx.send(from, Message::Refused { epoch });
            }
            Message::Append {
                epoch,
                sequence,
                previous,
                entries,
                committed,
            } => {
                if epoch > self.store.epoch {
                    self.follow(epoch, Some(from), ctx);
                }
                if let Part::Backup(backup) = &mut self.part {
                    backup.on_append(
                        &mut self.store,
                        from,
                        sequence,
                        (previous, entries, committed),
                        ctx,
                    );
                }
            }
            Message::Refused { epoch } if epoch > self.store.epoch => {
                self.follow(epoch, None, ctx);
                self.store.save(ctx);
                ctx.send(self.store.config.monitor(), Message::Hello);
            }
            Message::Granted {
                sent,
                configuration,
            } => self.as_primary(configuration.epoch, |primary, store| {
                primary.on_granted(store, sent, configuration, ctx);
            }),
            Message::Appended {
                epoch,
                sequence,
                length,
            } => self.as_primary(epoch, |primary, store| {
                primary.on_appended(store, from, sequence, length, ctx);
            }),
            Message::Mismatch {
                epoch,
                sequence,
                length,
            } => self.as_primary(epoch, |primary, store| {
                primary.on_mismatch(store, from, sequence, length, ctx);
            }),
            // From an epoch that is over, or meant for the monitor.
            Message::Refused { .. }
            | Message::Hello
            | Message::Renew { .. }
            | Message::Standing { .. } => {}
        }
    }

    /// An answer to what this replica asked as the primary of `epoch`; nothing if that is over.
    fn as_primary(&mut self, epoch: Epoch, react: impl FnOnce(&mut Primary, &mut Store)) {
        match &mut self.part {
            Part::Primary(primary) if epoch == self.store.epoch => react(primary, &mut self.store),
            Part::Primary(_) | Part::Backup(_) => {}
        }
    }

    pub(super) fn on_timer(&mut self, timer: Timer, ctx: &mut Ctx<'_>) {
        match (&mut self.part, timer) {
            (Part::Backup(backup), Timer::Hello) => backup.on_hello(&self.store, ctx),
            (Part::Primary(primary), Timer::Renew) => primary.renew(&self.store, ctx),
            (Part::Primary(primary), Timer::LeaseEnds) => primary.on_lease_ends(&self.store, ctx),
            (Part::Primary(primary), Timer::Send(to)) => primary.on_send(&self.store, to, ctx),
            // Set in a part that is over.
            (Part::Primary(_), Timer::Hello)
            | (Part::Backup(_), Timer::Renew | Timer::LeaseEnds | Timer::Send(_)) => {}
            (_, Timer::Watch | Timer::Inquire) => {
                unreachable!("a replica sets no timer of the monitor")
            }
        }
    }

    pub(super) fn on_synced(&mut self, upto: LogIndex, ctx: &mut Ctx<'_>) {
        let Some((durable, more)) = self.store.journal.saved(upto) else {
            return;
        };
        self.store.durable = durable;
        if more {
            self.store.save(ctx);
        }
        match &mut self.part {
            Part::Primary(primary) => primary.on_durable(&mut self.store, ctx),
            Part::Backup(backup) => backup.on_durable(&self.store, upto, ctx),
        }
    }

    fn on_configured(&mut self, configuration: Configuration, ctx: &mut Ctx<'_>) {
        let epoch = configuration.epoch;
        if epoch > self.store.epoch && configuration.primary == ctx.node() {
            return self.lead(configuration, ctx);
        }
        if epoch > self.store.epoch {
            self.follow(epoch, Some(configuration.primary), ctx);
            return self.store.save(ctx);
        }
        if epoch < self.store.epoch {
            return;
        }
        match &mut self.part {
            Part::Primary(primary) => primary.on_configured(&mut self.store, configuration, ctx),
            // A replica that has restarted is never again primary of the same epoch: it does not
            // know what it asked the monitor for. Another epoch will come when its lease is over.
            Part::Backup(backup) if configuration.primary != ctx.node() => {
                backup.primary = Some(configuration.primary);
            }
            Part::Backup(_) => {}
        }
    }

    /// Becomes a backup in a later epoch. The caller saves.
    fn follow(&mut self, epoch: Epoch, primary: Option<NodeId>, ctx: &mut Ctx<'_>) {
        let returning = match &self.part {
            Part::Primary(deposed) => {
                deposed.step_down(ctx);
                true
            }
            Part::Backup(backup) => backup.returning,
        };
        self.store.join(epoch, ctx);
        let backup = Backup::new(primary, returning);
        backup.wait_for_primary(&self.store, ctx);
        self.part = Part::Backup(backup);
    }

    /// Becomes primary. It says and does nothing as such before its first entry is on its disk.
    fn lead(&mut self, configuration: Configuration, ctx: &mut Ctx<'_>) {
        if let Part::Primary(before) = &self.part {
            before.step_down(ctx);
        }
        ctx.cancel_timer(Timer::Hello);
        self.store.join(configuration.epoch, ctx);
        self.part = Part::Primary(Primary::new(&self.store, configuration, ctx));
        let opening = Entry {
            epoch: self.store.epoch,
            update: None,
        };
        self.store.push(opening, ctx);
        self.store.save(ctx);
    }

    pub(super) const fn role(&self) -> Role {
        match &self.part {
            Part::Primary(primary) if primary.is_suspended() => Role("suspended"),
            Part::Primary(_) => Role("primary"),
            Part::Backup(backup) if backup.caught_up => Role("backup"),
            Part::Backup(_) => Role("recovering"),
        }
    }

    /// Whether all is durable and committed, and what a primary knows of its backups.
    pub(super) fn abstraction(&self) -> impl std::hash::Hash + use<> {
        let log = &self.store.log;
        let followers = match &self.part {
            Part::Primary(primary) => primary.abstraction(),
            Part::Backup(_) => Vec::new(),
        };
        let is_durable = self.store.durable.length == log.length();
        (is_durable, log.applied() == log.length(), followers)
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
