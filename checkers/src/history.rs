//! What clients saw: the one history type that every checker reads.
//!
//! A [`History`] is a list of operations in order of invocation; evidence refers to an operation by
//! its position in that list. It is built from events ([`Builder`]) or from whole operations
//! ([`History::from_operations`]), and either way what cannot have happened is an error, never a
//! panic. It knows nothing of what the calls mean.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A single-threaded client: one call at a time.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Process(pub u32);

/// A position in the order of a history's events, and the time at which it was seen.
///
/// Order is by `index` alone; `time`, in nanoseconds, is for telling and for durations.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Moment {
    /// Position in the order of events.
    pub index: u64,
    /// Nanoseconds since some beginning.
    pub time: u64,
}

impl Moment {
    /// The moment of an event: its position, and its time in nanoseconds.
    pub fn new(index: u64, time: u64) -> Self {
        Self { index, time }
    }
}

/// How a call ended, as far as its client knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Outcome<R> {
    /// It took effect, and answered.
    Ok {
        /// When the answer came.
        at: Moment,
        /// The answer.
        response: R,
    },
    /// It did not take effect, and never will.
    Fail {
        /// When the client learned so.
        at: Moment,
    },
    /// Unknown, or pending for ever: it may take effect at any later time, or never.
    Info,
}

/// One call of one process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Operation<C, R> {
    /// Who called.
    pub process: Process,
    /// What was asked.
    pub call: C,
    /// When it was asked.
    pub invoked: Moment,
    /// How it ended.
    pub outcome: Outcome<R>,
}

impl<C, R> Operation<C, R> {
    /// The answer, where one came.
    pub fn response(&self) -> Option<&R> {
        match &self.outcome {
            Outcome::Ok { response, .. } => Some(response),
            Outcome::Fail { .. } | Outcome::Info => None,
        }
    }

    /// When the call ended for its client: never, for an unknown one.
    pub fn completed(&self) -> Option<Moment> {
        match &self.outcome {
            Outcome::Ok { at, .. } | Outcome::Fail { at } => Some(*at),
            Outcome::Info => None,
        }
    }

    /// Did it take effect for certain?
    pub fn is_ok(&self) -> bool {
        matches!(self.outcome, Outcome::Ok { .. })
    }

    /// Did it certainly not take effect?
    pub fn is_fail(&self) -> bool {
        matches!(self.outcome, Outcome::Fail { .. })
    }

    /// Is it unknown whether it took effect?
    pub fn is_info(&self) -> bool {
        matches!(self.outcome, Outcome::Info)
    }
}

/// All calls of all processes, in order of invocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct History<C, R> {
    operations: Vec<Operation<C, R>>,
}

impl<C, R> Default for History<C, R> {
    fn default() -> Self {
        Self {
            operations: Vec::new(),
        }
    }
}

impl<C, R> History<C, R> {
    /// A builder that takes events one by one, in their order.
    pub fn builder() -> Builder<C, R> {
        Builder::new()
    }

    /// A history of whole operations, in any order; they are sorted by invocation.
    ///
    /// Processes may overlap with themselves here (some published histories do); an end before its
    /// beginning is an error, and so are two events with one index.
    pub fn from_operations(mut operations: Vec<Operation<C, R>>) -> Result<Self, HistoryError> {
        operations.sort_by_key(|operation| operation.invoked.index);
        let mut indices: Vec<u64> = Vec::with_capacity(operations.len() * 2);
        for (id, operation) in operations.iter().enumerate() {
            indices.push(operation.invoked.index);
            let Some(at) = operation.completed() else {
                continue;
            };
            if at.index <= operation.invoked.index {
                return Err(HistoryError::EndBeforeBeginning { operation: id });
            }
            indices.push(at.index);
        }
        indices.sort_unstable();
        match indices.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(HistoryError::SameIndex { index: pair[0] }),
            None => Ok(Self { operations }),
        }
    }

    /// The operations, in order of invocation; an operation's id is its position here.
    pub fn operations(&self) -> &[Operation<C, R>] {
        &self.operations
    }

    /// How many operations there are, failed and unknown ones included.
    pub fn len(&self) -> usize {
        self.operations.len()
    }

    /// Was nothing called at all?
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// The same operations with calls and responses put in other words.
    pub fn map<D, S>(
        &self,
        mut call: impl FnMut(&C) -> D,
        mut response: impl FnMut(&C, &R) -> S,
    ) -> History<D, S> {
        let convert = |operation: &Operation<C, R>| Operation {
            process: operation.process,
            call: call(&operation.call),
            invoked: operation.invoked,
            outcome: match &operation.outcome {
                Outcome::Ok { at, response: said } => Outcome::Ok {
                    at: *at,
                    response: response(&operation.call, said),
                },
                Outcome::Fail { at } => Outcome::Fail { at: *at },
                Outcome::Info => Outcome::Info,
            },
        };
        History {
            operations: self.operations.iter().map(convert).collect(),
        }
    }
}

/// Builds a history from events, in the order in which they were seen.
///
/// A process whose call ended unknown may call again; that call then stays open for ever. A call
/// still open when the history is finished is unknown.
#[derive(Clone, Debug)]
pub struct Builder<C, R> {
    operations: Vec<Operation<C, R>>,
    open: BTreeMap<Process, usize>,
    events: u64,
}

impl<C, R> Default for Builder<C, R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C, R> Builder<C, R> {
    /// A builder that has seen nothing.
    pub fn new() -> Self {
        Self {
            operations: Vec::new(),
            open: BTreeMap::new(),
            events: 0,
        }
    }

    /// A process calls, at a time in nanoseconds; gives the operation's id.
    pub fn invoke(&mut self, process: Process, time: u64, call: C) -> Result<usize, HistoryError> {
        if let Some(&operation) = self.open.get(&process) {
            return Err(HistoryError::TwoOpenCalls { process, operation });
        }
        let id = self.operations.len();
        let invoked = self.moment(time);
        self.operations.push(Operation {
            process,
            call,
            invoked,
            outcome: Outcome::Info,
        });
        self.open.insert(process, id);
        Ok(id)
    }

    /// The open call of a process took effect and answered.
    pub fn ok(&mut self, process: Process, time: u64, response: R) -> Result<usize, HistoryError> {
        let id = self.close(process)?;
        let at = self.moment(time);
        self.operations[id].outcome = Outcome::Ok { at, response };
        Ok(id)
    }

    /// The open call of a process did not take effect, and never will.
    pub fn fail(&mut self, process: Process, time: u64) -> Result<usize, HistoryError> {
        let id = self.close(process)?;
        let at = self.moment(time);
        self.operations[id].outcome = Outcome::Fail { at };
        Ok(id)
    }

    /// Nobody will ever know how the open call of a process ended.
    pub fn info(&mut self, process: Process, time: u64) -> Result<usize, HistoryError> {
        let id = self.close(process)?;
        self.moment(time);
        Ok(id)
    }

    /// The history; calls still open are unknown.
    pub fn finish(self) -> History<C, R> {
        History {
            operations: self.operations,
        }
    }

    fn close(&mut self, process: Process) -> Result<usize, HistoryError> {
        self.open
            .remove(&process)
            .ok_or(HistoryError::NoOpenCall { process })
    }

    fn moment(&mut self, time: u64) -> Moment {
        let index = self.events;
        self.events += 1;
        Moment { index, time }
    }
}

/// Events that no run can have produced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryError {
    /// A process called while its previous call was open.
    TwoOpenCalls {
        /// The process.
        process: Process,
        /// The operation that was still open.
        operation: usize,
    },
    /// A process ended a call that it had not begun.
    NoOpenCall {
        /// The process.
        process: Process,
    },
    /// An operation ended before it began.
    EndBeforeBeginning {
        /// The operation, by its position in order of invocation.
        operation: usize,
    },
    /// Two events claim one position.
    SameIndex {
        /// The position.
        index: u64,
    },
}

impl fmt::Display for HistoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TwoOpenCalls {
                process: Process(process),
                operation,
            } => write!(
                f,
                "process {process} calls while its operation {operation} is open; end that first \
                 (info where its end is unknown)"
            ),
            Self::NoOpenCall {
                process: Process(process),
            } => {
                write!(
                    f,
                    "process {process} ends a call that it has not begun; invoke it first"
                )
            }
            Self::EndBeforeBeginning { operation } => {
                write!(
                    f,
                    "operation {operation} ends before it begins; check its event indices"
                )
            }
            Self::SameIndex { index } => {
                write!(
                    f,
                    "two events have the index {index}; number the events one by one"
                )
            }
        }
    }
}

impl std::error::Error for HistoryError {}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Process = Process(0);
    const B: Process = Process(1);

    #[test]
    fn operations_stand_in_order_of_invocation() {
        let mut builder = Builder::new();
        assert_eq!(builder.invoke(A, 10, "first"), Ok(0));
        assert_eq!(builder.invoke(B, 11, "second"), Ok(1));
        assert_eq!(builder.ok(B, 12, 7), Ok(1));
        assert_eq!(builder.fail(A, 13), Ok(0));
        let history = builder.finish();
        assert_eq!(
            history.operations()[0].completed(),
            Some(Moment::new(3, 13))
        );
        assert_eq!(history.operations()[1].response(), Some(&7));
        assert_eq!(
            History::from_operations(history.operations().to_vec()),
            Ok(history)
        );
    }

    #[test]
    fn a_process_has_one_open_call() {
        let mut builder: Builder<(), ()> = Builder::new();
        builder.invoke(A, 0, ()).expect("nothing is open");
        let error = builder.invoke(A, 1, ()).expect_err("one is open");
        assert_eq!(
            error,
            HistoryError::TwoOpenCalls {
                process: A,
                operation: 0
            }
        );
        builder.info(A, 2).expect("one is open");
        assert_eq!(
            builder.invoke(A, 3, ()),
            Ok(1),
            "an unknown call does not hold its process"
        );
        assert!(builder.finish().operations()[0].is_info());
    }

    #[test]
    fn an_end_without_a_beginning_is_an_error() {
        let mut builder: Builder<(), ()> = Builder::new();
        assert_eq!(
            builder.ok(B, 0, ()),
            Err(HistoryError::NoOpenCall { process: B })
        );
        assert_eq!(
            builder.info(B, 0),
            Err(HistoryError::NoOpenCall { process: B })
        );
    }

    #[test]
    fn whole_operations_are_checked_too() {
        let operation = |begin, end| Operation {
            process: A,
            call: (),
            invoked: Moment::new(begin, 0),
            outcome: Outcome::Ok {
                at: Moment::new(end, 0),
                response: (),
            },
        };
        let backwards = History::from_operations(vec![operation(3, 2)]);
        assert_eq!(
            backwards,
            Err(HistoryError::EndBeforeBeginning { operation: 0 })
        );
        let twice = History::from_operations(vec![operation(0, 2), operation(2, 3)]);
        assert_eq!(twice, Err(HistoryError::SameIndex { index: 2 }));
    }
}
