//! The relay: a polling publisher that carries rows from the outbox to the broker, in order.
//!
//! It moves its cursor only over what the broker holds durably, so that a crash makes it publish
//! again rather than leave out (Kleppmann ch. 11, "Consumer offsets": at least once).

use murphy_sim::{Context, LogIndex};

use super::{BROKER, Config, DATABASE, Message, Mutant, Outbox, Record, Row, Timer};
use crate::shared::group_commit::GroupCommit;

/// The relay.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Relay {
    config: Config,
    /// Everything up to this position is in the broker's log, durably.
    cursor: u64,
    /// Publications that the broker has not answered, in order: one, but in a mutant.
    in_flight: Vec<Vec<Row>>,
    /// The position that the last of them ends with.
    sent_upto: u64,
    /// Syncs under way.
    commits: GroupCommit,
}

impl Relay {
    pub(super) fn start(config: Config, disk: &[Record], ctx: &mut Context<Outbox>) -> Relay {
        let cursor = match disk.last() {
            Some(Record::Cursor(position)) => *position,
            Some(record) => unreachable!("a relay writes cursors only, not {record:?}"),
            None => 0,
        };
        if cursor > 0 {
            ctx.reached("relay-resumed");
        }
        let relay = Relay {
            config,
            cursor,
            in_flight: Vec::new(),
            sent_upto: cursor,
            commits: GroupCommit::default(),
        };
        relay.poll(ctx);
        relay
    }

    /// Asks for more, unless the broker has yet to answer for what it was sent.
    pub(super) fn poll(&self, ctx: &mut Context<Outbox>) {
        if self.in_flight.is_empty() {
            ctx.send(DATABASE, Message::Poll { after: self.cursor });
        }
        ctx.set_timer(Timer::Poll, self.config.poll);
    }

    pub(super) fn take(&mut self, after: u64, rows: &[Row], ctx: &mut Context<Outbox>) {
        if !self.in_flight.is_empty() || after != self.cursor {
            return; // An answer to an older question, or a second copy.
        }
        let last = rows.last().expect("an answer holds rows").position;
        let from_here_on = rows
            .iter()
            .zip(after + 1..)
            .all(|(row, p)| row.position == p);
        assert!(from_here_on, "rows follow the cursor without a gap");
        self.sent_upto = last;
        let side_by_side = if self.config.has(Mutant::ParallelRelayBreaksKeyOrder) {
            1
        } else {
            rows.len()
        };
        self.in_flight = rows.chunks(side_by_side).map(<[Row]>::to_vec).collect();
        if self.config.has(Mutant::CursorMovesBeforePublish) {
            self.move_cursor(ctx);
        }
        ctx.reached("publishing");
        self.publish(ctx);
    }

    fn publish(&self, ctx: &mut Context<Outbox>) {
        for rows in &self.in_flight {
            ctx.send(BROKER, Message::Publish { rows: rows.clone() });
        }
        ctx.set_timer(Timer::Republish, self.config.retry);
    }

    pub(super) fn republish(&self, ctx: &mut Context<Outbox>) {
        assert!(
            !self.in_flight.is_empty(),
            "nothing is awaited, so no timer is set"
        );
        ctx.reached("republished");
        self.publish(ctx);
    }

    /// The broker holds a publication that ended there. It held all before it when it was sent, so
    /// the answer to an earlier publication with the same end is as good.
    pub(super) fn published(&mut self, upto: u64, ctx: &mut Context<Outbox>) {
        let awaited = self.in_flight.len();
        self.in_flight
            .retain(|rows| rows.last().is_none_or(|last| last.position != upto));
        if !self.in_flight.is_empty() || awaited == 0 {
            return;
        }
        ctx.cancel_timer(Timer::Republish);
        if !self.config.has(Mutant::CursorMovesBeforePublish) {
            self.move_cursor(ctx);
        }
        self.poll(ctx);
    }

    fn move_cursor(&mut self, ctx: &mut Context<Outbox>) {
        assert!(self.sent_upto > self.cursor, "a cursor only moves forward");
        self.cursor = self.sent_upto;
        ctx.append(Record::Cursor(self.cursor));
        self.commits.written(ctx);
    }

    /// The cursor is durable, and older ones are of no use to anyone.
    pub(super) fn synced(&mut self, upto: LogIndex, ctx: &mut Context<Outbox>) {
        self.commits.synced(ctx);
        ctx.truncate(upto);
    }

    pub(super) const fn is_settled(&self) -> bool {
        self.in_flight.is_empty()
    }

    /// Up to where it takes the broker to hold everything.
    pub const fn cursor(&self) -> u64 {
        self.cursor
    }
}
