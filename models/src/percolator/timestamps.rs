//! A worker's way to the oracle: one question at a time, for all transactions that wait for a timestamp.
//! Whoever comes while a question is out waits for the next, since that one's answer may be older than
//! it. Peng & Dabek (2010), section 2.3.

use murphy_sim::{CallId, Context};

use super::{
    ORACLE, Percolator,
    message::{Message, Timer, Timestamp},
    worker::Worker,
};
use crate::{service::txn::Request, shared::transactions::backoff};

/// What a timestamp is wanted for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Want {
    /// A transaction that a client asks for is to begin.
    Begin(CallId, Request),
    /// The transaction that began then has locked all that it writes.
    Commit(Timestamp),
}

/// Who waits for a timestamp.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Timestamps {
    /// The last question. Each life begins elsewhere, so that answers to an earlier one are known.
    question: u64,
    /// For whom it was asked.
    asked: Vec<Want>,
    /// For whom to ask next.
    waiting: Vec<Want>,
    attempts: u32,
}

impl Timestamps {
    pub(super) const fn new(life: u64) -> Timestamps {
        Timestamps {
            question: life,
            asked: Vec::new(),
            waiting: Vec::new(),
            attempts: 0,
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.asked.is_empty() && self.waiting.is_empty()
    }
}

impl Worker {
    pub(super) fn want(&mut self, want: Want, ctx: &mut Context<Percolator>) {
        self.timestamps.waiting.push(want);
        self.ask_next(ctx);
    }

    fn ask_next(&mut self, ctx: &mut Context<Percolator>) {
        let timestamps = &mut self.timestamps;
        if timestamps.asked.is_empty() && !timestamps.waiting.is_empty() {
            timestamps.asked = std::mem::take(&mut timestamps.waiting);
            timestamps.question = timestamps.question.wrapping_add(1);
            timestamps.attempts = 0;
            self.ask_oracle(ctx);
        }
    }

    fn ask_oracle(&self, ctx: &mut Context<Percolator>) {
        let timestamps = &self.timestamps;
        let wait = backoff(self.config.repeat, timestamps.attempts);
        ctx.set_timer(Timer::Timestamps, wait);
        let (question, count) = (timestamps.question, timestamps.asked.len() as u64);
        ctx.send(ORACLE, Message::AskTimestamps { question, count });
    }

    /// The oracle has not answered.
    pub(super) fn ask_oracle_again(&mut self, ctx: &mut Context<Percolator>) {
        self.timestamps.attempts += 1;
        self.ask_oracle(ctx);
    }

    pub(super) fn on_timestamps(
        &mut self,
        question: u64,
        first: Timestamp,
        ctx: &mut Context<Percolator>,
    ) {
        let timestamps = &mut self.timestamps;
        if question != timestamps.question || timestamps.asked.is_empty() {
            return;
        }
        ctx.cancel_timer(Timer::Timestamps);
        let asked = std::mem::take(&mut timestamps.asked);
        for (timestamp, want) in (first.0..).map(Timestamp).zip(asked) {
            match want {
                Want::Begin(call, request) => self.begin(timestamp, call, request, ctx),
                Want::Commit(start) => self.commit(start, timestamp, ctx),
            }
        }
        self.ask_next(ctx);
    }
}
