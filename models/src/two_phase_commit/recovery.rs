//! Starting again from the log: data, transactions in doubt, decisions that not everyone knows of.

use std::collections::{BTreeMap, VecDeque};

use murphy_sim::Context;

use super::{
    Config, TwoPhase,
    coordinator::Coordination,
    message::{Decision, Record, Vote},
};
use crate::shared::transactions::{ActKind, Book, Control, Shard};

impl<C: Control> TwoPhase<C> {
    /// A node as its log leaves it. What is in doubt takes its locks before anything else is let in.
    pub(super) fn recover(
        config: &Config<C::Rules>,
        disk: &[Record],
        ctx: &mut Context<Self>,
    ) -> TwoPhase<C> {
        let life = ctx.rng().bits();
        let mut node = TwoPhase {
            config: config.clone(),
            node: ctx.node(),
            shard: Shard::new(&config.layout, &config.rules, life),
            coordinating: BTreeMap::new(),
            after_sync: VecDeque::new(),
            book: Book::new(life),
        };
        for record in disk {
            node.replay(record, ctx);
        }
        node.shard.ask_on(ctx);
        node.tell_on(ctx);
        node
    }

    fn replay(&mut self, record: &Record, ctx: &mut Context<Self>) {
        let now = ctx.elapsed();
        match record {
            Record::Prepared {
                transaction,
                prepared,
            } => {
                self.shard.recover(*transaction, prepared);
                self.book.vote(*transaction, Vote::Yes);
            }
            Record::Decided {
                transaction,
                decision,
            } => {
                self.shard.replay_end(*transaction, *decision);
                let what = ActKind::Decided(*decision);
                self.book.decide(*transaction, what);
            }
            // What follows in the log says whether it has committed.
            Record::Collecting {
                transaction,
                participants,
            }
            | Record::Abort {
                transaction,
                participants,
            } => {
                let mine = Coordination::recovered(participants, Decision::Abort, now);
                self.coordinating.insert(*transaction, mine);
            }
            Record::Commit {
                transaction,
                participants,
            } => {
                let mine = Coordination::recovered(participants, Decision::Commit, now);
                self.coordinating.insert(*transaction, mine);
                let what = ActKind::Committed(participants.clone());
                self.book.decide(*transaction, what);
                self.forget_if_presumed(*transaction, Decision::Commit);
            }
            Record::End { transaction } => {
                self.coordinating.remove(transaction);
            }
        }
    }
}
