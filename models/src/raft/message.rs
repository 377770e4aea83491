//! What nodes say to each other, what they are reminded of, and what they write to disk.

use std::{collections::BTreeSet, sync::Arc};

use murphy_sim::{CallId, NodeId, Time};
use serde::{Deserialize, Serialize};

use super::snapshot::Snapshot;
use crate::service::kv;

/// A term: at most one leader each (section 5.1).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Term(pub u64);

/// An entry's place in the replicated log, from 1; zero is before the first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Index(pub u64);

impl Term {
    /// The term after this one.
    pub const fn next(self) -> Term {
        Term(self.0 + 1)
    }
}

impl Index {
    /// The place after this one.
    pub const fn next(self) -> Index {
        Index(self.0 + 1)
    }

    /// The place before this one; before the first there is none.
    pub const fn before(self) -> Index {
        Index(self.0.saturating_sub(1))
    }
}

/// An entry by its term and place. Of two logs the one whose last entry is later is the more up to
/// date (section 5.4.1).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Position {
    /// The entry's term; zero before the first.
    pub term: Term,
    /// The entry's place.
    pub index: Index,
}

/// Who votes and is counted.
pub type Members = BTreeSet<NodeId>;

/// What an entry holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Payload {
    /// Nothing: the first entry of every leader, with which it learns what is committed (section 8).
    Nothing,
    /// An update, and the call it came with.
    Update(CallId, kv::Request),
    /// Who votes from here on; in force where it is written, committed or not (dissertation,
    /// section 4.1).
    Members(Members),
}

/// An entry of the replicated log.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Entry {
    /// The term of the leader that appended it.
    pub term: Term,
    /// What it holds.
    pub payload: Payload,
}

/// What nodes say to each other.
#[derive(
    Clone,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
    strum::VariantNames,
)]
pub enum Message {
    /// Would you vote for me in this term? (Dissertation, section 9.6.)
    PreVote {
        /// The term that would begin; nobody joins it yet.
        term: Term,
        /// The last entry of the one who asks.
        last: Position,
    },
    /// The answer to that.
    PreVoted {
        /// The term that was asked about.
        of: Term,
        /// The term that the one who answers is in.
        term: Term,
        /// Whether it would.
        granted: bool,
    },
    /// Vote for me (Figure 2, RequestVote).
    RequestVote {
        /// The candidate's term.
        term: Term,
        /// The candidate's last entry.
        last: Position,
        /// The leader itself asked for this election: nobody need stand by it.
        transfer: bool,
    },
    /// The answer to that.
    Voted {
        /// The term that the one who answers is in.
        term: Term,
        /// Whether it did; if so its vote is on its disk.
        granted: bool,
    },
    /// Entries, maybe none (Figure 2, AppendEntries).
    Append {
        /// The leader's term.
        term: Term,
        /// Which of the leader's messages of this kind.
        sequence: u64,
        /// The entry before the first.
        previous: Position,
        /// The entries.
        entries: Vec<Entry>,
        /// What the leader has committed.
        commit: Index,
    },
    /// They are on this disk.
    Appended {
        /// The term of the message that is answered.
        term: Term,
        /// Which message is answered.
        sequence: u64,
        /// Up to here this log is as the leader's.
        matched: Index,
    },
    /// My log does not have the entry before them (section 5.3).
    Rejected {
        /// The term of the message that is answered.
        term: Term,
        /// Which message is answered.
        sequence: u64,
        /// The term of the entry that is there instead; none where the log ends before.
        conflict: Option<Term>,
        /// The first entry of that term, or the first that is not there.
        first: Index,
    },
    /// I still lead, do you still follow? Also what confirms that reads are fresh.
    Heartbeat {
        /// The leader's term.
        term: Term,
        /// The how-manieth time the leader asks all.
        round: u64,
        /// When it was sent, by the leader's clock of leases.
        sent: Time,
        /// What is committed of that which the follower is known to hold.
        commit: Index,
    },
    /// I do.
    Following {
        /// The term of the message that is answered.
        term: Term,
        /// The round that is answered.
        round: u64,
        /// When it was asked, by the leader's clock.
        sent: Time,
    },
    /// A snapshot in place of entries that the leader no longer has (section 7).
    InstallSnapshot {
        /// The leader's term.
        term: Term,
        /// Which of the leader's messages, counted with those of entries.
        sequence: u64,
        /// The snapshot, whole.
        snapshot: Arc<Snapshot>,
    },
    /// To one that is behind the times: there is a later term.
    Stale {
        /// That term.
        term: Term,
    },
    /// To one that stands for election: you are no member any more.
    Outsider {
        /// As of this entry, which is committed.
        upto: Index,
    },
    /// Leader to a member: I step down, begin an election now (dissertation, section 3.10).
    TimeoutNow {
        /// The leader's term.
        term: Term,
    },
}

/// What nodes are reminded of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Has a leader been heard of?
    Election,
    /// The leader: time to be heard.
    Heartbeat,
}

/// What is written to disk.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Record {
    /// The node is in this term and has voted for that candidate in it.
    Term {
        /// The term.
        term: Term,
        /// The vote.
        vote: Option<NodeId>,
    },
    /// The log has grown by this.
    Entry(Entry),
    /// The log has been cut: this is the last entry that is left.
    Cut {
        /// Its place.
        last: Index,
    },
    /// All that came before, in one record: what is before it may be forgotten.
    Checkpoint {
        /// The term.
        term: Term,
        /// The vote.
        vote: Option<NodeId>,
        /// What came of the committed entries.
        snapshot: Arc<Snapshot>,
        /// The entries after those.
        tail: Vec<Entry>,
    },
}
