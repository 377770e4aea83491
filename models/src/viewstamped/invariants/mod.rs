//! What must hold after every event.

mod acknowledged_kept;
mod committed_agree;
mod committed_survive;
mod one_primary;
mod views_rise;

use murphy_sim::Invariant;

use super::{
    Viewstamped,
    replica::{Status, Store},
};

/// All of them.
pub(super) fn all() -> Vec<Box<dyn Invariant<Viewstamped>>> {
    vec![
        Box::new(views_rise::ViewsRise::default()),
        Box::new(one_primary::OnePrimary::default()),
        Box::new(committed_agree::CommittedAgree::default()),
        Box::new(committed_survive::CommittedSurvive::default()),
        Box::new(acknowledged_kept::AcknowledgedKept::default()),
    ]
}

/// What a replica holds whose status is normal.
fn normal(process: Option<&Viewstamped>) -> Option<&Store> {
    let Viewstamped { store, status } = process?;
    matches!(status, Status::Normal(_)).then_some(store)
}

/// What the primary of a view holds.
fn primary(process: Option<&Viewstamped>) -> Option<&Store> {
    match &process?.status {
        Status::Normal(normal) if normal.is_primary() => Some(&process?.store),
        Status::Normal(_) | Status::Installing | Status::ViewChange(_) | Status::Recovering(_) => {
            None
        }
    }
}
