//! A consumer: applies each event to its view exactly once, however often it is delivered.
//!
//! Richardson ch. 3.2.6: the ids of processed messages are written in the transaction that changes
//! the view. A reader sees a change when its transaction is durable.

use std::collections::{BTreeMap, VecDeque};

use murphy_sim::{Context, LogIndex, NodeId, View};

use super::{Config, Message, Mutant, Outbox, Record, Row};
use crate::{
    service::events::{self, EventId, Key},
    shared::group_commit::GroupCommit,
};

/// A consumer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Consumer {
    config: Config,
    /// What it has applied, in order: the `n`th is the `n`th record.
    applied: Vec<Row>,
    /// How many of them will survive a crash.
    durable: usize,
    /// Where each event is among them, the first time.
    processed: BTreeMap<EventId, usize>,
    /// Answers that wait until all that was written before them is durable.
    answers: VecDeque<Answer>,
    /// Syncs under way.
    commits: GroupCommit,
    /// The durable ones, as a reader sees them.
    view: events::View,
}

/// An answer to a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Answer {
    after: LogIndex,
    broker: NodeId,
    upto: u64,
}

impl Consumer {
    pub(super) fn start(config: Config, disk: &[Record]) -> Consumer {
        let applied = disk.iter().map(|record| match record {
            Record::Applied(row) => *row,
            _ => unreachable!("a consumer writes what it applies only, not {record:?}"),
        });
        let applied: Vec<Row> = applied.collect();
        let mut view = events::View::new();
        for row in &applied {
            row.apply(&mut view);
        }
        Consumer {
            config,
            durable: applied.len(),
            processed: (0..).zip(&applied).map(|(i, row)| (row.event, i)).collect(),
            applied,
            answers: VecDeque::new(),
            commits: GroupCommit::default(),
            view,
        }
    }

    pub(super) fn process(
        &mut self,
        broker: NodeId,
        upto: u64,
        rows: &[Row],
        ctx: &mut Context<Outbox>,
    ) {
        let before = self.applied.len();
        for row in rows {
            let is_known = self.processed.contains_key(&row.event);
            if is_known && !self.config.has(Mutant::NoDeDuplication) {
                ctx.reached("deduplicated");
                continue;
            }
            ctx.append(Record::Applied(*row));
            let place = self.applied.len();
            self.processed.entry(row.event).or_insert(place);
            self.applied.push(*row);
        }
        assert_eq!(
            ctx.log_end().0,
            self.applied.len() as u64,
            "an effect is a record"
        );
        if self.applied.len() > before {
            self.commits.written(ctx);
            ctx.reached("applying");
        }
        let after = if self.config.has(Mutant::AcknowledgeBeforeProcessing) {
            LogIndex(0)
        } else {
            ctx.log_end()
        };
        let answer = Answer {
            after,
            broker,
            upto,
        };
        self.answers.push_back(answer);
        self.acknowledge(ctx);
    }

    fn acknowledge(&mut self, ctx: &mut Context<Outbox>) {
        let durable = LogIndex(self.durable as u64);
        while let Some(answer) = self.answers.front().copied().filter(|a| a.after <= durable) {
            self.answers.pop_front();
            let upto = answer.upto;
            ctx.send(answer.broker, Message::Acknowledge { upto });
        }
    }

    pub(super) fn synced(&mut self, upto: LogIndex, ctx: &mut Context<Outbox>) {
        self.commits.synced(ctx);
        let durable = upto.0 as usize;
        assert!(
            durable <= self.applied.len(),
            "only what was written is synced"
        );
        for row in self.applied.get(self.durable..durable).unwrap_or_default() {
            row.apply(&mut self.view);
        }
        self.durable = self.durable.max(durable);
        self.acknowledge(ctx);
    }

    pub(super) fn read(&self, key: Key) -> Vec<EventId> {
        self.view.get(&key).cloned().unwrap_or_default()
    }

    pub(super) const fn is_settled(&self) -> bool {
        self.durable == self.applied.len()
    }

    pub(super) fn view(&self) -> View<events::View> {
        View {
            of: 0,
            state: Some(self.view.clone()),
            settled: self.is_settled(),
        }
    }

    /// What it has applied and will not forget, in order.
    pub fn durable(&self) -> &[Row] {
        &self.applied[..self.durable]
    }

    /// Whether it has applied this event and will not forget it.
    pub fn has_applied(&self, event: EventId) -> bool {
        let place = self.processed.get(&event);
        place.is_some_and(|place| *place < self.durable)
    }
}
