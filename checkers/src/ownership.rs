//! Ownership: a partition has one owner in each epoch (or term, or generation).
//!
//! Plain data in, a verdict out. Two owners in two epochs are no matter for this checker, even at
//! one time: what keeps the older one from harm is for [`crate::fencing`].

use crate::anomaly::AnomalyName;
use crate::verdict::{Anomaly, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Somebody acted as the owner of a partition: it declared itself so, or did what only an owner may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The partition, shard or group.
    pub partition: u64,
    /// The epoch under which it acted.
    pub epoch: u64,
    /// Who.
    pub owner: u32,
    /// When, in nanoseconds.
    pub at: u64,
    /// The operation of the history, if any: what evidence refers to.
    pub operation: Option<usize>,
}

/// Has every partition one owner in every epoch? Each epoch with two is told once.
pub fn check(claims: &[Claim]) -> Verdict {
    let mut first: BTreeMap<(u64, u64), (&Claim, bool)> = BTreeMap::new();
    let mut found = Vec::new();
    for claim in claims {
        let entry = first.entry((claim.partition, claim.epoch));
        let (before, is_told) = entry.or_insert((claim, false));
        if before.owner == claim.owner || *is_told {
            continue;
        }
        *is_told = true;
        let words = format!(
            "partition {} has two owners in epoch {}: process {} at {} ns, process {} at {} ns",
            claim.partition, claim.epoch, before.owner, before.at, claim.owner, claim.at
        );
        let operations = before.operation.into_iter().chain(claim.operation);
        found.push(Anomaly::new(AnomalyName::TwoOwners, words).with_operations(operations));
    }
    Verdict::from_anomalies(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_has_one_owner() {
        let claim = |partition, epoch, owner| Claim {
            partition,
            epoch,
            owner,
            at: 5,
            operation: Some(owner as usize),
        };
        let good = [
            claim(1, 1, 10),
            claim(1, 2, 11),
            claim(1, 1, 10),
            claim(2, 1, 11),
        ];
        assert_eq!(check(&good), Verdict::Holds);
        let bad = [claim(1, 1, 10), claim(1, 1, 11), claim(1, 1, 12)];
        let verdict = check(&bad);
        assert_eq!(verdict.names(), [AnomalyName::TwoOwners]);
        assert_eq!(verdict.anomalies().len(), 1);
        assert_eq!(verdict.anomalies()[0].operations, [10, 11]);
    }
}
