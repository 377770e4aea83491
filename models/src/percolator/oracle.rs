//! The timestamp oracle: hands out each timestamp once, in order, and says on disk how far it may go
//! before it goes there, so that a restart goes on above all that were handed out. Peng & Dabek
//! (2010), section 2.3.

use murphy_sim::{Context, LogIndex, NodeId, View};

use super::{
    Config, Mutant, Percolator,
    message::{Message, Record, Timestamp},
};
use crate::{service::txn, shared::gate::Gate};

/// The oracle.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Oracle {
    /// How many are taken at once on disk.
    range: u64,
    /// The last that was handed out, or will be when the disk has answered.
    last: Timestamp,
    /// The last that is taken on disk.
    allocated: Timestamp,
    gate: Gate<Message, txn::Response>,
}

impl Oracle {
    pub(super) fn start(config: &Config, disk: &[Record], ctx: &Context<Percolator>) -> Oracle {
        let allocated = disk.iter().rev().find_map(|record| match record {
            Record::Allocated(upto) => Some(*upto),
            Record::Prewritten { .. } | Record::Committed { .. } | Record::RolledBack { .. } => {
                None
            }
        });
        let allocated = match config.has(Mutant::PercolatorOracleGoesBack) {
            true => Timestamp::default(),
            false => allocated.unwrap_or_default(),
        };
        Oracle {
            range: config.range,
            last: allocated,
            allocated,
            gate: Gate::new(ctx),
        }
    }

    pub(super) fn on_message(
        &mut self,
        from: NodeId,
        message: &Message,
        ctx: &mut Context<Percolator>,
    ) {
        let Message::AskTimestamps { question, count } = *message else {
            unreachable!("{message:?} is not meant for the oracle");
        };
        let first = Timestamp(self.last.0 + 1);
        self.last.0 += count;
        if self.last > self.allocated {
            ctx.reached("range-taken");
            self.allocated = Timestamp(self.last.0.max(self.allocated.0 + self.range));
            self.gate.write(Record::Allocated(self.allocated), ctx);
        }
        self.gate
            .send(from, Message::Timestamps { question, first }, ctx);
    }

    pub(super) fn on_synced(&mut self, upto: LogIndex, ctx: &mut Context<Percolator>) {
        self.gate.synced(upto, ctx);
    }

    /// The last that it may have handed out, and whether that has happened.
    pub(super) fn handed_out(&self) -> (Timestamp, bool) {
        (self.last, self.gate.is_open())
    }

    pub(super) fn view(&self) -> View<txn::View> {
        View::nothing(self.gate.is_open())
    }
}
