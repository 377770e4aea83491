//! No two transactions that are open at the same moment both write a cell: the spans from start to commit
//! of its versions do not overlap. It is what makes it snapshot isolation. Peng & Dabek (2010), section
//! 2.2: "if transactions A and B, running concurrently, write to the same cell, at most one will commit";
//! Berenson et al. (1995), section 4.2, first committer wins.

use std::collections::BTreeMap;

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{Percolator, ended};
use crate::{
    percolator::message::{End, Timestamp},
    service::txn::Key,
    shared::news::News,
};

#[derive(Debug, Default)]
pub(in crate::percolator) struct VersionsApart {
    news: News,
    /// The start of each version by its cell and commit.
    versions: BTreeMap<(Key, Timestamp), Timestamp>,
}

impl VersionsApart {
    /// A version of this cell whose span overlaps with this one's.
    fn overlapping(
        &self,
        key: Key,
        (start, commit): (Timestamp, Timestamp),
    ) -> Option<(Timestamp, Timestamp)> {
        let during = self.versions.range((key, start.min(commit))..(key, commit));
        let next = self.versions.range((key, commit)..).next();
        let near = during
            .chain(next)
            .map(|((of, at), since)| (*of, *since, *at));
        let mut others = near.filter(|other| *other != (key, start, commit));
        let overlaps = |since, at| since < commit && start < at;
        others
            .find(|(of, since, at)| *of == key && overlaps(*since, *at))
            .map(|(_, since, at)| (since, at))
    }
}

impl Invariant<Percolator> for VersionsApart {
    fn name(&self) -> &'static str {
        "versions-apart"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Percolator>],
    ) -> Result<(), Breach> {
        for ended in ended(&mut self.news, touched, processes) {
            let End::Committed(commit) = ended.end else {
                continue;
            };
            let (key, start) = (ended.key, ended.lock.start);
            if let Some((since, at)) = self.overlapping(key, (start, commit)) {
                return Err(Breach {
                    anomaly: "overlapping-versions",
                    told: format!(
                        "{touched} has a version of key {key} from {start} to {commit}, and one \
                         from {since} to {at}"
                    ),
                });
            }
            self.versions.insert((key, commit), start);
        }
        Ok(())
    }
}
