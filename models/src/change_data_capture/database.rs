//! The database: commits changes to its rows, tells the capture of them, and reads snapshots as of
//! any position (as multi-version databases do).

use murphy_sim::{CallId, Context, LogIndex, NodeId, Reply, View as Seen};

use super::{ChangeDataCapture, Config, Message, Mutant, Record, Rows};
use crate::{
    service::events::{self, EventId, Key, Response},
    shared::{commit_log::CommitLog, group_commit::GroupCommit},
};

/// The database.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Database {
    config: Config,
    /// The change at position `p` is the `p`th record.
    log: CommitLog,
    /// Calls that wait for the change at a position to become durable.
    waiting: Vec<(u64, CallId)>,
    commits: GroupCommit,
}

type Ctx<'a> = Context<'a, ChangeDataCapture>;

impl Database {
    pub(super) fn start(config: Config, disk: &[Record]) -> Database {
        let mut log = CommitLog::default();
        for record in disk {
            let Record::Committed { key, event } = record else {
                unreachable!("a database writes transactions only, not {record:?}");
            };
            log.push(*key, *event);
        }
        log.make_durable(log.length());
        Database {
            config,
            log,
            waiting: Vec::new(),
            commits: GroupCommit::default(),
        }
    }

    pub(super) fn publish(&mut self, call: CallId, key: Key, event: EventId, ctx: &mut Ctx<'_>) {
        match self.log.position_of(event) {
            Some(position) if position <= self.log.durable() => {
                ctx.reply(call, Reply::Ok(Response::Published));
            }
            Some(position) => self.waiting.push((position, call)),
            None => {
                let change = self.log.push(key, event);
                let index = ctx.append(Record::Committed { key, event });
                assert_eq!(index.0, change.position, "a transaction is a record");
                self.commits.written(ctx);
                ctx.reached("committing");
                self.waiting.push((change.position, call));
            }
        }
    }

    pub(super) fn synced(&mut self, upto: LogIndex, ctx: &mut Ctx<'_>) {
        self.commits.synced(ctx);
        self.log.make_durable(upto.0);
        self.waiting.retain(|(position, call)| {
            let waits = *position > upto.0;
            if !waits {
                ctx.reply(*call, Reply::Ok(Response::Published));
            }
            waits
        });
    }

    pub(super) fn on_message(&mut self, from: NodeId, message: &Message, ctx: &mut Ctx<'_>) {
        match *message {
            Message::Poll { after } => {
                let visible = if self.config.has(Mutant::CaptureReadsUncommitted) {
                    self.log.length()
                } else {
                    self.log.durable()
                };
                let upto = visible.min(after.saturating_add(self.config.batch));
                let changes = self.log.slice(after, upto).to_vec();
                if !changes.is_empty() {
                    ctx.send(from, Message::Changes { changes });
                }
            }
            Message::Select {
                view,
                round,
                at,
                behind,
            } => {
                let at = at.unwrap_or(self.log.durable());
                let (rows, is_last) = self.select(at, behind);
                let chunk = Message::Chunk {
                    view,
                    round,
                    at,
                    behind,
                    rows,
                    is_last,
                    end: 0,
                };
                ctx.send(from, chunk);
            }
            Message::Changes { .. } | Message::TooLate { .. } | Message::Chunk { .. } => {
                unreachable!("{message:?} is not meant for a database")
            }
        }
    }

    /// The next rows as they were at a position, and whether they are the last.
    fn select(&self, at: u64, behind: Option<Key>) -> (Rows, bool) {
        let view = self.log.view_at(at);
        let from = behind.map_or(0, |key| key + 1);
        let mut rows: Rows = view
            .range(from..)
            .map(|(key, row)| (*key, row.clone()))
            .collect();
        let is_last = rows.len() <= self.config.chunk;
        rows.truncate(self.config.chunk);
        (rows, is_last)
    }

    pub(super) fn view(&self) -> Seen<events::View> {
        Seen {
            of: 0,
            state: Some(self.log.view().clone()),
            settled: self.log.durable() == self.log.length(),
        }
    }

    /// All that was ever changed, durable or not.
    pub const fn log(&self) -> &CommitLog {
        &self.log
    }
}
