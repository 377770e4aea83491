//! A participant: does each step as a transaction of its own, once, and remembers how it ended, so that
//! it answers the same whenever it is asked.
//!
//! A step that was refused stays refused: a late copy of the question must not do what the saga has
//! been told is not done.

use std::collections::BTreeMap;

use murphy_sim::{CallId, Context, LogIndex, NodeId, View};

use super::{Config, Message, Mutant, Outcome, Record, Saga, Step};
use crate::{
    service::txn::{self, MicroOp, Refused, Response, SagaAct, SagaEffect, Store},
    shared::gate::Gate,
};

/// A participant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Participant {
    config: Config,
    node: NodeId,
    gate: Gate<Message, Response>,
    stamp: u64,
    accounts: Store,
    outcomes: BTreeMap<(CallId, u32), Outcome>,
    /// What took effect here, in order.
    effects: Vec<SagaEffect>,
}

type Ctx<'a> = Context<'a, Saga>;

impl Participant {
    pub(super) fn start(config: Config, disk: &[Record], ctx: &mut Ctx<'_>) -> Participant {
        let mut participant = Participant {
            config,
            node: ctx.node(),
            gate: Gate::new(ctx),
            stamp: 0,
            accounts: Store {
                opening_balance: config.opening_balance,
                ..Store::default()
            },
            outcomes: BTreeMap::new(),
            effects: Vec::new(),
        };
        for record in disk {
            let Record::Ended {
                saga,
                place,
                step,
                outcome,
                stamp,
            } = *record
            else {
                unreachable!("a participant leads no saga: {record:?}");
            };
            participant.stamp = stamp;
            let applied = participant.apply((saga, place), step, outcome);
            applied.expect("what went once goes again on the same accounts");
        }
        participant
    }

    pub(super) fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Ctx<'_>) {
        match message {
            Message::Execute {
                saga,
                place,
                step,
                stamp,
            } => {
                self.stamp = self.stamp.max(stamp);
                self.execute((saga, place), step, ctx);
                let answer = Message::Executed {
                    saga,
                    place,
                    done: self.outcomes[&(saga, place)] == Outcome::Done,
                    stamp: self.stamp,
                };
                self.gate.send(from, answer, ctx);
            }
            Message::Compensate {
                saga,
                place,
                step,
                stamp,
            } => {
                self.stamp = self.stamp.max(stamp);
                self.compensate((saga, place), step, ctx);
                let stamp = self.stamp;
                let answer = Message::Compensated { saga, place, stamp };
                self.gate.send(from, answer, ctx);
            }
            Message::Look { call, keys } => {
                let look = |key| (key, self.accounts.get(key));
                let found = keys.into_iter().map(look).collect();
                self.gate.send(from, Message::Found { call, found }, ctx);
            }
            Message::Executed { .. } | Message::Compensated { .. } | Message::Found { .. } => {
                unreachable!("{message:?} is not meant for a participant")
            }
        }
    }

    fn execute(&mut self, id: (CallId, u32), step: Step, ctx: &mut Ctx<'_>) {
        if self.outcomes.contains_key(&id) {
            return ctx.reached("repeated");
        }
        self.stamp += 1;
        let outcome = match self.apply(id, step, Outcome::Done) {
            Ok(()) => Outcome::Done,
            Err(Refused) => {
                self.outcomes.insert(id, Outcome::Refused);
                Outcome::Refused
            }
        };
        self.write(id, step, outcome, ctx);
    }

    fn compensate(&mut self, id: (CallId, u32), step: Step, ctx: &mut Ctx<'_>) {
        let outcome = match self.outcomes.get(&id) {
            Some(Outcome::Done) => Outcome::Compensated,
            Some(Outcome::Compensated) if self.config.has(Mutant::CompensationNotIdempotent) => {
                Outcome::Compensated
            }
            Some(Outcome::Refused | Outcome::Compensated) => return ctx.reached("repeated"),
            // It was not done, and now it never will be.
            None => Outcome::Refused,
        };
        self.stamp += 1;
        let applied = self.apply(id, step, outcome);
        applied.expect("what was taken can be given back");
        self.write(id, step, outcome, ctx);
    }

    /// Changes the accounts, and remembers how the step stands. Refused where there is not enough.
    fn apply(&mut self, id: (CallId, u32), step: Step, outcome: Outcome) -> Result<(), Refused> {
        let (step, act) = match outcome {
            Outcome::Done => (step, SagaAct::Done(id.1)),
            Outcome::Compensated => (step.compensation(), SagaAct::Compensated(id.1)),
            Outcome::Refused => {
                self.outcomes.insert(id, outcome);
                return Ok(());
            }
        };
        let Step { key, amount } = step;
        self.accounts.apply(&MicroOp::Add { key, amount })?;
        self.outcomes.insert(id, outcome);
        let (saga, stamp) = (id.0, self.stamp);
        self.effects.push(SagaEffect { saga, act, stamp });
        Ok(())
    }

    fn write(&mut self, id: (CallId, u32), step: Step, outcome: Outcome, ctx: &mut Ctx<'_>) {
        let ended = Record::Ended {
            saga: id.0,
            place: id.1,
            step,
            outcome,
            stamp: self.stamp,
        };
        self.gate.write(ended, ctx);
    }

    pub(super) fn synced(&mut self, upto: LogIndex, ctx: &mut Ctx<'_>) {
        self.gate.synced(upto, ctx);
    }

    pub(super) fn view(&self) -> View<txn::View> {
        View {
            of: self.node.0,
            state: Some(txn::View {
                data: self.accounts.data.clone(),
                sagas: self.effects.clone(),
                ..txn::View::default()
            }),
            settled: self.gate.is_open(),
        }
    }

    /// What took effect here, in order.
    pub(super) fn effects(&self) -> &[SagaEffect] {
        &self.effects
    }
}
