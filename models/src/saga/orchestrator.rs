//! The orchestrator: asks for one step after the other, and for the compensations of those that took
//! effect when one is refused; asks again until it is answered.
//!
//! Its log says which sagas there are and, as far as it got to disk, how far they are: it goes on from
//! there. A step that is asked for again is answered as before, so that this loses nothing but time.

use std::collections::BTreeMap;

use murphy_sim::{CallId, Context, LogIndex, NodeId, Reply, View};

use super::{Config, Message, Mutant, Progress, Record, Saga, Step, Timer};
use crate::{
    service::txn::{self, Datum, Key, MicroOp, Request, Response, SagaAct, SagaEffect},
    shared::gate::Gate,
};

/// The orchestrator.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Orchestrator {
    config: Config,
    gate: Gate<Message, Response>,
    stamp: u64,
    sagas: BTreeMap<CallId, Led>,
    readings: BTreeMap<CallId, Reading>,
    /// How sagas ended, in the order in which they did.
    ends: Vec<SagaEffect>,
}

/// A saga.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Led {
    steps: Vec<Step>,
    progress: Progress,
}

/// A question about accounts, of several participants.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Reading {
    /// In the order of the request.
    keys: Vec<Key>,
    found: BTreeMap<Key, Option<Datum>>,
}

type Ctx<'a> = Context<'a, Saga>;

impl Orchestrator {
    pub(super) fn start(config: Config, disk: &[Record], ctx: &mut Ctx<'_>) -> Orchestrator {
        let mut orchestrator = Orchestrator {
            config,
            gate: Gate::new(ctx),
            stamp: 0,
            sagas: BTreeMap::new(),
            readings: BTreeMap::new(),
            ends: Vec::new(),
        };
        for record in disk {
            orchestrator.replay(record);
        }
        let open = orchestrator.sagas.iter();
        let open = open.filter(|(_, led)| !led.progress.is_end());
        let open: Vec<CallId> = open.map(|(saga, _)| *saga).collect();
        for saga in open {
            ctx.reached("resumed");
            orchestrator.go_on(saga, ctx);
        }
        orchestrator
    }

    fn replay(&mut self, record: &Record) {
        match record {
            Record::Begun { saga, steps } => {
                let steps = steps.clone();
                let progress = Progress::Forward { next: 0 };
                self.sagas.insert(*saga, Led { steps, progress });
            }
            Record::Progress {
                saga,
                progress,
                stamp,
            } => {
                let led = self.sagas.get_mut(saga);
                led.expect("a saga begins before it gets on").progress = *progress;
                self.stamp = self.stamp.max(*stamp);
                self.note_end(*saga, *progress);
            }
            Record::Ended { .. } => unreachable!("an orchestrator has no accounts: {record:?}"),
        }
    }

    /// A client's transaction: a saga, or a question that changes nothing.
    pub(super) fn ask(&mut self, call: CallId, request: &Request, ctx: &mut Ctx<'_>) {
        if let Some(led) = self.sagas.get(&call) {
            return match led.progress {
                Progress::Completed => ctx.reply(call, done(led)),
                Progress::Abandoned => ctx.reply(call, Reply::Fail),
                Progress::Forward { .. } | Progress::Backward { .. } => {}
            };
        }
        match (steps_of(request), keys_of(request)) {
            (Some(steps), _) => self.begin(call, steps, ctx),
            (None, Some(keys)) if keys.is_empty() => {
                ctx.reply(call, Reply::Ok(Response(Vec::new())));
            }
            (None, Some(keys)) => {
                let found = BTreeMap::new();
                self.readings.insert(call, Reading { keys, found });
                self.look(call, ctx);
            }
            // What is written over cannot be given back.
            (None, None) => ctx.reply(call, Reply::Fail),
        }
    }

    fn begin(&mut self, saga: CallId, steps: Vec<Step>, ctx: &mut Ctx<'_>) {
        ctx.reached("begun");
        let begun = Record::Begun {
            saga,
            steps: steps.clone(),
        };
        let progress = Progress::Forward { next: 0 };
        self.sagas.insert(saga, Led { steps, progress });
        self.gate.write(begun, ctx);
        self.go_on(saga, ctx);
    }

    /// Asks for what comes next, and again until there is an answer.
    fn go_on(&mut self, saga: CallId, ctx: &mut Ctx<'_>) {
        let led = &self.sagas[&saga];
        let stamp = self.stamp;
        let (step, message) = match led.progress {
            Progress::Forward { next: place } => {
                let step = led.steps[place as usize];
                let execute = Message::Execute {
                    saga,
                    place,
                    step,
                    stamp,
                };
                (step, execute)
            }
            Progress::Backward { done, left } => {
                let place = self.to_compensate(done, left);
                let step = led.steps[place as usize];
                let compensate = Message::Compensate {
                    saga,
                    place,
                    step,
                    stamp,
                };
                (step, compensate)
            }
            Progress::Completed | Progress::Abandoned => {
                unreachable!("a saga that has ended does not go on")
            }
        };
        let to = self.config.keeper(step.key);
        if self.config.has(Mutant::StepBeforeLog) {
            ctx.send(to, message);
        } else {
            self.gate.send(to, message, ctx);
        }
        ctx.set_timer(Timer::Retry(saga), self.config.retry);
    }

    /// Of so many steps that took effect, of which so many still stand, the latest (Garcia-Molina and
    /// Salem, section 2).
    fn to_compensate(&self, done: u32, left: u32) -> u32 {
        if self.config.has(Mutant::CompensationsOutOfOrder) {
            done - left
        } else {
            left - 1
        }
    }

    pub(super) fn on_message(&mut self, message: Message, ctx: &mut Ctx<'_>) {
        match message {
            Message::Executed {
                saga,
                place,
                done,
                stamp,
            } => {
                self.stamp = self.stamp.max(stamp);
                self.executed(saga, place, done, ctx);
            }
            Message::Compensated { saga, place, stamp } => {
                self.stamp = self.stamp.max(stamp);
                self.compensated(saga, place, ctx);
            }
            Message::Found { call, found } => self.found(call, found, ctx),
            Message::Execute { .. } | Message::Compensate { .. } | Message::Look { .. } => {
                unreachable!("{message:?} is not meant for an orchestrator")
            }
        }
    }

    fn executed(&mut self, saga: CallId, place: u32, is_done: bool, ctx: &mut Ctx<'_>) {
        // A saga that the log has lost, in a mutant only, has nobody who leads it.
        let Some(led) = self.sagas.get(&saga) else {
            return;
        };
        if led.progress != (Progress::Forward { next: place }) {
            return; // It has been heard before.
        }
        let progress = match (is_done, place) {
            (true, _) if place as usize + 1 == led.steps.len() => Progress::Completed,
            (true, _) => Progress::Forward { next: place + 1 },
            (false, 0) => Progress::Abandoned,
            (false, done) => Progress::Backward { done, left: done },
        };
        if !is_done {
            ctx.reached("refused");
        }
        self.advance(saga, progress, ctx);
    }

    fn compensated(&mut self, saga: CallId, place: u32, ctx: &mut Ctx<'_>) {
        let Some(led) = self.sagas.get(&saga) else {
            return;
        };
        let Progress::Backward { done, left } = led.progress else {
            return;
        };
        if place != self.to_compensate(done, left) {
            return; // It has been heard before.
        }
        ctx.reached("compensated");
        let left = left - 1;
        let progress = match left {
            0 => Progress::Abandoned,
            _ => Progress::Backward { done, left },
        };
        self.advance(saga, progress, ctx);
    }

    fn advance(&mut self, saga: CallId, progress: Progress, ctx: &mut Ctx<'_>) {
        self.stamp += 1;
        ctx.append(Record::Progress {
            saga,
            progress,
            stamp: self.stamp,
        });
        let led = self.sagas.get_mut(&saga).expect("the caller has looked");
        led.progress = progress;
        let (label, reply) = match progress {
            Progress::Completed => ("completed", done(led)),
            Progress::Abandoned => ("abandoned", Reply::Fail),
            Progress::Forward { .. } | Progress::Backward { .. } => return self.go_on(saga, ctx),
        };
        ctx.reached(label);
        ctx.cancel_timer(Timer::Retry(saga));
        ctx.reply(saga, reply);
        self.note_end(saga, progress);
    }

    fn note_end(&mut self, saga: CallId, progress: Progress) {
        let act = match progress {
            Progress::Completed => SagaAct::Completed,
            Progress::Abandoned => SagaAct::Abandoned,
            Progress::Forward { .. } | Progress::Backward { .. } => return,
        };
        let stamp = self.stamp;
        self.ends.push(SagaEffect { saga, act, stamp });
    }

    /// Nobody has answered.
    pub(super) fn retry(&mut self, call: CallId, ctx: &mut Ctx<'_>) {
        ctx.reached("retried");
        let Some(led) = self.sagas.get(&call) else {
            return self.look(call, ctx);
        };
        match led.progress {
            Progress::Backward { done, left }
                if self.config.has(Mutant::CompensationNotRetried) =>
            {
                self.compensated(call, self.to_compensate(done, left), ctx);
            }
            Progress::Forward { .. } | Progress::Backward { .. } => self.go_on(call, ctx),
            // It ended while this waited in line.
            Progress::Completed | Progress::Abandoned => {}
        }
    }

    /// Asks participants for the accounts that are not known.
    fn look(&mut self, call: CallId, ctx: &mut Ctx<'_>) {
        let Some(reading) = self.readings.get(&call) else {
            return; // It was answered while this waited in line.
        };
        let mut asked: BTreeMap<NodeId, Vec<Key>> = BTreeMap::new();
        for key in reading
            .keys
            .iter()
            .filter(|k| !reading.found.contains_key(k))
        {
            let keeper = self.config.keeper(*key);
            asked.entry(keeper).or_default().push(*key);
        }
        for (participant, keys) in asked {
            ctx.send(participant, Message::Look { call, keys });
        }
        ctx.set_timer(Timer::Retry(call), self.config.retry);
    }

    fn found(&mut self, call: CallId, found: Vec<(Key, Option<Datum>)>, ctx: &mut Ctx<'_>) {
        let Some(reading) = self.readings.get_mut(&call) else {
            return; // It has been answered.
        };
        reading.found.extend(found);
        let balances = reading
            .keys
            .iter()
            .map(|key| reading.found.get(key).cloned());
        let Some(balances) = balances.collect::<Option<Vec<_>>>() else {
            return;
        };
        self.readings.remove(&call);
        ctx.cancel_timer(Timer::Retry(call));
        ctx.reply(call, Reply::Ok(Response(balances)));
    }

    pub(super) fn synced(&mut self, upto: LogIndex, ctx: &mut Ctx<'_>) {
        self.gate.synced(upto, ctx);
    }

    /// How many sagas go forward and how many back.
    pub(super) fn open(&self) -> (usize, usize) {
        let count = |is: fn(&Progress) -> bool| {
            let sagas = self.sagas.values();
            sagas.filter(|led| is(&led.progress)).count()
        };
        (
            count(|progress| matches!(progress, Progress::Forward { .. })),
            count(|progress| matches!(progress, Progress::Backward { .. })),
        )
    }

    pub(super) fn view(&self) -> View<txn::View> {
        View {
            of: 0,
            state: Some(txn::View {
                sagas: self.ends.clone(),
                ..txn::View::default()
            }),
            settled: self.open() == (0, 0),
        }
    }

    /// How sagas ended, in the order in which they did.
    pub(super) fn ends(&self) -> &[SagaEffect] {
        &self.ends
    }
}

impl Progress {
    const fn is_end(self) -> bool {
        matches!(self, Progress::Completed | Progress::Abandoned)
    }
}

fn done(led: &Led) -> Reply<Response> {
    Reply::Ok(Response(vec![None; led.steps.len()]))
}

/// The steps of a request that can be compensated: what is taken first, since that may be refused,
/// then what is given, which never is. So nothing has to be taken back from one who has spent it.
fn steps_of(request: &Request) -> Option<Vec<Step>> {
    let step = |op: &MicroOp| match *op {
        MicroOp::Add { key, amount } => Some(Step { key, amount }),
        MicroOp::Read { .. } | MicroOp::Write { .. } | MicroOp::Append { .. } => None,
    };
    let mut steps = request.0.iter().map(step).collect::<Option<Vec<Step>>>()?;
    steps.sort_by_key(|step| step.amount >= 0);
    (!steps.is_empty()).then_some(steps)
}

/// The keys of a request that only reads.
fn keys_of(request: &Request) -> Option<Vec<Key>> {
    let key = |op: &MicroOp| (!op.is_update()).then_some(op.key());
    request.0.iter().map(key).collect()
}
