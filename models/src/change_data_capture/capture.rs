//! The capture: copies the commit log into a stream of its own, which holds the latest changes, and
//! passes on the questions of views that need a snapshot.

use std::collections::VecDeque;

use murphy_sim::{Context, LogIndex, NodeId};

use super::{ChangeDataCapture, Config, DATABASE, Message, Record, Timer};
use crate::shared::{commit_log::Change, group_commit::GroupCommit};

/// The capture.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Capture {
    config: Config,
    /// The latest changes, in order and without a hole.
    stream: VecDeque<Change>,
    /// The position of the last that it has, durable or not.
    position: u64,
    /// The position of the last that will survive a crash.
    durable: u64,
    /// Where each batch that is not durable ends: its last record and position.
    unsynced: VecDeque<(LogIndex, u64)>,
    commits: GroupCommit,
}

type Ctx<'a> = Context<'a, ChangeDataCapture>;

impl Capture {
    pub(super) fn start(config: Config, disk: &[Record], ctx: &mut Ctx<'_>) -> Capture {
        let stream = disk.iter().map(|record| match record {
            Record::Change(change) => *change,
            _ => unreachable!("a capture writes changes only, not {record:?}"),
        });
        let stream: VecDeque<Change> = stream.collect();
        let position = stream.back().map_or(0, |change| change.position);
        if position > 0 {
            ctx.reached("capture-resumed");
        }
        let mut capture = Capture {
            config,
            stream,
            position,
            durable: position,
            unsynced: VecDeque::new(),
            commits: GroupCommit::default(),
        };
        capture.forget(ctx);
        capture.poll(ctx);
        capture
    }

    /// Asks for what comes after the last that it has: its position is what it has written.
    pub(super) fn poll(&self, ctx: &mut Ctx<'_>) {
        let after = self.position;
        ctx.send(DATABASE, Message::Poll { after });
        ctx.set_timer(Timer::Poll, self.config.poll);
    }

    pub(super) fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Ctx<'_>) {
        match message {
            Message::Changes { changes } => self.take(&changes, ctx),
            Message::Poll { after } => self.answer(from, after, ctx),
            Message::Select { .. } => ctx.send(DATABASE, message),
            Message::Chunk {
                view,
                round,
                at,
                behind,
                rows,
                is_last,
                ..
            } => {
                let end = self.durable;
                let chunk = Message::Chunk {
                    view,
                    round,
                    at,
                    behind,
                    rows,
                    is_last,
                    end,
                };
                ctx.send(view, chunk);
            }
            Message::TooLate { .. } => unreachable!("{message:?} is not meant for a capture"),
        }
    }

    fn take(&mut self, changes: &[Change], ctx: &mut Ctx<'_>) {
        let before = self.position;
        for change in changes {
            if change.position == self.position + 1 {
                ctx.append(Record::Change(*change));
                self.stream.push_back(*change);
                self.position = change.position;
            }
        }
        if self.position > before {
            self.unsynced.push_back((ctx.log_end(), self.position));
            self.commits.written(ctx);
            ctx.reached("captured");
        }
    }

    pub(super) fn synced(&mut self, upto: LogIndex, ctx: &mut Ctx<'_>) {
        self.commits.synced(ctx);
        while let Some((_, position)) = self.unsynced.front().filter(|(index, _)| *index <= upto) {
            self.durable = *position;
            self.unsynced.pop_front();
        }
        self.forget(ctx);
    }

    /// Keeps as many changes as it should, and no durable one beyond.
    fn forget(&mut self, ctx: &mut Ctx<'_>) {
        let more = (self.stream.len() as u64).saturating_sub(self.config.retention);
        let first = self.stream.front().map_or(0, |change| change.position);
        let durable = (self.durable + 1).saturating_sub(first);
        let forgotten = more.min(durable);
        if forgotten > 0 {
            self.stream.drain(..forgotten as usize);
            let kept = self.stream.len() as u64;
            ctx.truncate(LogIndex(ctx.log_end().0 - kept + 1));
        }
    }

    /// Gives a view what comes next for it, of what is durable.
    fn answer(&self, view: NodeId, after: u64, ctx: &mut Ctx<'_>) {
        let first = self
            .stream
            .front()
            .map_or(self.position, |change| change.position - 1);
        if after < first {
            return ctx.send(view, Message::TooLate { after });
        }
        let from = (after - first) as usize;
        let changes = self
            .stream
            .iter()
            .skip(from)
            .take(self.config.batch as usize);
        let durable = changes.take_while(|change| change.position <= self.durable);
        let changes: Vec<Change> = durable.copied().collect();
        if !changes.is_empty() {
            ctx.send(view, Message::Changes { changes });
        }
    }

    pub(super) const fn is_settled(&self) -> bool {
        self.durable == self.position
    }

    /// The changes that it holds durably.
    pub fn durable_stream(&self) -> impl Iterator<Item = &Change> {
        self.stream
            .iter()
            .take_while(|change| change.position <= self.durable)
    }
}
