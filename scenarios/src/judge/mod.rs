//! Judging a run: what clients saw and what nodes hold, put into the checkers' words.
//!
//! Each service says once how its calls become a checker's operations. An operation's position in
//! the checker's history is its call's position in the order of invocation.

mod events;
mod kv;
mod log;
mod membership;
mod objects;
mod saga;
mod siblings;
mod txn;

use murphy_checkers::{History, HistoryError, Process, Verdict, transactions::Level};
use murphy_models::service::{Service, membership::Bounds};
use murphy_sim::{
    Data, FaultReport, Happened, HistoryEvent, Life, NodeId, PlannedCall, PlannedFault, Sample,
    Span, Stream, Time, View,
};

use crate::{
    language::{HistoryCheck, WorkloadKind},
    workload::Demand,
};

/// A kind of request that workloads can draw and checkers can judge: a service, seen from here.
pub trait Served: Data {
    /// The answers.
    type Answer: Data;
    /// What nodes hold.
    type Held: Clone + Eq + std::hash::Hash + std::fmt::Debug + Send + Sync + 'static;
    /// Which service it is.
    const SERVICE: Service;

    /// Its workloads.
    const WORKLOADS: &'static [Workload<Self>];

    /// The workload of this kind; none when it is another service's.
    fn workload(kind: WorkloadKind) -> Option<&'static Workload<Self>> {
        Self::WORKLOADS
            .iter()
            .find(|workload| workload.kind == kind)
    }

    /// Judges a run by one check. Panics on a check that suits no workload of this service.
    fn judge(check: HistoryCheck, seen: &Seen<Self>) -> Verdict;

    /// The request as a person writes it: `write 3 17`.
    fn tell(&self) -> String;

    /// The answer as a person writes it.
    fn tell_answer(answer: &Self::Answer) -> String;
}

/// One workload of a service.
#[derive(Debug)]
pub struct Workload<Q: 'static> {
    /// Its name in scenarios.
    pub kind: WorkloadKind,
    /// Draws the calls.
    pub draw: fn(&Demand, &mut Stream) -> Vec<PlannedCall<Q>>,
    /// The history checks that suit it.
    pub checks: &'static [HistoryCheck],
}

/// Everything that a judge may look at.
#[derive(Clone, Debug)]
pub struct Seen<'a, Q: Served> {
    /// What clients saw.
    pub history: &'a [HistoryEvent<Q, Q::Answer>],
    /// What each node that is up held in the end.
    pub held: &'a [(NodeId, View<Q::Held>)],
    /// What nodes held now and then, where that was sampled.
    pub samples: &'a [Sample<Q::Held>],
    /// What clients were to ask.
    pub demand: &'a Demand,
    /// Balance of accounts that were never touched.
    pub opening_balance: Option<i64>,
    /// When the run ended.
    pub ended: Time,
    /// When the last fault was over; none when there was no heal.
    pub healed: Option<Time>,
    /// Whether any fault was planned.
    pub had_faults: bool,
    /// The faults that were planned,
    pub plan: &'a [PlannedFault],
    /// and what became of each.
    pub faults: &'a [FaultReport],
    /// When each node was up.
    pub lives: &'a [Life],
    /// How soon the protocol promises to find failures, where it does.
    pub bounds: Option<Bounds>,
    /// How long after the heal replicas agreed for the first time.
    pub converged_after: Option<Span>,
}

#[cfg(test)]
impl<'a, Q: Served> Seen<'a, Q> {
    /// A run of a thousand nanoseconds without faults, in which nobody looked at the nodes.
    fn quiet(history: &'a [HistoryEvent<Q, Q::Answer>], demand: &'a Demand) -> Seen<'a, Q> {
        Seen {
            history,
            held: &[],
            samples: &[],
            demand,
            opening_balance: None,
            ended: Time(1_000),
            healed: None,
            had_faults: false,
            plan: &[],
            faults: &[],
            lives: &[],
            bounds: None,
            converged_after: None,
        }
    }
}

/// The level that a check is spelt as; none where it is a check of another kind.
fn level(check: HistoryCheck) -> Option<Level> {
    <&str>::from(check).parse().ok()
}

/// The history in a checker's words: `call` puts a request, `answer` a request and its answer.
fn history<Q: Served, C, R>(
    seen: &[HistoryEvent<Q, Q::Answer>],
    call: impl Fn(&Q) -> C,
    answer: impl Fn(&Q, &Q::Answer) -> R,
) -> History<C, R> {
    build(seen, call, answer)
        .expect("a world's clients make one call at a time and end what they began")
}

fn build<Q: Served, C, R>(
    seen: &[HistoryEvent<Q, Q::Answer>],
    call: impl Fn(&Q) -> C,
    answer: impl Fn(&Q, &Q::Answer) -> R,
) -> Result<History<C, R>, HistoryError> {
    let mut builder = History::builder();
    let mut open = std::collections::BTreeMap::new();
    for event in seen {
        let (process, time) = (Process(event.process), event.time.0);
        match &event.what {
            Happened::Invoke(request) => {
                open.insert(event.process, request);
                builder.invoke(process, time, call(request))?;
            }
            Happened::Ok(response) => {
                let request = open.remove(&event.process).expect("what ends was invoked");
                builder.ok(process, time, answer(request, response))?;
            }
            Happened::Fail => {
                open.remove(&event.process);
                builder.fail(process, time)?;
            }
            Happened::Info => {
                open.remove(&event.process);
                builder.info(process, time)?;
            }
        }
    }
    Ok(builder.finish())
}

/// Each call in order of invocation: the call, how it ended, and when.
pub(crate) struct Call<'a, Q: Served> {
    pub(crate) client: u32,
    pub(crate) request: &'a Q,
    pub(crate) invoked: Time,
    pub(crate) ended: Option<(Time, &'a Happened<Q, Q::Answer>)>,
}

/// Pairs every invocation with its end.
pub(crate) fn calls<Q: Served>(history: &[HistoryEvent<Q, Q::Answer>]) -> Vec<Call<'_, Q>> {
    let mut calls = Vec::new();
    let mut open = std::collections::BTreeMap::new();
    for event in history {
        match &event.what {
            Happened::Invoke(request) => {
                open.insert(event.call, calls.len());
                calls.push(Call {
                    client: event.client.0,
                    request,
                    invoked: event.time,
                    ended: None,
                });
            }
            what => {
                let place = open.remove(&event.call).expect("what ends was invoked");
                calls[place].ended = Some((event.time, what));
            }
        }
    }
    calls
}
