//! Sequential specifications of the usual objects: set, counter, queue, stack, lock.

use super::monitor::{Monitored, monitor_pile, monitor_set};
use super::{Entry, Sequential};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};
use std::fmt::Debug;
use std::hash::Hash;
use std::marker::PhantomData;

/// What elements of collections must be able to do.
pub trait Element: Clone + Ord + Hash + Debug {}

impl<T: Clone + Ord + Hash + Debug> Element for T {}

/// A call to a set.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SetCall<V> {
    /// Puts an element in.
    Add(V),
    /// Takes an element out.
    Remove(V),
    /// Reads all elements.
    Read,
}

/// A set's answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SetResponse<V: Ord> {
    /// The element is in, or out.
    Done,
    /// All elements.
    Elements(BTreeSet<V>),
}

/// A set that is empty initially.
#[derive(Clone, Copy, Debug, Default)]
pub struct Set<V>(PhantomData<V>);

impl<V> Set<V> {
    /// An empty set.
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

impl<V: Element> Sequential for Set<V> {
    type Call = SetCall<V>;
    type Response = SetResponse<V>;
    type Key = ();
    type State = BTreeSet<V>;

    fn initial(&self) -> BTreeSet<V> {
        BTreeSet::new()
    }

    fn key(&self, _call: &Self::Call) {}

    fn step(
        &self,
        state: &BTreeSet<V>,
        call: &Self::Call,
        response: Option<&Self::Response>,
    ) -> Option<BTreeSet<V>> {
        let mut after = state.clone();
        match (call, response) {
            (SetCall::Add(value), None | Some(SetResponse::Done)) => {
                after.insert(value.clone());
            }
            (SetCall::Remove(value), None | Some(SetResponse::Done)) => {
                after.remove(value);
            }
            (SetCall::Read, Some(SetResponse::Elements(seen))) if seen != state => return None,
            (SetCall::Read, None | Some(SetResponse::Elements(_))) => {}
            // An answer of another call's kind is impossible in every state.
            (_, Some(_)) => return None,
        }
        Some(after)
    }

    fn only_observes(&self, call: &Self::Call, _response: Option<&Self::Response>) -> bool {
        matches!(call, SetCall::Read)
    }

    fn is_same(&self, call: &Self::Call, other: &Self::Call) -> bool {
        call == other
    }

    fn monitor(&self, entries: &[Entry<'_, Self>]) -> Monitored {
        monitor_set(entries)
    }
}

/// A call to a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CounterCall {
    /// Adds a number, which may be negative.
    Add(i64),
    /// Reads the sum.
    Read,
}

/// A counter's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CounterResponse {
    /// It was added.
    Added,
    /// The sum.
    Sum(i64),
}

/// A counter.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counter {
    /// Where it begins.
    pub initial: i64,
}

impl Sequential for Counter {
    type Call = CounterCall;
    type Response = CounterResponse;
    type Key = ();
    type State = i64;

    fn initial(&self) -> i64 {
        self.initial
    }

    fn key(&self, _call: &CounterCall) {}

    fn step(
        &self,
        state: &i64,
        call: &CounterCall,
        response: Option<&CounterResponse>,
    ) -> Option<i64> {
        match (call, response) {
            (CounterCall::Add(more), None | Some(CounterResponse::Added)) => {
                Some(state.wrapping_add(*more))
            }
            (CounterCall::Read, Some(CounterResponse::Sum(seen))) => {
                (seen == state).then_some(*state)
            }
            (CounterCall::Read, None) => Some(*state),
            (_, Some(_)) => None,
        }
    }

    fn only_observes(&self, call: &CounterCall, _response: Option<&CounterResponse>) -> bool {
        matches!(call, CounterCall::Read)
    }

    fn is_same(&self, call: &CounterCall, other: &CounterCall) -> bool {
        call == other
    }
}

/// A call to a queue or a stack.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PileCall<V> {
    /// Puts an element on it.
    Put(V),
    /// Takes the next element off.
    Take,
}

/// The answer of a queue or a stack.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PileResponse<V> {
    /// The element is there.
    Put,
    /// The element that was taken; none if there was none.
    Taken(Option<V>),
}

/// In which order elements are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discipline {
    /// A queue: the element that was put first is taken first.
    FirstInFirstOut,
    /// A stack: the element that was put last is taken first.
    LastInFirstOut,
}

/// A queue or a stack, empty initially.
#[derive(Clone, Copy, Debug)]
pub struct Pile<V> {
    discipline: Discipline,
    elements: PhantomData<V>,
}

impl<V> Pile<V> {
    /// An empty queue.
    pub fn queue() -> Self {
        Self {
            discipline: Discipline::FirstInFirstOut,
            elements: PhantomData,
        }
    }

    /// An empty stack.
    pub fn stack() -> Self {
        Self {
            discipline: Discipline::LastInFirstOut,
            elements: PhantomData,
        }
    }
}

impl<V: Element> Sequential for Pile<V> {
    type Call = PileCall<V>;
    type Response = PileResponse<V>;
    type Key = ();
    type State = VecDeque<V>;

    fn initial(&self) -> VecDeque<V> {
        VecDeque::new()
    }

    fn key(&self, _call: &Self::Call) {}

    fn step(
        &self,
        state: &VecDeque<V>,
        call: &Self::Call,
        response: Option<&Self::Response>,
    ) -> Option<VecDeque<V>> {
        let next = match self.discipline {
            Discipline::FirstInFirstOut => state.front(),
            Discipline::LastInFirstOut => state.back(),
        };
        match (call, response) {
            (PileCall::Put(value), None | Some(PileResponse::Put)) => {
                let mut after = state.clone();
                after.push_back(value.clone());
                Some(after)
            }
            (PileCall::Take, Some(PileResponse::Taken(taken))) if taken.as_ref() != next => None,
            (PileCall::Take, None | Some(PileResponse::Taken(_))) => {
                let mut after = state.clone();
                match self.discipline {
                    Discipline::FirstInFirstOut => after.pop_front(),
                    Discipline::LastInFirstOut => after.pop_back(),
                };
                Some(after)
            }
            (_, Some(_)) => None,
        }
    }

    fn is_same(&self, call: &Self::Call, other: &Self::Call) -> bool {
        call == other
    }

    fn monitor(&self, entries: &[Entry<'_, Self>]) -> Monitored {
        monitor_pile(self.discipline, entries)
    }
}

/// A call to a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LockCall {
    /// This owner takes the lock.
    Acquire(u32),
    /// This owner gives it back.
    Release(u32),
}

/// A lock that one owner holds at a time; only its owner releases it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lock;

impl Sequential for Lock {
    type Call = LockCall;
    /// Whether it was done; a refusal says that the lock was not free, or not the caller's.
    type Response = bool;
    type Key = ();
    type State = Option<u32>;

    fn initial(&self) -> Option<u32> {
        None
    }

    fn key(&self, _call: &LockCall) {}

    fn step(
        &self,
        state: &Option<u32>,
        call: &LockCall,
        response: Option<&bool>,
    ) -> Option<Option<u32>> {
        let (is_possible, after) = match call {
            LockCall::Acquire(owner) => (state.is_none(), Some(*owner)),
            LockCall::Release(owner) => (*state == Some(*owner), None),
        };
        match response {
            Some(false) => (!is_possible).then_some(*state),
            None | Some(true) => is_possible.then_some(after),
        }
    }

    fn only_observes(&self, _call: &LockCall, response: Option<&bool>) -> bool {
        response == Some(&false)
    }

    fn is_same(&self, call: &LockCall, other: &LockCall) -> bool {
        call == other
    }
}
