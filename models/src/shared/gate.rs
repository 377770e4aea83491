//! Save, sync, then tell: what a node says waits here until all that it had written before it said so
//! is durable. What was told is never forgotten then, whatever the crash.
//!
//! The disk is a log, so that one place in it is enough to tell what a message depends on. A crash
//! takes what waits: nobody has heard of it.

use std::collections::VecDeque;

use murphy_sim::{CallId, Context, LogIndex, NodeId, Process, Reply};

use crate::shared::group_commit::GroupCommit;

/// What one node has written and what it holds back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Gate<M, R> {
    commits: GroupCommit,
    written: LogIndex,
    durable: LogIndex,
    waiting: VecDeque<(LogIndex, Held<M, R>)>,
}

/// What is held back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Held<M, R> {
    Send { to: NodeId, message: M },
    Reply { call: CallId, response: R },
}

impl<M, R> Gate<M, R> {
    /// The gate of a node that starts: what its disk kept is durable.
    pub fn new<P: Process>(ctx: &Context<P>) -> Gate<M, R> {
        Gate {
            commits: GroupCommit::default(),
            written: ctx.log_end(),
            durable: ctx.log_end(),
            waiting: VecDeque::new(),
        }
    }

    /// Whether all that was written is durable.
    pub fn is_open(&self) -> bool {
        // A sync takes along what was written elsewhere and need not be forced.
        self.durable >= self.written
    }

    /// The last record that it has written, durable or not.
    pub const fn written(&self) -> LogIndex {
        self.written
    }

    /// Writes a record; what is told from now on waits for it.
    pub fn write<P: Process>(&mut self, record: P::Record, ctx: &mut Context<P>) -> LogIndex {
        self.written = ctx.append(record);
        self.commits.written(ctx);
        self.written
    }

    /// Sends a message, as soon as it may be sent.
    pub fn send<P>(&mut self, to: NodeId, message: M, ctx: &mut Context<P>)
    where
        P: Process<Message = M, Response = R>,
    {
        self.pass(Held::Send { to, message }, ctx);
    }

    /// Answers a call, as soon as it may be answered.
    pub fn reply<P>(&mut self, call: CallId, response: R, ctx: &mut Context<P>)
    where
        P: Process<Message = M, Response = R>,
    {
        self.pass(Held::Reply { call, response }, ctx);
    }

    /// Everything up to here is durable: tells what waited for it.
    pub fn synced<P>(&mut self, upto: LogIndex, ctx: &mut Context<P>)
    where
        P: Process<Message = M, Response = R>,
    {
        self.commits.synced(ctx);
        self.durable = self.durable.max(upto);
        while let Some((needs, _)) = self.waiting.front()
            && *needs <= self.durable
        {
            let (_, held) = self.waiting.pop_front().expect("one was seen just now");
            held.tell(ctx);
        }
    }

    fn pass<P>(&mut self, held: Held<M, R>, ctx: &mut Context<P>)
    where
        P: Process<Message = M, Response = R>,
    {
        if self.is_open() {
            held.tell(ctx);
        } else {
            self.waiting.push_back((self.written, held));
        }
    }
}

impl<M, R> Held<M, R> {
    fn tell<P>(self, ctx: &mut Context<P>)
    where
        P: Process<Message = M, Response = R>,
    {
        match self {
            Held::Send { to, message } => ctx.send(to, message),
            Held::Reply { call, response } => ctx.reply(call, Reply::Ok(response)),
        }
    }
}
