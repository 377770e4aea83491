//! What a log's history says about each partition: who sent what, who polled what, and where it is.

use super::{LogAct, LogEnd, LogOperation, LogStep, Message, Offset, Partition, Polled};
use crate::anomaly::AnomalyName;
use crate::verdict::Anomaly;
use std::collections::{BTreeMap, BTreeSet};

/// One send, by the operation that it is in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub(super) operation: usize,
    pub(super) offset: Option<Offset>,
}

/// One message of one partition.
#[derive(Clone, Debug, Default)]
pub(super) struct Story {
    pub(super) sends: Vec<Sent>,
    /// Operations that polled it, whatever their end.
    polls: Vec<usize>,
    /// Offsets at which it was polled, or that its sender was told.
    offsets: BTreeSet<Offset>,
    /// Offsets at which it was polled.
    polled_at: BTreeSet<Offset>,
    /// Was it polled by an operation that did not fail?
    is_consumed: bool,
}

/// One partition.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    pub(super) messages: BTreeMap<Message, Story>,
    /// Everything that was seen at each offset, whoever saw it.
    at: BTreeMap<Offset, BTreeSet<Message>>,
    /// Offsets that certainly hold a committed message, in order.
    pub(super) certain: Vec<Offset>,
    /// The highest offset that an operation which took effect polled, and who.
    highest: Option<(Offset, usize)>,
}

impl Line {
    /// Committed offsets strictly between two.
    pub(super) fn between(&self, low: Offset, high: Offset) -> &[Offset] {
        let start = self.certain.partition_point(|offset| *offset <= low);
        let end = self.certain.partition_point(|offset| *offset < high);
        &self.certain[start..end.max(start)]
    }
}

/// The whole history, by partition and message.
pub(super) struct Index<'a> {
    pub(super) operations: &'a [LogOperation],
    pub(super) lines: BTreeMap<Partition, Line>,
    /// Operations that certainly took effect: acknowledged, or one of their messages was polled.
    committed: Vec<bool>,
    /// Does a poll prove that what it gives was committed?
    reads_committed: bool,
}

impl<'a> Index<'a> {
    pub(super) fn new(operations: &'a [LogOperation], reads_committed: bool) -> Self {
        let mut index = Self {
            operations,
            lines: BTreeMap::new(),
            committed: operations
                .iter()
                .map(|operation| operation.end == LogEnd::Ok)
                .collect(),
            reads_committed,
        };
        for id in 0..operations.len() {
            for step in index.steps(id) {
                index.read(id, step);
            }
        }
        index.commit();
        index.find_certain();
        index
    }

    /// The sends and polls of an operation.
    pub(super) fn steps(&self, id: usize) -> &'a [LogStep] {
        match &self.operations[id].act {
            LogAct::Steps(steps) => steps,
            LogAct::Assign(_) | LogAct::Reset => &[],
        }
    }

    fn read(&mut self, id: usize, step: &LogStep) {
        let end = self.operations[id].end;
        match step {
            LogStep::Send {
                partition,
                message,
                offset,
            } => {
                let line = self.lines.entry(*partition).or_default();
                let story = line.messages.entry(*message).or_default();
                story.sends.push(Sent {
                    operation: id,
                    offset: *offset,
                });
                // What a failed operation was told about offsets says nothing about the log.
                let told = offset.filter(|_| end != LogEnd::Failed);
                if let Some(offset) = told {
                    story.offsets.insert(offset);
                    line.at.entry(offset).or_default().insert(*message);
                }
            }
            LogStep::Poll(polled) => {
                for &Polled {
                    partition,
                    offset,
                    message,
                } in polled
                {
                    let line = self.lines.entry(partition).or_default();
                    let story = line.messages.entry(message).or_default();
                    story.polls.push(id);
                    story.offsets.insert(offset);
                    story.polled_at.insert(offset);
                    story.is_consumed |= end != LogEnd::Failed;
                    line.at.entry(offset).or_default().insert(message);
                    let is_higher = line.highest.is_none_or(|(highest, _)| highest < offset);
                    if end == LogEnd::Ok && is_higher {
                        line.highest = Some((offset, id));
                    }
                }
            }
            LogStep::Rebalance(_) => {}
        }
    }

    /// An unknown operation took effect if one of its messages was polled.
    fn commit(&mut self) {
        if !self.reads_committed {
            return;
        }
        for story in self.lines.values().flat_map(|line| line.messages.values()) {
            // Of several sends of one message it is not known which one was polled.
            if let ([sent], false) = (story.sends.as_slice(), story.polls.is_empty())
                && self.operations[sent.operation].end == LogEnd::Unknown
            {
                self.committed[sent.operation] = true;
            }
        }
    }

    fn find_certain(&mut self) {
        for line in self.lines.values_mut() {
            let mut certain = BTreeSet::new();
            for story in line.messages.values() {
                let committed = story
                    .sends
                    .iter()
                    .filter(|sent| self.committed[sent.operation]);
                certain.extend(committed.filter_map(|sent| sent.offset));
                let is_real = |sent: &Sent| {
                    let may_be = self.operations[sent.operation].end != LogEnd::Failed;
                    self.committed[sent.operation] || (self.reads_committed && may_be)
                };
                if story.sends.iter().any(is_real) {
                    certain.extend(&story.polled_at);
                }
            }
            line.certain = certain.into_iter().collect();
        }
    }

    /// The offset of a send: what it was told, or where its message was polled, if only there.
    pub(super) fn place(
        &self,
        partition: Partition,
        message: Message,
        told: Option<Offset>,
    ) -> Option<Offset> {
        let offsets = &self.lines[&partition].messages[&message].offsets;
        told.or_else(|| offsets.first().copied().filter(|_| offsets.len() == 1))
    }

    /// An operation's number for evidence.
    pub(super) fn number(&self, id: usize) -> usize {
        self.operations[id].operation.unwrap_or(id)
    }

    /// An operation in words.
    pub(super) fn tell(&self, id: usize) -> String {
        let operation = &self.operations[id];
        let step = |step: &LogStep| match step {
            LogStep::Send {
                partition,
                message,
                offset: Some(offset),
            } => format!("send {message} to {partition} at {offset}"),
            LogStep::Send {
                partition, message, ..
            } => format!("send {message} to {partition}"),
            LogStep::Rebalance(partitions) => format!("rebalance {partitions:?}"),
            LogStep::Poll(polled) => {
                let told: Vec<String> = polled
                    .iter()
                    .map(|got| format!("{} at {} of {}", got.message, got.offset, got.partition))
                    .collect();
                format!("poll [{}]", told.join(", "))
            }
        };
        let words: Vec<String> = self.steps(id).iter().map(step).collect();
        let end = match operation.end {
            LogEnd::Ok => "",
            LogEnd::Failed => ", failed",
            LogEnd::Unknown => ", end unknown",
        };
        format!(
            "#{} {} (process {}{end})",
            self.number(id),
            words.join(", "),
            operation.process
        )
    }

    /// An anomaly with operations as its evidence.
    pub(super) fn anomaly(&self, name: AnomalyName, words: String, ids: &[usize]) -> Anomaly {
        let mut ids = ids.to_vec();
        ids.dedup();
        Anomaly::new(name, words)
            .with_operations(ids.iter().map(|id| self.number(*id)))
            .with_steps(ids.iter().map(|id| self.tell(*id)))
    }

    /// What is wrong with what the partitions hold.
    pub(super) fn contents(&self) -> Vec<Anomaly> {
        let mut found = Vec::new();
        for (partition, line) in &self.lines {
            for (offset, messages) in line.at.iter().filter(|(_, held)| held.len() > 1) {
                let mut ids = Vec::new();
                for message in messages {
                    let story = &line.messages[message];
                    ids.extend(
                        story
                            .polls
                            .first()
                            .or(story.sends.first().map(|sent| &sent.operation)),
                    );
                }
                let words = format!("offset {offset} of partition {partition} holds {messages:?}");
                found.push(self.anomaly(AnomalyName::InconsistentOffsets, words, &ids));
            }
            for (message, story) in &line.messages {
                found.extend(self.sender(*partition, *message, story));
                found.extend(self.repetition(*partition, *message, story));
                found.extend(self.absence(*partition, *message, line, story));
            }
        }
        found
    }

    /// Phantoms, aborted reads, and reads of what the reader itself had not committed.
    fn sender(&self, partition: Partition, message: Message, story: &Story) -> Option<Anomaly> {
        let &reader = story.polls.first()?;
        let told = format!("message {message} of partition {partition} was polled");
        let Some(first) = story.sends.first() else {
            let words = format!("{told}, and nobody sent it");
            return Some(self.anomaly(AnomalyName::PhantomMessage, words, &[reader]));
        };
        let is_failed = |sent: &Sent| self.operations[sent.operation].end == LogEnd::Failed;
        if story.sends.iter().all(is_failed) {
            let words = format!("{told}, and its sending failed");
            let ids = [first.operation, reader];
            return Some(self.anomaly(AnomalyName::AbortedRead, words, &ids));
        }
        let own = story.polls.iter().find(|reader| {
            let is_own = |sent: &Sent| sent.operation == **reader;
            story.sends.iter().all(is_own)
        })?;
        let words = format!("{told} by the operation that sent it, before that had taken effect");
        Some(self.anomaly(AnomalyName::PrecommittedRead, words, &[*own]))
    }

    fn repetition(&self, partition: Partition, message: Message, story: &Story) -> Option<Anomaly> {
        if story.sends.is_empty() || story.offsets.len() <= story.sends.len() {
            return None;
        }
        let words = format!(
            "message {message} of partition {partition} was sent {} times and is at offsets {:?}",
            story.sends.len(),
            story.offsets
        );
        let ids: Vec<usize> = story.sends.iter().map(|sent| sent.operation).collect();
        let ids: Vec<usize> = ids
            .into_iter()
            .chain(story.polls.iter().copied())
            .take(4)
            .collect();
        Some(self.anomaly(AnomalyName::DuplicateMessage, words, &ids))
    }

    /// Committed messages that nobody polled.
    fn absence(
        &self,
        partition: Partition,
        message: Message,
        line: &Line,
        story: &Story,
    ) -> Option<Anomaly> {
        let sent = story
            .sends
            .iter()
            .find(|sent| self.committed[sent.operation])?;
        if story.is_consumed {
            return None;
        }
        let told = format!("message {message} of partition {partition} was committed");
        match (sent.offset, line.highest) {
            (Some(offset), Some((highest, reader))) if offset <= highest => {
                let words = format!(
                    "{told} at offset {offset}, and though offset {highest} was polled, it never was"
                );
                let ids = [sent.operation, reader];
                Some(self.anomaly(AnomalyName::LostWrite, words, &ids))
            }
            _ => {
                let words = format!("{told}, and by the end nobody has polled it");
                Some(self.anomaly(AnomalyName::UnseenMessage, words, &[sent.operation]))
            }
        }
    }
}
