//! The group's coordinator, which is the leader of the partition of offsets: who is a member, what
//! each reads, what is committed.
//!
//! A member's position is the member's own: it comes with each poll and goes back with the answer.
//! What the coordinator keeps in memory only, a crash may take: members are given time to show up
//! again. An assignment or a commit counts when it is committed to the log.

use std::collections::{BTreeMap, BTreeSet};

use murphy_sim::{CallId, ClientId, NodeId, Reply, Time};

use super::{
    config::{Config, Mutant},
    group::Group,
    message::{Message, Payload, Timer},
    replica::{Ctx, Replica},
};
use crate::service::log::{Offset, Partition, Polled, Response, Session, Value};

/// What only a coordinator knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Coordinator {
    config: Config,
    /// The group after the whole log, what is not committed included.
    group: Group,
    /// When each member was heard of last, by the monotonic clock.
    heard: BTreeMap<ClientId, Time>,
    /// Work that waits until so many entries are committed.
    waiting: BTreeMap<Offset, Vec<Work>>,
    /// Polls that wait for the leader of a partition.
    reading: BTreeMap<CallId, Reading>,
}

/// What is done when what came before it is committed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Work {
    /// Tell a member where it begins in the group as it is then.
    Begin(CallId),
    /// Tell a member that its commit is there.
    Committed(CallId, Session),
}

/// A poll that waits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Reading {
    session: Session,
    partition: Partition,
}

/// What a coordinator asks of the broker that it is part of.
pub(super) enum Read {
    /// From which partition and offset, for a poll.
    From(Partition, Offset),
    /// Nothing.
    Nothing,
}

impl Coordinator {
    pub(super) fn new(replica: &Replica, ctx: &Ctx<'_>) -> Coordinator {
        let group = Group::of(replica.log.slice(0, replica.log.length()));
        let now = ctx.elapsed();
        Coordinator {
            config: replica.config,
            heard: group.members.iter().map(|member| (*member, now)).collect(),
            group,
            waiting: BTreeMap::new(),
            reading: BTreeMap::new(),
        }
    }

    fn append(&mut self, payload: Payload, offsets: &mut Replica, ctx: &mut Ctx<'_>) {
        self.group.apply(&payload);
        offsets.push(payload, ctx);
    }

    /// Whether a member may go on with this session. Any other belongs to an assignment that is
    /// over: what it was given is somebody else's now (KIP-62, ILLEGAL_GENERATION).
    fn is_current(&self, member: ClientId, session: &Session) -> bool {
        self.config.has(Mutant::RebalanceWithoutFencing) || self.group.knows(member, session)
    }

    /// A member polls. Says what is to be read for it.
    pub(super) fn poll(
        &mut self,
        call: CallId,
        session: Option<Session>,
        offsets: &mut Replica,
        ctx: &mut Ctx<'_>,
    ) -> Read {
        let member = call.client;
        self.heard.insert(member, ctx.elapsed());
        match session {
            Some(session) if self.is_current(member, &session) => self.read(call, session, ctx),
            Some(_) if self.group.members.contains(&member) => {
                ctx.reached("fenced");
                self.begin(call, offsets, ctx);
                Read::Nothing
            }
            // A client that knows nothing of itself is a new one, though it has an old one's name.
            Some(_) | None => {
                let mut members = self.group.members.clone();
                members.retain(|other| *other != member);
                members.push(member);
                self.rebalance(members, offsets, ctx);
                self.begin(call, offsets, ctx);
                Read::Nothing
            }
        }
    }

    /// Answers when all that the group is now is committed.
    fn begin(&mut self, call: CallId, offsets: &Replica, ctx: &mut Ctx<'_>) {
        let work = self.waiting.entry(offsets.log.length()).or_default();
        work.push(Work::Begin(call));
        self.committed(offsets.committed, ctx);
    }

    fn rebalance(&mut self, members: Vec<ClientId>, offsets: &mut Replica, ctx: &mut Ctx<'_>) {
        ctx.reached("rebalanced");
        let generation = self.group.generation + 1;
        let payload = Payload::Group {
            generation,
            members,
        };
        self.append(payload, offsets, ctx);
    }

    /// The member's partitions take turns.
    fn read(&mut self, call: CallId, session: Session, ctx: &mut Ctx<'_>) -> Read {
        let turn = call.number as usize % session.positions.len().max(1);
        let Some((&partition, &from)) = session.positions.iter().nth(turn) else {
            let messages = Vec::new(); // There are more members than partitions.
            ctx.reply(call, Reply::Ok(Response::Polled { messages, session }));
            return Read::Nothing;
        };
        self.reading.insert(call, Reading { session, partition });
        ctx.set_timer(Timer::PollWait(call), self.config.poll_wait);
        Read::From(partition, from)
    }

    /// A partition's leader has answered, or has not in time.
    pub(super) fn polled(
        &mut self,
        call: CallId,
        values: Vec<Value>,
        offsets: &mut Replica,
        ctx: &mut Ctx<'_>,
    ) {
        let Some(Reading {
            mut session,
            partition,
        }) = self.reading.remove(&call)
        else {
            return; // A second copy, or too late.
        };
        ctx.cancel_timer(Timer::PollWait(call));
        if !self.is_current(call.client, &session) {
            ctx.reached("fenced");
            return self.begin(call, offsets, ctx);
        }
        let next = session
            .positions
            .get_mut(&partition)
            .expect("it was read for this session");
        let at = |(offset, value)| Polled {
            partition,
            offset,
            value,
        };
        let messages: Vec<Polled> = (*next..).zip(values).map(at).collect();
        *next += messages.len() as Offset;
        if self.config.has(Mutant::OffsetCommittedBeforeProcessing) && !messages.is_empty() {
            let payload = commit(call, &session);
            self.append(payload, offsets, ctx);
        }
        ctx.reply(call, Reply::Ok(Response::Polled { messages, session }));
    }

    /// A member has processed what it was given.
    pub(super) fn commit(
        &mut self,
        call: CallId,
        session: Option<Session>,
        offsets: &mut Replica,
        ctx: &mut Ctx<'_>,
    ) {
        if self.group.is_late(call) {
            return; // Its client waits for another call by now.
        }
        let Some(session) = session.filter(|session| self.is_current(call.client, session)) else {
            ctx.reached("commit-fenced");
            return ctx.reply(call, Reply::Fail);
        };
        if !self.config.has(Mutant::OffsetCommittedBeforeProcessing) {
            self.append(commit(call, &session), offsets, ctx);
        }
        let work = self.waiting.entry(offsets.log.length()).or_default();
        work.push(Work::Committed(call, session));
        self.committed(offsets.committed, ctx);
    }

    /// So many entries of the partition of offsets are committed.
    pub(super) fn committed(&mut self, upto: Offset, ctx: &mut Ctx<'_>) {
        while let Some(first) = self
            .waiting
            .first_entry()
            .filter(|first| *first.key() <= upto)
        {
            for work in first.remove() {
                let (call, response) = match work {
                    Work::Begin(call) => {
                        let session = self.group.session(call.client, self.config.partitions);
                        let messages = Vec::new();
                        (call, Response::Polled { messages, session })
                    }
                    Work::Committed(call, session) => (call, Response::Committed { session }),
                };
                ctx.reply(call, Reply::Ok(response));
            }
        }
    }

    /// Members that have not polled for too long have left: others read their partitions.
    pub(super) fn expire(&mut self, offsets: &mut Replica, ctx: &mut Ctx<'_>) {
        let (now, session) = (ctx.elapsed(), self.config.member_session);
        self.heard.retain(|_, heard| now.since(*heard) <= session);
        let present: BTreeSet<&ClientId> = self.heard.keys().collect();
        let members = self.group.members.iter().copied();
        let members: Vec<ClientId> = members.filter(|member| present.contains(member)).collect();
        if members != self.group.members {
            ctx.reached("member-expired");
            self.rebalance(members, offsets, ctx);
        }
    }

    /// Asks a partition's leader what may be read from there.
    pub(super) fn consume(
        call: CallId,
        (partition, from): (Partition, Offset),
        leader: NodeId,
        ctx: &mut Ctx<'_>,
    ) {
        ctx.send(
            leader,
            Message::Consume {
                call,
                partition,
                from,
            },
        );
    }
}

fn commit(call: CallId, session: &Session) -> Payload {
    Payload::Commit {
        generation: session.generation,
        call,
        positions: session.positions.clone(),
    }
}
