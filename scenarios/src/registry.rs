//! Every protocol by name: one line each.

use murphy_models::{
    abd::Abd,
    causal_broadcast::CausalBroadcast,
    chain::Chain,
    change_data_capture::ChangeDataCapture,
    crdt::Replica,
    dynamo::Dynamo,
    event_sourcing::EventSourcing,
    gossip::Gossip,
    last_writer_wins::LastWriterWins,
    log_broker::LogBroker,
    optimistic::OptimisticCommit,
    outbox::Outbox,
    paxos_commit::PaxosCommit,
    percolator::Percolator,
    plumtree::Plumtree,
    primary_backup::PrimaryBackup,
    protocol::{Mode, MutantInfo, Protocol},
    raft::Raft,
    rumour_mongering::RumourMongering,
    saga::Saga,
    sequencer::Sequencer,
    service::Service,
    swim::Swim,
    three_phase_commit::ThreePhaseCommit,
    two_phase_commit::TwoPhaseCommit,
    version_vectors::VersionVectors,
    viewstamped::Viewstamped,
};

use crate::{
    judge::Served,
    language::{HistoryCheck, Scenario, WorkloadKind},
    run::{CannotRun, Runnable, prepare, service_of},
};

/// A protocol that scenarios can name.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// What its clients can ask.
    pub service: Service,
    /// What it promises, in a line.
    pub promise: &'static str,
    /// Its modes, the default first.
    pub modes: &'static [Mode],
    /// The bugs that can be planted in it.
    pub mutants: &'static [MutantInfo],
    /// The roles that its nodes can have.
    pub roles: &'static [&'static str],
    /// Its settings by name.
    pub options: &'static [&'static str],
    /// The kinds of its messages.
    pub messages: &'static [&'static str],
    /// Whether nodes can be added and removed.
    pub membership: bool,
    /// The workloads that its service takes, and the history checks that suit each.
    pub workloads: Vec<(WorkloadKind, &'static [HistoryCheck])>,
    /// The labels that it can reach.
    pub labels: &'static [&'static str],
    /// How many nodes it has when a scenario does not say.
    pub nodes: u32,
    prepare: Prepare,
}

/// Gets a scenario ready, with so many nodes when it does not say.
type Prepare = fn(&Scenario, u32) -> Result<Box<dyn Runnable>, CannotRun>;

/// Every protocol.
pub fn protocols() -> Vec<Entry> {
    vec![
        entry::<PrimaryBackup>(4),
        entry::<Chain>(4),
        entry::<Viewstamped>(3),
        entry::<Abd>(3),
        entry::<TwoPhaseCommit>(3),
        entry::<ThreePhaseCommit>(3),
        entry::<PaxosCommit>(5),
        entry::<OptimisticCommit>(3),
        entry::<Percolator>(4),
        entry::<Outbox>(4),
        entry::<Gossip>(5),
        entry::<RumourMongering>(6),
        entry::<Plumtree>(8),
        entry::<CausalBroadcast>(4),
        entry::<Sequencer>(5),
        entry::<Raft>(5),
        entry::<LastWriterWins>(4),
        entry::<VersionVectors>(4),
        entry::<Dynamo>(5),
        entry::<Replica>(4),
        entry::<LogBroker>(4),
        entry::<Swim>(5),
        entry::<ChangeDataCapture>(4),
        entry::<EventSourcing>(5),
        entry::<Saga>(4),
    ]
}

/// The protocol of that name.
pub fn protocol(name: &str) -> Option<Entry> {
    protocols().into_iter().find(|entry| entry.name == name)
}

impl Entry {
    /// The history checks that suit a workload; none when it is another service's.
    pub fn checks(&self, kind: WorkloadKind) -> &'static [HistoryCheck] {
        let workload = self.workloads.iter().find(|(its, _)| *its == kind);
        workload.map_or(&[], |(_, checks)| checks)
    }

    /// Checks a scenario against the protocol and gets it ready to be run.
    pub fn prepare(&self, scenario: &Scenario) -> Result<Box<dyn Runnable>, CannotRun> {
        (self.prepare)(scenario, self.nodes)
    }
}

fn entry<P>(nodes: u32) -> Entry
where
    P: Protocol,
    P::Request: Served<Answer = P::Response, Held = P::View>,
{
    Entry {
        name: P::NAME,
        service: service_of::<P>(),
        promise: P::PROMISE,
        modes: P::MODES,
        mutants: P::MUTANTS,
        roles: P::ROLES,
        options: P::OPTIONS,
        messages: P::MESSAGES,
        membership: P::MEMBERSHIP,
        workloads: P::Request::WORKLOADS
            .iter()
            .map(|workload| (workload.kind, workload.checks))
            .collect(),
        labels: P::LABELS,
        nodes,
        prepare: prepare::<P>,
    }
}
