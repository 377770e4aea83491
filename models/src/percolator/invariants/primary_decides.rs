//! A secondary has a version only if its primary has one of the same moment, and loses its lock only if its
//! primary never has. Peng & Dabek (2010), section 2.2: the primary's write is the commit point.

use std::collections::BTreeMap;

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{Percolator, ended};
use crate::{
    percolator::message::{End, Lock},
    service::txn::Key,
    shared::news::News,
};

#[derive(Debug, Default)]
pub(in crate::percolator) struct PrimaryDecides {
    news: News,
    primaries: BTreeMap<Lock, End>,
    /// Secondaries that were rolled back before their primary was.
    before: BTreeMap<Lock, Key>,
}

impl Invariant<Percolator> for PrimaryDecides {
    fn name(&self) -> &'static str {
        "primary-decides"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Percolator>],
    ) -> Result<(), Breach> {
        for ended in ended(&mut self.news, touched, processes) {
            let (lock, key) = (ended.lock, ended.key);
            let breach = |told: String| {
                Err(Breach {
                    anomaly: "non-atomic-commit",
                    told: format!("{told} of transaction {}", lock.transaction),
                })
            };
            if key == lock.primary {
                let first = *self.primaries.entry(lock).or_insert(ended.end);
                if first != ended.end {
                    return breach(format!(
                        "the primary {key} ends twice: {first:?}, {ended:?}"
                    ));
                }
            }
            match (self.primaries.get(&lock), ended.end) {
                (None, End::Committed(_)) => {
                    return breach(format!("key {key} is committed before the primary"));
                }
                (None, End::RolledBack) => {
                    self.before.insert(lock, key);
                }
                (Some(primary), end) if *primary != end => {
                    return breach(format!(
                        "key {key} ends as {end:?}, the primary as {primary:?}"
                    ));
                }
                (Some(End::Committed(_)), _) if self.before.contains_key(&lock) => {
                    let other = self.before[&lock];
                    return breach(format!("key {other} was rolled back before the commit"));
                }
                (Some(_), _) => {}
            }
        }
        Ok(())
    }
}
