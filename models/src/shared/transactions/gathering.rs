//! A coordinator's side up to the vote: which shard has what to do, what they found, who is silent.

use std::collections::BTreeMap;

use murphy_sim::{Context, NodeId, Span, Time};

use super::{Execute, Executed, Executes, Layout, Prepare, Step, TransactionId, Vote, Work};
use crate::service::txn::{Datum, Request};

/// What the shards of one transaction do and have answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Gathering {
    /// By its coordinator's monotonic clock.
    begun: Time,
    /// Each shard's part.
    pub(crate) parts: BTreeMap<NodeId, Part>,
    /// What the steps found, in the order of the request.
    pub(crate) found: Vec<Option<Datum>>,
}

/// One shard's part in a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Part {
    steps: Vec<Step>,
    /// Whether it votes and is told how the transaction ends; who has only read may be spared.
    pub(crate) takes_part: bool,
    /// The life in which the shard did the steps.
    pub(crate) executed: Option<u64>,
    /// What it voted.
    pub(crate) vote: Option<Vote>,
    /// Whether it has said that it has heard.
    pub(crate) acknowledged: bool,
    /// When it was last heard of.
    heard: Time,
}

impl Part {
    const fn new(heard: Time) -> Part {
        Part {
            steps: Vec::new(),
            takes_part: true,
            executed: None,
            vote: None,
            acknowledged: false,
            heard,
        }
    }

    /// Whether it changes something.
    pub(crate) fn is_update(&self) -> bool {
        self.steps.iter().any(|(_, op)| op.is_update())
    }
}

impl Gathering {
    /// The parts of a transaction that begins now.
    pub(crate) fn new(layout: &Layout, request: Request, now: Time) -> Gathering {
        let found = vec![None; request.0.len()];
        let mut parts = BTreeMap::new();
        for (place, op) in request.0.into_iter().enumerate() {
            let part = parts
                .entry(layout.shard(op.key()))
                .or_insert_with(|| Part::new(now));
            part.steps.push((place as u32, op));
        }
        Gathering {
            begun: now,
            parts,
            found,
        }
    }

    /// The parts of a transaction that a crash has interrupted: those that have to be told.
    pub(crate) fn recovered(participants: &[NodeId], now: Time) -> Gathering {
        let parts = participants.iter().map(|node| (*node, Part::new(now)));
        Gathering {
            begun: now,
            parts: parts.collect(),
            found: Vec::new(),
        }
    }

    /// Those that vote and are told.
    pub(crate) fn participants(&self) -> Vec<NodeId> {
        let parts = self.parts.iter().filter(|(_, part)| part.takes_part);
        parts.map(|(node, _)| *node).collect()
    }

    /// Asks those that have not done their steps to do them.
    pub(crate) fn ask_to_execute<P: Executes>(
        &self,
        transaction: TransactionId,
        ctx: &mut Context<P>,
    ) {
        for (node, part) in &self.parts {
            if part.executed.is_none() {
                let execute = Execute {
                    transaction,
                    begun: self.begun.0,
                    steps: part.steps.clone(),
                };
                ctx.send(*node, Work::Execute(execute).into());
            }
        }
    }

    /// Asks those that have not voted to prepare.
    pub(crate) fn ask_to_prepare<P: Executes<Message: From<Prepare>>>(
        &self,
        transaction: TransactionId,
        ctx: &mut Context<P>,
    ) {
        let all = self.participants();
        for (node, part) in &self.parts {
            let Some(life) = part.executed.filter(|_| part.vote.is_none()) else {
                continue;
            };
            let peers = match part.takes_part {
                true => all.clone(),
                false => Vec::new(),
            };
            let prepare = Prepare {
                transaction,
                life,
                peers,
            };
            ctx.send(*node, prepare.into());
        }
    }

    /// A shard has done its steps. True when it was the last. The first answer counts: a later one
    /// tells of another life, whose locks are not those that were held when the others executed.
    pub(crate) fn on_executed(&mut self, from: NodeId, executed: Executed) -> bool {
        let Some(part) = self.parts.get_mut(&from) else {
            return false;
        };
        if part.executed.is_some() {
            return false;
        }
        part.executed = Some(executed.life);
        for (place, datum) in executed.found {
            self.found[place as usize] = datum;
        }
        self.parts.values().all(|part| part.executed.is_some())
    }

    /// Something is to be said to all: nobody is silent until now.
    pub(crate) fn hear_all(&mut self, now: Time) {
        for part in self.parts.values_mut() {
            part.heard = now;
        }
    }

    /// A shard is still waiting for locks.
    pub(crate) fn hear(&mut self, from: NodeId, now: Time) {
        if let Some(part) = self.parts.get_mut(&from) {
            part.heard = now;
        }
    }

    /// Whether one of those that this is true of has been silent for too long.
    pub(crate) fn is_silent(
        &self,
        now: Time,
        patience: Span,
        mut awaited: impl FnMut(&Part) -> bool,
    ) -> bool {
        self.parts
            .values()
            .any(|part| awaited(part) && now.since(part.heard) > patience)
    }
}
