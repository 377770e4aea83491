//! What a replica keeps whatever its part is: its epoch, its log and how much of both is durable.

use murphy_sim::{LogIndex, Time};

use super::{
    config::Config,
    message::{Configuration, Entry, Epoch, Record},
    mutants::Mutant,
    replica::Ctx,
};
use crate::shared::{journal::Journal, log::Log};

/// What a replica keeps.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Store {
    pub(super) config: Config,
    /// The last configuration that it knows. It has nothing to do with earlier ones.
    pub(super) known: Configuration,
    pub(super) log: Log,
    pub(super) durable: Durable,
    pub(super) lease: Lease,
    /// How many entries are known to be as the predecessor's in this epoch, from the first.
    pub(super) matched: u64,
    journal: Journal<Durable>,
}

/// How much of it a crash cannot take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Durable {
    pub(super) epoch: Epoch,
    pub(super) length: u64,
}

/// The right to serve, on the node's monotonic clock. A crash forgets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Lease {
    /// When the node started. It asked for no lease before.
    since: Time,
    until: Time,
}

impl Store {
    pub(super) fn read(config: Config, disk: &[Record], ctx: &Ctx<'_>) -> Store {
        let mut known = Configuration::default();
        let mut log = Log::default();
        for record in disk {
            match record {
                Record::Configured(configuration) => known = configuration.clone(),
                Record::Entry(entry) => log.push(entry.clone()),
                Record::Cut { keep } => log.cut(*keep),
            }
        }
        let durable = Durable {
            epoch: known.epoch,
            length: log.length(),
        };
        Store {
            config,
            known,
            log,
            durable,
            lease: Lease {
                since: ctx.elapsed(),
                until: Time::ZERO,
            },
            matched: 0,
            journal: Journal::new(ctx),
        }
    }

    pub(super) const fn epoch(&self) -> Epoch {
        self.known.epoch
    }

    /// Whether a crash would not take it back to an earlier epoch. It says nothing before.
    pub(super) fn is_in_epoch(&self) -> bool {
        self.durable.epoch == self.known.epoch
    }

    /// Has nothing to do with earlier epochs from now on. The caller saves.
    pub(super) fn join(&mut self, configuration: Configuration, ctx: &mut Ctx<'_>) {
        assert!(
            configuration.epoch > self.known.epoch,
            "a replica joins later epochs only"
        );
        ctx.append(Record::Configured(configuration.clone()));
        self.known = configuration;
        self.matched = 0;
    }

    pub(super) fn push(&mut self, entry: Entry, ctx: &mut Ctx<'_>) {
        self.log.push(entry.clone());
        ctx.append(Record::Entry(entry));
    }

    /// Whether entry number `at` is here and of this epoch, and so, since an epoch has one head and a
    /// head one log, is the same as the predecessor's, with all before it.
    pub(super) fn agrees(&self, at: u64, epoch: Epoch) -> bool {
        at <= self.log.length() && self.log.epoch_at(at) == epoch
    }

    /// Puts the entries after the first `length`. The first that is not as it is here cuts off the
    /// tail that this node has from an earlier time in the chain.
    pub(super) fn take(&mut self, length: u64, entries: Vec<Entry>, ctx: &mut Ctx<'_>) {
        let mut at = length;
        for entry in entries {
            at += 1;
            if self.agrees(at, entry.epoch) {
                continue;
            }
            if at <= self.log.length() {
                self.cut(at - 1, ctx);
                ctx.reached("tail-cut");
            }
            self.push(entry, ctx);
        }
        self.matched = self.matched.max(at);
    }

    fn cut(&mut self, keep: u64, ctx: &mut Ctx<'_>) {
        self.log.cut(keep);
        self.durable.length = self.durable.length.min(keep);
        if let Some(pending) = self.journal.pending_mut() {
            pending.length = pending.length.min(keep);
        }
        ctx.append(Record::Cut { keep });
    }

    /// How many entries are durable here and as the predecessor's.
    pub(super) fn held(&self) -> u64 {
        self.matched.min(self.durable.length)
    }

    pub(super) fn is_saved(&self, ctx: &Ctx<'_>) -> bool {
        self.journal.is_saved(ctx)
    }

    pub(super) fn save(&mut self, ctx: &mut Ctx<'_>) {
        let then = Durable {
            epoch: self.known.epoch,
            length: self.log.length(),
        };
        self.journal.save(then, ctx);
    }

    /// A sync is done. Whether it was one that this waited for.
    pub(super) fn on_synced(&mut self, upto: LogIndex, ctx: &mut Ctx<'_>) -> bool {
        let Some((durable, more)) = self.journal.saved(upto) else {
            return false;
        };
        self.durable = durable;
        if more {
            self.save(ctx);
        }
        true
    }

    /// The lease begins when it was asked for, not when it was granted (Gray and Cheriton,
    /// section 3.1). What was asked for before a crash counts for nothing.
    pub(super) fn on_granted(&mut self, sent: Time) {
        if sent >= self.lease.since {
            self.lease.until = self.lease.until.max(sent + self.config.lease);
        }
    }

    /// Looked at anew in every reaction, because a pause can come between any two.
    pub(super) fn has_lease(&self, ctx: &Ctx<'_>) -> bool {
        if self.config.has(Mutant::ChainOldTailNotFenced) {
            return self.lease.until > Time::ZERO;
        }
        ctx.elapsed() < self.lease.until
    }
}
