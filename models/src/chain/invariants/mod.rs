//! What must hold after every event.

mod committed_agree;
mod committed_held;
pub(super) mod epochs_rise;
mod in_process;
mod served_in_order;
pub(super) mod update_propagation;

use murphy_sim::{Invariant, NodeId};

use super::{
    Chain,
    config::{Config, Mode},
    member::Member,
    message::Epoch,
    replica::{Part, Replica},
    store::Store,
};

/// Those of this configuration.
pub(super) fn all(config: &Config) -> Vec<Box<dyn Invariant<Chain>>> {
    let mut all: Vec<Box<dyn Invariant<Chain>>> = vec![
        Box::new(update_propagation::UpdatePropagation),
        Box::new(in_process::InProcess),
        Box::new(committed_agree::CommittedAgree::default()),
        Box::new(committed_held::CommittedHeld::default()),
        Box::new(epochs_rise::EpochsRise::default()),
    ];
    // With CRAQ nodes of an earlier epoch answer reads as long as they have a lease.
    if config.mode == Mode::Chain {
        all.push(Box::new(served_in_order::ServedInOrder::default()));
    }
    all
}

/// What the process holds, if it is a replica.
fn replica(process: Option<&Chain>) -> Option<&Store> {
    match process? {
        Chain::Replica(Replica { store, .. }) => Some(store),
        Chain::Master(_) => None,
    }
}

/// What the process holds and knows as a node of the chain of an epoch that is on its disk.
fn member(process: Option<&Chain>) -> Option<(Epoch, &Store, &Member)> {
    match process? {
        Chain::Replica(Replica {
            store,
            part: Part::Member(member),
        }) if store.is_in_epoch() => Some((store.epoch(), store, member)),
        Chain::Replica(_) | Chain::Master(_) => None,
    }
}

/// The pairs of a node of the chain and its successor in the same epoch, one of them this node.
fn neighbours(
    touched: NodeId,
    processes: &[Option<Chain>],
) -> impl Iterator<Item = [(NodeId, &Store); 2]> {
    let own = member(processes[touched.index()].as_ref());
    let chain = own.map_or(&[][..], |(_, store, _)| store.known.chain.as_slice());
    chain.windows(2).filter_map(move |pair| {
        let (epoch, ..) = own?;
        let [before, after] = pair else { return None };
        let found = |node: NodeId| {
            let (its_epoch, store, _) = member(processes[node.index()].as_ref())?;
            (its_epoch == epoch).then_some((node, store))
        };
        let is_near = *before == touched || *after == touched;
        is_near.then_some([found(*before)?, found(*after)?])
    })
}
