//! What steps need, find and change: the work of a shard, without locks, logs or messages.

use std::collections::BTreeMap;

use super::{Change, Found, Step};
use crate::{
    service::txn::{Datum, Key, MicroOp, Refused, Store},
    shared::locks::LockMode,
};

/// The strongest lock that these steps need on each key.
pub(super) fn needs(steps: &[Step]) -> BTreeMap<Key, LockMode> {
    let mut needs = BTreeMap::new();
    for (_, op) in steps {
        let mode = match op.is_update() {
            true => LockMode::Exclusive,
            false => LockMode::Shared,
        };
        let held = needs.entry(op.key()).or_insert(mode);
        *held = mode.max(*held);
    }
    needs
}

/// What is to be changed if a transaction commits.
pub type Writes = Vec<(Key, Change)>;

/// Does the steps on a copy of what they touch: what they found, and what is to be changed.
pub fn run(steps: &[Step], store: &Store) -> Result<(Found, Writes), Refused> {
    let mut scratch = Store {
        opening_balance: store.opening_balance,
        data: BTreeMap::new(),
    };
    for (_, op) in steps {
        if let Some(datum) = store.data.get(&op.key()) {
            scratch.data.insert(op.key(), datum.clone());
        }
    }
    let mut found = Vec::with_capacity(steps.len());
    let mut changes: BTreeMap<Key, Change> = BTreeMap::new();
    for (place, op) in steps {
        found.push((*place, scratch.apply(op)?));
        match (op, scratch.data.get(&op.key())) {
            (MicroOp::Read { .. }, _) => {}
            (MicroOp::Append { key, value }, _) => {
                match changes.entry(*key).or_insert(Change::Append(Vec::new())) {
                    Change::Append(values) => values.push(*value),
                    Change::Put(_) => return Err(Refused),
                }
            }
            (MicroOp::Write { key, .. } | MicroOp::Add { key, .. }, Some(Datum::Int(value))) => {
                changes.insert(*key, Change::Put(*value));
            }
            (MicroOp::Write { .. } | MicroOp::Add { .. }, _) => return Err(Refused),
        }
    }
    Ok((found, changes.into_iter().collect()))
}

/// Carries out what a committed transaction changes.
pub fn install(changes: &[(Key, Change)], store: &mut Store) {
    for (key, change) in changes {
        match change {
            Change::Put(value) => {
                store.data.insert(*key, Datum::Int(*value));
            }
            Change::Append(values) => match store.data.get_mut(key) {
                Some(Datum::List(list)) => list.extend(values),
                Some(Datum::Int(_)) | None => {
                    store.data.insert(*key, Datum::List(values.clone()));
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = 7;

    fn steps(ops: &[MicroOp]) -> Vec<Step> {
        (0..).zip(ops.iter().cloned()).collect()
    }

    #[test]
    fn steps_see_what_earlier_steps_did_and_nothing_is_changed_until_they_commit() {
        let store = Store {
            opening_balance: Some(5),
            data: BTreeMap::new(),
        };
        let add = |amount| MicroOp::Add { key: KEY, amount };
        let read = MicroOp::Read { key: KEY };
        let steps = steps(&[read.clone(), add(-5), read.clone(), add(2), read]);
        let (found, changes) = run(&steps, &store).expect("five is enough for five");
        let found: Vec<_> = found.into_iter().map(|(_, datum)| datum).collect();
        let number = |n| Some(Datum::Int(n));
        assert_eq!(found, [number(5), None, number(0), None, number(2)]);
        assert_eq!(changes, [(KEY, Change::Put(2))]);
        let mut committed = store;
        install(&changes, &mut committed);
        assert_eq!(committed.get(KEY), number(2));
    }

    #[test]
    fn a_list_grows_by_what_is_appended_whatever_came_before() {
        let append = |value| MicroOp::Append { key: KEY, value };
        let mut store = Store::default();
        for pair in [[1, 2], [3, 4]] {
            let (_, changes) = run(&steps(&pair.map(append)), &store).expect("it is a list");
            assert_eq!(changes, [(KEY, Change::Append(pair.to_vec()))]);
            install(&changes, &mut store);
        }
        assert_eq!(store.get(KEY), Some(Datum::List(vec![1, 2, 3, 4])));
    }

    #[test]
    fn an_account_below_zero_and_a_key_of_another_kind_are_refused() {
        let store = Store::default();
        let short = steps(&[MicroOp::Add {
            key: KEY,
            amount: -1,
        }]);
        assert_eq!(run(&short, &store), Err(Refused));
        let mixed = steps(&[
            MicroOp::Write { key: KEY, value: 1 },
            MicroOp::Append { key: KEY, value: 2 },
        ]);
        assert_eq!(run(&mixed, &store), Err(Refused));
    }

    #[test]
    fn a_key_that_is_read_and_changed_is_locked_once_and_exclusively() {
        let steps = steps(&[
            MicroOp::Read { key: 1 },
            MicroOp::Read { key: 2 },
            MicroOp::Write { key: 1, value: 0 },
            MicroOp::Read { key: 1 },
        ]);
        let expected = BTreeMap::from([(1, LockMode::Exclusive), (2, LockMode::Shared)]);
        assert_eq!(needs(&steps), expected);
    }
}
