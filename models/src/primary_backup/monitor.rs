//! The monitor: grants the lease, finds out when its holder is gone, and decides who is next.
//!
//! It decides nothing from memory: a configuration is on its disk before anyone is told of it, and
//! after a restart it waits out the lease that it may have granted before.

use std::collections::{BTreeMap, BTreeSet};

use murphy_sim::{CallId, Context, LogIndex, NodeId, Reply, Span, Time};

use super::{
    PrimaryBackup,
    config::{Config, Mode, Mutant},
    message::{Configuration, Epoch, Message, Position, Record, Timer},
};
use crate::shared::journal::Journal;

/// The monitor's state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Monitor {
    config: Config,
    /// The last decision.
    current: Configuration,
    /// The last decision that is on the disk.
    saved: Option<Configuration>,
    journal: Journal<Configuration>,
    /// Whoever holds a lease has none after this, by this node's clock.
    promised_until: Time,
    inquiry: Option<Inquiry>,
}

/// A question to all replicas: what have you got?
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Inquiry {
    /// When it began, and its name.
    round: Time,
    answers: BTreeMap<NodeId, Position>,
}

type Ctx<'a> = Context<'a, PrimaryBackup>;

impl Monitor {
    pub(super) fn start(config: Config, disk: &[Record], ctx: &mut Ctx<'_>) -> Monitor {
        let saved = disk.iter().rev().find_map(|record| match record {
            Record::Configured(configuration) => Some(configuration.clone()),
            Record::Epoch(_) | Record::Entry(_) | Record::Cut { .. } => None,
        });
        let first = Configuration {
            epoch: Epoch(1),
            primary: NodeId(0),
            version: 0,
            in_sync: config.members().collect(),
        };
        let is_new = saved.is_none();
        let mut monitor = Monitor {
            config,
            current: saved.clone().unwrap_or(first),
            saved,
            journal: Journal::new(ctx),
            promised_until: Time::ZERO,
            inquiry: None,
        };
        if is_new {
            ctx.append(Record::Configured(monitor.current.clone()));
            monitor.journal.save(monitor.current.clone(), ctx);
        }
        if config.has(Mutant::MonitorForgetsItsLease) && !is_new {
            monitor.promise(Span::ZERO, ctx);
        } else {
            monitor.promise(config.wait_for_lease(), ctx);
        }
        monitor
    }

    pub(super) fn on_request(&mut self, call: CallId, ctx: &mut Ctx<'_>) {
        ctx.reached("redirect");
        let primary = self.saved.as_ref().map(|saved| saved.primary);
        ctx.reply(call, Reply::Redirect(primary));
    }

    pub(super) fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Ctx<'_>) {
        match message {
            Message::Hello => self.tell(from, ctx),
            Message::Renew {
                epoch,
                sent,
                wanted,
            } => self.on_renew(from, epoch, sent, wanted, ctx),
            Message::Standing { round, last } => {
                if let Some(inquiry) = &mut self.inquiry
                    && inquiry.round == round
                {
                    inquiry.answers.insert(from, last);
                    self.decide(ctx);
                }
            }
            // Meant for replicas; the monitor is never sent these.
            Message::Configured(_)
            | Message::Granted { .. }
            | Message::Inquire { .. }
            | Message::Append { .. }
            | Message::Appended { .. }
            | Message::Mismatch { .. }
            | Message::Refused { .. } => {}
        }
    }

    pub(super) fn on_timer(&mut self, timer: Timer, ctx: &mut Ctx<'_>) {
        match timer {
            Timer::Watch => self.on_watch(ctx),
            Timer::Inquire => self.on_inquire(ctx),
            Timer::Hello | Timer::Renew | Timer::LeaseEnds | Timer::Send(_) => {
                unreachable!("the monitor sets no timer of a replica")
            }
        }
    }

    pub(super) fn on_synced(&mut self, upto: LogIndex, ctx: &mut Ctx<'_>) {
        let Some((saved, more)) = self.journal.saved(upto) else {
            return;
        };
        let before = self.saved.replace(saved.clone());
        if more {
            self.journal.save(self.current.clone(), ctx);
        }
        if before.is_some_and(|before| before.epoch == saved.epoch) {
            return ctx.send(saved.primary, Message::Configured(saved));
        }
        for replica in self.config.members() {
            ctx.send(replica, Message::Configured(saved.clone()));
        }
    }

    /// The last epoch that is decided for good.
    pub fn epoch(&self) -> Epoch {
        self.saved
            .as_ref()
            .map_or(Epoch::default(), |saved| saved.epoch)
    }

    /// Whether it asks around, whether it has something to write down, and who is in sync.
    pub(super) fn abstraction(&self) -> impl std::hash::Hash + use<> {
        let inquires = self.inquiry.is_some();
        let is_saved = self.saved.as_ref() == Some(&self.current);
        (inquires, is_saved, self.current.in_sync.clone())
    }

    fn tell(&self, replica: NodeId, ctx: &mut Ctx<'_>) {
        if let Some(saved) = &self.saved {
            ctx.send(replica, Message::Configured(saved.clone()));
        }
    }

    /// Nobody else will be primary for so long.
    fn promise(&mut self, wait: Span, ctx: &mut Ctx<'_>) {
        let until = lease_clock(&self.config, ctx) + wait;
        self.promised_until = self.promised_until.max(until);
        self.inquiry = None;
        ctx.set_timer(Timer::Watch, wait);
    }

    fn on_renew(
        &mut self,
        from: NodeId,
        epoch: Epoch,
        sent: Time,
        wanted: Option<(u64, BTreeSet<NodeId>)>,
        ctx: &mut Ctx<'_>,
    ) {
        let holds = |configuration: &Configuration| {
            configuration.epoch == epoch && configuration.primary == from
        };
        match self.saved.clone() {
            Some(configuration) if holds(&configuration) && holds(&self.current) => {
                self.promise(self.config.wait_for_lease(), ctx);
                ctx.send(
                    from,
                    Message::Granted {
                        sent,
                        configuration,
                    },
                );
                self.reconfigure(wanted, ctx);
            }
            Some(_) | None => self.tell(from, ctx),
        }
    }

    /// The primary asks for another in-sync set. Whatever it was told before counts until the new
    /// one is on the disk (PacificA, section 2.2).
    fn reconfigure(&mut self, wanted: Option<(u64, BTreeSet<NodeId>)>, ctx: &mut Ctx<'_>) {
        let Some((version, in_sync)) = wanted else {
            return;
        };
        if version != self.current.version {
            // It was done already; what is granted says so.
            return;
        }
        assert!(
            in_sync.contains(&self.current.primary),
            "a primary is always in sync with itself"
        );
        let grows = in_sync.difference(&self.current.in_sync).next().is_some();
        ctx.reached(if grows { "admitted" } else { "evicted" });
        self.current.in_sync = in_sync;
        self.settle(ctx);
    }

    /// Writes down the decision that was taken just now.
    fn settle(&mut self, ctx: &mut Ctx<'_>) {
        self.current.version += 1;
        ctx.append(Record::Configured(self.current.clone()));
        self.journal.save(self.current.clone(), ctx);
    }

    /// Never before the old lease must have run out (Gray and Cheriton, section 2).
    fn on_watch(&mut self, ctx: &mut Ctx<'_>) {
        let now = lease_clock(&self.config, ctx);
        if now < self.promised_until {
            ctx.set_timer(Timer::Watch, self.promised_until.since(now));
        } else if self.saved.as_ref() == Some(&self.current) {
            self.inquiry = Some(Inquiry {
                round: ctx.elapsed(),
                answers: BTreeMap::new(),
            });
            self.ask(ctx);
        } else {
            ctx.set_timer(Timer::Watch, self.config.resend);
        }
    }

    fn ask(&self, ctx: &mut Ctx<'_>) {
        let Some(inquiry) = &self.inquiry else { return };
        for replica in self.config.members() {
            if !inquiry.answers.contains_key(&replica) {
                let round = inquiry.round;
                ctx.send(replica, Message::Inquire { round });
            }
        }
        ctx.set_timer(Timer::Inquire, self.config.resend);
    }

    fn on_inquire(&mut self, ctx: &mut Ctx<'_>) {
        if self.inquiry.is_some() {
            self.decide(ctx);
            self.ask(ctx);
        }
    }

    /// How long the monitor listens for better candidates.
    fn patience(&self) -> Span {
        self.config.resend * 4
    }

    /// Promotes the replica with the longest log, when enough have answered for it to be safe, and
    /// everyone has answered or has had the time to.
    fn decide(&mut self, ctx: &mut Ctx<'_>) {
        let Some(inquiry) = &self.inquiry else { return };
        let answers = &inquiry.answers;
        let missing = |node: NodeId| node != self.current.primary && !answers.contains_key(&node);
        let waited = ctx.elapsed().since(inquiry.round) >= self.patience();
        if !waited && self.config.members().any(missing) {
            return;
        }
        let enough = match self.config.mode {
            // Any replica that is in sync has all; the others do not come into question.
            Mode::Synchronous | Mode::Asynchronous => 1,
            // What two of them hold, all but one of them know of.
            Mode::SemiSynchronous => self.config.replicas as usize - 1,
        };
        let eligible = |node: &NodeId| {
            self.config.mode != Mode::Synchronous || self.current.in_sync.contains(node)
        };
        let best = answers
            .iter()
            .filter(|(node, _)| eligible(node))
            .max_by_key(|(node, last)| (**last, std::cmp::Reverse(**node)));
        let Some((primary, _)) = best.filter(|_| answers.len() >= enough) else {
            return;
        };
        self.current.primary = *primary;
        self.current
            .in_sync
            .retain(|node| answers.contains_key(node));
        self.current.epoch.0 += 1;
        ctx.reached("failover");
        self.promise(self.config.wait_for_lease(), ctx);
        self.settle(ctx);
    }
}

/// The clock that leases are measured on.
pub(super) fn lease_clock(config: &Config, ctx: &Ctx<'_>) -> Time {
    if config.has(Mutant::LeaseOnTheWallClock) {
        ctx.now()
    } else {
        ctx.elapsed()
    }
}
