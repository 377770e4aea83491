//! Group commit: at most one sync is under way, and what is written meanwhile waits for the next, so
//! that a slow disk never has a line of syncs in front of it.
//!
//! Gray & Reuter, Transaction Processing (1993), ch. 9. To be told of every write and of every sync
//! that completes; a crash forgets it with the rest.

use murphy_sim::{Context, Process};

/// The syncs of one node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct GroupCommit {
    under_way: bool,
    /// Something was written since the one under way was asked for.
    again: bool,
}

impl GroupCommit {
    /// Something was appended that must become durable.
    pub(crate) fn written<P: Process>(&mut self, ctx: &mut Context<P>) {
        if self.under_way {
            self.again = true;
        } else {
            self.under_way = true;
            ctx.sync();
        }
    }

    /// A sync has completed.
    pub(crate) fn synced<P: Process>(&mut self, ctx: &mut Context<P>) {
        assert!(self.under_way, "a sync completes that was asked for");
        self.under_way = false;
        if std::mem::take(&mut self.again) {
            self.written(ctx);
        }
    }
}
