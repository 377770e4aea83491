//! Partitioned logs, judged: what was sent against what was polled, and what the group committed
//! against what its members were given.

use std::collections::BTreeSet;

use murphy_checkers::{
    Verdict,
    consumer_groups::{self, GroupAct, GroupOperation},
    log::{self, LogAct, LogEnd, LogOperation, LogPromise, LogStep},
};
use murphy_models::service::{
    Service,
    log::{Key, Offset, Partition, Polled, Request, Response, Session, View},
};
use murphy_sim::Happened;

use super::{Call, Seen, Served, Workload, calls};
use crate::{
    language::{HistoryCheck, WorkloadKind},
    workload,
};

impl Served for Request {
    type Answer = Response;
    type Held = View;
    const SERVICE: Service = Service::Log;

    const WORKLOADS: &'static [Workload<Request>] = &[Workload {
        kind: WorkloadKind::Log,
        draw: workload::log,
        checks: &[HistoryCheck::Log, HistoryCheck::ConsumerGroup],
    }];

    fn judge(check: HistoryCheck, seen: &Seen<Request>) -> Verdict {
        match check {
            HistoryCheck::Log => log::check(&log_operations(seen), &LogPromise::strict()),
            HistoryCheck::ConsumerGroup => consumer_group(seen),
            _ => unreachable!("checks of another service are refused when a scenario is read"),
        }
    }

    fn tell(&self) -> String {
        match self {
            Request::Send { key, value } => format!("send {key} += {value}"),
            Request::Poll { session } => format!("poll {}", generation(session.as_ref())),
            Request::Commit { session } => format!("commit {}", generation(session.as_ref())),
            Request::Read { key } => format!("read {key}"),
        }
    }

    fn tell_answer(answer: &Response) -> String {
        match answer {
            Response::Sent {
                partition,
                offset: Some(offset),
            } => format!("ok p{partition}@{offset}"),
            Response::Sent {
                partition,
                offset: None,
            } => format!("ok p{partition}"),
            Response::Polled { messages, .. } => {
                let told = |m: &Polled| format!("p{}@{}={}", m.partition, m.offset, m.value);
                let told: Vec<String> = messages.iter().map(told).collect();
                format!("ok [{}]", told.join(" "))
            }
            Response::Committed { session } => format!("ok {:?}", session.positions),
            Response::Read { partition, values } => format!("ok p{partition} {values:?}"),
        }
    }
}

fn generation(session: Option<&Session>) -> String {
    session.map_or("anew".to_owned(), |session| {
        format!("g{}", session.generation)
    })
}

/// The history in the checker's words. A consumer begins anew whenever it is told of another
/// generation, and after every call whose end it does not know; a reader of a whole partition is
/// one of its own.
fn log_operations(seen: &Seen<Request>) -> Vec<LogOperation> {
    let partitions = partitions(seen);
    let mut operations = Vec::new();
    let calls = calls(seen.history);
    let readers = seen.demand.clients;
    for (place, call) in calls.iter().enumerate() {
        let (end, response) = ended(call);
        let process = call.client;
        let step = match (call.request, response) {
            (Request::Send { key, value }, response) => {
                let Some(partition) = partitions.of(*key) else {
                    continue; // Nobody was ever told anything of this partition.
                };
                let offset = match response {
                    Some(Response::Sent { offset, .. }) => *offset,
                    _ => None,
                };
                LogStep::Send {
                    partition: u64::from(partition),
                    message: *value,
                    offset,
                }
            }
            (
                Request::Poll { session },
                Some(Response::Polled {
                    messages,
                    session: now,
                }),
            ) => {
                let before = session.as_ref().map(|session| session.generation);
                if before != Some(now.generation) {
                    operations.push(LogOperation::reset(process));
                }
                LogStep::Poll(messages.iter().map(polled).collect())
            }
            (Request::Read { .. }, Some(Response::Read { partition, values })) => {
                let got: Vec<(u64, u64)> = (0..).zip(values.iter().copied()).collect();
                let reader = readers + place as u32;
                let read = LogOperation::polled(reader, u64::from(*partition), &got);
                operations.push(read.numbered(place));
                continue;
            }
            _ => {
                if end == LogEnd::Unknown {
                    operations.push(LogOperation::reset(process));
                }
                continue;
            }
        };
        let operation = LogOperation {
            process,
            act: LogAct::Steps(vec![step]),
            end,
            operation: Some(place),
        };
        operations.push(operation);
    }
    operations
}

/// Where keys go, as far as clients were told.
struct Partitions(std::collections::BTreeMap<Key, Partition>);

impl Partitions {
    fn of(&self, key: Key) -> Option<Partition> {
        self.0.get(&key).copied()
    }
}

fn partitions(seen: &Seen<Request>) -> Partitions {
    let told = calls(seen.history).into_iter().filter_map(|call| {
        let (Request::Send { key, .. } | Request::Read { key }) = call.request else {
            return None;
        };
        match ended(&call).1? {
            Response::Sent { partition, .. } | Response::Read { partition, .. } => {
                Some((*key, *partition))
            }
            Response::Polled { .. } | Response::Committed { .. } => None,
        }
    });
    Partitions(told.collect())
}

fn ended<'a>(call: &Call<'a, Request>) -> (LogEnd, Option<&'a Response>) {
    match call.ended {
        Some((_, Happened::Ok(response))) => (LogEnd::Ok, Some(response)),
        Some((_, Happened::Fail)) => (LogEnd::Failed, None),
        _ => (LogEnd::Unknown, None),
    }
}

const fn polled(message: &Polled) -> log::Polled {
    log::Polled {
        partition: message.partition as u64,
        offset: message.offset,
        message: message.value,
    }
}

fn consumer_group(seen: &Seen<Request>) -> Verdict {
    let mut operations = Vec::new();
    let mut messages = BTreeSet::new();
    for (place, call) in calls(seen.history).iter().enumerate() {
        let Some((at, Happened::Ok(response))) = call.ended else {
            continue;
        };
        let act = match response {
            Response::Sent { partition, offset } => {
                messages.extend(offset.map(|offset| (u64::from(*partition), offset)));
                continue;
            }
            Response::Read { .. } => continue,
            Response::Polled { messages, .. } => {
                let place = |m: &Polled| (u64::from(m.partition), m.offset);
                GroupAct::Given(messages.iter().map(place).collect())
            }
            Response::Committed { session } => {
                let position =
                    |(partition, offset): (&Partition, &Offset)| (u64::from(*partition), *offset);
                GroupAct::Committed(session.positions.iter().map(position).collect())
            }
        };
        operations.push(GroupOperation {
            begun: call.invoked.0,
            ended: at.0,
            act,
            operation: Some(place),
        });
    }
    consumer_groups::check(&operations, &messages)
}
