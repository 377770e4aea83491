//! What must hold after every event, on what becomes of locks and on what the oracle hands out. One file
//! each.

pub(super) mod commit_after_start;
pub(super) mod oracle_goes_on;
pub(super) mod primary_decides;
pub(super) mod versions_apart;

use murphy_sim::{Invariant, NodeId};

use super::{Percolator, tablet::Ended};
use crate::shared::news::News;

/// All of them.
pub(super) fn all() -> Vec<Box<dyn Invariant<Percolator>>> {
    vec![
        Box::<commit_after_start::CommitAfterStart>::default(),
        Box::<versions_apart::VersionsApart>::default(),
        Box::<primary_decides::PrimaryDecides>::default(),
        Box::<oracle_goes_on::OracleGoesOn>::default(),
    ]
}

/// What became of locks at this node since it was last looked at, as far as no crash undoes it.
fn ended<'a>(news: &mut News, touched: NodeId, processes: &'a [Option<Percolator>]) -> &'a [Ended] {
    match &processes[touched.index()] {
        Some(Percolator::Worker(worker)) => {
            let (life, ended) = worker.ended();
            news.since(touched, life, ended)
        }
        Some(Percolator::Oracle(_)) | None => &[],
    }
}
