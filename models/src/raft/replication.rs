//! Log replication (section 5.3) and commitment (section 5.4.2), with quick back-off on conflicts
//! (end of section 5.3).
//!
//! A follower has one message of entries to answer at a time; what is appended meanwhile goes with
//! the next. Heartbeats are messages of their own, and find out whom something has to be sent again.

use murphy_sim::{CallId, NodeId, Reply};

use super::{
    Ctx, Follower, Part, Raft,
    message::{Entry, Index, Message, Payload, Position, Term, Timer},
    mutants::Mutant,
};
use crate::{service::kv, shared::sessions::Asked};

impl Raft {
    /// A client's update. A retry whose first attempt is in the log, but not committed, is appended
    /// once more: sessions see to it that it is applied once.
    pub(super) fn on_update(&mut self, call: CallId, request: kv::Request, ctx: &mut Ctx<'_>) {
        match self.look(call) {
            Asked::Again(response) => ctx.reply(call, Reply::Ok(response.clone())),
            // Its client waits for another call by now.
            Asked::Late => {}
            Asked::New => {
                let index = self.log.last().index.next();
                if let Part::Leader(leader) = &mut self.part {
                    leader.waiting.insert(index, call);
                }
                self.propose(Payload::Update(call, request), ctx);
            }
        }
    }

    /// Sends to every follower that has something to get and nothing to answer.
    pub(super) fn send_to_idle(&mut self, ctx: &mut Ctx<'_>) {
        let Part::Leader(leader) = &self.part else {
            return;
        };
        let last = self.log.last().index;
        let idle = |f: &Follower| f.outstanding.is_none() && f.next <= last;
        let followers = leader.followers.iter();
        let idle: Vec<NodeId> = followers
            .filter(|(_, f)| idle(f))
            .map(|(n, _)| *n)
            .collect();
        for to in idle {
            self.send(to, ctx);
        }
    }

    fn send(&mut self, to: NodeId, ctx: &mut Ctx<'_>) {
        let term = self.log.term();
        let Part::Leader(leader) = &mut self.part else {
            return;
        };
        let Some(follower) = leader.followers.get_mut(&to) else {
            return;
        };
        leader.sequence += 1;
        let sequence = leader.sequence;
        follower.outstanding = Some(sequence);
        follower.is_late = false;
        let before = follower.next.before();
        let message = match self.log.term_at(before) {
            Some(before_term) => {
                let entries = self.log.after(before);
                let batch = entries.len().min(self.config.batch as usize);
                Message::Append {
                    term,
                    sequence,
                    previous: Position {
                        term: before_term,
                        index: before,
                    },
                    entries: entries[..batch].to_vec(),
                    commit: self.commit,
                }
            }
            None => Message::InstallSnapshot {
                term,
                sequence,
                snapshot: self.log.snapshot().clone(),
            },
        };
        ctx.send(to, message);
    }

    /// A word of the leader of this term.
    pub(super) fn on_leaders_word(&mut self, from: NodeId, message: Message, ctx: &mut Ctx<'_>) {
        match message {
            Message::Append {
                sequence,
                previous,
                entries,
                commit,
                ..
            } => self.on_append(from, sequence, (previous, entries, commit), ctx),
            Message::Heartbeat {
                term,
                round,
                sent,
                commit,
            } => {
                self.commit_upto(commit, ctx);
                self.say(from, Message::Following { term, round, sent }, ctx);
            }
            Message::InstallSnapshot {
                sequence, snapshot, ..
            } => self.on_snapshot(from, sequence, snapshot, ctx),
            _ => unreachable!("these are the words of leaders"),
        }
    }

    fn on_append(
        &mut self,
        from: NodeId,
        sequence: u64,
        (previous, entries, commit): (Position, Vec<Entry>, Index),
        ctx: &mut Ctx<'_>,
    ) {
        if let Some((conflict, first)) = self.conflict(previous) {
            let message = Message::Rejected {
                term: self.log.term(),
                sequence,
                conflict,
                first,
            };
            return self.say(from, message, ctx);
        }
        let matched = Index(previous.index.0 + entries.len() as u64);
        if self.has(Mutant::TruncatesOnAnyAppendEntries) && matched < self.log.last().index {
            self.log.cut(matched.max(self.log.base().index), ctx);
        }
        self.take(previous.index, entries, ctx);
        // "Index of last new entry" (Figure 2): what comes after it may not be as the leader's.
        self.commit_upto(commit.min(matched), ctx);
        self.acknowledge(from, sequence, matched, ctx);
    }

    /// What is in the way of entries after this one: the term of the entry that is there instead, and
    /// the first of that term; or that the log ends before. What is in a snapshot is committed, and
    /// as every leader has it.
    fn conflict(&self, previous: Position) -> Option<(Option<Term>, Index)> {
        if previous.index < self.log.base().index {
            return None;
        }
        match self.log.term_at(previous.index) {
            Some(term) if term == previous.term => None,
            Some(term) => Some((Some(term), self.log.first_of_its_term(previous.index))),
            None => Some((None, self.log.last().index.next())),
        }
    }

    /// Takes in entries that follow `previous`. An entry that is there already stays; one that
    /// conflicts goes, with all that follow it (section 5.3).
    fn take(&mut self, previous: Index, entries: Vec<Entry>, ctx: &mut Ctx<'_>) {
        let mut index = previous;
        for entry in entries {
            index = index.next();
            if index <= self.log.base().index {
                continue;
            }
            match self.log.term_at(index) {
                Some(term) if term == entry.term => continue,
                Some(_) => {
                    ctx.reached("tail-cut");
                    self.log.cut(index.before(), ctx);
                }
                None => {}
            }
            self.log.push(entry, ctx);
        }
    }

    /// A word of a follower to the leader of this term.
    pub(super) fn on_followers_word(&mut self, from: NodeId, message: &Message, ctx: &mut Ctx<'_>) {
        let now = ctx.elapsed();
        let last = self.log.last().index;
        let Part::Leader(leader) = &mut self.part else {
            return;
        };
        let Some(follower) = leader.followers.get_mut(&from) else {
            return;
        };
        follower.heard = now;
        match *message {
            Message::Appended {
                sequence, matched, ..
            } => {
                follower.matched = follower.matched.max(matched);
                follower.next = follower.next.max(matched.next());
                if follower.outstanding == Some(sequence) {
                    follower.outstanding = None;
                }
                if follower.outstanding.is_none() && follower.next <= last {
                    self.send(from, ctx);
                }
                self.advance(ctx);
                self.pursue(ctx);
            }
            Message::Rejected {
                sequence,
                conflict,
                first,
                ..
            } => {
                if follower.outstanding == Some(sequence) {
                    // The leader's last entry of the conflicting term may be common to both.
                    let ours = conflict.and_then(|term| self.log.last_of(term));
                    let hint = ours.map_or(first, Index::next);
                    follower.next = hint.min(follower.next.before()).max(Index(1));
                    self.send(from, ctx);
                }
            }
            Message::Following { round, sent, .. } => {
                follower.round = follower.round.max(round);
                follower.round_sent = follower.round_sent.max(Some(sent));
                self.answer_reads(ctx);
            }
            _ => unreachable!("these are the words of followers"),
        }
    }

    /// The leader's own disk has got so far.
    pub(super) fn count(&mut self, term: Term, upto: Index, ctx: &mut Ctx<'_>) {
        if term != self.log.term() {
            return;
        }
        if let Part::Leader(leader) = &mut self.part {
            leader.durable = leader.durable.max(upto);
            self.advance(ctx);
            self.pursue(ctx);
        }
    }

    /// Commits what a majority has on disk, if it is of this term: an older entry is committed with
    /// the one of this term that follows it (section 5.4.2, Figure 8).
    fn advance(&mut self, ctx: &mut Ctx<'_>) {
        let Part::Leader(leader) = &self.part else {
            return;
        };
        let matched = |follower: &Follower| follower.matched;
        let members = self.log.members();
        let held = leader.majority(self.me, members, leader.durable, matched, Index(0));
        if held <= self.commit {
            return;
        }
        if self.log.term_at(held) != Some(self.log.term()) {
            ctx.reached("old-entry-held");
            if !self.has(Mutant::CommitsPreviousTermByCounting) {
                return;
            }
        }
        self.commit_upto(held, ctx);
        self.answer_reads(ctx);
    }

    /// Applies what is committed, and answers for it.
    pub(super) fn commit_upto(&mut self, upto: Index, ctx: &mut Ctx<'_>) {
        let before = self.commit;
        let is_changing = self.log.members_at() > before;
        let members = is_changing.then(|| self.log.members_as_of(before).clone());
        while self.commit < upto {
            let index = self.commit.next();
            let Some(entry) = self.log.entry(index).cloned() else {
                break;
            };
            self.commit = index;
            let answer = self.apply(&entry.payload);
            if let Part::Leader(leader) = &mut self.part
                && let Some(call) = leader.waiting.remove(&index)
                && let Some(response) = answer
            {
                ctx.reply(call, Reply::Ok(response));
            }
        }
        if self.commit > before {
            if let Some(members) = members {
                self.after_commit(&members, ctx);
            }
            self.compact(ctx);
        }
    }

    pub(super) fn on_heartbeat_due(&mut self, ctx: &mut Ctx<'_>) {
        let Part::Leader(leader) = &mut self.part else {
            return;
        };
        ctx.set_timer(Timer::Heartbeat, self.config.heartbeat);
        let (now, members) = (ctx.elapsed(), self.log.members());
        let heard = |follower: &Follower| follower.heard;
        let heard = leader.majority(self.me, members, now, heard, now);
        if now >= heard + self.config.election_timeout {
            // Check-quorum: it may long have a successor (dissertation, section 6.2).
            ctx.reached("quorum-lost");
            return self.step_down(ctx);
        }
        for follower in leader.followers.values_mut() {
            if follower.outstanding.is_some() && follower.is_late {
                follower.outstanding = None;
            }
            follower.is_late = true;
        }
        self.send_to_idle(ctx);
        self.ask_all(ctx);
        if ctx.buggify("transfer-leadership") {
            self.transfer(ctx);
        }
    }
}
