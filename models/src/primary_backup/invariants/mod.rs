//! What must hold after every event.

mod committed_agree;
mod committed_held;
pub(super) mod epochs_rise;
pub(super) mod one_primary;
mod served_in_order;

use murphy_sim::Invariant;

use super::{
    PrimaryBackup,
    config::{Config, Mode},
    message::Epoch,
    primary::Primary,
    replica::{Part, Replica, Store},
};

/// Those of this configuration.
pub(super) fn all(config: &Config) -> Vec<Box<dyn Invariant<PrimaryBackup>>> {
    let mut all: Vec<Box<dyn Invariant<PrimaryBackup>>> = vec![
        Box::new(one_primary::OnePrimary::default()),
        Box::new(served_in_order::ServedInOrder::default()),
        Box::new(epochs_rise::EpochsRise::default()),
    ];
    // An asynchronous primary takes back, at a failover, what it has committed alone.
    if config.mode != Mode::Asynchronous {
        all.push(Box::new(committed_agree::CommittedAgree::default()));
        all.push(Box::new(committed_held::CommittedHeld::default()));
    }
    all
}

/// What the process holds, if it is a replica.
fn replica(process: Option<&PrimaryBackup>) -> Option<&Store> {
    match process? {
        PrimaryBackup::Replica(Replica { store, .. }) => Some(store),
        PrimaryBackup::Monitor(_) => None,
    }
}

/// The epoch of which the process takes itself for the primary, and what it knows as such.
fn primary(process: Option<&PrimaryBackup>) -> Option<(Epoch, &Store, &Primary)> {
    match process? {
        PrimaryBackup::Replica(Replica {
            store,
            part: Part::Primary(primary),
        }) => Some((store.epoch, store, primary)),
        PrimaryBackup::Replica(_) | PrimaryBackup::Monitor(_) => None,
    }
}
