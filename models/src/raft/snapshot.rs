//! The state machine, snapshots of it, and how they replace the log (section 7; dissertation,
//! chapter 5).
//!
//! A snapshot is written as one record with all that comes after it, so that no crash finds half of
//! it; what is before that record is forgotten once it is durable. It is sent whole, not in chunks.

use std::sync::Arc;

use murphy_sim::{CallId, LogIndex, NodeId};
use serde::{Deserialize, Serialize};

use super::{
    Ctx, Raft,
    log::Then,
    message::{Entry, Index, Members, Message, Payload, Position},
    mutants::Mutant,
};
use crate::{
    service::kv,
    shared::sessions::{Asked, Sessions},
};

/// What committed entries come to. Sessions are part of it, so that every replica knows a retry from
/// a new call (section 8; dissertation, section 6.3).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Machine {
    /// The registers.
    pub registers: kv::View,
    /// What each client was last answered.
    pub sessions: Sessions<kv::Response>,
}

/// The state machine after an entry, and what else the log up to there would tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Snapshot {
    /// The last entry that is in it.
    pub last: Position,
    /// Who voted then.
    pub members: Members,
    /// The state machine.
    pub machine: Machine,
}

impl Raft {
    /// What a call is to those that were applied before it.
    pub(super) fn look(&self, call: CallId) -> Asked<&kv::Response> {
        match self.has(Mutant::RetryAppliedTwice) {
            true => Asked::New,
            false => self.machine.sessions.look(call),
        }
    }

    /// Applies one committed entry, once; what its client is to be told.
    pub(super) fn apply(&mut self, payload: &Payload) -> Option<kv::Response> {
        let Payload::Update(call, request) = payload else {
            return None;
        };
        match self.look(*call) {
            Asked::New => {
                let response = request.apply(&mut self.machine.registers);
                self.machine.sessions.remember(*call, response.clone());
                Some(response)
            }
            Asked::Again(response) => Some(response.clone()),
            // Its client waits for another call by now.
            Asked::Late => None,
        }
    }

    /// Takes a snapshot when enough has been committed since the last one.
    pub(super) fn compact(&mut self, ctx: &mut Ctx<'_>) {
        let since = self.commit.0.saturating_sub(self.log.base().index.0);
        if since < self.config.snapshot_every {
            return;
        }
        let Some(term) = self.log.term_at(self.commit) else {
            return;
        };
        let snapshot = Snapshot {
            last: Position {
                term,
                index: self.commit,
            },
            members: self.log.members_as_of(self.commit).clone(),
            machine: self.machine.clone(),
        };
        let tail = self.log.after(self.commit).to_vec();
        self.write(Arc::new(snapshot), tail, ctx);
        ctx.reached("snapshot");
    }

    fn write(&mut self, snapshot: Arc<Snapshot>, tail: Vec<Entry>, ctx: &mut Ctx<'_>) {
        let on_disk = match self.has(Mutant::SnapshotDropsTheTail) {
            true => Vec::new(),
            false => tail.clone(),
        };
        let record = self.log.checkpoint(snapshot, tail, on_disk, ctx);
        self.when_durable(record, Then::Forget(record), ctx);
    }

    /// What the record at this place holds makes all before it superfluous.
    pub(super) fn forget(&self, before: LogIndex, ctx: &mut Ctx<'_>) {
        ctx.truncate(before);
    }

    /// A snapshot has come from the leader: it replaces the log, but for what comes after the last
    /// entry of the snapshot if that entry is there (Figure 13, InstallSnapshot).
    pub(super) fn on_snapshot(
        &mut self,
        from: NodeId,
        sequence: u64,
        snapshot: Arc<Snapshot>,
        ctx: &mut Ctx<'_>,
    ) {
        let last = snapshot.last;
        if last.index > self.commit {
            let tail = match self.log.term_at(last.index) == Some(last.term) {
                true => self.log.after(last.index).to_vec(),
                false => Vec::new(),
            };
            self.machine = snapshot.machine.clone();
            self.commit = last.index;
            self.write(snapshot, tail, ctx);
            ctx.reached("snapshot-installed");
        }
        self.acknowledge(from, sequence, last.index, ctx);
    }

    /// Says that the log is as the leader's up to here, once it is on the disk.
    pub(super) fn acknowledge(
        &mut self,
        to: NodeId,
        sequence: u64,
        matched: Index,
        ctx: &mut Ctx<'_>,
    ) {
        let message = Message::Appended {
            term: self.log.term(),
            sequence,
            matched,
        };
        let durable_at = match self.has(Mutant::AcknowledgeBeforeSync) {
            true => LogIndex(0),
            false => ctx.log_end(),
        };
        self.say_when_durable(durable_at, to, message, ctx);
    }
}
