//! What must hold after every event: the five properties of Figure 3, and what leases and disks add.

mod election_safety;
mod leader_append_only;
mod leader_completeness;
mod log_matching;
mod one_lease_holder;
mod state_machine_safety;
mod terms_rise;

use murphy_sim::{Invariant, NodeId};

use super::{Config, Leader, Mode, Part, Raft};

/// Those of this configuration.
pub(super) fn all(config: &Config) -> Vec<Box<dyn Invariant<Raft>>> {
    let mut all: Vec<Box<dyn Invariant<Raft>>> = vec![
        Box::new(election_safety::ElectionSafety::default()),
        Box::new(leader_append_only::LeaderAppendOnly::default()),
        Box::new(log_matching::LogMatching::default()),
        Box::new(leader_completeness::LeaderCompleteness::default()),
        Box::new(state_machine_safety::StateMachineSafety::default()),
        Box::new(terms_rise::TermsRise::default()),
    ];
    if config.mode == Mode::Lease {
        all.push(Box::new(one_lease_holder::OneLeaseHolder::default()));
    }
    all
}

/// The process, if it is up.
fn up(processes: &[Option<Raft>], node: NodeId) -> Option<&Raft> {
    processes[node.index()].as_ref()
}

/// The process and what it knows as a leader, if it is one.
fn leader(processes: &[Option<Raft>], node: NodeId) -> Option<(&Raft, &Leader)> {
    let raft = up(processes, node)?;
    match &raft.part {
        Part::Leader(leader) => Some((raft, leader)),
        _ => None,
    }
}

/// What is remembered of a node, made when it is first seen.
fn of<T: Clone + Default>(seen: &mut Vec<T>, nodes: usize, node: NodeId) -> &mut T {
    seen.resize(nodes.max(seen.len()), T::default());
    &mut seen[node.index()]
}
