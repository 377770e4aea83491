//! The controller: decides who leads each partition and who is in sync with it.
//!
//! Kafka's controller is a replicated one (KIP-500); this is one node. It tells nobody of a decision
//! that is not on its disk. A new leader comes from the in-sync set, or nobody leads.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use murphy_sim::{Context, LogIndex, NodeId, Time};

use super::{
    LogBroker,
    config::{Config, Mutant},
    message::{Epoch, Leadership, Message, Record, Standing, Timer},
};
use crate::{service::log::Partition, shared::group_commit::GroupCommit};

/// The controller's state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Controller {
    config: Config,
    /// The last decision about each partition.
    decided: Vec<Leadership>,
    /// The last decision that is on the disk; none before the first is.
    saved: Vec<Option<Leadership>>,
    /// Decisions that wait to be durable.
    unsaved: VecDeque<(LogIndex, Partition, Leadership)>,
    commits: GroupCommit,
    /// When each broker was heard of last, by the monotonic clock.
    heard: BTreeMap<NodeId, Time>,
}

type Ctx<'a> = Context<'a, LogBroker>;

impl Controller {
    pub(super) fn start(config: Config, disk: &[Record], ctx: &mut Ctx<'_>) -> Controller {
        let first = |partition| Leadership {
            epoch: Epoch(1),
            version: 1,
            leader: NodeId(partition % config.brokers),
            in_sync: config.members().collect(),
        };
        let mut controller = Controller {
            config,
            decided: (0..=config.partitions).map(first).collect(),
            saved: vec![None; config.partitions as usize + 1],
            unsaved: VecDeque::new(),
            commits: GroupCommit::default(),
            heard: config.members().map(|node| (node, ctx.elapsed())).collect(),
        };
        for record in disk {
            let Record::Led(partition, leadership) = record else {
                unreachable!("a controller writes decisions only, not {record:?}");
            };
            controller.decided[*partition as usize] = leadership.clone();
            controller.saved[*partition as usize] = Some(leadership.clone());
        }
        let new = (0..=config.partitions).filter(|p| controller.saved[*p as usize].is_none());
        let new: Vec<Partition> = new.collect();
        for partition in &new {
            controller.write(*partition, ctx);
        }
        if !new.is_empty() {
            controller.commits.written(ctx);
        }
        ctx.set_timer(Timer::Watch, config.session / 2);
        controller
    }

    pub(super) const fn config(&self) -> &Config {
        &self.config
    }

    /// Who leads, as far as anyone may know.
    pub(super) fn leader(&self, partition: Partition) -> Option<NodeId> {
        let saved = self.saved[partition as usize].as_ref();
        saved.map(|leadership| leadership.leader)
    }

    fn save(&mut self, partition: Partition, ctx: &mut Ctx<'_>) {
        self.write(partition, ctx);
        self.commits.written(ctx);
    }

    fn write(&mut self, partition: Partition, ctx: &mut Ctx<'_>) {
        let leadership = self.decided[partition as usize].clone();
        let index = ctx.append(Record::Led(partition, leadership.clone()));
        self.unsaved.push_back((index, partition, leadership));
    }

    pub(super) fn synced(&mut self, upto: LogIndex, ctx: &mut Ctx<'_>) {
        self.commits.synced(ctx);
        while self
            .unsaved
            .front()
            .is_some_and(|(index, ..)| *index <= upto)
        {
            let front = self.unsaved.pop_front();
            let (_, partition, leadership) = front.expect("there is one: it was looked at");
            let before = self.saved[partition as usize].replace(leadership.clone());
            if before.is_some_and(|before| before.epoch == leadership.epoch) {
                let to = leadership.leader;
                ctx.send(
                    to,
                    Message::Led {
                        partition,
                        leadership,
                    },
                );
                continue;
            }
            for to in self.config.members() {
                let leadership = leadership.clone();
                ctx.send(
                    to,
                    Message::Led {
                        partition,
                        leadership,
                    },
                );
            }
        }
    }

    pub(super) fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Ctx<'_>) {
        match message {
            Message::Alive { standings } => self.alive(from, &standings, ctx),
            Message::AlterInSync {
                partition,
                epoch,
                version,
                in_sync,
            } => self.alter(from, partition, (epoch, version), in_sync, ctx),
            Message::Led { .. }
            | Message::Fetch { .. }
            | Message::Fetched { .. }
            | Message::Diverged { .. }
            | Message::Consume { .. }
            | Message::Consumed { .. } => unreachable!("{message:?} is not meant for a controller"),
        }
    }

    /// A broker is there. It is told what it does not know. One that leads no longer has restarted:
    /// its epoch is over, because it does not know what it asked for in it.
    fn alive(&mut self, from: NodeId, standings: &[Standing], ctx: &mut Ctx<'_>) {
        self.heard.insert(from, ctx.elapsed());
        for (partition, standing) in (0..).zip(standings) {
            let decided = &self.decided[partition as usize];
            if decided.leader == from && decided.epoch == standing.epoch && !standing.leads {
                self.elect(partition, ctx);
            }
            if let Some(leadership) = &self.saved[partition as usize]
                && leadership.version > standing.version
            {
                let leadership = leadership.clone();
                ctx.send(
                    from,
                    Message::Led {
                        partition,
                        leadership,
                    },
                );
            }
        }
    }

    /// A leader wants another in-sync set: granted if it knows how things stand (KIP-497).
    fn alter(
        &mut self,
        from: NodeId,
        partition: Partition,
        (epoch, version): (Epoch, u32),
        in_sync: BTreeSet<NodeId>,
        ctx: &mut Ctx<'_>,
    ) {
        let decided = &mut self.decided[partition as usize];
        if decided.leader != from || decided.epoch != epoch || decided.version != version {
            return; // Done already, or over: its next heartbeat is answered with how things stand.
        }
        assert!(in_sync.contains(&from), "a leader is in sync with itself");
        let grows = in_sync.difference(&decided.in_sync).next().is_some();
        ctx.reached(if grows { "isr-grew" } else { "isr-shrank" });
        decided.version += 1;
        decided.in_sync = in_sync;
        self.save(partition, ctx);
    }

    fn is_alive(&self, node: NodeId, ctx: &Ctx<'_>) -> bool {
        ctx.elapsed().since(self.heard[&node]) < self.config.session
    }

    /// Looks who is no longer there, and has others lead in their place.
    pub(super) fn watch(&mut self, ctx: &mut Ctx<'_>) {
        for partition in 0..=self.config.partitions {
            if !self.is_alive(self.decided[partition as usize].leader, ctx) {
                self.elect(partition, ctx);
            }
        }
        ctx.set_timer(Timer::Watch, self.config.session / 2);
    }

    /// From the in-sync set only: whoever is in it holds everything that is committed (Kafka's
    /// design, "Replicated logs: quorums, ISRs, and state machines").
    fn elect(&mut self, partition: Partition, ctx: &mut Ctx<'_>) {
        let decided = &self.decided[partition as usize];
        let present = |node: &NodeId| self.is_alive(*node, ctx);
        let in_sync: BTreeSet<NodeId> = decided.in_sync.iter().copied().filter(present).collect();
        let preferred = || self.config.preferred(partition);
        let elected = match preferred().find(|node| in_sync.contains(node)) {
            Some(leader) => Some((leader, in_sync)),
            None if self.config.has(Mutant::UncleanLeaderElection) => {
                let anybody = preferred().find(present);
                anybody.map(|leader| (leader, BTreeSet::from([leader])))
            }
            None => None,
        };
        let Some((leader, in_sync)) = elected else {
            ctx.reached("leaderless");
            return;
        };
        let decided = &mut self.decided[partition as usize];
        decided.epoch.0 += 1;
        decided.version += 1;
        decided.leader = leader;
        decided.in_sync = in_sync;
        ctx.reached("elected");
        self.save(partition, ctx);
    }

    /// The decisions that count: those on the disk.
    pub fn saved(&self) -> impl Iterator<Item = &Leadership> {
        self.saved.iter().flatten()
    }

    /// How big each in-sync set is, and whether all is written down.
    pub(super) fn abstraction(&self) -> impl std::hash::Hash + use<> {
        let sizes: Vec<usize> = self.decided.iter().map(|d| d.in_sync.len()).collect();
        (sizes, self.unsaved.is_empty())
    }
}
