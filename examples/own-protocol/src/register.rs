//! A register on two nodes. Node 0 is the primary: it answers all calls, keeps a log on disk and
//! copies every write to node 1, which answers nothing and forwards nobody.
//!
//! Promise: linearizable, whatever crashes and whatever the network loses, as long as the primary's
//! disk is not lost. Kept by `Acknowledge::WhenSafe` only.

use std::collections::BTreeMap;

use murphy::prelude::*;
use serde::{Deserialize, Serialize};

/// When a write is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acknowledge {
    /// As soon as it is in the log: the bug.
    WhenWritten,
    /// When the log is synced and the backup has the write.
    WhenSafe,
}

/// What the nodes say to each other.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize, strum::IntoStaticStr)]
pub(crate) enum Message {
    /// The primary's write at this place of its log.
    Copy(LogIndex, u64),
    /// The backup has it.
    Copied(LogIndex),
}

/// What a node reminds itself of.
#[derive(Clone, Debug, PartialEq, Hash)]
pub(crate) enum Timer {
    /// The backup has been silent: copy again what it has not confirmed.
    CopyAgain,
}

/// How long the backup may be silent.
const PATIENCE: Span = Span::millis(50);

/// One node.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    acknowledge: Acknowledge,
    /// The last write, as far as this node has heard.
    value: Option<u64>,
    at: LogIndex,
    synced: LogIndex,
    /// What the backup has not confirmed yet.
    uncopied: BTreeMap<LogIndex, u64>,
    /// Calls that wait for their write to be safe; reads wait for what they would show.
    waiting: BTreeMap<LogIndex, Vec<(CallId, RegisterResponse<u64>)>>,
}

impl Process for Node {
    type Config = Acknowledge;
    type Message = Message;
    type Timer = Timer;
    type Record = u64;
    type Request = RegisterCall<(), u64>;
    type Response = RegisterResponse<u64>;
    type View = Option<u64>;

    fn start(acknowledge: &Acknowledge, disk: &[u64], ctx: &mut Context<Self>) -> Node {
        let log = (1..).map(LogIndex).zip(disk.iter().copied());
        let mut node = Node {
            acknowledge: *acknowledge,
            value: disk.last().copied(),
            at: ctx.log_end(),
            synced: ctx.log_end(),
            uncopied: BTreeMap::new(),
            waiting: BTreeMap::new(),
        };
        if node.is_primary(ctx) {
            // What the backup had confirmed before the crash is copied again: it does no harm.
            node.uncopied = log.collect();
            node.copy(ctx);
        }
        node
    }

    fn on_request(&mut self, call: CallId, request: Self::Request, ctx: &mut Context<Self>) {
        if !self.is_primary(ctx) {
            return ctx.reply(call, Reply::Redirect(Some(PRIMARY)));
        }
        let answer = match request {
            RegisterCall::Read(()) => RegisterResponse::Value(self.value),
            RegisterCall::Write((), value) => {
                self.value = Some(value);
                self.at = ctx.append(value);
                ctx.sync();
                self.uncopied.insert(self.at, value);
                self.copy(ctx);
                RegisterResponse::Written
            }
            RegisterCall::Cas { .. } => return ctx.reply(call, Reply::Fail),
        };
        match self.acknowledge {
            Acknowledge::WhenWritten => ctx.reply(call, Reply::Ok(answer)),
            Acknowledge::WhenSafe => {
                self.waiting
                    .entry(self.at)
                    .or_default()
                    .push((call, answer));
                self.answer(ctx);
            }
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Self>) {
        match message {
            Message::Copy(at, value) => {
                // Messages overtake each other: only a later write replaces an earlier one.
                if at >= self.at {
                    (self.at, self.value) = (at, Some(value));
                }
                ctx.send(from, Message::Copied(at));
            }
            Message::Copied(at) => {
                self.uncopied.remove(&at);
                self.answer(ctx);
            }
        }
    }

    fn on_timer(&mut self, Timer::CopyAgain: Timer, ctx: &mut Context<Self>) {
        self.copy(ctx);
    }

    fn on_synced(&mut self, upto: LogIndex, ctx: &mut Context<Self>) {
        self.synced = upto;
        self.answer(ctx);
    }

    fn role(&self) -> Role {
        Role("register")
    }

    fn view(&self) -> View<Option<u64>> {
        View::replica(self.value)
    }
}

const PRIMARY: NodeId = NodeId(0);
const BACKUP: NodeId = NodeId(1);

impl Node {
    fn is_primary(&self, ctx: &Context<Self>) -> bool {
        ctx.node() == PRIMARY
    }

    /// Tells the backup all that it has not confirmed, until it has.
    fn copy(&self, ctx: &mut Context<Self>) {
        for (at, value) in &self.uncopied {
            ctx.send(BACKUP, Message::Copy(*at, *value));
        }
        if !self.uncopied.is_empty() {
            ctx.set_timer(Timer::CopyAgain, PATIENCE);
        }
    }

    /// Answers every call whose write, or whose last write seen, is safe now.
    fn answer(&mut self, ctx: &mut Context<Self>) {
        let first_uncopied = self
            .uncopied
            .keys()
            .next()
            .map_or(LogIndex(u64::MAX), |at| *at);
        while let Some(calls) = self.waiting.first_entry() {
            if *calls.key() > self.synced || *calls.key() >= first_uncopied {
                break;
            }
            for (call, answer) in calls.remove() {
                ctx.reply(call, Reply::Ok(answer));
            }
        }
    }
}
