//! Linearizability: is there one order of the calls, each at a point between its invocation and its
//! return, that a sequential specification explains?
//!
//! The specification is a [`Sequential`]: one of this crate's ([`Register`] and others) or the
//! user's own. Histories are split by key (linearizability is local), and the partitions' searches
//! are run in slices, so that an easy refutation does not wait behind a hopeless search. A failed
//! operation never happened; an unknown one may take effect at any time after its invocation, or
//! never.

mod certificate;
mod explain;
mod monitor;
mod objects;
mod register;
mod search;
mod sequential;
mod window;

pub use certificate::{check_in_order, is_certified};
pub use explain::Stuck;
pub use monitor::Monitored;
pub use objects::{
    Counter, CounterCall, CounterResponse, Discipline, Element, Lock, LockCall, Pile, PileCall,
    PileResponse, Set, SetCall, SetResponse,
};
pub use register::{Register, RegisterCall, RegisterHistory, RegisterResponse, check_registers};

pub use sequential::check_sequential;

use crate::budget::{Budget, Meter};
use crate::history::History;
use crate::verdict::{Anomaly, Reason, Verdict};
use search::{Progress, Search};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Debug;
use std::hash::Hash;
use window::Window;

/// A sequential specification: what each call may answer in each state, and what it leaves behind.
pub trait Sequential {
    /// What is asked.
    type Call: Debug;
    /// What is answered.
    type Response: Debug;
    /// Calls with different keys have nothing to do with each other; `()` where all have.
    type Key: Ord + Debug;
    /// Everything that later answers depend on.
    type State: Clone + Eq + Hash + Debug;

    /// The state before every call.
    fn initial(&self) -> Self::State;

    /// The part of the world that a call is about.
    fn key(&self, call: &Self::Call) -> Self::Key;

    /// The state after `call` answered `response` in `state`; none if it cannot have.
    ///
    /// Without a response (the call's end is unknown) every answer is possible, and the state is
    /// the one after the call took effect.
    fn step(
        &self,
        state: &Self::State,
        call: &Self::Call,
        response: Option<&Self::Response>,
    ) -> Option<Self::State>;

    /// Does this operation leave every state as it is? Such a one is placed as soon as it fits.
    ///
    /// Only for speed; saying false is always right.
    fn only_observes(&self, _call: &Self::Call, _response: Option<&Self::Response>) -> bool {
        false
    }

    /// Are two calls the same, so that of two without an answer the earlier may go first?
    ///
    /// Only for speed; saying false is always right.
    fn is_same(&self, _call: &Self::Call, _other: &Self::Call) -> bool {
        false
    }

    /// Would every legal history with this operation still be legal without it, given the `rest`?
    ///
    /// Only for making evidence small: reads may usually go, and writes that nobody saw. Saying
    /// false is always right.
    fn may_drop(
        &self,
        _call: &Self::Call,
        _response: Option<&Self::Response>,
        _rest: &[(&Self::Call, Option<&Self::Response>)],
    ) -> bool {
        false
    }

    /// Decides one partition in near-linear time, where its history is of a kind that allows it.
    ///
    /// Only for speed; saying [`Monitored::Unsuited`] is always right.
    fn monitor(&self, _entries: &[Entry<'_, Self>]) -> Monitored
    where
        Self: Sized,
    {
        Monitored::Unsuited
    }

    /// The operation in words.
    fn tell(&self, call: &Self::Call, response: Option<&Self::Response>) -> String {
        match response {
            Some(response) => format!("{call:?} -> {response:?}"),
            None => format!("{call:?} -> ?"),
        }
    }

    /// Names what is wrong in a partition that is not linearizable, as precisely as is possible.
    ///
    /// `stuck` says how far the search came. The default is
    /// [`nonlinearizable`](crate::AnomalyName::Nonlinearizable) with that as its evidence.
    fn name(
        &self,
        history: &History<Self::Call, Self::Response>,
        stuck: &Stuck<Self>,
    ) -> Vec<Anomaly>
    where
        Self: Sized,
    {
        vec![stuck.tell(self, history)]
    }
}

/// An operation as the search and the monitors see it; failed ones are not there.
#[derive(Debug)]
pub struct Entry<'a, M: Sequential> {
    /// What was asked.
    pub call: &'a M::Call,
    /// What was answered; none where the end is unknown.
    pub response: Option<&'a M::Response>,
    /// The index of its invocation.
    pub invoked: u64,
    /// The index of its return; `u64::MAX` where the end is unknown.
    pub returned: u64,
}

impl<M: Sequential> Clone for Entry<'_, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M: Sequential> Copy for Entry<'_, M> {}

/// Steps of the first slice of each partition; later slices are longer.
const FIRST_SLICE_STEPS: u64 = 20_000;

/// Is the history linearizable?
pub fn check<M: Sequential>(
    model: &M,
    history: &History<M::Call, M::Response>,
    meter: &mut Meter<'_>,
) -> Verdict {
    match illegal_partition(model, &partitions(model, history), history, meter) {
        Ok(None) => Verdict::Holds,
        Ok(Some(stuck)) => {
            Verdict::from_anomalies(model.name(history, &stuck.shrink(model, history)))
        }
        Err(reason) => Verdict::Unknown(reason),
    }
}

/// The operations of each key, by their positions in the history; failed ones are left out.
pub(crate) fn partitions<M: Sequential>(
    model: &M,
    history: &History<M::Call, M::Response>,
) -> BTreeMap<M::Key, Vec<usize>> {
    let mut partitions: BTreeMap<M::Key, Vec<usize>> = BTreeMap::new();
    for (id, operation) in history.operations().iter().enumerate() {
        if !operation.is_fail() {
            partitions
                .entry(model.key(&operation.call))
                .or_default()
                .push(id);
        }
    }
    partitions
}

/// The first partition found illegal, with how far its search came.
pub(crate) fn illegal_partition<M: Sequential>(
    model: &M,
    partitions: &BTreeMap<M::Key, Vec<usize>>,
    history: &History<M::Call, M::Response>,
    meter: &mut Meter<'_>,
) -> Result<Option<Stuck<M>>, Reason> {
    let mut waiting: VecDeque<(&Vec<usize>, AnySearch<'_, M>)> = VecDeque::new();
    let mut slice = FIRST_SLICE_STEPS;
    for ids in partitions.values() {
        let partition = entries(history, ids);
        meter.spend(ids.len() as u64)?;
        match model.monitor(&partition) {
            Monitored::Legal => continue,
            Monitored::Illegal(places) => {
                if let Some(stuck) = confirm(model, history, ids, &places) {
                    return Ok(Some(stuck));
                }
            }
            Monitored::Unsuited => {}
        }
        let mut search = AnySearch::new(model, partition);
        match search.run(slice, meter)? {
            Progress::Linearizable => {}
            Progress::Illegal => return Ok(Some(search.into_stuck(ids))),
            Progress::Paused => waiting.push_back((ids, search)),
        }
    }
    while let Some((ids, mut search)) = waiting.pop_front() {
        slice = slice.saturating_add(slice / 4);
        match search.run(slice, meter)? {
            Progress::Linearizable => {}
            Progress::Illegal => return Ok(Some(search.into_stuck(ids))),
            Progress::Paused => waiting.push_back((ids, search)),
        }
    }
    Ok(None)
}

/// Steps in which a monitor's evidence, which is small, should be confirmed.
const CONFIRM_STEPS_MAX: u64 = 200_000;

/// What a monitor found illegal, as the search sees it; none if the search thinks otherwise, which
/// would be a fault of the monitor's: then the whole partition is searched.
fn confirm<M: Sequential>(
    model: &M,
    history: &History<M::Call, M::Response>,
    ids: &[usize],
    places: &[usize],
) -> Option<Stuck<M>> {
    let evidence: BTreeSet<usize> = places.iter().map(|place| ids[*place]).collect();
    let evidence: Vec<usize> = evidence.into_iter().collect();
    let mut search = AnySearch::new(model, entries(history, &evidence));
    let mut meter = Meter::new(Budget::steps(CONFIRM_STEPS_MAX));
    match search.run(CONFIRM_STEPS_MAX, &mut meter) {
        Ok(Progress::Linearizable) => None,
        Ok(Progress::Illegal) => Some(search.into_stuck(&evidence)),
        // Too much for a search, and not for the monitor, which has decided.
        Ok(Progress::Paused) | Err(_) => {
            let ended = |id: &&usize| history.operations()[**id].completed();
            let blocked = *evidence
                .iter()
                .filter(|id| ended(id).is_some())
                .max_by_key(ended)?;
            Some(Stuck {
                operations: evidence,
                prefix: Vec::new(),
                state: model.initial(),
                blocked,
                minimal: Vec::new(),
            })
        }
    }
}

/// The operations of one partition as the search sees them.
pub(crate) fn entries<'a, M: Sequential>(
    history: &'a History<M::Call, M::Response>,
    ids: &[usize],
) -> Vec<Entry<'a, M>> {
    let entry = |&id: &usize| {
        let operation = &history.operations()[id];
        Entry {
            call: &operation.call,
            response: operation.response(),
            invoked: operation.invoked.index,
            returned: operation.completed().map_or(u64::MAX, |at| at.index),
        }
    };
    ids.iter().map(entry).collect()
}

/// A search with a window of the right size.
enum AnySearch<'a, M: Sequential> {
    One(Box<Search<'a, M, [u64; 1]>>),
    Two(Box<Search<'a, M, [u64; 2]>>),
    Four(Box<Search<'a, M, [u64; 4]>>),
    Many(Box<Search<'a, M, Box<[u64]>>>),
}

impl<'a, M: Sequential> AnySearch<'a, M> {
    fn new(model: &'a M, entries: Vec<Entry<'a, M>>) -> Self {
        let slots = search::slots(&entries);
        let initial = model.initial();
        match slots.1 {
            0..=64 => Self::One(Box::new(Search::new(model, initial, entries, slots))),
            65..=128 => Self::Two(Box::new(Search::new(model, initial, entries, slots))),
            129..=256 => Self::Four(Box::new(Search::new(model, initial, entries, slots))),
            _ => Self::Many(Box::new(Search::new(model, initial, entries, slots))),
        }
    }

    fn run(&mut self, slice_steps: u64, meter: &mut Meter<'_>) -> Result<Progress, Reason> {
        match self {
            Self::One(search) => search.run(slice_steps, meter),
            Self::Two(search) => search.run(slice_steps, meter),
            Self::Four(search) => search.run(slice_steps, meter),
            Self::Many(search) => search.run(slice_steps, meter),
        }
    }

    fn into_stuck(self, ids: &[usize]) -> Stuck<M> {
        match self {
            Self::One(search) => stuck(&search, ids),
            Self::Two(search) => stuck(&search, ids),
            Self::Four(search) => stuck(&search, ids),
            Self::Many(search) => stuck(&search, ids),
        }
    }
}

fn stuck<M: Sequential, W: Window>(search: &Search<'_, M, W>, ids: &[usize]) -> Stuck<M> {
    let blocked = search
        .stuck()
        .expect("an illegal search is stuck at a return");
    Stuck {
        operations: ids.to_vec(),
        prefix: search
            .longest()
            .iter()
            .map(|&id| ids[id as usize])
            .collect(),
        state: search.stuck_state(),
        blocked: ids[blocked as usize],
        minimal: Vec::new(),
    }
}

/// Is a handful of operations linearizable? Used to make evidence small.
pub(crate) fn is_legal<M: Sequential>(
    model: &M,
    entries: Vec<Entry<'_, M>>,
    meter: &mut Meter<'_>,
) -> Result<bool, Reason> {
    Ok(AnySearch::new(model, entries).run(u64::MAX, meter)? == Progress::Linearizable)
}
