//! What a crashed coordinator has left behind is removed by whoever meets it. Peng & Dabek (2010),
//! section 2.2, "lazy approach to cleanup".
//!
//! A lock that has been in the way for long may be of a transaction that is committed, is gone, or is
//! only slow. The primary knows: it has a version, or its lock is removed now, and its coordinator will
//! find that. When that is durable the lock that was met follows it. How long is long is no matter of
//! safety; the paper looks at who is alive in Chubby and at the time in the lock, and here a worker takes
//! the time since it first met the lock.

use std::collections::BTreeSet;

use murphy_sim::Context;

use super::{
    Mutant, Percolator,
    message::{End, Lock, Message, Met},
    worker::Worker,
};
use crate::service::txn::Key;

impl Worker {
    /// These locks are in the way. Asks how those have ended that are there for too long.
    pub(super) fn meet(&mut self, locks: &[(Key, Lock)], ctx: &mut Context<Percolator>) {
        let now = ctx.elapsed();
        let mut old = BTreeSet::new();
        for (key, lock) in locks {
            let (lock, since) = (*lock, now);
            let met = self.met.entry(*key).or_insert(Met { lock, since });
            if met.lock != lock {
                *met = Met { lock, since };
            }
            if now.since(met.since) >= self.config.lock_age {
                old.insert(lock);
            }
        }
        for lock in old {
            if self
                .config
                .has(Mutant::PercolatorCleansUpWithoutAskingThePrimary)
            {
                self.follow(lock, End::RolledBack, ctx);
                continue;
            }
            ctx.reached("asked-the-primary");
            let primary = self.config.tablet(lock.primary);
            ctx.send(primary, Message::Inquire { lock });
        }
    }

    /// The primary is as it is said: its other locks that were met follow it.
    pub(super) fn follow(&self, lock: Lock, end: End, ctx: &mut Context<Percolator>) {
        let met = self.met.iter().filter(|(_, met)| met.lock == lock);
        for (node, keys) in self.config.by_node(met.map(|(key, _)| *key)) {
            let message = match end {
                End::Committed(commit) => {
                    ctx.reached("rolled-forward");
                    Message::Commit { lock, commit, keys }
                }
                End::RolledBack => {
                    ctx.reached("rolled-back");
                    Message::Rollback { lock, keys }
                }
            };
            ctx.send(node, message);
        }
    }
}
