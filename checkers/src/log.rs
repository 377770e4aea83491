//! Partitioned logs, in the manner of Jepsen's Kafka workload: what was sent, what was polled, and
//! whether it comes from one order of messages in each partition.
//!
//! Plain data in, a verdict out. A [`LogOperation`] is what one client did at once: a transaction of
//! sends and polls, or a new assignment. Operations are given in the order in which each process
//! did them; nothing is asked about time. A message is a number that is its own in its partition.
//! Offsets may have holes (transactions leave some); only their order counts.
//!
//! Jepsen, `jepsen.tests.kafka`: the names are its, and so is the idea that each mode of a log
//! allows some of them ([`LogPromise`]). That consumers of one group share the work once is for
//! [`crate::delivery`], with the group as the receiver.

mod index;
mod order;
mod sends;

#[cfg(test)]
mod tests;

use crate::anomaly::AnomalyName::{self, *};
use crate::verdict::{Anomaly, Verdict};
use index::Index;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A partition, or a key that stands for one.
pub type Partition = u64;
/// A place in a partition.
pub type Offset = u64;
/// A message: no two of a partition are the same, but for a message that is sent again.
pub type Message = u64;

/// How an operation ended, as far as its client knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LogEnd {
    /// It took effect: sends are acknowledged, polled messages are consumed.
    Ok,
    /// It did not, and never will: its messages must not be polled, its polls do not count.
    Failed,
    /// Nobody knows.
    Unknown,
}

/// One step of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LogStep {
    /// Appends a message to a partition.
    Send {
        /// Where to.
        partition: Partition,
        /// What.
        message: Message,
        /// The offset that the log answered, if it did.
        offset: Option<Offset>,
    },
    /// Takes the next messages of the partitions that the process has.
    Poll(Vec<Polled>),
    /// These partitions were taken from the process, or given to it, in the middle of its operation:
    /// its next poll of them may begin anywhere.
    Rebalance(Vec<Partition>),
}

/// A message that a poll gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Polled {
    /// Where from.
    pub partition: Partition,
    /// Its place.
    pub offset: Offset,
    /// What.
    pub message: Message,
}

/// What a client did at once.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LogAct {
    /// Sends and polls, all or none of which count; a single send or poll is one, too.
    Steps(Vec<LogStep>),
    /// The process has these partitions from now on. Of those that it had it keeps its place, of
    /// others its next poll may begin anywhere.
    Assign(Vec<Partition>),
    /// The consumer begins anew (it crashed, sought, or was rebalanced): its next poll of every
    /// partition may begin anywhere.
    Reset,
}

/// One operation of one process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LogOperation {
    /// Who: a producer and consumer that does one thing after the other.
    pub process: u32,
    /// What.
    pub act: LogAct,
    /// How it ended.
    pub end: LogEnd,
    /// Its number in the caller's history, if any: what evidence refers to.
    pub operation: Option<usize>,
}

impl LogOperation {
    /// A transaction of sends and polls.
    pub fn steps(process: u32, end: LogEnd, steps: Vec<LogStep>) -> Self {
        Self {
            process,
            act: LogAct::Steps(steps),
            end,
            operation: None,
        }
    }

    /// A send that was acknowledged, with its offset.
    pub fn sent(process: u32, partition: Partition, message: Message, offset: Offset) -> Self {
        let offset = Some(offset);
        let step = LogStep::Send {
            partition,
            message,
            offset,
        };
        Self::steps(process, LogEnd::Ok, vec![step])
    }

    /// A send without an answer, or one that failed.
    pub fn send(process: u32, partition: Partition, message: Message, end: LogEnd) -> Self {
        let offset = None;
        let step = LogStep::Send {
            partition,
            message,
            offset,
        };
        Self::steps(process, end, vec![step])
    }

    /// A poll of one partition, with the offsets and messages that it gave.
    pub fn polled(process: u32, partition: Partition, got: &[(Offset, Message)]) -> Self {
        let polled = |&(offset, message): &(Offset, Message)| Polled {
            partition,
            offset,
            message,
        };
        let step = LogStep::Poll(got.iter().map(polled).collect());
        Self::steps(process, LogEnd::Ok, vec![step])
    }

    /// A new assignment.
    pub fn assign(process: u32, partitions: Vec<Partition>) -> Self {
        Self {
            process,
            act: LogAct::Assign(partitions),
            end: LogEnd::Ok,
            operation: None,
        }
    }

    /// A consumer that begins anew.
    pub fn reset(process: u32) -> Self {
        Self {
            process,
            act: LogAct::Reset,
            end: LogEnd::Ok,
            operation: None,
        }
    }

    /// With its number in the caller's history.
    pub fn numbered(mut self, operation: usize) -> Self {
        self.operation = Some(operation);
        self
    }
}

/// What a mode of a log promises: everything but what it allows.
///
/// Messages that nobody sent and offsets that hold two messages are in no mode allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPromise {
    /// Anomalies that this mode allows.
    pub allowed: BTreeSet<AnomalyName>,
}

/// Every anomaly that this checker can find.
pub const LOG_ANOMALIES: &[AnomalyName] = &[
    PhantomMessage,
    InconsistentOffsets,
    AbortedRead,
    PrecommittedRead,
    LostWrite,
    UnseenMessage,
    DuplicateMessage,
    IntPollSkip,
    IntNonMonotonicPoll,
    ExtPollSkip,
    ExtNonMonotonicPoll,
    IntSendSkip,
    IntNonMonotonicSend,
    ExtNonMonotonicSend,
];

impl LogPromise {
    /// Nothing is allowed: one idempotent producer at a time, consumers with fixed partitions, all
    /// of it polled by the end.
    pub fn strict() -> Self {
        Self::default()
    }

    /// Transactions of several producers interleave, so that one's messages are not side by side.
    pub fn transactional() -> Self {
        Self::strict().allowing([IntSendSkip])
    }

    /// As [`LogPromise::transactional`], with consumers that subscribe: between two operations they
    /// may be rebalanced without their knowing.
    pub fn subscribed() -> Self {
        Self::transactional().allowing([ExtPollSkip, ExtNonMonotonicPoll])
    }

    /// Producers send again what was not acknowledged, so that a message may be there twice and out
    /// of order; consumers take up again where they last committed.
    pub fn at_least_once() -> Self {
        let sends = [IntNonMonotonicSend, ExtNonMonotonicSend];
        Self::subscribed()
            .allowing(sends)
            .allowing([DuplicateMessage, IntNonMonotonicPoll])
    }

    /// Acknowledged messages may be lost and consumers may pass over some, but nothing comes twice.
    pub fn at_most_once() -> Self {
        Self::transactional().allowing([LostWrite, UnseenMessage, ExtPollSkip, IntPollSkip])
    }

    /// Allows these, too.
    pub fn allowing(mut self, names: impl IntoIterator<Item = AnomalyName>) -> Self {
        self.allowed.extend(names);
        self
    }

    /// Allows what has not been polled by the end: for a history that stops in the middle.
    pub fn unfinished(self) -> Self {
        self.allowing([UnseenMessage])
    }

    /// Allows polls of what was never committed.
    pub fn read_uncommitted(self) -> Self {
        self.allowing([AbortedRead, PrecommittedRead])
    }

    /// Does this mode forbid an anomaly?
    pub fn forbids(&self, name: AnomalyName) -> bool {
        let is_never_allowed = matches!(name, PhantomMessage | InconsistentOffsets);
        is_never_allowed || !self.allowed.contains(&name)
    }
}

/// Findings of one name that are told before the rest is left out.
const TOLD_MAX: usize = 8;

/// Does what was sent and polled keep the promise?
///
/// - A message that was polled was sent (`phantom-message`) by an operation that did not fail
///   (`aborted-read`) and that was not the polling one itself (`precommitted-read`).
/// - An offset holds one message (`inconsistent-offsets`), and a message has no more offsets than
///   the times it was sent (`duplicate-message`).
/// - A committed message at or below the highest polled offset was polled by somebody
///   (`lost-write`); any other committed message, too (`unseen`). An unknown operation is
///   committed if one of its messages was polled, unless aborted reads are allowed. A poll that
///   failed counts for neither.
/// - The messages that one operation polls of a partition follow each other without going back
///   (`int-nonmonotonic-poll`) and without passing over a committed one (`int-poll-skip`); so do
///   the last of one operation and the first of its process's next (`nonmonotonic-poll`,
///   `poll-skip`). A failed operation leaves its process's place where it was; after an unknown
///   one the place is not known.
/// - The messages that one operation sends to a partition go up (`int-nonmonotonic-send`) and have
///   no other's between them (`int-send-skip`); a process's later send is above its earlier one
///   that was acknowledged (`nonmonotonic-send`).
pub fn check(operations: &[LogOperation], promise: &LogPromise) -> Verdict {
    let index = Index::new(operations, promise.forbids(AbortedRead));
    let mut found = index.contents();
    found.extend(order::polls(&index));
    found.extend(sends::sends(&index));
    found.retain(|anomaly| promise.forbids(anomaly.name));
    Verdict::from_anomalies(shortened(&found))
}

/// The first findings of each name.
fn shortened(found: &[Anomaly]) -> Vec<Anomaly> {
    let mut kept: Vec<Anomaly> = Vec::new();
    for name in LOG_ANOMALIES {
        let of_name = found.iter().filter(|anomaly| anomaly.name == *name);
        kept.extend(of_name.take(TOLD_MAX).cloned());
    }
    kept
}
