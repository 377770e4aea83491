//! Locks and fencing: a lock has one holder at a time, and what it guards accepts nothing under a
//! token older than one that it has seen.
//!
//! Plain data in, a verdict out. A lock with a lease cannot promise the first without trusting
//! clocks and pauses, which is what the second is for (Kleppmann, "How to do distributed locking",
//! 2016; Burrows, Chubby, 2006, section 2.4).

use crate::anomaly::AnomalyName;
use crate::verdict::{Anomaly, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One time that a lock was held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The lock.
    pub lock: u64,
    /// Who held it.
    pub owner: u32,
    /// The fencing token that came with it, if one did.
    pub token: Option<u64>,
    /// From when on, in nanoseconds: when its owner was told.
    pub from: u64,
    /// Until when: its owner let it go, or lost it and knew so; none if it never did.
    pub until: Option<u64>,
    /// The operation of the history, if any: what evidence refers to.
    pub operation: Option<usize>,
}

/// One write that was accepted by what a lock guards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// What was written to.
    pub resource: u64,
    /// The token under which it was.
    pub token: u64,
    /// Who wrote.
    pub writer: u32,
    /// When, in nanoseconds.
    pub at: u64,
    /// The operation of the history, if any: what evidence refers to.
    pub operation: Option<usize>,
}

/// No two owners hold a lock at one time, and no token is given to two.
///
/// Whoever takes a lock at the very moment at which another lets it go comes after it.
pub fn check_holds(holds: &[Hold]) -> Verdict {
    let mut found = Vec::new();
    let mut by_lock: BTreeMap<u64, Vec<&Hold>> = BTreeMap::new();
    for hold in holds {
        by_lock.entry(hold.lock).or_default().push(hold);
    }
    for mut holds in by_lock.into_values() {
        holds.sort_by_key(|hold| hold.from);
        let mut tokens: BTreeMap<u64, &Hold> = BTreeMap::new();
        let mut open: Vec<&Hold> = Vec::new();
        for hold in holds {
            open.retain(|other| other.until.is_none_or(|until| until > hold.from));
            let is_empty = hold.until.is_some_and(|until| until <= hold.from);
            let other = open.iter().find(|other| other.owner != hold.owner);
            if let Some(other) = other.filter(|_| !is_empty) {
                found.push(double(other, hold, "while it is held"));
            }
            let before = hold.token.and_then(|token| tokens.insert(token, hold));
            if let Some(other) = before.filter(|other| other.owner != hold.owner) {
                found.push(double(other, hold, "under a token that was given before"));
            }
            open.push(hold);
        }
    }
    Verdict::from_anomalies(found)
}

fn double(one: &Hold, other: &Hold, how: &str) -> Anomaly {
    let words = format!(
        "process {} holds lock {} from {} ns on, {how}, by process {}",
        other.owner, other.lock, other.from, one.owner
    );
    let line = |hold: &Hold| {
        let until = hold
            .until
            .map_or("the end".to_owned(), |until| format!("{until} ns"));
        let token = hold
            .token
            .map_or(String::new(), |token| format!(", token {token}"));
        format!(
            "process {} holds lock {} from {} ns to {until}{token}",
            hold.owner, hold.lock, hold.from
        )
    };
    Anomaly::new(AnomalyName::DoubleLock, words)
        .with_operations(one.operation.into_iter().chain(other.operation))
        .with_steps([line(one), line(other)])
}

/// What a lock guards accepts tokens that never go back. Writes are given in the order in which each
/// resource accepted them.
pub fn check_fences(accepted: &[Accepted]) -> Verdict {
    let mut highest: BTreeMap<u64, &Accepted> = BTreeMap::new();
    let mut found = Vec::new();
    for write in accepted {
        let before = highest.entry(write.resource).or_insert(write);
        if before.token <= write.token {
            *before = write;
            continue;
        }
        let words = format!(
            "resource {} accepted a write of process {} under token {} at {} ns, after one of \
             process {} under token {} at {} ns",
            write.resource,
            write.writer,
            write.token,
            write.at,
            before.writer,
            before.token,
            before.at
        );
        let operations = before.operation.into_iter().chain(write.operation);
        found.push(Anomaly::new(AnomalyName::StaleFence, words).with_operations(operations));
    }
    Verdict::from_anomalies(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(owner: u32, token: u64, from: u64, until: Option<u64>) -> Hold {
        Hold {
            lock: 1,
            owner,
            token: Some(token),
            from,
            until,
            operation: Some(token as usize),
        }
    }

    #[test]
    fn one_after_the_other_is_how_a_lock_is_held() {
        let holds = [
            hold(1, 1, 0, Some(5)),
            hold(2, 2, 5, Some(9)),
            hold(1, 3, 10, None),
        ];
        assert_eq!(check_holds(&holds), Verdict::Holds);
    }

    #[test]
    fn two_owners_at_once_are_one_too_many() {
        let verdict = check_holds(&[hold(1, 1, 0, Some(6)), hold(2, 2, 5, Some(9))]);
        assert_eq!(verdict.names(), [AnomalyName::DoubleLock]);
        assert_eq!(verdict.anomalies()[0].operations, [1, 2]);
        assert!(check_holds(&[hold(1, 1, 0, None), hold(2, 2, 5, None)]).is_violated());
        // Somebody who has it already may take it again.
        assert!(check_holds(&[hold(1, 1, 0, None), hold(1, 2, 5, None)]).holds());
    }

    #[test]
    fn a_token_is_given_once() {
        let verdict = check_holds(&[hold(1, 7, 0, Some(4)), hold(2, 7, 5, Some(9))]);
        assert_eq!(verdict.names(), [AnomalyName::DoubleLock]);
    }

    #[test]
    fn an_old_token_is_refused_by_what_it_guards() {
        let write = |resource, token, at| Accepted {
            resource,
            token,
            writer: token as u32,
            at,
            operation: None,
        };
        let good = [
            write(1, 33, 1),
            write(2, 32, 2),
            write(1, 33, 3),
            write(1, 34, 4),
        ];
        assert_eq!(check_fences(&good), Verdict::Holds);
        let bad = [write(1, 33, 1), write(1, 34, 2), write(1, 33, 3)];
        assert_eq!(check_fences(&bad).names(), [AnomalyName::StaleFence]);
    }
}
