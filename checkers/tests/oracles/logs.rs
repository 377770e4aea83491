//! Partitioned logs: the checker against each anomaly's definition, one plain question at a time.

use crate::common::Stream;
use murphy_checkers::AnomalyName::{self, *};
use murphy_checkers::log::{
    LOG_ANOMALIES, LogAct, LogEnd, LogOperation, LogPromise, LogStep, Polled, check,
};
use std::collections::BTreeSet;
use std::ops::Range;

/// Messages of one partition, offset by offset; a hole holds none.
type TrueLog = Vec<Option<u64>>;

/// A small log that is used rightly: producers append, consumers follow.
fn honest(stream: &mut Stream) -> Vec<LogOperation> {
    let mut logs: [TrueLog; 2] = [Vec::new(), Vec::new()];
    let mut places = [[0_usize; 2]; 3];
    let mut operations = Vec::new();
    for number in 0..4 + stream.below(9) {
        let process = stream.below(3) as u32;
        if stream.chance(8) {
            places[process as usize] = [0; 2];
            operations.push(LogOperation::reset(process));
            continue;
        }
        let end = match stream.below(10) {
            0 => LogEnd::Failed,
            1 => LogEnd::Unknown,
            _ => LogEnd::Ok,
        };
        let before = places[process as usize];
        let mut steps = Vec::new();
        for step in 0..1 + stream.below(2) {
            let partition = stream.below(2);
            let log = &mut logs[partition as usize];
            if stream.chance(50) {
                let message = number * 4 + step;
                if stream.chance(10) {
                    log.push(None);
                }
                let is_there = end == LogEnd::Ok || (end == LogEnd::Unknown && stream.chance(50));
                log.push(is_there.then_some(message));
                let offset = stream.chance(80).then_some(log.len() as u64 - 1);
                steps.push(LogStep::Send {
                    partition,
                    message,
                    offset,
                });
            } else {
                let place = &mut places[process as usize][partition as usize];
                let mut polled = Vec::new();
                while *place < log.len() && polled.len() < 2 {
                    let message = log[*place];
                    let offset = *place as u64;
                    *place += 1;
                    polled.extend(message.map(|message| Polled {
                        partition,
                        offset,
                        message,
                    }));
                }
                steps.push(LogStep::Poll(polled));
            }
        }
        if end == LogEnd::Failed {
            places[process as usize] = before;
        }
        operations.push(LogOperation::steps(process, end, steps));
    }
    operations
}

/// One thing is changed at random.
fn damage(stream: &mut Stream, operations: &mut Vec<LogOperation>) {
    let at = stream.below(operations.len() as u64) as usize;
    match stream.below(5) {
        0 => {
            operations.remove(at);
        }
        1 => operations[at].end = *stream.pick(&[LogEnd::Ok, LogEnd::Failed, LogEnd::Unknown]),
        2 => operations.swap(at, 0),
        3 => operations[at].process = stream.below(3) as u32,
        _ => {
            let LogAct::Steps(steps) = &mut operations[at].act else {
                return;
            };
            let step = stream.below(steps.len() as u64) as usize;
            match &mut steps[step] {
                LogStep::Send { offset, .. } => *offset = Some(stream.below(5)),
                LogStep::Poll(polled) if !polled.is_empty() => {
                    let got = stream.below(polled.len() as u64) as usize;
                    match stream.below(4) {
                        0 => polled[got].offset = stream.below(5),
                        1 => polled[got].message = stream.below(12),
                        2 => {
                            polled.remove(got);
                        }
                        _ => polled.reverse(),
                    }
                }
                LogStep::Poll(_) | LogStep::Rebalance(_) => {}
            }
        }
    }
}

/// Everything that was sent and polled, as flat facts.
struct Facts<'a> {
    operations: &'a [LogOperation],
    /// Operation, partition, message, told offset.
    sends: Vec<(usize, u64, u64, Option<u64>)>,
    /// Operation, what it got.
    polls: Vec<(usize, Polled)>,
}

impl<'a> Facts<'a> {
    fn new(operations: &'a [LogOperation]) -> Self {
        let (mut sends, mut polls) = (Vec::new(), Vec::new());
        for (id, operation) in operations.iter().enumerate() {
            let LogAct::Steps(steps) = &operation.act else {
                continue;
            };
            for step in steps {
                match step {
                    LogStep::Send {
                        partition,
                        message,
                        offset,
                    } => sends.push((id, *partition, *message, *offset)),
                    LogStep::Poll(polled) => polls.extend(polled.iter().map(|got| (id, *got))),
                    LogStep::Rebalance(_) => {}
                }
            }
        }
        Self {
            operations,
            sends,
            polls,
        }
    }

    fn end(&self, id: usize) -> LogEnd {
        self.operations[id].end
    }

    /// The operations that sent a message.
    fn senders(&self, partition: u64, message: u64) -> Vec<usize> {
        let is_it =
            |send: &&(usize, u64, u64, Option<u64>)| (send.1, send.2) == (partition, message);
        self.sends.iter().filter(is_it).map(|send| send.0).collect()
    }

    fn is_polled(&self, partition: u64, message: u64) -> bool {
        self.polls
            .iter()
            .any(|(_, got)| (got.partition, got.message) == (partition, message))
    }

    /// Did an operation certainly take effect?
    fn is_committed(&self, id: usize) -> bool {
        self.end(id) == LogEnd::Ok
            || self.end(id) == LogEnd::Unknown
                && self.sends.iter().any(|&(sender, partition, message, _)| {
                    sender == id
                        && self.senders(partition, message).len() == 1
                        && self.is_polled(partition, message)
                })
    }

    /// Where a message is known to be.
    fn offsets(&self, partition: u64, message: u64) -> BTreeSet<u64> {
        let told = self.sends.iter().filter_map(|&(id, where_, what, offset)| {
            let counts = (where_, what) == (partition, message) && self.end(id) != LogEnd::Failed;
            offset.filter(|_| counts)
        });
        let polled = self.polls.iter().filter_map(|(_, got)| {
            ((got.partition, got.message) == (partition, message)).then_some(got.offset)
        });
        told.chain(polled).collect()
    }

    /// Does an offset certainly hold a committed message?
    fn is_filled(&self, partition: u64, offset: u64) -> bool {
        let told = self.sends.iter().any(|&(id, where_, _, told)| {
            where_ == partition && told == Some(offset) && self.is_committed(id)
        });
        let polled = self.polls.iter().any(|(_, got)| {
            let senders = self.senders(partition, got.message);
            (got.partition, got.offset) == (partition, offset)
                && senders.iter().any(|id| self.end(*id) != LogEnd::Failed)
        });
        told || polled
    }

    fn skips(&self, partition: u64, from: u64, to: u64) -> bool {
        (from + 1..to).any(|offset| self.is_filled(partition, offset))
    }

    fn place(&self, partition: u64, message: u64, told: Option<u64>) -> Option<u64> {
        let offsets = self.offsets(partition, message);
        match (told, offsets.len()) {
            (Some(told), _) => Some(told),
            (None, 1) => offsets.first().copied(),
            _ => None,
        }
    }

    fn of_contents(&self) -> BTreeSet<AnomalyName> {
        let mut names = BTreeSet::new();
        for (id, got) in &self.polls {
            let senders = self.senders(got.partition, got.message);
            if senders.is_empty() {
                names.insert(PhantomMessage);
            } else if senders.iter().all(|id| self.end(*id) == LogEnd::Failed) {
                names.insert(AbortedRead);
            } else if senders.iter().all(|sender| sender == id) {
                names.insert(PrecommittedRead);
            }
        }
        for partition in 0..2 {
            let mut all: Vec<(u64, u64)> = Vec::new();
            let known = self.sends.iter().map(|send| (send.1, send.2));
            let known = known.chain(
                self.polls
                    .iter()
                    .map(|poll| (poll.1.partition, poll.1.message)),
            );
            let messages: BTreeSet<u64> = known
                .filter(|(where_, _)| *where_ == partition)
                .map(|(_, message)| message)
                .collect();
            for message in messages {
                let offsets = self.offsets(partition, message);
                let sent = self.senders(partition, message).len();
                if sent > 0 && offsets.len() > sent {
                    names.insert(DuplicateMessage);
                }
                all.extend(offsets.into_iter().map(|offset| (offset, message)));
            }
            let clashes =
                |one: &(u64, u64)| all.iter().any(|other| other.0 == one.0 && other.1 != one.1);
            if all.iter().any(clashes) {
                names.insert(InconsistentOffsets);
            }
        }
        names
    }

    fn of_absence(&self) -> BTreeSet<AnomalyName> {
        let mut names = BTreeSet::new();
        for &(_, partition, message, _) in &self.sends {
            let is_consumed = self.polls.iter().any(|(reader, got)| {
                (got.partition, got.message) == (partition, message)
                    && self.end(*reader) != LogEnd::Failed
            });
            // The first certain sending decides where it must be.
            let first = self
                .sends
                .iter()
                .find(|send| (send.1, send.2) == (partition, message) && self.is_committed(send.0));
            let Some((_, _, _, told)) = first.filter(|_| !is_consumed) else {
                continue;
            };
            let is_passed = |told: u64| {
                self.polls.iter().any(|(reader, got)| {
                    self.end(*reader) == LogEnd::Ok
                        && got.partition == partition
                        && got.offset >= told
                })
            };
            names.insert(if told.is_some_and(is_passed) {
                LostWrite
            } else {
                UnseenMessage
            });
        }
        names
    }

    /// Pairs of polls of one process and partition with none between them that matters.
    fn of_polls(&self) -> BTreeSet<AnomalyName> {
        let mut names = BTreeSet::new();
        for (at, (id, got)) in self.polls.iter().enumerate() {
            let process = self.operations[*id].process;
            let is_before = |(other, before): &&(usize, Polled)| {
                let is_kept = other == id
                    || self.end(*other) == LogEnd::Ok
                        && !self.is_forgotten(process, *other, *id, got.partition);
                self.operations[*other].process == process
                    && before.partition == got.partition
                    && is_kept
            };
            let Some((earlier, before)) = self.polls[..at].iter().rfind(is_before) else {
                continue;
            };
            let is_inside = earlier == id;
            if got.offset <= before.offset {
                names.insert(if is_inside {
                    IntNonMonotonicPoll
                } else {
                    ExtNonMonotonicPoll
                });
            } else if self.skips(got.partition, before.offset, got.offset) {
                names.insert(if is_inside { IntPollSkip } else { ExtPollSkip });
            }
        }
        names
    }

    /// Was a process's place lost between two of its operations?
    fn is_forgotten(&self, process: u32, from: usize, to: usize, partition: u64) -> bool {
        (from + 1..to).any(|id| {
            let operation = &self.operations[id];
            let polls = |id: usize| {
                self.polls
                    .iter()
                    .any(|(other, got)| *other == id && got.partition == partition)
            };
            let forgets = match &operation.act {
                LogAct::Reset => operation.end != LogEnd::Failed,
                LogAct::Assign(kept) => !kept.contains(&partition),
                LogAct::Steps(_) => operation.end == LogEnd::Unknown && polls(id),
            };
            operation.process == process && forgets
        })
    }

    fn of_sends(&self) -> BTreeSet<AnomalyName> {
        let mut names = BTreeSet::new();
        let counts = |id: usize| self.end(id) != LogEnd::Failed;
        for (at, &(id, partition, message, told)) in self.sends.iter().enumerate() {
            let Some(place) = self.place(partition, message, told).filter(|_| counts(id)) else {
                continue;
            };
            let known = |send: &(usize, u64, u64, Option<u64>)| {
                let place = self.place(send.1, send.2, send.3)?;
                (send.1 == partition).then_some((send.0, place))
            };
            let earlier: Vec<(usize, u64)> = self.sends[..at].iter().filter_map(known).collect();
            if let Some((_, before)) = earlier.iter().rfind(|(other, _)| *other == id) {
                if place <= *before {
                    names.insert(IntNonMonotonicSend);
                } else if self.skips(partition, *before, place) {
                    names.insert(IntSendSkip);
                }
                continue;
            }
            let is_own = |(other, _): &&(usize, u64)| {
                self.operations[*other].process == self.operations[id].process
                    && self.end(*other) == LogEnd::Ok
            };
            if earlier
                .iter()
                .rfind(is_own)
                .is_some_and(|(_, before)| place <= *before)
            {
                names.insert(ExtNonMonotonicSend);
            }
        }
        names
    }
}

/// The log's checker agrees with the definitions.
pub(crate) fn compare(seeds: Range<u64>) -> u64 {
    let histories = seeds.end - seeds.start;
    let mut found = [0_u64; LOG_ANOMALIES.len() + 1];
    for seed in seeds {
        let stream = &mut Stream(seed);
        let mut operations = honest(stream);
        for _ in 0..seed % 2 + seed % 4 / 3 {
            damage(stream, &mut operations);
            if operations.is_empty() {
                operations.push(LogOperation::reset(0));
            }
        }
        let facts = Facts::new(&operations);
        let mut expected = facts.of_contents();
        expected.extend(facts.of_absence());
        expected.extend(facts.of_polls());
        expected.extend(facts.of_sends());
        let verdict = check(&operations, &LogPromise::strict());
        let names: BTreeSet<AnomalyName> = verdict.names().into_iter().collect();
        assert_eq!(names, expected, "seed {seed}: {verdict:#?} {operations:#?}");
        for (count, name) in found.iter_mut().zip(LOG_ANOMALIES) {
            *count += u64::from(names.contains(name));
        }
        found[LOG_ANOMALIES.len()] += u64::from(names.is_empty());
        // What was used rightly is at most not yet polled, or interleaved.
        let usual = LogPromise::transactional().unfinished().read_uncommitted();
        assert!(
            seed % 2 == 1 || check(&operations, &usual).holds(),
            "seed {seed}: {verdict:#?} {operations:#?}"
        );
    }
    for (count, name) in found.iter().zip(LOG_ANOMALIES) {
        assert!(
            *count * 2_000 > histories,
            "{name} is found in {count} histories only"
        );
    }
    histories
}
