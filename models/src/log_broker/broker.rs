//! A broker: a replica of every partition, and the coordinator of the group where it leads the
//! partition of offsets.

use murphy_sim::{CallId, Context, LogIndex, NodeId, Reply, Role, Time, View};

use super::{
    LogBroker,
    config::Config,
    coordinator::{Coordinator, Read},
    group::Group,
    message::{Epoch, Message, Record, Timer},
    replica::Replica,
};
use crate::{
    service::log::{self, Offset, Partition, Request, Response},
    shared::group_commit::GroupCommit,
};

/// How many messages one poll gives at most.
const POLL_MOST: Offset = 20;

/// A broker's state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Broker {
    pub(super) config: Config,
    /// When it started, by its monotonic clock: tells one life from the next.
    since: Time,
    /// By partition; the last one is of the group's offsets.
    pub(super) replicas: Vec<Replica>,
    commits: GroupCommit,
    /// In which epoch it coordinates the group, and what it knows as such.
    coordinator: Option<(Epoch, Coordinator)>,
}

type Ctx<'a> = Context<'a, LogBroker>;

impl Broker {
    pub(super) fn start(config: Config, disk: &[Record], ctx: &mut Ctx<'_>) -> Broker {
        let mut broker = Broker {
            config,
            since: ctx.elapsed(),
            replicas: (0..=config.partitions)
                .map(|p| Replica::new(config, p))
                .collect(),
            commits: GroupCommit::default(),
            coordinator: None,
        };
        for record in disk {
            let (Record::Joined(partition, _)
            | Record::Entry(partition, _)
            | Record::Cut(partition, _)
            | Record::HighWatermark(partition, _)) = record
            else {
                unreachable!("a broker writes no decisions: {record:?}");
            };
            broker.replicas[*partition as usize].remember(record);
        }
        broker.heartbeat(ctx);
        ctx.set_timer(Timer::Lag, config.lag / 2);
        broker
    }

    pub(super) fn on_request(&mut self, call: CallId, request: Request, ctx: &mut Ctx<'_>) {
        let partition = partition_of(&self.config, &request);
        let replica = &mut self.replicas[partition as usize];
        if replica.lead.is_none() {
            ctx.reached("redirect");
            let elsewhere = replica.leader.filter(|leader| *leader != ctx.node());
            return ctx.reply(call, Reply::Redirect(elsewhere));
        }
        match request {
            Request::Send { value, .. } => replica.send(call, value, ctx),
            Request::Read { .. } => {
                let values = replica.log.values(0, replica.readable());
                ctx.reply(call, Reply::Ok(Response::Read { partition, values }));
            }
            Request::Poll { session } => {
                let read = self.coordinate(ctx, |coordinator, offsets, ctx| {
                    coordinator.poll(call, session, offsets, ctx)
                });
                if let Some(Read::From(partition, from)) = read {
                    self.read(call, (partition, from), ctx);
                }
            }
            Request::Commit { session } => {
                self.coordinate(ctx, |coordinator, offsets, ctx| {
                    coordinator.commit(call, session, offsets, ctx);
                });
            }
        }
        self.finish(ctx);
    }

    /// What this broker does as the group's coordinator, if it is.
    fn coordinate<T>(
        &mut self,
        ctx: &mut Ctx<'_>,
        react: impl FnOnce(&mut Coordinator, &mut Replica, &mut Ctx<'_>) -> T,
    ) -> Option<T> {
        let offsets = self
            .replicas
            .last_mut()
            .expect("there is a partition of offsets");
        let (_, coordinator) = self.coordinator.as_mut()?;
        Some(react(coordinator, offsets, ctx))
    }

    /// Reads for a poll, here or where the partition's leader is.
    fn read(&mut self, call: CallId, (partition, from): (Partition, Offset), ctx: &mut Ctx<'_>) {
        let replica = &self.replicas[partition as usize];
        if replica.lead.is_some() {
            let values = replica
                .log
                .values(from, replica.readable().min(from + POLL_MOST));
            self.coordinate(ctx, |coordinator, offsets, ctx| {
                coordinator.polled(call, values, offsets, ctx);
            });
        } else if let Some(leader) = replica.leader.filter(|leader| *leader != ctx.node()) {
            Coordinator::consume(call, (partition, from), leader, ctx);
        }
        // Nobody is known to lead it: the poll's time will run out.
    }

    pub(super) fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Ctx<'_>) {
        match message {
            Message::Led {
                partition,
                leadership,
            } => {
                self.replicas[partition as usize].on_led(&leadership, ctx);
                self.coordinator_or_not(partition, ctx);
            }
            Message::Fetch {
                partition,
                epoch,
                from: at,
                last_epoch,
                high_watermark,
            } => {
                let replica = &mut self.replicas[partition as usize];
                // Another epoch is over, or has yet to be heard of.
                if replica.epoch == epoch {
                    replica.on_fetch(from, at, last_epoch, high_watermark, ctx);
                }
            }
            Message::Fetched {
                partition,
                epoch,
                from: at,
                entries,
                high_watermark,
            } => {
                let replica = &mut self.replicas[partition as usize];
                replica.on_fetched((from, epoch), at, entries, high_watermark, ctx);
            }
            Message::Diverged {
                partition,
                epoch,
                from: at,
                last_epoch,
                end_epoch,
                end,
            } => {
                let replica = &mut self.replicas[partition as usize];
                replica.on_diverged((from, epoch), (at, last_epoch), (end_epoch, end), ctx);
            }
            Message::Consume {
                call,
                partition,
                from: at,
            } => {
                let replica = &self.replicas[partition as usize];
                if replica.lead.is_some() {
                    let values = replica
                        .log
                        .values(at, replica.readable().min(at + POLL_MOST));
                    ctx.send(from, Message::Consumed { call, values });
                }
            }
            Message::Consumed { call, values } => {
                self.coordinate(ctx, |coordinator, offsets, ctx| {
                    coordinator.polled(call, values, offsets, ctx);
                });
            }
            Message::Alive { .. } | Message::AlterInSync { .. } => {
                unreachable!("{message:?} is not meant for a broker")
            }
        }
        self.finish(ctx);
    }

    /// Whoever leads the partition of offsets in a new epoch coordinates the group.
    fn coordinator_or_not(&mut self, partition: Partition, ctx: &Ctx<'_>) {
        if partition != self.config.offsets() {
            return;
        }
        let offsets = &self.replicas[partition as usize];
        match (&self.coordinator, &offsets.lead) {
            (_, None) => self.coordinator = None,
            (Some((epoch, _)), Some(_)) if *epoch == offsets.epoch => {}
            (_, Some(_)) => {
                self.coordinator = Some((offsets.epoch, Coordinator::new(offsets, ctx)));
            }
        }
    }

    pub(super) fn on_timer(&mut self, timer: Timer, ctx: &mut Ctx<'_>) {
        match timer {
            Timer::Heartbeat => self.heartbeat(ctx),
            Timer::Lag => {
                for replica in &mut self.replicas {
                    replica.alter(ctx);
                    replica.reconsider(ctx);
                }
                self.coordinate(ctx, |coordinator, offsets, ctx| {
                    coordinator.expire(offsets, ctx);
                });
                ctx.set_timer(Timer::Lag, self.config.lag / 2);
            }
            Timer::PollWait(call) => {
                ctx.reached("poll-ran-out");
                self.coordinate(ctx, |coordinator, offsets, ctx| {
                    coordinator.polled(call, Vec::new(), offsets, ctx);
                });
            }
            Timer::Watch => unreachable!("a broker sets no timer of the controller"),
        }
        self.finish(ctx);
    }

    fn heartbeat(&self, ctx: &mut Ctx<'_>) {
        let standings = self.replicas.iter().map(Replica::standing).collect();
        ctx.send(self.config.controller(), Message::Alive { standings });
        for replica in &self.replicas {
            replica.fetch(ctx);
        }
        ctx.set_timer(Timer::Heartbeat, self.config.heartbeat);
    }

    pub(super) fn on_synced(&mut self, upto: LogIndex, ctx: &mut Ctx<'_>) {
        self.commits.synced(ctx);
        for replica in &mut self.replicas {
            replica.synced(upto, ctx);
        }
        self.finish(ctx);
    }

    /// What every reaction ends with: what was written is forced to disk, and what became committed
    /// is answered for.
    fn finish(&mut self, ctx: &mut Ctx<'_>) {
        self.coordinate(ctx, |coordinator, offsets, ctx| {
            coordinator.committed(offsets.committed, ctx);
        });
        let mut written = false;
        for replica in &mut self.replicas {
            written |= std::mem::take(&mut replica.dirty);
        }
        if written {
            self.commits.written(ctx);
        }
    }

    pub(super) fn role(&self) -> Role {
        let mut leads = self.replicas.iter().map(Replica::is_leader);
        let (topic, offsets) = (
            leads
                .by_ref()
                .take(self.config.partitions as usize)
                .any(|leads| leads),
            self.coordinator.is_some(),
        );
        Role(match (offsets, topic) {
            (true, _) => "coordinator",
            (false, true) => "leader",
            (false, false) => "follower",
        })
    }

    pub(super) fn view(&self) -> View<log::View> {
        let (offsets, topic) = self
            .replicas
            .split_last()
            .expect("there is a partition of offsets");
        let messages = |replica: &Replica| {
            let values = replica.log.values(0, replica.committed);
            (replica.partition, values)
        };
        let committed = Group::of(offsets.log.slice(0, offsets.committed)).committed;
        let is_settled = |replica: &Replica| replica.committed == replica.log.length();
        View {
            of: 0,
            state: Some(log::View {
                messages: topic.iter().map(messages).collect(),
                committed,
            }),
            settled: self.replicas.iter().all(is_settled),
        }
    }

    /// When it started, by its monotonic clock.
    pub const fn since(&self) -> Time {
        self.since
    }

    /// By partition; the last one is of the group's offsets.
    pub fn replicas(&self) -> &[Replica] {
        &self.replicas
    }

    /// What it leads, and whether all of it is committed.
    pub(super) fn abstraction(&self) -> impl std::hash::Hash + use<> {
        let of = |replica: &Replica| {
            let in_sync = replica.lead.as_ref().map(|lead| lead.in_sync.len());
            (in_sync, replica.committed == replica.log.length())
        };
        self.replicas.iter().map(of).collect::<Vec<_>>()
    }
}

/// Whose leader a request is for.
pub(super) const fn partition_of(config: &Config, request: &Request) -> Partition {
    match request {
        Request::Send { key, .. } | Request::Read { key } => config.partition_of(*key),
        Request::Poll { .. } | Request::Commit { .. } => config.offsets(),
    }
}
