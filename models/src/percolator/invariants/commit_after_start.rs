//! A transaction commits after the moment that its snapshot is of. Peng & Dabek (2010), section 2.2,
//! figure 3.

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{Percolator, ended};
use crate::{percolator::message::End, shared::news::News};

#[derive(Debug, Default)]
pub(in crate::percolator) struct CommitAfterStart {
    news: News,
}

impl Invariant<Percolator> for CommitAfterStart {
    fn name(&self) -> &'static str {
        "commit-after-start"
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
            if commit <= ended.lock.start {
                return Err(Breach {
                    anomaly: "commit-before-start",
                    told: format!(
                        "{touched} commits key {} of transaction {} at {commit}, which began at {}",
                        ended.key, ended.lock.transaction, ended.lock.start
                    ),
                });
            }
        }
        Ok(())
    }
}
