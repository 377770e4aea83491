//! Sagas: a long transaction of steps, each with a compensation; all steps take effect, or those that
//! did are compensated, once each, in reverse.
//!
//! Garcia-Molina & Salem, "Sagas", 1987, section 2: the outcome is `T1 T2 ... Tn`, or
//! `T1 ... Tj Cj ... C2 C1`. Plain data in, a verdict out. What is judged are effects, as they came
//! about where the steps work: a retry that changed nothing is no effect.

use crate::anomaly::AnomalyName;
use crate::verdict::{Anomaly, Verdict};
use serde::{Deserialize, Serialize};

/// What happened to a saga.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SagaEvent {
    /// A step took effect.
    Done(u32),
    /// A step's compensation took effect.
    Compensated(u32),
    /// The saga was declared complete.
    Completed,
    /// The saga was declared given up, and compensated.
    Abandoned,
}

/// One saga, with everything that happened to it in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saga {
    /// Which, as a number that the caller understands.
    pub saga: u64,
    /// How many steps it has, numbered from zero.
    pub steps: u32,
    /// What happened, and when in nanoseconds.
    pub events: Vec<(SagaEvent, u64)>,
    /// The operation of the history, if any: what evidence refers to.
    pub operation: Option<usize>,
}

/// Are the sagas all or nothing? With `has_ended`, each must also have come to its end.
pub fn check(sagas: &[Saga], has_ended: bool) -> Verdict {
    let mut all = Vec::new();
    for saga in sagas {
        let mut found = compensations(saga);
        found.extend(order(saga));
        found.extend(outcome(saga, has_ended));
        all.extend(found.into_iter().map(|anomaly| {
            anomaly
                .with_operations(saga.operation)
                .with_steps(tell(saga))
        }));
    }
    Verdict::from_anomalies(all)
}

impl Saga {
    fn has(&self, wanted: SagaEvent) -> bool {
        self.events.iter().any(|(event, _)| *event == wanted)
    }

    /// How often something happened.
    fn count(&self, wanted: SagaEvent) -> usize {
        self.events
            .iter()
            .filter(|(event, _)| *event == wanted)
            .count()
    }

    fn first(&self, wanted: SagaEvent) -> Option<usize> {
        self.events.iter().position(|(event, _)| *event == wanted)
    }

    /// Has a step an effect that no later compensation took away?
    fn is_standing(&self, step: u32) -> bool {
        let last = self.events.iter().rfind(|(event, _)| {
            matches!(event, SagaEvent::Done(other) | SagaEvent::Compensated(other) if *other == step)
        });
        matches!(last, Some((SagaEvent::Done(_), _)))
    }
}

/// Each step's effects: at most one, and at most one compensation, of what had taken effect.
fn compensations(saga: &Saga) -> Vec<Anomaly> {
    let mut found = Vec::new();
    for step in 0..saga.steps {
        let told = format!("step {step} of saga {}", saga.saga);
        let times = saga.count(SagaEvent::Done(step));
        if times > 1 {
            let words = format!("{told} took effect {times} times");
            found.push(Anomaly::new(AnomalyName::DuplicateEffect, words));
        }
        let times = saga.count(SagaEvent::Compensated(step));
        if times > 1 {
            let words = format!("{told} was compensated {times} times");
            found.push(Anomaly::new(AnomalyName::RepeatedCompensation, words));
        }
        let Some(compensated) = saga.first(SagaEvent::Compensated(step)) else {
            continue;
        };
        let is_done = saga
            .first(SagaEvent::Done(step))
            .is_some_and(|done| done < compensated);
        let why = if !is_done {
            "though it had not taken effect"
        } else if saga.has(SagaEvent::Completed) {
            "though the saga completed"
        } else {
            continue;
        };
        let words = format!("{told} was compensated {why}");
        found.push(Anomaly::new(AnomalyName::NeedlessCompensation, words));
    }
    found
}

/// Steps forward come before all steps back, and these undo the latest first.
fn order(saga: &Saga) -> Option<Anomaly> {
    let mut undone: Option<(u32, usize)> = None;
    for (at, (event, _)) in saga.events.iter().enumerate() {
        match *event {
            SagaEvent::Done(step) => {
                if let Some((first, _)) = undone {
                    let words = format!(
                        "step {step} of saga {} took effect after step {first} had been compensated",
                        saga.saga
                    );
                    return Some(Anomaly::new(AnomalyName::CompensationOutOfOrder, words));
                }
            }
            SagaEvent::Compensated(step) => {
                let is_first = saga.first(*event) == Some(at);
                let done = saga.first(SagaEvent::Done(step)).filter(|done| *done < at);
                // Repeated and needless compensations are told by those names.
                let (true, Some(done)) = (is_first, done) else {
                    continue;
                };
                if let Some((earlier, before)) = undone
                    && before < done
                {
                    let words = format!(
                        "step {earlier} of saga {} was compensated before step {step}, which took \
                         effect after it",
                        saga.saga
                    );
                    return Some(Anomaly::new(AnomalyName::CompensationOutOfOrder, words));
                }
                undone = Some((step, done));
            }
            SagaEvent::Completed | SagaEvent::Abandoned => {}
        }
    }
    None
}

/// What was declared must be so; and by the end it is one or the other.
fn outcome(saga: &Saga, has_ended: bool) -> Vec<Anomaly> {
    let standing: Vec<u32> = (0..saga.steps)
        .filter(|step| saga.is_standing(*step))
        .collect();
    let lacking: Vec<u32> = (0..saga.steps)
        .filter(|step| !standing.contains(step))
        .collect();
    let (completed, abandoned) = (
        saga.has(SagaEvent::Completed),
        saga.has(SagaEvent::Abandoned),
    );
    let number = saga.saga;
    if completed && abandoned {
        let words = format!("saga {number} was declared complete and given up");
        return vec![Anomaly::new(AnomalyName::DecisionReversed, words)];
    }
    if abandoned && !standing.is_empty() {
        let words = format!("saga {number} was given up, and the effects of {standing:?} stand");
        return vec![Anomaly::new(AnomalyName::MissingCompensation, words)];
    }
    // A step that was compensated is told as such.
    let never = |step: &u32| saga.count(SagaEvent::Done(*step)) == 0;
    if completed && lacking.iter().any(never) {
        let words =
            format!("saga {number} was declared complete without the effects of {lacking:?}");
        return vec![Anomaly::new(AnomalyName::UnfinishedSaga, words)];
    }
    if has_ended && !completed && !abandoned && !standing.is_empty() {
        let words = format!(
            "saga {number} has not ended: the effects of {standing:?} stand, those of {lacking:?} \
             do not"
        );
        return vec![Anomaly::new(AnomalyName::UnfinishedSaga, words)];
    }
    Vec::new()
}

fn tell(saga: &Saga) -> Vec<String> {
    let line = |(event, at): &(SagaEvent, u64)| match event {
        SagaEvent::Done(step) => format!("{at} ns: step {step} takes effect"),
        SagaEvent::Compensated(step) => format!("{at} ns: step {step} is compensated"),
        SagaEvent::Completed => format!("{at} ns: declared complete"),
        SagaEvent::Abandoned => format!("{at} ns: declared given up"),
    };
    saga.events.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use AnomalyName::*;

    /// `T0 T1 C1 C0 done`, as the paper writes it; three steps.
    #[track_caller]
    fn expect(text: &str, names: &[AnomalyName]) {
        let event = |word: &str| match word.split_at(1) {
            ("T", step) => SagaEvent::Done(step.parse().expect("a step")),
            ("C", step) => SagaEvent::Compensated(step.parse().expect("a step")),
            ("d", _) => SagaEvent::Completed,
            _ => SagaEvent::Abandoned,
        };
        let saga = Saga {
            saga: 1,
            steps: 3,
            events: text.split_whitespace().map(event).zip(0..).collect(),
            operation: Some(5),
        };
        let verdict = check(&[saga], true);
        assert_eq!(verdict.names(), names, "{text}: {verdict:#?}");
        for anomaly in verdict.anomalies() {
            assert_eq!(anomaly.operations, [5]);
        }
    }

    #[test]
    fn all_steps_or_all_undone_in_reverse() {
        expect("T0 T1 T2 done", &[]);
        expect("T0 T1 C1 C0 abandoned", &[]);
        expect("abandoned", &[]);
        expect("", &[]);
        expect("T0 C0", &[]);
    }

    #[test]
    fn what_was_given_up_is_compensated() {
        expect("T0 T1 C1 abandoned", &[MissingCompensation]);
        expect("T0 T1 abandoned", &[MissingCompensation]);
        // A step that arrives late takes effect after its compensation.
        expect(
            "T0 C1 T1 C0 abandoned",
            &[MissingCompensation, NeedlessCompensation],
        );
    }

    #[test]
    fn what_completed_is_not() {
        expect("T0 T1 T2 C2 done", &[NeedlessCompensation]);
        expect("T0 C1 C0 abandoned", &[NeedlessCompensation]);
    }

    #[test]
    fn each_step_is_compensated_once_and_in_reverse() {
        expect("T0 T1 C1 C0 C1 abandoned", &[RepeatedCompensation]);
        expect("T0 T1 C0 C1 abandoned", &[CompensationOutOfOrder]);
        expect("T0 T1 C1 T2 C2 C0 abandoned", &[CompensationOutOfOrder]);
        expect("T0 T0 C0 abandoned", &[DuplicateEffect]);
    }

    #[test]
    fn by_the_end_it_is_one_or_the_other() {
        expect("T0 T1", &[UnfinishedSaga]);
        expect("T0 T1 C1", &[UnfinishedSaga]);
        expect("T0 T2 done", &[UnfinishedSaga]);
        expect("T0 T1 T2 done abandoned", &[DecisionReversed]);
        let half = Saga {
            steps: 2,
            events: vec![(SagaEvent::Done(0), 1)],
            ..Saga::default()
        };
        assert_eq!(check(&[half], false), Verdict::Holds);
    }
}
