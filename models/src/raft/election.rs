//! Elections (section 5.2), with pre-vote (dissertation, section 9.6), followers that stand by a
//! leader they hear (section 4.2.3), and transfer of leadership (section 3.10).

use std::collections::BTreeSet;

use murphy_sim::{NodeId, Reply, Time};

use super::{
    Ctx, Leader, Part, Raft,
    log::Then,
    message::{Entry, Message, Payload, Position, Record, Term, Timer},
    mutants::Mutant,
};

impl Raft {
    /// Sets the election timer anew: to between one and two timeouts, drawn, so that votes are
    /// seldom split (section 5.2).
    pub(super) fn await_leader(&self, ctx: &mut Ctx<'_>) {
        let timeout = self.config.election_timeout;
        let after = ctx.rng().span(timeout, timeout * 2);
        ctx.set_timer(Timer::Election, after);
    }

    /// Joins a later term or votes in this one, and writes it down.
    fn set_term(&mut self, term: Term, vote: Option<NodeId>, ctx: &mut Ctx<'_>) {
        let on_disk = match self.config.mutant {
            Some(Mutant::TermNotPersisted) => None,
            Some(Mutant::VoteNotPersisted) => Some(Record::Term { term, vote: None }),
            _ => Some(Record::Term { term, vote }),
        };
        self.log.set_term(term, vote, on_disk, ctx);
    }

    /// Whether this node is a member, or was after all that is known to be committed: it may be needed
    /// until its own removal is committed (dissertation, section 4.2.2).
    pub(super) fn may_stand(&self, node: NodeId) -> bool {
        self.log.members().contains(&node) || self.log.members_as_of(self.commit).contains(&node)
    }

    fn has_majority(&self, votes: &BTreeSet<NodeId>) -> bool {
        let members = self.log.members();
        votes.intersection(members).count() > members.len() / 2
    }

    fn tell_members(&self, message: &Message, ctx: &mut Ctx<'_>) {
        for node in self.log.members() {
            if *node != self.me {
                ctx.send(*node, message.clone());
            }
        }
    }

    /// Whether it stands by a leader that it has heard less than an election timeout ago. A leader
    /// stands by itself until it finds that no majority does.
    fn has_leader(&self, ctx: &Ctx<'_>) -> bool {
        let heard = |heard: Time| ctx.elapsed() < heard + self.config.election_timeout;
        matches!(self.part, Part::Leader(_)) || self.heard.is_some_and(heard)
    }

    pub(super) fn on_election_timeout(&mut self, ctx: &mut Ctx<'_>) {
        let is_out = matches!(self.part, Part::Leader(_) | Part::Outsider);
        if is_out || !self.may_stand(self.me) {
            return;
        }
        self.await_leader(ctx);
        let votes = BTreeSet::from([self.me]);
        if self.has_majority(&votes) {
            return self.stand(false, ctx);
        }
        self.part = Part::PreCandidate(votes);
        let message = Message::PreVote {
            term: self.log.term().next(),
            last: self.log.last(),
        };
        self.tell_members(&message, ctx);
    }

    pub(super) fn on_pre_vote(
        &mut self,
        from: NodeId,
        term: Term,
        last: Position,
        ctx: &mut Ctx<'_>,
    ) {
        if !self.may_stand(from) {
            let upto = self.log.members_known_at(self.commit);
            return ctx.send(from, Message::Outsider { upto });
        }
        let granted = term > self.log.term() && self.is_up_to_date(last) && !self.has_leader(ctx);
        let message = Message::PreVoted {
            of: term,
            term: self.log.term(),
            granted,
        };
        self.say(from, message, ctx);
    }

    pub(super) fn on_pre_voted(
        &mut self,
        from: NodeId,
        of: Term,
        term: Term,
        granted: bool,
        ctx: &mut Ctx<'_>,
    ) {
        self.join_if_later(term, ctx);
        let Part::PreCandidate(votes) = &mut self.part else {
            return;
        };
        if !granted || of != self.log.term().next() {
            return;
        }
        votes.insert(from);
        let votes = votes.clone();
        if self.has_majority(&votes) {
            self.stand(false, ctx);
        }
    }

    /// Begins an election: votes for itself, and asks others when that is on its disk.
    fn stand(&mut self, transfer: bool, ctx: &mut Ctx<'_>) {
        ctx.reached("election");
        let term = self.log.term().next();
        self.set_term(term, Some(self.me), ctx);
        self.part = Part::Candidate(BTreeSet::new());
        self.await_leader(ctx);
        let then = Then::Stand { term, transfer };
        self.when_durable(self.log.term_record(), then, ctx);
    }

    pub(super) fn ask_for_votes(&mut self, term: Term, transfer: bool, ctx: &mut Ctx<'_>) {
        if term != self.log.term() || !matches!(self.part, Part::Candidate(_)) {
            return;
        }
        let message = Message::RequestVote {
            term,
            last: self.log.last(),
            transfer,
        };
        self.tell_members(&message, ctx);
        self.on_voted(self.me, term, true, ctx);
    }

    /// Whether the log that ends there has all that this node knows to be committed: the check that
    /// leader completeness rests on (section 5.4.1).
    fn is_up_to_date(&self, last: Position) -> bool {
        self.has(Mutant::NoUpToDateCheck) || last >= self.log.last()
    }

    pub(super) fn on_request_vote(
        &mut self,
        from: NodeId,
        term: Term,
        last: Position,
        transfer: bool,
        ctx: &mut Ctx<'_>,
    ) {
        if self.is_stale(from, term, ctx) {
            return;
        }
        let is_later = term > self.log.term();
        if is_later && !transfer && self.has_leader(ctx) {
            return;
        }
        let is_free = is_later || self.log.vote().is_none();
        let granted = is_free && self.is_up_to_date(last);
        if is_later {
            self.join(term, granted.then_some(from), ctx);
        } else if granted {
            self.set_term(term, Some(from), ctx);
        }
        if granted {
            self.await_leader(ctx);
        }
        let message = Message::Voted {
            term,
            granted: self.log.vote() == Some(from),
        };
        self.say(from, message, ctx);
    }

    pub(super) fn on_voted(&mut self, from: NodeId, term: Term, granted: bool, ctx: &mut Ctx<'_>) {
        self.join_if_later(term, ctx);
        let Part::Candidate(votes) = &mut self.part else {
            return;
        };
        if !granted || term != self.log.term() {
            return;
        }
        votes.insert(from);
        let votes = votes.clone();
        if self.has_majority(&votes) {
            self.lead(ctx);
        }
    }

    /// Takes office: an entry of its own first, with which it learns what is committed (section 8).
    fn lead(&mut self, ctx: &mut Ctx<'_>) {
        ctx.reached("elected");
        ctx.cancel_timer(Timer::Election);
        let opening = self.log.last().index.next();
        let me = self.me;
        let others = self.log.members().iter().copied().filter(|n| *n != me);
        self.part = Part::Leader(Box::new(Leader::new(opening, others, ctx.elapsed())));
        ctx.set_timer(Timer::Heartbeat, self.config.heartbeat);
        self.propose(Payload::Nothing, ctx);
    }

    /// Appends an entry and sends it to whoever waits for entries, while it is on its way to the disk
    /// (dissertation, section 10.2.1).
    pub(super) fn propose(&mut self, payload: Payload, ctx: &mut Ctx<'_>) {
        let term = self.log.term();
        let index = self.log.push(Entry { term, payload }, ctx);
        let then = Then::Count(term, index);
        match self.has(Mutant::AcknowledgeBeforeSync) {
            true => self.count(term, index, ctx),
            false => self.when_durable(ctx.log_end(), then, ctx),
        }
        self.send_to_idle(ctx);
    }

    pub(super) fn join_if_later(&mut self, term: Term, ctx: &mut Ctx<'_>) {
        if term > self.log.term() {
            self.join(term, None, ctx);
        }
    }

    /// Joins a later term as a follower, with or without a vote.
    pub(super) fn join(&mut self, term: Term, vote: Option<NodeId>, ctx: &mut Ctx<'_>) {
        assert!(term > self.log.term(), "only a later term is joined");
        self.set_term(term, vote, ctx);
        self.step_down(ctx);
    }

    /// Becomes a follower of nobody. What it has promised to commit may or may not be.
    pub(super) fn step_down(&mut self, ctx: &mut Ctx<'_>) {
        if matches!(self.part, Part::Outsider) {
            // A later term makes nobody a member.
            return;
        }
        let before = std::mem::replace(&mut self.part, Part::Follower(None));
        if let Part::Leader(leader) = before {
            ctx.reached("deposed");
            ctx.cancel_timer(Timer::Heartbeat);
            for read in leader.reads {
                ctx.reply(read.call, Reply::Redirect(None));
            }
            self.await_leader(ctx);
        }
    }

    /// The leader of this term, or of a later one, speaks. False when it cannot be one.
    pub(super) fn follow(&mut self, from: NodeId, term: Term, ctx: &mut Ctx<'_>) -> bool {
        self.join_if_later(term, ctx);
        if matches!(self.part, Part::Leader(_)) {
            // Two leaders of one term, which no clean node ever sees (election safety).
            return false;
        }
        self.part = Part::Follower(Some(from));
        self.heard = Some(ctx.elapsed());
        self.await_leader(ctx);
        true
    }

    /// Steps down in favour of a member that holds everything. It gives up its lease with its office,
    /// so the member may be elected at once.
    pub(super) fn transfer(&mut self, ctx: &mut Ctx<'_>) {
        let Part::Leader(leader) = &self.part else {
            return;
        };
        let (last, members) = (self.log.last().index, self.log.members());
        let mut heirs = leader.followers.iter();
        let heir = heirs.find(|(node, f)| members.contains(node) && f.matched == last);
        let Some((heir, _)) = heir else { return };
        ctx.reached("transfer");
        let message = Message::TimeoutNow {
            term: self.log.term(),
        };
        ctx.send(*heir, message);
        self.step_down(ctx);
    }

    pub(super) fn on_timeout_now(&mut self, term: Term, ctx: &mut Ctx<'_>) {
        let leads = matches!(self.part, Part::Leader(_));
        if term == self.log.term() && !leads && self.may_stand(self.me) {
            self.stand(true, ctx);
        }
    }
}
