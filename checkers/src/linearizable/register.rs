//! Registers, one for each key: read, write, compare-and-set.
//!
//! Histories in which every value is written once, without compare-and-set, are judged by zones in
//! near-linear time; the rest is searched. What is wrong is named from the read's point of view.

mod names;
mod zones;

use super::{Sequential, Stuck, illegal_partition, partitions};
use crate::budget::Meter;
use crate::hash::Table;
use crate::history::History;
use crate::verdict::{Anomaly, Verdict};
use names::Values;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::hash::Hash;
use zones::Judged;

/// A call to the register of a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RegisterCall<K, V> {
    /// What is there?
    Read(K),
    /// Put this there.
    Write(K, V),
    /// Put `to` there if what is there is `from` (`None`: nothing was ever written).
    Cas {
        /// The register.
        key: K,
        /// What must be there.
        from: Option<V>,
        /// What to put there.
        to: V,
    },
}

impl<K, V> RegisterCall<K, V> {
    /// The register that the call is about.
    pub fn key(&self) -> &K {
        match self {
            Self::Read(key) | Self::Write(key, _) | Self::Cas { key, .. } => key,
        }
    }
}

/// A register's answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RegisterResponse<V> {
    /// What a read saw; `None`: nothing was ever written.
    Value(Option<V>),
    /// A write was done.
    Written,
    /// A compare-and-set was done (true), or what was there was not what was expected (false).
    Swapped(bool),
}

/// The specification of registers, all with one initial value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Register<K, V> {
    /// What is there before any write.
    pub initial: Option<V>,
    keys: std::marker::PhantomData<K>,
}

impl<K, V> Default for Register<K, V> {
    fn default() -> Self {
        Self::new(None)
    }
}

impl<K, V> Register<K, V> {
    /// Registers that hold this before any write; `None` for nothing.
    pub const fn new(initial: Option<V>) -> Self {
        Self {
            initial,
            keys: std::marker::PhantomData,
        }
    }
}

/// The calls of a register's history.
pub type RegisterHistory<K, V> = History<RegisterCall<K, V>, RegisterResponse<V>>;

impl<K, V> Sequential for Register<K, V>
where
    K: Ord + Clone + Debug,
    V: Ord + Clone + Hash + Debug,
{
    type Call = RegisterCall<K, V>;
    type Response = RegisterResponse<V>;
    type Key = K;
    type State = Option<V>;

    fn initial(&self) -> Option<V> {
        self.initial.clone()
    }

    fn key(&self, call: &Self::Call) -> K {
        call.key().clone()
    }

    fn step(
        &self,
        state: &Option<V>,
        call: &Self::Call,
        response: Option<&Self::Response>,
    ) -> Option<Option<V>> {
        match (call, response) {
            (RegisterCall::Read(_), None) => Some(state.clone()),
            (RegisterCall::Read(_), Some(RegisterResponse::Value(seen))) => {
                (seen == state).then(|| state.clone())
            }
            (RegisterCall::Write(_, value), None | Some(RegisterResponse::Written)) => {
                Some(Some(value.clone()))
            }
            (RegisterCall::Cas { from, to, .. }, None | Some(RegisterResponse::Swapped(true))) => {
                (from == state).then(|| Some(to.clone()))
            }
            (RegisterCall::Cas { from, .. }, Some(RegisterResponse::Swapped(false))) => {
                (from != state).then(|| state.clone())
            }
            // An answer of another call's kind is impossible in every state.
            (_, Some(_)) => None,
        }
    }

    fn only_observes(&self, call: &Self::Call, response: Option<&Self::Response>) -> bool {
        let is_read = matches!(call, RegisterCall::Read(_));
        is_read || response == Some(&RegisterResponse::Swapped(false))
    }

    fn is_same(&self, call: &Self::Call, other: &Self::Call) -> bool {
        call == other
    }

    fn may_drop(
        &self,
        call: &Self::Call,
        response: Option<&Self::Response>,
        rest: &[(&Self::Call, Option<&Self::Response>)],
    ) -> bool {
        let written = match (call, response) {
            (RegisterCall::Read(_), _)
            | (RegisterCall::Cas { .. }, Some(RegisterResponse::Swapped(false))) => return true,
            (RegisterCall::Write(_, value), _) | (RegisterCall::Cas { to: value, .. }, _) => value,
        };
        // Without the write the value before it stays: harmless unless somebody saw the value
        // written, or saw that the value before was gone.
        !rest.iter().any(|(call, response)| match (call, response) {
            (_, Some(RegisterResponse::Swapped(false))) => true,
            (RegisterCall::Cas { from, .. }, _) => from.as_ref() == Some(written),
            (_, Some(RegisterResponse::Value(seen))) => seen.as_ref() == Some(written),
            _ => false,
        })
    }

    fn tell(&self, call: &Self::Call, response: Option<&Self::Response>) -> String {
        let asked = match call {
            RegisterCall::Read(key) => format!("read {key:?}"),
            RegisterCall::Write(key, value) => format!("write {key:?} := {value:?}"),
            RegisterCall::Cas {
                key,
                from: Some(from),
                to,
            } => {
                format!("cas {key:?} from {from:?} to {to:?}")
            }
            RegisterCall::Cas {
                key,
                from: None,
                to,
            } => {
                format!("cas {key:?} from nothing to {to:?}")
            }
        };
        match response {
            Some(RegisterResponse::Value(Some(value))) => format!("{asked} = {value:?}"),
            Some(RegisterResponse::Value(None)) => format!("{asked} = nothing"),
            Some(RegisterResponse::Written | RegisterResponse::Swapped(true)) => asked,
            Some(RegisterResponse::Swapped(false)) => format!("{asked}, refused"),
            None => format!("{asked}, no answer"),
        }
    }

    fn name(&self, history: &RegisterHistory<K, V>, stuck: &Stuck<Self>) -> Vec<Anomaly> {
        names::name(self, history, stuck)
    }
}

/// Are the registers linearizable? Near-linear where values are unique, searched otherwise.
pub fn check_registers<K, V>(
    model: &Register<K, V>,
    history: &RegisterHistory<K, V>,
    meter: &mut Meter<'_>,
) -> Verdict
where
    K: Ord + Clone + Debug,
    V: Ord + Clone + Hash + Debug,
{
    let mut found = Vec::new();
    let mut remains = BTreeMap::new();
    for (key, ids) in partitions(model, history) {
        if let Err(reason) = meter.spend(ids.len() as u64) {
            return Verdict::Unknown(reason);
        }
        let gathered = Values::gather(model, history, &ids);
        let proofs = names::proofs_of(model, history, &gathered);
        if !proofs.is_empty() {
            found.extend(proofs);
            if found.len() >= names::TOLD_MAX {
                break;
            }
            continue;
        }
        match zones::judge(model, history, &gathered) {
            Judged::Linearizable => {}
            Judged::Illegal(anomaly) => found.push(*anomaly),
            Judged::NotUnique => {
                remains.insert(key, useful(history, &ids));
            }
        }
    }
    if !found.is_empty() {
        return Verdict::Violated(found);
    }
    match illegal_partition(model, &remains, history, meter) {
        Ok(None) => Verdict::Holds,
        Ok(Some(stuck)) => {
            Verdict::from_anomalies(model.name(history, &stuck.shrink(model, history)))
        }
        Err(reason) => Verdict::Unknown(reason),
    }
}

/// Leaves out unknown operations that no search needs: reads, and writes that nobody can have seen.
fn useful<K, V>(history: &RegisterHistory<K, V>, ids: &[usize]) -> Vec<usize>
where
    V: Ord + Clone + Hash + Debug,
{
    let mut observed: Table<&V, ()> = Table::default();
    let mut refused = false;
    for &id in ids {
        let operation = &history.operations()[id];
        if let Some(RegisterResponse::Value(Some(value))) = operation.response() {
            observed.insert(value, ());
        }
        if let RegisterCall::Cas {
            from: Some(from), ..
        } = &operation.call
        {
            observed.insert(from, ());
        }
        refused |= matches!(operation.response(), Some(RegisterResponse::Swapped(false)));
    }
    let is_useful = |&id: &usize| {
        let operation = &history.operations()[id];
        match &operation.call {
            _ if !operation.is_info() => true,
            RegisterCall::Read(_) => false,
            // A refused compare-and-set saw that something else was there.
            RegisterCall::Write(_, value) | RegisterCall::Cas { to: value, .. } => {
                refused || observed.contains_key(value)
            }
        }
    };
    ids.iter().copied().filter(is_useful).collect()
}
