//! The termination protocol: when the coordinator has failed, those that are operational elect
//! another and end the transaction by what they know among themselves.
//!
//! Bernstein, Hadzilacos & Goodman (1987), section 7.5: processes are coordinators in a fixed order,
//! the first of them the one that was asked by the client; each takes over when all before it have
//! failed. The rules TR1 to TR4 are theirs.

use std::collections::{BTreeMap, BTreeSet};

use murphy_sim::{Context, NodeId};

use super::{
    ThreePhaseCommit,
    coordinator::Round,
    message::{Message, Standing, Timer},
    mutants::Mutant,
};
use crate::shared::transactions::{Decision, TransactionId};

/// What an operational participant knows of a transaction that it has voted yes on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Term {
    /// In the order in which they coordinate.
    processes: Vec<NodeId>,
    /// The place of the one that coordinates now; those before it have failed.
    current: usize,
    /// All have voted yes.
    pub(super) committable: bool,
}

/// What an elected coordinator has heard.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    awaited: BTreeSet<NodeId>,
    standings: BTreeMap<NodeId, Standing>,
}

impl Term {
    pub(super) fn new(coordinator: NodeId, peers: &[NodeId]) -> Term {
        let others = peers.iter().copied().filter(|peer| *peer != coordinator);
        Term {
            processes: std::iter::once(coordinator).chain(others).collect(),
            current: 0,
            committable: false,
        }
    }

    /// Whether this one coordinates, as far as is known here; a later one tells that all before it
    /// have failed.
    pub(super) fn follows(&mut self, from: NodeId) -> bool {
        let place = self.processes.iter().position(|node| *node == from);
        let follows = place.is_some_and(|place| place >= self.current);
        if let (true, Some(place)) = (follows, place) {
            self.current = place;
        }
        follows
    }

    fn standing(&self) -> Standing {
        match self.committable {
            true => Standing::Committable,
            false => Standing::Uncertain,
        }
    }
}

impl ThreePhaseCommit {
    /// The one that coordinates has failed: the next one does.
    pub(super) fn on_silence(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        let me = self.node;
        let Some(term) = self.terms.get_mut(&transaction) else {
            return;
        };
        // It coordinates already, and its rounds have timers of their own.
        if self.rounds.contains_key(&transaction) {
            return;
        }
        if self.config.has(Mutant::TerminatesByItsOwnState) {
            let decision = match term.committable {
                true => Decision::Commit,
                false => Decision::Abort,
            };
            return self.end(transaction, decision, ctx);
        }
        let my_place = term.processes.iter().position(|node| *node == me);
        let my_place = my_place.expect("a participant is one of the processes");
        term.current = (term.current + 1).min(my_place);
        if term.current < my_place {
            return self.listen(transaction, ctx);
        }
        ctx.reached("elected");
        let awaited: BTreeSet<NodeId> = term.processes[my_place + 1..].iter().copied().collect();
        for node in &awaited {
            ctx.send(*node, Message::AskStanding { transaction });
        }
        let alone = awaited.is_empty();
        let asked = Asked {
            awaited,
            standings: BTreeMap::new(),
        };
        self.rounds.insert(transaction, Round::Asking(asked));
        ctx.set_timer(Timer::Round(transaction), self.config.round_trip());
        if alone {
            self.conclude(transaction, ctx);
        }
    }

    /// An elected coordinator asks where this process stands.
    pub(super) fn on_ask_standing(
        &mut self,
        from: NodeId,
        transaction: TransactionId,
        ctx: &mut Context<Self>,
    ) {
        let standing = if let Some(decision) = self.book.decision(transaction) {
            match decision {
                Decision::Commit => Standing::Committed,
                Decision::Abort => Standing::Aborted,
            }
        } else if self.recovering.contains_key(&transaction) {
            Standing::Recovering
        } else if let Some(term) = self.terms.get_mut(&transaction) {
            if !term.follows(from) {
                return;
            }
            let standing = term.standing();
            self.listen(transaction, ctx);
            standing
        } else if self.shard.never_votes(&mut self.book, transaction, ctx) {
            Standing::Aborted
        } else {
            // Its vote is on its way to the disk.
            Standing::Uncertain
        };
        ctx.send(
            from,
            Message::Stand {
                transaction,
                standing,
            },
        );
    }

    /// Another process tells where it stands.
    pub(super) fn on_stand(
        &mut self,
        from: NodeId,
        transaction: TransactionId,
        standing: Standing,
        ctx: &mut Context<Self>,
    ) {
        if self.recovering.contains_key(&transaction) {
            return self.hear_recovering(from, transaction, standing, ctx);
        }
        if let Some(Round::Asking(asked)) = self.rounds.get_mut(&transaction) {
            asked.awaited.remove(&from);
            asked.standings.insert(from, standing);
            if asked.awaited.is_empty() {
                self.conclude(transaction, ctx);
            }
        }
    }

    /// Everyone that is operational has answered.
    pub(super) fn conclude(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        let (Some(Round::Asking(asked)), Some(term)) = (
            self.rounds.remove(&transaction),
            self.terms.get_mut(&transaction),
        ) else {
            return;
        };
        let standings = &asked.standings;
        let others = |wanted: Standing| standings.values().any(|standing| *standing == wanted);
        // Those before it have failed, but may be told when they are back.
        let everyone: Vec<NodeId> = term.processes.clone();
        let has_committable = term.committable || others(Standing::Committable);
        if others(Standing::Committed) {
            // TR2. Whoever has committed has its record on disk.
            self.end_for(transaction, &everyone, Decision::Commit, ctx);
        } else if others(Standing::Aborted)
            || !has_committable
            || self.config.has(Mutant::PreCommitsIgnored)
        {
            // TR1, and TR3: nobody that is operational knows that all have voted yes, so nobody,
            // operational or not, can have committed.
            ctx.reached("terminated-by-abort");
            self.end_for(transaction, &everyone, Decision::Abort, ctx);
        } else {
            // TR4: the others are brought to know it first.
            ctx.reached("terminated-by-commit");
            term.committable = true;
            let uncertain = standings
                .iter()
                .filter(|(_, at)| **at == Standing::Uncertain);
            let uncertain: Vec<NodeId> = uncertain.map(|(node, _)| *node).collect();
            if uncertain.is_empty() {
                let here = self.shard.get(transaction).expect("it is in doubt");
                let participants = here.peers.clone();
                return self.commit(transaction, participants, ctx);
            }
            self.pre_commit(transaction, uncertain, ctx);
        }
    }

    fn end_for(
        &mut self,
        transaction: TransactionId,
        everyone: &[NodeId],
        decision: Decision,
        ctx: &mut Context<Self>,
    ) {
        let me = self.node;
        let others: Vec<NodeId> = everyone
            .iter()
            .copied()
            .filter(|node| *node != me)
            .collect();
        self.tell(transaction, &others, decision, ctx);
        self.end(transaction, decision, ctx);
    }
}
