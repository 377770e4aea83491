//! Starting again from the log: data, transactions in doubt, commits that not everyone knows of.

use std::collections::{BTreeMap, VecDeque};

use murphy_sim::Context;

use super::{
    Config, TwoPhaseCommit,
    coordinator::Coordination,
    message::{ActKind, Decision, Record, Timer, Vote},
    participant::Participation,
    work::install,
};
use crate::{service::txn::Store, shared::locks::LockTable};

impl TwoPhaseCommit {
    /// A node as its log leaves it. What is in doubt takes its locks before anything else is let in.
    pub(super) fn recover(
        config: &Config,
        disk: &[Record],
        ctx: &mut Context<Self>,
    ) -> TwoPhaseCommit {
        let store = Store {
            opening_balance: config.opening_balance,
            data: BTreeMap::new(),
        };
        let mut node = TwoPhaseCommit {
            config: config.clone(),
            node: ctx.node(),
            life: ctx.rng().bits(),
            store,
            locks: LockTable::default(),
            coordinating: BTreeMap::new(),
            participating: BTreeMap::new(),
            decisions: BTreeMap::new(),
            over: BTreeMap::new(),
            after_sync: VecDeque::new(),
            acts: Vec::new(),
        };
        for record in disk {
            node.replay(record, ctx);
        }
        let in_doubt = node.participating.iter();
        let in_doubt: Vec<_> = in_doubt
            .map(|(id, here)| (*id, here.needs.clone()))
            .collect();
        for (transaction, needs) in in_doubt {
            ctx.reached("recovered-in-doubt");
            // Granted at once: those in doubt held them together before the crash.
            node.lock(transaction, &needs);
            ctx.set_timer(Timer::Ask(transaction), config.ask);
        }
        let open: Vec<_> = node.coordinating.keys().copied().collect();
        for transaction in open {
            node.tell_on(transaction, ctx);
        }
        node
    }

    fn replay(&mut self, record: &Record, ctx: &mut Context<Self>) {
        match record {
            Record::Prepared {
                transaction,
                coordinator,
                begun,
                peers,
                changes,
                reads,
            } => {
                let here = Participation::recovered(*coordinator, *begun, peers, changes, reads);
                self.participating.insert(*transaction, here);
                self.act(*transaction, ActKind::Voted(Vote::Yes));
            }
            Record::Decided {
                transaction,
                decision,
            } => {
                let here = self.participating.remove(transaction);
                if let (Some(here), Decision::Commit) = (here, decision) {
                    install(here.changes(), &mut self.store);
                }
                self.decide(*transaction, *decision, ActKind::Decided(*decision));
            }
            Record::Commit {
                transaction,
                participants,
            } => {
                let mine = Coordination::recovered(participants, ctx.elapsed());
                self.coordinating.insert(*transaction, mine);
                let what = ActKind::Committed(participants.clone());
                self.decide(*transaction, Decision::Commit, what);
            }
            Record::End { transaction } => {
                self.coordinating.remove(transaction);
            }
        }
    }
}
