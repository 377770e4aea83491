//! Jepsen's Kafka workload: `[:send k v]`, answered `[:send k [offset v]]`, and `[:poll]`, answered
//! `[:poll {k [[offset v] ...]}]`.

use super::FormatError;
use super::atom::Names;
use super::convert::wrong;
use super::event::{Event, EventKind};
use super::reader::Form;
use crate::log::{LogAct, LogEnd, LogOperation, LogPromise, LogStep, Offset, Polled};
use std::collections::BTreeMap;

/// Operations in the order of their ends; those that never end come last.
#[derive(Default)]
pub(super) struct LogEvents {
    pub(super) names: Names,
    operations: Vec<LogOperation>,
    open: BTreeMap<u32, LogOperation>,
    begun: usize,
    has_subscribed: bool,
}

impl LogEvents {
    pub(super) fn take(&mut self, event: &Event) -> Result<(), FormatError> {
        let Some(act) = self.act(event)? else {
            return Ok(());
        };
        let end = match event.kind {
            EventKind::Ok => LogEnd::Ok,
            EventKind::Fail => LogEnd::Failed,
            EventKind::Invoke | EventKind::Info => LogEnd::Unknown,
        };
        let process = event.process;
        if event.kind == EventKind::Invoke {
            let operation = LogOperation {
                process,
                act,
                end,
                operation: Some(self.begun),
            };
            self.begun += 1;
            if let Some(lost) = self.open.insert(process, operation) {
                self.operations.push(lost);
            }
            return Ok(());
        }
        let begun = self.open.remove(&process);
        let number = begun.as_ref().and_then(|begun| begun.operation);
        let number = number.unwrap_or_else(|| {
            self.begun += 1;
            self.begun - 1
        });
        // An end without a value says nothing beyond what was asked.
        let act = match (act, begun) {
            (LogAct::Steps(steps), Some(begun)) if steps.is_empty() => begun.act,
            (act, _) => act,
        };
        self.operations.push(LogOperation {
            process,
            act,
            end,
            operation: Some(number),
        });
        Ok(())
    }

    /// The operations, and what the workload itself promises of them.
    pub(super) fn finish(mut self) -> (Vec<LogOperation>, LogPromise, Names) {
        self.operations.extend(self.open.into_values());
        let promise = if self.has_subscribed {
            LogPromise::subscribed()
        } else {
            LogPromise::transactional()
        };
        (self.operations, promise, self.names)
    }

    fn act(&mut self, event: &Event) -> Result<Option<LogAct>, FormatError> {
        match event.f.as_str() {
            "send" | "poll" | "txn" => {
                let mut steps = Vec::new();
                if !event.rebalanced.is_empty() {
                    let keys = event.rebalanced.iter().map(|key| self.names.key(key));
                    steps.push(LogStep::Rebalance(keys.collect()));
                }
                for step in Self::items(event)? {
                    steps.push(self.step(event, step)?);
                    // When in the operation it came is not told: it may be between any two steps.
                    if let Some(LogStep::Rebalance(keys)) = steps.first() {
                        let again = LogStep::Rebalance(keys.clone());
                        steps.push(again);
                    }
                }
                Ok(Some(LogAct::Steps(steps)))
            }
            "assign" | "subscribe" => {
                self.has_subscribed |= event.f == "subscribe";
                if event.seeks {
                    return Ok(Some(LogAct::Reset));
                }
                let keys = Self::items(event)?.iter().map(|key| self.names.key(key));
                Ok(Some(LogAct::Assign(keys.collect())))
            }
            "crash" => Ok(Some(LogAct::Reset)),
            "debug-topic-partitions" => Ok(None),
            _ => Err(wrong(
                event,
                "a log knows send, poll, txn, assign, subscribe and crash",
            )),
        }
    }

    fn items(event: &Event) -> Result<&[Form], FormatError> {
        match &event.value {
            Form::Nil => Ok(&[]),
            value => value
                .items()
                .ok_or_else(|| wrong(event, "the value is a list of steps or of keys")),
        }
    }

    fn step(&mut self, event: &Event, step: &Form) -> Result<LogStep, FormatError> {
        let shape = "a step is [:send k v], [:send k [offset v]], [:poll] or \
                     [:poll {k [[offset v] ...]}]";
        match step.items() {
            Some([verb, key, value]) if verb.name() == Some("send") => {
                let partition = self.names.key(key);
                let (offset, message) = match value.items() {
                    Some([offset, message]) => (self.offset(event, offset)?, message),
                    Some(_) => return Err(wrong(event, shape)),
                    None => (None, value),
                };
                let message = self.names.key(message);
                Ok(LogStep::Send {
                    partition,
                    message,
                    offset,
                })
            }
            Some([verb, rest @ ..]) if verb.name() == Some("poll") => match rest {
                [] | [Form::Nil] => Ok(LogStep::Poll(Vec::new())),
                [Form::Map(entries)] => {
                    let mut polled = Vec::new();
                    for (key, got) in entries {
                        let partition = self.polled_key(key);
                        for pair in got.items().ok_or_else(|| wrong(event, shape))? {
                            let Some([offset, message]) = pair.items() else {
                                return Err(wrong(event, shape));
                            };
                            let offset = self.offset(event, offset)?;
                            polled.push(Polled {
                                partition,
                                offset: offset.ok_or_else(|| wrong(event, shape))?,
                                message: self.names.key(message),
                            });
                        }
                    }
                    Ok(LogStep::Poll(polled))
                }
                _ => Err(wrong(event, shape)),
            },
            _ => Err(wrong(event, shape)),
        }
    }

    /// A key of a map: JSON has strings there, even for numbers.
    fn polled_key(&mut self, key: &Form) -> u64 {
        let number = key.name().and_then(|name| name.parse().ok());
        match number {
            Some(number) => self.names.key(&Form::Integer(number)),
            None => self.names.key(key),
        }
    }

    fn offset(&self, event: &Event, form: &Form) -> Result<Option<Offset>, FormatError> {
        let words = "an offset is a whole number from 0, or nil";
        match form {
            Form::Nil => Ok(None),
            Form::Integer(offset) => Offset::try_from(*offset)
                .map(Some)
                .map_err(|_| wrong(event, words)),
            _ => Err(wrong(event, words)),
        }
    }
}
