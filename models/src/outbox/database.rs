//! The database: one transaction writes the business row and the row of the outbox.
//!
//! Richardson ch. 3.3.1: "insert messages into an OUTBOX table as part of the database transaction".

use std::collections::BTreeMap;

use murphy_sim::{CallId, Context, LogIndex, NodeId, Reply, View};

use super::{Config, Message, Mutant, Outbox, Record, Row};
use crate::{
    service::events::{self, EventId, Key, Response},
    shared::group_commit::GroupCommit,
};

/// The database.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Database {
    config: Config,
    /// Every transaction, in the order of commitment: the one at position `p` is the `p`th record.
    rows: Vec<Row>,
    /// How many of them will survive a crash.
    durable: usize,
    /// Where each event is, so that it is committed at most once.
    positions: BTreeMap<EventId, u64>,
    /// Calls that wait for the transaction at a position to become durable.
    waiting: Vec<(u64, CallId)>,
    /// Syncs under way.
    commits: GroupCommit,
    /// The business rows that are durable.
    view: events::View,
}

impl Database {
    pub(super) fn start(config: Config, disk: &[Record]) -> Database {
        let mut database = Database {
            config,
            rows: Vec::with_capacity(disk.len()),
            durable: disk.len(),
            positions: BTreeMap::new(),
            waiting: Vec::new(),
            commits: GroupCommit::default(),
            view: events::View::new(),
        };
        for record in disk {
            let Record::Committed { key, event } = record else {
                unreachable!("a database writes transactions only, not {record:?}");
            };
            database.insert(*key, *event).apply(&mut database.view);
        }
        database
    }

    fn insert(&mut self, key: Key, event: EventId) -> Row {
        let position = self.rows.len() as u64 + 1;
        let row = Row {
            position,
            key,
            event,
        };
        self.rows.push(row);
        self.positions.insert(event, position);
        row
    }

    pub(super) fn publish(
        &mut self,
        call: CallId,
        key: Key,
        event: EventId,
        ctx: &mut Context<Outbox>,
    ) {
        match self.positions.get(&event) {
            Some(position) if *position <= self.durable as u64 => {
                ctx.reply(call, Reply::Ok(Response::Published));
            }
            Some(position) => self.waiting.push((*position, call)),
            None => {
                let row = self.insert(key, event);
                let index = ctx.append(Record::Committed { key, event });
                assert_eq!(index.0, row.position, "a transaction is a record");
                self.commits.written(ctx);
                ctx.reached("row-written");
                self.waiting.push((row.position, call));
            }
        }
    }

    pub(super) fn synced(&mut self, upto: LogIndex, ctx: &mut Context<Outbox>) {
        self.commits.synced(ctx);
        let durable = upto.0 as usize;
        assert!(
            durable <= self.rows.len(),
            "only what was written is synced"
        );
        for row in self.rows.get(self.durable..durable).unwrap_or_default() {
            row.apply(&mut self.view);
        }
        self.durable = self.durable.max(durable);
        self.waiting.retain(|(position, call)| {
            let waits = *position > upto.0;
            if !waits {
                ctx.reply(*call, Reply::Ok(Response::Published));
            }
            waits
        });
    }

    /// Answers the polling publisher (Richardson ch. 3.3.1), or keeps silent when there is nothing new.
    pub(super) fn answer(&self, relay: NodeId, after: u64, ctx: &mut Context<Outbox>) {
        let visible = if self.config.has(Mutant::PublishBeforeCommit) {
            self.rows.len()
        } else {
            self.durable
        };
        let begin = visible.min(after as usize);
        let end = visible.min(begin.saturating_add(self.config.batch));
        if begin < end {
            let rows = self.rows[begin..end].to_vec();
            ctx.send(relay, Message::Rows { after, rows });
        }
    }

    pub(super) const fn is_settled(&self) -> bool {
        self.durable == self.rows.len()
    }

    pub(super) fn view(&self) -> View<events::View> {
        View {
            of: 0,
            state: Some(self.view.clone()),
            settled: self.is_settled(),
        }
    }

    /// Every transaction, durable or not, in the order of commitment.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Whether a transaction wrote this event.
    pub fn holds(&self, event: EventId) -> bool {
        self.positions.contains_key(&event)
    }
}
