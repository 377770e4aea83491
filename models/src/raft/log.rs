//! The durable log: term, vote, snapshot and entries as they are on the disk or on their way there.
//!
//! All that is written here is volatile until a sync; what must wait for one is in [`Then`].

use std::sync::Arc;

use murphy_sim::{LogIndex, NodeId};

use super::{
    Ctx,
    message::{Entry, Index, Members, Message, Payload, Position, Record, Term},
    snapshot::Snapshot,
};
use crate::shared::group_commit::GroupCommit;

/// What is done when the disk has got so far, if the node is in the same term still.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Then {
    /// Say this.
    Say(NodeId, Term, Message),
    /// The candidate's term and its vote for itself are durable: ask for votes.
    Stand {
        /// The term.
        term: Term,
        /// Whether the leader before asked for the election.
        transfer: bool,
    },
    /// The leader's own log is durable up to here.
    Count(Term, Index),
    /// All before this record is superfluous.
    Forget(LogIndex),
}

/// Term, vote, snapshot and entries.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Log {
    term: Term,
    vote: Option<NodeId>,
    snapshot: Arc<Snapshot>,
    /// Those after the snapshot.
    entries: Vec<Entry>,
    /// Where in `entries` are those that change the membership.
    changes: Vec<Index>,
    /// The record that says term and vote.
    term_at: LogIndex,
    /// The disk has got so far.
    durable: LogIndex,
    /// Something was written since a sync was last asked for.
    dirty: bool,
    group: GroupCommit,
    waiting: Vec<(LogIndex, Then)>,
}

impl Log {
    /// What the disk holds; of a cluster with these members, where that is nothing.
    pub(super) fn read(members: Members, disk: &[Record], ctx: &Ctx<'_>) -> Log {
        let snapshot = Snapshot {
            members,
            ..Snapshot::default()
        };
        let mut log = Log {
            term: Term(0),
            vote: None,
            snapshot: Arc::new(snapshot),
            entries: Vec::new(),
            changes: Vec::new(),
            term_at: ctx.log_end(),
            durable: ctx.log_end(),
            dirty: false,
            group: GroupCommit::default(),
            waiting: Vec::new(),
        };
        for record in disk {
            match record {
                Record::Term { term, vote } => (log.term, log.vote) = (*term, *vote),
                Record::Entry(entry) => log.take(entry.clone()),
                Record::Cut { last } => log.drop_after(*last),
                Record::Checkpoint {
                    term,
                    vote,
                    snapshot,
                    tail,
                } => {
                    (log.term, log.vote) = (*term, *vote);
                    log.replace(Arc::clone(snapshot), tail.clone());
                }
            }
        }
        log
    }

    pub(super) const fn term(&self) -> Term {
        self.term
    }

    pub(super) const fn vote(&self) -> Option<NodeId> {
        self.vote
    }

    /// The record after which term and vote are durable.
    pub(super) const fn term_record(&self) -> LogIndex {
        self.term_at
    }

    pub(super) const fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// The last entry that is in the snapshot.
    pub(super) fn base(&self) -> Position {
        self.snapshot.last
    }

    /// The last entry.
    pub(super) fn last(&self) -> Position {
        match self.entries.last() {
            Some(entry) => Position {
                term: entry.term,
                index: Index(self.base().index.0 + self.entries.len() as u64),
            },
            None => self.base(),
        }
    }

    /// The entry at this place; none where there is none or it is in the snapshot.
    pub(super) fn entry(&self, index: Index) -> Option<&Entry> {
        let place = index.0.checked_sub(self.base().index.0 + 1)?;
        self.entries.get(place as usize)
    }

    /// The term of the entry at this place; none where there is none or it is deep in the snapshot.
    pub(super) fn term_at(&self, index: Index) -> Option<Term> {
        if index == self.base().index {
            return Some(self.base().term);
        }
        self.entry(index).map(|entry| entry.term)
    }

    /// The entries after this place, as far as they are not in the snapshot.
    pub(super) fn after(&self, index: Index) -> &[Entry] {
        let gone = index.0.saturating_sub(self.base().index.0) as usize;
        &self.entries[gone.min(self.entries.len())..]
    }

    /// The first entry with the term of the one at this place.
    pub(super) fn first_of_its_term(&self, index: Index) -> Index {
        let mut first = index;
        while first > self.base().index.next()
            && self.term_at(first.before()) == self.term_at(index)
        {
            first = first.before();
        }
        first
    }

    /// The last entry of a term, if there is one that is not in the snapshot.
    pub(super) fn last_of(&self, term: Term) -> Option<Index> {
        let place = self.entries.partition_point(|entry| entry.term <= term);
        let found = place.checked_sub(1)?;
        (self.entries[found].term == term).then_some(Index(self.base().index.0 + place as u64))
    }

    /// Who votes: the last change in the log counts, committed or not.
    pub(super) fn members(&self) -> &Members {
        self.members_as_of(Index(u64::MAX))
    }

    /// The entry that says who votes; the snapshot's last where none in the log does.
    pub(super) fn members_at(&self) -> Index {
        self.members_known_at(Index(u64::MAX))
    }

    /// The entry that says who voted after this one; the snapshot's last where none in the log does.
    pub(super) fn members_known_at(&self, index: Index) -> Index {
        let change = self.changes.iter().rev().find(|change| **change <= index);
        change.copied().unwrap_or(self.base().index)
    }

    /// Who voted after this entry.
    pub(super) fn members_as_of(&self, index: Index) -> &Members {
        let change = self.changes.iter().rev().find(|change| **change <= index);
        match change.and_then(|change| self.entry(*change)) {
            Some(Entry {
                payload: Payload::Members(members),
                ..
            }) => members,
            Some(_) | None => &self.snapshot.members,
        }
    }

    fn take(&mut self, entry: Entry) {
        let is_change = matches!(entry.payload, Payload::Members(_));
        self.entries.push(entry);
        if is_change {
            self.changes.push(self.last().index);
        }
    }

    fn drop_after(&mut self, last: Index) {
        let kept = last.0.saturating_sub(self.base().index.0) as usize;
        self.entries.truncate(kept);
        self.changes.retain(|change| *change <= last);
    }

    fn replace(&mut self, snapshot: Arc<Snapshot>, tail: Vec<Entry>) {
        self.snapshot = snapshot;
        self.entries.clear();
        self.changes.clear();
        for entry in tail {
            self.take(entry);
        }
    }

    fn write(&mut self, record: Record, ctx: &mut Ctx<'_>) -> LogIndex {
        self.dirty = true;
        ctx.append(record)
    }

    /// Joins a later term, or votes in this one; `on_disk` is what is written of it.
    pub(super) fn set_term(
        &mut self,
        term: Term,
        vote: Option<NodeId>,
        on_disk: Option<Record>,
        ctx: &mut Ctx<'_>,
    ) {
        assert!(
            term > self.term || (term == self.term && self.vote.is_none()),
            "a node never goes back to an earlier term and votes once in each (section 5.2)"
        );
        (self.term, self.vote) = (term, vote);
        if let Some(record) = on_disk {
            self.term_at = self.write(record, ctx);
        }
    }

    pub(super) fn push(&mut self, entry: Entry, ctx: &mut Ctx<'_>) -> Index {
        self.take(entry.clone());
        self.write(Record::Entry(entry), ctx);
        self.last().index
    }

    pub(super) fn cut(&mut self, last: Index, ctx: &mut Ctx<'_>) {
        assert!(
            last >= self.base().index,
            "what is in the snapshot is never cut"
        );
        self.drop_after(last);
        self.write(Record::Cut { last }, ctx);
    }

    /// Replaces everything, here and on the disk; the record that does.
    pub(super) fn checkpoint(
        &mut self,
        snapshot: Arc<Snapshot>,
        tail: Vec<Entry>,
        on_disk: Vec<Entry>,
        ctx: &mut Ctx<'_>,
    ) -> LogIndex {
        self.replace(Arc::clone(&snapshot), tail);
        let record = Record::Checkpoint {
            term: self.term,
            vote: self.vote,
            snapshot,
            tail: on_disk,
        };
        self.write(record, ctx)
    }

    pub(super) fn is_durable(&self, record: LogIndex) -> bool {
        record <= self.durable
    }

    pub(super) fn wait(&mut self, record: LogIndex, then: Then) {
        self.waiting.push((record, then));
    }

    /// At the end of every reaction: one sync for all that it wrote.
    pub(super) fn flush(&mut self, ctx: &mut Ctx<'_>) {
        if std::mem::take(&mut self.dirty) {
            self.group.written(ctx);
        }
    }

    /// A sync is done: what waited for it.
    pub(super) fn synced(&mut self, upto: LogIndex, ctx: &mut Ctx<'_>) -> Vec<Then> {
        self.group.synced(ctx);
        self.durable = self.durable.max(upto);
        let waiting = std::mem::take(&mut self.waiting);
        let (done, waiting) = waiting.into_iter().partition(|(at, _)| *at <= upto);
        self.waiting = waiting;
        let done: Vec<(LogIndex, Then)> = done;
        done.into_iter().map(|(_, then)| then).collect()
    }
}
