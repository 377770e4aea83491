//! Reads that cost no entry: ReadIndex (dissertation, section 6.4) and leases (section 6.4.1).
//!
//! A lease runs from when a round of heartbeats was asked that a majority has answered: until an
//! election timeout after they were asked, none of them votes for anybody else.

use murphy_sim::{CallId, Reply, Time};

use super::{
    Ctx, Follower, Leader, Mode, Part, Raft,
    message::{Index, Message},
    mutants::Mutant,
};
use crate::service::kv;

/// A read that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Read {
    pub(super) call: CallId,
    pub(super) key: kv::Key,
    /// A majority must have answered this round, which began after the read came.
    pub(super) round: u64,
    /// All up to here must be applied: what was committed when the read came, and the leader's own
    /// first entry.
    pub(super) index: Index,
}

impl Raft {
    /// The clock that leases are measured on.
    fn lease_clock(&self, ctx: &Ctx<'_>) -> Time {
        match self.has(Mutant::LeaseOnTheWallClock) {
            true => ctx.now(),
            false => ctx.elapsed(),
        }
    }

    /// The last round that a majority has answered; the leader answers its own at once.
    fn confirmed(&self, leader: &Leader) -> u64 {
        let answered = |follower: &Follower| follower.round;
        leader.majority(self.me, self.log.members(), leader.round, answered, 0)
    }

    /// Whether nobody else can have been elected.
    fn has_lease(&self, leader: &Leader, ctx: &Ctx<'_>) -> bool {
        let now = self.lease_clock(ctx);
        let sent = |follower: &Follower| follower.round_sent;
        let members = self.log.members();
        let since = leader.majority(self.me, members, Some(now), sent, None);
        since.is_some_and(|since| now < since + self.config.lease())
    }

    pub(super) fn on_read(&mut self, call: CallId, key: kv::Key, ctx: &mut Ctx<'_>) {
        let Part::Leader(leader) = &self.part else {
            return;
        };
        let is_sure = self.commit >= leader.opening;
        if is_sure && self.config.mode == Mode::Lease && self.has_lease(leader, ctx) {
            ctx.reached("leased-read");
            if let Part::Leader(leader) = &mut self.part {
                leader.leased_reads += 1;
            }
            return self.answer(call, key, ctx);
        }
        if is_sure && self.has(Mutant::ReadsFromADeposedLeader) {
            return self.answer(call, key, ctx);
        }
        // A round that is under way began before the read came.
        let is_idle = self.confirmed(leader) == leader.round;
        let read = Read {
            call,
            key,
            round: leader.round + 1,
            index: self.commit.max(leader.opening),
        };
        if let Part::Leader(leader) = &mut self.part {
            leader.reads.push(read);
        }
        if is_idle {
            self.ask_all(ctx);
        }
        self.answer_reads(ctx);
    }

    fn answer(&self, call: CallId, key: kv::Key, ctx: &mut Ctx<'_>) {
        let found = self.machine.registers.get(&key).copied();
        ctx.reply(call, Reply::Ok(kv::Response::Read(found)));
    }

    /// Asks everybody whether they still follow.
    pub(super) fn ask_all(&mut self, ctx: &mut Ctx<'_>) {
        let (term, sent) = (self.log.term(), self.lease_clock(ctx));
        let is_bounded = !self.has(Mutant::CommitBeyondMatched);
        let Part::Leader(leader) = &mut self.part else {
            return;
        };
        leader.round += 1;
        for (to, follower) in &leader.followers {
            // What comes after in the follower's log may not be as the leader's.
            let commit = match is_bounded {
                true => self.commit.min(follower.matched),
                false => self.commit,
            };
            let message = Message::Heartbeat {
                term,
                round: leader.round,
                sent,
                commit,
            };
            ctx.send(*to, message);
        }
    }

    /// Answers the reads whose round a majority has answered, and asks again for those that came
    /// meanwhile.
    pub(super) fn answer_reads(&mut self, ctx: &mut Ctx<'_>) {
        let Part::Leader(leader) = &self.part else {
            return;
        };
        if leader.reads.is_empty() {
            return;
        }
        let (confirmed, round) = (self.confirmed(leader), leader.round);
        let commit = self.commit;
        let Part::Leader(leader) = &mut self.part else {
            return;
        };
        let reads = std::mem::take(&mut leader.reads);
        let is_fresh = |read: &Read| read.round <= confirmed && read.index <= commit;
        let (fresh, waiting): (Vec<Read>, Vec<Read>) = reads.into_iter().partition(is_fresh);
        let ask = confirmed == round && waiting.iter().any(|read| read.round > round);
        leader.reads = waiting;
        for read in fresh {
            ctx.reached("confirmed-read");
            self.answer(read.call, read.key, ctx);
        }
        if ask {
            self.ask_all(ctx);
        }
    }
}
