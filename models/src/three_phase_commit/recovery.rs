//! Starting again: who has crashed between its vote and the end is not operational until it is told
//! how the transaction ended, since the others may have ended it either way without it.
//!
//! When all processes have crashed there is nobody to tell them (total failure; Bernstein, Hadzilacos
//! & Goodman 1987, section 7.5): they wait until all of them are back, and abort if no disk knows of a
//! commit. Their refinement, which waits only for those that failed last, is left out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use murphy_sim::{Context, NodeId};

use super::{
    Config, ThreePhaseCommit,
    message::{Message, Record, Standing, Timer},
    mutants::Mutant,
};
use crate::shared::transactions::{ActKind, Book, Decision, Shard, TransactionId, Vote, backoff};

/// A transaction that a crash has interrupted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Recovering {
    /// All others that took part, the coordinator with them.
    others: BTreeSet<NodeId>,
    /// Those of them that have crashed too and do not know.
    as_lost: BTreeSet<NodeId>,
    asked: u32,
}

impl ThreePhaseCommit {
    /// A node as its log leaves it. What is in doubt takes its locks before anything else is let in.
    pub(super) fn recover(
        config: &Config,
        disk: &[Record],
        ctx: &mut Context<Self>,
    ) -> ThreePhaseCommit {
        let life = ctx.rng().bits();
        let rules = Default::default();
        let mut node = ThreePhaseCommit {
            config: config.clone(),
            node: ctx.node(),
            shard: Shard::new(&config.layout, &rules, life),
            coordinating: BTreeMap::new(),
            terms: BTreeMap::new(),
            rounds: BTreeMap::new(),
            recovering: BTreeMap::new(),
            after_sync: VecDeque::new(),
            book: Book::new(life),
        };
        for record in disk {
            node.replay(record);
        }
        let open: Vec<_> = node.recovering.keys().copied().collect();
        for transaction in open {
            ctx.reached("recovered-in-doubt");
            let voted = node.shard.get(transaction).is_some();
            if voted && node.config.has(Mutant::AbortsAloneAfterACrash) {
                node.end(transaction, Decision::Abort, ctx);
            } else {
                node.ask_all(transaction, ctx);
            }
        }
        node
    }

    fn replay(&mut self, record: &Record) {
        match record {
            Record::Start {
                transaction,
                participants,
            } => self.interrupted(*transaction, participants),
            Record::Prepared {
                transaction,
                prepared,
            } => {
                self.shard.recover(*transaction, prepared);
                self.book.vote(*transaction, Vote::Yes);
                let mut processes = prepared.peers.clone();
                processes.push(prepared.coordinator);
                self.interrupted(*transaction, &processes);
            }
            Record::Commit {
                transaction,
                participants,
            } => {
                let what = ActKind::Committed(participants.clone());
                self.replay_decision(*transaction, Decision::Commit, what);
            }
            Record::Decided {
                transaction,
                decision,
            } => {
                let what = ActKind::Decided(*decision);
                self.replay_decision(*transaction, *decision, what);
            }
        }
    }

    fn replay_decision(&mut self, transaction: TransactionId, decision: Decision, what: ActKind) {
        self.recovering.remove(&transaction);
        self.shard.replay_end(transaction, decision);
        self.book.decide(transaction, what);
    }

    fn interrupted(&mut self, transaction: TransactionId, processes: &[NodeId]) {
        let me = self.node;
        let recovering = self.recovering.entry(transaction).or_insert(Recovering {
            others: BTreeSet::new(),
            as_lost: BTreeSet::new(),
            asked: 0,
        });
        let others = processes.iter().copied().filter(|node| *node != me);
        recovering.others.extend(others);
    }

    /// Asks everyone how it ended.
    pub(super) fn ask_all(&mut self, transaction: TransactionId, ctx: &mut Context<Self>) {
        let Some(recovering) = self.recovering.get_mut(&transaction) else {
            return;
        };
        for node in &recovering.others {
            ctx.send(*node, Message::Recover { transaction });
        }
        let wait = backoff(self.config.layout.ask, recovering.asked);
        // Nobody else reminds it, so it does not wait for long.
        recovering.asked = (recovering.asked + 1).min(2);
        ctx.set_timer(Timer::Recover(transaction), wait);
        if recovering.others.is_empty() {
            // It was alone, and its disk does not know of a commit.
            self.end(transaction, Decision::Abort, ctx);
        }
    }

    /// One that has crashed asks how a transaction ended.
    pub(super) fn on_recover(
        &mut self,
        from: NodeId,
        transaction: TransactionId,
        ctx: &mut Context<Self>,
    ) {
        if let Some(decision) = self.book.decision(transaction) {
            return self.tell(transaction, &[from], decision, ctx);
        }
        if self.recovering.contains_key(&transaction) {
            let standing = Standing::Recovering;
            let here = Message::Stand {
                transaction,
                standing,
            };
            ctx.send(from, here);
            // Who asks has crashed too.
            return self.hear_recovering(from, transaction, standing, ctx);
        }
        let is_open =
            self.coordinating.contains_key(&transaction) || self.rounds.contains_key(&transaction);
        // It is operational and will decide; it will be asked again.
        if !is_open && self.shard.never_votes(&mut self.book, transaction, ctx) {
            self.tell(transaction, &[from], Decision::Abort, ctx);
        }
    }

    /// Another has crashed too. When all have, nobody has decided without its disk knowing, and
    /// nobody has asked a disk that knows of a commit: they abort.
    pub(super) fn hear_recovering(
        &mut self,
        from: NodeId,
        transaction: TransactionId,
        standing: Standing,
        ctx: &mut Context<Self>,
    ) {
        let Some(recovering) = self.recovering.get_mut(&transaction) else {
            return;
        };
        if standing != Standing::Recovering {
            return;
        }
        recovering.as_lost.insert(from);
        if recovering.as_lost == recovering.others {
            ctx.reached("total-failure");
            self.end(transaction, Decision::Abort, ctx);
        }
    }
}
