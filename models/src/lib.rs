//! Replication, transaction and event protocols as state machines, and the bugs planted in them.
//!
//! A protocol here knows nothing of scenarios, plans of faults, network settings, true time or the
//! state of other nodes. Each file opens with its paper, its promise and what it tolerates.

pub mod abd;
pub mod causal_broadcast;
pub mod chain;
pub mod change_data_capture;
#[cfg(test)]
mod costs_testing;
pub mod crdt;
pub mod dynamo;
pub mod event_sourcing;
#[cfg(test)]
mod events_testing;
#[cfg(test)]
mod faults_testing;
pub mod gossip;
pub mod last_writer_wins;
pub mod log_broker;
pub mod optimistic;
pub mod outbox;
pub mod paxos_commit;
pub mod percolator;
pub mod plumtree;
pub mod primary_backup;
pub mod protocol;
pub mod raft;
pub mod rumour_mongering;
pub mod saga;
pub mod sequencer;
pub mod service;
pub mod shared;
pub mod swim;
pub mod three_phase_commit;
#[cfg(test)]
mod transactions_testing;
pub mod two_phase_commit;
pub mod version_vectors;
pub mod viewstamped;
