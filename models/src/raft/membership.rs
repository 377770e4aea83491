//! Changes of membership, one node at a time (dissertation, chapter 4): two majorities of
//! memberships that differ by one node share one.
//!
//! A change begins when the one before is committed and the leader has committed an entry of its own
//! term (Ongaro, "Bug in single-server membership changes", raft-dev, 2015). A node that is to join
//! is brought up to date first, without a vote.

use murphy_sim::Membership;

use super::{
    Ctx, Follower, Part, Raft,
    message::{Index, Members, Payload},
    mutants::Mutant,
};

impl Raft {
    /// An operator's word. Only a leader heeds it.
    pub(super) fn on_operator(&mut self, change: Membership, ctx: &mut Ctx<'_>) {
        let now = ctx.elapsed();
        let next = self.log.last().index.next();
        let me = self.me;
        let Part::Leader(leader) = &mut self.part else {
            return;
        };
        leader.wishes.push(change);
        if let Membership::Add(node) = change
            && node != me
        {
            leader
                .followers
                .entry(node)
                .or_insert_with(|| Follower::new(next, now));
        }
        self.send_to_idle(ctx);
        self.pursue(ctx);
    }

    /// Makes the next change that can be made.
    pub(super) fn pursue(&mut self, ctx: &mut Ctx<'_>) {
        let has_no_own = self.has(Mutant::SingleServerChangeWithoutOwnTermEntry);
        let members = self.log.members().clone();
        let Part::Leader(leader) = &mut self.part else {
            return;
        };
        if leader.wishes.is_empty() {
            return;
        }
        let is_sure = self.commit >= leader.opening || has_no_own;
        if !is_sure || self.log.members_at() > self.commit {
            return;
        }
        leader.wishes.retain(|wish| match wish {
            Membership::Add(node) => !members.contains(node),
            Membership::Remove(node) => members.contains(node) && members.len() > 1,
        });
        let is_ready = |wish: &Membership| match wish {
            Membership::Add(node) => leader
                .followers
                .get(node)
                .is_some_and(|follower| follower.matched >= self.commit),
            Membership::Remove(_) => true,
        };
        let Some(place) = leader.wishes.iter().position(is_ready) else {
            return;
        };
        let mut members = members;
        match leader.wishes.remove(place) {
            Membership::Add(node) => members.insert(node),
            Membership::Remove(node) => members.remove(&node),
        };
        ctx.reached("member-proposed");
        self.propose(Payload::Members(members), ctx);
    }

    /// What a change means that has just been committed.
    pub(super) fn after_commit(&mut self, before: &Members, ctx: &mut Ctx<'_>) {
        let members = self.log.members_as_of(self.commit);
        if members == before {
            return;
        }
        let leads = matches!(self.part, Part::Leader(_));
        if leads && members.len() > before.len() {
            ctx.reached("member-added");
        }
        if leads && members.len() < before.len() {
            ctx.reached("member-removed");
        }
        if leads && self.is_outside() {
            // It has led until it was out, and not longer (dissertation, section 4.2.2).
            self.transfer(ctx);
            self.step_down(ctx);
        }
    }

    /// Somebody has said that this node is no member after that entry, which is committed. It is news
    /// unless a later one, known to be committed, made it a member; whoever leads may still say
    /// otherwise.
    pub(super) fn on_outsider(&mut self, upto: Index, ctx: &mut Ctx<'_>) {
        let known = self.log.members_known_at(self.commit);
        let was_member = self.log.members_as_of(self.commit).contains(&self.me);
        let is_news = upto > known || (upto == known && !was_member);
        let leads = matches!(self.part, Part::Leader(_));
        if is_news && !leads && !matches!(self.part, Part::Outsider) {
            ctx.reached("told-outside");
            self.part = Part::Outsider;
        }
    }
}
